/**
 * Decimals: composites of a `mantissa` and a constant `exponent`, as exact decimal text without BigInt.
 *
 * FIX Simple Binary Encoding 1.0, section 2.6 (decimal encoding).
 */
import { formatI64, formatU64, type Halves, negate, parseU64 } from '../../core/halves.js';
import type { SbeEncoding, SbeMember, SbeType } from './schema.js';

/** A composite that is one decimal number. */
export interface SbeDecimal {
  readonly mantissa: SbeMember<string, SbeEncoding>;
  readonly exponent: number;
}

/** The decimal that a type is: two members, an integer `mantissa` and a constant `exponent`; null of any other type. */
export function decimalOf(type: SbeType): SbeDecimal | null {
  if (type.kind !== 'composite' || type.members.length !== 2) return null;
  const mantissa = type.members.find(({ name }) => name === 'mantissa');
  const exponent = type.members.find(({ name }) => name === 'exponent')?.type;
  if (mantissa?.type.kind !== 'encoding' || exponent?.kind !== 'encoding') return null;
  const { primitive, length, presence } = mantissa.type;
  if (length !== 1 || presence === 'constant' || !primitive.includes('int')) return null;
  if (exponent.presence !== 'constant' || typeof exponent.constant === 'string') return null;
  const value = Number(exponent.constant ?? 0);
  if (Math.abs(value) > maxExponent) return null;
  return { mantissa: mantissa as SbeMember<string, SbeEncoding>, exponent: value };
}

/** The largest exponent of either sign: that of an int8, which bounds the text. */
const maxExponent = 128;

/** `mantissa * 10^exponent` in its shortest exact form: `2077.75`, `-0.5`, `1500`. */
export function decimalText(digits: string, exponent: number): string {
  if (exponent >= 0) return digits === '0' ? digits : digits + '0'.repeat(exponent);
  const negative = digits.charCodeAt(0) === minus;
  const padded = (negative ? digits.slice(1) : digits).padStart(1 - exponent, '0');
  const point = padded.length + exponent;
  let end = padded.length;
  while (end > point && padded.charCodeAt(end - 1) === zero) end--;
  const text = end === point ? padded.slice(0, point) : `${padded.slice(0, point)}.${padded.slice(point, end)}`;
  return negative ? `-${text}` : text;
}

/** The digits of a 64-bit integer. */
export function digits64(high: number, low: number, signed: boolean): string {
  return signed ? formatI64(high, low) : formatU64(high, low);
}

/**
 * The mantissa of a decimal text, in two's complement; null where the text is no decimal, has more decimals than the
 * exponent gives, or a mantissa beyond 64 bits.
 */
export function parseDecimal(text: string, exponent: number): { negative: boolean; magnitude: Halves } | null {
  let at = 0;
  const negative = text.charCodeAt(0) === minus;
  if (negative) at++;
  let whole = 0;
  let digits = 0;
  let decimals = -1;
  const end = text.length;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === point) {
      if (decimals >= 0 || digits === 0) return null;
      decimals = 0;
    } else if (code >= zero && code <= nine) {
      whole = whole * 10 + (code - zero);
      digits++;
      if (decimals >= 0) decimals++;
    } else return parseScientific(text, exponent);
  }
  if (digits === 0 || decimals === 0) return null;
  const shift = -exponent - Math.max(decimals, 0);
  if (digits > 15 || shift < 0 || shift > 15) return parseLong(text, exponent);
  const scaled = whole * (powers[shift] as number);
  if (scaled > Number.MAX_SAFE_INTEGER) return parseLong(text, exponent);
  return { negative, magnitude: { high: Math.floor(scaled / two32), low: scaled % two32 } };
}

/** Two's complement of a magnitude that fits it; null where it does not. */
export function signedHalves(negative: boolean, { high, low }: Halves): Halves | null {
  if (high > 0x7fff_ffff && !(negative && high === 0x8000_0000 && low === 0)) return null;
  return negative ? negate(high, low) : { high, low };
}

const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const two32 = 2 ** 32;
const powers = Array.from({ length: 16 }, (_, index) => 10 ** index);

/** A text as JavaScript prints very small and very large numbers: `1e-7`, `1.5e+21`. */
function parseScientific(text: string, exponent: number): { negative: boolean; magnitude: Halves } | null {
  const parts = /^(-?\d+(?:\.\d+)?)e([+-]?\d{1,3})$/i.exec(text);
  return parts === null ? null : parseLong(parts[1] as string, exponent - Number(parts[2]));
}

/** Any length, digit by digit: what the fast path leaves. */
function parseLong(text: string, exponent: number): { negative: boolean; magnitude: Halves } | null {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (sign === undefined || text.length > maxTextLength) return null;
  const digits = (whole + fraction).replace(/^0+/, '');
  const shift = -exponent - fraction.length;
  // Only zeros may be cut, and none but zeros are put behind.
  const kept = shift < 0 ? digits.slice(0, shift) : digits;
  if (/[^0]/.test(digits.slice(kept.length))) return null;
  if (kept !== '' && kept.length + shift > mostDigits) return null;
  const magnitude = kept === '' ? zeroHalves : halvesIn(shift > 0 ? kept + '0'.repeat(shift) : kept);
  return magnitude === null ? null : { negative: sign === '-', magnitude };
}

/** Digits of an unsigned integer of 64 bits; null beyond it. */
function halvesIn(digits: string): Halves | null {
  try {
    return parseU64(digits);
  } catch {
    return null;
  }
}

const zeroHalves: Halves = { high: 0, low: 0 };
/** Those of 2^64 - 1. */
const mostDigits = 20;

/** The longest text that is looked at: more digits than any exponent and 64 bits give. */
const maxTextLength = 1000;
