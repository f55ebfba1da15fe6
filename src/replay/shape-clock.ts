/**
 * From a schedule at the constant rate 1x to a shape's: the time at which the integral of the rate has come as far.
 *
 * Under a rate f, in multiples of the constant one, a datagram that would be due at B is due at the earliest t with
 * ∫f from 0 to t = B. Every stretch is solved in closed form, by the form of the root that does not cancel. What went
 * before is carried in 106 bits, and where 53 bits cannot tell on which side of a whole nanosecond a root is, it is
 * corrected by what 106 bits say is left over (always: 185 ns a deadline here, so: 35). A deadline is the floor of the
 * exact one over the clock's whole range, ties being taken `tieNs` early.
 */
import { DoubleDouble } from '../core/double-double.js';
import type { Rational } from '../core/rational.js';
import { type Shape, ShapePieces } from './shape.js';

/** What lies so close before a whole nanosecond, or before the end of a stretch, is taken to be there. */
const tieNs = 2 ** -20;
/** How far a root of 53 bits may be off where its floor is taken as it is. */
const plainErrorNs = 2 ** -8;
/** Stretches of rate 0 in a row, after which nothing is expected any more. */
const mostIdlePieces = 1_000_000;

/** A rate that changes linearly, seen from its lower end, where roots do not cancel. */
class RateLine {
  readonly #isFalling: boolean;
  readonly #lengthNs: number;
  readonly #low: DoubleDouble;
  /** Half the slope: the integral is u × (low + half × u). */
  readonly #half: DoubleDouble;
  readonly #total = new DoubleDouble();
  readonly #work = new DoubleDouble();
  #whole = 0;
  #rest = 0;

  constructor(from: Rational, to: Rational, lengthNs: number) {
    const [first, last] = [DoubleDouble.of(from), DoubleDouble.of(to)];
    this.#isFalling = first.high > last.high;
    this.#low = this.#isFalling ? last : first;
    const high = this.#isFalling ? first : last;
    const rise = new DoubleDouble(high.high, high.low).add(-this.#low.high, -this.#low.low);
    this.#half = lengthNs === Number.POSITIVE_INFINITY ? new DoubleDouble() : rise.divide(2).divide(lengthNs);
    this.#lengthNs = lengthNs;
    if (this.#isFalling) this.#area(lengthNs, this.#total);
  }

  /** The integral from the line's start to `timeNs` after it. */
  integral(timeNs: number, into: DoubleDouble): void {
    if (!this.#isFalling) this.#area(timeNs, into);
    else {
      this.#area(this.#lengthNs - timeNs, this.#work);
      into.set(this.#total.high, this.#total.low).add(-this.#work.high, -this.#work.low);
    }
  }

  /** The same as `solve` from 53 bits of the amount; NaN where they do not suffice. */
  solvePlain(amount: number): number {
    const rate = this.#low.high;
    const half = this.#half.high;
    const left = this.#isFalling ? this.#total.high - amount : amount;
    const root = half === 0 ? left / rate : (2 * left) / (rate + Math.sqrt(rate * rate + 4 * half * left));
    const whole = Math.floor(root);
    const rest = root - whole;
    // Four operations of the root, and what the amount lacks, over the rate there.
    const errorNs = root * 2 ** -50 + ((this.#isFalling ? this.#total.high : amount) * 2 ** -51) / (rate + half * root);
    const isPlain = errorNs < plainErrorNs && rest > plainErrorNs && rest < 1 - plainErrorNs;
    if (!isPlain) return Number.NaN;
    return this.#isFalling ? this.#lengthNs - whole - 1 : whole;
  }

  /** The floor of the time after the line's start at which the integral is `amount`. */
  solve(amount: DoubleDouble): number {
    if (!this.#isFalling) {
      this.#root(amount.high, amount.low);
      return this.#whole + Math.floor(this.#rest + tieNs);
    }
    const left = this.#work.set(this.#total.high, this.#total.low).add(-amount.high, -amount.low);
    this.#root(left.high, left.low);
    return this.#lengthNs - this.#whole + Math.floor(tieNs - this.#rest);
  }

  #area(timeNs: number, into: DoubleDouble): void {
    into.set(this.#half.high, this.#half.low).multiply(timeNs).add(this.#low.high, this.#low.low).multiply(timeNs);
  }

  /** Leaves the root's whole nanoseconds and the rest, which may be a little below 0. */
  #root(high: number, low: number): void {
    const rate = this.#low.high;
    const half = this.#half.high;
    this.#whole = 0;
    this.#rest = 0;
    if (high + low <= 0 || (rate === 0 && half === 0)) return;
    const root = half === 0 ? high / rate : (2 * high) / (rate + Math.sqrt(rate * rate + 4 * half * high));
    const slope = rate + 2 * half * root;
    const reached = this.#work;
    this.#area(root, reached);
    this.#whole = Math.floor(root);
    this.#rest = root - this.#whole + (high - reached.high + (low - reached.low)) / slope;
  }
}

/** Turns deadlines at 1x, which must not go back, into those of the shape. */
export class ShapeClock {
  readonly #pieces: ShapePieces;
  readonly #rates: readonly RateLine[];
  readonly #amount = new DoubleDouble();
  /** Deadline at 1x less integral of the line: what the lines before have brought, less what is cut off this one. */
  readonly #before = new DoubleDouble();
  /** The line's integral where the piece ends. */
  readonly #end = new DoubleDouble();
  /** The line's integral where the piece starts. */
  #startHigh = 0;
  #line: RateLine;
  #lineStartNs = 0;
  #latestNs = 0;

  constructor(shape: Shape) {
    this.#pieces = new ShapePieces(shape);
    this.#rates = [
      ...shape.lines.map(({ from, to, startNs, endNs }) => new RateLine(from, to, endNs - startNs)),
      ...shape.bursts.map(({ level, lengthNs }) => new RateLine(level, level, lengthNs)),
    ];
    this.#line = this.#rates[0];
    this.#begin(0);
  }

  /** When the datagram is due that 1x has at `wholeNs` and a fraction; 2^53 - 1 at most. */
  at(wholeNs: number, fraction: number): number {
    const plain = wholeNs - this.#before.high + (fraction - this.#before.low);
    // Further from its end than any error of 53 bits a piece cannot be over.
    if (plain + 1 < this.#end.high) {
      const dueNs = this.#lineStartNs + this.#line.solvePlain(plain);
      if (dueNs >= this.#latestNs) {
        this.#latestNs = dueNs;
        return Math.min(dueNs, Number.MAX_SAFE_INTEGER);
      }
    }
    return this.#exactlyAt(wholeNs, fraction);
  }

  #exactlyAt(wholeNs: number, fraction: number): number {
    for (let idle = 0; idle < mostIdlePieces; ) {
      const amount = this.#amount.set(wholeNs, fraction).add(-this.#before.high, -this.#before.low);
      const overNs = amount.high - this.#end.high + (amount.low - this.#end.low);
      const { toNs } = this.#pieces;
      if (!(overNs > tieNs)) {
        const dueNs = Math.min(this.#lineStartNs + this.#line.solve(amount), toNs);
        if (dueNs > this.#latestNs) this.#latestNs = dueNs;
        return Math.min(this.#latestNs, Number.MAX_SAFE_INTEGER);
      }
      if (toNs >= Number.MAX_SAFE_INTEGER) break;
      idle = this.#end.high === this.#startHigh ? idle + 1 : 0;
      this.#before.add(this.#end.high, this.#end.low);
      this.#begin(toNs);
    }
    return Number.MAX_SAFE_INTEGER;
  }

  /** Goes on with the piece that begins at `timeNs`; until then `#before` holds the integral of all before it. */
  #begin(timeNs: number): void {
    const pieces = this.#pieces;
    pieces.moveTo(timeNs);
    this.#line = this.#rates[pieces.index];
    this.#lineStartNs = timeNs - pieces.offsetNs;
    const cut = this.#amount;
    this.#line.integral(pieces.offsetNs, cut);
    this.#before.add(-cut.high, -cut.low);
    this.#startHigh = cut.high;
    if (pieces.toNs === Number.POSITIVE_INFINITY) this.#end.set(Number.POSITIVE_INFINITY);
    else this.#line.integral(pieces.toNs - this.#lineStartNs, this.#end);
  }
}
