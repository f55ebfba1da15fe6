/** Writes single values as JSON text, straight from the bytes: one closure a field, made once. */
import { jsonQuoted } from '../text.js';
import { decimalOf, decimalText } from './decimal.js';
import { choicesOf, codeOf, digitsReader, floatNull, integerReader, plainFloat } from './plain.js';
import type { SbeValueOptions } from './plain-values.js';
import { isWide, readCharacters } from './read.js';
import { isFloat, isSigned, numberReader } from './scalar.js';
import { primitiveSizes, type SbeComposite, type SbeEncoding, type SbeEnum, type SbeSet } from './schema.js';
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

/** Writes the value whose first byte is at `at`, in a message of the given version. */
export type WriteJson = (view: DataView, at: number, version: number) => string;

/** The writer of one value. */
export function jsonValue(slot: ValueSlot, context: ReadContext): WriteJson {
  const { type } = slot;
  switch (type.kind) {
    case 'encoding':
      return encodingJson(type, slot, context);
    case 'enum':
      return enumJson(type, slot, context);
    case 'set':
      return setJson(type, context);
    default:
      return compositeJson(type, context);
  }
}

function encodingJson(type: SbeEncoding, slot: ValueSlot, context: ReadContext): WriteJson {
  const { primitive, length } = type;
  if (isConstant(slot)) {
    const value = plainNumber(slot.constant as string | number | bigint, type, { int64: 'string' });
    const text = isWide(primitive) && context.options.int64 === 'number' ? `${value}` : JSON.stringify(value);
    return () => text;
  }
  if (primitive === 'char' && length !== 1) {
    return (view, at) => jsonQuoted(readCharacters(view, at, length, type.characterEncoding));
  }
  const one = singleJson(type, slot, context);
  if (length === 1) return one;
  const size = primitiveSizes[primitive];
  return (view, at, version) => {
    let text = '[';
    for (let index = 0; index < length; index++) {
      if (index > 0) text += ',';
      text += one(view, at + index * size, version);
    }
    return `${text}]`;
  };
}

function singleJson({ primitive }: SbeEncoding, { nullValue }: ValueSlot, { little, options }: ReadContext): WriteJson {
  if (isWide(primitive)) {
    const digits = digitsReader(primitive, nullValue, little);
    return (view, at) => {
      const text = digits(view, at);
      return text === null || options.int64 === 'number' ? `${text}` : `"${text}"`;
    };
  }
  const read = numberReader(primitive, little);
  if (isFloat(primitive)) {
    const none = floatNull(primitive, nullValue);
    return (view, at) => {
      const value = plainFloat(read(view, at), none);
      // A number prints the sign of zero away.
      return Object.is(value, -0) ? '-0' : JSON.stringify(value);
    };
  }
  const none = nullValue === null ? Number.NaN : Number(nullValue);
  if (primitive === 'char') {
    return (view, at) => {
      const code = read(view, at);
      return code === none ? 'null' : (jsonCharacters[code] as string);
    };
  }
  return (view, at) => {
    const value = read(view, at);
    return value === none ? 'null' : `${value}`;
  };
}

/** The JSON of each character by itself. */
const jsonCharacters = Array.from({ length: 256 }, (_, code) => jsonQuoted(character(code)));

function enumJson(type: SbeEnum, slot: ValueSlot, { little, options }: ReadContext): WriteJson {
  const { primitive } = type;
  const known = new Map(
    [...enumByKey(type)].map(([raw, value]) => [raw, { value, text: enumText(raw, value.name, primitive, options) }]),
  );
  const written = (raw: number | string, version: number): string => {
    const found = known.get(raw);
    const name = found === undefined ? null : nameIn(found.value, version);
    return name === found?.value.name ? found.text : enumText(raw, name, primitive, options);
  };
  if (isConstant(slot)) {
    const raw = isWide(primitive) ? String(slot.constant) : codeOf(slot.constant as string | number);
    return (_view, _at, version) => written(raw, version);
  }
  if (isWide(primitive)) {
    const digits = digitsReader(primitive, slot.nullValue, little);
    return (view, at, version) => {
      const raw = digits(view, at);
      return raw === null ? 'null' : written(raw, version);
    };
  }
  const read = numberReader(primitive, little);
  const none = slot.nullValue === null ? Number.NaN : Number(slot.nullValue);
  return (view, at, version) => {
    const raw = read(view, at);
    return raw === none ? 'null' : written(raw, version);
  };
}

function enumText(
  raw: number | string,
  name: string | null,
  primitive: SbeEnum['primitive'],
  { enums, int64 }: SbeValueOptions,
): string {
  let value = `${raw}`;
  if (primitive === 'char') value = jsonQuoted(String.fromCharCode(raw as number));
  else if (typeof raw === 'string' && int64 !== 'number') value = `"${raw}"`;
  if (enums === 'name') return name === null ? value : `"${name}"`;
  return `{"value":${value},"name":${name === null ? 'null' : `"${name}"`}}`;
}

function setJson(type: SbeSet, { little, options }: ReadContext): WriteJson {
  const namesText = (high: number, low: number, version: number): string => {
    const names = choicesOf(type, high, low, version);
    return names.length === 0 ? '' : `"${names.join('","')}"`;
  };
  if (isWide(type.primitive)) {
    const digits = digitsReader('uint64', null, little);
    const quote = options.int64 === 'number' ? '' : '"';
    return (view, at, version) => {
      const high = view.getUint32(at + (little ? 4 : 0), little);
      const low = view.getUint32(at + (little ? 0 : 4), little);
      return `{"raw":${quote}${digits(view, at)}${quote},"names":[${namesText(high, low, version)}]}`;
    };
  }
  const read = numberReader(type.primitive, little);
  const signed = isSigned(type.primitive);
  return (view, at, version) => {
    const bits = read(view, at);
    const raw = signed ? bits >>> 0 : bits;
    return `{"raw":${raw},"names":[${namesText(0, raw, version)}]}`;
  };
}

function compositeJson(type: SbeComposite, context: ReadContext): WriteJson {
  const decimal = decimalOf(type);
  if (decimal !== null) {
    const { mantissa, exponent } = decimal;
    const digits = integerReader(mantissa.type, mantissa.type.nullValue, context.little);
    return (view, at) => {
      const text = digits(view, at + mantissa.offset);
      return text === null ? 'null' : `"${decimalText(text, exponent)}"`;
    };
  }
  const members = type.members.map((member, index) => ({
    prefix: `${index === 0 ? '{' : ','}"${member.name}":`,
    offset: member.offset,
    write: jsonValue(memberSlot(member), context),
  }));
  if (members.length === 0) return () => '{}';
  return (view, at, version) => {
    let text = '';
    for (const { prefix, offset, write } of members) text += prefix + write(view, at + offset, version);
    return `${text}}`;
  };
}
