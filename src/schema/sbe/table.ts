/**
 * SBE schemas as tables in TypeScript: types, fields, groups and messages, written as an exchange's file lists them.
 *
 * FIX Simple Binary Encoding 1.0. What is written here keeps its names and primitives in its type, from which the types
 * of flyweights and values follow. Offsets and lengths are written out, and `schema` checks them all: a table that
 * contradicts itself throws `SchemaError` when it is built.
 *
 * ```ts
 * const exponent = constant('exponent', 'int8', -9);
 * const price = composite('Price', { mantissa: encoding('int64', 'int64'), exponent });
 * const side = enumeration('Side', 'uint8', { Buy: 1, Sell: 2, Cross: since(3, 4) });
 * const trade = message(7, 'Trade', 9, [field('Px', 31, price, 0), field('Side', 54, side, 8)]);
 * export const table = schema({ package: 'demo', id: 1, version: 3, header: messageHeader, messages: [trade] });
 * ```
 */
import { SchemaError } from '../../core/errors.js';
import {
  dataOf,
  dimensionOf,
  type EncodingParts,
  encodingOf,
  type Fail,
  type FieldParts,
  fieldOf,
  headerOf,
  layMembers,
  type NamedOptions,
  named,
} from './build.js';
import { checkSchema } from './check.js';
import { parseValue } from './primitives.js';
import type {
  AnyGroup,
  SbeChoice,
  SbeComposite,
  SbeData,
  SbeEncoding,
  SbeEnum,
  SbeEnumValue,
  SbeField,
  SbeGroup,
  SbeMember,
  SbeMessage,
  SbeNumber,
  SbePrimitive,
  SbeSchema,
  SbeSet,
  SbeType,
} from './schema.js';

/** A required value, or an array of them. */
export function encoding<const Primitive extends SbePrimitive, const Length extends number = 1>(
  name: string,
  primitive: Primitive,
  parts: EncodingParts & { readonly length?: Length } = {},
) {
  return encodingOf(name, primitive, parts) as SbeEncoding<Primitive, Length, 'required'>;
}

/** A value that may be none, by SBE's null value of the primitive where no other is given. */
export function optional<const Primitive extends SbePrimitive>(
  name: string,
  primitive: Primitive,
  nullValue?: SbeNumber,
  parts: EncodingParts = {},
) {
  return encodingOf(name, primitive, { ...parts, presence: 'optional', nullValue }) as SbeEncoding<
    Primitive,
    1,
    'optional'
  >;
}

/** A value that takes no place on the wire; a character or text is written as a string. */
export function constant<const Primitive extends SbePrimitive>(
  name: string,
  primitive: Primitive,
  value: SbeNumber | string,
  parts: EncodingParts = {},
) {
  const single = typeof value === 'string' && value.length === 1 ? parseValue(primitive, value) : value;
  return encodingOf(name, primitive, { ...parts, presence: 'constant', constant: single }) as SbeEncoding<
    Primitive,
    number,
    'constant'
  >;
}

/** Characters in a fixed number of bytes. */
export function text<const Length extends number>(name: string, length: Length, parts: EncodingParts = {}) {
  return encodingOf(name, 'char', { ...parts, length }) as SbeEncoding<'char', Length, 'required'>;
}

/** A value of an enum or choice of a set that came or was renamed after the first version. */
export interface Stated<Value> {
  readonly value: Value;
  readonly sinceVersion?: number;
  readonly formerNames?: Readonly<Record<number, string>>;
}

/** A value or choice that a later version brought. */
export function since<const Value extends SbeNumber | string>(sinceVersion: number, value: Value): Stated<Value> {
  return { value, sinceVersion };
}

/** A value or choice that had other names, each up to a version: `renamed(0, { 8: 'Final' })`. */
export function renamed<const Value extends SbeNumber | string>(
  value: Value,
  formerNames: Readonly<Record<number, string>>,
): Stated<Value> {
  return { value, formerNames };
}

/** Named values of a primitive, or of an optional encoding; those of a char are written as characters. */
export function enumeration<
  const Primitive extends SbePrimitive,
  const Values extends Readonly<Record<string, SbeNumber | string | Stated<SbeNumber | string>>>,
>(name: string, of: Primitive | SbeEncoding<Primitive>, values: Values, options: NamedOptions = {}) {
  const { primitive, nullValue } = typeof of === 'string' ? { primitive: of, nullValue: null } : of;
  const listed = Object.entries(values).map(([valueName, given]) => {
    const { value, ...stated } = typeof given === 'object' ? given : { value: given };
    const code = typeof value === 'string' ? parseValue(primitive, value) : value;
    if (code === null) throw new SchemaError('sbe-value', `enum ${name}: ${valueName}: "${value}" is no ${primitive}`);
    return { ...named(valueName, stated), ...formerly(stated), value: code };
  });
  type Names = keyof Values & string;
  return { kind: 'enum', ...named(name, options), primitive, nullValue, values: listed } as SbeEnum<
    Primitive,
    readonly SbeEnumValue<Names>[]
  >;
}

/** A bitmap: choices by the number of their bit. */
export function bitmap<
  const Primitive extends SbePrimitive,
  const Choices extends Readonly<Record<string, number | Stated<number>>>,
>(name: string, primitive: Primitive, choices: Choices, options: NamedOptions = {}) {
  const listed = Object.entries(choices).map(([choiceName, given]) => {
    const { value: bit, ...stated } = typeof given === 'object' ? given : { value: given };
    return { ...named(choiceName, stated), ...formerly(stated), bit };
  });
  type Names = keyof Choices & string;
  return { kind: 'set', ...named(name, options), primitive, choices: listed } as SbeSet<
    Primitive,
    readonly SbeChoice<Names>[]
  >;
}

/** A member of a composite that does not follow the one before it. */
export interface Placed<Type extends SbeType = SbeType> {
  readonly at: number;
  readonly type: Type;
}

/** Puts a member of a composite at an offset. */
export function at<const Type extends SbeType>(offset: number, type: Type): Placed<Type> {
  return { at: offset, type };
}

type Members<Parts extends Readonly<Record<string, SbeType | Placed>>> = readonly {
  [Name in keyof Parts & string]: SbeMember<Name, Parts[Name] extends Placed<infer Type> ? Type : TypeIn<Parts[Name]>>;
}[keyof Parts & string][];

type TypeIn<Part> = Part extends SbeType ? Part : never;

/** Members one behind the other, by name. */
export function composite<const Parts extends Readonly<Record<string, SbeType | Placed>>>(
  name: string,
  parts: Parts,
  options: NamedOptions = {},
) {
  const listed = Object.entries(parts).map(([memberName, part]) =>
    'at' in part ? { name: memberName, type: part.type, offset: part.at } : { name: memberName, type: part },
  );
  return { kind: 'composite', ...named(name, options), ...layMembers(listed) } as unknown as SbeComposite<
    Members<Parts>
  >;
}

/** A field at an offset of its block; a constant one takes no place, its offset is passed over. */
export function field<const Name extends string, const Type extends SbeType>(
  name: Name,
  id: number,
  type: Type,
  offset: number,
  parts: Omit<FieldParts, 'id'> = {},
) {
  return fieldOf(name, type, offset, { ...parts, id }) as SbeField<Name, Type>;
}

/** What a group or message holds behind its fields. */
export interface BlockParts<Groups extends readonly AnyGroup[], Data extends readonly SbeData[]> extends NamedOptions {
  readonly groups?: Groups;
  readonly data?: Data;
  /** What the block length was up to a version, as `{ 9: 216 }`. */
  readonly formerLengths?: Readonly<Record<number, number>>;
}

/** A repeating group; `dimension` is the composite of `blockLength` and `numInGroup` before its entries. */
export function group<
  const Name extends string,
  const Fields extends readonly SbeField[],
  const Groups extends readonly AnyGroup[] = readonly [],
  const Data extends readonly SbeData[] = readonly [],
>(
  name: Name,
  id: number,
  dimension: SbeComposite,
  blockLength: number,
  fields: Fields,
  parts: BlockParts<Groups, Data> = {},
) {
  const { groups = [], data = [], formerLengths } = parts;
  const block = { blockLength, ...(formerLengths && { formerLengths }), fields, groups, data };
  return {
    ...named(name, parts),
    id,
    dimension: dimensionOf(dimension, failIn(name)),
    ...block,
  } as unknown as SbeGroup<Name, Fields, Groups, Data>;
}

/** Variable-length data; `type` is the composite of `length` and `varData`. */
export function data<const Name extends string>(
  name: Name,
  id: number,
  type: SbeComposite,
  options: NamedOptions = {},
) {
  return dataOf(name, type, { ...options, id }, failIn(name)) as SbeData<Name>;
}

/** A message: its template id, the length of its root block, its root's fields. */
export function message<
  const Name extends string,
  const Fields extends readonly SbeField[],
  const Groups extends readonly AnyGroup[] = readonly [],
  const Data extends readonly SbeData[] = readonly [],
>(
  id: number,
  name: Name,
  blockLength: number,
  fields: Fields,
  parts: BlockParts<Groups, Data> & { readonly untilVersion?: number | null } = {},
) {
  const { groups = [], data = [], untilVersion = null, formerLengths } = parts;
  const block = { blockLength, ...(formerLengths && { formerLengths }), fields, groups, data };
  return { ...named(name, parts), id, ...block, untilVersion } as unknown as SbeMessage<Name, Fields, Groups, Data>;
}

/** The parts of a schema; `header` is the composite of `blockLength`, `templateId`, `schemaId` and `version`. */
export interface SchemaParts<Messages extends readonly SbeMessage[]> {
  readonly package: string;
  readonly id: number;
  readonly version: number;
  readonly semanticVersion?: string;
  readonly description?: string;
  readonly byteOrder?: 'littleEndian' | 'bigEndian';
  readonly header: SbeComposite;
  readonly messages: Messages;
}

/** Builds a schema and checks it whole, unless that is done elsewhere: built-in tables are checked by a test. */
export function schema<const Messages extends readonly SbeMessage[]>(
  parts: SchemaParts<Messages>,
  isChecked = false,
): SbeSchema<Messages> {
  const { semanticVersion = '', description = '', byteOrder = 'littleEndian' } = parts;
  const header = headerOf(parts.header, failIn(parts.package));
  const built = { ...parts, semanticVersion, description, byteOrder, header };
  if (!isChecked) checkTable(built);
  return built;
}

/** Checks a schema whole; throws SchemaError where it contradicts itself. */
export function checkTable(built: SbeSchema): void {
  checkSchema(built, (what, reason, path) => failIn(`${built.package} ${path}`)(what, reason));
}

function formerly(stated: Partial<Stated<unknown>>): { formerNames?: Readonly<Record<number, string>> } {
  return stated.formerNames === undefined ? {} : { formerNames: stated.formerNames };
}

function failIn(place: string): Fail {
  return (what, reason) => {
    throw new SchemaError(`sbe-${what}`, `${place}: ${reason}`);
  };
}
