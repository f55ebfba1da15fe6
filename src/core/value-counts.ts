/**
 * Nanoseconds counted by the classes that a histogram of 3 significant digits tells apart, to be added to one at once.
 *
 * Recording a value here takes a fifth of what it takes there, and a span of counts is what one thread hands another.
 * Values below 2,048 have a class each; above, every power of two is cut into 1,024.
 */
import { ExactSum } from './exact-sum.js';

/** Magnitudes above a day are counted as a day, and as clamped. */
export const histogramTopNs = 86_400_000_000_000;

/** Classes of a power of two, and the bits of the first values, which have one each. */
const classesOfPower = 1024;
const plainBits = 11;
const plainValues = 2 ** plainBits;
const topBit = 46;
const classCount = (topBit - plainBits + 2) * classesOfPower + classesOfPower;

/** By the highest bit: what a value is multiplied with to be told in 1,024 steps; and powers of two. */
const scales = Float64Array.from({ length: topBit + 1 }, (_, bit) => 2 ** (plainBits - 1 - bit));
const powers = Float64Array.from({ length: topBit + 1 }, (_, power) => 2 ** power);

/** Values of one sign, or of both, that were counted. */
export interface SideSpan {
  /** A class's least magnitude and how many were of it, pair after pair. */
  readonly classes: Float64Array<ArrayBuffer>;
  readonly count: number;
  /** The sum of magnitudes, and their range. */
  readonly units: number;
  readonly rest: number;
  readonly least: number;
  readonly most: number;
}

export interface ValueSpan {
  readonly positive: SideSpan;
  /** Magnitudes of values below 0. */
  readonly negative: SideSpan;
  /** Values that were longer than a day, NaN among them. */
  readonly clamped: number;
}

export class ValueCounts {
  private readonly positive = new SideCounts();
  private readonly negative = new SideCounts();
  private clamped = 0;

  /** Counts `ns`, rounded to an integer and clamped to a day; NaN is counted as 0 and as clamped. */
  record(ns: number): void {
    // No negative zero.
    let value = Math.round(ns) + 0;
    if (!(value <= histogramTopNs && value >= -histogramTopNs)) value = this.clamp(value);
    if (value >= 0) this.positive.count(value);
    else this.negative.count(-value);
  }

  /** What was counted so far; forgets it. */
  take(): ValueSpan {
    const { clamped } = this;
    this.clamped = 0;
    return { positive: this.positive.take(), negative: this.negative.take(), clamped };
  }

  private clamp(value: number): number {
    this.clamped++;
    if (value > 0) return histogramTopNs;
    return value < 0 ? -histogramTopNs : 0;
  }
}

class SideCounts {
  private readonly counts: Float64Array;
  /** Classes that have counted, in the order in which they came. */
  private readonly touched: number[] = [];
  private readonly sum = new ExactSum();
  private total = 0;
  private least = Number.POSITIVE_INFINITY;
  private most = Number.NEGATIVE_INFINITY;

  constructor() {
    this.counts = new Float64Array(classCount);
  }

  count(value: number): void {
    const index = classOf(value);
    const before = this.counts[index] as number;
    this.counts[index] = before + 1;
    if (before === 0) this.touched.push(index);
    this.total++;
    this.sum.add(value);
    if (value < this.least) this.least = value;
    if (value > this.most) this.most = value;
  }

  take(): SideSpan {
    const { counts, touched, sum, total: count, least, most } = this;
    const { units, rest } = sum;
    const classes = new Float64Array(touched.length * 2);
    for (const [at, index] of touched.entries()) {
      classes[at * 2] = leastOf(index);
      classes[at * 2 + 1] = counts[index] as number;
      counts[index] = 0;
    }
    touched.length = 0;
    sum.clear();
    this.total = 0;
    this.least = Number.POSITIVE_INFINITY;
    this.most = Number.NEGATIVE_INFINITY;
    return { classes, count, units, rest, least, most };
  }
}

/** The class of a magnitude, an integer of 47 bits at most. */
export function classOf(value: number): number {
  if (value < plainValues) return value;
  const bit = value < 2 ** 31 ? 31 - Math.clz32(value) : 47 - Math.clz32(value / 65_536);
  const step = Math.floor(value * (scales[bit] as number));
  return (bit - plainBits + 1) * classesOfPower + step;
}

/** The least magnitude of a class. */
export function leastOf(index: number): number {
  if (index < plainValues) return index;
  const power = (index >> 10) - 1;
  return (index - power * classesOfPower) * (powers[power] as number);
}
