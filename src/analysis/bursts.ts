/**
 * The busiest windows of a session: most messages in any aligned 1 ms, 10 ms and 1 s, of equal ones most packets, so
 * that a capture without messages has busiest windows too.
 */

/** Windows that stay open at once, so that time stamps may go back by that many without being miscounted: 2^12. */
const openWindows = 4096;

export const burstWindowsNs = [1_000_000, 10_000_000, 1_000_000_000] as const;

export interface Burst {
  windowNs: number;
  /** Start of the window, ns since the run's base. */
  fromNs: number;
  packets: number;
  messages: number;
  bytes: number;
}

/** Counts one window size in a ring of windows; memory does not grow with the session. */
export class BurstCounter {
  readonly busiest: Burst;
  /** Packets so far back that their window had closed; not counted. */
  tooLate = 0;
  private readonly tags = new Float64Array(openWindows).fill(Number.NaN);
  private readonly packets = new Float64Array(openWindows);
  private readonly messages = new Float64Array(openWindows);
  private readonly bytes = new Float64Array(openWindows);
  private newest = Number.NEGATIVE_INFINITY;

  constructor(windowNs: number) {
    this.busiest = { windowNs, fromNs: 0, packets: 0, messages: 0, bytes: 0 };
  }

  add(timestampNs: number, packets: number, messages: number, bytes: number): void {
    const { windowNs } = this.busiest;
    const window = Math.floor(timestampNs / windowNs);
    if (window <= this.newest - openWindows) {
      this.tooLate += packets;
      return;
    }
    if (window > this.newest) this.newest = window;
    // Modulo, of negative ones too: a remainder of doubles would take as long as all else.
    const slot = window & (openWindows - 1);
    if (this.tags[slot] !== window) {
      this.tags[slot] = window;
      this.packets[slot] = 0;
      this.messages[slot] = 0;
      this.bytes[slot] = 0;
    }
    this.packets[slot] += packets;
    this.messages[slot] += messages;
    this.bytes[slot] += bytes;
    const { messages: most, packets: mostPackets } = this.busiest;
    const isTied = this.messages[slot] === most && this.packets[slot] > mostPackets;
    if (this.messages[slot] > most || isTied) {
      this.busiest.fromNs = window * windowNs;
      this.busiest.packets = this.packets[slot];
      this.busiest.messages = this.messages[slot];
      this.busiest.bytes = this.bytes[slot];
    } else if (this.busiest.fromNs === window * windowNs) {
      this.busiest.packets = this.packets[slot];
      this.busiest.bytes = this.bytes[slot];
    }
  }
}

/**
 * What lies in one window of the shortest, packet behind packet, put in one go. That leaves the same as one by one:
 * windows only grow, so the busiest is told by what they have come to.
 */
abstract class BurstSpans {
  private fromNs = Number.NaN;
  private untilNs = Number.NaN;
  private packets = 0;
  private messageCount = 0;
  private bytes = 0;

  packet(timestampNs: number, bytes: number): void {
    if (!(timestampNs >= this.fromNs && timestampNs < this.untilNs)) this.begin(timestampNs);
    this.packets++;
    this.bytes += bytes;
  }

  messages(timestampNs: number, count: number): void {
    if (!(timestampNs >= this.fromNs && timestampNs < this.untilNs)) this.begin(timestampNs);
    this.messageCount += count;
  }

  protected abstract put(fromNs: number, packets: number, messages: number, bytes: number): void;

  private begin(timestampNs: number): void {
    this.settle();
    const [shortestNs] = burstWindowsNs;
    this.fromNs = Math.floor(timestampNs / shortestNs) * shortestNs;
    this.untilNs = this.fromNs + shortestNs;
  }

  protected settle(): void {
    const { packets, messageCount, bytes, fromNs } = this;
    if (packets === 0 && messageCount === 0) return;
    this.put(fromNs, packets, messageCount, bytes);
    this.packets = 0;
    this.messageCount = 0;
    this.bytes = 0;
  }
}

/** All window sizes. */
export class Bursts extends BurstSpans {
  private readonly counters = burstWindowsNs.map((windowNs) => new BurstCounter(windowNs));

  /** The counters, with all that came. */
  windows(): readonly BurstCounter[] {
    this.settle();
    return this.counters;
  }

  /** Adds what a `BurstList` has taken, whose base is so many ns later than the one here. */
  add(list: Float64Array, shiftNs: number): void {
    this.settle();
    for (let at = 0; at < list.length; at += spanColumns) {
      const [fromNs, packets, messages, bytes] = [list[at], list[at + 1], list[at + 2], list[at + 3]] as Span;
      this.put(fromNs + shiftNs, packets, messages, bytes);
    }
  }

  protected override put(fromNs: number, packets: number, messages: number, bytes: number): void {
    for (const counter of this.counters) counter.add(fromNs, packets, messages, bytes);
  }
}

type Span = [fromNs: number, packets: number, messages: number, bytes: number];
const spanColumns = 4;
const firstSpans = 1024;

/** The same of a part of a session, as a list that another thread adds to what came before. */
export class BurstList extends BurstSpans {
  private list = new Float64Array(firstSpans * spanColumns);
  private length = 0;

  /** What came so far, as a copy; forgets it. */
  take(): Float64Array<ArrayBuffer> {
    this.settle();
    const taken = this.list.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  protected override put(fromNs: number, packets: number, messages: number, bytes: number): void {
    const { length } = this;
    if (length === this.list.length) {
      const longer = new Float64Array(length * 2);
      longer.set(this.list);
      this.list = longer;
    }
    this.list[length] = fromNs;
    this.list[length + 1] = packets;
    this.list[length + 2] = messages;
    this.list[length + 3] = bytes;
    this.length = length + spanColumns;
  }
}
