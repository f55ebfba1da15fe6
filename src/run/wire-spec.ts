/** What happens to a generated session on its way into a capture. */
import type { FaultShare } from '../sim/fault-draw.js';
import type { Skew } from '../sim/faults.js';
import type { LatencyRange } from './capture-stamps.js';

export interface WireSpec {
  readonly latency?: LatencyRange | undefined;
  /** Shares of the packets; of MDP 3.0 of those of every feed, and numbers of packets are of the incremental feed. */
  readonly gaps?: FaultShare | undefined;
  readonly dups?: FaultShare | undefined;
  readonly reorder?: FaultShare | undefined;
  readonly reorderDepth?: number | undefined;
  /** How far the second line is behind: 20 to 120 us. */
  readonly skew?: Skew | undefined;
}
