/** A channel of MDP 3.0 under way, of whatever lines, and its lines. */
import type { Flow } from '../core/seams.js';
import type { Arbiter } from './arbiter.js';
import { type FeedLinesReport, reportFeed } from './line-report.js';
import { LineStatistics } from './line-statistics.js';
import type { HeldPacket } from './mdp3-held.js';
import type { LineChannel } from './mdp3-lines.js';
import { PacketMemory } from './mdp3-packet-memory.js';
import { Mdp3Stream } from './mdp3-stream.js';
import { MergedCounts } from './merged-counts.js';

/** The most packets of a channel that are held back, so that many channels may wait at once. */
export const MAX_HELD_PACKETS = 8192;

/** One flow. */
export interface Line {
  readonly flow: Flow;
  readonly numbering: Mdp3Stream;
  /** Null where there are too many channels. */
  channel: Channel | null;
}

export class Channel implements LineChannel {
  index = 0;
  /** The numbers of all lines together. */
  readonly numbering = new Mdp3Stream(0, null, 'MDP3');
  arbiter: Arbiter | null = null;
  /** What the arbiters of earlier numberings did, and packets of those that came later. */
  readonly past = new MergedCounts();
  /** Until it is decided that it is one. */
  held: HeldPacket<Line>[] | null = [];
  /** Null where the configuration names its lines. */
  readonly memory: PacketMemory | null;
  /** The channel that carried one of its packets too, … */
  candidate: Channel | null = null;
  /** … namely the one of this print. */
  candidateHash = 0;
  /** Null where lines are not compared. */
  readonly statistics: LineStatistics | null;

  constructor(
    readonly flow: Flow,
    isConfigured: boolean,
    compare: { readonly nameOf: (flow: Flow) => string | null } | undefined,
  ) {
    this.memory = isConfigured ? null : new PacketMemory();
    this.statistics = compare === undefined ? null : new LineStatistics(MAX_HELD_PACKETS, compare.nameOf);
  }

  /** Its lines; null where it has one, or they are not compared. */
  report(): FeedLinesReport | null {
    const { statistics, past, arbiter } = this;
    if (statistics === null) return null;
    return reportFeed(
      { protocol: 'MDP3', session: null, merged: past.report(arbiter), wrongNumbers: null },
      statistics,
    );
  }
}
