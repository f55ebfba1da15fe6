/**
 * HdrHistograms (3 significant digits, WebAssembly) over values of either sign, in nanoseconds.
 *
 * The WebAssembly histogram refuses negatives, so magnitudes are recorded by sign in two of them; percentiles are those
 * of the whole distribution, the negative side mirrored. Recording takes 27-30 ns here.
 */
import type { Histogram } from 'hdr-histogram-js';
import { UsageError } from './errors.js';
import { ExactSum } from './exact-sum.js';
import { histogramTopNs, type SideSpan, type ValueSpan } from './value-counts.js';

export { histogramTopNs } from './value-counts.js';

/** A histogram starts with room up to this (a power of two, 134 ms) and grows with what it is given. */
const firstTopNs = 2 ** 27;
const significantDigits = 3;

/** Counts and percentiles of one sign, or of the whole distribution, in nanoseconds. */
export interface DistributionSummary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  /** Exact, as is `min`; percentiles are within 0.1 %. */
  readonly max: number;
  readonly min: number;
  readonly mean: number;
}

/** The summary of a `SignedHistogram`: the whole distribution, and the *magnitudes* of its values below 0. */
export interface HistogramSummary extends DistributionSummary {
  readonly negative: DistributionSummary;
  /** Values recorded as a day because they were longer. */
  readonly clamped: number;
}

/** The library, loaded when first asked for: it takes longer than all else that a command loads. */
let library: typeof import('hdr-histogram-js') | undefined;

/** Loads the WebAssembly module; to be awaited once in each thread before the first `SignedHistogram`. */
export async function initHistograms(): Promise<void> {
  library ??= await import('hdr-histogram-js');
  await library.initWebAssembly();
}

/** A histogram of integer nanoseconds, negative ones too; `initHistograms` must have resolved. */
export class SignedHistogram {
  /** Values of 0 and above. */
  readonly positive: Histogram = buildSide();
  /** Values recorded as a day because they were longer, NaN as 0 among them. */
  clamped = 0;
  #negative: Histogram | undefined;
  #positiveCount = 0;
  #negativeCount = 0;
  readonly #sum = new ExactSum();
  readonly #negativeSum = new ExactSum();
  #negativeNearest = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #min = Number.POSITIVE_INFINITY;

  /** Magnitudes of the values below 0; null until there is one. */
  get negative(): Histogram | null {
    return this.#negative ?? null;
  }

  get count(): number {
    return this.#positiveCount + this.#negativeCount;
  }

  get negativeCount(): number {
    return this.#negativeCount;
  }

  /** The highest value, exactly; 0 where nothing was recorded. */
  get max(): number {
    return this.count === 0 ? 0 : this.#max;
  }

  /** The lowest value, exactly; 0 where nothing was recorded. */
  get min(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.#sum.value / this.count;
  }

  /** Records `ns`, rounded to an integer and clamped to a day; NaN is recorded as 0 and counted as clamped. */
  record(ns: number): void {
    this.recordTimes(ns, 1);
  }

  /** Records the same so many times. */
  recordTimes(ns: number, times: number): void {
    // No negative zero.
    let value = Math.round(ns) + 0;
    if (!(value <= histogramTopNs && value >= -histogramTopNs)) value = this.#clamp(value, times);
    if (value >= 0) {
      if (times === 1) this.positive.recordValue(value);
      else this.positive.recordValueWithCount(value, times);
      this.#positiveCount += times;
    } else {
      if (times === 1) this.#negativeSide().recordValue(-value);
      else this.#negativeSide().recordValueWithCount(-value, times);
      this.#negativeCount += times;
      this.#negativeSum.addTimes(value, times);
      if (-value < this.#negativeNearest) this.#negativeNearest = -value;
    }
    this.#sum.addTimes(value, times);
    if (value > this.#max) this.#max = value;
    if (value < this.#min) this.#min = value;
  }

  /** The value that `percent` of all values do not exceed, within 0.1 %; 0 where nothing was recorded. */
  percentile(percent: number): number {
    const { count } = this;
    if (count === 0) return 0;
    const rank = rankOf(percent, count);
    const value =
      rank <= this.#negativeCount
        ? -valueAtRank(this.#negativeSide(), this.#negativeCount - rank + 1, this.#negativeCount)
        : valueAtRank(this.positive, rank - this.#negativeCount, this.#positiveCount);
    return Math.min(this.#max, Math.max(this.#min, value));
  }

  summary(): HistogramSummary {
    const whole = summarise((percent) => this.percentile(percent), this.count, this.max, this.min, this.mean);
    return { ...whole, negative: this.#negativeSummary(), clamped: this.clamped };
  }

  /** Adds what `other` recorded. */
  add(other: SignedHistogram): void {
    if (other.#positiveCount > 0) this.positive.add(other.positive);
    if (other.#negative && other.#negativeCount > 0) this.#negativeSide().add(other.#negative);
    this.#positiveCount += other.#positiveCount;
    this.#negativeCount += other.#negativeCount;
    this.#sum.addSum(other.#sum);
    this.#negativeSum.addSum(other.#negativeSum);
    this.#negativeNearest = Math.min(this.#negativeNearest, other.#negativeNearest);
    this.#max = Math.max(this.#max, other.#max);
    this.#min = Math.min(this.#min, other.#min);
    this.clamped += other.clamped;
  }

  /** Adds what was counted elsewhere. */
  addSpan({ positive, negative, clamped }: ValueSpan): void {
    if (positive.count > 0) {
      addClasses(this.positive, positive);
      this.#positiveCount += positive.count;
      this.#sum.addSum(positive);
      this.#max = Math.max(this.#max, positive.most);
      this.#min = Math.min(this.#min, positive.least);
    }
    if (negative.count > 0) {
      const sum = { units: -negative.units, rest: -negative.rest };
      addClasses(this.#negativeSide(), negative);
      this.#negativeCount += negative.count;
      this.#sum.addSum(sum);
      this.#negativeSum.addSum(sum);
      this.#negativeNearest = Math.min(this.#negativeNearest, negative.least);
      this.#max = Math.max(this.#max, -negative.least);
      this.#min = Math.min(this.#min, -negative.most);
    }
    this.clamped += clamped;
  }

  reset(): void {
    if (this.#positiveCount > 0) this.positive.reset();
    if (this.#negativeCount > 0) this.#negative?.reset();
    this.#positiveCount = 0;
    this.#negativeCount = 0;
    this.#sum.clear();
    this.#negativeSum.clear();
    this.#negativeNearest = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    this.#min = Number.POSITIVE_INFINITY;
    this.clamped = 0;
  }

  /** Gives the WebAssembly memory back; the histogram must not be used after. */
  destroy(): void {
    this.positive.destroy();
    this.#negative?.destroy();
  }

  #negativeSummary(): DistributionSummary {
    const count = this.#negativeCount;
    if (count === 0) return summarise(() => 0, 0, 0, 0, 0);
    const side = this.#negativeSide();
    const furthest = -this.#min;
    const at = (percent: number) => Math.min(furthest, valueAtRank(side, rankOf(percent, count), count));
    return summarise(at, count, furthest, this.#negativeNearest, -this.#negativeSum.value / count);
  }

  #clamp(value: number, times: number): number {
    this.clamped += times;
    if (value > 0) return histogramTopNs;
    return value < 0 ? -histogramTopNs : 0;
  }

  #negativeSide(): Histogram {
    this.#negative ??= buildSide();
    return this.#negative;
  }
}

function addClasses(side: Histogram, { classes }: SideSpan): void {
  for (let at = 0; at < classes.length; at += 2) {
    side.recordValueWithCount(classes[at] as number, classes[at + 1] as number);
  }
}

function buildSide(): Histogram {
  if (library === undefined) throw new UsageError('histograms', 'await initHistograms() before the first histogram');
  return library.build({
    useWebAssembly: true,
    bitBucketSize: 64,
    numberOfSignificantValueDigits: significantDigits,
    highestTrackableValue: firstTopNs,
    autoResize: true,
  });
}

/** The 1-based rank of the least value that `percent` of `count` do not exceed; the slack undoes rounding upwards. */
function rankOf(percent: number, count: number): number {
  return Math.min(count, Math.max(1, Math.ceil((percent / 100) * count * (1 - 2 ** -50))));
}

/** Half a rank lower, so that no rounding inside the library can reach the next one. */
function valueAtRank(side: Histogram, rank: number, count: number): number {
  return side.getValueAtPercentile((100 * (rank - 0.5)) / count);
}

function summarise(
  at: (percent: number) => number,
  count: number,
  max: number,
  min: number,
  mean: number,
): DistributionSummary {
  return { count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), p9999: at(99.99), max, min, mean };
}
