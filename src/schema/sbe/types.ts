/** TypeScript types that follow from a schema's literal: flyweights, cursors of groups and handlers. */
import type { SbeCursorBase, SbeFaultHandler, SbeFlyweightBase, SbeUnknownHandler } from './flyweight.js';
import type {
  AnyGroup,
  SbeComposite,
  SbeData,
  SbeEncoding,
  SbeEnum,
  SbeField,
  SbeMember,
  SbeMessage,
  SbeSchema,
  SbeSet,
  SbeType,
} from './schema.js';

/**
 * A flyweight with the accessors of its fields, groups and data, under the schema's names. A value that is null, or
 * absent from the message's version or block length, reads as NaN (numbers), '' (text), null (names of enums), or false
 * (choices of sets).
 *
 * Integers and floats read as numbers and tell `…IsNull`; 64-bit ones are exact below 2^53 and give `…High` and
 * `…Low`, always exact. Decimals read scaled, and as `…Mantissa` with its halves. Enums read as their value's name
 * (the one that the schema has now, where it was renamed) and as `…Code`; sets as a number, and as one boolean a
 * choice, `…` and the choice's name. A character reads as a string and as `…Code`; text as a string, which allocates,
 * and without allocation as big-endian `…Word0`, `…Word1` of four bytes each. Other arrays read as a new array, and by
 * index through `…At`. Members of other composites read as fields named for both. A group reads as its cursor,
 * rewound. Data reads as text, or as bytes (a view, not a copy), and tells `…Offset` and `…Length`.
 */
export type SbeFlyweight<M extends SbeMessage = SbeMessage> = SbeFlyweightBase<M['name']> & SbeAccessors<M>;

/** A group's cursor with the accessors of its entries. */
export type SbeCursor<G extends AnyGroup = AnyGroup> = SbeCursorBase & SbeAccessors<G>;

/**
 * What to do with each message, by its name; a message without a handler is checked and passed over. Of a schema whose
 * messages are not known to the compiler (read from XML) any name is taken, and the handlers say what they expect.
 */
export type SbeHandlers<S extends SbeSchema = SbeSchema> = string extends S['messages'][number]['name']
  ? { readonly [name: string]: ((...values: never[]) => void) | undefined } & SbeRest
  : { [M in S['messages'][number] as M['name']]?: (message: SbeFlyweight<M>) => void } & SbeRest;

/** Names of a schema's messages. */
export type SbeMessageName<S extends SbeSchema> = S['messages'][number]['name'];

/** Handlers of what no message's handler gets. */
export interface SbeRest {
  /** The header is cut short, of another schema or of an unknown template. */
  onUnknown?: SbeUnknownHandler;
  /** The message does not fit its bytes. */
  onFault?: SbeFaultHandler;
}

/** Accessors of a root or an entry. */
export type SbeAccessors<B extends Block> = FieldAccessors<LeafOf<B['fields'][number]>, MainName<B>> & {
  readonly [G in B['groups'][number] as Accessor<G['name']>]: SbeCursor<G>;
} & {
  readonly [D in B['data'][number] as Accessor<D['name']>]: string | Uint8Array;
} & {
  readonly [D in B['data'][number] as `${Accessor<D['name']>}${'Offset' | 'Length'}`]: number;
};

interface Block {
  readonly fields: readonly SbeField[];
  readonly groups: readonly AnyGroup[];
  readonly data: readonly SbeData[];
}

type ReservedName =
  | 'view'
  | 'offset'
  | 'version'
  | 'blockLength'
  | 'templateId'
  | 'schemaId'
  | 'name'
  | 'wrap'
  | 'count'
  | 'index'
  | 'next'
  | 'constructor'
  | '__proto__';

type Accessor<Name extends string> = Name extends ReservedName ? `${Name}_` : Name;

type MainName<B extends Block> = Accessor<(B['fields'] | B['groups'] | B['data'])[number]['name']>;

/** One value that has accessors: a field, or a member of a composite that is no decimal. */
interface Leaf<Name extends string = string, Type extends SbeType = SbeType> {
  readonly name: Name;
  readonly type: Type;
}

type LeafOf<F> = F extends { readonly name: infer N extends string; readonly type: infer T extends SbeType }
  ? LeavesOf<Accessor<N>, T>
  : never;

type LeavesOf<Name extends string, T extends SbeType> =
  T extends SbeComposite<infer Members>
    ? string extends Members[number]['name']
      ? never
      : IsDecimal<Members> extends true
        ? Leaf<Name, T>
        : MemberLeaves<Name, Members[number]>
    : Leaf<Name, T>;

type MemberLeaves<Name extends string, M> =
  M extends SbeMember<infer Inner, infer T> ? LeavesOf<`${Name}${Capitalize<Inner>}`, T> : never;

/** A mantissa and a constant exponent, nothing else. */
type IsDecimal<Members extends readonly SbeMember[]> =
  Exclude<Members[number]['name'], 'mantissa' | 'exponent'> extends never
    ? Extract<Members[number], { name: 'exponent'; type: { presence: 'constant' } }> extends never
      ? false
      : Extract<Members[number], { name: 'mantissa' }> extends never
        ? false
        : true
    : false;

type FieldAccessors<L extends Leaf, Main extends string> = {
  readonly [K in L as K['name']]: ValueOf<K['type']>;
} & {
  readonly [K in L as Exclude<NumberName<K['name'], K['type']>, Main>]: number;
} & {
  readonly [K in L as Exclude<BooleanName<K['name'], K['type']>, Main | NumberNames<L>>]: boolean;
} & {
  readonly [K in L as Exclude<ElementName<K['name'], K['type']>, Main>]: (index: number) => number;
};

type ValueOf<T extends SbeType> =
  T extends SbeEnum<infer _, infer Values>
    ? Values[number]['name'] | null
    : T extends SbeEncoding<infer Primitive, infer Length>
      ? Primitive extends 'char'
        ? string
        : IsSingle<Length> extends true
          ? number
          : readonly number[]
      : number;

/** One value and no array; so is what the compiler does not know the length of. */
type IsSingle<Length extends number> = number extends Length ? true : Length extends 1 ? true : false;

type LongName<Name extends string> = `${Name}High` | `${Name}Low`;

type NumberName<Name extends string, T extends SbeType> =
  T extends SbeEncoding<infer Primitive, infer Length>
    ? Primitive extends 'char'
      ? IsSingle<Length> extends true
        ? `${Name}Code`
        : `${Name}Word${number}`
      : Primitive extends 'int64' | 'uint64'
        ? IsSingle<Length> extends true
          ? LongName<Name>
          : never
        : never
    : T extends SbeEnum
      ? `${Name}Code`
      : T extends SbeSet<'uint64'>
        ? LongName<Name>
        : T extends SbeComposite
          ? DecimalName<Name, T>
          : never;

/** All of them: a choice that shares one's name is left out, where the two would cancel the whole type. */
type NumberNames<L extends Leaf> = L extends Leaf ? NumberName<L['name'], L['type']> : never;

type DecimalName<Name extends string, T extends SbeComposite> =
  Extract<T['members'][number], { name: 'mantissa' }> extends SbeMember<string, SbeEncoding<infer Primitive>>
    ? `${Name}Mantissa` | (Primitive extends 'int64' | 'uint64' ? LongName<`${Name}Mantissa`> : never)
    : never;

type BooleanName<Name extends string, T extends SbeType> =
  T extends SbeEncoding<infer Primitive, infer Length>
    ? Primitive extends 'char'
      ? never
      : IsSingle<Length> extends true
        ? `${Name}IsNull`
        : never
    : T extends SbeSet<infer _, infer Choices>
      ? `${Name}${Choices[number]['name']}`
      : T extends SbeComposite
        ? `${Name}IsNull`
        : never;

type ElementName<Name extends string, T extends SbeType> =
  T extends SbeEncoding<infer Primitive, infer Length>
    ? Primitive extends 'char'
      ? never
      : IsSingle<Length> extends true
        ? never
        : `${Name}At`
    : never;
