/**
 * Checks that every SBE schema passes, from XML or from a table: names, layout, uniqueness, values, bounds.
 *
 * Names become generated code and keys of objects and are therefore held to plain identifiers. FIX Simple Binary
 * Encoding 1.0 leaves the bounds open; these are far above any exchange's schema and keep a hostile one cheap.
 */
import { type Fail, isVariable, slotSize } from './build.js';
import { fits } from './primitives.js';
import type {
  AnyGroup,
  SbeComposite,
  SbeData,
  SbeField,
  SbeMessage,
  SbeNumber,
  SbePrimitive,
  SbeSchema,
  SbeType,
} from './schema.js';

/** Bounds of a schema. */
export const sbeLimits = {
  messages: 4096,
  /** Fields, groups and data of one block, each. */
  fields: 1024,
  groups: 64,
  /** Groups in groups, and composites in composites. */
  nesting: 8,
  /** Values in a composite, those of its composites counted. */
  members: 256,
  /** Values of a whole schema: every member of every field. */
  values: 262_144,
  enumValues: 4096,
  /** Elements of an array, and bytes of a block. */
  bytes: 65_535,
};

/** Throws `SchemaError`; `path` is the place by names, `node` the part of the schema. */
export type Refuse = (what: string, text: string, path: string, node: object) => never;

/** Whether a name is a plain identifier of at most 128 characters that objects and classes do not use themselves. */
export function isName(name: string): boolean {
  return namePattern.test(name) && !takenNames.has(name);
}

/** Checks one type and everything in it. */
export function checkType(type: SbeType, fail: Fail): void {
  checkNamed(type, fail);
  if (type.kind === 'encoding') checkEncoding(type, fail);
  else if (type.kind === 'enum') checkEnum(type, fail);
  else if (type.kind === 'set') checkSet(type, fail);
  else checkComposite(type, fail);
}

/** Checks a whole schema. */
export function checkSchema(schema: SbeSchema, refuse: Refuse): void {
  const { header, messages } = schema;
  const fail: Fail = (what, text) => refuse(what, text, 'schema', schema);
  checkSlot(schema.id, header.schemaId.primitive, 'schema id', fail);
  checkSlot(schema.version, header.version.primitive, 'schema version', fail);
  if (messages.length > sbeLimits.messages)
    fail('limit', `${messages.length} messages, more than ${sbeLimits.messages}`);
  const counted = { values: 0 };
  const context = {
    refuse,
    counted,
    types: new Map<SbeType, number>(),
    maxBlock: 2 ** (8 * slotSize(header.blockLength)) - 1,
  };
  const byId = new Map<number, string>();
  const byName = new Set<string>();
  for (const message of messages) {
    const at: Fail = (what, text) => refuse(what, text, message.name, message);
    const other = byId.get(message.id);
    if (other !== undefined) at('duplicate', `template id ${message.id} is that of ${other} too`);
    if (byName.has(message.name)) at('duplicate', 'a message of this name is there already');
    byId.set(message.id, message.name);
    byName.add(message.name);
    checkSlot(message.id, header.templateId.primitive, 'template id', at);
    if (message.untilVersion !== null && message.untilVersion < message.sinceVersion) {
      at('version', `until version ${message.untilVersion}, but since version ${message.sinceVersion}`);
    }
    checkBlock(message, message.name, 0, context);
  }
}

interface Context {
  readonly refuse: Refuse;
  readonly counted: { values: number };
  /** Types that were checked already, with the values that they hold. */
  readonly types: Map<SbeType, number>;
  readonly maxBlock: number;
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const takenNames = new Set(['__proto__', 'constructor', 'prototype']);
const maxVersion = 0x7fffffff;

function checkBlock(block: SbeMessage | AnyGroup, path: string, depth: number, context: Context): void {
  const fail: Fail = (what, text) => context.refuse(what, text, path, block);
  checkNamed(block, fail);
  const { fields, groups, data, blockLength } = block;
  if (depth > sbeLimits.nesting) fail('limit', `groups nested deeper than ${sbeLimits.nesting}`);
  if (fields.length > sbeLimits.fields) fail('limit', `${fields.length} fields, more than ${sbeLimits.fields}`);
  if (groups.length + data.length > sbeLimits.groups) fail('limit', `more than ${sbeLimits.groups} groups and data`);
  if (!Number.isInteger(blockLength) || blockLength < 0 || blockLength > context.maxBlock) {
    fail('limit', `block length ${blockLength} does not fit its place on the wire`);
  }
  const parts: readonly (SbeField | AnyGroup | SbeData)[] = [...fields, ...groups, ...data];
  unique(
    parts,
    (part) => part.name,
    'name',
    (what, text, part) => context.refuse(what, text, `${path}.${part.name}`, part),
  );
  unique(
    parts,
    (part) => part.id,
    'id',
    (what, text, part) => context.refuse(what, text, `${path}.${part.name}`, part),
  );
  for (const field of fields) checkField(field, `${path}.${field.name}`, context);
  checkPlaces(fields, blockLength, (what, text, field) => context.refuse(what, text, `${path}.${field.name}`, field));
  for (const part of data) checkNamed(part, (what, text) => context.refuse(what, text, `${path}.${part.name}`, part));
  for (const group of groups) {
    const max = 2 ** (8 * slotSize(group.dimension.blockLength)) - 1;
    checkBlock(group, `${path}.${group.name}`, depth + 1, { ...context, maxBlock: max });
  }
}

function checkField(field: SbeField, path: string, context: Context): void {
  const fail: Fail = (what, text) => context.refuse(what, text, path, field);
  const { type, presence, constant, nullValue } = field;
  checkNamed(field, fail);
  context.counted.values += context.types.get(type) ?? checkFieldType(type, fail, context);
  if (context.counted.values > sbeLimits.values) fail('limit', `the schema has more than ${sbeLimits.values} values`);
  if (presence === 'constant') {
    if (constant === null) fail('constant', 'a constant has no value');
    if (type.kind === 'composite' || type.kind === 'set') fail('constant', `a ${type.kind} cannot be a constant`);
    if (typeof constant !== 'string' && !fits(type.primitive, constant))
      fail('constant', `${constant} is no ${type.primitive}`);
  } else if (type.kind === 'encoding' && type.presence === 'constant') {
    fail('constant', `type ${type.name} is constant, but the field is ${presence}`);
  }
  if (nullValue !== null && (type.kind === 'composite' || type.kind === 'set' || !fits(type.primitive, nullValue))) {
    fail('value', `null value ${nullValue} does not fit type ${type.name}`);
  }
}

/** Checks a type once, of however many fields; how many values it holds. */
function checkFieldType(type: SbeType, fail: Fail, context: Context): number {
  checkType(type, (what, text) => fail(what, `type ${type.name}: ${text}`));
  if (isVariable(type)) fail('type', `type ${type.name} is of variable length: only data can have it`);
  const count = countValues(type, fail);
  context.types.set(type, count);
  return count;
}

function checkComposite(type: SbeComposite, fail: Fail): void {
  countValues(type, fail);
  unique(type.members, (member) => member.name, 'member name', fail);
  checkPlaces(type.members, type.size, fail);
  if (type.size > sbeLimits.bytes) fail('limit', `${type.size} bytes, more than ${sbeLimits.bytes}`);
  for (const member of type.members) {
    const below: Fail = (what, text) => fail(what, `${member.name}: ${text}`);
    if (!isName(member.name)) below('name', 'the name is not a plain identifier');
    checkType(member.type, below);
  }
}

function checkEncoding(type: SbeType & { kind: 'encoding' }, fail: Fail): void {
  const { primitive, length, presence, constant } = type;
  if (!Number.isInteger(length) || length < 0 || length > sbeLimits.bytes) {
    fail('limit', `length ${length} is not from 0 to ${sbeLimits.bytes}`);
  }
  if (presence === 'constant') {
    if (constant === null) fail('constant', 'a constant has no value');
    const isText = typeof constant === 'string';
    if (isText && (primitive !== 'char' || constant.length > length))
      fail('constant', `"${constant}" is no ${primitive}`);
    if (!isText && (length !== 1 || !fits(primitive, constant)))
      fail('constant', `${constant} is no single ${primitive}`);
  }
  for (const value of [type.nullValue, type.minValue, type.maxValue]) {
    if (value !== null && !fits(primitive, value)) fail('value', `${value} is no ${primitive}`);
  }
  if (type.minValue !== null && type.maxValue !== null && type.minValue > type.maxValue) {
    fail('value', `minimum ${type.minValue} is above maximum ${type.maxValue}`);
  }
}

function checkEnum(type: SbeType & { kind: 'enum' }, fail: Fail): void {
  const { primitive, values, nullValue } = type;
  if (primitive === 'float' || primitive === 'double') fail('type', `an enum of ${primitive}`);
  if (values.length > sbeLimits.enumValues) fail('limit', `${values.length} values, more than ${sbeLimits.enumValues}`);
  if (nullValue !== null && !fits(primitive, nullValue)) fail('value', `null value ${nullValue} is no ${primitive}`);
  unique(values, (value) => value.name, 'value name', fail);
  unique(values, (value) => value.value, 'value', fail);
  for (const value of values) {
    checkNamed(value, fail);
    if (!fits(primitive, value.value)) fail('value', `${value.name}: ${value.value} is no ${primitive}`);
  }
}

function checkSet(type: SbeType & { kind: 'set' }, fail: Fail): void {
  const { primitive, choices } = type;
  const bits = setBits[primitive] ?? fail('type', `a set of ${primitive}: write uint8, uint16, uint32 or uint64`);
  unique(choices, (choice) => choice.name, 'choice name', fail);
  unique(choices, (choice) => choice.bit, 'bit', fail);
  for (const choice of choices) {
    checkNamed(choice, fail);
    const { bit } = choice;
    if (!Number.isInteger(bit) || bit < 0 || bit >= bits)
      fail('value', `${choice.name}: bit ${bit} is not in ${primitive}`);
  }
}

const setBits: Partial<Record<SbePrimitive, number>> = { uint8: 8, uint16: 16, uint32: 32, uint64: 64 };

function checkNamed(
  part: { readonly name: string; readonly sinceVersion: number; readonly deprecated: number | null },
  fail: Fail,
): void {
  if (!isName(part.name)) fail('name', `name "${part.name}" is not a plain identifier`);
  for (const version of [part.sinceVersion, part.deprecated ?? 0]) {
    if (!Number.isInteger(version) || version < 0 || version > maxVersion)
      fail('version', `${part.name}: version ${version}`);
  }
}

/** Values in a type, those of composites in composites counted. */
function countValues(type: SbeType, fail: Fail, depth = 0): number {
  if (type.kind !== 'composite') return 1;
  if (depth >= sbeLimits.nesting) fail('limit', `composites nested deeper than ${sbeLimits.nesting}`);
  let count = 0;
  for (const member of type.members) {
    count += countValues(member.type, fail, depth + 1);
    if (count > sbeLimits.members) fail('limit', `more than ${sbeLimits.members} values in one composite`);
  }
  return count;
}

interface Placed {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** Refuses parts that overlap or end behind `length`. */
function checkPlaces<P extends Placed>(
  parts: readonly P[],
  length: number,
  fail: (what: string, text: string, part: P) => never,
): void {
  const onWire = parts.filter(({ size }) => size > 0).sort((one, other) => one.offset - other.offset);
  let end = 0;
  let before = '';
  for (const part of onWire) {
    const { name, offset, size } = part;
    if (!Number.isInteger(offset) || offset < 0) fail('offset', `${name}: offset ${offset} is no place`, part);
    if (offset < end) fail('offset', `${name}: offset ${offset}, but ${before} ends at ${end}`, part);
    end = offset + size;
    before = name;
    if (end > length) fail('offset', `${name}: ends at ${end}, behind the block's length ${length}`, part);
  }
}

function unique<P extends { readonly name: string }>(
  parts: readonly P[],
  keyOf: (part: P) => string | SbeNumber,
  what: string,
  fail: (what: string, text: string, part: P) => never,
): void {
  const seen = new Map<string | SbeNumber, string>();
  for (const part of parts) {
    const key = keyOf(part);
    const other = seen.get(key);
    if (other !== undefined) fail('duplicate', `${part.name}: ${what} ${key} is that of ${other} too`, part);
    seen.set(key, part.name);
  }
}

function checkSlot(value: number, primitive: SbePrimitive, what: string, fail: Fail): void {
  if (!fits(primitive, value)) fail('value', `${what} ${value} does not fit the header's ${primitive}`);
}
