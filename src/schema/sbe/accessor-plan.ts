/**
 * Which accessors a block of a schema has, and how each reads: what the compiled flyweights, the interpreted ones and
 * the TypeScript types have in common.
 *
 * A field gives the accessor of its name and others derived from it (`…IsNull`, `…High`, `…Code`, one a choice of a
 * set). Names of fields, groups and data come first; a derived name that is taken is left out. A field whose name a
 * flyweight needs for itself has an underscore behind it.
 */
import { SchemaError } from '../../core/errors.js';
import { wordLengths } from '../field.js';
import { constantAccessors, constantType } from './accessor-constant.js';
import { isName } from './check.js';
import { decimalOf } from './decimal.js';
import { isWide } from './read.js';
import type {
  AnyGroup,
  SbeComposite,
  SbeData,
  SbeEncoding,
  SbeEnum,
  SbeField,
  SbeNumber,
  SbePrimitive,
  SbeSet,
  SbeType,
} from './schema.js';

/** How an accessor reads the bytes at its place. What an absent field gives stands behind each. */
export type SbeRead =
  /** A number; NaN where null. NaN. */
  | { readonly kind: 'number'; readonly primitive: SbePrimitive; readonly nullValue: SbeNumber | null }
  /** The mantissa times ten to the exponent; NaN where null. NaN. */
  | {
      readonly kind: 'decimal';
      readonly primitive: SbePrimitive;
      readonly nullValue: SbeNumber | null;
      readonly exponent: number;
    }
  /** 32 bits of 64. NaN. */
  | { readonly kind: 'high' | 'low'; readonly primitive: SbePrimitive }
  /** Whether it is null. True. */
  | { readonly kind: 'isNull'; readonly primitive: SbePrimitive; readonly nullValue: SbeNumber | null }
  /** One character; '' where null or NUL. ''. */
  | { readonly kind: 'character'; readonly nullValue: SbeNumber | null }
  /** Text up to the first NUL, trimmed on the right. ''. */
  | { readonly kind: 'text'; readonly length: number; readonly characterEncoding: string }
  /** Up to four bytes, most significant first in either byte order. NaN. */
  | { readonly kind: 'word'; readonly length: number }
  /** A new array. Empty. */
  | {
      readonly kind: 'array';
      readonly primitive: SbePrimitive;
      readonly nullValue: SbeNumber | null;
      readonly length: number;
    }
  /** A method: one element by index; NaN beyond the last. NaN. */
  | {
      readonly kind: 'element';
      readonly primitive: SbePrimitive;
      readonly nullValue: SbeNumber | null;
      readonly length: number;
    }
  /** The name of an enum's value; null where null or unknown to the version. Null. */
  | {
      readonly kind: 'enum';
      readonly primitive: SbePrimitive;
      readonly nullValue: SbeNumber | null;
      readonly values: SbeEnum['values'];
    }
  /** One bit of a set; false where unknown to the version. False. */
  | { readonly kind: 'choice'; readonly primitive: SbePrimitive; readonly bit: number; readonly since: number }
  /** Always the same. */
  | { readonly kind: 'constant'; readonly value: SbeConstant; readonly absent: SbeConstant };

/** What a constant accessor gives. */
export type SbeConstant = number | string | boolean | null | readonly number[];

/** One accessor of a block's field. */
export interface SbeAccessor {
  readonly name: string;
  /** From the block's first byte. */
  readonly offset: number;
  /** Where the whole field ends: a shorter block does not have it. */
  readonly end: number;
  /** The first version that has the field. */
  readonly since: number;
  readonly read: SbeRead;
}

/** What a block gives: the root or a group's entry. */
export interface BlockLike {
  readonly fields: readonly SbeField[];
  readonly groups: readonly AnyGroup[];
  readonly data: readonly SbeData[];
}

/** Names that a flyweight or a group's cursor needs for itself. */
const reservedNames: ReadonlySet<string> = new Set(
  'view offset version blockLength templateId schemaId name wrap count index next constructor __proto__'.split(' '),
);

/** The accessor of a field, group or data of this name. */
export function accessorName(name: string): string {
  return reservedNames.has(checkName(name)) ? `${name}_` : name;
}

/** The name, held to what may enter a source once more: schemas made by hand need not have been checked. */
export function checkName(name: string): string {
  if (!isName(name)) throw new SchemaError('sbe-name', `"${name}" is not a plain identifier`);
  return name;
}

/** Accessors of a block's fields, each name once. */
export function accessorsOf(block: BlockLike): SbeAccessor[] {
  const main = new Set([...block.fields, ...block.groups, ...block.data].map(({ name }) => accessorName(name)));
  const taken = new Set([...reservedNames, ...main]);
  for (const { name } of block.data)
    for (const suffix of ['Offset', 'Length']) taken.add(`${accessorName(name)}${suffix}`);
  const accessors: SbeAccessor[] = [];
  for (const field of block.fields) {
    for (const accessor of fieldAccessors(field)) {
      const isMain = accessor.name === accessorName(field.name);
      if (!isMain && taken.has(accessor.name)) continue;
      taken.add(accessor.name);
      accessors.push(accessor);
    }
  }
  return accessors;
}

/** Accessors of a block's data beside its own; those whose name a field has are left out. */
export function dataAccessorNames(block: BlockLike, data: SbeData): { offset: string | null; length: string | null } {
  const main = new Set([...block.fields, ...block.groups, ...block.data].map(({ name }) => accessorName(name)));
  const [offset, length] = [`${accessorName(data.name)}Offset`, `${accessorName(data.name)}Length`];
  return { offset: main.has(offset) ? null : offset, length: main.has(length) ? null : length };
}

function fieldAccessors(field: SbeField): SbeAccessor[] {
  const { type, sinceVersion: since, offset } = field;
  const name = accessorName(field.name);
  const isConstant = field.presence === 'constant';
  const accessors = isConstant ? constants(name, type, field.constant) : null;
  const end = accessors === null ? offset + field.size : 0;
  return (accessors ?? typed(name, offset, type, field.nullValue)).map((one) => ({ ...one, end, since }));
}

/** An accessor before it is known which field it belongs to. */
export type TypedAccessor = Pick<SbeAccessor, 'name' | 'offset' | 'read'>;

/** Accessors of a constant; null where there is none. */
function constants(name: string, type: SbeType, constant: SbeNumber | string | null): TypedAccessor[] | null {
  const roomy = constant === null ? undefined : constantType(type, constant);
  if (roomy === undefined || constant === null) return null;
  return constantAccessors(typed(name, 0, roomy, null), roomy, constant);
}

function typed(name: string, offset: number, type: SbeType, nullValue: SbeNumber | null): TypedAccessor[] {
  switch (type.kind) {
    case 'encoding':
      return encodingAccessors(name, offset, type, nullValue);
    case 'enum':
      return enumAccessors(name, offset, type, nullValue);
    case 'set':
      return setAccessors(name, offset, type);
    default:
      return compositeAccessors(name, offset, type);
  }
}

function encodingAccessors(
  name: string,
  offset: number,
  type: SbeEncoding,
  nullValue: SbeNumber | null,
): TypedAccessor[] {
  const { primitive, length, characterEncoding } = type;
  if (primitive === 'char') {
    if (length === 1) {
      const code = { kind: 'number', primitive, nullValue: null } as const;
      return [
        { name, offset, read: { kind: 'character', nullValue } },
        { name: `${name}Code`, offset, read: code },
      ];
    }
    const words = wordLengths(length).map(
      (bytes, index): TypedAccessor => ({
        name: `${name}Word${index}`,
        offset: offset + index * 4,
        read: { kind: 'word', length: bytes },
      }),
    );
    return [{ name, offset, read: { kind: 'text', length, characterEncoding } }, ...words];
  }
  if (length > 1) {
    return [
      { name, offset, read: { kind: 'array', primitive, nullValue, length } },
      { name: `${name}At`, offset, read: { kind: 'element', primitive, nullValue, length } },
    ];
  }
  return [
    { name, offset, read: { kind: 'number', primitive, nullValue } },
    ...halves(name, offset, primitive),
    { name: `${name}IsNull`, offset, read: { kind: 'isNull', primitive, nullValue } },
  ];
}

function enumAccessors(name: string, offset: number, type: SbeEnum, nullValue: SbeNumber | null): TypedAccessor[] {
  const { primitive, values } = type;
  for (const value of values) checkName(value.name);
  return [
    { name, offset, read: { kind: 'enum', primitive, nullValue, values } },
    { name: `${name}Code`, offset, read: { kind: 'number', primitive, nullValue: null } },
  ];
}

function setAccessors(name: string, offset: number, { primitive, choices }: SbeSet): TypedAccessor[] {
  return [
    { name, offset, read: { kind: 'number', primitive, nullValue: null } },
    ...halves(name, offset, primitive),
    ...choices.map(
      (choice): TypedAccessor => ({
        name: `${name}${checkName(choice.name)}`,
        offset,
        read: { kind: 'choice', primitive, bit: choice.bit, since: choice.sinceVersion },
      }),
    ),
  ];
}

function compositeAccessors(name: string, offset: number, type: SbeComposite): TypedAccessor[] {
  const decimal = decimalOf(type);
  if (decimal === null) {
    return type.members.flatMap((member) => {
      const inner = member.type;
      const path = `${name}${capitalised(member.name)}`;
      const isConstant = inner.kind === 'encoding' && inner.presence === 'constant';
      const nullValue = inner.kind === 'encoding' || inner.kind === 'enum' ? inner.nullValue : null;
      return (
        (isConstant ? constants(path, inner, inner.constant) : null) ??
        typed(path, offset + member.offset, inner, nullValue)
      );
    });
  }
  const { mantissa, exponent } = decimal;
  const { primitive, nullValue } = mantissa.type;
  const at = offset + mantissa.offset;
  return [
    { name, offset: at, read: { kind: 'decimal', primitive, nullValue, exponent } },
    { name: `${name}Mantissa`, offset: at, read: { kind: 'number', primitive, nullValue } },
    ...halves(`${name}Mantissa`, at, primitive),
    { name: `${name}IsNull`, offset: at, read: { kind: 'isNull', primitive, nullValue } },
  ];
}

function halves(name: string, offset: number, primitive: SbePrimitive): TypedAccessor[] {
  if (!isWide(primitive)) return [];
  return [
    { name: `${name}High`, offset, read: { kind: 'high', primitive } },
    { name: `${name}Low`, offset, read: { kind: 'low', primitive } },
  ];
}

function capitalised(name: string): string {
  checkName(name);
  return name.charAt(0).toUpperCase() + name.slice(1);
}
