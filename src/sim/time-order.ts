/**
 * Puts datagrams of several lines into one order of time: a heap of copies, of which those are let go that nothing can
 * come before any more. It is bounded; where it is full the earliest goes at once.
 */
import { copyBytes } from '../core/copy.js';
import type { DatagramOutput, Flow } from '../core/seams.js';

/** Datagrams held back at most. */
export const maxHeldBack = 4096;
/** Buffers grow in steps of so many bytes. */
const bufferStep = 2048;

interface Held {
  view: DataView;
  length: number;
  flow: Flow | null;
  seconds: number;
  nanoseconds: number;
  order: number;
}

export class TimeOrder {
  /** Datagrams that had to go before their turn was sure. */
  early = 0;
  private readonly heap: Held[] = [];
  private readonly free: Held[] = [];
  private order = 0;
  private lastSeconds = Number.NEGATIVE_INFINITY;
  private lastNanoseconds = 0;

  constructor(private readonly output: DatagramOutput) {}

  /** Copies the datagram; of equal stamps the first comes first. */
  put(view: DataView, offset: number, length: number, flow: Flow, seconds: number, nanoseconds: number): void {
    if (this.heap.length === maxHeldBack) {
      this.early++;
      this.letGo();
    }
    const held = this.free.pop() ?? emptyBuffer();
    if (held.view.byteLength < length) {
      held.view = new DataView(new ArrayBuffer(Math.ceil(length / bufferStep) * bufferStep));
    }
    copyBytes(view, offset, held.view, 0, length);
    held.length = length;
    held.flow = flow;
    held.seconds = seconds;
    held.nanoseconds = nanoseconds;
    held.order = this.order++;
    this.rise(held);
  }

  /** Lets go of what is not later than this: nothing earlier will be put any more. */
  advance(seconds: number, nanoseconds: number): void {
    const { heap } = this;
    while (heap.length > 0 && !isAfter(heap[0], seconds, nanoseconds)) this.letGo();
  }

  /** Lets go of everything. */
  end(): void {
    while (this.heap.length > 0) this.letGo();
  }

  /** What went early pulls the stamps of those that should have been before it. */
  private letGo(): void {
    const held = this.sink();
    if (isAfter(held, this.lastSeconds, this.lastNanoseconds)) {
      this.lastSeconds = held.seconds;
      this.lastNanoseconds = held.nanoseconds;
    }
    const flow = held.flow as Flow;
    this.output.datagram(held.view, 0, held.length, flow, this.lastSeconds, this.lastNanoseconds);
    this.free.push(held);
  }

  private rise(held: Held): void {
    const { heap } = this;
    let index = heap.length;
    heap.push(held);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(held, heap[parent])) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = held;
  }

  /** Takes the earliest out. */
  private sink(): Held {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop() as Held;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function emptyBuffer(): Held {
  return {
    view: new DataView(new ArrayBuffer(bufferStep)),
    length: 0,
    flow: null,
    seconds: 0,
    nanoseconds: 0,
    order: 0,
  };
}

function isAfter(held: Held, seconds: number, nanoseconds: number): boolean {
  return held.seconds > seconds || (held.seconds === seconds && held.nanoseconds > nanoseconds);
}

function isBefore(a: Held, b: Held): boolean {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
  return a.order < b.order;
}
