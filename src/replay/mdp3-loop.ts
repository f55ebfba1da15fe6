/**
 * How the packets of MDP 3.0 go on from loop to loop: SendingTime, and MsgSeqNum.
 *
 * Times move by the span from the earliest to the latest SendingTime of loop 1, on all flows alike. Numbers move by the
 * span of their flow's numbers. A flow whose numbers begin anew within a loop, as those of snapshots do, keeps them:
 * the next loop is then one more round. Packets without a number, or with one that would pass 2^32 − 1, keep what they
 * have.
 */
import type { Flow } from '../core/seams.js';
import {
  patchMsgSeqNum,
  patchSendingTime,
  readMsgSeqNum,
  readTimeHigh,
  readTimeLow,
  SENDING_TIME_OFFSET,
} from '../session/mdp3-header.js';
import { isSendingTime } from '../session/mdp3-recognise.js';

const TWO_TO_32 = 0x1_0000_0000;

/** The numbers of one flow in loop 1. */
interface NumberSpan {
  first: number;
  /** The number after the highest. */
  next: number;
  /** The latest time in halves. */
  high: number;
  low: number;
  beginsAnew: boolean;
}

/** Learns from the packets of loop 1, and moves those of later ones; packets are to have a whole header. */
export class Mdp3Loops {
  /** By the flow's index. */
  private readonly spans: (NumberSpan | undefined)[] = [];
  private loop = 1;
  private earliestHigh = Number.POSITIVE_INFINITY;
  private earliestLow = 0;
  private latestHigh = 0;
  private latestLow = 0;
  /** What this loop adds to times, in halves. */
  private shiftHigh = 0;
  private shiftLow = 0;

  startLoop(loop: number): void {
    if (this.latestHigh > 0) for (; this.loop < loop; this.loop++) this.addSpan();
    this.loop = loop;
  }

  learn(view: DataView, offset: number, flow: Flow): void {
    const time = offset + SENDING_TIME_OFFSET;
    if (!isSendingTime(view, time)) return;
    const high = readTimeHigh(view, time);
    const low = readTimeLow(view, time);
    if (high < this.earliestHigh || (high === this.earliestHigh && low < this.earliestLow)) {
      this.earliestHigh = high;
      this.earliestLow = low;
    }
    if (isLater(high, low, this.latestHigh, this.latestLow)) {
      this.latestHigh = high;
      this.latestLow = low;
    }
    const number = readMsgSeqNum(view, offset);
    if (number > 0) this.learnNumber(number, high, low, flow);
  }

  /** Moves the SendingTime of the packet at `offset`. */
  moveTime(view: DataView, offset: number): void {
    const time = offset + SENDING_TIME_OFFSET;
    const low = readTimeLow(view, time) + this.shiftLow;
    const high = readTimeHigh(view, time) + this.shiftHigh + (low >= TWO_TO_32 ? 1 : 0);
    patchSendingTime(view, time, high % TWO_TO_32, low % TWO_TO_32);
  }

  /** Moves the number of the packet at `offset`. */
  moveNumber(view: DataView, offset: number, flow: Flow): void {
    const span = this.spans[flow.index];
    const number = readMsgSeqNum(view, offset);
    if (number === 0 || span === undefined || span.beginsAnew) return;
    const moved = number + (this.loop - 1) * (span.next - span.first);
    if (moved < TWO_TO_32) patchMsgSeqNum(view, offset, moved);
  }

  private learnNumber(number: number, high: number, low: number, flow: Flow): void {
    const span = this.spans[flow.index];
    if (span === undefined) {
      this.spans[flow.index] = { first: number, next: number + 1, high, low, beginsAnew: false };
      return;
    }
    const wasSentLater = isLater(high, low, span.high, span.low);
    if (number < span.next && wasSentLater) span.beginsAnew = true;
    if (number < span.first) span.first = number;
    if (number >= span.next) span.next = number + 1;
    if (!wasSentLater) return;
    span.high = high;
    span.low = low;
  }

  /** Adds the span of times to the shift: so many nanoseconds that the next loop begins one behind the last. */
  private addSpan(): void {
    const low = this.latestLow - this.earliestLow + 1 + this.shiftLow;
    const carry = Math.floor(low / TWO_TO_32);
    this.shiftHigh += this.latestHigh - this.earliestHigh + carry;
    this.shiftLow = low - carry * TWO_TO_32;
  }
}

function isLater(high: number, low: number, otherHigh: number, otherLow: number): boolean {
  return high > otherHigh || (high === otherHigh && low > otherLow);
}
