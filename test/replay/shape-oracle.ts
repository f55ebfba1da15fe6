/** What deadlines under a shape must be: the integral of its rate in BigInt fractions, moment by moment. */
import type { Rational } from '../../src/core/rational.js';
import type { Rate } from '../../src/replay/rate.js';
import type { Shape } from '../../src/replay/shape.js';

/** A fraction of unlimited size; the denominator is positive. */
export interface Fraction {
  n: bigint;
  d: bigint;
}

interface Piece {
  fromNs: number;
  toNs: number;
  /** The integral from 0 to `fromNs`. */
  before: Fraction;
  start: Fraction;
  slope: Fraction;
}

/** The deadline at 1x, exactly. */
export function exactAtOne(rate: Rate, captureNs: bigint, units: bigint): Fraction {
  if (rate.mode === 'original') {
    return { n: captureNs * BigInt(rate.speedup.denominator), d: BigInt(rate.speedup.numerator) };
  }
  if (rate.mode === 'max') throw new Error('max has no deadlines');
  return { n: units * 1_000_000_000n * BigInt(rate.perSecond.denominator), d: BigInt(rate.perSecond.numerator) };
}

/** The integral of a shape's rate up to some horizon, made of pieces between all moments at which anything changes. */
export class ShapeIntegral {
  private readonly pieces: Piece[] = [];

  constructor(shape: Shape, horizonNs: number) {
    const moments = [...momentsOf(shape, horizonNs)].sort((a, b) => a - b);
    let before: Fraction = { n: 0n, d: 1n };
    for (const [index, fromNs] of moments.entries()) {
      const toNs = moments[index + 1] ?? Number.MAX_SAFE_INTEGER;
      const piece: Piece = { fromNs, toNs, before, ...levelAt(shape, fromNs) };
      this.pieces.push(piece);
      before = within(piece, toNs);
    }
  }

  at(timeNs: number): Fraction {
    let [low, high] = [0, this.pieces.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.pieces[middle].fromNs <= timeNs) low = middle;
      else high = middle - 1;
    }
    return within(this.pieces[low], timeNs);
  }

  /** Why `dueNs` is not the floor of the earliest time at which the integral is `amount`; null where it is. */
  refute(dueNs: number, amount: Fraction): string | null {
    const here = this.at(dueNs);
    // Ties are taken a millionth of a nanosecond early, at rates of at most 1,000x.
    const over = minus(here, amount);
    if (over.n * 1_000n > over.d) return `${dueNs} is too late`;
    if (compare(this.at(dueNs + 1), amount) < 0) return `${dueNs} is too early`;
    const isThere = compare(here, amount) === 0;
    return isThere && dueNs > 0 && compare(this.at(dueNs - 1), amount) >= 0 ? `${dueNs} is not the earliest` : null;
  }
}

function momentsOf({ lines, bursts, periodNs }: Shape, horizonNs: number): Set<number> {
  const moments = new Set<number>();
  const step = Number.isFinite(periodNs) ? periodNs : horizonNs + 1;
  for (let round = 0; round <= horizonNs; round += step) {
    for (const { startNs } of lines) if (round + startNs <= horizonNs) moments.add(round + startNs);
  }
  for (const { startNs, lengthNs, everyNs, untilNs } of bursts) {
    for (let at = startNs; at <= horizonNs && at < untilNs; at += everyNs) moments.add(at).add(at + lengthNs);
  }
  return moments;
}

function levelAt({ lines, bursts, periodNs }: Shape, timeNs: number): { start: Fraction; slope: Fraction } {
  let found: { start: Fraction; slope: Fraction } | undefined;
  for (const { startNs, lengthNs, everyNs, untilNs, level } of bursts) {
    const since = Number.isFinite(everyNs) ? (timeNs - startNs) % everyNs : timeNs - startNs;
    const isOn = timeNs >= startNs && since < lengthNs && timeNs - since < untilNs;
    if (isOn) found = { start: fraction(level), slope: { n: 0n, d: 1n } };
  }
  if (found) return found;
  const since = Number.isFinite(periodNs) ? timeNs % periodNs : timeNs;
  const line = lines.find(({ startNs, endNs }) => since >= startNs && since < endNs);
  if (line === undefined) throw new Error(`no line at ${since}`);
  if (line.endNs === Number.POSITIVE_INFINITY) return { start: fraction(line.from), slope: { n: 0n, d: 1n } };
  const rise = minus(fraction(line.to), fraction(line.from));
  const slope = { n: rise.n, d: rise.d * BigInt(line.endNs - line.startNs) };
  return { start: plus(fraction(line.from), times(slope, BigInt(since - line.startNs))), slope };
}

function within({ fromNs, before, start, slope }: Piece, timeNs: number): Fraction {
  const since = BigInt(timeNs - fromNs);
  return plus(before, plus(times(start, since), { n: slope.n * since * since, d: slope.d * 2n }));
}

function fraction({ numerator, denominator }: Rational): Fraction {
  return { n: BigInt(numerator), d: BigInt(denominator) };
}

function plus(a: Fraction, b: Fraction): Fraction {
  return lowest(a.n * b.d + b.n * a.d, a.d * b.d);
}

function minus(a: Fraction, b: Fraction): Fraction {
  return lowest(a.n * b.d - b.n * a.d, a.d * b.d);
}

function times(a: Fraction, by: bigint): Fraction {
  return lowest(a.n * by, a.d);
}

function compare(a: Fraction, b: Fraction): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function lowest(n: bigint, d: bigint): Fraction {
  let [a, b] = [n < 0n ? -n : n, d];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? { n: 0n, d: 1n } : { n: n / a, d: d / a };
}
