/**
 * Which sequence numbers of one stream have been seen: gaps, duplicates and late arrivals.
 *
 * The known range runs from the lowest number met (joining a stream in the middle is no gap) up to `next`, which
 * messages and heartbeats both push. Gaps are the numbers in that range that no message has had: a sorted list of
 * disjoint intervals, which late arrivals fill from either end or split. A number below the range lowers it.
 *
 * The list is bounded by `MAX_GAPS`. A gap that finds it full is only counted (`gapsDropped`, `missing`); a message
 * that arrives late for such a gap cannot be told from a repeated one and counts as a duplicate.
 */

/** The most gaps of one stream that are remembered one by one. */
export const MAX_GAPS = 65_536;

/** Messages `from` to `to`, both included, that were not seen. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Of a stream whose numbers began anew: which numbering they are of, from 0. */
  readonly numbering?: number;
}

/** What a tracker has seen; `first` and `last` are 0 where no numbered message arrived. */
export interface SequenceReport {
  readonly first: number;
  readonly last: number;
  /** Numbered messages delivered, repeated ones included. */
  readonly messages: number;
  readonly gaps: Gap[];
  /** Gaps that were met when the list was full; not in `gaps`. */
  readonly gapsDropped: number;
  /** Messages missing in all gaps, those dropped from the list included. */
  readonly missing: number;
  /** Messages whose number had been seen before. */
  readonly duplicates: number;
  /** Messages that arrived for the first time after a higher number was known. */
  readonly outOfOrder: number;
}

/** Tracks one stream; numbers are integers from 1 to 2^53 − 1. */
export class SequenceTracker {
  /** The number expected after everything known so far; 0 before anything is known. */
  next = 0;
  /** Lowest number that a message had; 0 before the first. */
  first = 0;
  /** Highest number that a message had; 0 before the first. */
  last = 0;
  messages = 0;
  duplicates = 0;
  outOfOrder = 0;
  missing = 0;
  gapsDropped = 0;
  /** The gap that `open` or `expect` has just found: valid where they returned true. */
  gapFrom = 0;
  gapTo = 0;
  /** Start of the known range; 0 before anything is known. */
  floor = 0;
  /** Interval i is from[i] to to[i], both included; sorted, a number apart. */
  private from = new Float64Array(16);
  private to = new Float64Array(16);
  private count = 0;
  private readonly maxGaps: number;

  constructor(maxGaps: number = MAX_GAPS) {
    this.maxGaps = maxGaps;
  }

  /** Counts `count` messages from `next` on: the in-order path, a compare at the caller's and an add here. */
  extend(count: number): void {
    if (count === 0) return;
    if (this.first === 0) this.first = this.next;
    this.next += count;
    this.last = this.next - 1;
    this.messages += count;
  }

  /**
   * Says that messages `from` to `from + count − 1` are here, before each is handed to `accept`. Returns true where
   * that reveals a gap: above the known range, or below it where the range is lowered.
   */
  open(from: number, count: number): boolean {
    if (this.next === 0 || from >= this.next) return this.expect(from);
    if (from >= this.floor || count === 0) return false;
    const gapFrom = from + count;
    const gapTo = this.floor - 1;
    this.insert(0, from, gapTo);
    this.floor = from;
    this.gapFrom = gapFrom;
    this.gapTo = gapTo;
    return gapFrom <= gapTo;
  }

  /**
   * Says that `sequence` is the next number to come, as heartbeats do. Returns true where that reveals a gap; a number
   * below `next` is stale and ignored.
   */
  expect(sequence: number): boolean {
    if (this.next === 0) {
      this.floor = sequence;
      this.next = sequence;
      return false;
    }
    if (sequence <= this.next) return false;
    this.gapFrom = this.next;
    this.gapTo = sequence - 1;
    this.insert(this.count, this.gapFrom, this.gapTo);
    this.next = sequence;
    return true;
  }

  /** Counts the message `sequence`; false where its number had been seen before. */
  accept(sequence: number): boolean {
    if (sequence >= this.next || sequence < this.floor) this.open(sequence, 1);
    this.messages++;
    if (sequence === this.next) this.next++;
    else if (this.fill(sequence)) this.outOfOrder++;
    else {
      this.duplicates++;
      return false;
    }
    if (this.first === 0 || sequence < this.first) this.first = sequence;
    if (sequence > this.last) this.last = sequence;
    return true;
  }

  /** Copies the state out; the list of gaps is in ascending order. */
  report(): SequenceReport {
    return this.reportWithin(this.floor, this.next);
  }

  /**
   * The same of the numbers `start` to `next − 1`, which hold the known range: where other lines have shown more, what
   * lies before and behind it is missing too.
   */
  reportWithin(start: number, next: number): SequenceReport {
    const gaps: Gap[] = [];
    const add = (from: number, to: number): void => {
      const before = gaps.at(-1);
      if (before !== undefined && before.to === from - 1) {
        gaps[gaps.length - 1] = { from: before.from, to, count: to - before.from + 1 };
      } else if (from <= to) gaps.push({ from, to, count: to - from + 1 });
    };
    const { floor, first, last, messages, gapsDropped, duplicates, outOfOrder } = this;
    const isEmpty = this.next === 0;
    if (isEmpty) add(start, next - 1);
    else add(start, floor - 1);
    for (let index = 0; index < this.count; index++) add(this.from[index] as number, this.to[index] as number);
    if (!isEmpty) add(this.next, next - 1);
    const missing = this.missing + (isEmpty ? next - start : floor - start + next - this.next);
    return { first, last, messages, gaps, gapsDropped, missing, duplicates, outOfOrder };
  }

  /** Takes `sequence` out of the gap that holds it; false where none does. */
  private fill(sequence: number): boolean {
    const index = this.find(sequence);
    if (index === this.count || (this.from[index] as number) > sequence) return false;
    const from = this.from[index] as number;
    const to = this.to[index] as number;
    this.missing--;
    if (from === to) this.remove(index);
    else if (sequence === from) this.from[index] = from + 1;
    else if (sequence === to) this.to[index] = to - 1;
    else {
      this.to[index] = sequence - 1;
      this.missing -= to - sequence;
      this.insert(index + 1, sequence + 1, to);
    }
    return true;
  }

  /** Index of the first gap that does not end before `sequence`. */
  private find(sequence: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.to[middle] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private insert(index: number, from: number, to: number): void {
    this.missing += to - from + 1;
    // Heartbeats alone reveal gaps with nothing seen between them: those are one.
    if (index > 0 && this.to[index - 1] === from - 1) {
      this.to[index - 1] = to;
      return;
    }
    if (index < this.count && this.from[index] === to + 1) {
      this.from[index] = from;
      return;
    }
    if (this.count >= this.maxGaps) {
      this.gapsDropped++;
      return;
    }
    if (this.count === this.from.length) this.grow();
    this.from.copyWithin(index + 1, index, this.count);
    this.to.copyWithin(index + 1, index, this.count);
    this.from[index] = from;
    this.to[index] = to;
    this.count++;
  }

  private remove(index: number): void {
    this.from.copyWithin(index, index + 1, this.count);
    this.to.copyWithin(index, index + 1, this.count);
    this.count--;
  }

  private grow(): void {
    const from = new Float64Array(this.count * 2);
    const to = new Float64Array(this.count * 2);
    from.set(this.from);
    to.set(this.to);
    this.from = from;
    this.to = to;
  }
}
