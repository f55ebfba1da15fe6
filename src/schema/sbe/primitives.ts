/**
 * What each primitive can hold, what stands for none where a schema does not say, and a schema's texts as values.
 *
 * FIX Simple Binary Encoding 1.0, "Field Encoding": ranges and null values of the primitive types.
 */
import type { SbeNumber, SbePrimitive } from './schema.js';

export type SbeRange = readonly [min: SbeNumber, max: SbeNumber];

/** The integers (or character codes) that a primitive's bytes can hold; null of float and double. */
export function wireRange(primitive: SbePrimitive): SbeRange | null {
  return wireRanges[primitive];
}

/** The range that SBE gives a primitive by default: without the null value; null of float and double. */
export function defaultRange(primitive: SbePrimitive): SbeRange | null {
  if (primitive === 'char') return [0x20, 0x7e];
  if (primitive === 'int64') return [-maxInt64, maxInt64];
  if (primitive === 'uint64') return [0n, maxUint64 - 1n];
  const range = wireRanges[primitive];
  if (range === null) return null;
  const [min, max] = [Number(range[0]), Number(range[1])];
  return min < 0 ? [-max, max] : [min, max - 1];
}

/** What stands for none by default: the integer that the default range leaves out, NUL, NaN. */
export function defaultNull(primitive: SbePrimitive): SbeNumber {
  if (primitive === 'char') return 0;
  const range = wireRanges[primitive];
  if (range === null) return Number.NaN;
  return range[0] < 0 ? range[0] : range[1];
}

/** Whether a value is of the primitive's kind (BigInt for 64 bits, else a number) and fits its bytes. */
export function fits(primitive: SbePrimitive, value: SbeNumber): boolean {
  const range = wireRanges[primitive];
  if (range === null) return typeof value === 'number';
  if (typeof value !== typeof range[0]) return false;
  if (typeof value === 'number' && !Number.isInteger(value)) return false;
  return value >= range[0] && value <= range[1];
}

/** A value out of its text, a character as its code; null where the text is none or does not fit. */
export function parseValue(primitive: SbePrimitive, text: string): SbeNumber | null {
  const trimmed = text.trim();
  if (primitive === 'char') return characterCode(text.length === 1 ? text : trimmed);
  if (primitive === 'float' || primitive === 'double') return parseFloating(trimmed);
  if (!/^[+-]?\d{1,20}$/.test(trimmed)) return null;
  const value = primitive === 'int64' || primitive === 'uint64' ? parseBig(trimmed) : Number(trimmed);
  return fits(primitive, value) ? value : null;
}

/** As `parseValue`, for bounds and null values: there, digits are the code of a character, so that "0" means NUL. */
export function parseBound(primitive: SbePrimitive, text: string): SbeNumber | null {
  if (primitive !== 'char' || !/^\s*(\d{1,3}|0[xX][0-9A-Fa-f]{1,2})\s*$/.test(text)) return parseValue(primitive, text);
  const code = Number(text);
  return code <= 255 ? code : null;
}

const maxInt64 = 2n ** 63n - 1n;
const maxUint64 = 2n ** 64n - 1n;

const wireRanges: Readonly<Record<SbePrimitive, SbeRange | null>> = {
  char: [0, 255],
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-maxInt64 - 1n, maxInt64],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0n, maxUint64],
  float: null,
  double: null,
};

function characterCode(text: string): number | null {
  return text.length === 1 && text.charCodeAt(0) <= 255 ? text.charCodeAt(0) : null;
}

/** BigInt takes no plus sign. */
function parseBig(text: string): bigint {
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}

function parseFloating(text: string): number | null {
  if (/^[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?$/.test(text)) return Number(text);
  return text === 'NaN' ? Number.NaN : text === 'INF' ? Infinity : text === '-INF' ? -Infinity : null;
}
