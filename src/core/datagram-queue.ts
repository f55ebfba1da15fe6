/** Datagrams with their stamps, first in, first out, copied into a ring of bytes that is allocated once. */
import { copyBytes } from './copy.js';
import type { Flow } from './seams.js';

/** In front of each payload: its length, the flow's index, seconds (a double) and nanoseconds. */
const headerBytes = 24;
const alignment = 8;
/** In place of a length: the ring goes on at its beginning. */
const wrapped = 0xffffffff;

export class DatagramQueue {
  /** Datagrams held. */
  count = 0;
  readonly view: DataView;
  /** The first of them: its place in `view`, valid until `shift`, … */
  offset = 0;
  length = 0;
  /** … and its stamp. */
  seconds = 0;
  nanoseconds = 0;
  private readonly flows: Flow[] = [];
  private readonly capacity: number;
  private head = 0;
  private tail = 0;
  private free: number;

  /** `capacityBytes` is for payloads and 24 to 31 bytes for each; one datagram takes half of it at most. */
  constructor(capacityBytes: number) {
    this.capacity = capacityBytes - (capacityBytes % alignment);
    this.free = this.capacity;
    this.view = new DataView(new ArrayBuffer(this.capacity));
  }

  /** Whether there is room; where the queue is empty there is, for half of the capacity. */
  fits(length: number): boolean {
    const needed = roomFor(length);
    const behind = this.capacity - this.tail;
    return needed <= (behind < needed ? this.free - behind : this.free);
  }

  /** Adds a copy; only where it fits. */
  push(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, flow: Flow): void {
    const needed = roomFor(length);
    const behind = this.capacity - this.tail;
    if (behind < needed) {
      if (behind > 0) this.view.setUint32(this.tail, wrapped, true);
      this.free -= behind;
      this.tail = 0;
    }
    const { tail: at, view: into } = this;
    into.setUint32(at, length, true);
    into.setUint32(at + 4, flow.index, true);
    into.setFloat64(at + 8, seconds, true);
    into.setUint32(at + 16, nanoseconds, true);
    if (length > 0) copyBytes(view, offset, into, at + headerBytes, length);
    this.flows[flow.index] = flow;
    this.tail = at + needed;
    this.free -= needed;
    if (this.count++ === 0) this.readFirst();
  }

  /** The flow of the first datagram. */
  get flow(): Flow {
    return this.flows[this.view.getUint32(this.head + 4, true)] as Flow;
  }

  /** Lets go of the first datagram. */
  shift(): void {
    const taken = roomFor(this.length);
    this.head += taken;
    this.free += taken;
    if (--this.count > 0) this.readFirst();
    else {
      this.head = 0;
      this.tail = 0;
      this.free = this.capacity;
    }
  }

  private readFirst(): void {
    const { view, capacity } = this;
    if (this.head === capacity || view.getUint32(this.head, true) === wrapped) {
      this.free += capacity - this.head;
      this.head = 0;
    }
    this.offset = this.head + headerBytes;
    this.length = view.getUint32(this.head, true);
    this.seconds = view.getFloat64(this.head + 8, true);
    this.nanoseconds = view.getUint32(this.head + 16, true);
  }
}

function roomFor(length: number): number {
  return headerBytes + length + (-length & (alignment - 1));
}
