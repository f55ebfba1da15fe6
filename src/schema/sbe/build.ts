/**
 * Parts of a schema, completed: what both ways in (an XML file, a table in TypeScript) leave to SBE's rules.
 *
 * FIX Simple Binary Encoding 1.0: default null values and ranges, constants, where members and fields lie that give no
 * offset, what a header, a group's dimension and variable-length data are made of. The caller's `fail` says where.
 */

import { defaultNull, defaultRange, wireRange } from './primitives.js';
import type {
  SbeComposite,
  SbeData,
  SbeDimension,
  SbeEncoding,
  SbeField,
  SbeHeader,
  SbeMember,
  SbeNamed,
  SbeNumber,
  SbePresence,
  SbePrimitive,
  SbeSlot,
  SbeType,
} from './schema.js';
import { primitiveSizes, sizeOf } from './schema.js';

/** Throws `SchemaError` with the code `sbe-` + `what`, naming the place. */
export type Fail = (what: string, text: string) => never;

/** What may be said of anything named. */
export interface NamedOptions {
  readonly description?: string;
  readonly semanticType?: string;
  readonly sinceVersion?: number;
  readonly deprecated?: number | null;
}

/** What an encoding says; what is left out follows from the primitive. */
export interface EncodingParts extends NamedOptions {
  readonly length?: number;
  readonly presence?: SbePresence;
  readonly constant?: SbeNumber | string | null;
  readonly nullValue?: SbeNumber | null;
  readonly minValue?: SbeNumber | null;
  readonly maxValue?: SbeNumber | null;
  readonly characterEncoding?: string;
}

/** What a field says beyond its type. */
export interface FieldParts extends NamedOptions {
  readonly id: number;
  readonly presence?: SbePresence;
  /** Of a constant field whose type is none. */
  readonly constant?: SbeNumber | string | null;
  readonly nullValue?: SbeNumber | null;
}

/** The members that everything named has. */
export function named<const Name extends string>(name: Name, options: NamedOptions): SbeNamed<Name> {
  const { description = '', semanticType = '', sinceVersion = 0, deprecated = null } = options;
  return { name, description, semanticType, sinceVersion, deprecated };
}

/** An encoding with SBE's defaults: null value where optional, range where on the wire. */
export function encodingOf(name: string, primitive: SbePrimitive, parts: EncodingParts): SbeEncoding {
  const { presence = 'required', constant = null, length = 1, characterEncoding = '' } = parts;
  const isConstant = presence === 'constant';
  const range = isConstant ? null : defaultRange(primitive);
  return {
    kind: 'encoding',
    ...named(name, parts),
    primitive,
    length: isConstant && typeof constant === 'string' ? Math.max(length, constant.length) : length,
    presence,
    constant: isConstant ? constant : null,
    nullValue: presence === 'optional' ? (parts.nullValue ?? defaultNull(primitive)) : null,
    minValue: isConstant ? null : (parts.minValue ?? range?.[0] ?? null),
    maxValue: isConstant ? null : (parts.maxValue ?? range?.[1] ?? null),
    characterEncoding,
  };
}

/** The presence that a type gives its fields; of a composite: optional where all of it on the wire may be none. */
export function presenceOf(type: SbeType): SbePresence {
  if (type.kind === 'encoding') return type.presence;
  if (type.kind === 'enum') return type.nullValue === null ? 'required' : 'optional';
  if (type.kind === 'set') return 'required';
  const onWire = type.members.filter(({ size }) => size > 0);
  return onWire.length > 0 && onWire.every((member) => presenceOf(member.type) === 'optional')
    ? 'optional'
    : 'required';
}

/** A field at its place; a constant one takes none. */
export function fieldOf(name: string, type: SbeType, offset: number, parts: FieldParts): SbeField {
  const presence = parts.presence ?? presenceOf(type);
  const isConstant = presence === 'constant';
  const canBeNone = presence === 'optional' && (type.kind === 'encoding' || type.kind === 'enum');
  // Member by member: spread over a thousand fields, the cost of spreading shows at start-up.
  return {
    name,
    description: parts.description ?? '',
    semanticType: parts.semanticType ?? '',
    sinceVersion: parts.sinceVersion ?? 0,
    deprecated: parts.deprecated ?? null,
    id: parts.id,
    type,
    offset: isConstant ? 0 : offset,
    size: isConstant ? 0 : sizeOf(type),
    presence,
    constant: isConstant ? (parts.constant ?? (type.kind === 'encoding' ? type.constant : null)) : null,
    nullValue: canBeNone ? (parts.nullValue ?? type.nullValue ?? defaultNull(type.primitive)) : null,
  };
}

/** Members one behind the other where they give no offset, and what they take together. */
export function layMembers<Type extends SbeType>(
  members: readonly { readonly name: string; readonly type: Type; readonly offset?: number }[],
): { members: SbeMember<string, Type>[]; size: number } {
  let end = 0;
  let size = 0;
  const laid = members.map(({ name, type, offset }) => {
    const bytes = sizeOf(type);
    const start = bytes === 0 ? 0 : (offset ?? end);
    // Data's bytes (length 0) start where the length ends.
    const isData = type.kind === 'encoding' && type.length === 0;
    if (bytes > 0) end = start + bytes;
    size = Math.max(size, end);
    return { name, offset: isData ? (offset ?? end) : start, size: bytes, type };
  });
  return { members: laid, size };
}

/** The header of messages that a composite describes. */
export function headerOf(composite: SbeComposite, fail: Fail): SbeHeader {
  const slot = (name: string): SbeSlot => slotOf(composite, name, fail);
  return {
    size: composite.size,
    blockLength: slot('blockLength'),
    templateId: slot('templateId'),
    schemaId: slot('schemaId'),
    version: slot('version'),
  };
}

/** The dimension of a group that a composite describes. */
export function dimensionOf(composite: SbeComposite, fail: Fail): SbeDimension {
  const blockLength = slotOf(composite, 'blockLength', fail);
  const numInGroup = slotOf(composite, 'numInGroup', fail);
  const maxEntries = mostOf(composite, 'numInGroup', numInGroup);
  return { name: composite.name, size: composite.size, blockLength, numInGroup, maxEntries };
}

/** Variable-length data that a composite of `length` and `varData` describes. */
export function dataOf(
  name: string,
  composite: SbeComposite,
  parts: NamedOptions & { readonly id: number },
  fail: Fail,
): SbeData {
  const bytes = composite.members.find((member) => member.name === 'varData');
  if (bytes?.type.kind !== 'encoding') {
    fail('data', `type ${composite.name} has no member "varData": data is a composite of "length" and "varData"`);
  }
  const length = slotOf(composite, 'length', fail);
  const { characterEncoding } = bytes.type;
  const maxLength = mostOf(composite, 'length', length);
  return { ...named(name, parts), id: parts.id, length, maxLength, headerSize: bytes.offset, characterEncoding };
}

/** Whether a composite holds bytes of variable length somewhere, so that it can be data only. */
export function isVariable(type: SbeType): boolean {
  if (type.kind === 'composite') return type.members.some((member) => isVariable(member.type));
  return type.kind === 'encoding' && type.length === 0;
}

function slotOf(composite: SbeComposite, name: string, fail: Fail): SbeSlot {
  const member = composite.members.find((candidate) => candidate.name === name);
  if (member === undefined) fail('type', `type ${composite.name} has no member "${name}"`);
  const { type, offset } = member;
  if (type.kind !== 'encoding' || !/^uint(8|16|32)$/.test(type.primitive) || type.length !== 1 || member.size === 0) {
    fail('type', `member "${name}" of type ${composite.name} is not a single uint8, uint16 or uint32`);
  }
  return { offset, primitive: type.primitive };
}

/** The most that a slot can tell: as its type says, else all of its bits (SBE's default leaves the highest out). */
function mostOf(composite: SbeComposite, name: string, { primitive }: SbeSlot): number {
  const type = composite.members.find((member) => member.name === name)?.type;
  const given = type?.kind === 'encoding' ? type.maxValue : null;
  const [, all] = wireRange(primitive) ?? [0, 0];
  return given === null || given === defaultRange(primitive)?.[1] ? Number(all) : Number(given);
}

/** Bytes of a slot of a header. */
export function slotSize(slot: SbeSlot): number {
  return primitiveSizes[slot.primitive];
}
