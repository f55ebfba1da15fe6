/**
 * Inflates gzip (RFC 1952), one member after another, in bounded pieces.
 *
 * zlib drops what the call that fails had inflated. Where a call fails the input is therefore read once more from its
 * beginning, the last slice byte by byte: everything before the damage is delivered.
 */
import { createGunzip } from 'node:zlib';
import type { DamageHandler } from '../core/seams.js';
import type { ChunkSource } from './raw-bytes.js';

/** Compressed bytes handed to zlib at once; they inflate to at most 1032 times as many. */
export const SLICE_BYTES = 16_384;

/** Bytes of an inflated piece, at most. */
const PIECE_BYTES = 262_144;

/** What zlib says of a member's first bytes; behind a whole member it means that something else follows. */
const HEADER_FAILURE = /incorrect header|compression method/;

const LOST =
  `What up to ${SLICE_BYTES} compressed bytes before it hold was lost, ` +
  'since so long a pipe cannot be read again: read the file itself.';

/** Opens the same compressed bytes from their beginning; null where they are gone. */
export type Reopen = () => Promise<ChunkSource | null>;

/** Inflates `source`; damage is reported once all before it was handed out. */
export async function* gunzip(
  source: ChunkSource,
  reopen: Reopen,
  onDamage: DamageHandler,
): AsyncGenerator<Uint8Array, void> {
  const inflater = new Inflater();
  let fed = 0;
  let inflated = 0;
  const report = (code: string, message: string): void => onDamage({ code, message, record: 0, offset: inflated });
  try {
    for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
        const slice = chunk.subarray(at, at + SLICE_BYTES);
        await inflater.write(slice);
        for (const piece of inflater.take()) {
          inflated += piece.length;
          yield piece;
        }
        if (inflater.failure !== null) {
          const again = await reopen();
          if (again !== null) {
            for await (const piece of salvage(again, fed, inflated)) {
              inflated += piece.length;
              yield piece;
            }
          }
          const damage = describe(inflater.failure.message, fed + slice.length, inflated);
          report(damage.code, again === null ? `${damage.message} ${LOST}` : damage.message);
          return;
        }
        if (inflater.ended) {
          const trailing = await trailingBytes(chunk.subarray(at + inflater.consumed - fed), source);
          if (trailing > 0) report('gzip-trailing', trailingText(`${trailing} bytes`, inflater.consumed));
          return;
        }
        fed += slice.length;
      }
    }
    await inflater.end();
    for (const piece of inflater.take()) {
      inflated += piece.length;
      yield piece;
    }
    if (inflater.failure !== null) report('gzip-truncated', truncatedText(fed, inflated));
  } finally {
    inflater.close();
  }
}

/**
 * Inflates from the beginning what the slice at `failedAt` holds before its damage, without the first `skip` bytes,
 * which were handed out before.
 */
async function* salvage(source: ChunkSource, failedAt: number, skip: number): AsyncGenerator<Uint8Array, void> {
  const inflater = new Inflater();
  let toSkip = skip;
  let fed = 0;
  try {
    for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
      for (let at = 0; at < chunk.length; ) {
        const count = fed < failedAt ? Math.min(SLICE_BYTES, failedAt - fed, chunk.length - at) : 1;
        await inflater.write(chunk.subarray(at, at + count));
        for (const piece of inflater.take()) {
          const fresh = piece.subarray(Math.min(toSkip, piece.length));
          toSkip -= piece.length - fresh.length;
          if (fresh.length > 0) yield fresh;
        }
        if (inflater.failure !== null || inflater.ended) return;
        fed += count;
        at += count;
      }
    }
  } finally {
    inflater.close();
    await source.close();
  }
}

/** How many bytes follow the last member, counted from the first that is not zero: zeros are padding (as of tapes). */
async function trailingBytes(rest: Uint8Array, source: ChunkSource): Promise<number> {
  let count = 0;
  for (let chunk: Uint8Array | null = rest; chunk !== null; chunk = await source.read()) {
    const first = count > 0 ? 0 : chunk.findIndex((byte) => byte !== 0);
    if (first >= 0) count += chunk.length - first;
  }
  return count;
}

function describe(failure: string, end: number, inflated: number): { code: string; message: string } {
  if (inflated > 0 && HEADER_FAILURE.test(failure)) {
    return { code: 'gzip-trailing', message: trailingText('The bytes', end) };
  }
  const text = `The gzip data are corrupt before compressed byte ${end} (${failure}): ${inflated} bytes were inflated`;
  return { code: 'gzip', message: `${text} before that and nothing behind can be. Copy the file again.` };
}

function trailingText(what: string, end: number): string {
  return `${what} behind the last gzip member, near compressed byte ${end}, are not gzip and were ignored.`;
}

function truncatedText(compressed: number, inflated: number): string {
  const text = `The gzip data end early, after ${compressed} compressed bytes: the ${inflated} bytes that they hold`;
  return `${text} were read. Copy the file again.`;
}

/** zlib, one awaited call at a time. */
class Inflater {
  failure: Error | null = null;
  /** True where the last member has ended and bytes that are not another member's were left. */
  ended = false;
  private pieces: Uint8Array[] = [];
  private readonly zlib = createGunzip({ chunkSize: PIECE_BYTES });
  private settle: () => void = () => {};

  constructor() {
    this.zlib.on('data', (piece: Uint8Array) => this.pieces.push(piece));
    this.zlib.on('error', (error: Error) => {
      this.failure ??= error;
      this.settle();
    });
    this.zlib.on('end', () => {
      this.ended = true;
      this.settle();
    });
  }

  /** Compressed bytes that were used so far. */
  get consumed(): number {
    return this.zlib.bytesWritten;
  }

  write(slice: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.settle = resolve;
      this.zlib.write(slice, () => resolve());
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.settle = resolve;
      this.zlib.end();
    });
  }

  /** The inflated pieces that were not taken yet. */
  take(): Uint8Array[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  close(): void {
    this.zlib.destroy();
  }
}
