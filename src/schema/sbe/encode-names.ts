/** Writes enums and sets to bytes from every form that plain values have: raw values, names, or both together. */
import { type PathOf, parseInteger, refuse, type WriteValue } from './input.js';
import { isWide } from './read.js';
import { bitsOf, limitsOf, numberWriter, writeHalves } from './scalar.js';
import {
  primitiveSizes,
  type SbeEnum,
  type SbeEnumValue,
  type SbeNumber,
  type SbePrimitive,
  type SbeSet,
} from './schema.js';
import { namesOf, type ValueSlot } from './slot.js';

/**
 * The writer of an enum: `{ value, name }` that agree, a name of the version, or a raw value. A raw value may be one
 * without a name: that is how values which a schema does not know come back from JSON.
 */
export function enumWriter(type: SbeEnum, { nullValue }: ValueSlot, little: boolean, path: PathOf): WriteValue {
  const write = rawWriter(type.primitive, little);
  const byName = new Map(type.values.flatMap((value) => namesOf(value).map((name) => [name, value])));
  const isText = type.primitive === 'char';
  const expected = `a value of ${type.name}`;
  const named = (name: string, version: number, given: unknown): SbeEnumValue => {
    const known = byName.get(name);
    if (known === undefined) refuse(path, given, expected);
    if (known.sinceVersion > version) refuse(path, given, `${expected} in version ${version}`);
    return known;
  };
  const writeRaw = (view: DataView, at: number, raw: unknown, given: unknown): void => {
    if (!write(view, at, raw)) refuse(path, given, `${expected}, as ${type.primitive}`);
  };
  return (view, at, value, version) => {
    if (value === null || value === undefined) {
      if (nullValue === null) refuse(path, value, expected);
      write(view, at, nullValue);
    } else if (typeof value === 'object') {
      const { value: raw, name } = value as { value?: unknown; name?: unknown };
      writeRaw(view, at, raw, value);
      if (typeof name !== 'string') return;
      const { value: own } = named(name, version, value);
      const same = isText && typeof raw === 'string' ? raw.charCodeAt(0) === Number(own) : String(raw) === String(own);
      if (!same) refuse(path, value, `${expected}: ${name} is ${isText ? String.fromCharCode(Number(own)) : own}`);
    } else if (typeof value === 'string' && (byName.has(value) || !isRawText(value, type.primitive))) {
      write(view, at, named(value, version, value).value);
    } else writeRaw(view, at, value, value);
  };
}

/** The writer of a set: its bits, the names of those that are set, or both where they agree. */
export function setWriter(type: SbeSet, little: boolean, path: PathOf): WriteValue {
  const { primitive, name, choices } = type;
  const wide = isWide(primitive);
  const max = BigInt.asUintN(primitiveSizes[primitive] * 8, -1n);
  const most = bitsOf(max);
  const write = numberWriter(wide ? 'uint32' : primitive, little);
  const byName = new Map(choices.flatMap((choice) => namesOf(choice).map((one) => [one, choice])));
  const expected = `a set of ${name}, 0 to ${max}`;
  return (view, at, value, version) => {
    const parts: { raw?: unknown; names?: unknown } =
      typeof value === 'object' && value !== null ? (Array.isArray(value) ? { names: value } : value) : { raw: value };
    const told = parts.raw === undefined ? null : parseInteger(parts.raw, false);
    if (told === null ? parts.raw !== undefined || !Array.isArray(parts.names) : told.high > most.high) {
      refuse(path, value, expected);
    }
    let high = 0;
    let low = 0;
    for (const one of Array.isArray(parts.names) ? parts.names : []) {
      const choice = byName.get(one);
      if (choice === undefined || choice.sinceVersion > version) {
        refuse(path, one, `a choice of ${name}${choice === undefined ? '' : ` in version ${version}`}`);
      }
      if (choice.bit < 32) low = (low | (1 << choice.bit)) >>> 0;
      else high = (high | (1 << (choice.bit - 32))) >>> 0;
    }
    if (told !== null) {
      if (told.low > most.low) refuse(path, value, expected);
      if (((high & ~told.high) | (low & ~told.low)) !== 0) refuse(path, value, 'names whose bits are set');
      if (parts.names !== undefined) checkBits(type, told, { high, low }, version, path, value);
      ({ high, low } = told);
    }
    if (wide) writeHalves(view, at, high, low, little);
    else write(view, at, low);
  };
}

interface Bits {
  readonly high: number;
  readonly low: number;
}

/** Refuses bits that have a name which was not given. */
function checkBits(type: SbeSet, told: Bits, named: Bits, version: number, path: PathOf, value: unknown): void {
  for (const { name, bit, sinceVersion } of type.choices) {
    const isSet = ((bit < 32 ? told.low : told.high) >>> (bit & 31)) & 1;
    const isNamed = ((bit < 32 ? named.low : named.high) >>> (bit & 31)) & 1;
    if (isSet !== isNamed && sinceVersion <= version) refuse(path, value, `bits and names that agree on ${name}`);
  }
}

/** True of text that may be a raw value: a character, or digits of 64 bits. */
function isRawText(text: string, primitive: SbePrimitive): boolean {
  return primitive === 'char' ? text.length === 1 : isWide(primitive) && /^-?\d+$/.test(text);
}

/** Writes a raw value; false where the primitive does not hold it. */
function rawWriter(primitive: SbePrimitive, little: boolean): (view: DataView, at: number, raw: unknown) => boolean {
  if (isWide(primitive)) {
    return (view, at, raw) => {
      const bits = parseInteger(raw, primitive === 'int64');
      if (bits !== null) writeHalves(view, at, bits.high, bits.low, little);
      return bits !== null;
    };
  }
  const write = numberWriter(primitive, little);
  const { min, max } = limitsOf(primitive);
  const [least, most] = [Number(min), Number(max)];
  return (view, at, raw) => {
    const isCharacter = primitive === 'char' && typeof raw === 'string' && raw.length === 1;
    const number = isCharacter ? raw.charCodeAt(0) : rawNumber(raw);
    if (!Number.isInteger(number) || number < least || number > most) return false;
    write(view, at, number);
    return true;
  };
}

function rawNumber(raw: unknown): number {
  return typeof raw === 'number' || typeof raw === 'bigint' ? Number(raw as SbeNumber) : Number.NaN;
}
