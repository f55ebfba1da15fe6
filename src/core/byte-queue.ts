/**
 * The bytes of a file that have arrived and were not read yet: what every `RecordReader` is built on.
 *
 * A chunk that finds the queue empty is read in place, and so is one that lies in memory right behind the one before.
 * Otherwise what is left over moves to a buffer of the queue's own and the chunk is appended there, so bytes that
 * arrive one at a time cost amortised constant time each. Memory is bounded by the longest record that the reader
 * waits for plus one chunk.
 */

const EMPTY = new Uint8Array(0);

/** The least that the queue's own buffer holds, so that tiny chunks do not make it grow step by step. */
const MIN_CAPACITY = 4096;

/** Unread bytes of a stream of chunks as one `DataView`, with their place in the file. */
export class ByteQueue {
  /** Covers the bytes at hand and nothing behind them; replaced by `push`, never by `skip`. */
  view: DataView = new DataView(EMPTY.buffer);
  /** The first unread byte in `view`. */
  offset = 0;
  /** One past the last byte in `view`. */
  limit = 0;
  /** Set by `end`: no more bytes will come. */
  ended = false;
  /** Place in the file of byte 0 of `view`. */
  private base = 0;
  private own: Uint8Array = EMPTY;
  /** Whether `view` covers the queue's own buffer (from its byte 0) and not the caller's chunk. */
  private isOwn = false;
  /** The chunk that came last. */
  private last: Uint8Array = EMPTY;

  /** How many unread bytes are at hand. */
  get available(): number {
    return this.limit - this.offset;
  }

  /** Place in the file of the first unread byte. */
  get position(): number {
    return this.base + this.offset;
  }

  /** Whether nothing is at hand and nothing more comes; looks at both each time, so that both are compiled early. */
  get isAtEnd(): boolean {
    const { available, ended } = this;
    return ended && available === 0;
  }

  /** Gives up `count` bytes; the caller has checked that they are at hand. */
  skip(count: number): void {
    this.offset += count;
  }

  end(): void {
    this.ended = true;
  }

  /** Gives up what is at hand: the next chunk is of another place in the file. */
  jump(position: number): void {
    this.view = new DataView(EMPTY.buffer);
    this.offset = 0;
    this.limit = 0;
    this.base = position;
    this.isOwn = false;
    this.last = EMPTY;
  }

  /**
   * Appends a chunk; it is read in place where nothing is left over, and then kept until the next `push`, or longer
   * where that one brings the bytes behind it in memory.
   */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.offset === this.limit || this.isBehindLast(chunk)) this.adopt(chunk, this.available);
    else this.append(chunk);
    this.last = chunk;
  }

  /** Whether what is left over is the end of the last chunk, and this one goes on where that one ends in memory. */
  private isBehindLast(chunk: Uint8Array): boolean {
    const { last } = this;
    return (
      chunk.buffer === last.buffer &&
      chunk.byteOffset === last.byteOffset + last.length &&
      this.available <= last.length
    );
  }

  /** Reads the chunk in place, with so many bytes before it in memory. */
  private adopt(chunk: Uint8Array, left: number): void {
    this.base += this.offset;
    this.limit = left + chunk.length;
    this.view = new DataView(chunk.buffer, chunk.byteOffset - left, this.limit);
    this.offset = 0;
    this.isOwn = false;
  }

  private append(chunk: Uint8Array): void {
    const left = this.available;
    if (!this.isOwn || this.limit + chunk.length > this.own.length) this.makeRoom(left + chunk.length);
    this.own.set(chunk, this.limit);
    this.limit += chunk.length;
    this.view = new DataView(this.own.buffer, 0, this.limit);
  }

  /** Moves what is left over to the start of an own buffer of at least `needed` bytes. */
  private makeRoom(needed: number): void {
    const left = new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.available);
    // Moving is paid for by the bytes read since the last move; where more is left than was read, the buffer grows.
    const crowded = this.isOwn && this.offset < left.length;
    if (needed > this.own.length || crowded) {
      const grown = new Uint8Array(Math.max(needed, left.length * 2, MIN_CAPACITY));
      grown.set(left);
      this.own = grown;
    } else {
      this.own.set(left);
    }
    this.base += this.offset;
    this.limit = left.length;
    this.offset = 0;
    this.isOwn = true;
  }
}
