/**
 * Writes single plain values to bytes: one closure a field, made once. Every value is held against its field; what does
 * not fit throws `DecodeError` with the path, and nothing is rounded or cut.
 */
import type { Halves } from '../../core/halves.js';
import { decimalOf, parseDecimal, type SbeDecimal, signedHalves } from './decimal.js';
import { enumWriter, setWriter } from './encode-names.js';
import { type PathOf, parseInteger, refuse, shown, type WriteValue } from './input.js';
import { isUtf8, isWide } from './read.js';
import { bitsOf, isFloat, isSigned, limitsOf, numberWriter, writeHalves } from './scalar.js';
import { primitiveSizes, type SbeComposite, type SbeEncoding, type SbeNumber } from './schema.js';
import { isConstant, memberSlot, plainNumber, type ValueSlot } from './slot.js';

/** The writer of one value. */
export function valueWriter(slot: ValueSlot, little: boolean, path: PathOf): WriteValue {
  const { type } = slot;
  if (isConstant(slot)) return constantWriter(slot, path);
  switch (type.kind) {
    case 'encoding':
      return encodingWriter(type, slot, little, path);
    case 'enum':
      return enumWriter(type, slot, little, path);
    case 'set':
      return setWriter(type, little, path);
    default:
      return compositeWriter(type, little, path);
  }
}

function constantWriter(slot: ValueSlot, path: PathOf): WriteValue {
  const { type, constant } = slot;
  if (type.kind === 'composite' || type.kind === 'set' || constant === null) return () => {};
  const plain = plainNumber(constant, type, {});
  const name = type.kind === 'enum' ? type.values.find(({ value }) => value === constant)?.name : undefined;
  return (_view, _at, value) => {
    const given = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
    if (given === undefined || given === null) return;
    if (String(given) !== String(plain) && given !== name) refuse(path, value, `the constant ${shown(plain)}`);
  };
}

function encodingWriter(type: SbeEncoding, slot: ValueSlot, little: boolean, path: PathOf): WriteValue {
  const { primitive, length } = type;
  if (primitive === 'char' && length !== 1) return textWriter(type, slot, path);
  if (length === 1) return singleWriter(type, slot, little, path);
  let index = 0;
  const one = singleWriter(type, slot, little, () => `${path()}[${index}]`);
  const size = primitiveSizes[primitive];
  return (view, at, value, version) => {
    if (!Array.isArray(value) || value.length !== length) refuse(path, value, `an array of ${length} values`);
    for (index = 0; index < length; index++) one(view, at + index * size, value[index], version);
  };
}

function singleWriter(type: SbeEncoding, slot: ValueSlot, little: boolean, path: PathOf): WriteValue {
  if (isWide(type.primitive)) return wideWriter(type, slot.nullValue, little, path);
  if (isFloat(type.primitive)) return floatWriter(type, slot.nullValue, little, path);
  return type.primitive === 'char' ? characterWriter(slot, path) : integerWriter(type, slot.nullValue, little, path);
}

function integerWriter(type: SbeEncoding, nullValue: SbeNumber | null, little: boolean, path: PathOf): WriteValue {
  const limits = limitsOf(type.primitive);
  const min = Number(type.minValue ?? limits.min);
  const max = Number(type.maxValue ?? limits.max);
  const none = nullValue === null ? Number.NaN : Number(nullValue);
  const write = numberWriter(type.primitive, little);
  const expected = `an integer from ${min} to ${max}${nullValue === null ? '' : ` or null (${none})`}`;
  return (view, at, value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max && value !== none) {
      write(view, at, value);
    } else if ((value === null || value === undefined) && nullValue !== null) write(view, at, none);
    else refuse(path, value, expected);
  };
}

/** Writes 64 bits in two's complement that are in range; `value` is what is refused otherwise. */
type WriteHalves = (view: DataView, at: number, halves: Halves, value: unknown) => void;

function rangedHalves(
  type: SbeEncoding,
  nullValue: SbeNumber | null,
  little: boolean,
  path: PathOf,
  expected: string,
): WriteHalves {
  const signed = isSigned(type.primitive);
  const { min, max } = wideRange(type);
  const [least, most, none] = [bitsOf(min), bitsOf(max), nullValue === null ? null : bitsOf(nullValue)];
  // The upper half decides: as a signed number where the integer is one.
  const order = (high: number): number => (signed ? high | 0 : high);
  return (view, at, { high, low }, value) => {
    const isAbove = order(high) > order(most.high) || (high === most.high && low > most.low);
    const isBelow = order(high) < order(least.high) || (high === least.high && low < least.low);
    const isNone = none !== null && high === none.high && low === none.low;
    if (isAbove || isBelow || isNone) refuse(path, value, expected);
    writeHalves(view, at, high, low, little);
  };
}

function wideRange({ primitive, minValue, maxValue }: SbeEncoding): { min: SbeNumber; max: SbeNumber } {
  const limits = limitsOf(primitive);
  return { min: minValue ?? limits.min, max: maxValue ?? limits.max };
}

function wideWriter(type: SbeEncoding, nullValue: SbeNumber | null, little: boolean, path: PathOf): WriteValue {
  const signed = isSigned(type.primitive);
  const none = nullValue === null ? null : bitsOf(nullValue);
  const { min, max } = wideRange(type);
  const expected = `an integer from ${min} to ${max}${nullValue === null ? '' : ` or null (${nullValue})`}`;
  const write = rangedHalves(type, nullValue, little, path, expected);
  return (view, at, value) => {
    if (none !== null && (value === null || value === undefined)) {
      writeHalves(view, at, none.high, none.low, little);
      return;
    }
    const halves = parseInteger(value, signed);
    if (halves === null) refuse(path, value, expected);
    write(view, at, halves, value);
  };
}

function floatWriter(type: SbeEncoding, nullValue: SbeNumber | null, little: boolean, path: PathOf): WriteValue {
  const write = numberWriter(type.primitive, little);
  const none = nullValue === null ? Number.NaN : Number(nullValue);
  const min = Number(type.minValue ?? Number.NEGATIVE_INFINITY);
  const max = Number(type.maxValue ?? Number.POSITIVE_INFINITY);
  const isExact = type.primitive === 'double' ? () => true : (value: number) => Math.fround(value) === value;
  const expected = `a ${type.primitive === 'double' ? 'number' : 'number that 32 bits hold exactly'}`;
  const bounds = type.minValue === null && type.maxValue === null ? '' : ` from ${min} to ${max}`;
  return (view, at, value) => {
    // A required float has no null value, but it can be no number all the same.
    if (value === null || Number.isNaN(value) || (value === undefined && nullValue !== null)) {
      write(view, at, none);
      return;
    }
    const number = value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
    if (typeof number !== 'number' || !isExact(number) || number < min || number > max) {
      refuse(path, value, `${expected}${bounds}`);
    }
    write(view, at, number);
  };
}

function characterWriter({ nullValue, type }: ValueSlot, path: PathOf): WriteValue {
  const { minValue, maxValue } = type as SbeEncoding;
  const min = Number(minValue ?? 0);
  const max = Number(maxValue ?? 255);
  const none = nullValue === null ? Number.NaN : Number(nullValue);
  return (view, at, value) => {
    if (nullValue !== null && (value === null || value === undefined)) {
      view.setUint8(at, none);
      return;
    }
    let code = typeof value === 'number' ? value : Number.NaN;
    if (typeof value === 'string' && value.length <= 1) code = value === '' ? 0 : value.charCodeAt(0);
    // NUL is how no character at all is written.
    const isFit =
      Number.isInteger(code) && (code === 0 || (code >= min && code <= max)) && code <= 255 && code !== none;
    if (!isFit) refuse(path, value, `one character of Latin-1, code ${min} to ${max}`);
    view.setUint8(at, code);
  };
}

function textWriter({ length, characterEncoding }: SbeEncoding, { nullValue }: ValueSlot, path: PathOf): WriteValue {
  const bytesOf = isUtf8(characterEncoding) ? utf8Bytes : latin1Bytes;
  return (view, at, value) => {
    const text = nullValue !== null && (value === null || value === undefined) ? '' : value;
    const bytes = typeof text === 'string' ? bytesOf(text) : null;
    if (bytes === null || bytes.length > length) refuse(path, value, `text of at most ${length} characters`);
    for (let index = 0; index < length; index++) {
      const code = index < bytes.length ? (bytes[index] as number) : 0;
      if (code === 0 && index < bytes.length) refuse(path, value, 'text without NUL, which ends it');
      view.setUint8(at + index, code);
    }
  };
}

/** The bytes of Latin-1 text; null where a character is not of it. */
export function latin1Bytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 255) return null;
    bytes[index] = code;
  }
  return bytes;
}

/** The bytes of text in UTF-8; null of half a surrogate pair, which has none. */
export function utf8Bytes(text: string): Uint8Array | null {
  return /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text) ? null : utf8.encode(text);
}

const utf8 = new TextEncoder();

function compositeWriter(type: SbeComposite, little: boolean, path: PathOf): WriteValue {
  const decimal = decimalOf(type);
  if (decimal !== null) return decimalWriter(decimal, little, path);
  const members = type.members.map((member) => ({
    name: member.name,
    offset: member.offset,
    write: valueWriter(memberSlot(member), little, () => `${path()}.${member.name}`),
  }));
  return (view, at, value, version) => {
    if (value === undefined || (value !== null && typeof value !== 'object') || Array.isArray(value)) {
      refuse(path, value, `an object of ${members.map(({ name }) => name).join(', ')}`);
    }
    // Null is null in every member: those that cannot be refuse it.
    const values = value as Readonly<Record<string, unknown>> | null;
    for (const { name, offset, write } of members)
      write(view, at + offset, values === null ? null : values[name], version);
  };
}

function decimalWriter({ mantissa, exponent }: SbeDecimal, little: boolean, path: PathOf): WriteValue {
  const { type, offset } = mantissa;
  const signed = isSigned(type.primitive);
  const write = singleWriter(type, memberSlot(mantissa), little, () => `${path()}.mantissa`);
  const { min, max } = wideRange(type);
  const [least, most] = [decimalShown(min, exponent), decimalShown(max, exponent)];
  const expected = `a decimal from ${least} to ${most} with at most ${Math.max(0, -exponent)} decimals`;
  const writeWide = isWide(type.primitive) ? rangedHalves(type, type.nullValue, little, path, expected) : null;
  return (view, at, value, version) => {
    const place = at + offset;
    if (value === null || value === undefined) {
      if (type.nullValue === null) refuse(path, value, expected);
      write(view, place, null, version);
    } else if (typeof value === 'object') write(view, place, (value as { mantissa?: unknown }).mantissa, version);
    else {
      const parsed = typeof value === 'function' ? null : parseDecimal(String(value), exponent);
      if (parsed === null) refuse(path, value, expected);
      const { negative, magnitude } = parsed;
      if (writeWide === null) {
        const number = magnitude.high * 2 ** 32 + magnitude.low;
        write(view, place, negative && number !== 0 ? -number : number, version);
        return;
      }
      const halves = signed ? signedHalves(negative, magnitude) : isZeroOrMore(parsed) ? magnitude : null;
      if (halves === null) refuse(path, value, expected);
      writeWide(view, place, halves, value);
    }
  };
}

function isZeroOrMore({ negative, magnitude }: { negative: boolean; magnitude: Halves }): boolean {
  return !negative || (magnitude.high === 0 && magnitude.low === 0);
}

function decimalShown(mantissa: SbeNumber, exponent: number): string {
  return `${mantissa}${exponent === 0 ? '' : `e${exponent}`}`;
}
