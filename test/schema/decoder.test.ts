/** Decoders: exact lengths, unknown layouts, blocks, handlers, and life without code generation. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/schema/codec.js';
import { projectRoot } from '../support/cli.js';
import { everyBytes, small } from './small.js';

const codec = createCodec(small);
const every = everyBytes();
const bare = Uint8Array.of(0x22, 0, 0, 0, 0, 0, 7);

function block(...messages: (readonly number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(messages.flatMap((bytes) => [bytes.length >> 8, bytes.length & 255, ...bytes]));
}

describe.each(['compiled', 'interpreted'] as const)('%s decoder', (engine) => {
  function collect() {
    const seen: unknown[] = [];
    const decoder = codec.createDecoder(
      {
        Every: (message) => seen.push(['Every', message.offset, message.id, message.fourteen]),
        Bare: (message) => seen.push(['Bare', message.offset, message.timestamp]),
        onUnknown: (_, offset, length) => seen.push(['unknown', offset, length]),
      },
      engine,
    );
    return { seen, decoder };
  }

  it('takes a message of exactly its length only', () => {
    const { seen, decoder } = collect();
    const view = new DataView(Uint8Array.from([...every, 0, 0]).buffer);
    expect([0, 1, 48, 49, 50].map((length) => decoder.decode(view, 0, length))).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(decoder.decode(view, 1, 49)).toBe(false);
    expect(seen).toEqual([
      ['unknown', 0, 0],
      ['unknown', 0, 1],
      ['unknown', 0, 48],
      ['Every', 0, 9_007_199_254_740_992, 'HELLO'],
      ['unknown', 0, 50],
      ['unknown', 1, 49],
    ]);
  });

  it('an empty message at the very end of the view is unknown', () => {
    const { seen, decoder } = collect();
    expect(decoder.decode(new DataView(new ArrayBuffer(4)), 4, 0)).toBe(false);
    expect(decoder.decodeBlocks(new DataView(block([]).buffer), 0, 2)).toBe(2);
    expect(seen).toEqual([
      ['unknown', 4, 0],
      ['unknown', 2, 0],
    ]);
  });

  const longUnknown = new Array<number>(300).fill(0x45);
  const streams: [string, Uint8Array<ArrayBuffer>, number, unknown[]][] = [
    ['nothing', new Uint8Array(0), 0, []],
    ['one byte', new Uint8Array(1), 0, []],
    ['one message', block(bare), 9, [['Bare', 2, 7]]],
    [
      'two messages',
      block(every, bare),
      60,
      [
        ['Every', 2, 9_007_199_254_740_992, 'HELLO'],
        ['Bare', 53, 7],
      ],
    ],
    [
      'a zero length between',
      block(bare, [], bare),
      20,
      [
        ['Bare', 2, 7],
        ['unknown', 11, 0],
        ['Bare', 13, 7],
      ],
    ],
    [
      'a wrong length between',
      block(bare, every.subarray(1), bare),
      68,
      [
        ['Bare', 2, 7],
        ['unknown', 11, 48],
        ['Bare', 61, 7],
      ],
    ],
    [
      'a long unknown one',
      block(longUnknown, bare),
      311,
      [
        ['unknown', 2, 300],
        ['Bare', 304, 7],
      ],
    ],
    ['a cut message', block(bare, bare).slice(0, 17), 9, [['Bare', 2, 7]]],
    ['a cut length', block(bare, bare).slice(0, 10), 9, [['Bare', 2, 7]]],
    ['a length beyond the end', Uint8Array.from([...block(bare), 0xff, 0xff, ...longUnknown]), 9, [['Bare', 2, 7]]],
  ];
  it.each(streams)('blocks: %s', (_, bytes, consumed, expected) => {
    const { seen, decoder } = collect();
    expect(decoder.decodeBlocks(new DataView(bytes.buffer), 0, bytes.length)).toBe(consumed);
    expect(seen).toEqual(expected);
  });

  it('blocks stop at the end that was given, not at that of the view', () => {
    const { seen, decoder } = collect();
    const view = new DataView(block(bare, bare, bare).buffer);
    expect(decoder.decodeBlocks(view, 9, 26)).toBe(18);
    expect(seen).toEqual([['Bare', 11, 7]]);
  });

  it('a message without a handler is known and passed over', () => {
    const seen: string[] = [];
    const decoder = codec.createDecoder({ Bare: () => seen.push('Bare') }, engine);
    const bytes = block(every, bare, [1, 2, 3]);
    expect(decoder.decode(new DataView(every.buffer), 0, every.length)).toBe(true);
    expect(decoder.decodeBlocks(new DataView(bytes.buffer), 0, bytes.length)).toBe(bytes.length);
    expect(seen).toEqual(['Bare']);
  });

  it('handlers are called on their object, and may decode other bytes in between', () => {
    const inner = block(bare, bare);
    class Feed {
      seen: unknown[] = [];
      decoder = codec.createDecoder(this, engine);
      Every(message: { offset: number }) {
        this.seen.push(['Every', message.offset]);
        this.decoder.decodeBlocks(new DataView(inner.buffer), 0, inner.length);
      }
      Bare(message: { offset: number; timestamp: number; view: DataView }) {
        this.seen.push(['Bare', message.offset, message.timestamp, message.view.byteLength]);
      }
    }
    const feed = new Feed();
    const bytes = block(every, bare, every);
    feed.decoder.decodeBlocks(new DataView(bytes.buffer), 0, bytes.length);
    const pair = [
      ['Bare', 2, 7, 18],
      ['Bare', 11, 7, 18],
    ];
    expect(feed.seen).toEqual([['Every', 2], ...pair, ['Bare', 53, 7, 111], ['Every', 62], ...pair]);
  });

  it('accessors read words and halves, text of any length', () => {
    const message = codec.createFlyweight('Every', engine).wrap(new DataView(everyBytes('ABCDEFGHIJKLMN').buffer), 0);
    expect([message.type, message.name, message.messageTypeCode]).toEqual(['E', 'Every', 0x45]);
    expect([message.timestamp, message.timestampHigh, message.timestampLow]).toEqual([4_294_967_298, 1, 2]);
    expect([message.tiny, message.small, message.price]).toEqual([255, 65_535, 123_400]);
    expect([message.idHigh, message.idLow, message.levelHigh]).toEqual([0x200000, 1, 0xffffffff]);
    expect([message.side, message.sideCode, message.one, message.three]).toEqual(['B', 0x42, '', '']);
    expect([message.oneWord0, message.threeWord0]).toEqual([0x20, 0x202020]);
    expect(message.fourteen).toBe('ABCDEFGHIJKLMN');
    expect([message.fourteenWord0, message.fourteenWord1, message.fourteenWord3]).toEqual([
      0x41424344, 0x45464748, 0x4d4e,
    ]);
  });
});

describe('without code generation', () => {
  it('the library decodes by interpreter', () => {
    const script = `
      import { canGenerateCode, itch50 } from 'tickreel';
      const values = { type: 'D', stockLocate: 1, trackingNumber: 2, timestamp: 3, orderReferenceNumber: '4' };
      const bytes = itch50.encode(values);
      const seen = [];
      const decoder = itch50.createDecoder({ OrderDelete: (m) => seen.push(m.stockLocate, m.orderReferenceNumber) });
      decoder.decode(new DataView(bytes.buffer), 0, bytes.length);
      console.log(JSON.stringify([canGenerateCode(), seen]));`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, flags, { cwd: projectRoot, encoding: 'utf8' })).toBe('[false,[1,4]]\n');
  });
});
