/** The run's histograms as text: an interval log (`--hlog`) and percentile distributions (`--hgrm`). */
import { isOnCalendar } from '../core/calendar.js';
import type { EpochTime } from '../core/clock.js';
import { HistogramLog, negativeSuffix, percentileDistribution } from '../core/histogram-log.js';
import type { LatencySeries } from '../replay/latency.js';

/** Where the text goes: a file. */
export interface LogFile {
  append(text: string): void;
  close(): void;
}

/** Writes each interval to the file as it closes, and keeps none. */
export class LatencyLog {
  private readonly log = new HistogramLog();
  private readonly file: LogFile;

  constructor(file: LogFile) {
    this.file = file;
  }

  /** Begins the log at the epoch time that intervals count from; a time that has no date is written as the epoch. */
  start(origin: EpochTime): void {
    const start = isOnCalendar(origin.seconds) ? origin : { seconds: 0, nanoseconds: 0 };
    this.file.append(this.log.header(start, 'tickreel replay'));
  }

  /** One interval of every series, in ns since the origin; nothing of a series that recorded nothing. */
  add(series: readonly LatencySeries[], fromNs: number, toNs: number): void {
    this.file.append(series.map(({ name, interval }) => this.log.interval(name, interval, fromNs, toNs)).join(''));
  }

  close(): void {
    this.file.close();
  }
}

/** The distribution of each series, by name; values below 0 under a name of their own. */
export function distributions(series: readonly LatencySeries[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { name, total } of series) {
    if (total.count > total.negativeCount) texts[name] = percentileDistribution(total.positive);
    if (total.negative && total.negativeCount > 0) {
      texts[name + negativeSuffix] = percentileDistribution(total.negative);
    }
  }
  return texts;
}
