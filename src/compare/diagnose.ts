/** What a wrong value looks like: the usual mistakes of parsers, told by what they make of a value. */
import { decimalText, wholeNumber } from './decimal-text.js';
import type { FieldDifference } from './values.js';
import { isHolder, sameValue } from './values.js';

/** Where the field lies in the message, where that is known. */
export interface FieldBytes {
  readonly offset: number;
  readonly length: number;
}

const scales = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18];
const widths = [8, 16, 32, 48, 64];

/**
 * A guess at the mistake, in a few words that are the same for every value that it spoils; '' where none fits. `others`
 * are the message's other values by path.
 */
export function diagnose(
  { path, expected, actual, isAbsent }: FieldDifference,
  bytes: Uint8Array | null,
  at: FieldBytes | null,
  others: ReadonlyMap<string, unknown>,
): string {
  if (isAbsent) return actual === undefined ? 'not written' : 'not in the expected decode';
  const right = plainValue(expected);
  const wrong = plainValue(actual);
  if (right === null) return wrong === null ? '' : 'the null value taken for a value';
  if (wrong === null) return 'a value taken for null';
  return (
    numberMistake(right, wrong) ||
    placeMistake(wrong, bytes, at) ||
    swapped(path, actual, others) ||
    textMistake(right, wrong)
  );
}

/** The paths and values of a message, groups and composites opened. */
export function leavesOf(values: Readonly<Record<string, unknown>>, path = '', into = new Map<string, unknown>()) {
  for (const [key, value] of Object.entries(values)) {
    const inner = path === '' ? key : `${path}.${key}`;
    if (Array.isArray(value)) {
      for (const [index, entry] of value.entries()) {
        if (isHolder(entry)) leavesOf(entry, `${inner}[${index}]`, into);
      }
    } else if (isHolder(value) && !('value' in value) && !('raw' in value)) leavesOf(value, inner, into);
    else into.set(inner, value);
  }
  return into;
}

function numberMistake(right: unknown, wrong: unknown): string {
  for (const shift of scales) {
    if ((decimalText(right) ?? '0') === '0') break;
    if (decimalText(right, shift) === decimalText(wrong)) return `10^${shift} times too large: the scale`;
    if (decimalText(right, -shift) === decimalText(wrong)) return `10^${shift} times too small: the scale`;
  }
  const a = wholeNumber(right);
  const b = wholeNumber(wrong);
  if (a === null || b === null) return '';
  if (a === -b) return 'the sign';
  for (const bits of widths) {
    const span = 1n << BigInt(bits);
    if (a - b === span || b - a === span) return `read ${b > a ? 'unsigned' : 'signed'}: the sign of ${bits} bits`;
  }
  for (const bits of widths) {
    if (isReversed(a, b, bits)) return `bytes reversed: byte order of ${bits} bits`;
  }
  for (const bits of widths) {
    if (a >= 0n && b >= 0n && a !== b && BigInt.asUintN(bits, a) === b) return `cut to its lowest ${bits} bits`;
  }
  if (b - a === 1n || a - b === 1n) return 'off by one';
  const isRounded = a > 2n ** 53n && Number(a) === Number(b);
  return isRounded ? 'rounded to a double, which is exact below 2^53 only' : '';
}

function isReversed(a: bigint, b: bigint, bits: number): boolean {
  let reversed = 0n;
  let rest = BigInt.asUintN(bits, a);
  for (let index = 0; index < bits; index += 8) {
    reversed = (reversed << 8n) | (rest & 0xffn);
    rest >>= 8n;
  }
  return a !== b && (reversed === b || BigInt.asIntN(bits, reversed) === b);
}

/** Whether the wrong value is what stands a few bytes before or behind the field. */
function placeMistake(wrong: unknown, bytes: Uint8Array | null, at: FieldBytes | null): string {
  if (bytes === null || at === null || at.length === 0 || at.length > 16) return '';
  const number = wholeNumber(wrong);
  const distances = [-1, 1, -2, 2, -4, 4, -8, 8];
  for (const distance of distances) {
    const start = at.offset + distance;
    if (start < 0 || start + at.length > bytes.length) continue;
    const cut = bytes.subarray(start, start + at.length);
    const text = String.fromCharCode(...cut).trimEnd();
    const isNumber = number !== null && at.length <= 8 && isReadFrom(cut, number);
    const isText = typeof wrong === 'string' && at.length > 1 && text !== '' && text === wrong.trimEnd();
    if (!isNumber && !isText) continue;
    const bytesText = Math.abs(distance) === 1 ? '1 byte' : `${Math.abs(distance)} bytes`;
    return `read ${bytesText} ${distance < 0 ? 'before' : 'behind'} its place`;
  }
  return '';
}

function isReadFrom(cut: Uint8Array, number: bigint): boolean {
  let big = 0n;
  let little = 0n;
  for (let index = 0; index < cut.length; index++) {
    big = (big << 8n) | BigInt(cut[index] as number);
    little = (little << 8n) | BigInt(cut[cut.length - 1 - index] as number);
  }
  const bits = cut.length * 8;
  // Small numbers stand everywhere.
  if (number > -256n && number < 256n) return false;
  return [big, little].some((read) => read === number || BigInt.asIntN(bits, read) === number);
}

function swapped(path: string, actual: unknown, others: ReadonlyMap<string, unknown>): string {
  const parent = path.slice(0, path.lastIndexOf('.') + 1);
  for (const [other, value] of others) {
    if (other === path || !other.startsWith(parent) || /^(type|name|templateId|version)$/.test(other)) continue;
    if (plainValue(value) !== null && sameValue(value, actual))
      return `holds the value of ${other.slice(parent.length)}`;
  }
  // The next or the previous entry's: a stride that is wrong.
  const entry = /^(.*)\[(\d+)\](.*)$/.exec(path);
  if (entry === null) return '';
  for (const [other, value] of others) {
    const match = /^(.*)\[(\d+)\](.*)$/.exec(other);
    const isLike = match !== null && match[1] === entry[1] && match[3] === entry[3] && match[2] !== entry[2];
    if (isLike && sameValue(value, actual)) return `holds the value of another entry: the stride`;
  }
  return '';
}

function textMistake(right: unknown, wrong: unknown): string {
  if (typeof right !== 'string' || typeof wrong !== 'string') return '';
  if (right.toLowerCase() === wrong.toLowerCase()) return 'upper and lower case';
  if (wrong !== '' && right.startsWith(wrong)) return 'cut short';
  if ([...right].reverse().join('') === wrong) return 'bytes reversed';
  if (right.trim() === wrong.trim()) return 'padding';
  return '';
}

/** What there is to compare of a value: of an enumeration or set the number, null where there is none. */
function plainValue(value: unknown): unknown {
  if (isHolder(value)) return value.value ?? value.raw ?? null;
  return value === undefined || (typeof value === 'string' && value.trim() === '') ? null : value;
}
