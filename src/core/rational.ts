/**
 * Exact rational arithmetic on safe integers: decimals as fractions, and multiples of a fraction without drift.
 *
 * No BigInt: a product of two 53-bit integers is held as two doubles, high and low, by Dekker's exact product (1971).
 */
import { productError } from './double-double.js';
import { UsageError } from './errors.js';

/** A fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly numerator: number;
  readonly denominator: number;
}

/** Numerators and denominators end here (15 digits), so that sums of a few remainders stay exact. */
export const largestTerm = 1e15;
/**
 * Below this, floor(a / b) of integers in doubles is exact: where a / b is no integer, the next one is at least 1 / b
 * away, more than half of its last bit.
 */
const plainBelow = 2 ** 52;

/** The fraction in lowest terms; null where a term is not an integer of at most 15 digits or the denominator is 0. */
export function rational(numerator: number, denominator: number): Rational | null {
  if (!isTerm(numerator) || !isTerm(denominator) || denominator === 0) return null;
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/**
 * The exact value of a decimal such as `99.5` or a fraction such as `1/3`, times `scale`; null where the text is
 * neither or has more than 15 significant digits.
 */
export function parseRational(text: string, scale = 1): Rational | null {
  const match = /^(\d+)(?:\.(\d+))?(?:\/(\d+))?$|^\.(\d+)$/.exec(text);
  if (match === null || text.length > 40) return null;
  const whole = (match[1] ?? '0').replace(/^0+(?=\d)/, '');
  const decimals = (match[2] ?? match[4] ?? '').replace(/0+$/, '');
  if (whole.length + decimals.length > 16 || (match[2] !== undefined && match[3] !== undefined)) return null;
  const value = rational(Number(whole + decimals), 10 ** decimals.length);
  const divisor = match[3] === undefined ? 1 : Number(match[3]);
  if (value === null || !isTerm(divisor) || divisor === 0) return null;
  return scaleRational(value, scale, divisor);
}

/** `value * by / over` for positive integers, in lowest terms; null where a term has more than 15 digits. */
export function scaleRational(value: Rational, by: number, over = 1): Rational | null {
  const first = greatestCommonDivisor(value.numerator, over);
  const second = greatestCommonDivisor(by, value.denominator);
  return rational((value.numerator / first) * (by / second), (value.denominator / second) * (over / first));
}

/** The shortest decimal, or `n/d` where there is none. */
export function formatRational(value: Rational): string {
  let digits = 0;
  while (10 ** digits % value.denominator !== 0) if (++digits > 15) return `${value.numerator}/${value.denominator}`;
  const whole = Math.floor(value.numerator / value.denominator);
  const part = (value.numerator - whole * value.denominator) * (10 ** digits / value.denominator);
  return digits === 0 ? String(whole) : `${whole}.${String(part).padStart(digits, '0')}`;
}

/**
 * The floor of a running sum of multiples of `numerator / denominator`, exact however long it runs: what the floor cuts
 * off is carried as an integer remainder.
 */
export class RationalSum {
  /** The floor of the exact sum. All begin as no small integers: they are doubles before they pass 2^31 too. */
  floor = Number.NaN;
  readonly #whole: number = Number.NaN;
  readonly #part: number = Number.NaN;
  readonly #denominator: number = Number.NaN;
  #carry = Number.NaN;

  /** What the floor cuts off, times this, is `carry`. */
  get denominator(): number {
    return this.#denominator;
  }

  get carry(): number {
    return this.#carry;
  }

  /** `scale`, an integer of at most 15 digits, multiplies the fraction; throws where that makes 2^53 or more. */
  constructor(step: Rational, scale = 1) {
    if (!(step.denominator > 0 && (step.numerator / step.denominator) * scale < Number.MAX_SAFE_INTEGER)) {
      throw new UsageError('rational-range', `${formatRational(step)} times ${scale} is past 2^53`);
    }
    this.floor = 0;
    this.#carry = 0;
    this.#denominator = step.denominator;
    this.#part = step.numerator;
    this.#addLong(scale);
    this.#whole = this.floor;
    this.#part = this.#carry;
    this.floor = 0;
    this.#carry = 0;
  }

  /** Adds `count` times the fraction, `count` an integer of either sign; returns the floor of the sum. */
  add(count: number): number {
    const denominator = this.#denominator;
    const product = count * this.#part + this.#carry;
    this.floor += count * this.#whole;
    if (product < plainBelow && product > -plainBelow) {
      const quotient = Math.floor(product / denominator);
      this.floor += quotient;
      this.#carry = product - quotient * denominator;
      return this.floor;
    }
    return this.#addLong(count);
  }

  /** The same for any `count` below 2^53; `#part` and the denominator are below 2^50, so the remainder is exact. */
  #addLong(count: number): number {
    const denominator = this.#denominator;
    const high = count * this.#part;
    const low = productError(count, this.#part, high);
    let quotient = Math.floor(high / denominator);
    const back = quotient * denominator;
    let remainder = high - back + (low - productError(quotient, denominator, back)) + this.#carry;
    while (remainder < 0) {
      remainder += denominator;
      quotient--;
    }
    while (remainder >= denominator) {
      remainder -= denominator;
      quotient++;
    }
    this.floor += quotient;
    this.#carry = remainder;
    return this.floor;
  }
}

function isTerm(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= largestTerm;
}

function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
