/** JSON, CSV, plain objects, encoding and the Markdown reference, on vectors. */
import { describe, expect, it } from 'vitest';
import { DecodeError, UsageError } from '../../src/core/errors.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { createCodec } from '../../src/schema/codec.js';
import { csvCell, fixedPoint } from '../../src/schema/text.js';
import { everyBytes, small } from './small.js';

const codec = createCodec(small);
const view = new DataView(everyBytes().buffer);
const values = {
  type: 'E',
  name: 'Every',
  timestamp: 4_294_967_298,
  tiny: 255,
  small: 65_535,
  price: 123_400,
  level: '18446744073709551615',
  id: '9007199254740993',
  side: 'B',
  one: '',
  three: '',
  fourteen: 'HELLO',
};

describe('JSON', () => {
  it('is the inside of an object, fields in the order of the table', () => {
    expect(codec.jsonWriter()(view, 0)).toBe(JSON.stringify(values).slice(1, -1));
  });

  it('64-bit integers as exact numbers', () => {
    expect(codec.jsonWriter({ int64: 'number' })(view, 0)).toContain(
      '"level":18446744073709551615,"id":9007199254740993,',
    );
  });

  it('fixed-point fields as decimal strings, of any size', () => {
    const text = codec.jsonWriter({ decimal: true, int64: 'number' })(view, 0);
    expect(text).toContain('"price":"12.3400","level":"184467440737.09551615","id":9007199254740993,');
  });

  it('selected fields only, in the order of the table', () => {
    expect(codec.jsonWriter({ fields: ['price', 'tiny'] })(view, 0)).toBe('"tiny":255,"price":123400');
    expect(codec.jsonWriter({ fields: ['name', 'id'] })(view, 0)).toBe('"name":"Every","id":"9007199254740993"');
    expect(codec.jsonWriter({ fields: [] })(view, 0)).toBe('');
    expect(() => codec.jsonWriter({ fields: ['prices'] })).toThrow(UsageError);
  });

  it('escapes what JSON asks for, and keeps every byte', () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = `${String.fromCharCode(byte)}x`;
      const bytes = new DataView(everyBytes(text).buffer);
      expect(JSON.parse(`{${codec.jsonWriter({ fields: ['fourteen'] })(bytes, 0)}}`)).toEqual({ fourteen: text });
    }
    const bare = new DataView(Uint8Array.of(0x22, 0, 0, 0, 0, 0, 0).buffer);
    expect(codec.jsonWriter()(bare, 0)).toBe('"type":"\\"","name":"Bare","timestamp":0');
  });

  it('keeps spaces inside and on the left of text', () => {
    const bytes = new DataView(everyBytes('  A B  ').buffer);
    expect(codec.jsonWriter({ fields: ['fourteen'] })(bytes, 0)).toBe('"fourteen":"  A B"');
  });

  it('is empty for an unknown type', () => {
    expect(codec.jsonWriter()(new DataView(new ArrayBuffer(60)), 0)).toBe('');
  });
});

describe('CSV', () => {
  it('has the union of all columns, in order of appearance', () => {
    const writer = codec.csvWriter();
    expect(writer.columns.join()).toBe('type,name,timestamp,tiny,small,price,level,id,side,one,three,fourteen');
    expect(writer.row(view, 0)).toBe(
      'E,Every,4294967298,255,65535,123400,18446744073709551615,9007199254740993,B,,,HELLO',
    );
    const bare = new DataView(Uint8Array.of(0x22, 0, 0, 0, 0, 0, 5).buffer);
    expect(writer.row(bare, 0)).toBe('"""",Bare,5,,,,,,,,,');
    expect(writer.row(new DataView(new ArrayBuffer(60)), 0)).toBe('');
  });

  it('has the selected columns in the order given', () => {
    const writer = codec.csvWriter({ fields: ['fourteen', 'price', 'type'], decimal: true });
    expect(writer.columns).toEqual(['fourteen', 'price', 'type']);
    expect(writer.row(new DataView(everyBytes('a,"b"').buffer), 0)).toBe('"a,""b""",12.3400,E');
    expect(() => codec.csvWriter({ fields: ['nothing'] })).toThrow('Small has no field "nothing"');
  });

  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['two\r', '"two\r"'],
    [' left', '" left"'],
    ['nul\0', 'nul\0'],
  ])('cell %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });
});

describe('fixed point', () => {
  it.each([
    ['0', 4, '0.0000'],
    ['1', 4, '0.0001'],
    ['9999', 4, '0.9999'],
    ['10000', 4, '1.0000'],
    ['4294967295', 4, '429496.7295'],
    ['18446744073709551615', 8, '184467440737.09551615'],
    ['5', 1, '0.5'],
  ])('%s with %i decimals', (digits, decimals, text) => {
    expect(fixedPoint(digits, decimals)).toBe(text);
  });
});

describe('plain objects', () => {
  it('have the values of the JSON', () => {
    expect(codec.toObject(view, 0, 49)).toEqual(values);
    expect(codec.toObject(view, 0, 49, { int64: 'number' })).toMatchObject({ id: 9_007_199_254_740_992 });
    expect(codec.toObject(view, 0, 49, { decimal: true })).toMatchObject({
      price: '12.3400',
      level: '184467440737.09551615',
    });
  });

  it('are null where type or length is unknown', () => {
    expect([0, 48, 50].map((length) => codec.toObject(view, 0, length))).toEqual([null, null, null]);
    expect(codec.toObject(view, 1, 49)).toBeNull();
  });
});

describe('encode', () => {
  it('writes what was read, and into a place', () => {
    expect(codec.encode(values)).toEqual(everyBytes());
    const target = new Uint8Array(53);
    expect(codec.encodeInto(values, new DataView(target.buffer), 2)).toBe(49);
    expect(target).toEqual(Uint8Array.from([0, 0, ...everyBytes(), 0, 0]));
  });

  it('takes numbers for 64-bit integers, and lets other keys pass', () => {
    const more = { packet: 1, ...values, id: 9_007_199_254_740_991, level: 0 };
    expect(codec.toObject(new DataView(codec.encode(more).buffer), 0, 49)).toEqual({
      ...values,
      id: '9007199254740991',
      level: '0',
    });
  });

  const refused: [what: string, change: Record<string, unknown>, text: string][] = [
    ['type', { type: 'Z' }, '"Z" is not a message type of Small'],
    ['no type', { type: undefined }, 'undefined is not a message type of Small'],
    ['name', { name: 'Bare' }, 'type "E" is Every, not "Bare"'],
    ['missing', { tiny: undefined }, 'Every.tiny: no value'],
    ['null', { tiny: null }, 'Every.tiny: null is not an integer from 0 to 255'],
    ['too big', { tiny: 256 }, 'Every.tiny: 256 is not an integer from 0 to 255'],
    ['negative', { small: -1 }, 'Every.small: -1 is not an integer from 0 to 65535'],
    ['fraction', { price: 1.5 }, 'Every.price: 1.5 is not an integer from 0 to 4294967295'],
    ['not a number', { price: Number.NaN }, 'Every.price: NaN is not an integer'],
    ['text for a number', { price: '1' }, 'Every.price: "1" is not an integer'],
    ['48 bits', { timestamp: 2 ** 48 }, 'Every.timestamp: 281474976710656 is not an integer from 0 to 281474976710655'],
    ['unsafe number', { id: 2 ** 53 }, 'Every.id: 9007199254740992 is not an integer from 0 to 9007199254740991'],
    ['65 bits', { id: '18446744073709551616' }, 'Every.id: "18446744073709551616" is not at most 18446744073709551615'],
    ['digits', { id: '0x1' }, 'Every.id: "0x1" is not a decimal string'],
    ['number for text', { side: 1 }, 'Every.side: 1 is not text of at most 1 characters'],
    ['long text', { three: 'ABCD' }, 'Every.three: "ABCD" is not text of at most 3 characters'],
    ['beyond Latin-1', { fourteen: '€' }, 'Every.fourteen: "€" is not Latin-1 text'],
  ];
  it.each(refused)('refuses: %s', (_, change, text) => {
    const bad = { ...values, ...change } as never;
    expect(() => codec.encode(bad)).toThrow(DecodeError);
    expect(() => codec.encode(bad)).toThrow(text);
  });

  it.each([
    ['12.34', 123_400],
    ['12', 120_000],
    ['0.0001', 1],
    ['429496.7295', 4_294_967_295],
  ])('decimal %s', (price, raw) => {
    const bytes = codec.encode({ ...values, level: '1.00000001', price }, { decimal: true });
    expect(codec.toObject(new DataView(bytes.buffer), 0, 49)).toMatchObject({ price: raw, level: '100000001' });
  });

  it.each([['12.34567'], ['429496.7296'], ['-1'], [''], ['.5'], ['1.'], ['1e3'], [12]])(
    'refuses decimal %j',
    (price) => {
      const decimal = { ...values, level: '1', price };
      expect(() => codec.encode(decimal, { decimal: true })).toThrow(/^Every\.price: /);
    },
  );
});

describe('Markdown reference', () => {
  it('lists every message, field, scale and code', () => {
    expect(codec.reference()).toMatchSnapshot();
  });
});

describe('JSON text', () => {
  it('holds no control character of either set, and parses back to the same bytes', () => {
    for (let code = 0; code < 256; code++) {
      const stock = `A${String.fromCharCode(code)}B`;
      const values = { type: 'A', stockLocate: 1, trackingNumber: 0, timestamp: 5, shares: 1, price: 1 } as const;
      const bytes = itch50.encode({ ...values, orderReferenceNumber: '7', buySellIndicator: 'B', stock });
      const text = itch50.jsonWriter()(new DataView(bytes.buffer, bytes.byteOffset), 0);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(JSON.parse(`{${text}}`)).toMatchObject({ stock });
    }
  });
});
