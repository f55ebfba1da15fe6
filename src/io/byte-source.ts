/** The bytes of a file or of standard input, inflated where they are gzip or Zstandard, in chunks of at most 1 MiB. */
import type { Readable } from 'node:stream';
import { SNIFF_BYTES, sniff } from '../capture/detect.js';
import { CaptureError } from '../core/errors.js';
import type { Damage, DamageHandler } from '../core/seams.js';
import { gunzip } from './gunzip.js';
import { type ChunkSource, openFile, openStream, type RawBytes } from './raw-bytes.js';
import { unzstd } from './unzstd.js';
import { zstdDecoders } from './zstd-decoder.js';

/** What stands for standard input as a path. */
export const STANDARD_INPUT = '-';

/** Compressed bytes kept of a pipe, so that its last slice can be inflated again where it is corrupt. */
const SPOOL_BYTES = 16_777_216;

/** How the bytes of a source are stored. */
export type Compression = 'gzip' | 'zstd' | 'none';

/** What opening takes. */
export interface ByteSourceOptions {
  onDamage: DamageHandler;
  /** What `-` reads; `process.stdin` where absent. */
  stdin?: Readable;
}

/** A source of chunks, never empty, each valid until the one after the next is read. */
export interface ByteSource extends ChunkSource {
  /** The path, or `standard input`. */
  readonly name: string;
  readonly compression: Compression;
  /** Size as stored (compressed), where it is known beforehand. */
  readonly sizeBytes: number | null;
  /** Bytes read so far, as stored: the position within `sizeBytes`. */
  readonly bytesRead: number;
  /** Of an uncompressed file: the next chunk, put where it is wanted (1 MiB of room); how many bytes, 0 at the end. */
  readInto?(target: Uint8Array): Promise<number>;
  /** Of an uncompressed file: where the next chunk is to begin … */
  seek?(offset: number): void;
  /** … and bytes of any place. */
  readAt?(offset: number, length: number): Promise<Uint8Array>;
}

/** Opens a path, or standard input for `-`; rejects with CaptureError where it cannot be read at all. */
export async function openBytes(path: string, options: ByteSourceOptions): Promise<ByteSource> {
  const raw = path === STANDARD_INPUT ? openStream(options.stdin ?? process.stdin) : await openFile(path);
  try {
    const peeked = new PeekedBytes(raw, options.onDamage);
    const content = sniff(await peeked.peek(SNIFF_BYTES));
    if (content !== 'gzip' && content !== 'zstd') return new PlainSource(raw, peeked);
    const inflated = new InflatedSource(raw, content, options.onDamage);
    peeked.onDamage = inflated.onDamage;
    if (content === 'zstd') inflated.begin(unzstd(peeked, zstdDecoders(), inflated.onDamage));
    else if (path !== STANDARD_INPUT && raw.sizeBytes !== null) {
      inflated.begin(gunzip(peeked, () => openFile(path), inflated.onDamage));
    } else {
      const spool = new Spool(peeked);
      inflated.begin(gunzip(spool, async () => spool.again(), inflated.onDamage));
    }
    return inflated;
  } catch (error) {
    await raw.close();
    throw error;
  }
}

class PlainSource implements ByteSource {
  readonly compression = 'none';
  readonly seek?: (offset: number) => void;
  readonly readAt?: (offset: number, length: number) => Promise<Uint8Array>;
  readonly readInto?: (target: Uint8Array) => Promise<number>;

  constructor(
    private readonly raw: RawBytes,
    private readonly chunks: PeekedBytes,
  ) {
    if (raw.readAt === undefined || raw.sizeBytes === null) return;
    this.readInto = (target) => chunks.readInto(target);
    this.readAt = (offset, length) => raw.readAt?.(offset, length) as Promise<Uint8Array>;
    this.seek = (offset) => {
      chunks.forget();
      raw.seek?.(offset);
    };
  }

  get name(): string {
    return this.raw.name;
  }

  get sizeBytes(): number | null {
    return this.raw.sizeBytes;
  }

  get bytesRead(): number {
    return this.raw.bytesRead;
  }

  read(): Promise<Uint8Array | null> {
    return this.chunks.read();
  }

  close(): Promise<void> {
    return this.chunks.close();
  }
}

/**
 * Inflates one piece ahead, on a thread of zlib's, while the piece before is in use: reading a file takes as long as
 * inflating it or as what is done with it, whichever is longer, and not the sum.
 */
class InflatedSource implements ByteSource {
  private chunks: AsyncIterator<Uint8Array, void> | null = null;
  private ahead: Promise<IteratorResult<Uint8Array, void>> | null = null;
  /** Found while a piece was inflated that nobody has asked for yet. */
  private readonly found: Damage[] = [];

  constructor(
    private readonly raw: RawBytes,
    readonly compression: 'gzip' | 'zstd',
    private readonly tell: DamageHandler,
  ) {}

  get name(): string {
    return this.raw.name;
  }

  get sizeBytes(): number | null {
    return this.raw.sizeBytes;
  }

  get bytesRead(): number {
    return this.raw.bytesRead;
  }

  /** Takes what inflates the bytes. */
  begin(chunks: AsyncIterator<Uint8Array, void>): void {
    this.chunks = chunks;
  }

  /** Damage is told when the piece behind it is asked for: all before it was in use then. */
  readonly onDamage = (damage: Damage): void => {
    this.found.push(damage);
  };

  async read(): Promise<Uint8Array | null> {
    const { chunks } = this;
    if (chunks === null) return null;
    try {
      const { value, done } = await (this.ahead ?? chunks.next());
      this.ahead = null;
      if (done) return null;
      // A pipe's next bytes may never come, and then it could not be closed.
      if (this.raw.sizeBytes !== null) {
        this.ahead = chunks.next();
        this.ahead.catch(() => {});
      }
      return value;
    } finally {
      for (const damage of this.found.splice(0)) this.tell(damage);
    }
  }

  async close(): Promise<void> {
    await this.ahead?.catch(() => {});
    await this.chunks?.return?.();
    await this.raw.close();
  }
}

/** Raw bytes that can be looked at before they are read; a failure to read on is damage that ends them. */
class PeekedBytes implements ChunkSource {
  private head: Uint8Array | null = null;
  private ended = false;

  constructor(
    private readonly raw: RawBytes,
    public onDamage: DamageHandler,
  ) {}

  /** The first bytes, at least `count` of them where there are as many. */
  async peek(count: number): Promise<Uint8Array> {
    let head: Uint8Array = new Uint8Array(0);
    while (head.length < count && !this.ended) {
      const chunk = await this.readRaw();
      if (chunk !== null) head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    }
    this.head = head.length === 0 ? null : head;
    return head;
  }

  /** Forgets what was looked at and whether the end was met: reading goes on elsewhere. */
  forget(): void {
    this.head = null;
    this.ended = false;
  }

  async read(): Promise<Uint8Array | null> {
    const { head } = this;
    this.head = null;
    return head ?? (this.ended ? null : await this.readRaw());
  }

  /** The next bytes, put where they are wanted; how many, 0 at the end. */
  async readInto(target: Uint8Array): Promise<number> {
    if (this.head !== null || this.raw.readInto === undefined) return copyInto(target, await this.read());
    if (this.ended) return 0;
    const length = await this.guarded(() => this.raw.readInto?.(target) ?? Promise.resolve(0), 0);
    this.ended = length === 0;
    return length;
  }

  close(): Promise<void> {
    return this.raw.close();
  }

  private async readRaw(): Promise<Uint8Array | null> {
    const chunk = await this.guarded<Uint8Array | null>(() => this.raw.read(), null);
    this.ended = chunk === null;
    return chunk;
  }

  /** What `read` gives; where it fails, `nothing`, and the failure is told as damage. */
  private async guarded<T>(read: () => Promise<T>, nothing: T): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const { name, bytesRead } = this.raw;
      const text = `Reading ${name} failed after ${bytesRead} bytes: ${(error as Error).message}.`;
      if (bytesRead === 0) throw new CaptureError('unreadable', text, { cause: error });
      this.onDamage({ code: 'read', message: `${text} Everything before was read.`, record: 0, offset: bytesRead });
      return nothing;
    }
  }
}

function copyInto(target: Uint8Array, chunk: Uint8Array | null): number {
  if (chunk !== null) target.set(chunk);
  return chunk?.length ?? 0;
}

/** Passes chunks on and keeps copies while they are few, for reading them again. */
class Spool implements ChunkSource {
  private kept: Uint8Array[] | null = [];
  private keptBytes = 0;

  constructor(private readonly source: ChunkSource) {}

  async read(): Promise<Uint8Array | null> {
    const chunk = await this.source.read();
    if (chunk !== null && this.kept !== null) {
      this.keptBytes += chunk.length;
      if (this.keptBytes > SPOOL_BYTES) this.kept = null;
      else this.kept.push(chunk.slice());
    }
    return chunk;
  }

  close(): Promise<void> {
    return this.source.close();
  }

  /** What was read, once more; null where it was too much to keep. */
  again(): ChunkSource | null {
    if (this.kept === null) return null;
    const chunks = this.kept.values();
    return {
      read: async () => chunks.next().value ?? null,
      close: async () => {},
    };
  }
}
