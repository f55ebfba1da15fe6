/** Values as `binary-parser` reads them, and as the plain values that they stand for; part of the reference decoder. */
import { newParser, type Parser } from '../binary-parser.js';
import { decimalOf } from './decimal.js';
import type { SbePlain } from './plain-values.js';
import {
  primitiveSizes,
  type SbeComposite,
  type SbeEncoding,
  type SbeEnum,
  type SbePrimitive,
  type SbeSchema,
  type SbeSet,
  type SbeType,
} from './schema.js';
import { formerIn } from './slot.js';

/** A number, a BigInt of 64 bits, the bytes of text, an array, or a composite's members. */
export type RawValue = number | bigint | Uint8Array | readonly RawValue[] | { readonly [member: string]: RawValue };

/** Where a value's constant and null stand: a field, or a composite's member. */
interface Place {
  readonly type: SbeType;
  readonly constant: number | bigint | string | null;
  readonly nullValue: number | bigint | null;
}

/** Adds a value of a type, or of a bare primitive, to a parser. */
export function addValue(
  parser: Parser,
  name: string,
  type: SbeType | SbePrimitive,
  byteOrder: SbeSchema['byteOrder'],
): Parser {
  if (typeof type === 'string') return parser[methodOf(type, byteOrder)](name);
  if (type.kind === 'composite') return parser.nest(name, { type: compositeParser(type, byteOrder) });
  if (type.kind !== 'encoding' || type.length === 1) return addValue(parser, name, type.primitive, byteOrder);
  if (type.primitive === 'char') return parser.buffer(name, { length: type.length, clone: true });
  const element = newParser().endianness(byteOrder === 'littleEndian' ? 'little' : 'big');
  addValue(element, 'one', type.primitive, byteOrder);
  return parser.array(name, { type: element, length: type.length });
}

/** The plain value of what a parser read. */
export function rawPlain({ type, constant, nullValue }: Place, raw: RawValue | undefined, version: number): SbePlain {
  if (type.kind === 'composite') return compositePlain(type, raw as Readonly<Record<string, RawValue>>, version);
  const isConstant = constant !== null;
  if (type.kind === 'set') return setPlain(type, raw as number | bigint, version);
  if (isConstant) {
    const value = typeof constant === 'string' && type.kind === 'enum' ? constant.charCodeAt(0) : constant;
    return type.kind === 'enum' ? enumPlain(type, value as number, version) : scalarPlain(type, value);
  }
  if (type.kind === 'encoding' && type.length !== 1) return arrayPlain(type, raw as RawValue, nullValue);
  const value = raw as number | bigint;
  if (isNull(type.primitive, value, nullValue)) return null;
  return type.kind === 'enum' ? enumPlain(type, value, version) : scalarPlain(type, value);
}

/** Bytes as text: UTF-8 where the schema says so, else Latin-1. */
export function textOf(bytes: Uint8Array, characterEncoding: string): string {
  if (/^utf-?8$/i.test(characterEncoding)) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

/** The parser's method for a primitive; those of floats name the byte order. */
function methodOf(primitive: SbePrimitive, byteOrder: SbeSchema['byteOrder']) {
  if (primitive === 'char') return 'uint8';
  if (primitive === 'float') return byteOrder === 'littleEndian' ? 'floatle' : 'floatbe';
  if (primitive === 'double') return byteOrder === 'littleEndian' ? 'doublele' : 'doublebe';
  return primitive;
}

function compositeParser({ members, size }: SbeComposite, byteOrder: SbeSchema['byteOrder']): Parser {
  const little = byteOrder === 'littleEndian';
  const parser = newParser().endianness(little ? 'little' : 'big');
  let at = 0;
  for (const member of members.filter((one) => one.size > 0).sort((a, b) => a.offset - b.offset)) {
    if (member.offset > at) parser.seek(member.offset - at);
    addValue(parser, member.name, member.type, byteOrder);
    at = member.offset + member.size;
  }
  if (size > at) parser.seek(size - at);
  return parser;
}

function compositePlain(type: SbeComposite, raw: Readonly<Record<string, RawValue>>, version: number): SbePlain {
  const decimal = decimalOf(type);
  if (decimal !== null) {
    const mantissa = raw.mantissa as number | bigint;
    const { primitive, nullValue } = decimal.mantissa.type;
    return isNull(primitive, mantissa, nullValue) ? null : exactDecimal(BigInt(mantissa), decimal.exponent);
  }
  return Object.fromEntries(
    type.members.map(({ name, type: inner }) => {
      const constant = inner.kind === 'encoding' ? inner.constant : null;
      const nullValue = inner.kind === 'encoding' || inner.kind === 'enum' ? inner.nullValue : null;
      return [name, rawPlain({ type: inner, constant, nullValue }, raw?.[name], version)];
    }),
  );
}

/** By long division: whole and fraction of the magnitude. */
function exactDecimal(mantissa: bigint, exponent: number): string {
  if (exponent >= 0) return String(mantissa * 10n ** BigInt(exponent));
  const unit = 10n ** BigInt(-exponent);
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  const fraction = String(magnitude % unit)
    .padStart(-exponent, '0')
    .replace(/0+$/, '');
  return `${mantissa < 0n ? '-' : ''}${magnitude / unit}${fraction === '' ? '' : `.${fraction}`}`;
}

function isNull(primitive: SbePrimitive, value: number | bigint, nullValue: number | bigint | null): boolean {
  if (primitive !== 'float' && primitive !== 'double') return nullValue !== null && BigInt(value) === BigInt(nullValue);
  const none = primitive === 'float' ? Math.fround(Number(nullValue)) : nullValue;
  return Number.isNaN(value) || (nullValue !== null && value === none);
}

function scalarPlain({ primitive }: SbeEncoding | SbeEnum, value: number | bigint | string): number | string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  if (primitive === 'char') return value === 0 ? '' : String.fromCharCode(value);
  return Number.isFinite(value) ? value : String(value);
}

function enumPlain(type: SbeEnum, raw: number | bigint, version: number): SbePlain {
  const known = type.values.find(({ value }) => value === raw && typeof value === typeof raw);
  const name =
    known === undefined || known.sinceVersion > version ? null : (formerIn(known.formerNames, version) ?? known.name);
  const value = type.primitive === 'char' ? String.fromCharCode(Number(raw)) : scalarPlain(type, raw);
  return { value, name };
}

function setPlain({ choices, primitive }: SbeSet, raw: number | bigint, version: number): SbePlain {
  const bits = BigInt.asUintN(primitiveSizes[primitive] * 8, BigInt(raw));
  const names = choices
    .filter(({ bit, sinceVersion }) => sinceVersion <= version && ((bits >> BigInt(bit)) & 1n) === 1n)
    .map(({ name, formerNames }) => formerIn(formerNames, version) ?? name);
  return { raw: typeof raw === 'bigint' ? String(bits) : Number(bits), names };
}

function arrayPlain(type: SbeEncoding, raw: RawValue, nullValue: number | bigint | null): SbePlain {
  if (raw instanceof Uint8Array) {
    const end = raw.indexOf(0);
    return textOf(end < 0 ? raw : raw.subarray(0, end), type.characterEncoding).replace(/ +$/, '');
  }
  return (raw as readonly { readonly one: number | bigint }[]).map(({ one }) =>
    isNull(type.primitive, one, nullValue) ? null : scalarPlain(type, one),
  );
}
