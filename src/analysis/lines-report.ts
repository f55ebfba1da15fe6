/** The lines of feeds as reports tell them: with the channel that CME's configuration names. */
import type { LineArbiter } from '../session/line-arbiter.js';
import type { FeedLinesReport } from '../session/line-report.js';
import type { Protocols } from './protocols.js';

/** An element of `lines[]`. */
export interface LinesReport extends FeedLinesReport {
  /** Of MDP, by a channel configuration. */
  readonly channel: { readonly channel: string; readonly feedType: string; readonly feedName: string } | null;
}

export function linesReport(arbiter: Pick<LineArbiter, 'report'>, protocols: Protocols): LinesReport[] {
  return arbiter.report().map((feed) => {
    const [line] = feed.lines;
    const place = line === undefined ? null : protocols.describeLine(line.destination, line.source);
    if (place === null || feed.protocol !== 'MDP3') return { ...feed, channel: null };
    const { channel, feedType, feedName } = place;
    return { ...feed, channel: { channel, feedType, feedName } };
  });
}
