/**
 * Field primitives: what one field of a message is, where it lies and how it reads.
 *
 * Offsets are written out, as the specifications print them, and checked when the message is built (`table.ts`). What
 * is known of a field (unit, decimals, enumeration) sits on the field, so that every writer and reader shares it.
 */

/** How a field's bytes are read: unsigned big-endian integers, one Latin-1 character, or padded Latin-1 text. */
export type FieldKind = 'u8' | 'u16' | 'u32' | 'u48' | 'u64' | 'char' | 'alpha';

/** Codes and their meanings; a code of all spaces is written as `' '` for a character and `''` for text. */
export type Enumeration = Readonly<Record<string, string>>;

/** What may be said of a field beyond its name and place. */
export interface FieldOptions {
  /** Unit of the raw value, such as `ns since midnight`. */
  readonly unit?: string;
  /** Decimal places of a fixed-point number: 4 reads 123400 as 12.3400. */
  readonly decimals?: number;
  readonly values?: Enumeration;
  readonly note?: string;
}

/** One field of a message; `offset` counts from the message's first byte. */
export interface Field<Name extends string = string, Kind extends FieldKind = FieldKind, Length extends number = number>
  extends FieldOptions {
  readonly name: Name;
  readonly kind: Kind;
  readonly offset: number;
  readonly length: Length;
}

/** An unsigned 8-bit integer. */
export function u8<const Name extends string>(name: Name, offset: number, options: FieldOptions = {}) {
  return field(name, 'u8', offset, 1, options);
}

/** An unsigned 16-bit integer. */
export function u16<const Name extends string>(name: Name, offset: number, options: FieldOptions = {}) {
  return field(name, 'u16', offset, 2, options);
}

/** An unsigned 32-bit integer. */
export function u32<const Name extends string>(name: Name, offset: number, options: FieldOptions = {}) {
  return field(name, 'u32', offset, 4, options);
}

/** An unsigned 48-bit integer; exact as a number. */
export function u48<const Name extends string>(name: Name, offset: number, options: FieldOptions = {}) {
  return field(name, 'u48', offset, 6, options);
}

/** An unsigned 64-bit integer: two 32-bit halves, and a number that is exact below 2^53. */
export function u64<const Name extends string>(name: Name, offset: number, options: FieldOptions = {}) {
  return field(name, 'u64', offset, 8, options);
}

/** One Latin-1 character, with the meanings of its codes. */
export function char<const Name extends string>(
  name: Name,
  offset: number,
  values?: Enumeration,
  options: FieldOptions = {},
) {
  return field(name, 'char', offset, 1, values === undefined ? options : { ...options, values });
}

/** Latin-1 text, left justified and padded on the right with spaces. */
export function alpha<const Name extends string, const Length extends number>(
  name: Name,
  offset: number,
  length: Length,
  options: FieldOptions = {},
) {
  return field(name, 'alpha', offset, length, options);
}

/** Lengths in bytes of the 32-bit words (the last may be shorter) in which text is read without allocation. */
export function wordLengths(length: number): number[] {
  const words: number[] = [];
  for (let left = length; left > 0; left -= 4) words.push(Math.min(left, 4));
  return words;
}

/** Names of the accessors that a field gets on its flyweight, the field's own name first. */
export function accessorNames(field: Field): string[] {
  const { name, kind } = field;
  if (kind === 'u48' || kind === 'u64') return [name, `${name}High`, `${name}Low`];
  if (kind === 'char') return [name, `${name}Code`];
  if (kind === 'alpha') return [name, ...wordLengths(field.length).map((_, index) => `${name}Word${index}`)];
  return [name];
}

function field<Name extends string, Kind extends FieldKind, Length extends number>(
  name: Name,
  kind: Kind,
  offset: number,
  length: Length,
  options: FieldOptions,
): Field<Name, Kind, Length> {
  return { name, kind, offset, length, ...options };
}
