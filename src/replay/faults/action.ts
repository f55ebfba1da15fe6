/** What was done to one packet on one line, one fault at a time, and what all of it together makes of the packet. */
import type { Flow } from '../../core/seams.js';
import type { FaultKind } from './fault.js';
import type { PacketAtHand } from './packet.js';

/** Beside the kinds that can be asked for: no room was left to hold the packet, so it was lost. */
export type ActionKind = FaultKind | 'overflow';

/** One thing done; what its kind does not have is as in `noAction`. */
export interface FaultAction {
  readonly kind: ActionKind;
  /** The fault's place in the plan, from 0; -1 of an overflow. */
  readonly fault: number;
  /** `loss`, the tail drop of `rate`, and `overflow`. */
  readonly isLost: boolean;
  /** `rate`, `delay`, `jitter`, and `reorder` by time. */
  readonly delayNs: number;
  /** `reorder`: packets that go first; 0 by time. */
  readonly behind: number;
  /** `truncate`: the new length; -1 else. */
  readonly length: number;
  /** `corrupt`: places of the bits that were turned, from the first byte's highest. */
  readonly bits: readonly number[];
  /** `corrupt`: the checksum stays that of the bytes before. */
  readonly isStale: boolean;
  /** `dup`: how much later than the packet each copy comes. */
  readonly copiesNs: readonly number[];
  /** `overflow`: which copy, from 1; 0 is the packet itself. */
  readonly copy: number;
}

export const noAction: FaultAction = {
  kind: 'loss',
  fault: -1,
  isLost: false,
  delayNs: 0,
  behind: 0,
  length: -1,
  bits: [],
  isStale: false,
  copiesNs: [],
  copy: 0,
};

/** What a decision is made from. */
export interface PacketOnLine {
  readonly packet: PacketAtHand;
  /** The line's letter. */
  readonly line: string;
  /** The flow that it goes on: the packet's, or that of a line that is made. */
  readonly flow: Flow;
}

/** Decides what befalls each packet on each of its lines, in their order. */
export interface FaultDecider {
  /** The actions in their order; valid until the next call. Throws UsageError where they were decided for others. */
  decide(at: PacketOnLine): readonly FaultAction[];
  /** Whether nothing is known of this packet and those behind it, since a log of a run that was cut short ended. */
  isPast?(packet: PacketAtHand): boolean;
  /** Told that no packet will come, or that the run ended before the source did; throws as `decide`. */
  finish?(isComplete: boolean): void;
}

/** All that befalls one packet, put together. */
export class Fate {
  isLost = false;
  /** There was no room for the packet when the log was written; its copies may have had some. */
  isOverflowed = false;
  delayNs = 0;
  behind = 0;
  length = 0;
  isCorrupt = false;
  isStale = false;
  readonly bits: number[] = [];
  readonly copiesNs: number[] = [];
  /** Copies that had no room when the log was written, from 1. */
  readonly lostCopies: number[] = [];

  begin(length: number): void {
    this.isLost = false;
    this.isOverflowed = false;
    this.delayNs = 0;
    this.behind = 0;
    this.length = length;
    this.isCorrupt = false;
    this.isStale = false;
    // Setting a length costs a call into the engine: 5 % of a run's time here, where nearly every list is empty.
    if (this.bits.length > 0) this.bits.length = 0;
    if (this.copiesNs.length > 0) this.copiesNs.length = 0;
    if (this.lostCopies.length > 0) this.lostCopies.length = 0;
  }

  add(action: FaultAction): void {
    if (action.kind === 'overflow') {
      if (action.copy > 0) this.lostCopies.push(action.copy);
      else this.isOverflowed = true;
    } else if (action.isLost) this.isLost = true;
    this.delayNs += action.delayNs;
    if (action.behind > 0) this.behind = action.behind;
    if (action.length >= 0) this.length = Math.min(this.length, action.length);
    if (action.kind === 'corrupt') {
      this.isCorrupt = true;
      if (action.isStale) this.isStale = true;
      this.bits.push(...action.bits);
    }
    if (action.kind === 'dup') this.copiesNs.push(...action.copiesNs);
  }
}
