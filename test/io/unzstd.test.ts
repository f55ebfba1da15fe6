import { execFileSync, spawnSync } from 'node:child_process';
import { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.js';
import type { Damage } from '../../src/core/seams.js';
import { MAX_WINDOW_BYTES, unzstd } from '../../src/io/unzstd.js';
import { type ZstdDecoders, zstdDecoders } from '../../src/io/zstd-decoder.js';
import { concat, text } from '../capture/build.js';
import { describeCaptures, readCapture } from '../support/captures.js';
import { drain, file, pipe } from './support.js';
import { type Block, skippable, zstdFrame } from './zstd-build.js';

/** A stream as Node's own is, around the other decoder; it fails and ends as that does. */
function likeNode(): Transform {
  const frame = zstdDecoders({})(8_388_608);
  const run = async (stream: Transform, part: Uint8Array, last: boolean): Promise<void> => {
    for (const piece of await frame.decode(new Uint8Array(part), last)) stream.push(piece);
  };
  return new Transform({
    transform(part: Uint8Array, _, done) {
      run(this, part, false).then(() => done(), done);
    },
    flush(done) {
      run(this, new Uint8Array(0), true).then(() => done(), done);
    },
  });
}

const own = 'createZstdDecompress' in zlib;
const paths: [string, ZstdDecoders][] = [
  ['fzstd', zstdDecoders({})],
  ['a stream like that of Node', zstdDecoders({ createZstdDecompress: likeNode })],
  ...(own ? [["Node's own", zstdDecoders()] as [string, ZstdDecoders]] : []),
];
test.skipIf(own)('this Node.js has no Zstandard of its own (22.15 has): its path runs on a stand-in', () => {
  expect(zstdDecoders()(1).constructor).toBe(zstdDecoders({})(1).constructor);
});

interface Outcome {
  bytes: Uint8Array;
  pieces: number[];
  damage: Damage[];
}

async function inflate(bytes: Uint8Array, decoders: ZstdDecoders, chunk = 65_536): Promise<Outcome> {
  const damage: Damage[] = [];
  const pieces: Uint8Array[] = [];
  let at = 0;
  const source = {
    read: async () => {
      const slice = bytes.slice(at, at + chunk);
      at += slice.length;
      return slice.length === 0 ? null : slice;
    },
    close: async () => {},
  };
  for await (const piece of unzstd(source, decoders, (one) => damage.push(one))) pieces.push(piece);
  return { bytes: concat(...pieces), pieces: pieces.map((piece) => piece.length), damage };
}

const abc: Block = { raw: text('abc') };
const run: Block = { byte: 0x78, count: 5 };
const long: Block = { raw: text('a longer block of plain text') };

describe.each(paths)('by %s', (_, decoders) => {
  const sound: [string, Uint8Array, string][] = [
    ['a raw block', zstdFrame([abc]), 'abc'],
    ['a run', zstdFrame([run]), 'xxxxx'],
    ['an empty frame', zstdFrame([{ raw: text('') }]), ''],
    ['several blocks', zstdFrame([abc, run, long, abc]), 'abcxxxxxa longer block of plain textabc'],
    ['a window', zstdFrame([abc, long], { window: 0 }), 'abca longer block of plain text'],
    [
      'several frames',
      concat(zstdFrame([abc]), zstdFrame([run]), zstdFrame([long])),
      'abcxxxxxa longer block of plain text',
    ],
    ['frames to skip', concat(skippable(text('?'), 15), zstdFrame([abc]), skippable(new Uint8Array(9999))), 'abc'],
    ['padding', concat(zstdFrame([abc]), new Uint8Array(100_000)), 'abc'],
    ['short padding', concat(zstdFrame([abc]), new Uint8Array(2)), 'abc'],
  ];
  test.each(sound)('%s', async (_, bytes, expected) => {
    for (const chunk of [1, 7, 65_536]) {
      const outcome = await inflate(bytes, decoders, chunk);
      expect(Buffer.from(outcome.bytes).toString()).toBe(expected);
      expect(outcome.damage).toEqual([]);
    }
  });

  const start = zstdFrame([abc]);
  const damaged: [string, RegExp, Uint8Array, string][] = [
    ['zstd', /block header that cannot be/, zstdFrame([abc, { word: 6 }]), 'abc'],
    ['zstd', /block header that cannot be/, zstdFrame([{ byte: 1, count: 2000 }], { window: 0 }), ''],
    ['zstd', /block header that cannot be/, zstdFrame([{ byte: 1, count: 131_073 }], { window: 0x70 }), ''],
    ['zstd', /frame header that cannot be/, concat(start, zstdFrame([abc], { descriptor: 0xa8 })), 'abc'],
    ['zstd', /frame of 3 bytes where its header says 4/, zstdFrame([abc], { claimed: 4 }), 'abc'],
    [
      'zstd',
      /corrupt near compressed byte 15/,
      zstdFrame([abc, { word: (4 << 3) | 4, body: new Uint8Array(4).fill(0xff) }]),
      'abc',
    ],
    ['zstd-truncated', /end early, after byte 14/, concat(start, text('')).subarray(0, 14), 'ab'],
    ['zstd-truncated', /end early/, start.subarray(0, 10), ''],
    ['zstd-truncated', /end early/, concat(start, skippable(new Uint8Array(50))).subarray(0, 40), 'abc'],
    ['zstd-truncated', /end early/, zstdFrame([run, run], { window: 8 }).subarray(0, -1), 'xxxxx'],
    [
      'zstd-trailing',
      /4 bytes behind the last Zstandard frame, from compressed byte 15 on/,
      concat(start, text('junk')),
      'abc',
    ],
    ['zstd-trailing', /2 bytes behind/, concat(start, text('ju')), 'abc'],
    ['zstd-dictionary', /zstd -d -D DICTIONARY/, concat(start, zstdFrame([abc], { dictionary: 7 })), 'abc'],
    ['zstd-window', /zstd -d --long=31/, zstdFrame([abc], { window: 0x89 }), ''],
    ['zstd-window', /more than the 134217728 allowed/, zstdFrame([abc], { claimed: MAX_WINDOW_BYTES + 1 }), ''],
  ];
  test.each(damaged)('%s: %s', async (code, message, bytes, expected) => {
    for (const chunk of [1, 65_536]) {
      const outcome = await inflate(bytes, decoders, chunk);
      expect(Buffer.from(outcome.bytes).toString()).toBe(expected);
      expect(outcome.damage.map((one) => [one.code, one.offset])).toEqual([[code, expected.length]]);
      expect(outcome.damage[0]?.message).toMatch(message);
      expect(outcome.damage[0]?.message).toContain(`${expected.length} bytes were inflated`);
    }
  });

  test('a dictionary of number 0 is none', async () => {
    expect((await inflate(zstdFrame([abc], { dictionary: 0 }), decoders)).damage).toEqual([]);
  });

  test('megabytes of one byte come in bounded pieces', async () => {
    const blocks = Array<Block>(400).fill({ byte: 7, count: 131_072 });
    const bytes = zstdFrame(blocks, { window: 0x38 });
    const source = { read: async () => bytes, close: async () => {} };
    let inflated = 0;
    for await (const piece of unzstd(source, decoders, () => {})) {
      expect(piece.length).toBeLessThanOrEqual(131_072);
      inflated += piece.length;
      if (inflated === 400 * 131_072) break;
    }
    expect(inflated).toBe(400 * 131_072);
  });

  test('what fails to be read is not taken for damage', async () => {
    const source = {
      read: async () => {
        throw new Error('EIO');
      },
      close: async () => {},
    };
    const reading = unzstd(source, decoders, () => {}).next();
    await expect(reading).rejects.toThrow('EIO');
  });
});

const tool = spawnSync('zstd', ['--version']).status === 0;
describe.skipIf(!tool)(
  `what the zstd tool compresses${tool ? '' : ' (skipped: there is no zstd on this machine)'}`,
  () => {
    const random = new Random(4);
    const content = Uint8Array.from({ length: 600_000 }, (_, at) => (at % 1000 < 400 ? at & 7 : random.below(64)));
    const compress = (bytes: Uint8Array, ...options: string[]): Uint8Array =>
      new Uint8Array(execFileSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 1 << 26 }));

    test.each([
      [['-1']],
      [['-3']],
      [['-19']],
      [['--no-check']],
      [['--fast=5']],
      [['--long=20']],
      [['-B100000', '-T1']],
    ])('%j', async (options) => {
      for (const [, decoders] of paths) {
        const { bytes, damage, pieces } = await inflate(compress(content, ...options), decoders, 5000);
        expect(Buffer.compare(bytes, content)).toBe(0);
        expect(damage).toEqual([]);
        expect(Math.max(...pieces)).toBeLessThanOrEqual(131_072);
      }
    });

    test('cut anywhere: what is inflated is the beginning', async () => {
      const bytes = compress(content);
      const cuts = fc.integer({ min: 4, max: bytes.length - 1 });
      await fc.assert(
        fc.asyncProperty(cuts, async (length) => {
          const outcome = await inflate(bytes.subarray(0, length), zstdDecoders({}));
          expect(Buffer.compare(outcome.bytes, content.subarray(0, outcome.bytes.length))).toBe(0);
          expect(outcome.damage.map((one) => one.code)).toEqual(['zstd-truncated']);
        }),
        { numRuns: 30 },
      );
    });

    test('from a file and through a pipe', async () => {
      const stored = compress(content);
      for (const outcome of [await drain(file('c.zst', stored)), await drain('-', pipe(stored, 3000))]) {
        expect(Buffer.compare(outcome.bytes, content)).toBe(0);
        const { compression, bytesRead } = outcome.source;
        expect([compression, bytesRead, outcome.damage]).toEqual(['zstd', stored.length, []]);
      }
    });
  },
);

describeCaptures('captures in Zstandard', () => {
  test('a pcapng', async () => {
    const stored = readCapture('formats/pcapplusplus/PcapExamples/file_heuristics/pcapng-example.pcapng.zst');
    for (const [, decoders] of paths) {
      const { bytes, damage } = await inflate(stored, decoders);
      expect(Buffer.from(bytes.subarray(0, 4)).toString('hex')).toBe('0a0d0d0a');
      expect(damage).toEqual([]);
    }
  });
});
