/** Differences between clocks into histograms, and what reports show of them. */
import type { HistogramSummary, SignedHistogram } from '../core/histogram.js';

const daySeconds = 86_400;

/** Records `seconds` and `nanoseconds`, unless the clocks are of different days and it is no latency. */
export function recordNear(histogram: SignedHistogram, seconds: number, nanoseconds: number): void {
  if (Math.abs(seconds) < daySeconds) histogram.record(seconds * 1e9 + nanoseconds);
}

/** Null where nothing was recorded. */
export function summaryOf(histogram: SignedHistogram): HistogramSummary | null {
  return histogram.count === 0 ? null : histogram.summary();
}
