/** What is to happen at a time of the day: a heap of timed actions, first planned first where times are equal. */

/** Actions that may be pending at once; far above what a session plans. */
const maxPending = 1 << 16;

/** Runs at its time; returns when to run again, or undefined when it is done. */
export type Action = (atNs: number) => number | undefined;

interface Entry {
  atNs: number;
  order: number;
  readonly run: Action;
}

export class Agenda {
  private readonly heap: Entry[] = [];
  private planned = 0;

  /** Time of the next action; infinity where there is none. */
  get nextNs(): number {
    return this.heap.length === 0 ? Number.POSITIVE_INFINITY : this.heap[0].atNs;
  }

  plan(atNs: number, run: Action): void {
    if (this.heap.length >= maxPending) throw new RangeError(`more than ${maxPending} actions are pending`);
    this.heap.push({ atNs: Math.floor(atNs), order: this.planned++, run });
    this.rise(this.heap.length - 1);
  }

  /** Runs the next action. */
  runNext(): void {
    const entry = this.heap[0];
    const againNs = entry.run(entry.atNs);
    if (againNs === undefined) {
      this.remove(entry);
      return;
    }
    entry.atNs = Math.floor(againNs);
    entry.order = this.planned++;
    this.sink(this.heap.indexOf(entry));
  }

  /** What the action planned while it ran can only have come behind it or, at an earlier time, above it. */
  private remove(entry: Entry): void {
    const index = this.heap.indexOf(entry);
    const last = this.heap.pop() as Entry;
    if (last === entry) return;
    this.heap[index] = last;
    this.sink(index);
    this.rise(index);
  }

  private rise(from: number): void {
    const { heap } = this;
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      [heap[index], heap[parent]] = [heap[parent], heap[index]];
      index = parent;
    }
  }

  private sink(from: number): void {
    const { heap } = this;
    for (let index = from; ; ) {
      let child = 2 * index + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], heap[index])) return;
      [heap[index], heap[child]] = [heap[child], heap[index]];
      index = child;
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atNs < b.atNs || (a.atNs === b.atNs && a.order < b.order);
}
