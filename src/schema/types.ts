/** TypeScript types that follow from a message table: flyweights, handlers and plain values. */
import type { Field } from './field.js';
import type { Message, Protocol } from './table.js';

/** A movable window on one message: set by `wrap` or by a decoder; reads straight from the bytes. */
export interface FlyweightBase<M extends Message = Message> {
  /** Borrowed: replaced when the flyweight is moved. */
  view: DataView;
  offset: number;
  readonly type: M['type'];
  readonly name: M['name'];
  /** The type byte as it stands in the message. */
  readonly messageTypeCode: number;
  wrap(view: DataView, offset: number): this;
}

/**
 * A flyweight with the accessors of its fields. Integers read as numbers; 48 and 64-bit ones also as `…High` and `…Low`
 * (a 64-bit number is exact below 2^53, its halves always). A character reads as a one-character string and as
 * `…Code`. Text reads as a right-trimmed string, which allocates, and without allocation as big-endian `…Word0`,
 * `…Word1` of four bytes each (the last one shorter where the length is no multiple of four).
 */
export type Flyweight<M extends Message> = FlyweightBase<M> & {
  readonly [F in M['fields'][number] as AccessorName<F>]: F extends { kind: 'char' | 'alpha' } ? string : number;
} & {
  readonly [F in M['fields'][number] as WordName<F>]: number;
};

/** What to do with each message, by its name; a message without a handler is checked and passed over. */
export type Handlers<P extends Protocol> = {
  [M in P['messages'][number] as M['name']]?: (message: Flyweight<M>) => void;
} & {
  /** Unknown type, or a length that is not the type's own. */
  onUnknown?: (view: DataView, offset: number, length: number) => void;
};

/** A 64-bit integer in a plain object: a decimal string, or a number below 2^53. */
export type Integer64 = string | number;

/** A message as a plain object, as it stands in JSON: every field under its name, text right-trimmed. */
export type Values<M extends Message> = { readonly type: M['type']; readonly name?: M['name'] } & {
  readonly [F in M['fields'][number] as F['name']]: ValueOf<F>;
};

/** Any message of the protocol as a plain object, told apart by `type`. */
export type AnyValues<P extends Protocol> = { [M in P['messages'][number] as M['name']]: Values<M> }[MessageName<P>];

/** Names of the protocol's messages. */
export type MessageName<P extends Protocol> = P['messages'][number]['name'];

/** A plain object not yet held against the table, such as a parsed line of JSON; other keys are let pass. */
export type PlainValues = { readonly type: string; readonly name?: string } & Readonly<
  Record<string, string | number | undefined>
>;

/** Names of a message's columns: its numeric accessors. */
export type ColumnName<M extends Message> = keyof ColumnArrays<M> & string;

/** A typed array for each numeric accessor of a message. */
export type ColumnArrays<M extends Message> = {
  readonly [F in M['fields'][number] as F extends { kind: 'char' | 'alpha' } ? never : F['name']]: NumberArray<F>;
} & {
  readonly [F in M['fields'][number] as F extends { kind: 'u48' | 'u64' } ? `${F['name']}High` : never]: F extends {
    kind: 'u48';
  }
    ? Uint16Array
    : Uint32Array;
} & {
  readonly [F in M['fields'][number] as F extends { kind: 'u48' | 'u64' } ? `${F['name']}Low` : never]: Uint32Array;
} & {
  readonly [F in M['fields'][number] as F extends { kind: 'char' } ? `${F['name']}Code` : never]: Uint8Array;
} & {
  readonly [F in M['fields'][number] as F extends { kind: 'alpha' } ? WordName<F> : never]:
    | Uint8Array
    | Uint16Array
    | Uint32Array;
};

type NumberArray<F extends Field> = F extends { kind: 'u8' }
  ? Uint8Array
  : F extends { kind: 'u16' }
    ? Uint16Array
    : F extends { kind: 'u32' }
      ? Uint32Array
      : Float64Array;

type AccessorName<F extends Field> = F['name'];

type WordName<F extends Field> = F extends { kind: 'u48' | 'u64' }
  ? `${F['name']}High` | `${F['name']}Low`
  : F extends { kind: 'char' }
    ? `${F['name']}Code`
    : F extends { kind: 'alpha' }
      ? `${F['name']}Word${WordIndex<F['length']>}`
      : never;

type WordIndex<Length extends number> = Length extends 1 | 2 | 3 | 4
  ? 0
  : Length extends 5 | 6 | 7 | 8
    ? 0 | 1
    : Length extends 9 | 10 | 11 | 12
      ? 0 | 1 | 2
      : 0 | 1 | 2 | 3;

type ValueOf<F extends Field> = F extends { kind: 'char' | 'alpha' }
  ? string
  : F extends { kind: 'u64' }
    ? Integer64
    : number;
