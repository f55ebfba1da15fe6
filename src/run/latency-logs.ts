/** The run's histograms as text: percentile distributions (`--hgrm`) and an interval log (`--hlog`). */
import { isOnCalendar } from '../core/calendar.js';
import type { EpochTime } from '../core/clock.js';
import { HistogramLog, negativeSuffix, percentileDistribution } from '../core/histogram-log.js';
import type { LatencySeries } from '../replay/latency.js';

export class LatencyLogs {
  private readonly log = new HistogramLog();
  private readonly lines: string[] = [];

  /** Begins the log at the epoch time that intervals count from; a time that has no date is written as the epoch. */
  start(origin: EpochTime): void {
    const start = isOnCalendar(origin.seconds) ? origin : { seconds: 0, nanoseconds: 0 };
    this.lines.push(this.log.header(start, 'tickreel replay'));
  }

  /** One interval of every series, in ns since the origin. */
  add(series: readonly LatencySeries[], fromNs: number, toNs: number): void {
    for (const { name, interval } of series) this.lines.push(this.log.interval(name, interval, fromNs, toNs));
  }

  /** The whole log. */
  hlog(): string {
    return this.lines.join('');
  }

  /** The distribution of each series, by name; values below 0 under a name of their own. */
  hgrm(series: readonly LatencySeries[]): Record<string, string> {
    const texts: Record<string, string> = {};
    for (const { name, total } of series) {
      if (total.count > total.negativeCount) texts[name] = percentileDistribution(total.positive);
      if (total.negative && total.negativeCount > 0) {
        texts[name + negativeSuffix] = percentileDistribution(total.negative);
      }
    }
    return texts;
  }
}
