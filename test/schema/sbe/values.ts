/** The messages of `every.ts` as plain values. */

/** What `everyBody` says. */
export const everyValues = {
  type: '1',
  name: 'Every',
  templateId: 1,
  version: 2,
  Int8: -1,
  Uint8: 254,
  Int16: -2,
  Uint16: 65_534,
  Int32: -3,
  Uint32: 4_294_967_294,
  Int64: '-9007199254740993',
  Uint64: '18446744073709551614',
  Plain64: '5',
  Float: 1.5,
  Double: -2.25,
  Price: '-123.45',
  Month: { year: 2026, month: 3, code: { value: 'H', name: 'March' }, source: 7 },
  Char: 'Q',
  Text: 'AB C',
  Numbers: [1, -1, 300],
  Side: { value: 3, name: 'Cross' },
  Flags: { raw: 0x81, names: ['First', 'Last'] },
  LongFlags: { raw: '9223372043297226752', names: ['Edge', 'Over', 'Top'] },
  Fixed: 24,
  Letter: 'J',
  Word: 'XTST',
  Later: 86,
  LaterFixed: 4,
  version_: 90,
  Int64High: 91,
  Note: 'caf\u00e9',
  Last: 128,
};

/** What `nestedBody` says. */
export const nestedValues = {
  type: '2',
  name: 'Nested',
  templateId: 2,
  version: 2,
  Head: 258,
  Plain: [
    { Number: -1, Side: { value: 1, name: 'Buy' }, count: 11 },
    { Number: -2, Side: { value: 9, name: null }, count: 12 },
  ],
  Later: [{ One: 77 }],
  Outer: [outer(1), outer(2)],
  Text: 'end',
  Bytes: 'feff',
};

function outer(key: number) {
  const inner = (value: number) => ({ Value: value, Deep: [0, 1, 2].map((more) => ({ Leaf: value + more })) });
  return { Key: key, Inner: [inner(key * 10), inner(key * 10 + 1)], Flat: [{ Leaf: key + 100 }], Note: `n${key}` };
}
