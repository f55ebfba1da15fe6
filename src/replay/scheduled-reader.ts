/**
 * What a run sends, in order, with the time that each datagram is due: the source through gate, timeline and schedule,
 * loop after loop.
 *
 * Pulled like any reader: `next()` answers from the bytes at hand. What changes datagrams on their way (faults) has the
 * same shape and stands in front of it.
 */
import { UsageError } from '../core/errors.js';
import type { CapturedFrame, DatagramReader, Flow } from '../core/seams.js';
import type { Stamp } from '../core/seek-index.js';
import type { Schedule } from './schedule.js';
import type { Placement } from './timeline.js';

/** Layer-2 bytes in front of a UDP payload: Ethernet 14, IPv4 20, UDP 8. The frame check sequence is not counted. */
export const headerBytes = 42;

/** Where datagrams come from; `reader` may be another after `restart`. */
export interface ReplaySource {
  readonly reader: DatagramReader;
  /** How far into the file the datagram at hand is, in bytes as stored. */
  readonly position: number;
  /** True while something waits for the event loop to turn, so that a loop to come is at hand in time. */
  readonly wantsTurn?: boolean;
  /** Brings the reader more bytes. */
  fill(): Promise<void>;
  /** Goes back to the first byte; rejects where the input cannot be read twice. */
  restart(): Promise<void>;
  /**
   * Goes to the first datagram, in the order of the source, that is stamped at `target` or later, and answers whether
   * there is one: it is at hand then. `learner` where it is to be shown everything before; `isStopped` ends it early.
   * Rejects, and stays where it is, where the source cannot go there.
   */
  seek?(target: Stamp, learner: Learner | null, isStopped: () => boolean): Promise<boolean>;
}

/** Learns from the datagrams that a seek passes over. */
export interface Learner {
  /** They are read from the first one on: what was learned is to be forgotten. */
  forget(): void;
  datagram(reader: DatagramReader): void;
}

/** Says which datagrams take part, and how many messages each holds. */
export interface DatagramGate {
  /** `before` and `no` skip the datagram, `after` ends this pass over the source. */
  admit(reader: DatagramReader): 'yes' | 'no' | 'before' | 'after';
  messagesIn(reader: DatagramReader): number;
  /** Forgets what it learned from the datagrams of the loop before, so that every loop is the same. */
  startLoop?(): void;
  /** Whether verdicts depend on datagrams before, so that those a seek passes over are to be shown (`passOver`). */
  readonly learns?: boolean;
  passOver?(reader: DatagramReader): void;
}

/** Gives the bytes to send in a loop: the reader's own, or a rewritten copy. */
export interface LoopRewriter {
  startLoop(loop: number): void;
  /** Leaves `view`, `offset` and `length` of the datagram to send on itself. */
  rewrite(view: DataView, offset: number, length: number, flow: Flow): void;
  readonly view: DataView;
  readonly offset: number;
  readonly length: number;
}

/** What a source of scheduled datagrams wants once `next()` was false: bytes, another loop, or nothing more. */
export type Pause = 'fill' | 'restart' | 'end';

/** A datagram that a schedule says the time of. */
export interface ScheduledPacket {
  /** The bytes to send; borrowed until the next one. */
  readonly view: DataView;
  readonly offset: number;
  readonly length: number;
  readonly flow: Flow;
  /** The packet that the datagram was captured in; null or absent where it is in none. */
  readonly frame?: CapturedFrame | null;
  /** Messages in it. */
  readonly messages: number;
  /** Its place on the timeline, ns since the run's first datagram. */
  readonly captureNs: number;
  /** When it is due, ns since the run's origin; never before the one ahead of it. */
  readonly dueNs: number;
  /** Capture stamp less the exchange's own, ns; NaN where it has none. */
  readonly feedLatencyNs: number;
}

/** A pull cursor over datagrams and when they are due, in that order. */
export interface ScheduledSource extends ScheduledPacket {
  /** The loop that is played, from 1. */
  readonly loop: number;
  /** Datagrams that the gate left out. */
  readonly skipped: number;
  /** What is wanted after `next()` was false. */
  readonly pause: Pause;
  /** True where the next `next()` may take its time, since all was read; absent where that cannot be told. */
  readonly isAtEnd?: boolean;
  next(): boolean;
  /** Goes back to the first datagram, in the next loop. Rejects where the source does. */
  restart(): Promise<void>;
  /**
   * Goes to the first datagram stamped at `target` or later, which is then the next one and due as the schedule says
   * of a first one; of none, this pass is over. Rejects where the source does; absent where what was made of the
   * datagrams cannot be begun anew.
   */
  seek?(target: Stamp, isStopped: () => boolean): Promise<void>;
}

export interface ScheduledReaderOptions {
  source: ReplaySource;
  gate: DatagramGate;
  schedule: Schedule;
  timeline: Placement;
  rewriter?: LoopRewriter | undefined;
  /** Bytes on layer 2 of the datagram at hand; where absent, its payload and `headerBytes`. */
  wireBytesOf?: ((reader: DatagramReader) => number) | undefined;
  /** How often the source is played; 0 = until stopped. */
  loops: number;
  /** Feed latency of the datagram at hand in ns, or NaN where it has none. */
  feedLatencyOf?: ((reader: DatagramReader) => number) | undefined;
  /** Called once, with the first datagram that takes part at hand. */
  onFirst(): void;
}

export class ScheduledReader implements ScheduledSource {
  view: DataView;
  offset = 0;
  length = 0;
  flow: Flow;
  messages = 0;
  /** Times begin as NaN, so that they are doubles to the compiler from the first on, not once they pass 2^31 ns. */
  captureNs = Number.NaN;
  /** On layer 2. */
  bits = 0;
  dueNs = Number.NaN;
  feedLatencyNs = Number.NaN;
  loop = 1;
  skipped = 0;
  pause: Pause = 'fill';
  private readonly o: ScheduledReaderOptions;
  /** The first loop begins with the first look at it: a gate may have been used by others until then. */
  private isStarted = false;
  private hasBegun = false;
  /** Whether the source's datagram at hand is yet to be taken: a seek has found it. */
  private isFound = false;
  /** Datagrams of this loop. */
  private played = 0;

  constructor(options: ScheduledReaderOptions) {
    this.o = options;
    this.view = options.source.reader.view;
    this.flow = options.source.reader.flow;
  }

  /** Asked for where whole frames are sent alone: what holds packets up would copy them for nothing. */
  get frame(): CapturedFrame | null {
    const { wireBytesOf, source } = this.o;
    return wireBytesOf === undefined ? null : (source.reader.frame ?? null);
  }

  get isAtEnd(): boolean {
    return this.o.source.reader.isAtEnd === true;
  }

  next(): boolean {
    const { source, gate } = this.o;
    const { reader } = source;
    if (!this.isStarted) this.startLoop();
    for (;;) {
      if (this.isFound) this.isFound = false;
      else if (!reader.next()) {
        this.pause = reader.done ? this.afterPass() : 'fill';
        return false;
      }
      const verdict = gate.admit(reader);
      if (verdict === 'yes') break;
      if (verdict === 'after') {
        this.pause = this.afterPass();
        return false;
      }
      this.skipped++;
    }
    this.take(reader);
    return true;
  }

  async restart(): Promise<void> {
    await this.o.source.restart();
    this.o.timeline.startLoop();
    this.loop++;
    this.startLoop();
  }

  async seek(target: Stamp, isStopped: () => boolean): Promise<void> {
    const { source, gate, rewriter, timeline } = this.o;
    if (source.seek === undefined) throw new UsageError('seek', 'this source has no times to go to');
    if (!this.isStarted) this.startLoop();
    const isTaught = rewriter !== undefined && this.loop === 1;
    const learner: Learner = {
      forget: () => gate.startLoop?.(),
      datagram: (reader) => {
        gate.passOver?.(reader);
        if (isTaught) rewriter.rewrite(reader.view, reader.offset, reader.length, reader.flow);
      },
    };
    this.isFound = await source.seek(target, gate.learns === true || isTaught ? learner : null, isStopped);
    timeline.startLoop();
  }

  private take(reader: DatagramReader): void {
    const { gate, timeline, schedule, rewriter, wireBytesOf, feedLatencyOf } = this.o;
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.o.onFirst();
    }
    this.played++;
    this.flow = reader.flow;
    this.messages = gate.messagesIn(reader);
    this.captureNs = timeline.place(reader.seconds, reader.nanoseconds);
    this.bits = (wireBytesOf === undefined ? reader.length + headerBytes : wireBytesOf(reader)) * 8;
    this.dueNs = schedule.next(this.captureNs, this.messages, this.bits);
    if (feedLatencyOf !== undefined) this.feedLatencyNs = feedLatencyOf(reader);
    if (rewriter === undefined) {
      this.view = reader.view;
      this.offset = reader.offset;
      this.length = reader.length;
      return;
    }
    rewriter.rewrite(reader.view, reader.offset, reader.length, reader.flow);
    this.view = rewriter.view;
    this.offset = rewriter.offset;
    this.length = rewriter.length;
  }

  /** A pass that played nothing is not repeated for ever. */
  private afterPass(): Pause {
    return this.loop === this.o.loops || this.played === 0 ? 'end' : 'restart';
  }

  private startLoop(): void {
    this.isStarted = true;
    this.played = 0;
    this.o.rewriter?.startLoop(this.loop);
    this.o.gate.startLoop?.();
  }
}
