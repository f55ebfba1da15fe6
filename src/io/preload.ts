/**
 * Captures that are read into memory before they are played, inflated where they are compressed: a replay then never
 * waits for a disk or an inflater, and every loop comes from memory. Asked for (`--preload`) that is done or refused;
 * of what is looped, small captures are kept without being asked.
 */
import { totalmem } from 'node:os';
import { CaptureError } from '../core/errors.js';
import type { ByteSource } from './byte-source.js';
import { fileMark } from './file-mark.js';
import { adviseHugePages, lockBuffer } from './native/machine.js';
import { MAX_CHUNK_BYTES } from './raw-bytes.js';

/** Memory is taken in pieces of this size: sixteen huge pages. */
const blockBytes = 32 << 20;
/** The most of the machine's memory that captures take. */
const memoryShare = 0.75;

/** Of captures that are kept unasked: bytes of all of them. */
const keptBytes = 64 << 20;

interface Loaded {
  /** The file as it was when it was read. */
  readonly mark: string | null;
  readonly name: string;
  readonly compression: ByteSource['compression'];
  readonly sizeBytes: number | null;
  readonly blocks: readonly Uint8Array[];
}

export class PreloadStore {
  /** Bytes in memory … */
  bytes = 0;
  /** … and of the memory taken for them, what the kernel was advised to back with huge pages. */
  hugePageBytes = 0;
  /** … and what it was told to keep in place. */
  lockedBytes = 0;
  /** Whether what does not fit is read from where it is, in place of being refused. */
  readonly isOptional: boolean;
  /** Null for what does not fit. */
  private readonly loaded = new Map<string, Loaded | null>();
  private readonly locks: boolean;
  private readonly mostBytes: number;
  private readonly beginningBytes: number;

  /** Takes `mostBytes` in all; of each capture its first `beginningBytes`, as if there were no more. */
  constructor(
    locks = false,
    mostBytes = totalmem() * memoryShare,
    beginningBytes = Number.POSITIVE_INFINITY,
    isOptional = false,
  ) {
    this.isOptional = isOptional;
    this.locks = locks;
    this.mostBytes = mostBytes;
    this.beginningBytes = beginningBytes;
  }

  /** Keeps what is small, of captures that are played again and again. */
  static ofWhatFits(): PreloadStore {
    return new PreloadStore(false, keptBytes, Number.POSITIVE_INFINITY, true);
  }

  /** The bytes of `path` from memory; `open` is asked for them the first time. */
  async open(path: string, open: () => Promise<ByteSource>): Promise<ByteSource> {
    let loaded = this.loaded.get(path);
    if (loaded === undefined) {
      const mark = this.isOptional ? fileMark(path) : null;
      const source = await open();
      const storedBytes = source.sizeBytes ?? Number.POSITIVE_INFINITY;
      if (this.isOptional && storedBytes > this.mostBytes - this.bytes) return source;
      loaded = await this.load(source, mark);
      this.loaded.set(path, loaded);
    }
    return loaded === null ? open() : new LoadedSource(loaded);
  }

  /** Whether the file is in memory. */
  holds(path: string): boolean {
    return (this.loaded.get(path) ?? null) !== null;
  }

  /** Whether the file is still what was read of it, or nothing was; asked for by name it stays what it was. */
  isAsRead(path: string): boolean {
    const loaded = this.loaded.get(path) ?? null;
    return !this.isOptional || loaded === null || fileMark(path) === loaded.mark;
  }

  private async load(source: ByteSource, mark: string | null): Promise<Loaded | null> {
    const blocks: Uint8Array[] = [];
    let block = new Uint8Array(0);
    let used = 0;
    let left = this.beginningBytes;
    const bytesBefore = this.bytes;
    try {
      for (let all = await source.read(); all !== null && left > 0; all = await source.read()) {
        const chunk = all.subarray(0, left);
        left -= chunk.length;
        if (this.isOptional && this.bytes + chunk.length > this.mostBytes) {
          this.bytes = bytesBefore;
          return null;
        }
        this.refuseTooMuch(chunk.length, source.name);
        for (let at = 0; at < chunk.length; ) {
          if (used === block.length) {
            block = this.takeBlock(Math.min(blockBytes, this.beginningBytes));
            blocks.push(block);
            used = 0;
          }
          const part = chunk.subarray(at, at + block.length - used);
          block.set(part, used);
          used += part.length;
          at += part.length;
        }
        this.bytes += chunk.length;
      }
    } finally {
      await source.close();
    }
    if (blocks.length > 0) blocks[blocks.length - 1] = block.subarray(0, used);
    const { name, compression, sizeBytes } = source;
    return { mark, name, compression, sizeBytes, blocks };
  }

  private takeBlock(bytes: number): Uint8Array<ArrayBuffer> {
    const memory = new ArrayBuffer(bytes);
    if (!this.isOptional && adviseHugePages(memory)) this.hugePageBytes += bytes;
    if (this.locks && lockBuffer(memory)) this.lockedBytes += bytes;
    return new Uint8Array(memory);
  }

  private refuseTooMuch(more: number, name: string): void {
    if (this.bytes + more <= this.mostBytes) return;
    const most = Math.floor(this.mostBytes / (1 << 20));
    const text = `${name} does not fit into memory: --preload takes ${most} MiB at most. Replay it without --preload.`;
    throw new CaptureError('preload', text);
  }
}

class LoadedSource implements ByteSource {
  readonly name: string;
  readonly compression: ByteSource['compression'];
  readonly sizeBytes: number | null;
  bytesRead = 0;
  /** Of a file that is not compressed, as of the file itself. */
  readonly seek?: (offset: number) => void;
  readonly readAt?: (offset: number, length: number) => Promise<Uint8Array>;
  private readonly blocks: readonly Uint8Array[];
  private block = 0;
  private offset = 0;

  constructor({ name, compression, sizeBytes, blocks }: Loaded) {
    this.name = name;
    this.compression = compression;
    this.sizeBytes = sizeBytes;
    this.blocks = blocks;
    if (compression === 'none') {
      this.seek = (offset) => {
        // All blocks but the last are full.
        this.block = Math.floor(offset / blockBytes);
        this.offset = offset % blockBytes;
        this.bytesRead = offset;
      };
      this.readAt = async (offset, length) => bytesAt(blocks, offset, length);
    }
  }

  async read(): Promise<Uint8Array | null> {
    const block = this.blocks[this.block];
    if (block === undefined || this.offset >= block.length) return null;
    const chunk = block.subarray(this.offset, this.offset + MAX_CHUNK_BYTES);
    this.offset += chunk.length;
    if (this.offset === block.length) {
      this.block++;
      this.offset = 0;
    }
    // Stored and inflated sizes differ: a compressed file counts as read with its last byte.
    if (this.compression === 'none') this.bytesRead += chunk.length;
    else if (this.block === this.blocks.length) this.bytesRead = this.sizeBytes ?? 0;
    return chunk;
  }

  async close(): Promise<void> {}
}

/** A copy of the bytes from `offset`, fewer where the file ends. */
function bytesAt(blocks: readonly Uint8Array[], offset: number, length: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = length;
  let within = offset % blockBytes;
  for (const block of blocks.slice(Math.floor(offset / blockBytes))) {
    const part = block.subarray(within, within + left);
    parts.push(part);
    left -= part.length;
    within = 0;
    if (left === 0) break;
  }
  return Buffer.concat(parts);
}
