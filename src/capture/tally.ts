/** What the layers of a capture's packets count, beside the datagrams that come out of them. */
import { SkipCounts } from './skip-counts.js';
import type { TrailerKind } from './trailer.js';
import type { TunnelKind } from './tunnel.js';

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
}

/** Adds one to a count by name. */
export function increment<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
