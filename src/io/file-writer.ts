/** A file, or standard output, that grows through one buffer by synchronous writes. */
import { closeSync, fstatSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
import { SinkError } from '../core/errors.js';
import { unwritable } from './file-error.js';

const bufferBytes = 1 << 20;
const standardInput = 0;
const standardOutput = 1;
/** How long a pipe that is full is left alone before it is tried again. */
const retryMs = 1;

/**
 * Creates (or truncates) the file, or takes standard output for `-`; throws SinkError where that fails or the file is
 * one of those being read.
 */
export function openFileWriter(path: string, inputPaths: readonly string[]): FileWriter {
  refuseSameFile(path, inputPaths);
  if (path === '-') return new FileWriter('standard output', standardOutput);
  try {
    return new FileWriter(path, openSync(path, 'w'));
  } catch (error) {
    throw unwritable(path, error, 'open');
  }
}

/** Where records are written: a file, or memory that stands for one. */
export interface RecordFile {
  readonly view: DataView;
  readonly bytes: number;
  reserve(length: number): number;
  commit(length: number): void;
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Made by `openFileWriter`. Whoever writes reserves room, puts bytes there, and commits them. */
export class FileWriter implements RecordFile {
  /** The buffer; what `reserve` answered is a place in it. */
  readonly view = new DataView(new ArrayBuffer(bufferBytes));
  /** Bytes of the file, those still buffered included. */
  bytes = 0;
  private readonly path: string;
  private readonly descriptor: number;
  private readonly buffer = new Uint8Array(this.view.buffer);
  private used = 0;
  private isOpen = true;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
  }

  /** The place in `view` where up to `length` bytes, at most the buffer's 1 MiB, can be put. */
  reserve(length: number): number {
    if (this.used + length > bufferBytes) this.flush();
    return this.used;
  }

  /** Takes the first `length` bytes of what was reserved as written. */
  commit(length: number): void {
    this.used += length;
    this.bytes += length;
  }

  /** Copies bytes; those that would fill the buffer go out at once. */
  write(bytes: Uint8Array): void {
    if (bytes.length >= bufferBytes) {
      this.flush();
      this.bytes += bytes.length;
      this.put(bytes);
      return;
    }
    this.buffer.set(bytes, this.reserve(bytes.length));
    this.commit(bytes.length);
  }

  /** Puts out what is buffered and closes the file, once; throws SinkError where the disk is full. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      this.flush();
    } finally {
      if (this.descriptor !== standardOutput) closeSync(this.descriptor);
    }
  }

  private flush(): void {
    const { used } = this;
    // What could not be written is not tried again.
    this.used = 0;
    this.put(this.buffer.subarray(0, used));
  }

  private put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += this.writeSome(bytes, done);
  }

  /** Returns how many bytes were taken: 0 where a pipe is full, after a pause. */
  private writeSome(bytes: Uint8Array, from: number): number {
    try {
      return writeSync(this.descriptor, bytes, from, bytes.length - from);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
        return 0;
      }
      throw unwritable(this.path, error, code === 'EPIPE' ? 'closed-pipe' : 'write');
    }
  }
}

/** Throws SinkError where the file to be written, `-` for standard output, is one of those being read. */
export function refuseSameFile(path: string, inputPaths: readonly string[]): void {
  if (!inputPaths.some((input) => isSameFile(path, input))) return;
  const name = path === '-' ? 'standard output' : path;
  throw new SinkError('same-file', `${name} is the capture that is being read; name another file`);
}

/** True where what is written and what is read are one file, whatever the links and redirections on the way. */
export function isSameFile(output: string, input: string): boolean {
  const written = regularFile(output, standardOutput);
  const read = regularFile(input, standardInput);
  return written !== null && read !== null && written.dev === read.dev && written.ino === read.ino;
}

/** Null for what is no file, or is not there yet: `-` goes by its descriptor. */
function regularFile(path: string, descriptor: number): Stats | null {
  try {
    const stats = path === '-' ? fstatSync(descriptor) : statSync(path);
    return stats.isFile() ? stats : null;
  } catch {
    return null;
  }
}
