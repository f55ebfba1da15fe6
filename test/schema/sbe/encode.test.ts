/** Encoding on vectors: every form of a value, what is refused and how it is told, what the wire's own bytes keep. */
import { describe, expect, it } from 'vitest';
import { DecodeError, UsageError } from '../../../src/core/errors.js';
import { createSbeCodec } from '../../../src/schema/sbe/codec.js';
import type { SbeInput } from '../../../src/schema/sbe/plain-values.js';
import * as sbe from '../../../src/schema/sbe/table.js';
import { byteOrders, everyBody, everySchema, exactView, group, head, nestedBody, type Part, pack } from './every.js';
import { everyValues, nestedValues } from './values.js';

const codec = createSbeCodec(everySchema());
/** `Text` without what pads it otherwise than the encoder does. */
const plainBody = everyBody.map((part): Part => (part[1] === 'AB C  \0' ? ['text', 'AB C\0\0\0'] : part));

describe.each(byteOrders)('%s', (byteOrder) => {
  const own = createSbeCodec(everySchema(byteOrder));

  it('writes what was read', () => {
    expect(own.encode(everyValues)).toEqual(pack(byteOrder, [...head(129, 1), ...plainBody]));
    expect(own.encode(nestedValues)).toEqual(pack(byteOrder, [...head(2, 2), ...nestedBody]));
  });

  it('writes into a place, whatever stood there, and touches nothing around it', () => {
    const bytes = pack(byteOrder, [...head(2, 2), ...nestedBody]);
    const target = new Uint8Array(bytes.length + 5).fill(0xee);
    expect(own.encodeInto(nestedValues, new DataView(target.buffer, 1), 2)).toBe(bytes.length);
    expect(target).toEqual(Uint8Array.from([0xee, 0xee, 0xee, ...bytes, 0xee, 0xee]));
    expect(() => own.encodeInto(nestedValues, new DataView(target.buffer), 6)).toThrow(UsageError);
  });

  it('gives the wire back byte for byte: padding, lengths, unknown bits and what stands behind', () => {
    const parts: Part[] = [...head(131, 1, 3), ...everyBody, ['u16', 999], ['text', 'tail']];
    const padded = parts.map((part): Part => (part[1] === 0x81 ? ['u8', 0xff] : part));
    const bytes = pack(byteOrder, padded);
    for (const options of [{}, { int64: 'number' }, { enums: 'name' }] as const) {
      const values = own.toObject(exactView(bytes), 0, bytes.length, { ...options, wire: true }) ?? {};
      expect(own.encode(values)).toEqual(bytes);
      expect(own.encode({ ...values, Int8: -5 })).toEqual(
        pack(
          byteOrder,
          padded.map((part): Part => (part[1] === -1 && part[0] === 'i8' ? ['i8', -5] : part)),
        ),
      );
    }
  });

  it('keeps the dimensions of an empty group, and entries of another length', () => {
    const parts: Part[] = [
      ...head(2, 2),
      ['u16', 7],
      ...group(8, 1),
      ['i32', 5],
      ['u8', 1],
      ['u8', 2],
      ['u16', 0xbeef],
    ];
    const bytes = pack(byteOrder, [...parts, ...group(3, 0), ...group(9, 0), ['u8', 0], ['u16', 0]]);
    const values = own.toObject(exactView(bytes), 0, bytes.length, { wire: true }) ?? {};
    expect(own.encode(values)).toEqual(bytes);
    const [entry] = values.Plain as readonly SbeInput[];
    const more = own.encode({
      ...values,
      Plain: Object.assign([entry, { ...nestedValues.Plain[0] }], values.Plain && {}),
    });
    expect(more.length).toBe(bytes.length - 2 + 6);
  });

  it('text of data that is no UTF-8 stays as it was', () => {
    const parts: Part[] = [...head(2, 2), ['u16', 7], ...group(6, 0), ...group(1, 0), ...group(1, 0)];
    const bytes = pack(byteOrder, [...parts, ['u8', 2], ['u8', 0xc3], ['u8', 0x28], ['u16', 0]]);
    const values = own.toObject(exactView(bytes), 0, bytes.length, { wire: true }) ?? {};
    expect(values.Text).toBe('\ufffd(');
    expect(own.encode(values)).toEqual(bytes);
  });
});

describe('forms', () => {
  const forms: readonly [what: string, change: SbeInput, expected: SbeInput][] = [
    ['decimal as a number', { Price: -123.45 }, {}],
    ['decimal by its mantissa', { Price: { mantissa: -12345 } }, {}],
    ['decimal, more zeros', { Price: '-123.4500' }, {}],
    ['decimal, whole', { Price: '7' }, { Price: '7' }],
    ['decimal in scientific form', { Price: '1e3' }, { Price: '1000' }],
    ['decimal, the largest', { Price: '92233720368547758.06' }, { Price: '92233720368547758.06' }],
    ['decimal, null', { Price: null }, { Price: null }],
    ['64 bits as a number', { Int64: -5, Plain64: 2 ** 53 - 1 }, { Int64: '-5', Plain64: '9007199254740991' }],
    ['64 bits as a BigInt', { Int64: -9007199254740993n }, {}],
    ['enum by its name', { Side: 'Cross' }, {}],
    ['enum by its raw value', { Side: 3 }, {}],
    ['enum, unknown', { Side: { value: 77, name: null } }, { Side: { value: 77, name: null } }],
    ['enum, null', { Side: null }, { Side: null }],
    ['enum of characters by its character', { Month: { ...everyValues.Month, code: 'H' } }, {}],
    ['enum of characters by its name', { Month: { ...everyValues.Month, code: 'March' } }, {}],
    ['set by its bits', { Flags: 0x81, LongFlags: '9223372043297226752' }, {}],
    ['set by its names', { Flags: ['Last', 'First'], LongFlags: { names: ['Top', 'Over', 'Edge'] } }, {}],
    [
      'set with bits that have no name',
      { Flags: { raw: 0xc1, names: ['First', 'Last'] } },
      { Flags: { raw: 0xc1, names: ['First', 'Last'] } },
    ],
    [
      'composite, null in every member',
      { Month: { code: 'June' } },
      { Month: { year: null, month: null, code: { value: 'M', name: 'June' }, source: 7 } },
    ],
    [
      'optional ones left out',
      { Uint8: undefined, Price: undefined, Side: undefined },
      { Uint8: null, Price: null, Side: null },
    ],
    ['no number', { Float: null, Double: Number.NaN }, { Float: null, Double: null }],
    ['infinite', { Float: 'Infinity', Double: Number.NEGATIVE_INFINITY }, { Float: 'Infinity', Double: '-Infinity' }],
    ['a character by its code', { Char: 0x51 }, {}],
    ['constants left out, by name, other keys', { Fixed: undefined, Letter: undefined, packet: 5 }, {}],
  ];
  it.each(forms)('%s', (_, change, expected) => {
    const bytes = codec.encode({ ...everyValues, ...change });
    expect(codec.toObject(exactView(bytes), 0, bytes.length)).toEqual({ ...everyValues, ...expected });
  });

  it('the message by its name, its template id or its type', () => {
    const bytes = codec.encode({ type: '5', One: 1 });
    expect(codec.encode({ name: 'Unhandled', One: 1 })).toEqual(bytes);
    expect(codec.encode({ templateId: 5, One: 1 })).toEqual(bytes);
  });

  it('groups and data left out are empty, bytes are bytes or hexadecimal', () => {
    const bytes = codec.encode({ name: 'Nested', Head: 1, Bytes: Uint8Array.of(0xfe, 0xff) });
    expect(codec.toObject(exactView(bytes), 0, bytes.length)).toMatchObject({ Plain: [], Text: '', Bytes: 'feff' });
  });

  it('an older version has no later fields, groups and data; its name and the schema’s length stand in the header', () => {
    const { Later, Bytes, ...older } = nestedValues;
    const bytes = codec.encode({ ...older, Outer: [], Plain: [{ Number: 1, Side: 'Buy' }], version: 1 });
    const parts: Part[] = [...head(2, 2, 1), ['u16', 258], ...group(6, 1), ['i32', 1], ['u8', 1], ['u8', 0]];
    expect(bytes).toEqual(pack('littleEndian', [...parts, ...group(1, 0), ['u8', 3], ['text', 'end']]));
    expect(codec.encode({ name: 'Gone', One: 1 }, { version: 1 })).toEqual(
      pack('littleEndian', [...head(1, 3, 1), ['u8', 1]]),
    );
  });
});

describe('refused', () => {
  const every: readonly [change: SbeInput, text: string][] = [
    [{ Int8: 128 }, 'Every.Int8: 128 is not an integer from -127 to 127'],
    [{ Int8: 1.5 }, 'Every.Int8: 1.5 is not an integer from -127 to 127'],
    [{ Int8: '1' }, 'Every.Int8: "1" is not an integer'],
    [{ Int8: null }, 'Every.Int8: null is not an integer'],
    [{ Int8: undefined }, 'Every.Int8: no value, where an integer from -127 to 127 is asked for'],
    [{ Uint8: 255 }, 'Every.Uint8: 255 is not an integer from 0 to 254 or null (255)'],
    [{ Uint64: '18446744073709551615' }, 'is not an integer from 0 to 18446744073709551614 or null'],
    [{ Uint64: '-1' }, 'Every.Uint64: "-1" is not'],
    [{ Int64: '9223372036854775808' }, 'Every.Int64: "9223372036854775808" is not an integer'],
    [{ Int64: '1.0' }, 'Every.Int64: "1.0" is not'],
    [{ Int64: 2 ** 53 }, 'Every.Int64: 9007199254740992 is not'],
    [{ Plain64: null }, 'Every.Plain64: null is not'],
    [{ Float: 0.1 }, 'Every.Float: 0.1 is not a number that 32 bits hold exactly'],
    [{ Double: '1' }, 'Every.Double: "1" is not a number'],
    [{ Price: '0.001' }, 'Every.Price: "0.001" is not a decimal from -9223372036854775807e-2'],
    [{ Price: 'abc' }, 'Every.Price: "abc" is not a decimal'],
    [{ Price: '92233720368547758.07' }, 'Every.Price: "92233720368547758.07" is not a decimal'],
    [{ Price: '92233720368547758.08' }, 'Every.Price: "92233720368547758.08" is not a decimal'],
    [{ Price: { mantissa: '9223372036854775807' } }, 'Every.Price.mantissa: "9223372036854775807" is not an integer'],
    [{ Month: null }, 'Every.Month.code: null is not a value of Code'],
    [{ Month: 5 }, 'Every.Month: 5 is not an object of year, month, code, source'],
    [{ Month: { ...everyValues.Month, source: 8 } }, 'Every.Month.source: 8 is not the constant 7'],
    [{ Month: { ...everyValues.Month, month: 300 } }, 'Every.Month.month: 300 is not'],
    [{ Char: 'QQ' }, 'Every.Char: "QQ" is not one character of Latin-1'],
    [{ Char: '\u20ac' }, 'Every.Char: "\u20ac" is not one character'],
    [{ Text: '12345678' }, 'Every.Text: "12345678" is not text of at most 7 characters'],
    [{ Text: 'a\0b' }, 'is not text without NUL, which ends it'],
    [{ Text: '\u20ac' }, 'Every.Text: "\u20ac" is not text'],
    [{ Text: null }, 'Every.Text: null is not text'],
    [{ Numbers: [1, 2] }, 'Every.Numbers: [1,2] is not an array of 3 values'],
    [{ Numbers: [1, 2, 70_000] }, 'Every.Numbers[2]: 70000 is not an integer'],
    [{ Side: 'Short' }, 'Every.Side: "Short" is not a value of Side'],
    [{ Side: 256 }, 'Every.Side: 256 is not a value of Side, as uint8'],
    [{ Side: { value: 1, name: 'Sell' } }, 'Every.Side: {"value":1,"name":"Sell"} is not a value of Side: Sell is 2'],
    [
      { Side: 'Cross', version: 1, Later: null, LaterFixed: null, Last: null, Flags: 1 },
      'Every.Side: "Cross" is not a value of Side in version 1',
    ],
    [{ Flags: 256 }, 'Every.Flags: 256 is not a set of Flags, 0 to 255'],
    [{ Flags: null }, 'Every.Flags: null is not a set of Flags'],
    [{ Flags: ['Middle'] }, 'Every.Flags: "Middle" is not a choice of Flags'],
    [{ Flags: { raw: 1, names: ['Last'] } }, 'is not names whose bits are set'],
    [{ Flags: { raw: 0x81, names: ['Last'] } }, 'is not bits and names that agree on First'],
    [{ LongFlags: '18446744073709551616' }, 'Every.LongFlags: "18446744073709551616" is not a set'],
    [{ Fixed: 25 }, 'Every.Fixed: 25 is not the constant 24'],
    [{ Word: 'NONE' }, 'Every.Word: "NONE" is not the constant "XTST"'],
    [
      { version: 1, Side: 1, Flags: 1, LaterFixed: null, Last: null },
      'Every.Later: 86 is not null, which it is in version 1',
    ],
    [{ version: -1 }, '-1 is not a version of every'],
    [{ version: 1.5 }, '1.5 is not a version of every'],
    [{ templateId: 2 }, 'type, templateId and name contradict each other: "1", 2, "Every"'],
    [{ name: 'Nested' }, 'type, templateId and name contradict each other: "1", 1, "Nested"'],
  ];
  it.each(every)('%j: %s', (change, text) => {
    const encode = () => codec.encode({ ...everyValues, ...change });
    expect(encode).toThrow(DecodeError);
    expect(encode).toThrow(text);
  });

  const inner = nestedValues.Outer[1];
  const nested: readonly [change: SbeInput, text: string][] = [
    [{ Plain: {} }, 'Nested.Plain: {} is not an array of entries'],
    [{ Plain: [1] }, 'Nested.Plain[0]: 1 is not an entry'],
    [{ Plain: [...nestedValues.Plain, { Number: 1 }] }, 'Nested.Plain[2].count: no value'],
    [{ Plain: Array(256).fill(nestedValues.Plain[0]) }, 'Nested.Plain: 256 entries, at most 255 fit'],
    [
      { Outer: [nestedValues.Outer[0], { ...inner, Inner: [inner?.Inner[0], { Value: 1, Deep: [{ Leaf: 256 }] }] }] },
      'Nested.Outer[1].Inner[1].Deep[0].Leaf: 256 is not an integer from 0 to 254',
    ],
    [{ Outer: [{ ...inner, Note: 'x'.repeat(256) }] }, 'Nested.Outer[0].Note: 256 bytes, at most 255 fit'],
    [{ Text: '\ud800' }, 'Nested.Text: "\\ud800" is not text in UTF-8'],
    [{ Bytes: 'f' }, 'Nested.Bytes: "f" is not bytes in hexadecimal'],
    [{ Bytes: 5 }, 'Nested.Bytes: 5 is not bytes in hexadecimal'],
    [{ version: 1 }, 'Nested.Later: [{"One":77}] is not of version 1: it came in 2'],
  ];
  it.each(nested)('%j: %s', (change, text) => {
    expect(() => codec.encode({ ...nestedValues, ...change })).toThrow(text);
  });

  it.each([
    [{ type: '99' }, '99 is not a message of every'],
    [{ name: 'Nobody' }, '"Nobody" is not a message of every'],
    [{}, 'undefined is not a message of every'],
    [{ name: 'Gone', One: 1 }, 'Gone is not a message of version 2'],
  ] as const)('%j: %s', (values, text) => {
    expect(() => codec.encode(values)).toThrow(text);
  });

  it('the wire of another version', () => {
    const bytes = pack('littleEndian', head(0, 4, 1));
    const values = codec.toObject(exactView(bytes), 0, bytes.length, { wire: true }) ?? {};
    expect(() => codec.encode({ ...values, version: 2 })).toThrow('Bare: version 2, of version 1 on the wire');
  });
});

it('blocks have the length of their version where the schema tells it', () => {
  const uint8 = sbe.encoding('uint8', 'uint8');
  const uint16 = sbe.encoding('uint16', 'uint16');
  const header = sbe.composite('h', { blockLength: uint16, templateId: uint16, schemaId: uint16, version: uint16 });
  const dimension = sbe.composite('d', { blockLength: uint16, numInGroup: uint8 });
  const fields = [sbe.field('A', 1, uint8, 0), sbe.field('B', 2, uint8, 4, { sinceVersion: 3 })] as const;
  const grown = { formerLengths: { 1: 2, 2: 3 } };
  const rows = sbe.group('Rows', 3, dimension, 5, fields, grown);
  const messages = [sbe.message(1, 'Grown', 5, fields, { ...grown, groups: [rows] })] as const;
  const own = createSbeCodec(sbe.schema({ package: 'grown', id: 1, version: 3, header, messages }));
  const lengths = [0, 1, 2, 3].map((version) => {
    const last = version === 3 ? { B: 1 } : {};
    const bytes = own.encode({ name: 'Grown', version, A: 1, ...last, Rows: [{ A: 1, ...last }] });
    return [bytes[0], bytes[8 + Number(bytes[0])], bytes.length];
  });
  expect(lengths).toEqual([
    [2, 2, 15],
    [2, 2, 15],
    [3, 3, 17],
    [5, 5, 21],
  ]);
});
