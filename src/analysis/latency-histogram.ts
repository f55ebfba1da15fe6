/** Differences between clocks into histograms, and what reports show of them. */
import type { HistogramSummary, SignedHistogram } from '../core/histogram.js';

const daySeconds = 86_400;

/** A difference in nanoseconds; NaN where the clocks are of different days and it is no latency. */
export function nearNs(seconds: number, nanoseconds: number): number {
  return Math.abs(seconds) < daySeconds ? seconds * 1e9 + nanoseconds : Number.NaN;
}

/** Records a difference, unless it is of different days. */
export function recordNear(histogram: Pick<SignedHistogram, 'record'>, seconds: number, nanoseconds: number): void {
  const ns = nearNs(seconds, nanoseconds);
  if (!Number.isNaN(ns)) histogram.record(ns);
}

/** Null where nothing was recorded. */
export function summaryOf(histogram: SignedHistogram): HistogramSummary | null {
  return histogram.count === 0 ? null : histogram.summary();
}
