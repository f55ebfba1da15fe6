/**
 * The busiest windows of a session: most messages in any aligned 1 ms, 10 ms and 1 s, of equal ones most packets, so
 * that a capture without messages has busiest windows too.
 */

/** Windows that stay open at once, so that time stamps may go back by that many without being miscounted. */
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
    const slot = ((window % openWindows) + openWindows) % openWindows;
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
 * All window sizes. What lies in one window of the shortest, packet behind packet, is added in one go, which leaves the
 * same: windows only grow, so the busiest is told by what they have come to.
 */
export class Bursts {
  private readonly counters = burstWindowsNs.map((windowNs) => new BurstCounter(windowNs));
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

  /** The counters, with all that came. */
  windows(): readonly BurstCounter[] {
    this.settle();
    return this.counters;
  }

  private begin(timestampNs: number): void {
    this.settle();
    const [shortestNs] = burstWindowsNs;
    this.fromNs = Math.floor(timestampNs / shortestNs) * shortestNs;
    this.untilNs = this.fromNs + shortestNs;
  }

  private settle(): void {
    const { packets, messageCount, bytes, fromNs } = this;
    if (packets === 0 && messageCount === 0) return;
    for (const counter of this.counters) counter.add(fromNs, packets, messageCount, bytes);
    this.packets = 0;
    this.messageCount = 0;
    this.bytes = 0;
  }
}
