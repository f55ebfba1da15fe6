/**
 * Files written in the background: the caller puts records into chunks of memory, and full chunks are written by the
 * system's threads one after the other while the caller goes on.
 *
 * Memory is bounded: where every chunk waits for the disk, `reserve` answers -1 and the caller counts what it drops. A
 * record never spans two chunks. Where a write fails, the file is cut back to its last whole record, and the rest, of
 * this file and of those after it, is told to `onLost`.
 */
import { SinkError } from '../core/errors.js';
import type { Disk, FileIdentity } from './disk.js';
import { unwritable } from './file-error.js';

/** Bytes handed to the system in one write at most. */
export const chunkBytes = 1 << 20;
/** A chunk is being filled, one is being written, and one waits. */
export const leastChunks = 3;
const standardOutput = 1;
/** How long a pipe that is full is left alone before it is tried again. */
const retryMs = 1;

/** One file, from its opening to its closing. */
export interface ChunkFile {
  /** A path, or `-` for standard output. */
  readonly path: string;
  /** What it begins with; a file that does not hold this whole is removed. */
  readonly header: Uint8Array;
  /** Whether a file of that name is written over. */
  readonly overwrite: boolean;
}

export interface ChunkWriterOptions<File extends ChunkFile> {
  readonly disk: Disk;
  /** Memory for records that wait for the disk; rounded down to chunks. */
  readonly memoryBytes: number;
  /** Length of the record at `at`. */
  lengthAt(view: DataView, at: number): number;
  /** Records from `from` to `end` of the view will not be in the file: the disk failed. */
  onLost(file: File, view: DataView, from: number, end: number): void;
  /** What the file that the disk failed on should end with, if there is room. */
  trailerOf(file: File): Uint8Array;
  /** Called before the file is opened, … */
  onOpen?(file: File): Promise<void>;
  /** … and once it is complete. */
  onClosed?(file: File, identity: FileIdentity): void;
  /** Nothing more will be written. */
  onFailure?(error: SinkError): void;
}

interface Chunk {
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

type Job<File> =
  | { readonly kind: 'open' | 'close'; readonly file: File }
  | { readonly kind: 'bytes'; readonly file: File; readonly bytes: Uint8Array }
  | { readonly kind: 'chunk'; readonly file: File; readonly chunk: Chunk; readonly used: number };

const noChunk: Chunk = { view: new DataView(new ArrayBuffer(0)), bytes: new Uint8Array(0) };

/** Writes one file at a time: `begin`, then records, then `end`. */
export class ChunkWriter<File extends ChunkFile> {
  /** The chunk being filled; what `reserve` answered is a place in it. */
  view: DataView = noChunk.view;
  /** Why nothing is written any more; null while all is well. */
  failure: SinkError | null = null;
  /** The most bytes of memory that waited for the disk at once. */
  mostWaitingBytes = 0;
  readonly memoryBytes: number;
  private readonly options: ChunkWriterOptions<File>;
  /** The chunk freed last is filled next, so that no more pages are touched than needed. */
  private readonly free: Chunk[] = [];
  private readonly jobs: Job<File>[] = [];
  private file: File | null = null;
  private current: Chunk = noChunk;
  /** Bytes of the current chunk that are records; where there is no chunk it is as good as full. */
  private used = chunkBytes;
  private waitingBytes = 0;
  private working: Promise<void> | null = null;
  /** The file on the disk: its descriptor, how long it is, and how long it was when the job at hand began. */
  private descriptor = -1;
  private length = 0;
  private lengthBefore = 0;
  private identity: FileIdentity = { dev: 0, ino: 0 };

  constructor(options: ChunkWriterOptions<File>) {
    this.options = options;
    const count = Math.max(leastChunks, Math.floor(options.memoryBytes / chunkBytes));
    this.memoryBytes = count * chunkBytes;
    const memory = allocate(this.memoryBytes);
    for (let at = this.memoryBytes - chunkBytes; at >= 0; at -= chunkBytes) {
      this.free.push({ view: new DataView(memory, at, chunkBytes), bytes: new Uint8Array(memory, at, chunkBytes) });
    }
  }

  /** True where the disk has taken all that was handed to it. */
  get isIdle(): boolean {
    return this.jobs.length === 0;
  }

  /** Begins a file; what goes wrong with it is a failure like any other. */
  begin(file: File): void {
    this.file = file;
    this.add({ kind: 'open', file });
    this.add({ kind: 'bytes', file, bytes: file.header });
  }

  /** The place in `view` where up to `length` bytes, at most a chunk, can be put; -1 where no memory is free. */
  reserve(length: number): number {
    if (this.used + length <= chunkBytes) return this.used;
    this.flush();
    const next = this.free.pop();
    if (next === undefined) return -1;
    this.current = next;
    this.view = next.view;
    this.used = 0;
    return 0;
  }

  /** Takes the first `length` bytes of what was reserved as a record. */
  commit(length: number): void {
    this.used += length;
  }

  /** Hands the records so far to the disk. */
  flush(): void {
    const { file, current: chunk, used } = this;
    if (file === null || chunk === noChunk || used === 0) return;
    this.current = noChunk;
    this.used = chunkBytes;
    this.waitingBytes += chunkBytes;
    this.mostWaitingBytes = Math.max(this.mostWaitingBytes, this.waitingBytes);
    this.add({ kind: 'chunk', file, chunk, used });
  }

  /** Ends the file: behind its records comes `trailer`. */
  end(trailer: Uint8Array): void {
    this.flush();
    const { file } = this;
    if (file === null) return;
    this.file = null;
    this.add({ kind: 'bytes', file, bytes: trailer });
    this.add({ kind: 'close', file });
  }

  /** Waits until the disk has taken everything, or has failed. */
  async settle(): Promise<void> {
    while (this.working !== null) await this.working;
  }

  private add(job: Job<File>): void {
    if (this.failure !== null) {
      this.lose(job);
      return;
    }
    this.jobs.push(job);
    this.working ??= this.work();
  }

  private async work(): Promise<void> {
    for (let job = this.jobs[0]; job !== undefined; job = this.jobs[0]) {
      try {
        await this.carryOut(job);
      } catch (error) {
        await this.fail(job, error as NodeJS.ErrnoException);
        break;
      }
      this.jobs.shift();
      if (job.kind === 'chunk') this.release(job.chunk);
    }
    this.working = null;
  }

  private async carryOut(job: Job<File>): Promise<void> {
    const { disk, onOpen, onClosed } = this.options;
    const { file } = job;
    if (job.kind === 'open') this.length = 0;
    this.lengthBefore = this.length;
    switch (job.kind) {
      case 'open':
        await onOpen?.(file);
        if (file.path === '-') this.descriptor = standardOutput;
        else {
          this.descriptor = await disk.open(file.path, file.overwrite ? 'w' : 'wx');
          this.identity = await disk.identify(this.descriptor);
        }
        return;
      case 'bytes':
        await this.write(job.bytes, job.bytes.length);
        return;
      case 'chunk':
        await this.write(job.chunk.bytes, job.used);
        return;
      case 'close':
        await this.close();
        onClosed?.(file, this.identity);
    }
  }

  /** Adds bytes to the file, as many calls as it takes. */
  private async write(bytes: Uint8Array, length: number): Promise<void> {
    for (let from = 0; from < length; ) {
      const written = await this.writeSome(bytes, from, length - from);
      from += written;
      this.length += written;
    }
  }

  /** Answers how many bytes were taken: none, after a pause, where another program made a full pipe refuse. */
  private async writeSome(bytes: Uint8Array, from: number, length: number): Promise<number> {
    const { descriptor } = this;
    try {
      const position = descriptor === standardOutput ? null : this.length;
      return await this.options.disk.write(descriptor, bytes, from, length, position);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      return 0;
    }
  }

  private async close(): Promise<void> {
    const { descriptor } = this;
    this.descriptor = -1;
    if (descriptor > standardOutput) await this.options.disk.close(descriptor);
  }

  /** Saves what can be saved of the file, and tells what is lost. */
  private async fail(failed: Job<File>, cause: NodeJS.ErrnoException): Promise<void> {
    const { file } = failed;
    const failure = failureOf(file.path, cause);
    this.failure = failure;
    const done = this.length - this.lengthBefore;
    this.length = this.lengthBefore;
    for (const job of this.jobs) this.lose(job, job === failed ? done : 0);
    this.jobs.length = 0;
    // What is being filled is lost as well.
    this.flush();
    await this.salvage(file, failed.kind === 'chunk');
    this.options.onFailure?.(failure);
  }

  /** Where the last record ends that lies within the first `length` bytes. */
  private wholeRecords(view: DataView, length: number): number {
    let end = 0;
    // A record's length is in its first 16 bytes.
    while (end + 16 <= length) {
      const next = end + this.options.lengthAt(view, end);
      if (next > length) break;
      end = next;
    }
    return end;
  }

  /** Tells which records of a chunk are lost when `done` of its bytes are on the disk. */
  private lose(job: Job<File>, done = 0): void {
    if (job.kind !== 'chunk') return;
    const kept = this.wholeRecords(job.chunk.view, done);
    this.length += kept;
    if (kept < job.used) this.options.onLost(job.file, job.chunk.view, kept, job.used);
    this.release(job.chunk);
  }

  /** Cuts the file back to its whole records and ends it as well as the disk allows. */
  private async salvage(file: File, hasTrailer: boolean): Promise<void> {
    const { descriptor, length } = this;
    const { disk, trailerOf } = this.options;
    if (descriptor <= standardOutput) return;
    await succeeds(disk.truncate(descriptor, length));
    const trailer = hasTrailer ? trailerOf(file) : new Uint8Array(0);
    if (!(await succeeds(this.write(trailer, trailer.length)))) await succeeds(disk.truncate(descriptor, length));
    await succeeds(this.close());
    if (length < file.header.length && !file.overwrite) await succeeds(disk.remove(file.path, this.identity));
  }

  private release(chunk: Chunk): void {
    this.waitingBytes -= chunkBytes;
    this.free.push(chunk);
  }
}

function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (error) {
    const what = `${bytes} bytes of memory for packets that wait for the disk`;
    throw new SinkError('memory', `there are no ${what}: ask for less`, { cause: error });
  }
}

/** After a failure the next one changes nothing. */
function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}

function failureOf(path: string, cause: NodeJS.ErrnoException): SinkError {
  const name = path === '-' ? 'standard output' : path;
  if (cause.code === 'EEXIST') {
    return unwritable(
      name,
      new Error('it is there already; name another file, or add --force to write over it'),
      'exists',
    );
  }
  return unwritable(name, cause, cause.code === 'EPIPE' ? 'closed-pipe' : 'write');
}
