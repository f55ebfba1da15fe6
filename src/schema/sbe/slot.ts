/** What the readers and writers of plain values share: one value's place in a schema, names by value, text. */

import type { SbeValueOptions } from './plain-values.js';
import { isWide } from './read.js';
import type {
  SbeChoice,
  SbeEncoding,
  SbeEnum,
  SbeEnumValue,
  SbeField,
  SbeMember,
  SbeNumber,
  SbePresence,
  SbeSchema,
  SbeSet,
  SbeType,
} from './schema.js';

/** One value: a field's, or a composite's member's. */
export interface ValueSlot {
  readonly type: SbeType;
  readonly constant: SbeNumber | string | null;
  readonly nullValue: SbeNumber | null;
  readonly presence: SbePresence;
}

/** What a compiled reader needs beside its slot. */
export interface ReadContext {
  readonly little: boolean;
  readonly options: SbeValueOptions;
}

/** The slot of a composite's member. */
export function memberSlot({ type }: SbeMember): ValueSlot {
  if (type.kind === 'encoding') return { ...type, type };
  const nullValue = type.kind === 'enum' ? type.nullValue : null;
  return { type, constant: null, nullValue, presence: nullValue === null ? 'required' : 'optional' };
}

/** True where the slot's value stands in the schema and not on the wire. */
export function isConstant(slot: ValueSlot): boolean {
  return slot.presence === 'constant' && slot.constant !== null;
}

/** True where a field is on the wire or, of a constant, in the version: the rule of absence. */
export function isPresent(field: SbeField, version: number, blockLength: number): boolean {
  return field.sinceVersion <= version && field.offset + field.size <= blockLength;
}

/** What held in a version, of what is told up to its last version; undefined where nothing else did. */
export function formerIn<T>(former: Readonly<Record<number, T>> | undefined, version: number): T | undefined {
  if (former === undefined) return undefined;
  // Integer keys come in ascending order.
  const last = Object.keys(former).find((until) => Number(until) >= version);
  return last === undefined ? undefined : former[Number(last)];
}

/** What an enum's value or a set's choice is called in a version; null where the version does not have it. */
export function nameIn(named: SbeEnumValue | SbeChoice, version: number): string | null {
  if (named.sinceVersion > version) return null;
  return formerIn(named.formerNames, version) ?? named.name;
}

/** Everything that a value or choice is or was called. */
export function namesOf({ name, formerNames }: SbeEnumValue | SbeChoice): string[] {
  return [name, ...Object.values(formerNames ?? {})];
}

/** A value that the schema tells, as its plain value: characters as text, 64 bits by the options. */
export function plainNumber(
  value: SbeNumber | string,
  { primitive }: SbeEncoding | SbeEnum | SbeSet,
  options: SbeValueOptions,
): number | string {
  if (typeof value === 'string') return value;
  if (primitive === 'char') return character(Number(value));
  return isWide(primitive) && options.int64 !== 'number' ? String(value) : Number(value);
}

/** A character by its code; '' of NUL, which pads. */
export function character(code: number): string {
  return code === 0 ? '' : String.fromCharCode(code);
}

/** An enum's values by their raw value: a number, the character's code, of 64 bits the decimal. */
export function enumByKey(type: SbeEnum): Map<number | string, SbeEnumValue> {
  const long = isWide(type.primitive);
  return new Map(type.values.map((value) => [long ? String(value.value) : Number(value.value), value]));
}

/** The byte order of a schema's readers, with options. */
export function readContext(schema: SbeSchema, options: SbeValueOptions): ReadContext {
  return { little: schema.byteOrder === 'littleEndian', options };
}
