/** The bytes of a file or of standard input as they are stored, in chunks, read only when asked for. */
import { fstatSync, open as openDescriptor } from 'node:fs';
import { type FileHandle, stat as fileStatus, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { isAbsolute } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { CaptureError } from '../core/errors.js';

/** The most bytes of one chunk. */
export const MAX_CHUNK_BYTES = 1_048_576;

/** A source of chunks; each stays valid while the next one is read, and no longer. */
export interface ChunkSource {
  /** The next chunk, never empty; null at the end. */
  read(): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** The bytes of a file as they are stored. */
export interface RawBytes extends ChunkSource {
  /** For messages: the path, or `standard input`. */
  readonly name: string;
  /** Size in bytes where it is known beforehand. */
  readonly sizeBytes: number | null;
  /** Bytes read so far, or the place in the file where the next chunk begins. */
  readonly bytesRead: number;
  /** Of a file: where the next chunk is to begin, after what was read ahead is forgotten. */
  seek?(offset: number): void;
  /** Of a file: the next chunk, put where it is wanted; how many bytes it has, 0 at the end. */
  readInto?(target: Uint8Array): Promise<number>;
  /** Of a file: bytes of any place, fewer where it ends. */
  readAt?(offset: number, length: number): Promise<Uint8Array>;
}

/** Opens a file, or a named pipe or device; rejects with CaptureError where there is nothing to read. */
export async function openFile(path: string): Promise<RawBytes> {
  let file: FileHandle;
  try {
    if ((await fileStatus(path)).isFIFO()) return await openPipe(path);
    file = await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
  const stat = await file.stat();
  if (stat.isDirectory()) {
    await file.close();
    throw new CaptureError('directory', `${path} is a directory; name a capture file in it.`);
  }
  return new FileBytes(path, file, stat.isFile() ? stat.size : null);
}

/** A named pipe is read as a socket is: closing it ends a read under way, as closing a file does not. */
async function openPipe(path: string): Promise<RawBytes> {
  const descriptor = await promisify(openDescriptor)(path, 'r');
  return new StreamBytes(new Socket({ fd: descriptor, readable: true, writable: false }), path);
}

/** Reads a stream such as `process.stdin`. */
export function openStream(stream: Readable): RawBytes {
  return new StreamBytes(stream);
}

/** The error to throw where opening `path` for reading failed of `error`. */
export function unreadable(path: string, error: NodeJS.ErrnoException): CaptureError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    const where = isAbsolute(path) ? '' : ` in ${process.cwd()}`;
    return new CaptureError('not-found', `There is no file ${path}${where}.`, { cause: error });
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    const text = `${path} may not be read by this user; change its permissions or read it as another user.`;
    return new CaptureError('unreadable', text, { cause: error });
  }
  return new CaptureError('unreadable', `${path} cannot be opened: ${error.message}.`, { cause: error });
}

/** Reads into two buffers by turns, so that a chunk outlives the reading of the next. */
class FileBytes implements RawBytes {
  bytesRead = 0;
  private current: Uint8Array;
  private other: Uint8Array;

  constructor(
    readonly name: string,
    private readonly file: FileHandle,
    readonly sizeBytes: number | null,
  ) {
    const capacity = sizeBytes === null ? MAX_CHUNK_BYTES : Math.min(Math.max(sizeBytes, 4096), MAX_CHUNK_BYTES);
    this.current = new Uint8Array(capacity);
    this.other = new Uint8Array(capacity);
  }

  async read(): Promise<Uint8Array | null> {
    const buffer = this.other;
    this.other = this.current;
    this.current = buffer;
    const position = this.isSeekable ? this.bytesRead : null;
    const { bytesRead } = await this.file.read(buffer, 0, buffer.length, position);
    this.bytesRead += bytesRead;
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
  }

  async readInto(target: Uint8Array): Promise<number> {
    const length = Math.min(target.length, MAX_CHUNK_BYTES);
    const { bytesRead } = await this.file.read(target, 0, length, this.isSeekable ? this.bytesRead : null);
    this.bytesRead += bytesRead;
    return bytesRead;
  }

  seek(offset: number): void {
    this.bytesRead = offset;
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.file.read(buffer, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  }

  /** A device has no places. */
  private get isSeekable(): boolean {
    return this.sizeBytes !== null;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

class StreamBytes implements RawBytes {
  readonly sizeBytes: number | null;
  bytesRead = 0;
  private readonly chunks: AsyncIterator<Uint8Array>;
  /** What is left of a chunk that was longer than may be handed on. */
  private rest: Uint8Array = new Uint8Array(0);

  constructor(
    stream: Readable,
    readonly name = 'standard input',
  ) {
    this.sizeBytes = redirectedSize((stream as { fd?: unknown }).fd);
    this.chunks = stream[Symbol.asyncIterator]();
  }

  async read(): Promise<Uint8Array | null> {
    while (this.rest.length === 0) {
      const { value, done } = await this.chunks.next();
      if (done) return null;
      this.rest = value;
    }
    const chunk = this.rest.subarray(0, MAX_CHUNK_BYTES);
    this.rest = this.rest.subarray(chunk.length);
    this.bytesRead += chunk.length;
    return chunk;
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}

/** Size of the file that a descriptor was redirected from; null for a pipe or a terminal. */
function redirectedSize(descriptor: unknown): number | null {
  if (typeof descriptor !== 'number') return null;
  try {
    const stat = fstatSync(descriptor);
    return stat.isFile() ? stat.size : null;
  } catch {
    return null;
  }
}
