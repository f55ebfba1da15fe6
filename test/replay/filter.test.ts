import { describe, expect, test } from 'vitest';
import { itch50Landmarks } from '../../src/analysis/landmarks.js';
import { UsageError } from '../../src/core/errors.js';
import type { Flow, Stream } from '../../src/core/seams.js';
import { type FilterSpec, MessageFilter, noFilter, noStream } from '../../src/replay/filter.js';
import { embed, itch, itchTypes, makeFlow } from '../session/support.js';

/** Where the specification prints the stock field, by type. */
const stockOffsets: Record<string, number> = { R: 11, H: 11, Y: 11, L: 15, K: 11, J: 11, h: 11, A: 24, F: 24 };
Object.assign(stockOffsets, { P: 24, Q: 19, I: 28, N: 11, O: 11 });

function message(type: string, locate: number, stock?: string): Uint8Array {
  const bytes = itch(type);
  new DataView(bytes.buffer).setUint16(1, locate);
  if (stock !== undefined) bytes.set(Buffer.from(stock.padEnd(8), 'latin1'), stockOffsets[type]);
  return bytes;
}

function filterOf(spec: Partial<FilterSpec>): MessageFilter {
  return new MessageFilter({ ...noFilter, ...spec }, itch50Landmarks);
}

function accepts(filter: MessageFilter, bytes: Uint8Array, streamKey?: number): boolean {
  const { view, offset, length } = embed(bytes);
  return filter.acceptsMessage(view, offset, length, streamKey);
}

function learn(filter: MessageFilter, bytes: Uint8Array, streamKey?: number): void {
  const { view, offset, length } = embed(bytes);
  filter.learn(view, offset, length, streamKey);
}

describe('destination', () => {
  const flow = (index: number, destination: string, destinationPort: number): Flow => ({
    ...makeFlow(index),
    destination,
    destinationPort,
  });
  const flows = [
    flow(0, '233.54.12.111', 26477),
    flow(1, '233.54.12.111', 26478),
    flow(2, '233.54.12.11', 26477),
    flow(3, '0.0.0.0', 0),
  ];

  test.each<[string[], boolean[]]>([
    [[], [true, true, true, true]],
    [['233.54.12.111'], [true, true, false, false]],
    [['233.54.12.111:26477'], [true, false, false, false]],
    [[':26477'], [true, false, true, false]],
    [
      [':26478', '233.54.12.11'],
      [false, true, true, false],
    ],
    [['0.0.0.0:0'], [false, false, false, true]],
    [['10.0.0.1'], [false, false, false, false]],
  ])('%j', (destinations, verdicts) => {
    const filter = filterOf({ destinations });
    expect(flows.map((one) => filter.acceptsFlow(one))).toEqual(verdicts);
    // The verdicts are kept: the same answers once more.
    expect(flows.map((one) => filter.acceptsFlow(one))).toEqual(verdicts);
    expect(filter.readsMessages).toBe(false);
  });

  test.each(['', ':', '26477', 'feed', '233.54.12', '233.54.12.256', '233.54.12.111:', ':65536', '1.2.3.4:x', '::1'])(
    'refuses %j',
    (destination) => {
      expect(() => filterOf({ destinations: [destination] })).toThrow(UsageError);
      expect(() => filterOf({ destinations: [destination] })).toThrow(/--destination .*233\.54\.12\.111:26477/);
    },
  );
});

describe('session', () => {
  const stream = (session: string | null): Stream => ({ index: 0, protocol: 'MoldUDP64', session, flow: null });

  test('any of the names, exactly', () => {
    const filter = filterOf({ sessions: ['000008112A', 'B'] });
    const names = ['000008112A', 'B', '000008112', '', null];
    expect(names.map((name) => filter.acceptsStream(stream(name)))).toEqual([true, true, false, false, false]);
    expect(filter.readsMessages).toBe(false);
    expect(names.every((name) => filterOf({}).acceptsStream(stream(name)))).toBe(true);
  });
});

describe('messages', () => {
  test('no filter takes everything, unknown layouts too', () => {
    const filter = filterOf({});
    expect(filter.readsMessages).toBe(false);
    expect(accepts(filter, new Uint8Array(0))).toBe(true);
    expect(accepts(filter, Uint8Array.of(1, 2, 3))).toBe(true);
  });

  test('type', () => {
    const filter = filterOf({ types: ['A', 'h'] });
    expect(itchTypes.filter((type) => accepts(filter, message(type, 1)))).toEqual(['h', 'A']);
  });

  test('locate', () => {
    const filter = filterOf({ locates: [13, 65_535] });
    expect([12, 13, 65_535, 0].map((locate) => accepts(filter, message('D', locate)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('an unknown layout is never wanted where something of a message is asked for', () => {
    const all = filterOf({ types: itchTypes });
    expect(accepts(all, new Uint8Array(0))).toBe(false);
    expect(accepts(all, itch('A').subarray(0, 35))).toBe(false);
    expect(accepts(all, Uint8Array.of(...itch('A'), 0))).toBe(false);
    expect(accepts(all, Uint8Array.of(0x7a, 0, 1))).toBe(false);
  });

  test('symbol: by the message itself, and by the locates that such messages taught', () => {
    const filter = filterOf({ symbols: ['AAPL', 'MSFT'] });
    const feed: [Uint8Array, boolean][] = [
      [message('D', 13), false],
      [message('R', 13, 'AAPL'), true],
      [message('D', 13), true],
      [message('D', 14), false],
      [message('R', 14, 'AAPLW'), false],
      [message('X', 14), false],
      [message('A', 77, 'MSFT'), true],
      [message('E', 77), true],
      [message('S', 0), false],
    ];
    expect(feed.map(([bytes]) => accepts(filter, bytes))).toEqual(feed.map(([, verdict]) => verdict));
  });

  test('symbol: every type that names a stock teaches its locate', () => {
    for (const type of Object.keys(stockOffsets)) {
      const filter = filterOf({ symbols: ['BRK.A'] });
      expect([type, accepts(filter, message(type, 5, 'BRK.B')), accepts(filter, message('D', 5))]).toEqual([
        type,
        false,
        false,
      ]);
      expect([type, accepts(filter, message(type, 5, 'BRK.A')), accepts(filter, message('D', 5))]).toEqual([
        type,
        true,
        true,
      ]);
    }
  });

  test('symbol: a message that names another stock is not wanted, and takes its locate back', () => {
    const filter = filterOf({ symbols: ['AAPL'] });
    const feed: [Uint8Array, boolean][] = [
      [message('R', 13, 'AAPL'), true],
      [message('R', 12, 'AAPL'), true],
      [message('A', 13, 'ZVZZT'), false],
      [message('D', 13), false],
      [message('D', 12), true],
      [message('A', 13, 'AAPL'), true],
      [message('D', 13), true],
    ];
    expect(feed.map(([bytes]) => accepts(filter, bytes))).toEqual(feed.map(([, verdict]) => verdict));
  });

  test('symbol: a locate is of one stream only', () => {
    const filter = filterOf({ symbols: ['AAPL'] });
    const feed: [Uint8Array, number, boolean][] = [
      [message('R', 5, 'AAPL'), 0, true],
      [message('R', 5, 'ZZZ'), 1, false],
      [message('E', 5), 0, true],
      [message('E', 5), 1, false],
      [message('R', 9, 'AAPL'), 1, true],
      [message('E', 9), 0, false],
      [message('E', 9), 1, true],
      [message('R', 7, 'AAPL'), noStream, true],
      [message('E', 7), noStream, false],
      [message('E', 7), 0, false],
    ];
    expect(feed.map(([bytes, key]) => accepts(filter, bytes, key))).toEqual(feed.map(([, , verdict]) => verdict));
    filter.forget();
    expect([accepts(filter, message('E', 5), 0), accepts(filter, message('E', 9), 1)]).toEqual([false, false]);
  });

  test('symbol: learned from what does not take part, but from no unknown layout', () => {
    const filter = filterOf({ symbols: ['AAPL'], types: ['E'] });
    learn(filter, message('R', 5, 'AAPL'), 2);
    learn(filter, Uint8Array.of(...message('R', 6, 'AAPL'), 0), 2);
    learn(filter, message('R', 6, 'AAPL').subarray(0, 20), 2);
    learn(filter, new Uint8Array(0), 2);
    expect([5, 6].map((locate) => accepts(filter, message('E', locate), 2))).toEqual([true, false]);
    expect(accepts(filter, message('E', 5), 0)).toBe(false);
    learn(filter, message('H', 5, 'ZZZ'), 2);
    expect(accepts(filter, message('E', 5), 2)).toBe(false);
    expect([filter.learns, filterOf({ types: ['E'] }).learns]).toEqual([true, false]);
  });

  test('symbols of eight characters are compared to the last one', () => {
    const filter = filterOf({ symbols: ['ABCDEFGH'] });
    expect(accepts(filter, message('R', 1, 'ABCDEFGX'))).toBe(false);
    expect(accepts(filter, message('R', 1, 'XBCDEFGH'))).toBe(false);
    expect(accepts(filter, message('R', 1, 'ABCDEFGH'))).toBe(true);
  });

  test('several kinds must all match', () => {
    const filter = filterOf({ types: ['D'], symbols: ['AAPL'], locates: [13, 14] });
    const feed: [Uint8Array, boolean][] = [
      // Learned from, though its type is not wanted.
      [message('R', 13, 'AAPL'), false],
      [message('D', 13), true],
      [message('D', 14), false],
      [message('E', 13), false],
      // AAPL has moved to a locate that is not asked for.
      [message('R', 15, 'AAPL'), false],
      [message('D', 15), false],
    ];
    expect(feed.map(([bytes]) => accepts(filter, bytes))).toEqual(feed.map(([, verdict]) => verdict));
  });

  test.each<[string, Partial<FilterSpec>, RegExp]>([
    ['unknown type', { types: ['Z'] }, /--type 'Z' is no message type/],
    ['two letters', { types: ['AF'] }, /--type 'AF'/],
    ['no letter', { types: [''] }, /--type ''/],
    ['type beyond a byte', { types: ['Ł'] }, /--type 'Ł'/],
    ['negative locate', { locates: [-1] }, /--locate -1 is outside 0 to 65535/],
    ['locate beyond 16 bits', { locates: [65_536] }, /--locate 65536/],
    ['broken locate', { locates: [1.5] }, /--locate 1.5/],
    ['locate that is no number', { locates: [Number.NaN] }, /--locate NaN/],
    ['no symbol', { symbols: [''] }, /--symbol '' must have 1 to 32/],
    ['long symbol', { symbols: ['A'.repeat(33)] }, /--symbol 'A{33}' must have 1 to 32/],
    ['symbol that no wire carries', { symbols: ['ŁAPL'] }, /--symbol 'ŁAPL'/],
  ])('refuses: %s', (_name, spec, text) => {
    expect(() => filterOf(spec)).toThrow(UsageError);
    expect(() => filterOf(spec)).toThrow(text);
  });
});
