/**
 * The packets of one flow of MDP 3.0 by their numbers: gaps, duplicates, late ones, and where numbers begin anew.
 *
 * MsgSeqNum counts packets, one by one, and begins again at 1 every week, in each round of a loop of snapshots or
 * instrument definitions, on each TCP connection, and where a publisher is started again. Nothing announces it, so
 * SendingTime tells: a repeated or late packet was sent no later than the latest one seen, and a packet whose number is
 * behind while it was sent later than any before begins a new numbering (so does number 1 right behind a ChannelReset,
 * where it was sent at the same time). A publisher that sends the last packet of one numbering and the first of the
 * next within one nanosecond is understood one packet late.
 *
 * A number that jumps ahead may be a wrong one. Until the number behind it comes, packets of the numbers that were
 * jumped over go on where the line was, though they were sent later, and the wrong one leaves a gap of one packet.
 * Number 1 begins a new numbering still, and so does the one that the wrong packet should have had, which cannot come
 * later, unless more than `MAX_LOST_START` packets of the new numbering would have been lost.
 *
 * A new numbering begins at 1: where its first packet is within `MAX_RESTART_GAP` of that, those before it are a gap;
 * further in, it was joined in its middle. The numbering before the current one is kept, so that packets which were
 * sent before the restart and arrive behind it are counted where they belong. Past 2^32 − 1 numbers begin anew too.
 */
import type { Flow } from '../core/seams.js';
import { nanosecondsOf, secondsOf } from './mdp3-header.js';
import { Numberings } from './numberings.js';
import { type SequenceReport, SequenceTracker } from './sequence-tracker.js';
import { SessionStream } from './stream.js';

/** The most packets before the first one of a new numbering that are told as missing. */
export const MAX_RESTART_GAP = 65_536;

/** Packets at the start of a new numbering whose loss is likelier than a wrong number in the one before. */
export const MAX_LOST_START = 16;

/** The stream of one flow; the same object for every packet. */
export class Mdp3Stream extends SessionStream {
  readonly session = null;
  /** Messages delivered. */
  delivered = 0;
  /** ChannelReset messages. */
  resets = 0;
  /** How often numbers began anew. */
  restarts = 0;
  /** SendingTime of the packet at hand, in halves. */
  timeHigh = 0;
  timeLow = 0;
  /** What the last `take` that returned true found: the gap, where `gapFrom` is not 0, … */
  gapFrom = 0;
  gapTo = 0;
  /** … and whether the packet began a new numbering. */
  hasRestarted = false;
  /** Whether the packet at hand is of the numbering before the current one. */
  isOfEarlier = false;
  /** The number ahead that the packet at hand has shown to be wrong, by going on before it; 0: none. */
  disowned = 0;
  /** Of a jump ahead that no packet has confirmed: the number that the line goes on with, and that it jumped to. */
  private jumpFrom = 0;
  private jumpTo = 0;
  /** Whether the line did go on there. */
  private isJumpWrong = false;
  /** The latest SendingTime of the current numbering. */
  private latestHigh = 0;
  private latestLow = 0;
  /** The lowest number of the current numbering and when it was sent. */
  private startNumber = 0;
  private startHigh = 0;
  private startLow = 0;
  /** The numbering before. */
  private previous: SequenceTracker | null = null;
  private previousHigh = 0;
  private previousLow = 0;
  /** What the numberings before that one left. */
  private past = new Numberings();
  private isBehindReset = false;
  /** Whether the next packet begins a numbering whatever its number. */
  private isAnew = false;

  constructor(
    index: number,
    flow: Flow | null,
    readonly protocol: 'MDP3' | 'MDP3-TCP',
  ) {
    super(index, flow);
  }

  override get messages(): number {
    return this.delivered;
  }

  override get missing(): number {
    return this.tracker.missing + (this.previous?.missing ?? 0) + this.past.missing;
  }

  get sendingSeconds(): number {
    return secondsOf(this.timeHigh, this.timeLow);
  }

  get sendingNanoseconds(): number {
    return nanosecondsOf(this.timeHigh, this.timeLow);
  }

  /**
   * Counts the packet `number` (1 to 2^32 − 1), whose time stands in `timeHigh` and `timeLow`; true where that found a
   * gap or a new numbering. `isDuplicate` says whether the packet had been seen before. Without `mayBeAnew` a number
   * that is behind is taken for a late or repeated one whenever it was sent, and its time is not gone by.
   */
  take(number: number, mayBeAnew = true): boolean {
    this.isDuplicate = false;
    this.isOfEarlier = false;
    if (number !== this.tracker.next || this.isAnew || (this.previous !== null && this.isBeforeStart()))
      return this.takeOther(number, mayBeAnew);
    this.tracker.extend(1);
    this.isBehindReset = false;
    this.jumpFrom = 0;
    this.disowned = 0;
    this.noteLatest();
    return false;
  }

  /** Says that the packet at hand held a ChannelReset. */
  noteReset(): void {
    this.resets++;
    this.isBehindReset = true;
  }

  /** Says that what comes next is numbered by itself, as on another connection. */
  beginAnew(): void {
    this.isAnew = this.tracker.next > 0;
  }

  override countAnew(): void {
    super.countAnew();
    this.delivered = 0;
    this.resets = 0;
    this.restarts = 0;
    this.previous = null;
    this.past = new Numberings();
    this.isBehindReset = false;
    this.isAnew = false;
    this.jumpFrom = 0;
  }

  /** The gaps of all numberings, with the numbering that they are in where there are several. */
  override sequenceReport(): SequenceReport {
    const { previous, tracker, restarts } = this;
    if (previous === null) return tracker.report();
    const all = this.past.copy();
    all.add(previous.report(), restarts - 1);
    all.add(tracker.report(), restarts);
    return all.report();
  }

  private takeOther(number: number, mayBeAnew: boolean): boolean {
    const { isBehindReset } = this;
    this.gapFrom = 0;
    this.hasRestarted = false;
    this.isBehindReset = false;
    this.disowned = 0;
    if (this.tracker.next === 0) {
      this.begin(number);
      return false;
    }
    const isAnew = this.isAnew || this.isNewNumbering(number, isBehindReset);
    if (isAnew && (mayBeAnew || this.isAnew)) this.restart(number);
    else if (this.previous !== null && this.isOfPrevious(number)) {
      this.isOfEarlier = true;
      this.accept(this.previous, number);
    } else {
      if (number >= this.tracker.next) this.noteJump(number);
      else if (!isAnew) this.noteLine(number);
      this.accept(this.tracker, number);
      if (!isAnew) this.noteTimes(number);
    }
    return this.hasRestarted || this.gapFrom > 0;
  }

  private noteJump(number: number): void {
    if (number === this.tracker.next) this.jumpFrom = 0;
    else if (this.jumpFrom === 0 || !this.isJumpWrong) this.jumpFrom = this.tracker.next;
    this.jumpTo = number;
    this.isJumpWrong = false;
  }

  /** Follows a line that goes on before a jump. */
  private noteLine(number: number): void {
    if (!this.isSentLater() || !this.isOfLine(number)) return;
    if (!this.isJumpWrong) this.disowned = this.jumpTo;
    this.isJumpWrong = true;
    this.jumpFrom = number + 1;
  }

  private accept(tracker: SequenceTracker, number: number): void {
    if (tracker.open(number, 1)) this.noteGap(tracker);
    this.isDuplicate = !tracker.accept(number);
  }

  private noteTimes(number: number): void {
    this.noteLatest();
    if (number < this.startNumber) this.noteStart(number);
  }

  private isNewNumbering(number: number, isBehindReset: boolean): boolean {
    if (number >= this.tracker.next || this.isOfLine(number)) return false;
    const order = compare(this.timeHigh, this.timeLow, this.latestHigh, this.latestLow);
    return order > 0 || (order === 0 && isBehindReset && number === 1);
  }

  /** Whether the number goes on before a jump that may be wrong. */
  private isOfLine(number: number): boolean {
    const { jumpFrom, jumpTo } = this;
    if (jumpFrom === 0 || number === 1 || number < jumpFrom) return false;
    if (this.isJumpWrong) return number <= jumpTo;
    return number < jumpTo && (number > jumpFrom || number - 1 > MAX_LOST_START);
  }

  private isSentLater(): boolean {
    return compare(this.timeHigh, this.timeLow, this.latestHigh, this.latestLow) > 0;
  }

  /** Whether a packet was sent before the current numbering's first one, and so is one of those before it. */
  private isOfPrevious(number: number): boolean {
    if (!this.isBeforeStart()) return false;
    const isCounted = number >= this.startNumber && number !== this.tracker.next;
    return isCounted || compare(this.timeHigh, this.timeLow, this.previousHigh, this.previousLow) <= 0;
  }

  private isBeforeStart(): boolean {
    return compare(this.timeHigh, this.timeLow, this.startHigh, this.startLow) < 0;
  }

  private begin(number: number): void {
    this.tracker.accept(number);
    this.jumpFrom = 0;
    this.latestHigh = this.timeHigh;
    this.latestLow = this.timeLow;
    this.noteStart(number);
  }

  private restart(number: number): void {
    const { previous, tracker } = this;
    if (previous !== null) this.past.add(previous.report(), this.restarts - 1);
    this.previous = tracker;
    this.previousHigh = this.latestHigh;
    this.previousLow = this.latestLow;
    this.tracker = new SequenceTracker();
    this.isAnew = false;
    this.restarts++;
    this.hasRestarted = true;
    if (number - 1 <= MAX_RESTART_GAP) {
      this.tracker.expect(1);
      if (this.tracker.open(number, 1)) this.noteGap(this.tracker);
    }
    this.begin(number);
  }

  private noteGap(tracker: SequenceTracker): void {
    this.gapFrom = tracker.gapFrom;
    this.gapTo = tracker.gapTo;
  }

  private noteLatest(): void {
    const { timeHigh, timeLow } = this;
    if (compare(timeHigh, timeLow, this.latestHigh, this.latestLow) <= 0) return;
    this.latestHigh = timeHigh;
    this.latestLow = timeLow;
  }

  private noteStart(number: number): void {
    this.startNumber = number;
    this.startHigh = this.timeHigh;
    this.startLow = this.timeLow;
  }
}

/** Above 0 where the first time is later, below where it is earlier. */
function compare(high: number, low: number, otherHigh: number, otherLow: number): number {
  return high === otherHigh ? low - otherLow : high - otherHigh;
}
