/** Scales of quantities: linear, logarithmic, and by percentile as HdrHistogram draws it. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { formatTick, type Unit } from './units.js';

/** From values to pixels, with what is written along the axis. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Values beyond an end, such as 0 on a logarithmic scale, lie at that end. */
  place(value: number): number;
  readonly ticks: readonly Tick[];
  /** Values with a fainter line and no label. */
  readonly minor: readonly number[];
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Lowest and highest of what is drawn; `leastPositive` for logarithmic scales, Infinity where nothing is above 0. */
export interface Extent {
  readonly low: number;
  readonly high: number;
  readonly leastPositive: number;
}

/** Pixels at the low and high end. */
export type Range = readonly [number, number];

/** On more decades than this only each second, third … power of ten has a label. */
const labelledDecades = 9;
/** What is further below the highest value lies at the low end. */
const mostDecades = 20;
/** On fewer than this 2 and 5 have labels too. */
const sparseDecades = 2;
const percentileTicks = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999, 99.999999];

/** A scale from 0, or from below where there are negative values, to a round number. */
export function linearScale(extent: Extent, range: Range, unit: Unit, tickCount: number): Scale {
  const low = Math.min(0, extent.low);
  const high = Math.max(extent.high, low === 0 ? 0 : extent.low);
  const scale = scaleLinear([low, high > low ? high : low + 1], range).nice(tickCount);
  const ticks = scale.ticks(tickCount).map((value) => ({ value, label: formatTick(value, unit) }));
  return { ...bounded(scale), ticks, minor: [] };
}

/**
 * A scale from a power of ten to 1, 2 or 5 times one; without positive values as if there were 1. Where values have a
 * `body`, as bars do, it begins at half of that power, so that the least is to be seen.
 */
export function logScale(extent: Extent, range: Range, unit: Unit, hasBody = false): Scale {
  const least = Number.isFinite(extent.leastPositive) ? extent.leastPositive : 1;
  const highDecade = Math.floor(Math.log10(Math.max(extent.high, least)));
  const lowDecade = Math.max(Math.floor(Math.log10(least) + 1e-9), highDecade - mostDecades);
  const low = Number(`1e${lowDecade}`) * (hasBody ? 0.5 : 1);
  const high = Math.max(roundUp(Math.max(extent.high, least)), 10 * low);
  const scale = scaleLog([low, high], range);
  const decades = Math.log10(high / low);
  const every = Math.ceil(decades / labelledDecades);
  const ticks: Tick[] = [];
  const minor: number[] = [];
  for (let decade = lowDecade, index = 0; 10 ** decade <= high * 1.000001; decade++, index++) {
    for (let digit = 1; digit <= 9; digit++) {
      const value = Number(`${digit}e${decade}`);
      if (value > high * 1.000001) break;
      const isLabelled = digit === 1 ? index % every === 0 : decades <= sparseDecades && (digit === 2 || digit === 5);
      if (isLabelled) ticks.push({ value, label: formatTick(value, unit) });
      else if (every === 1 || digit === 1) minor.push(value);
    }
  }
  return { ...bounded(scale), ticks, minor };
}

/** Percentages at equal steps for each nine: 0, 90, 99, 99.9 … up to the last that `count` values tell apart. */
export function percentileScale(count: number, range: Range): Scale {
  const high = 100 * (1 - 1 / Math.max(20, 2 * count));
  const scale = scaleLinear([0, nines(high)], range);
  const ticks = percentileTicks.filter((value) => value < high).map((value) => ({ value, label: `${value} %` }));
  const place = (value: number): number => scale(nines(Math.min(high, Math.max(0, value))));
  return { low: 0, high, place, ticks, minor: [25, 75, 95] };
}

function nines(percent: number): number {
  return -Math.log10(1 - percent / 100);
}

function bounded(scale: { (value: number): number; domain(): number[] }): Pick<Scale, 'low' | 'high' | 'place'> {
  const [low, high] = scale.domain();
  return { low, high, place: (value) => scale(Math.min(high, Math.max(low, value))) };
}

function roundUp(value: number): number {
  const decade = Math.floor(Math.log10(value) + 1e-9);
  for (const digit of [1, 2, 5]) {
    const rounded = Number(`${digit}e${decade}`);
    if (rounded >= value * 0.999999) return rounded;
  }
  return Number(`1e${decade + 1}`);
}
