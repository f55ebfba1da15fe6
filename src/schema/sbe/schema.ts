/**
 * What a Simple Binary Encoding schema says, once read: types, fields, groups, messages, as plain data.
 *
 * FIX Simple Binary Encoding 1.0. Both ways in (an XML file, a table in TypeScript) end here, and everything that
 * reads or writes messages derives from here. Offsets are explicit, names are checked, every type is resolved; nothing
 * that a reader of this has to check again. 64-bit integers are BigInt: this is made once, at load.
 */

/** How one value is laid out on the wire. */
export type SbePrimitive =
  | 'char'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float'
  | 'double';

export type SbePresence = 'required' | 'optional' | 'constant';

/** A value as the schema tells it: BigInt for int64 and uint64, the code of a char, a number for the rest. */
export type SbeNumber = number | bigint;

/** What everything named in a schema may say of itself. */
export interface SbeNamed<Name extends string = string> {
  readonly name: Name;
  readonly description: string;
  readonly semanticType: string;
  /** The first version that has it; 0 where it was there from the start. */
  readonly sinceVersion: number;
  /** The version that deprecated it; null where none did. */
  readonly deprecated: number | null;
}

/** One value, an array of values, or text. */
export interface SbeEncoding<
  Primitive extends SbePrimitive = SbePrimitive,
  Length extends number = number,
  Presence extends SbePresence = SbePresence,
> extends SbeNamed {
  readonly kind: 'encoding';
  readonly primitive: Primitive;
  /** Elements: 1 for a single value, more for an array or text. */
  readonly length: Length;
  readonly presence: Presence;
  /** Of a constant: its value, text as a string. */
  readonly constant: SbeNumber | string | null;
  /** The value that stands for none: given, or SBE's default (NaN of floats); null where not optional. */
  readonly nullValue: SbeNumber | null;
  readonly minValue: SbeNumber | null;
  readonly maxValue: SbeNumber | null;
  /** As given, such as `UTF-8`; '' where not. */
  readonly characterEncoding: string;
}

export interface SbeEnumValue<Name extends string = string> extends SbeNamed<Name> {
  readonly value: SbeNumber;
  /** What it was called up to a version, as `{ 8: 'Final' }`, where it was renamed since. */
  readonly formerNames?: Readonly<Record<number, string>>;
}

export interface SbeEnum<
  Primitive extends SbePrimitive = SbePrimitive,
  Values extends readonly SbeEnumValue[] = readonly SbeEnumValue[],
> extends SbeNamed {
  readonly kind: 'enum';
  readonly primitive: Primitive;
  /** Null where its encoding is not optional. */
  readonly nullValue: SbeNumber | null;
  readonly values: Values;
}

export interface SbeChoice<Name extends string = string> extends SbeNamed<Name> {
  /** 0 is the least significant. */
  readonly bit: number;
  /** As of an enum's value. */
  readonly formerNames?: Readonly<Record<number, string>>;
}

/** A bitmap. */
export interface SbeSet<
  Primitive extends SbePrimitive = SbePrimitive,
  Choices extends readonly SbeChoice[] = readonly SbeChoice[],
> extends SbeNamed {
  readonly kind: 'set';
  /** uint8 to uint64. */
  readonly primitive: Primitive;
  readonly choices: Choices;
}

export interface SbeMember<Name extends string = string, Type extends SbeType = SbeType> {
  readonly name: Name;
  /** From the composite's first byte. */
  readonly offset: number;
  /** Bytes on the wire; 0 of a constant. */
  readonly size: number;
  readonly type: Type;
}

export interface SbeComposite<Members extends readonly SbeMember[] = readonly SbeMember[]> extends SbeNamed {
  readonly kind: 'composite';
  readonly members: Members;
  /** Bytes on the wire, padding inside included. */
  readonly size: number;
}

export type SbeType = SbeEncoding | SbeEnum | SbeSet | SbeComposite;

export interface SbeField<Name extends string = string, Type extends SbeType = SbeType> extends SbeNamed<Name> {
  /** The FIX tag. */
  readonly id: number;
  readonly type: Type;
  /** From the first byte of its block (the message's root or a group's entry). */
  readonly offset: number;
  /** Bytes on the wire; 0 of a constant. */
  readonly size: number;
  /** What the field says, else what its type says. */
  readonly presence: SbePresence;
  /** Of a constant field: its value (of an enum the value of the member that `valueRef` names); null of others. */
  readonly constant: SbeNumber | string | null;
  /** The value that stands for none, of an encoding or enum; null where there is none. */
  readonly nullValue: SbeNumber | null;
}

/** Where a number of a header stands. */
export interface SbeSlot {
  readonly offset: number;
  readonly primitive: SbePrimitive;
}

/** What stands before a group's entries. */
export interface SbeDimension {
  /** The composite's name, such as `groupSize8Byte`. */
  readonly name: string;
  readonly size: number;
  readonly blockLength: SbeSlot;
  readonly numInGroup: SbeSlot;
  /** The most entries that it can tell, or that the schema allows. */
  readonly maxEntries: number;
}

export interface SbeGroup<
  Name extends string = string,
  Fields extends readonly SbeField[] = readonly SbeField[],
  Groups extends readonly AnyGroup[] = readonly AnyGroup[],
  Data extends readonly SbeData[] = readonly SbeData[],
> extends SbeNamed<Name> {
  readonly id: number;
  readonly dimension: SbeDimension;
  /** Bytes of an entry's fields in this version; the wire's own length counts. */
  readonly blockLength: number;
  /** What the block length was up to a version, as `{ 9: 216 }`, where the block has grown since. */
  readonly formerLengths?: Readonly<Record<number, number>>;
  readonly fields: Fields;
  readonly groups: Groups;
  readonly data: Data;
}

/** A group whose own groups may be any; names the recursion, which a default cannot. */
export interface AnyGroup extends SbeGroup<string, readonly SbeField[], readonly AnyGroup[], readonly SbeData[]> {}

/** Variable-length data: a length, then so many bytes. */
export interface SbeData<Name extends string = string> extends SbeNamed<Name> {
  readonly id: number;
  readonly length: SbeSlot;
  readonly maxLength: number;
  /** From the first byte of the length's composite to the first byte of data. */
  readonly headerSize: number;
  /** Of text such as `UTF-8`; '' for bytes. */
  readonly characterEncoding: string;
}

export interface SbeMessage<
  Name extends string = string,
  Fields extends readonly SbeField[] = readonly SbeField[],
  Groups extends readonly AnyGroup[] = readonly AnyGroup[],
  Data extends readonly SbeData[] = readonly SbeData[],
> extends SbeNamed<Name> {
  /** The template id. */
  readonly id: number;
  /** Bytes of the root's fields in this version; the wire's own length counts. */
  readonly blockLength: number;
  /** As of a group. */
  readonly formerLengths?: Readonly<Record<number, number>>;
  readonly fields: Fields;
  /** In wire order, behind the root. */
  readonly groups: Groups;
  /** In wire order, behind the groups. */
  readonly data: Data;
  /** The last version that has it; null where the schema's own version does. */
  readonly untilVersion: number | null;
}

/** The header before every message. */
export interface SbeHeader {
  readonly size: number;
  readonly blockLength: SbeSlot;
  readonly templateId: SbeSlot;
  readonly schemaId: SbeSlot;
  readonly version: SbeSlot;
}

export interface SbeSchema<Messages extends readonly SbeMessage[] = readonly SbeMessage[]> {
  readonly package: string;
  readonly id: number;
  readonly version: number;
  readonly semanticVersion: string;
  readonly description: string;
  readonly byteOrder: 'littleEndian' | 'bigEndian';
  readonly header: SbeHeader;
  readonly messages: Messages;
}

/** Bytes of one value of each primitive. */
export const primitiveSizes: Readonly<Record<SbePrimitive, number>> = {
  char: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  float: 4,
  double: 8,
};

/** Bytes of a type on the wire; 0 of a constant. */
export function sizeOf(type: SbeType): number {
  if (type.kind === 'composite') return type.size;
  if (type.kind === 'encoding') return type.presence === 'constant' ? 0 : primitiveSizes[type.primitive] * type.length;
  return primitiveSizes[type.primitive];
}
