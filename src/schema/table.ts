/**
 * Message tables: a message is a type character and contiguous fields, a protocol a list of messages.
 *
 * A table that contradicts itself throws `SchemaError` when it is built: offsets are re-summed, names become generated
 * code and are therefore held to plain identifiers. Checks that need the specification are in the tests.
 */
import { SchemaError } from '../core/errors.js';
import { accessorNames, type Field, type FieldKind } from './field.js';

/** One message layout; byte 0 is its type character, the fields follow without a hole. */
export interface Message<
  Type extends string = string,
  Name extends string = string,
  Fields extends readonly Field[] = readonly Field[],
> {
  readonly type: Type;
  /** Byte value of `type`. */
  readonly typeCode: number;
  readonly name: Name;
  /** Total length in bytes, the type character included. */
  readonly length: number;
  readonly fields: Fields;
  /** Section of the specification. */
  readonly section: string;
  /** One line on what the message says. */
  readonly summary: string;
}

/** What the reference prints about a message. */
export interface MessageInfo {
  readonly section?: string;
  readonly summary?: string;
}

/** A protocol: its messages and the field, at one place in all of them, that carries the exchange's time. */
export interface Protocol<Messages extends readonly Message[] = readonly Message[]> {
  /** Short lower-case name, such as `itch50`. */
  readonly id: string;
  readonly name: string;
  /** Date or number of the specification that the table follows. */
  readonly version: string;
  readonly messages: Messages;
  /** Name of the u48 field that holds nanoseconds since midnight. */
  readonly timestamp: string;
}

const fieldNamePattern = /^[a-z][A-Za-z0-9]{0,63}$/;
const messageNamePattern = /^[A-Z][A-Za-z0-9]{0,63}$/;
const idPattern = /^[a-z][a-z0-9]{0,31}$/;
const reservedNames = new Set(['view', 'offset', 'wrap', 'type', 'name', 'messageTypeCode', 'constructor']);
const fixedLengths: Partial<Record<FieldKind, number>> = { u8: 1, u16: 2, u32: 4, u48: 6, u64: 8, char: 1 };
const maxAlphaLength = 16;
const maxDecimals = 19;

/** Builds one message and checks its layout: fields contiguous from offset 1, their lengths summing to `length`. */
export function message<const Type extends string, const Name extends string, const Fields extends readonly Field[]>(
  type: Type,
  name: Name,
  length: number,
  fields: Fields,
  info: MessageInfo = {},
): Message<Type, Name, Fields> {
  if (!messageNamePattern.test(name)) fail('name', `message "${name}": the name is not a plain capitalised identifier`);
  const typeCode = type.charCodeAt(0);
  if (type.length !== 1 || typeCode > 255) fail('type', `${name}: type "${type}" is not one Latin-1 character`);
  if (!Number.isInteger(length) || length < 1) fail('length', `${name}: length ${length} is not a positive integer`);
  checkNames(name, fields);
  let expected = 1;
  for (const field of fields) {
    checkField(`${name}.${field.name}`, field);
    if (field.offset !== expected) {
      fail('offset', `${name}.${field.name}: offset ${field.offset}, but the field before it ends at ${expected}`);
    }
    expected += field.length;
  }
  if (expected !== length) fail('length', `${name}: length ${length}, but its fields end at ${expected}`);
  return { type, typeCode, name, length, fields, section: info.section ?? '', summary: info.summary ?? '' };
}

/** Builds a protocol and checks that types and names are unique and that the time stamp lies at one offset. */
export function protocol<const Messages extends readonly Message[]>(table: Protocol<Messages>): Protocol<Messages> {
  if (!idPattern.test(table.id)) fail('name', `protocol "${table.id}": the id is not a plain lower-case identifier`);
  if (table.messages.length === 0) fail('empty', `protocol ${table.id} has no messages`);
  const seen = new Map<string | number, string>();
  for (const { typeCode, type, name } of table.messages) {
    const other = seen.get(typeCode) ?? seen.get(name);
    if (other !== undefined) fail('duplicate', `protocol ${table.id}: ${name} (type "${type}") repeats ${other}`);
    seen.set(typeCode, name).set(name, name);
  }
  timestampOffset(table);
  return table;
}

/** Offset of the protocol's time stamp in every message. */
export function timestampOffset(table: Protocol): number {
  let offset = -1;
  for (const { name, fields } of table.messages) {
    const field = fields.find((candidate) => candidate.name === table.timestamp);
    if (field === undefined || field.kind !== 'u48') {
      throw new SchemaError('table-timestamp', `${name} has no u48 field "${table.timestamp}"`);
    }
    if (offset !== -1 && field.offset !== offset) {
      fail('timestamp', `${name}.${field.name}: offset ${field.offset}, but ${offset} in the messages before it`);
    }
    offset = field.offset;
  }
  return offset;
}

function checkNames(name: string, fields: readonly Field[]): void {
  const taken = new Set(reservedNames);
  for (const field of fields) {
    if (!fieldNamePattern.test(field.name)) {
      fail('name', `${name}: field name "${field.name}" is not a plain lower-case identifier`);
    }
    for (const accessor of accessorNames(field)) {
      if (taken.has(accessor)) fail('name', `${name}.${field.name}: accessor "${accessor}" is already taken`);
      taken.add(accessor);
    }
  }
}

function checkField(path: string, field: Field): void {
  const { kind, length, decimals, values } = field;
  const fixed = fixedLengths[kind];
  if (kind !== 'alpha' && length !== fixed) fail('length', `${path}: length ${length}, but ${kind} has ${fixed}`);
  if (kind === 'alpha' && !(Number.isInteger(length) && length >= 1 && length <= maxAlphaLength)) {
    fail('length', `${path}: length ${length} is not an integer from 1 to ${maxAlphaLength}`);
  }
  const isText = kind === 'char' || kind === 'alpha';
  if (decimals !== undefined && (isText || !Number.isInteger(decimals) || decimals < 1 || decimals > maxDecimals)) {
    fail('decimals', `${path}: ${decimals} decimals on ${kind}`);
  }
  for (const code of Object.keys(values ?? {})) {
    const fits = kind === 'char' ? code.length === 1 : code.length <= length && !code.endsWith(' ');
    if (!isText || !fits) fail('values', `${path}: code "${code}" does not fit ${kind} of ${length}`);
  }
}

function fail(what: string, text: string): never {
  throw new SchemaError(`table-${what}`, text);
}
