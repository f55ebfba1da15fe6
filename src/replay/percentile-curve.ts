/** Distributions as points of a curve over percentiles, evenly spaced for each nine. */
import type { DistributionSummary, SignedHistogram } from '../core/histogram.js';
import type { LatencyName } from './latency.js';

const pointsPerNine = 20;

/** One curve as plain data; the last point is the highest value, at half a rank below 100 %. */
export interface PercentileCurve<Name extends string = LatencyName> {
  name: Name;
  /** `whole` where no value is below 0; else values from 0 up, or magnitudes of those below. */
  side: 'whole' | 'positive' | 'negative';
  count: number;
  percents: number[];
  valuesNs: number[];
}

/** One curve, or two where there are values below 0 as well; none of an empty histogram. */
export function percentileCurves<Name extends string>(name: Name, histogram: SignedHistogram): PercentileCurve<Name>[] {
  const { positive, negative, count, negativeCount, max, min } = histogram;
  if (count === 0) return [];
  if (negative === null || negativeCount === 0) {
    return [curve(name, 'whole', count, max, (percent) => histogram.percentile(percent))];
  }
  const below = curve(name, 'negative', negativeCount, -min, (percent) => negative.getValueAtPercentile(percent));
  if (negativeCount === count) return [below];
  return [curve(name, 'positive', count - negativeCount, max, (at) => positive.getValueAtPercentile(at)), below];
}

/** The few points of a summary from another thread. */
export function summaryCurve(name: LatencyName, summary: DistributionSummary): PercentileCurve {
  const { count, p50, p90, p99, p999, p9999, max } = summary;
  const last = lastPercent(count);
  const points = [
    [50, p50],
    [90, p90],
    [99, p99],
    [99.9, p999],
    [99.99, p9999],
  ].filter(([percent]) => percent < last);
  const [percents, valuesNs] = [0, 1].map((part) => points.map((point) => point[part]));
  return { name, side: 'whole', count, percents: [...percents, last], valuesNs: [...valuesNs, max] };
}

function curve<Name extends string>(
  name: Name,
  side: PercentileCurve['side'],
  count: number,
  max: number,
  at: (percent: number) => number,
): PercentileCurve<Name> {
  const last = lastPercent(count);
  const percents: number[] = [];
  for (let step = 0; ; step++) {
    const percent = 100 * (1 - 10 ** (-step / pointsPerNine));
    if (percent >= last) break;
    percents.push(percent);
  }
  if (last > 50)
    percents.splice(
      percents.findIndex((percent) => percent > 50),
      0,
      50,
    );
  const valuesNs = [...percents.map((percent) => Math.min(max, at(percent))), max];
  return { name, side, count, percents: [...percents, last], valuesNs };
}

function lastPercent(count: number): number {
  return 100 * (1 - 1 / (2 * count));
}
