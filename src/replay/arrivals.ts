/**
 * Puts what arrived together with what was sent, datagram by datagram: the log of the sender on one side, fingerprints
 * and times of receipt on the other.
 *
 * Both come in order, with losses and, seldom, a datagram that overtakes. An arrival is the oldest of the log's that
 * nothing has matched, else one that was passed over a moment ago, else the first behind it with that fingerprint:
 * those in between are missing then.
 */
import { RingReader } from '../core/ring.js';

/** Entries of the log, and arrivals, that wait for each other at most. */
const capacity = 1 << 18;
const mask = capacity - 1;
/** Missing datagrams that may still come. */
const maxMissing = 4096;
/** A datagram that comes so long after it was sent has not just been overtaken: it is another of the same bytes. */
const overtakenNs = 100e6;
/** A datagram that the log does not know although it has gone on for so long is none of the sender's. */
const strangeNs = 1e9;

/** Told of each datagram that arrived, in the order of arrival: when it was due, sent and received, on one clock. */
export type ArrivalHandler = (dueNs: number, startNs: number, stampNs: number, isInOrder: boolean) => void;

export class Arrivals {
  sent = 0;
  received = 0;
  /** Received after a datagram that was sent later. */
  overtaken = 0;
  /** Received and not in the log. */
  strange = 0;
  private readonly log: RingReader;
  private readonly onArrival: ArrivalHandler;
  private readonly onSent: (dueNs: number, startNs: number) => void;
  private readonly prints = new Int32Array(capacity);
  private readonly dues = new Float64Array(capacity);
  private readonly starts = new Float64Array(capacity);
  /** Positions in the circles: entries of the log from `matched` on wait for arrivals. */
  private matched = 0;
  private logged = 0;
  private readonly arrivedPrints = new Int32Array(capacity);
  private readonly stamps = new Float64Array(capacity);
  private taken = 0;
  private arrived = 0;
  private readonly missing = new Map<number, { dueNs: number; startNs: number }>();

  /** `memory` is that of the `SendLog`. */
  constructor(
    memory: SharedArrayBuffer,
    handlers: { onArrival: ArrivalHandler; onSent?: (dueNs: number, startNs: number) => void },
  ) {
    this.log = new RingReader(memory);
    this.onArrival = handlers.onArrival;
    this.onSent = handlers.onSent ?? (() => {});
  }

  /** Sent and not received, so far. */
  get lost(): number {
    return this.sent - this.received;
  }

  /** Entries that the log had no room for, which were sent all the same. */
  get unlogged(): number {
    return this.log.dropped;
  }

  /** Notes a datagram that arrived at `stampNs`; `match` is to be called from time to time. */
  add(fingerprint: number, stampNs: number): void {
    if (this.arrived - this.taken === capacity) this.match(true);
    const at = this.arrived++ & mask;
    this.arrivedPrints[at] = fingerprint;
    this.stamps[at] = stampNs;
  }

  /** Matches what both sides have told; `isFinal` where the log will not say more that could match. */
  match(isFinal = false): void {
    this.readLog();
    for (; this.taken < this.arrived; this.taken++) {
      const at = this.taken & mask;
      const print = this.arrivedPrints[at] as number;
      const stampNs = this.stamps[at] as number;
      if (this.isNext(print) || this.wasMissing(print, stampNs)) this.accept(print, stampNs);
      else if (this.skipTo(print)) this.accept(print, stampNs);
      else if (isFinal || this.isStrange(stampNs)) this.strange++;
      else return;
      this.readLog();
    }
    this.readLog(true);
  }

  private get isFull(): boolean {
    return this.logged - this.matched === capacity;
  }

  /** Reads on while there is room, or makes room by giving up the oldest, for which nothing has arrived. */
  private readLog(makesRoom = false): void {
    const { log } = this;
    for (;;) {
      if (this.isFull) {
        if (!makesRoom) return;
        this.miss(this.matched++ & mask);
      }
      if (!log.poll()) return;
      const at = this.logged++ & mask;
      this.prints[at] = log.flowIndex;
      this.dues[at] = log.scheduledNs;
      this.starts[at] = log.sentNs;
      this.sent++;
      this.onSent(log.scheduledNs, log.sentNs);
    }
  }

  private isNext(print: number): boolean {
    return this.matched < this.logged && this.prints[this.matched & mask] === print;
  }

  private wasMissing(print: number, stampNs: number): boolean {
    const entry = this.missing.get(print);
    return entry !== undefined && stampNs - entry.startNs < overtakenNs;
  }

  private accept(print: number, stampNs: number): void {
    this.received++;
    if (this.isNext(print)) {
      const at = this.matched++ & mask;
      this.onArrival(this.dues[at] as number, this.starts[at] as number, stampNs, true);
      return;
    }
    const { dueNs, startNs } = this.missing.get(print) as { dueNs: number; startNs: number };
    this.missing.delete(print);
    this.overtaken++;
    this.onArrival(dueNs, startNs, stampNs, false);
  }

  /** Takes everything before the first entry with this fingerprint for missing; false where there is none. */
  private skipTo(print: number): boolean {
    let found = this.matched;
    while (found < this.logged && this.prints[found & mask] !== print) found++;
    if (found === this.logged) return false;
    for (; this.matched < found; this.matched++) this.miss(this.matched & mask);
    return true;
  }

  private miss(at: number): void {
    const { missing } = this;
    const print = this.prints[at] as number;
    missing.delete(print);
    missing.set(print, { dueNs: this.dues[at] as number, startNs: this.starts[at] as number });
    if (missing.size <= maxMissing) return;
    const [oldest] = missing.keys();
    missing.delete(oldest as number);
  }

  private isStrange(stampNs: number): boolean {
    if (this.isFull) return true;
    return this.logged > this.matched && (this.starts[(this.logged - 1) & mask] as number) - stampNs > strangeNs;
  }
}
