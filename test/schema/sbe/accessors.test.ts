/** Accessors of flyweights and cursors: every kind of field in both byte orders, and what is absent. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { DecodeError } from '../../../src/core/errors.js';
import { buildSbeAccessors } from '../../../src/schema/sbe/compile.js';
import type { SbeFlyweightBase } from '../../../src/schema/sbe/flyweight.js';
import type { SbeMessage } from '../../../src/schema/sbe/schema.js';
import type { SbeFlyweight } from '../../../src/schema/sbe/types.js';
import { dump } from './dump.js';
import { byteOrders, everyBody, everySchema, exactView, head, nestedBody, type Part, pack } from './every.js';

const engines = ['compiled', 'interpreted'] as const;
const cases = byteOrders.flatMap((byteOrder) => engines.map((engine) => ({ byteOrder, engine })));
type Order = (typeof byteOrders)[number];
type Messages = ReturnType<typeof everySchema>['messages'];

function open(byteOrder: Order, engine: (typeof engines)[number], name: string) {
  const schema = everySchema(byteOrder);
  const layout = schema.messages.find((message) => message.name === name) as SbeMessage;
  const flyweight = new (buildSbeAccessors(schema, engine)[name] as new () => SbeFlyweightBase)();
  return {
    flyweight,
    read(parts: readonly Part[]) {
      const bytes = pack(byteOrder, parts);
      return dump(layout, flyweight.wrap(exactView(bytes), 0, bytes.length));
    },
  };
}

const everyValues = {
  Int8: -1,
  Int8IsNull: false,
  Uint8: 254,
  Uint8IsNull: false,
  Int16: -2,
  Int16IsNull: false,
  Uint16: 65_534,
  Uint16IsNull: false,
  Int32: -3,
  Int32IsNull: false,
  Uint32: 4_294_967_294,
  Uint32IsNull: false,
  Int64: -9_007_199_254_740_992,
  Int64High: 91,
  Int64HighIsNull: false,
  Int64Low: 0xffff_ffff,
  Int64IsNull: false,
  Uint64: 2 ** 64,
  Uint64High: 0xffff_ffff,
  Uint64Low: 0xffff_fffe,
  Uint64IsNull: false,
  Plain64: 5,
  Plain64High: 0,
  Plain64Low: 5,
  Plain64IsNull: false,
  Float: 1.5,
  FloatIsNull: false,
  Double: -2.25,
  DoubleIsNull: false,
  Price: -123.45,
  PriceMantissa: -12_345,
  PriceMantissaHigh: -1,
  PriceMantissaLow: 2 ** 32 - 12_345,
  PriceIsNull: false,
  MonthYear: 2026,
  MonthYearIsNull: false,
  MonthMonth: 3,
  MonthMonthIsNull: false,
  MonthCode: 'March',
  MonthCodeCode: 0x48,
  MonthSource: 7,
  MonthSourceIsNull: false,
  Char: 'Q',
  CharCode: 0x51,
  Text: 'AB C',
  TextWord0: 0x41422043,
  TextWord1: 0x202000,
  Numbers: [1, -1, 300],
  NumbersAt: [1, -1, 300, Number.NaN],
  Side: 'Cross',
  SideCode: 3,
  Flags: 0x81,
  FlagsFirst: true,
  FlagsLast: true,
  LongFlags: 0x8000_0001 * 2 ** 32 + 0x8000_0000,
  LongFlagsHigh: 0x8000_0001,
  LongFlagsLow: 0x8000_0000,
  LongFlagsEdge: true,
  LongFlagsOver: true,
  LongFlagsTop: true,
  Fixed: 24,
  FixedIsNull: false,
  Letter: 'J',
  LetterCode: 0x4a,
  Word: 'XTST',
  WordWord0: 0x58545354,
  Later: 86,
  LaterIsNull: false,
  LaterFixed: 4,
  LaterFixedIsNull: false,
  version_: 90,
  version_IsNull: false,
  Note: 'caf\u00e9',
  NoteWord0: 0x636166e9,
  NoteWord1: 0,
  NoteWord2: 0,
  NoteWord3: 0,
  NoteWord4: 0,
  NoteWord5: 0,
  NoteWord6: 0,
  NoteWord7: 0,
  Last: 128,
  LastIsNull: false,
};

describe.each(cases)('accessors, $byteOrder, $engine', ({ byteOrder, engine }) => {
  it('every kind of field', () => {
    const { flyweight, read } = open(byteOrder, engine, 'Every');
    const values = read([...head(129, 1), ...everyBody]);
    expect(Object.keys(values).sort()).toEqual(Object.keys(everyValues).sort());
    expect(values).toEqual(everyValues);
    const { version, blockLength, templateId, schemaId, name } = flyweight;
    expect({ version, blockLength, templateId, schemaId, name }).toEqual({
      version: 2,
      blockLength: 129,
      templateId: 1,
      schemaId: 9,
      name: 'Every',
    });
  });

  it('null values', () => {
    const nulls: Part[] = [
      ['i8', -128],
      ['u8', 255],
      ['i16', -32_768],
      ['u16', 65_535],
      ['i32', -2_147_483_648],
      ['u32', 4_294_967_295],
      ['i64', -(2n ** 63n)],
      ['u64', 2n ** 64n - 1n],
      ['u64', 2n ** 64n - 1n],
      ['f32', Number.NaN],
      ['f64', Number.NaN],
      ['i64', 2n ** 63n - 1n],
      ['u16', 65_535],
      ['u8', 255],
      ['u8', 0],
      ['u8', 0],
      ['zeros', 7],
      ['zeros', 6],
      ['u8', 255],
      ['zeros', 52],
    ];
    const values = open(byteOrder, engine, 'Every').read([...head(129, 1), ...nulls]);
    expect(values).toMatchObject({
      Int8: -128,
      Int8IsNull: false,
      Int16: -32_768,
      Uint8: Number.NaN,
      Uint8IsNull: true,
      Uint16: Number.NaN,
      Uint16IsNull: true,
      Int32: Number.NaN,
      Int32IsNull: true,
      Uint32: Number.NaN,
      Uint32IsNull: true,
      Int64: Number.NaN,
      Int64IsNull: true,
      Int64Low: 0,
      Uint64: Number.NaN,
      Uint64High: 0xffff_ffff,
      Uint64IsNull: true,
      Plain64: 2 ** 64,
      Plain64IsNull: false,
      Float: Number.NaN,
      FloatIsNull: true,
      Double: Number.NaN,
      DoubleIsNull: false,
      Price: Number.NaN,
      PriceMantissa: Number.NaN,
      PriceMantissaHigh: 0x7fff_ffff,
      PriceIsNull: true,
      MonthYear: Number.NaN,
      MonthYearIsNull: true,
      MonthMonth: Number.NaN,
      MonthCode: null,
      MonthCodeCode: 0,
      Char: '',
      CharCode: 0,
      Text: '',
      Side: null,
      SideCode: 255,
    });
  });

  it('fields newer than the header are absent, though the block covers them', () => {
    const values = open(byteOrder, engine, 'Every').read([...head(129, 1, 1), ...everyBody]);
    expect(values).toEqual({
      ...everyValues,
      Later: Number.NaN,
      LaterIsNull: true,
      LaterFixed: Number.NaN,
      LaterFixedIsNull: true,
      Last: Number.NaN,
      LastIsNull: true,
      Side: null,
      FlagsLast: false,
    });
  });

  it('fields that the block does not reach are absent, those cut in two as well', () => {
    const { read } = open(byteOrder, engine, 'Every');
    for (const [blockLength, absent] of [
      [128, ['Last']],
      [123, ['Last', 'Note']],
      [89, ['Last', 'Note', 'Int64High', 'version_', 'Later']],
    ] as const) {
      const bytes = [...head(blockLength, 1), ...everyBody].slice(0, 4 + everyBody.length);
      const values = read([...bytes, ['zeros', 0]]);
      const kept = Object.entries(everyValues).filter(([name]) => !absent.some((one) => name.startsWith(one)));
      expect(values).toMatchObject(Object.fromEntries(kept.filter(([name]) => name !== 'LaterFixed')));
      for (const name of absent) expect([Number.NaN, '']).toContainEqual(values[name]);
    }
    const nothing = read(head(0, 1));
    const expected = Object.entries(everyValues).map(([name, value]) => {
      if (/Fixed|Letter|^Word|MonthSource/.test(name) && !name.startsWith('MonthSource')) return [name, value];
      if (name.endsWith('IsNull')) return [name, true];
      if (name === 'Numbers') return [name, []];
      if (name === 'NumbersAt') return [name, [0, 0, 0, 0].fill(Number.NaN)];
      if (name === 'Side' || name === 'MonthCode') return [name, null];
      if (typeof value === 'string') return [name, ''];
      return [name, typeof value === 'boolean' ? false : Number.NaN];
    });
    expect(nothing).toEqual(Object.fromEntries(expected));
  });

  it('a block longer than known is skipped to its end', () => {
    const { flyweight, read } = open(byteOrder, engine, 'Nested');
    const values = read([
      ...head(5, 2, 7),
      ...([
        ['u16', 1],
        ['zeros', 3],
        ['u16', 8],
        ['u8', 2],
      ] as Part[]),
      ...([
        ['i32', 5],
        ['u8', 2],
        ['u8', 6],
        ['zeros', 2],
      ] as Part[]),
      ...([
        ['i32', 7],
        ['u8', 1],
        ['u8', 8],
        ['zeros', 2],
      ] as Part[]),
      ...([
        ['zeros', 3],
        ['zeros', 3],
        ['u8', 1],
        ['text', 'x'],
        ['u16', 0],
        ['zeros', 9],
      ] as Part[]),
    ]);
    expect(values).toMatchObject({
      Plain: [
        { Number: 5, Side: 'Sell', count_: 6 },
        { Number: 7, Side: 'Buy', count_: 8 },
      ],
      Text: 'x',
      Bytes: [],
    });
    expect(flyweight.version).toBe(7);
  });

  it('groups, groups within groups, and data', () => {
    const inner = (value: number) => ({
      Value: value,
      ValueIsNull: false,
      Deep: [0, 1, 2].map((more) => ({ Leaf: value + more, LeafIsNull: false })),
    });
    const outer = (key: number) => ({
      Key: key,
      KeyIsNull: false,
      Inner: [inner(key * 10), inner(key * 10 + 1)],
      Flat: [{ Leaf: key + 100, LeafIsNull: false }],
      Note: `n${key}`,
      NoteLength: 2,
    });
    expect(open(byteOrder, engine, 'Nested').read([...head(2, 2), ...nestedBody])).toEqual({
      Head: 0x0102,
      HeadIsNull: false,
      Plain: [
        { Number: -1, NumberIsNull: false, Side: 'Buy', SideCode: 1, count_: 11, count_IsNull: false },
        { Number: -2, NumberIsNull: false, Side: null, SideCode: 9, count_: 12, count_IsNull: false },
      ],
      Later: [{ One: 77, OneIsNull: false }],
      Outer: [outer(1), outer(2)],
      Text: 'end',
      TextLength: 3,
      Bytes: [0xfe, 0xff],
      BytesLength: 2,
    });
  });

  it('groups and data newer than the header are not on the wire', () => {
    const values = open(byteOrder, engine, 'Nested').read([
      ...head(2, 2, 1),
      ...([
        ['u16', 1],
        ['u16', 6],
        ['u8', 1],
        ['i32', 9],
        ['u8', 3],
        ['u8', 4],
      ] as Part[]),
      ...([
        ['u16', 1],
        ['u8', 1],
        ['u8', 5],
      ] as Part[]),
      ...([
        ['u16', 2],
        ['u8', 0],
        ['u8', 2],
        ['text', 'ab'],
        ['u8', 1],
        ['text', 'c'],
      ] as Part[]),
    ]);
    expect(values).toMatchObject({
      Plain: [{ Number: 9, Side: null, SideCode: 3, count_: Number.NaN, count_IsNull: true }],
      Later: [],
      Outer: [{ Key: 5, Inner: [], Flat: [], Note: 'ab' }],
      Text: 'c',
      Bytes: [],
      BytesLength: 0,
    });
  });

  it('entries shorter than known', () => {
    const { read } = open(byteOrder, engine, 'Nested');
    const short: Part[] = [
      ...head(2, 2),
      ...([
        ['u16', 1],
        ['u16', 4],
        ['u8', 2],
        ['i32', 9],
        ['i32', 8],
      ] as Part[]),
      ...([
        ['u16', 0],
        ['u8', 3],
        ['u16', 0],
        ['u8', 1],
      ] as Part[]),
      ...([
        ['u16', 1],
        ['u8', 2],
        ['zeros', 1],
        ['zeros', 4],
        ['zeros', 1],
        ['zeros', 4],
        ['zeros', 3],
      ] as Part[]),
      ...([
        ['u8', 0],
        ['u8', 0],
        ['u16', 0],
      ] as Part[]),
    ];
    expect(read(short)).toMatchObject({
      Plain: [
        { Number: 9, Side: null, SideCode: Number.NaN, count_: Number.NaN },
        { Number: 8, Side: null, SideCode: Number.NaN, count_: Number.NaN },
      ],
      Later: [
        { One: Number.NaN, OneIsNull: true },
        { One: Number.NaN, OneIsNull: true },
        { One: Number.NaN, OneIsNull: true },
      ],
      Outer: [
        {
          Key: Number.NaN,
          Inner: [
            { Value: Number.NaN, Deep: [] },
            { Value: Number.NaN, Deep: [] },
          ],
        },
      ],
      Text: '',
    });
  });

  it('before the first entry a cursor reads as the first, without entries as absent', () => {
    const { flyweight, read } = open(byteOrder, engine, 'Nested');
    read([...head(2, 2), ...nestedBody]);
    const book = flyweight as SbeFlyweight<Messages[1]>;
    expect([book.Plain.index, book.Plain.count, book.Plain.Number, book.Plain.Side]).toEqual([-1, 2, -1, 'Buy']);
    expect([book.Outer.Key, book.Outer.Inner.Value, book.Outer.Inner.Deep.Leaf]).toEqual([1, 10, 10]);
    expect(book.Outer.Note).toBe('n1');
    read([...head(2, 2), ['u16', 1], ['zeros', 12]]);
    expect([book.Plain.count, book.Plain.Number, book.Plain.Side, book.Plain.next()]).toEqual([0, NaN, null, false]);
    expect([book.Outer.Key, book.Outer.Inner.Value, book.Outer.Inner.count, book.Outer.Note]).toEqual([
      NaN,
      NaN,
      0,
      '',
    ]);
    expect(book.Outer.Inner.Deep.Leaf).toBe(Number.NaN);
  });

  it('wrap refuses what is another message, unknown to the version, or does not fit', () => {
    const { flyweight, read } = open(byteOrder, engine, 'Gone');
    const code = (parts: readonly Part[]) => {
      try {
        read(parts);
      } catch (error) {
        return error instanceof DecodeError ? error.code : 'other';
      }
      return 'read';
    };
    expect([
      code([...head(1, 3, 1), ['u8', 1]]),
      code([...head(1, 3, 2), ['u8', 1]]),
      code([...head(1, 4, 1), ['u8', 1]]),
      code([...head(1, 3, 1, 8), ['u8', 1]]),
      code(head(1, 3, 1)),
      code(head(1, 3, 1).slice(1)),
      code([]),
    ]).toEqual(['read', ...new Array(6).fill('sbe-wrap')]);
    expect([flyweight.blockLength, flyweight.view.byteLength]).toEqual([0, 0]);
    expect(() => read(head(1, 3, 1))).toThrow('Gone at 0: a block of 1 bytes where 0 follow the header');
  });
});

it('types follow from the table', () => {
  type Every = SbeFlyweight<Messages[0]>;
  expectTypeOf<Every['Int8' | 'Int64' | 'Price' | 'PriceMantissa' | 'PriceMantissaHigh']>().toEqualTypeOf<number>();
  expectTypeOf<Every['Side']>().toEqualTypeOf<'Buy' | 'Sell' | 'Cross' | null>();
  expectTypeOf<Every['MonthCode']>().toEqualTypeOf<'March' | 'June' | null>();
  expectTypeOf<Every['MonthYear' | 'SideCode' | 'CharCode' | 'version_' | ('LongFlagsTop' & string)]>().not.toBeAny();
  expectTypeOf<Every['FlagsFirst' | 'FlagsLast' | 'PriceIsNull' | 'MonthYearIsNull']>().toEqualTypeOf<boolean>();
  expectTypeOf<Every['Char' | 'Text' | 'Letter' | 'Word']>().toEqualTypeOf<string>();
  expectTypeOf<Every['TextWord0' | 'TextWord1']>().toEqualTypeOf<number>();
  expectTypeOf<Every['Numbers']>().toEqualTypeOf<readonly number[]>();
  expectTypeOf<Every['NumbersAt']>().toEqualTypeOf<(index: number) => number>();
  expectTypeOf<Every['name']>().toEqualTypeOf<'Every'>();
  type Nested = SbeFlyweight<Messages[1]>;
  expectTypeOf<Nested['Outer']['Inner']['Deep']['Leaf']>().toEqualTypeOf<number>();
  expectTypeOf<Nested['TextLength' | 'BytesOffset']>().toEqualTypeOf<number>();
  expectTypeOf<Nested['Plain']['Side']>().toEqualTypeOf<'Buy' | 'Sell' | 'Cross' | null>();
  expectTypeOf<'Nonsense' extends keyof Nested ? true : false>().toEqualTypeOf<false>();
});
