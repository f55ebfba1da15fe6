/** What a fault is: what is done, to which packets, on which lines, and when; plain data that can be posted. */
import type { Rational } from '../../core/rational.js';

/** Kinds in the order in which they befall a packet: a capped link first, then the path behind it. */
export const faultKinds = ['rate', 'loss', 'truncate', 'corrupt', 'dup', 'delay', 'jitter', 'reorder'] as const;

export type FaultKind = (typeof faultKinds)[number];

/** The longest delay, ns: an hour. What is drawn above counts as this. */
export const maxDelayNs = 3_600_000_000_000;

/** Whole numbers or nanoseconds, both ends included. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

/** A distribution of delays, in nanoseconds. */
export type Delay =
  | { readonly kind: 'span'; readonly span: Span }
  /** What would be below 0 is 0. */
  | { readonly kind: 'normal'; readonly meanNs: number; readonly deviationNs: number }
  /** Type I: at least `leastNs`, beyond x with probability (leastNs / x) ^ shape. */
  | { readonly kind: 'pareto'; readonly leastNs: number; readonly shape: number }
  /** `table` is there once the file was read. */
  | { readonly kind: 'histogram'; readonly path: string; readonly table: DelayTable | null };

/** A distribution as points: `valuesNs[i]` is not exceeded with probability `upTo[i]`, both ascending. */
export interface DelayTable {
  readonly valuesNs: readonly number[];
  readonly upTo: readonly number[];
  /** Between two points every value is as likely; otherwise only the points themselves are drawn. */
  readonly isContinuous: boolean;
}

/** What is done. Everything but `rate` is done to chosen packets. */
export type FaultEffect =
  /** Bits of layer 2, or packets, a second; what has no room in the queue is lost (tail drop). */
  | {
      readonly kind: 'rate';
      readonly unit: 'bits' | 'packets';
      readonly perSecond: Rational;
      readonly queuePackets: number;
      /** Of layer 2. */
      readonly queueBytes: number;
    }
  | { readonly kind: 'loss' }
  /** To a length, by a number of bytes, or anywhere (`null`). */
  | { readonly kind: 'truncate'; readonly to: Span | null; readonly by: number }
  /** `stale`: the UDP checksum stays that of the bytes before; only where frames are written. */
  | { readonly kind: 'corrupt'; readonly bits: number; readonly checksum: 'fixed' | 'stale' }
  | { readonly kind: 'dup'; readonly copies: number; readonly delay: Delay }
  | { readonly kind: 'delay'; readonly delay: Delay }
  /** A delay that keeps the order of a line's packets. */
  | { readonly kind: 'jitter'; readonly delay: Delay }
  /** Sent behind so many later packets of the line, or delayed while those go on. */
  | { readonly kind: 'reorder'; readonly behind: Span | null; readonly delay: Delay | null };

/** Numbers `from` to `to`, both included; `to` may be Infinity. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** Which packets of a line are chosen. */
export type Which =
  | { readonly kind: 'all' }
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'every'; readonly every: number }
  /** Packets that carry a message with such a number; of MDP 3.0 packets of such a number. */
  | { readonly kind: 'seq'; readonly ranges: readonly NumberRange[] }
  /** By their place on the line, from 1. */
  | { readonly kind: 'packets'; readonly ranges: readonly NumberRange[] }
  /**
   * Gilbert's and Elliott's chain: from good to bad with probability `toBad` and back with `toGood`, one step a packet;
   * a packet is chosen with probability `inBad` or `inGood`.
   */
  | {
      readonly kind: 'chain';
      readonly toBad: number;
      readonly toGood: number;
      readonly inBad: number;
      readonly inGood: number;
    };

/** Which lines, or which packets of them, a fault befalls. */
export type FaultScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'destination'; readonly address: string | null; readonly port: number | null }
  /** A connection or a channel of a channel configuration, such as `310IA` or `310`. */
  | { readonly kind: 'feed'; readonly name: string };

export interface Fault {
  /** As written, blanks evened out: `A: loss 0.1%`. */
  readonly text: string;
  readonly scope: FaultScope;
  readonly effect: FaultEffect;
  readonly which: Which;
  /** Capture time since the run's first packet, ns: the first instant, … */
  readonly fromNs: number;
  /** … and the first one after. */
  readonly untilNs: number;
}

/** Everything that a run is told about faults. */
export interface FaultPlan {
  readonly faults: readonly Fault[];
  readonly seed: number | string;
}

/** Whether packets would wait, which only a schedule gives a meaning. */
export function needsSchedule({ effect }: Fault): boolean {
  if (effect.kind === 'reorder') return effect.delay !== null;
  if (effect.kind === 'dup') return !(effect.delay.kind === 'span' && effect.delay.span.most === 0);
  return effect.kind === 'rate' || effect.kind === 'delay' || effect.kind === 'jitter';
}
