/**
 * Sums and maxima over time in a bounded number of equal bins, which grow wider as the time covered does.
 *
 * Widths are 1 or 2 times a power of ten of the first, so that they read well. Bins lie at multiples of their width, in
 * a ring by that multiple: stamps may go back as well as forth without anything being moved.
 */

/** What `TimeBins` keeps in each bin. */
export interface TimeBinsOptions {
  /** Columns that add up. */
  sums: number;
  /** Columns of which the highest value stays; -Infinity where there was none. */
  maxima: number;
  /** The width to begin with, a power of ten. */
  widthNs: number;
  /** Bins at most, a power of two below 2^31. */
  capacity: number;
}

/** Bins of one capture or run: ask for the slot of a time, then write into the columns there. */
export class TimeBins {
  /** Indexed by slot. */
  readonly sums: readonly Float64Array[];
  /** Indexed by slot. */
  readonly maxima: readonly Float64Array[];
  widthNs: number;
  private readonly scratch: Float64Array;
  private readonly mask: number;
  /** Bins between are in use; `last` below `first`: none. */
  private first = 0;
  private last = -1;
  private nextFactor = 2;

  constructor({ sums, maxima, widthNs, capacity }: TimeBinsOptions) {
    this.sums = Array.from({ length: sums }, () => new Float64Array(capacity));
    this.maxima = Array.from({ length: maxima }, () => new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY));
    this.scratch = new Float64Array(capacity);
    this.mask = capacity - 1;
    this.widthNs = widthNs;
  }

  /** Bins from the first in use to the last. */
  get count(): number {
    return this.last - this.first + 1;
  }

  /** Where the first bin begins, ns. */
  get fromNs(): number {
    return this.first * this.widthNs;
  }

  /** The slot of a time's bin, valid until the next call; makes bins wider where there are not enough. */
  slotOf(timeNs: number): number {
    const index = Math.floor(timeNs / this.widthNs);
    if (index >= this.first && index <= this.last) return index & this.mask;
    return this.reach(timeNs) & this.mask;
  }

  /** A column of `sums` or `maxima` in the order of time. */
  ordered(column: Float64Array): number[] {
    return Array.from({ length: this.count }, (_, i) => column[(this.first + i) & this.mask]);
  }

  /** Makes bins twice or five times as wide. */
  coarsen(): void {
    const factor = this.nextFactor;
    for (const column of this.sums) this.fold(column, factor, 0, (a, b) => a + b);
    for (const column of this.maxima) this.fold(column, factor, Number.NEGATIVE_INFINITY, Math.max);
    this.widthNs *= factor;
    this.nextFactor = factor === 2 ? 5 : 2;
    if (this.count === 0) return;
    this.first = Math.floor(this.first / factor);
    this.last = Math.floor(this.last / factor);
  }

  private reach(timeNs: number): number {
    for (;;) {
      const index = Math.floor(timeNs / this.widthNs);
      const isEmpty = this.count === 0;
      const first = isEmpty ? index : Math.min(this.first, index);
      const last = isEmpty ? index : Math.max(this.last, index);
      if (last - first <= this.mask) {
        this.first = first;
        this.last = last;
        return index;
      }
      this.coarsen();
    }
  }

  private fold(column: Float64Array, factor: number, empty: number, join: (a: number, b: number) => number): void {
    const { scratch, mask } = this;
    scratch.fill(empty);
    for (let index = this.first; index <= this.last; index++) {
      const slot = Math.floor(index / factor) & mask;
      scratch[slot] = join(scratch[slot], column[index & mask]);
    }
    column.set(scratch);
  }
}
