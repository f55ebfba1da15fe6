/** What the layers of a capture's packets count, beside the datagrams that come out of them. */
import { SkipCounts } from './skip-counts.js';
import type { TrailerKind } from './trailer.js';
import type { TunnelKind } from './tunnel.js';

/** The counts as plain data, so that another thread's can be added. */
export interface TallyCounts {
  readonly skipped: Readonly<Record<string, number>>;
  readonly truncated: number;
  readonly badIpChecksums: number;
  readonly badUdpChecksums: number;
  readonly otherFlows: number;
  readonly restamped: number;
  readonly tunnels: ReadonlyMap<TunnelKind, number>;
  readonly trailers: ReadonlyMap<TrailerKind, number>;
}

/** Running counts of one capture. */
export class Tally {
  readonly skips = new SkipCounts();
  truncated = 0;
  badIpChecksums = 0;
  badUdpChecksums = 0;
  otherFlows = 0;
  /** Packets whose stamp was taken from their trailer. */
  restamped = 0;
  readonly tunnels = new Map<TunnelKind, number>();
  readonly trailers = new Map<TrailerKind, number>();

  /** The counts so far. */
  export(): TallyCounts {
    const { skips, truncated, badIpChecksums, badUdpChecksums, otherFlows, restamped, tunnels, trailers } = this;
    const skipped = skips.toObject();
    return { skipped, truncated, badIpChecksums, badUdpChecksums, otherFlows, restamped, tunnels, trailers };
  }

  /** Adds counts of what follows. */
  add(counts: TallyCounts): void {
    for (const [reason, times] of Object.entries(counts.skipped)) this.skips.add(reason, '', times);
    this.truncated += counts.truncated;
    this.badIpChecksums += counts.badIpChecksums;
    this.badUdpChecksums += counts.badUdpChecksums;
    this.otherFlows += counts.otherFlows;
    this.restamped += counts.restamped;
    for (const [kind, times] of counts.tunnels) this.tunnels.set(kind, (this.tunnels.get(kind) ?? 0) + times);
    for (const [kind, times] of counts.trailers) this.trailers.set(kind, (this.trailers.get(kind) ?? 0) + times);
  }
}

/** Adds one to a count by name. */
export function increment<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
