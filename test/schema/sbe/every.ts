/** A schema of every kind of field, group and data, in either byte order, and bytes of its messages written by hand. */
import * as sbe from '../../../src/schema/sbe/table.js';

const uint8 = sbe.encoding('uint8', 'uint8');
const uint16 = sbe.encoding('uint16', 'uint16');
const int32 = sbe.encoding('int32', 'int32');
const uint64 = sbe.encoding('uint64', 'uint64');
const header = sbe.composite('messageHeader', {
  blockLength: uint16,
  templateId: uint16,
  schemaId: uint16,
  version: uint16,
});
const groupSize = sbe.composite('groupSize', { blockLength: uint16, numInGroup: uint8 });
const wideGroupSize = sbe.composite('wideGroupSize', { blockLength: uint16, numInGroup: uint16 });
const varText = sbe.composite('varText', {
  length: uint8,
  varData: sbe.encoding('varData', 'uint8', { length: 0, characterEncoding: 'UTF-8' }),
});
const varBytes = sbe.composite('varBytes', {
  length: uint16,
  varData: sbe.encoding('varData', 'uint8', { length: 0 }),
});
const price = sbe.composite('Price', {
  mantissa: sbe.optional('mantissa', 'int64', 9223372036854775807n),
  exponent: sbe.constant('exponent', 'int8', -2),
});
const maybe = sbe.optional('Maybe', 'uint8');
const month = sbe.composite('Month', {
  year: sbe.optional('year', 'uint16'),
  month: maybe,
  code: sbe.enumeration('Code', 'char', { March: 'H', June: 'M' }),
  source: sbe.constant('source', 'uint8', 7),
});
const side = sbe.enumeration('Side', maybe, { Buy: 1, Sell: 2, Cross: sbe.since(2, 3) });
const flags = sbe.bitmap('Flags', 'uint8', { First: 0, Last: sbe.since(2, 7) });
const longFlags = sbe.bitmap('LongFlags', 'uint64', { Low: 0, Edge: 31, Over: 32, Top: 63 });

const every = sbe.message(1, 'Every', 129, [
  sbe.field('Int8', 1, sbe.encoding('int8', 'int8'), 0),
  sbe.field('Uint8', 2, maybe, 1),
  sbe.field('Int16', 3, sbe.encoding('int16', 'int16'), 2),
  sbe.field('Uint16', 4, sbe.optional('Uint16', 'uint16'), 4),
  sbe.field('Int32', 5, sbe.optional('Int32', 'int32'), 6),
  sbe.field('Uint32', 6, sbe.optional('Uint32', 'uint32'), 10),
  sbe.field('Int64', 7, sbe.optional('Int64', 'int64'), 14),
  sbe.field('Uint64', 8, sbe.optional('Uint64', 'uint64'), 22),
  sbe.field('Plain64', 9, uint64, 30),
  sbe.field('Float', 10, sbe.optional('Float', 'float'), 38),
  sbe.field('Double', 11, sbe.encoding('double', 'double'), 42),
  sbe.field('Price', 12, price, 50),
  sbe.field('Month', 13, month, 58),
  sbe.field('Char', 14, sbe.optional('Char', 'char'), 62),
  sbe.field('Text', 15, sbe.text('Text', 7), 63),
  sbe.field('Numbers', 16, sbe.encoding('Numbers', 'int16', { length: 3 }), 70),
  sbe.field('Side', 17, side, 76),
  sbe.field('Flags', 18, flags, 77),
  sbe.field('LongFlags', 19, longFlags, 78),
  sbe.field('Fixed', 20, sbe.constant('Fixed', 'int8', 24), 0),
  sbe.field('Letter', 21, sbe.constant('Letter', 'char', 'J'), 0),
  sbe.field('Word', 22, sbe.constant('Word', 'char', 'XTST'), 0),
  sbe.field('Later', 23, int32, 86, { sinceVersion: 2 }),
  sbe.field('LaterFixed', 24, sbe.constant('LaterFixed', 'uint8', 4), 0, { sinceVersion: 2 }),
  sbe.field('version', 25, uint8, 90),
  sbe.field('Int64High', 26, uint8, 91),
  sbe.field('Note', 27, sbe.text('Note', 32), 92),
  sbe.field('Last', 28, uint8, 128, { sinceVersion: 2 }),
]);

const nested = sbe.message(2, 'Nested', 2, [sbe.field('Head', 1, uint16, 0)], {
  groups: [
    sbe.group('Plain', 2, groupSize, 6, [
      sbe.field('Number', 3, int32, 0),
      sbe.field('Side', 4, side, 4),
      sbe.field('count', 5, uint8, 5, { sinceVersion: 2 }),
    ]),
    sbe.group('Later', 6, groupSize, 1, [sbe.field('One', 7, uint8, 0)], { sinceVersion: 2 }),
    sbe.group('Outer', 8, groupSize, 1, [sbe.field('Key', 9, uint8, 0)], {
      groups: [
        sbe.group('Inner', 10, groupSize, 2, [sbe.field('Value', 11, uint16, 0)], {
          groups: [sbe.group('Deep', 12, wideGroupSize, 1, [sbe.field('Leaf', 13, uint8, 0)])],
        }),
        sbe.group('Flat', 14, groupSize, 1, [sbe.field('Leaf', 15, uint8, 0)], { sinceVersion: 2 }),
      ],
      data: [sbe.data('Note', 16, varText)],
    }),
  ],
  data: [sbe.data('Text', 17, varText), sbe.data('Bytes', 18, varBytes, { sinceVersion: 2 })],
});

const gone = sbe.message(3, 'Gone', 1, [sbe.field('One', 1, uint8, 0)], { untilVersion: 1 });
const bare = sbe.message(4, 'Bare', 0, []);
const unhandled = sbe.message(5, 'Unhandled', 1, [sbe.field('One', 1, uint8, 0)]);

/** The schema, version 2. */
export function everySchema(byteOrder: 'littleEndian' | 'bigEndian' = 'littleEndian') {
  const messages = [every, nested, gone, bare, unhandled] as const;
  return sbe.schema({ package: 'every', id: 9, version: 2, byteOrder, header, messages });
}

export const byteOrders = ['littleEndian', 'bigEndian'] as const;

/** A value of so many bits, text, or bytes as they are. */
export type Part =
  | readonly [kind: 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'f32' | 'f64', value: number]
  | readonly [kind: 'i64' | 'u64', value: bigint]
  | readonly [kind: 'text', value: string]
  | readonly [kind: 'zeros', count: number];

/** Bytes of values one after the other. */
export function pack(byteOrder: string, parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const isLittle = byteOrder === 'littleEndian';
  const bytes = new Uint8Array(100_000);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [kind, value] of parts) {
    if (kind === 'text') {
      for (let index = 0; index < value.length; index++) view.setUint8(at++, value.charCodeAt(index));
      continue;
    }
    if (kind === 'zeros') {
      at += value;
      continue;
    }
    if (kind === 'u8') view.setUint8(at, value);
    else if (kind === 'i8') view.setInt8(at, value);
    else if (kind === 'u16') view.setUint16(at, value, isLittle);
    else if (kind === 'i16') view.setInt16(at, value, isLittle);
    else if (kind === 'u32') view.setUint32(at, value, isLittle);
    else if (kind === 'i32') view.setInt32(at, value, isLittle);
    else if (kind === 'f32') view.setFloat32(at, value, isLittle);
    else if (kind === 'f64') view.setFloat64(at, value, isLittle);
    else if (kind === 'i64') view.setBigInt64(at, BigInt(value), isLittle);
    else view.setBigUint64(at, BigInt(value), isLittle);
    at += Number(kind.slice(1)) / 8;
  }
  return bytes.slice(0, at);
}

/** A message header. */
export function head(blockLength: number, templateId: number, version = 2, schemaId = 9): Part[] {
  return [
    ['u16', blockLength],
    ['u16', templateId],
    ['u16', schemaId],
    ['u16', version],
  ];
}

/** Every field of `Every`, none null. */
export const everyBody: readonly Part[] = [
  ['i8', -1],
  ['u8', 254],
  ['i16', -2],
  ['u16', 65_534],
  ['i32', -3],
  ['u32', 4_294_967_294],
  ['i64', -9_007_199_254_740_993n],
  ['u64', 18_446_744_073_709_551_614n],
  ['u64', 5n],
  ['f32', 1.5],
  ['f64', -2.25],
  ['i64', -12_345n],
  ['u16', 2026],
  ['u8', 3],
  ['text', 'H'],
  ['text', 'Q'],
  ['text', 'AB C  \0'],
  ['i16', 1],
  ['i16', -1],
  ['i16', 300],
  ['u8', 3],
  ['u8', 0x81],
  ['u64', 0x8000_0001_8000_0000n],
  ['i32', 86],
  ['u8', 90],
  ['u8', 91],
  ['text', 'caf\u00e9'],
  ['zeros', 28],
  ['zeros', 4],
  ['u8', 128],
];

/** Two entries of every group of `Nested`, nested ones too, and all data. */
export const nestedBody: readonly Part[] = [
  ['u16', 0x0102],
  ...group(6, 2),
  ...([
    ['i32', -1],
    ['u8', 1],
    ['u8', 11],
    ['i32', -2],
    ['u8', 9],
    ['u8', 12],
  ] as Part[]),
  ...group(1, 1),
  ['u8', 77],
  ...group(1, 2),
  ...outerEntry(1),
  ...outerEntry(2),
  ...([
    ['u8', 3],
    ['text', 'end'],
    ['u16', 2],
    ['u8', 0xfe],
    ['u8', 0xff],
  ] as Part[]),
];

/** A group's dimension. */
export function group(blockLength: number, count: number): Part[] {
  return [
    ['u16', blockLength],
    ['u8', count],
  ];
}

function outerEntry(key: number): Part[] {
  return [
    ['u8', key],
    ...group(2, 2),
    ...innerEntry(key * 10),
    ...innerEntry(key * 10 + 1),
    ...group(1, 1),
    ['u8', key + 100],
    ['u8', 2],
    ['text', `n${key}`],
  ];
}

function innerEntry(value: number): Part[] {
  return [
    ['u16', value],
    ['u16', 1],
    ['u16', 3],
    ['u8', value],
    ['u8', value + 1],
    ['u8', value + 2],
  ];
}

/** The message in a view of exactly its bytes. */
export function exactView(bytes: Uint8Array): DataView {
  return new DataView(bytes.slice().buffer);
}

/** The message amid bytes of which none may be read: any that is read changes with `poison`. */
export function poisonedView(bytes: Uint8Array, poison: number, before = 300): { view: DataView; offset: number } {
  const all = new Uint8Array(before + bytes.length + 70_000).fill(poison);
  all.set(bytes, before);
  return { view: new DataView(all.buffer), offset: before };
}
