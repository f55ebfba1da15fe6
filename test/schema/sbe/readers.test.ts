/** Plain objects, JSON and CSV on vectors: bytes written by hand, and what they say. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { createSbeCodec } from '../../../src/schema/sbe/codec.js';
import { wireBytes } from '../../../src/schema/sbe/plain-values.js';
import { byteOrders, everyBody, everySchema, exactView, group, head, nestedBody, type Part, pack } from './every.js';
import { everyValues, nestedValues } from './values.js';

describe.each(byteOrders)('%s', (byteOrder) => {
  const codec = createSbeCodec(everySchema(byteOrder));
  const every = exactView(pack(byteOrder, [...head(129, 1), ...everyBody]));
  const nested = exactView(pack(byteOrder, [...head(2, 2), ...nestedBody]));
  const read = (view: DataView, options = {}) => codec.toObject(view, 0, view.byteLength, options);
  const json = (view: DataView, options = {}) => codec.jsonWriter(options)(view, 0, view.byteLength);

  it('reads every kind of field, and groups in groups with data', () => {
    expect(read(every)).toEqual(everyValues);
    expect(read(nested)).toEqual(nestedValues);
  });

  it('has the keys in the order of the schema, the same in JSON', () => {
    expect(json(every)).toBe(JSON.stringify(everyValues).slice(1, -1));
    expect(json(nested)).toBe(JSON.stringify(nestedValues).slice(1, -1));
  });

  it('64-bit integers as numbers, exact in JSON', () => {
    const text = json(every, { int64: 'number' });
    expect(text).toContain('"Int64":-9007199254740993,"Uint64":18446744073709551614,"Plain64":5,');
    expect(text).toContain('"LongFlags":{"raw":9223372043297226752,"names":["Edge","Over","Top"]}');
    expect(read(every, { int64: 'number' })).toMatchObject({ Int64: -9_007_199_254_740_992, Plain64: 5 });
  });

  it('enums by their names, by the raw value where they have none', () => {
    const options = { enums: 'name' } as const;
    const expected = { Month: { year: 2026, month: 3, code: 'March', source: 7 }, Side: 'Cross' };
    expect(read(every, options)).toMatchObject(expected);
    expect(JSON.parse(`{${json(every, options)}}`)).toMatchObject(expected);
    expect(read(nested, options)).toMatchObject({ Plain: [{ Side: 'Buy' }, { Side: 9 }] });
  });

  it('an older version lacks later fields, groups, data and names, though the bytes are there', () => {
    const older = exactView(pack(byteOrder, [...head(129, 1, 1), ...everyBody]));
    const absent = { version: 1, Later: null, LaterFixed: null, Last: null };
    const names = { Side: { value: 3, name: null }, Flags: { raw: 0x81, names: ['First'] } };
    expect(read(older)).toEqual({ ...everyValues, ...absent, ...names });
    const groups: Part[] = [...head(2, 2, 1), ['u16', 1], ...group(6, 0), ...group(1, 0), ['u8', 0]];
    expect(read(exactView(pack(byteOrder, groups)))).toEqual({
      ...{ type: '2', name: 'Nested', templateId: 2, version: 1, Head: 1 },
      ...{ Plain: [], Later: null, Outer: [], Text: '', Bytes: null },
    });
  });

  it('a shorter block lacks its last fields, a longer one is skipped', () => {
    const shorter = exactView(
      pack(byteOrder, [...head(9, 1), ...everyBody.slice(0, 5), ['zeros', 0], ['u8', 1], ['u16', 2]]),
    );
    const values = read(shorter);
    expect(values).toMatchObject({ Uint16: 65_534, Int32: null, Price: null, Month: null, Numbers: null, Fixed: 24 });
    const longer = exactView(pack(byteOrder, [...head(131, 1), ...everyBody, ['u16', 999]]));
    expect(read(longer)).toEqual(everyValues);
    expect(codec.skipped(longer, 0, longer.byteLength)).toEqual([
      { path: 'Every', bytes: 2, reason: 'the block has 131 bytes, 129 of them in version 2' },
    ]);
  });

  it('null values are null', () => {
    const nulls: Part[] = [
      ...([
        ['i8', 0],
        ['u8', 255],
        ['i16', 0],
        ['u16', 65_535],
        ['i32', -(2 ** 31)],
        ['u32', 2 ** 32 - 1],
      ] as Part[]),
      ...([
        ['i64', -(2n ** 63n)],
        ['u64', 2n ** 64n - 1n],
        ['u64', 0n],
        ['f32', Number.NaN],
        ['f64', Number.NaN],
      ] as Part[]),
      ...([
        ['i64', 2n ** 63n - 1n],
        ['u16', 65_535],
        ['u8', 255],
        ['text', 'Z'],
        ['u8', 0],
      ] as Part[]),
      ...([
        ['zeros', 13],
        ['u8', 255],
        ['zeros', 52],
      ] as Part[]),
    ];
    const view = exactView(pack(byteOrder, [...head(129, 1), ...nulls]));
    const expected = {
      ...{ Uint8: null, Uint16: null, Int32: null, Uint32: null, Int64: null, Uint64: null, Plain64: '0' },
      ...{ Float: null, Double: null, Price: null, Char: null, Text: '', Side: null },
      Month: { year: null, month: null, code: { value: 'Z', name: null }, source: 7 },
      ...{ Flags: { raw: 0, names: [] }, LongFlags: { raw: '0', names: [] } },
    };
    expect(read(view)).toMatchObject(expected);
    expect(JSON.parse(`{${json(view)}}`)).toMatchObject(expected);
  });

  it.each([
    [Number.POSITIVE_INFINITY, '"Infinity"', 'Infinity'],
    [Number.NEGATIVE_INFINITY, '"-Infinity"', '-Infinity'],
    [-0, '-0', -0],
    [0.1, '0.1', 0.1],
    [5e-324, '5e-324', 5e-324],
  ])('the double %s', (value, text, plain) => {
    const parts = everyBody.map((part): Part => (part[0] === 'f64' ? ['f64', value] : part));
    const view = exactView(pack(byteOrder, [...head(129, 1), ...parts]));
    expect(json(view, { fields: ['Double'] })).toBe(`"Double":${text}`);
    expect(read(view)?.Double).toBe(plain);
  });

  it('writes the selected fields only, in the order of the schema', () => {
    expect(json(every, { fields: ['Side', 'Int8', 'name'] })).toBe(
      '"name":"Every","Int8":-1,"Side":{"value":3,"name":"Cross"}',
    );
    expect(json(every, { fields: ['version', 'version_'] })).toBe('"version":2,"version_":90');
    expect(json(nested, { fields: ['Plain.count', 'Text'] })).toBe('"Plain":[{"count":11},{"count":12}],"Text":"end"');
    const deep = '"Outer":[{"Inner":[{"Deep":[{"Leaf":10},{"Leaf":11},{"Leaf":12}]},';
    expect(json(nested, { fields: ['Outer.Inner.Deep.Leaf', 'type'] })).toMatch(`"type":"2",${deep}`);
    expect(json(nested, { fields: ['Outer', 'Outer.Key'] })).toBe(json(nested, { fields: ['Outer'] }));
    expect(json(every, { fields: ['Plain.count'] })).toBe('');
    expect(json(every, { fields: [] })).toBe('');
  });

  it.each(['Nothing', 'Plain.Nothing', 'Nothing.count', 'Int8.Plain', 'Outer.Inner.Key', 'version_.x', ''])(
    'has no field %j',
    (field) => {
      expect(() => codec.jsonWriter({ fields: [field] })).toThrow(UsageError);
      expect(() => codec.csvWriter({ fields: [field] })).toThrow(`every has no field "${field}"`);
    },
  );

  it('keeps the bytes of blocks, dimensions and data where they are asked for', () => {
    const values = read(nested, { wire: true }) as Record<string | symbol, never>;
    const { header, block, data, tail } = values[wireBytes] as never;
    expect([header, block, data, tail]).toEqual([
      pack(byteOrder, head(2, 2)),
      pack(byteOrder, [['u16', 0x0102]]),
      [
        pack(byteOrder, [
          ['u8', 3],
          ['text', 'end'],
        ]),
        pack(byteOrder, [
          ['u16', 2],
          ['u8', 0xfe],
          ['u8', 0xff],
        ]),
      ],
      new Uint8Array(0),
    ]);
    expect(values.Plain[wireBytes]).toEqual(pack(byteOrder, group(6, 2)));
    expect(Object.keys(values)).toEqual(Object.keys(nestedValues));
  });
});

describe('CSV', () => {
  const codec = createSbeCodec(everySchema());
  const row = (parts: readonly Part[], options = {}) => {
    const view = exactView(pack('littleEndian', parts));
    return codec.csvWriter(options).row(view, 0, view.byteLength);
  };

  it('has the union of all columns, cells empty where a message has none or null', () => {
    expect(codec.csvWriter().columns.join()).toBe(
      'type,name,templateId,version,Int8,Uint8,Int16,Uint16,Int32,Uint32,Int64,Uint64,Plain64,Float,Double,Price,' +
        'Month,Char,Text,Numbers,Side,Flags,LongFlags,Fixed,Letter,Word,Later,LaterFixed,version_,Int64High,Note,Last,' +
        'Head,Plain,Outer,Bytes,One',
    );
    expect(row([...head(129, 1), ...everyBody])).toBe(
      '1,Every,1,2,-1,254,-2,65534,-3,4294967294,-9007199254740993,18446744073709551614,5,1.5,-2.25,-123.45,' +
        '"{""year"":2026,""month"":3,""code"":{""value"":""H"",""name"":""March""},""source"":7}",Q,AB C,"[1,-1,300]",' +
        'Cross,First|Last,Edge|Over|Top,24,J,XTST,86,4,90,91,caf\u00e9,128,,,,,',
    );
    expect(row(head(0, 4))).toBe(`4,Bare,4,2${','.repeat(33)}`);
  });

  it('a group is its JSON, whatever stands before it; bits without a name are told', () => {
    const fields = ['Later', 'Outer.Key', 'Bytes', 'Text', 'Plain.Side', 'Flags', 'type'];
    expect(row([...head(2, 2), ...nestedBody], { fields, enums: 'name' })).toBe(
      '"[{""One"":77}]","[{""Key"":1},{""Key"":2}]",feff,end,"[{""Side"":""Buy""},{""Side"":9}]",,2',
    );
    const flags = everyBody.map((part): Part => (part[1] === 0x81 ? ['u8', 0x42] : part));
    expect(row([...head(129, 1), ...flags], { fields: ['Flags'] })).toBe('0x42');
    const both = everyBody.map((part): Part => (part[1] === 0x81 ? ['u8', 0x83] : part));
    expect(row([...head(129, 1), ...both], { fields: ['Flags'] })).toBe('First|Last|0x2');
  });
});

describe('what is unknown or does not fit', () => {
  const codec = createSbeCodec(everySchema());
  const cases: readonly [string, readonly Part[], { path: string; bytes: number; reason: string }][] = [
    ['no header', [['u16', 1]], { path: 'every', bytes: 2, reason: '2 bytes are no message header of 8' }],
    ['template', head(0, 99), { path: 'every', bytes: 8, reason: 'every 2 has no template 99 of schema 9 version 2' }],
    [
      'schema',
      head(0, 4, 2, 8),
      { path: 'every', bytes: 8, reason: 'every 2 has no template 4 of schema 8 version 2' },
    ],
    [
      'a version that has it no more',
      [...head(1, 3), ['u8', 1]],
      { path: 'every', bytes: 9, reason: 'every 2 has no template 3 of schema 9 version 2' },
    ],
    [
      'a block',
      [...head(2, 5), ['u8', 1]],
      { path: 'Unhandled', bytes: 9, reason: 'a block of 2 bytes where 1 follow the header' },
    ],
    [
      'a group',
      [...head(2, 2), ['u16', 1], ...group(6, 2), ['i32', 1]],
      {
        path: 'Nested.Plain',
        bytes: 7,
        reason: '2 entries of 6 bytes where 4 bytes are left and at most 255 of them are allowed',
      },
    ],
  ];
  it.each(cases)('%s: no values, no text, and why', (_, parts, skip) => {
    const view = exactView(pack('littleEndian', parts));
    const { byteLength } = view;
    expect(codec.toObject(view, 0, byteLength)).toBeNull();
    expect(codec.jsonWriter()(view, 0, byteLength)).toBe('');
    expect(codec.csvWriter().row(view, 0, byteLength)).toBe('');
    expect(codec.isKnown(view, 0, byteLength)).toBe(false);
    expect(codec.skipped(view, 0, byteLength)).toEqual([skip]);
  });
});
