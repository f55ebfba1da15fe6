/** The fuzzing of Zstandard: small frames of all kinds of blocks, damaged, their intact blocks checked. */
import { Random } from '../../src/core/random.js';
import { unzstd } from '../../src/io/unzstd.js';
import { zstdDecoders } from '../../src/io/zstd-decoder.js';
import { concat } from '../capture/build.js';
import { damage, randomBytes } from '../capture/mutate.js';
import { type Block, skippable, zstdFrame } from './zstd-build.js';

/** What the zstd tool made of sixty lines of text: one compressed block, its literals and sequences all coded. */
const COMPRESSED = Buffer.from(
  'KLUv/QBoZQkAltUxFJCr2C1/2YKZkS4zSa7cfQT9++AENwAnACgARDVjxfbt9VVmI8l1eU43CY8HICQKB6OBOBKFQ+MIiAjMozE4' +
    'GIXF4MA45DAoDjkWBcJCcRAIg7+VNbF4jn03UnIioZXZVG9obK7Ebe/T7Lzrqj6WE4rlSESP3ad0ddVfzbPJxUzFusnMndFQvVfj' +
    'azUcD9Uv5bqXUFwya0ZDviN+rO6d+gJ0zliN0AmdxmVVavVnYzSLa377Z5dKj0gyD3lEx5Hy1Fr6GBXPbICAqCEUo+//GdCV1hFg' +
    'hBNhRBEigSv8sM7KuVyxndB2uYSCMPe58hR6NdRSjib3cXF3TIyr0JYLtm1lnaEqLJ9Kr4S2yyUu5mQUudcbFgsLC4sFi4XFhMVG' +
    'qN1C9ypeXrsK',
  'base64',
);

/** The bytes that `COMPRESSED` holds. */
const COMPRESSED_CONTENT = 3038;

/** The most that a block inflates to. */
const MAX_BLOCK_BYTES = 131_072;

interface Sound {
  bytes: Uint8Array;
  /** After how many stored bytes how many inflated ones are to be had. */
  marks: [stored: number, inflated: number][];
}

/** Checks `count` damaged files, each made from its own seed; the seed is in what is thrown. */
export async function fuzzZstd(firstSeed: number, count: number): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      await checkOne(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

async function checkOne(random: Random): Promise<void> {
  const sound = soundZstd(random);
  const chunk = random.pick([1 + random.below(40), sound.bytes.length]);
  const whole = await inflate(sound.bytes, chunk);
  if (whole.length !== (sound.marks.at(-1) as [number, number])[1])
    throw new Error(`${whole.length} bytes of a sound file`);
  const bad = damage(sound.bytes, random);
  const found = await inflate(bad.bytes, chunk);
  const intact = sound.marks.filter(([stored]) => stored <= bad.at).at(-1)?.[1] ?? 0;
  if (found.subarray(0, intact).compare(whole.subarray(0, intact)) !== 0)
    throw new Error('bytes before the damage differ');
}

function soundZstd(random: Random): Sound {
  const parts: Uint8Array[] = [];
  const marks: [number, number][] = [];
  let stored = 0;
  let inflated = 0;
  for (let count = 1 + random.below(3); count > 0; count--) {
    const kind = random.below(4);
    const part = kind === 0 ? COMPRESSED : kind === 1 ? skippable(randomBytes(random, random.below(9))) : null;
    if (part !== null) inflated += kind === 0 ? COMPRESSED_CONTENT : 0;
    const blocks = Array.from({ length: 1 + random.below(4) }, () => randomBlock(random));
    const frame = part ?? zstdFrame(blocks, random.below(2) === 0 ? { window: 0 } : {});
    if (part === null) {
      for (const block of blocks) inflated += 'raw' in block ? block.raw.length : 'byte' in block ? block.count : 0;
    }
    parts.push(frame);
    stored += frame.length;
    marks.push([stored, inflated]);
  }
  return { bytes: concat(...parts), marks };
}

function randomBlock(random: Random): Block {
  if (random.below(2) === 0) return { raw: randomBytes(random, random.below(30)) };
  return { byte: random.below(256), count: random.below(200) };
}

async function inflate(bytes: Uint8Array, chunk: number): Promise<Buffer> {
  let at = 0;
  let reports = 0;
  const read = async (): Promise<Uint8Array | null> => {
    const slice = bytes.subarray(at, at + chunk);
    at += chunk;
    return slice.length === 0 ? null : slice;
  };
  const source = { read, close: async () => {} };
  const pieces: Uint8Array[] = [];
  for await (const piece of unzstd(source, zstdDecoders({}), () => reports++)) {
    if (piece.length > MAX_BLOCK_BYTES) throw new Error(`a piece of ${piece.length} bytes`);
    pieces.push(piece);
    if (pieces.length > bytes.length) throw new Error('more pieces than the bytes can hold');
  }
  if (reports > 1) throw new Error(`${reports} reports of damage`);
  return Buffer.concat(pieces);
}
