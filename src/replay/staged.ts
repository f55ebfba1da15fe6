/** What a sink has taken ahead of its time and not yet sent: the figures of each datagram that the record wants. */
import type { StagingSink } from '../core/seams.js';
import type { SendRecord } from './send-record.js';

/** Datagrams that are staged at most, whatever room the sink has. */
export const maxStaged = 1024;

export class Staged {
  count = 0;
  /** When the first of them is due, on the run's clock: none of the others is due later, or all are past. */
  deadlineNs = Number.NaN;
  /** The same on the schedule, whatever has moved that. */
  dueNs = Number.NaN;
  readonly deadlines = new Float64Array(maxStaged);
  readonly messages = new Float64Array(maxStaged);
  readonly lengths = new Float64Array(maxStaged);
  readonly feedLatencies = new Float64Array(maxStaged);

  constructor(readonly sink: StagingSink) {}

  get isFull(): boolean {
    return this.count === maxStaged || this.sink.room === 0;
  }

  /** Notes a datagram that the sink has staged. */
  add(deadlineNs: number, messages: number, lengthBytes: number, feedLatencyNs: number): void {
    const { count } = this;
    if (count === 0) this.deadlineNs = deadlineNs;
    this.deadlines[count] = deadlineNs;
    this.messages[count] = messages;
    this.lengths[count] = lengthBytes;
    this.feedLatencies[count] = feedLatencyNs;
    this.count++;
  }

  /** All of them are due so much later. */
  move(ns: number): void {
    this.deadlineNs += ns;
    for (let index = 0; index < this.count; index++) this.deadlines[index] += ns;
  }

  /** Leaves all of them out as too late at `nowNs`. */
  drop(record: SendRecord, nowNs: number): void {
    for (let index = 0; index < this.count; index++) {
      const deadlineNs = this.deadlines[index];
      record.dropped(deadlineNs, nowNs - deadlineNs, this.messages[index], this.lengths[index]);
    }
    this.discard();
  }

  discard(): void {
    this.sink.discard();
    this.count = 0;
  }
}
