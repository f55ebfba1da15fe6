/**
 * Writes messages from plain values, as they stand in JSON, to bytes. Every value is held against its field: what does
 * not fit throws `DecodeError` with the field's path, and nothing is rounded or cut.
 */
import { DecodeError } from '../core/errors.js';
import type { Field } from './field.js';
import type { Message } from './table.js';
import type { PlainValues } from './types.js';

/** How plain values are understood. */
export interface EncodeOptions {
  /** Fixed-point fields are decimal strings (`"12.34"`) instead of raw integers. */
  readonly decimal?: boolean;
}

const space = 0x20;
const maxU64 = 2n ** 64n - 1n;

/** Writes one message into `view` at `offset`; returns its length. Keys that are no fields are let pass. */
export function encodeInto(
  message: Message,
  values: PlainValues,
  view: DataView,
  offset: number,
  options: EncodeOptions = {},
): number {
  if (values.name !== undefined && values.name !== message.name) {
    throw new DecodeError('encode-name', `type "${message.type}" is ${message.name}, not "${values.name}"`);
  }
  view.setUint8(offset, message.typeCode);
  for (const field of message.fields) {
    const value = values[field.name];
    const path = `${message.name}.${field.name}`;
    if (value === undefined) throw new DecodeError('encode-missing', `${path}: no value`);
    writeField(field, value, view, offset + field.offset, path, options);
  }
  return message.length;
}

function writeField(
  field: Field,
  value: string | number,
  view: DataView,
  at: number,
  path: string,
  options: EncodeOptions,
): void {
  const { kind, length, decimals } = field;
  if (kind === 'char' || kind === 'alpha') {
    writeText(value, view, at, length, path);
    return;
  }
  if (options.decimal === true && decimals !== undefined) {
    writeDigits(scaledDigits(value, decimals, path), view, at, length, path);
  } else if (kind === 'u64' && typeof value === 'string') {
    if (!/^\d{1,20}$/.test(value)) fail(path, value, 'a decimal string from 0 to 18446744073709551615');
    writeDigits(value, view, at, length, path);
  } else {
    writeNumber(value, view, at, length, path);
  }
}

function writeText(value: string | number, view: DataView, at: number, length: number, path: string): void {
  if (typeof value !== 'string' || value.length > length) fail(path, value, `text of at most ${length} characters`);
  for (let index = 0; index < length; index++) {
    const code = index < value.length ? value.charCodeAt(index) : space;
    if (code > 255) fail(path, value, 'Latin-1 text');
    view.setUint8(at + index, code);
  }
}

function writeNumber(value: string | number, view: DataView, at: number, length: number, path: string): void {
  const limit = length === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (length * 8) - 1;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > limit) {
    fail(path, value, `an integer from 0 to ${limit}`);
  }
  writeHalves(Math.floor(value / 0x100000000), value % 0x100000000, view, at, length);
}

function writeDigits(digits: string, view: DataView, at: number, length: number, path: string): void {
  const value = BigInt(digits);
  const limit = length === 8 ? maxU64 : 2n ** BigInt(length * 8) - 1n;
  if (value > limit) fail(path, digits, `at most ${limit}`);
  writeHalves(Number(value >> 32n), Number(value & 0xffffffffn), view, at, length);
}

function writeHalves(high: number, low: number, view: DataView, at: number, length: number): void {
  if (length === 1) view.setUint8(at, low);
  else if (length === 2) view.setUint16(at, low);
  else {
    if (length === 6) view.setUint16(at, high);
    else if (length === 8) view.setUint32(at, high);
    view.setUint32(at + length - 4, low);
  }
}

/** The raw integer's digits of a decimal string: `scaledDigits('12.34', 4)` is `123400`. */
function scaledDigits(value: string | number, decimals: number, path: string): string {
  const parts = typeof value === 'string' ? /^(\d{1,20})(?:\.(\d{1,19}))?$/.exec(value) : null;
  const fraction = parts?.[2] ?? '';
  if (parts === null || fraction.length > decimals)
    fail(path, value, `a decimal string with up to ${decimals} decimals`);
  return `${parts[1]}${fraction.padEnd(decimals, '0')}`;
}

function fail(path: string, value: string | number, expected: string): never {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  throw new DecodeError('encode-range', `${path}: ${shown} is not ${expected}`);
}
