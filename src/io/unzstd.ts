/**
 * Inflates Zstandard (RFC 8878), one frame after another, block by block: a block holds at most 128 KiB, so that what
 * is inflated at once is bounded whatever the data claim, and all blocks before damage are delivered.
 *
 * Frames are taken apart here (sections 3.1.1 and 3.1.2), with every length checked; only blocks go to the decoder.
 */
import { ByteQueue } from '../core/byte-queue.js';
import type { DamageHandler } from '../core/seams.js';
import type { ChunkSource } from './raw-bytes.js';
import type { ZstdDecoders } from './zstd-decoder.js';

/** The most memory that a frame may ask for, which is what the zstd tool allows without being told otherwise. */
export const MAX_WINDOW_BYTES = 134_217_728;

/** The most bytes of a block, inflated or not. */
const MAX_BLOCK_BYTES = 131_072;

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

const RAW_BLOCK = 0;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

interface FrameHeader {
  readonly bytes: number;
  readonly windowBytes: number;
  /** Bytes that the frame says it holds; null where it does not. */
  readonly contentBytes: number | null;
  readonly checksum: boolean;
}

/** Damage that ends the inflating. */
class ZstdDamage extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Inflates `source`; damage is reported once all before it was handed out. */
export async function* unzstd(
  source: ChunkSource,
  decoders: ZstdDecoders,
  onDamage: DamageHandler,
): AsyncGenerator<Uint8Array, void> {
  let inflated = 0;
  try {
    for await (const piece of frames(new Input(source), decoders)) {
      inflated += piece.length;
      yield piece;
    }
  } catch (error) {
    if (!(error instanceof ZstdDamage)) throw error;
    const text = `${error.message} ${inflated} bytes were inflated before that.`;
    onDamage({ code: error.code, message: text, record: 0, offset: inflated });
  }
}

async function* frames(input: Input, decoders: ZstdDecoders): AsyncGenerator<Uint8Array, void> {
  while (await input.has(1)) {
    if (!(await input.has(4))) return await refuseTrailing(input);
    const magic = input.uint32(0);
    if (magic === MAGIC) yield* frame(input, decoders);
    else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      await input.require(8);
      await input.skip(8 + input.uint32(4));
    } else return await refuseTrailing(input);
  }
}

async function* frame(input: Input, decoders: ZstdDecoders): AsyncGenerator<Uint8Array, void> {
  const header = await readHeader(input);
  const most = Math.min(header.windowBytes, MAX_BLOCK_BYTES);
  // Nothing looks back further than the content is long, whatever memory the header asks for.
  const decoder = decoders(Math.min(header.windowBytes, header.contentBytes ?? header.windowBytes));
  let held = 0;
  try {
    await decode(input, () => decoder.decode(input.bytes(0, header.bytes), false));
    await input.skip(header.bytes);
    for (let last = false; !last; ) {
      await input.require(3);
      const word = input.uint16(0) | (input.uint8(2) << 16);
      last = (word & 1) !== 0;
      const type = (word >>> 1) & 3;
      const size = word >>> 3;
      if (type === RESERVED_BLOCK || size > most) throw corrupt(input, 'a block header that cannot be');
      const stored = 3 + (type === RLE_BLOCK ? 1 : size);
      if (type === RAW_BLOCK && !(await input.has(stored))) {
        yield input.bytes(3, input.available - 3).slice();
        throw input.truncated();
      }
      await input.require(stored);
      const end = last && !header.checksum;
      for (const piece of await decode(input, () => decoder.decode(input.bytes(0, stored), end))) {
        held += piece.length;
        yield piece;
      }
      await input.skip(stored);
    }
    if (header.checksum) {
      await input.require(4);
      await decode(input, () => decoder.decode(input.bytes(0, 4), true));
      await input.skip(4);
    }
    if (held !== (header.contentBytes ?? held)) {
      throw corrupt(input, `a frame of ${held} bytes where its header says ${header.contentBytes}`);
    }
  } finally {
    decoder.close();
  }
}

async function readHeader(input: Input): Promise<FrameHeader> {
  await input.require(6);
  const descriptor = input.uint8(4);
  const single = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag;
  const sizeAt = 5 + (single ? 0 : 1) + dictionaryBytes;
  await input.require(sizeAt + sizeBytes);
  const contentBytes = sizeBytes === 0 ? null : input.uint(sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const window = input.uint8(5);
  const base = 2 ** (10 + (window >>> 3));
  const windowBytes = single ? (contentBytes as number) : base + (base / 8) * (window & 7);
  if ((descriptor & 8) !== 0) throw corrupt(input, 'a frame header that cannot be');
  if (input.uint(sizeAt - dictionaryBytes, dictionaryBytes) !== 0) {
    const text = 'The Zstandard data need the dictionary that they were compressed with, which is not read.';
    throw new ZstdDamage('zstd-dictionary', `${text} Inflate them with their tool: zstd -d -D DICTIONARY.`);
  }
  if (windowBytes > MAX_WINDOW_BYTES) {
    const text = `The Zstandard data need ${windowBytes} bytes of memory, more than the ${MAX_WINDOW_BYTES} allowed.`;
    throw new ZstdDamage('zstd-window', `${text} Inflate them with their tool: zstd -d --long=31.`);
  }
  return { bytes: sizeAt + sizeBytes, windowBytes, contentBytes, checksum: (descriptor & 4) !== 0 };
}

/** Hands a part of a frame to the decoder, whose own words are told where it fails. */
async function decode(input: Input, run: () => Promise<Uint8Array[]>): Promise<Uint8Array[]> {
  try {
    return await run();
  } catch (error) {
    throw corrupt(input, (error as Error).message);
  }
}

function corrupt(input: Input, what: string): ZstdDamage {
  const text = `The Zstandard data are corrupt near compressed byte ${input.position} (${what}):`;
  return new ZstdDamage('zstd', `${text} nothing behind can be inflated. Copy the file again.`);
}

/** Zeros behind the last frame are padding, as of tapes; anything else is told. */
async function refuseTrailing(input: Input): Promise<void> {
  const at = input.position;
  const trailing = await input.trailing();
  if (trailing === 0) return;
  const text = `${trailing} bytes behind the last Zstandard frame, from compressed byte ${at} on,`;
  throw new ZstdDamage('zstd-trailing', `${text} are not Zstandard and were ignored.`);
}

/** Compressed bytes, as many at hand as are asked for. */
class Input {
  private readonly queue = new ByteQueue();

  constructor(private readonly source: ChunkSource) {}

  get available(): number {
    return this.queue.available;
  }

  get position(): number {
    return this.queue.position;
  }

  /** Whether `count` bytes are at hand, once they were read. */
  async has(count: number): Promise<boolean> {
    const { queue } = this;
    while (queue.available < count && !queue.ended) {
      const chunk = await this.source.read();
      if (chunk === null) queue.end();
      else queue.push(chunk);
    }
    return queue.available >= count;
  }

  async require(count: number): Promise<void> {
    if (!(await this.has(count))) throw this.truncated();
  }

  truncated(): ZstdDamage {
    const end = this.position + this.available;
    return new ZstdDamage('zstd-truncated', `The Zstandard data end early, after byte ${end}. Copy the file again.`);
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      await this.require(1);
      const skipped = Math.min(left, this.available);
      this.queue.skip(skipped);
      left -= skipped;
    }
  }

  /** How many bytes are left, counted from the first that is not zero; they are skipped. */
  async trailing(): Promise<number> {
    let count = 0;
    while (await this.has(1)) {
      const rest = this.bytes(0, this.available);
      const first = count > 0 ? 0 : rest.findIndex((byte) => byte !== 0);
      if (first >= 0) count += rest.length - first;
      this.queue.skip(rest.length);
    }
    return count;
  }

  bytes(at: number, length: number): Uint8Array {
    const { view, offset } = this.queue;
    return new Uint8Array(view.buffer, view.byteOffset + offset + at, length);
  }

  uint8(at: number): number {
    return this.queue.view.getUint8(this.queue.offset + at);
  }

  uint16(at: number): number {
    return this.queue.view.getUint16(this.queue.offset + at, true);
  }

  uint32(at: number): number {
    return this.queue.view.getUint32(this.queue.offset + at, true);
  }

  /** A number of 0 to 8 bytes, exact below 2^53. */
  uint(at: number, bytes: number): number {
    let value = 0;
    for (let index = bytes - 1; index >= 0; index--) value = value * 256 + this.uint8(at + index);
    return value;
  }
}
