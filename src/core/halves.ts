/**
 * Decimals without BigInt: of 64-bit integers in two 32-bit halves, of epoch times in seconds and nanoseconds.
 */
import { UsageError } from './errors.js';

const base = 1e6;
const two32 = 2 ** 32;
/** 2^32 in base 10^6: a half times either part stays below 2^53. */
const two32High = Math.floor(two32 / base);
const two32Low = two32 % base;

/** A 64-bit unsigned integer; both halves are 0 to 2^32 - 1. */
export interface Halves {
  readonly high: number;
  readonly low: number;
}

/** The decimal of `high * 2^32 + low`. */
export function formatU64(high: number, low: number): string {
  if (high < 0x20_0000) return String(high * two32 + low);
  const lower = (low % base) + high * two32Low;
  const upper = Math.floor(low / base) + high * two32High + Math.floor(lower / base);
  return String(upper) + String(lower % base).padStart(6, '0');
}

/** Reads a decimal of 0 to 2^64 - 1; throws `UsageError` for anything else. */
export function parseU64(text: string): Halves {
  const digits = /^0*(\d{1,20})$/.exec(text)?.[1];
  if (digits === undefined) throw new UsageError('u64', `"${text}" is not an unsigned integer of 64 bits`);
  const upper = Number(digits.slice(0, -6));
  const upperLow = upper % two32;
  const lower = upperLow * base + Number(digits.slice(-6));
  const high = ((upper - upperLow) / two32) * base + Math.floor(lower / two32);
  if (high >= two32) throw new UsageError('u64', `"${text}" is above 18446744073709551615, the largest of 64 bits`);
  return { high, low: lower % two32 };
}

/** The decimal of the two's complement integer of 64 bits in `high` (signed or not) and `low` (0 to 2^32 - 1). */
export function formatI64(high: number, low: number): string {
  if ((high | 0) >= 0) return formatU64(high, low);
  const negated = negate(high, low);
  return `-${formatU64(negated.high, negated.low)}`;
}

/** Reads a decimal of -2^63 to 2^63 - 1 into two's complement; throws `UsageError` for anything else. */
export function parseI64(text: string): Halves {
  const negative = text.startsWith('-');
  const { high, low } = parseU64(negative ? text.slice(1) : text);
  if (high > 0x8000_0000 || (high === 0x8000_0000 && (low > 0 || !negative))) {
    throw new UsageError('i64', `"${text}" is beyond a signed integer of 64 bits`);
  }
  return negative ? negate(high, low) : { high, low };
}

/** Two's complement negation; both halves unsigned in the result. */
export function negate(high: number, low: number): Halves {
  return { high: (~high + (low === 0 ? 1 : 0)) >>> 0, low: -low >>> 0 };
}

/** The decimal of `seconds * 1e9 + nanoseconds`; `seconds` may be negative, `nanoseconds` is 0 to 999,999,999. */
export function formatEpochNs(seconds: number, nanoseconds: number): string {
  if (seconds >= 0) return seconds === 0 ? String(nanoseconds) : seconds + String(nanoseconds).padStart(9, '0');
  const wholeSeconds = nanoseconds === 0 ? -seconds : -seconds - 1;
  const rest = nanoseconds === 0 ? 0 : 1e9 - nanoseconds;
  return `-${wholeSeconds === 0 ? rest : wholeSeconds + String(rest).padStart(9, '0')}`;
}
