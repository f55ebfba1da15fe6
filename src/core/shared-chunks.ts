/**
 * Bytes that several threads go over at once, chunk by chunk, each taking the next one that nobody has.
 *
 * A chunk begins where its thread guesses a message to begin, and ends where the next one's guess is. A guess counts as
 * proven where the chunk before, itself proven, ends exactly on it; a chunk whose guess is none is gone over again from
 * where the one before it ended. So the sum over all chunks is that of one thread which begins at the first byte.
 */

/** What a thread does with a chunk. */
export interface ChunkReader {
  /** The first place at `from` or behind it, before `end`, where a message seems to begin; −1 where none does. */
  boundaryFrom(from: number, end: number): number;
  /** Goes over the whole messages from `start` up to `stop`; returns where the last one ends. */
  read(start: number, stop: number): number;
  /** What was added up since it was asked last, as 32 bits. */
  takeSum(): number;
}

const nextAt = 0;
const doneAt = 1;
const headWords = 2;
/** Of a chunk: where it begins, where its last whole message ends, and its sum. */
const chunkWords = 3;

export class SharedChunks {
  readonly count: number;
  /** Chunks that were gone over twice, since their guess was wrong. */
  redone = 0;
  private readonly words: Int32Array;

  /** `control`, of `controlBytes`, is shared by all threads; 2 GiB are the most. */
  constructor(
    private readonly byteCount: number,
    private readonly chunkBytes: number,
    control: SharedArrayBuffer,
  ) {
    this.count = chunkCount(byteCount, chunkBytes);
    this.words = new Int32Array(control);
  }

  /** To be called before any thread works: all chunks are free again. */
  begin(): void {
    this.words.fill(0);
    this.redone = 0;
  }

  /** Takes chunks until none is left. */
  work(reader: ChunkReader): void {
    const { words, count } = this;
    for (let chunk = Atomics.add(words, nextAt, 1); chunk < count; chunk = Atomics.add(words, nextAt, 1)) {
      const start = this.startOf(chunk, reader);
      const stop = this.startOf(chunk + 1, reader);
      this.keep(chunk, start, start < 0 ? -1 : reader.read(start, stop < 0 ? this.byteCount : stop), reader);
    }
    Atomics.add(words, doneAt, 1);
    Atomics.notify(words, doneAt);
  }

  /** Waits, blocking the thread, until so many threads have called `work` to its end. */
  waitFor(threads: number): void {
    const { words } = this;
    for (let done = Atomics.load(words, doneAt); done < threads; done = Atomics.load(words, doneAt)) {
      Atomics.wait(words, doneAt, done);
    }
  }

  /** Proves the chunks in order, going over those again that were not guessed right; returns the sum of all. */
  settle(reader: ChunkReader): number {
    const { words, count, byteCount } = this;
    let sum = 0;
    let end = 0;
    for (let chunk = 0; chunk < count; chunk++) {
      const at = headWords + chunk * chunkWords;
      if (words[at] !== end) {
        const next = chunk + 1 < count ? (words[at + chunkWords] as number) : byteCount;
        // Up to where the next one begins, or over it where that is no more to be believed.
        this.keep(chunk, end, end < next ? reader.read(end, next) : end, reader);
        this.redone++;
      }
      end = words[at + 1] as number;
      sum = (sum + (words[at + 2] as number)) | 0;
    }
    return sum >>> 0;
  }

  private keep(chunk: number, start: number, end: number, reader: ChunkReader): void {
    const at = headWords + chunk * chunkWords;
    this.words[at] = start;
    this.words[at + 1] = end;
    this.words[at + 2] = reader.takeSum();
  }

  /** Where a chunk is guessed to begin: every thread comes to the same. */
  private startOf(chunk: number, reader: ChunkReader): number {
    if (chunk === 0) return 0;
    if (chunk === this.count) return this.byteCount;
    return reader.boundaryFrom(chunk * this.chunkBytes, this.byteCount);
  }
}

/** Bytes that a `SharedChunks` takes to say who has what. */
export function controlBytes(byteCount: number, chunkBytes: number): number {
  return 4 * (headWords + chunkCount(byteCount, chunkBytes) * chunkWords);
}

function chunkCount(byteCount: number, chunkBytes: number): number {
  return Math.max(1, Math.ceil(byteCount / chunkBytes));
}
