/** Reads single values as plain values: one closure a field, made once. */
import { decimalOf, decimalText, digits64 } from './decimal.js';
import type { SbePlain, SbePlainEnum, SbePlainSet, SbeValues } from './plain-values.js';
import { isWide, readCharacters } from './read.js';
import { bitsOf, isFloat, isSigned, numberReader } from './scalar.js';
import {
  primitiveSizes,
  type SbeComposite,
  type SbeEncoding,
  type SbeEnum,
  type SbePrimitive,
  type SbeSet,
} from './schema.js';
import {
  character,
  enumByKey,
  isConstant,
  memberSlot,
  nameIn,
  plainNumber,
  type ReadContext,
  type ValueSlot,
} from './slot.js';

/** Reads the value whose first byte is at `at`, in a message of the given version. */
export type ReadPlain = (view: DataView, at: number, version: number) => SbePlain;

/** The reader of one value. */
export function plainReader(slot: ValueSlot, context: ReadContext): ReadPlain {
  const { type } = slot;
  switch (type.kind) {
    case 'encoding':
      return encodingReader(type, slot, context);
    case 'enum':
      return enumReader(type, slot, context);
    case 'set':
      return setReader(type, context);
    default:
      return compositeReader(type, context);
  }
}

/** Reads the exact digits of a 64-bit integer, in text; null where it is the null value. */
export function digitsReader(
  primitive: SbePrimitive,
  nullValue: ValueSlot['nullValue'],
  little: boolean,
): (view: DataView, at: number) => string | null {
  const signed = primitive === 'int64';
  const none = nullValue === null ? null : bitsOf(nullValue);
  const highAt = little ? 4 : 0;
  const lowAt = 4 - highAt;
  return (view, at) => {
    const high = view.getUint32(at + highAt, little);
    const low = view.getUint32(at + lowAt, little);
    return none !== null && high === none.high && low === none.low ? null : digits64(high, low, signed);
  };
}

/** Reads the exact digits of any integer, in text; null where it is the null value. */
export function integerReader(
  { primitive }: Pick<SbeEncoding, 'primitive'>,
  nullValue: ValueSlot['nullValue'],
  little: boolean,
): (view: DataView, at: number) => string | null {
  if (isWide(primitive)) return digitsReader(primitive, nullValue, little);
  const read = numberReader(primitive, little);
  const none = nullValue === null ? Number.NaN : Number(nullValue);
  return (view, at) => {
    const value = read(view, at);
    return value === none ? null : String(value);
  };
}

/** A float as it stands in JSON: a number, null of NaN and the null value, text of the infinities. */
export function plainFloat(value: number, none: number): number | string | null {
  if (Number.isNaN(value) || value === none) return null;
  return Number.isFinite(value) ? value : String(value);
}

/** The null value of a float as it reads from the wire; NaN where there is none. */
export function floatNull(primitive: SbePrimitive, nullValue: ValueSlot['nullValue']): number {
  const none = nullValue === null ? Number.NaN : Number(nullValue);
  return primitive === 'float' ? Math.fround(none) : none;
}

function encodingReader(type: SbeEncoding, slot: ValueSlot, context: ReadContext): ReadPlain {
  const { primitive, length } = type;
  if (isConstant(slot)) {
    const value = plainNumber(slot.constant as string | number | bigint, type, context.options);
    return () => value;
  }
  if (primitive === 'char' && length !== 1)
    return (view, at) => readCharacters(view, at, length, type.characterEncoding);
  const one = singleReader(type, slot, context);
  if (length === 1) return one;
  const size = primitiveSizes[primitive];
  return (view, at, version) => Array.from({ length }, (_, index) => one(view, at + index * size, version));
}

function singleReader(
  { primitive }: SbeEncoding,
  { nullValue }: ValueSlot,
  { little, options }: ReadContext,
): ReadPlain {
  if (isWide(primitive)) {
    const digits = digitsReader(primitive, nullValue, little);
    if (options.int64 !== 'number') return digits;
    return (view, at) => {
      const text = digits(view, at);
      return text === null ? null : Number(text);
    };
  }
  const read = numberReader(primitive, little);
  if (isFloat(primitive)) {
    const none = floatNull(primitive, nullValue);
    return (view, at) => plainFloat(read(view, at), none);
  }
  const none = nullValue === null ? Number.NaN : Number(nullValue);
  if (primitive === 'char') {
    return (view, at) => {
      const code = read(view, at);
      return code === none ? null : character(code);
    };
  }
  return (view, at) => {
    const value = read(view, at);
    return value === none ? null : value;
  };
}

function enumReader(type: SbeEnum, slot: ValueSlot, { little, options }: ReadContext): ReadPlain {
  const values = enumByKey(type);
  const read = isWide(type.primitive)
    ? digitsReader(type.primitive, slot.nullValue, little)
    : numberReader(type.primitive, little);
  const none = slot.nullValue === null || isWide(type.primitive) ? null : Number(slot.nullValue);
  const plain = (raw: number | string, version: number): SbePlain => {
    const known = values.get(raw);
    const name = known === undefined ? null : nameIn(known, version);
    const value = typeof raw === 'string' && options.int64 === 'number' ? Number(raw) : rawOf(raw, type);
    return options.enums === 'name' ? (name ?? value) : ({ value, name } satisfies SbePlainEnum);
  };
  if (isConstant(slot)) {
    const raw = isWide(type.primitive) ? String(slot.constant) : codeOf(slot.constant as string | number);
    return (_view, _at, version) => plain(raw, version);
  }
  return (view, at, version) => {
    const raw = read(view, at);
    return raw === null || raw === none ? null : plain(raw, version);
  };
}

/** The number of a constant, of a character its code. */
export function codeOf(constant: string | number | bigint): number {
  return typeof constant === 'string' ? constant.charCodeAt(0) : Number(constant);
}

function rawOf(raw: number | string, { primitive }: SbeEnum): number | string {
  return primitive === 'char' ? String.fromCharCode(raw as number) : raw;
}

/** Which choices are set, told by the halves of the bitmap. */
export function choicesOf({ choices }: SbeSet, high: number, low: number, version: number): string[] {
  const names: string[] = [];
  for (const choice of choices) {
    const word = choice.bit < 32 ? low : high;
    if (((word >>> (choice.bit & 31)) & 1) === 0) continue;
    const name = nameIn(choice, version);
    if (name !== null) names.push(name);
  }
  return names;
}

function setReader(type: SbeSet, { little, options }: ReadContext): ReadPlain {
  const { primitive } = type;
  if (!isWide(primitive)) {
    const read = numberReader(primitive, little);
    const signed = isSigned(primitive);
    return (view, at, version) => {
      const bits = read(view, at);
      const raw = signed ? bits >>> 0 : bits;
      return { raw, names: choicesOf(type, 0, raw, version) } satisfies SbePlainSet;
    };
  }
  const digits = digitsReader('uint64', null, little);
  return (view, at, version) => {
    const text = digits(view, at) as string;
    const high = view.getUint32(at + (little ? 4 : 0), little);
    const low = view.getUint32(at + (little ? 0 : 4), little);
    const raw = options.int64 === 'number' ? Number(text) : text;
    return { raw, names: choicesOf(type, high, low, version) } satisfies SbePlainSet;
  };
}

function compositeReader(type: SbeComposite, context: ReadContext): ReadPlain {
  const decimal = decimalOf(type);
  if (decimal !== null) {
    const { mantissa, exponent } = decimal;
    const digits = integerReader(mantissa.type, mantissa.type.nullValue, context.little);
    return (view, at) => {
      const text = digits(view, at + mantissa.offset);
      return text === null ? null : decimalText(text, exponent);
    };
  }
  const members = type.members.map((member) => ({
    name: member.name,
    offset: member.offset,
    read: plainReader(memberSlot(member), context),
  }));
  return (view, at, version) => {
    const values: Record<string, SbePlain> = {};
    for (const { name, offset, read } of members) values[name] = read(view, at + offset, version);
    return values as SbeValues;
  };
}
