/** Tables that contradict themselves are refused when they are built, with a text that says where and what. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { SchemaError } from '../../src/core/errors.js';
import { alpha, char, type Field, u8, u16, u32, u48, u64 } from '../../src/schema/field.js';
import { type Message, message, protocol } from '../../src/schema/table.js';
import type { Flyweight, Values } from '../../src/schema/types.js';

const time = u48('timestamp', 1);
const good = message('T', 'Tick', 19, [time, u64('id', 7), u32('price', 15, { decimals: 4 })]);

function protocolOf(...messages: Message[]) {
  return protocol({ id: 'test', name: 'Test', version: '1', timestamp: 'timestamp', messages });
}

const badMessages: [what: string, code: string, text: string, build: () => unknown][] = [
  [
    'gap',
    'table-offset',
    'T.b: offset 4, but the field before it ends at 3',
    () => message('T', 'T', 6, [u16('a', 1), u16('b', 4)]),
  ],
  [
    'overlap',
    'table-offset',
    'T.b: offset 2, but the field before it ends at 3',
    () => message('T', 'T', 4, [u16('a', 1), u16('b', 2)]),
  ],
  ['first field on the type byte', 'table-offset', 'T.a: offset 0, but', () => message('T', 'T', 2, [u16('a', 0)])],
  ['fields swapped', 'table-offset', 'T.b: offset 3, but', () => message('T', 'T', 5, [u16('b', 3), u16('a', 1)])],
  ['total too long', 'table-length', 'T: length 4, but its fields end at 3', () => message('T', 'T', 4, [u16('a', 1)])],
  [
    'total too short',
    'table-length',
    'T: length 2, but its fields end at 3',
    () => message('T', 'T', 2, [u16('a', 1)]),
  ],
  [
    'total not whole',
    'table-length',
    'T: length 3.5 is not a positive integer',
    () => message('T', 'T', 3.5, [u16('a', 1)]),
  ],
  [
    'length of kind',
    'table-length',
    'T.a: length 3, but u16 has 2',
    () => message('T', 'T', 4, [{ name: 'a', kind: 'u16', offset: 1, length: 3 } as Field]),
  ],
  ['text of no length', 'table-length', 'T.a: length 0 is not', () => message('T', 'T', 1, [alpha('a', 1, 0)])],
  ['text too long', 'table-length', 'T.a: length 17 is not', () => message('T', 'T', 18, [alpha('a', 1, 17)])],
  ['code in a field name', 'table-name', 'field name "a(){}" is not', () => message('T', 'T', 2, [u8('a(){}', 1)])],
  ['dunder name', 'table-name', 'field name "__proto__" is not', () => message('T', 'T', 2, [u8('__proto__', 1)])],
  ['capital field name', 'table-name', 'field name "Price" is not', () => message('T', 'T', 2, [u8('Price', 1)])],
  [
    'reserved name',
    'table-name',
    'T.view: accessor "view" is already taken',
    () => message('T', 'T', 2, [u8('view', 1)]),
  ],
  [
    'constructor',
    'table-name',
    'accessor "constructor" is already',
    () => message('T', 'T', 2, [u8('constructor', 1)]),
  ],
  [
    'same name twice',
    'table-name',
    'accessor "a" is already taken',
    () => message('T', 'T', 3, [u8('a', 1), u8('a', 2)]),
  ],
  [
    'name of a half',
    'table-name',
    'T.aHigh: accessor "aHigh" is already taken',
    () => message('T', 'T', 10, [u64('a', 1), u8('aHigh', 9)]),
  ],
  [
    'name of a word',
    'table-name',
    'T.a: accessor "aWord1" is already taken',
    () => message('T', 'T', 10, [u8('aWord1', 1), alpha('a', 2, 8)]),
  ],
  ['message name', 'table-name', 'message "tick()": the name is not', () => message('T', 'tick()', 1, [])],
  [
    'type of two characters',
    'table-type',
    'T: type "TT" is not one Latin-1 character',
    () => message('TT', 'T', 1, []),
  ],
  ['no type', 'table-type', 'T: type "" is not', () => message('', 'T', 1, [])],
  ['type beyond Latin-1', 'table-type', 'T: type "€" is not', () => message('€', 'T', 1, [])],
  [
    'decimals on text',
    'table-decimals',
    'T.a: 4 decimals on alpha',
    () => message('T', 'T', 5, [alpha('a', 1, 4, { decimals: 4 })]),
  ],
  [
    'decimals not whole',
    'table-decimals',
    'T.a: 1.5 decimals on u32',
    () => message('T', 'T', 5, [u32('a', 1, { decimals: 1.5 })]),
  ],
  [
    'codes on a number',
    'table-values',
    'T.a: code "1" does not fit u8 of 1',
    () => message('T', 'T', 2, [u8('a', 1, { values: { 1: 'one' } })]),
  ],
  [
    'code too long',
    'table-values',
    'T.a: code "AB" does not fit char of 1',
    () => message('T', 'T', 2, [char('a', 1, { AB: 'two' })]),
  ],
  [
    'padded code',
    'table-values',
    'T.a: code "A " does not fit alpha of 2',
    () => message('T', 'T', 3, [alpha('a', 1, 2, { values: { 'A ': 'padded' } })]),
  ],
  [
    'type twice',
    'table-duplicate',
    'Other (type "T") repeats Tick',
    () => protocolOf(good, message('T', 'Other', 7, [time])),
  ],
  [
    'message name twice',
    'table-duplicate',
    'Tick (type "U") repeats Tick',
    () => protocolOf(good, message('U', 'Tick', 7, [time])),
  ],
  ['no messages', 'table-empty', 'protocol test has no messages', () => protocolOf()],
  [
    'no time stamp',
    'table-timestamp',
    'U has no u48 field "timestamp"',
    () => protocolOf(good, message('U', 'U', 1, [])),
  ],
  [
    'time stamp of another kind',
    'table-timestamp',
    'U has no u48 field',
    () => protocolOf(message('U', 'U', 9, [u64('timestamp', 1)])),
  ],
  [
    'time stamp elsewhere',
    'table-timestamp',
    'U.timestamp: offset 2, but 1 in the messages before it',
    () => protocolOf(good, message('U', 'U', 8, [u8('a', 1), u48('timestamp', 2)])),
  ],
  [
    'protocol id',
    'table-name',
    'protocol "x/y": the id is not',
    () => protocol({ id: 'x/y', name: 'X', version: '1', timestamp: 'timestamp', messages: [good] }),
  ],
];

describe('tables', () => {
  it.each(badMessages)('refuses: %s', (_, code, text, build) => {
    let error: unknown;
    try {
      build();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SchemaError);
    expect((error as SchemaError).code).toBe(code);
    expect((error as SchemaError).message).toContain(text);
  });

  it('keeps a good one', () => {
    expect(good.fields.map(({ name, offset, length }) => [name, offset, length])).toEqual([
      ['timestamp', 1, 6],
      ['id', 7, 8],
      ['price', 15, 4],
    ]);
    expect(protocolOf(good).messages).toEqual([good]);
  });

  it('gives its types to accessors and values', () => {
    const quote = message('Q', 'Quote', 20, [time, char('side', 7), alpha('symbol', 8, 8), u32('size', 16)]);
    type Quote = Flyweight<typeof quote>;
    expectTypeOf<Quote['type']>().toEqualTypeOf<'Q'>();
    expectTypeOf<
      Quote['timestampHigh' | 'timestampLow' | 'sideCode' | 'symbolWord1' | 'size']
    >().toEqualTypeOf<number>();
    expectTypeOf<Quote['side' | 'symbol']>().toEqualTypeOf<string>();
    expectTypeOf<Quote>().not.toHaveProperty('symbolWord2');
    expectTypeOf<Quote>().not.toHaveProperty('sizeHigh');
    expectTypeOf<Values<typeof good>['id']>().toEqualTypeOf<string | number>();
    expectTypeOf<Values<typeof quote>['symbol']>().toEqualTypeOf<string>();
  });
});
