/**
 * Heartbeats and ends of session of several lines, each passed on once, and when all messages before it have passed.
 *
 * Lines repeat them, and so does what is passed on: the second one of any line is the second one there.
 */
import type { Flow } from '../core/seams.js';

/** The most flows whose packets are told apart. */
const MAX_FLOWS = 64;

export class ControlPackets {
  /** What the packets say comes next, the highest. */
  next = 0;
  /** Whether one waits. */
  isWaiting = false;
  private isEnd = false;
  /** Packets that say so and were passed on or wait, and those that each flow has brought. */
  private taken = 0;
  private readonly brought = new Map<Flow, number>();
  private waiting: DataView = new DataView(new ArrayBuffer(0));
  private seconds = 0;
  private nanoseconds = 0;

  constructor(
    private readonly pass: (
      view: DataView,
      offset: number,
      length: number,
      seconds: number,
      nanoseconds: number,
    ) => void,
  ) {}

  /** Takes a packet; what it says is known from now on. It is kept for `release`, unless another line brought it. */
  take(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
    next: number,
    isEnd: boolean,
  ): void {
    if (next < this.next || (next === this.next && this.isEnd && !isEnd)) return;
    // What waits has waited since the first one that said so.
    const isSince = !this.isWaiting || next > this.next;
    if (next > this.next || isEnd !== this.isEnd) {
      this.next = next;
      this.isEnd = isEnd;
      this.taken = 0;
      this.brought.clear();
    } else if (this.brought.size >= MAX_FLOWS && !this.brought.has(flow)) return;
    const count = (this.brought.get(flow) ?? 0) + 1;
    this.brought.set(flow, count);
    if (count <= this.taken) return;
    this.taken = count;
    if (isSince) {
      this.seconds = seconds;
      this.nanoseconds = nanoseconds;
    }
    const start = view.byteOffset + offset;
    this.waiting = new DataView(view.buffer.slice(start, start + length));
    this.isWaiting = true;
  }

  /** Passes on what waits, where the messages before it have passed. */
  release(nextSequence: number): void {
    if (!this.isWaiting || nextSequence < this.next) return;
    this.isWaiting = false;
    this.pass(this.waiting, 0, this.waiting.byteLength, this.seconds, this.nanoseconds);
  }

  hasWaited(seconds: number, nanoseconds: number, maxNs: number): boolean {
    return this.isWaiting && (seconds - this.seconds) * 1e9 + (nanoseconds - this.nanoseconds) > maxNs;
  }
}
