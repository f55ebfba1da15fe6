/**
 * A single-producer, single-consumer ring of datagrams in a SharedArrayBuffer, for a worker that polls it.
 *
 * The buffer is 256 bytes of control words, then a data area of a power of two. A record is 8-byte aligned:
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | i32 | length of the payload; -1 marks the rest of the area as unused, the record is at its start |
 * | 4 | i32 | index of the flow |
 * | 8 | f64 | scheduled time, ns on the run's clock |
 * | 16 | f64 | time of the write, ns on the run's clock |
 * | 24 | f64 | number of the write, from 0; dropped ones are numbered too, so they show as gaps |
 * | 32 | | payload, padded to 8 bytes |
 *
 * Words and doubles are in the machine's own byte order, payloads are copied as they are. Positions count bytes modulo
 * 2^32. Each side keeps its own words on a cache line of their own and a copy of the other side's position, which it
 * looks up only when that copy says full (or empty).
 */
import { SinkError, UsageError } from './errors.js';

/** Bytes before the data area. */
export const ringControlBytes = 256;
/** Bytes of a record before its payload. */
export const ringRecordBytes = 32;
const smallestCapacity = 64;
const largestCapacity = 2 ** 30;

/** Control words: what the writer sets, then what the reader sets, 128 bytes apart. */
const writtenWord = 0;
const writerClosedWord = 1;
const writerWaitsWord = 2;
const droppedDouble = 4;
const readWord = 32;
const readerClosedWord = 33;
const readerSleepsWord = 34;

const unusedRest = -1;
/** How often a full ring is looked at before the writer sleeps: about 20 us. */
const spinsBeforeSleep = 2000;
/** A sleep on a full ring, at most: a wake-up that got lost costs no more. */
const sleepMs = 1;
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** What a write does while the ring is full: wait for the reader, or drop the datagram and count it. */
export type RingFullPolicy = 'wait' | 'drop';

export interface RingWriterOptions {
  readonly full: RingFullPolicy;
  /** With `wait`: a reader that releases nothing for so long is an error. Default 10 s. */
  readonly longestWaitMs?: number;
}

/** Memory for a ring of at least `capacityBytes` (64 to 2^30, rounded up to a power of two). */
export function createRing(capacityBytes: number): SharedArrayBuffer {
  if (!(capacityBytes >= smallestCapacity && capacityBytes <= largestCapacity)) {
    const range = `${smallestCapacity} to ${largestCapacity} bytes`;
    throw new UsageError('ring-capacity', `ring capacity ${capacityBytes}: must be ${range}`);
  }
  return new SharedArrayBuffer(ringControlBytes + 2 ** Math.ceil(Math.log2(capacityBytes)));
}

/** The one producer of a ring. */
export class RingWriter {
  /** Payloads up to this fit whatever the position: half the ring, less the record's header. */
  readonly longestPayload: number;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  readonly #waits: boolean;
  readonly #longestWaitMs: number;
  #written: number;
  #read: number;
  #sequence = 0;

  constructor(memory: SharedArrayBuffer, options: RingWriterOptions) {
    this.#capacity = capacityOf(memory);
    this.longestPayload = this.#capacity / 2 - ringRecordBytes;
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.#waits = options.full === 'wait';
    this.#longestWaitMs = options.longestWaitMs ?? 10_000;
    this.#written = Atomics.load(this.#words, writtenWord);
    this.#read = Atomics.load(this.#words, readWord);
  }

  /** Datagrams that did not get into the ring. */
  get dropped(): number {
    return this.#doubles[droppedDouble];
  }

  /**
   * Copies one datagram into the ring; false where it was dropped because the ring is full or its reader closed. Throws
   * `SinkError` for a payload above `longestPayload` and, with `wait`, for a reader that stopped reading.
   */
  write(
    view: DataView,
    offset: number,
    length: number,
    flowIndex: number,
    scheduledNs: number,
    sentNs: number,
  ): boolean {
    if (length > this.longestPayload) this.#refuse(length);
    const sequence = this.#sequence++;
    const recordBytes = (ringRecordBytes + length + 7) & ~7;
    let at = this.#written & (this.#capacity - 1);
    const restBytes = this.#capacity - at;
    const skippedBytes = restBytes < recordBytes ? restBytes : 0;
    if (!this.#hasRoom(skippedBytes + recordBytes) && !this.#makeRoom(skippedBytes + recordBytes)) {
      this.#doubles[droppedDouble]++;
      return false;
    }
    if (skippedBytes > 0) {
      this.#words[(ringControlBytes + at) >> 2] = unusedRest;
      at = 0;
    }
    const start = ringControlBytes + at;
    this.#words[start >> 2] = length;
    this.#words[(start >> 2) + 1] = flowIndex;
    this.#doubles[(start >> 3) + 1] = scheduledNs;
    this.#doubles[(start >> 3) + 2] = sentNs;
    this.#doubles[(start >> 3) + 3] = sequence;
    copyPayload(view, offset, length, this.#words, this.#bytes, start + ringRecordBytes);
    this.#written = (this.#written + skippedBytes + recordBytes) | 0;
    Atomics.store(this.#words, writtenWord, this.#written);
    if (Atomics.load(this.#words, readerSleepsWord) !== 0) Atomics.notify(this.#words, writtenWord);
    return true;
  }

  /** Says that nothing more will come; the reader still gets what is in the ring. */
  close(): void {
    Atomics.store(this.#words, writerClosedWord, 1);
    Atomics.notify(this.#words, writtenWord);
  }

  #hasRoom(bytes: number): boolean {
    return ((this.#written - this.#read) | 0) + bytes <= this.#capacity;
  }

  /** Looks where the reader is now and, with `wait`, until it has moved on far enough. */
  #makeRoom(bytes: number): boolean {
    const words = this.#words;
    for (let spin = 0; spin < spinsBeforeSleep; spin++) {
      if (Atomics.load(words, readerClosedWord) !== 0) return false;
      this.#read = Atomics.load(words, readWord);
      if (this.#hasRoom(bytes)) return true;
      if (!this.#waits) return false;
    }
    return this.#sleepForRoom(bytes);
  }

  #sleepForRoom(bytes: number): boolean {
    const words = this.#words;
    Atomics.store(words, writerWaitsWord, 1);
    try {
      for (let sleptMs = 0; sleptMs <= this.#longestWaitMs; ) {
        if (Atomics.load(words, readerClosedWord) !== 0) return false;
        const read = Atomics.load(words, readWord);
        sleptMs = read === this.#read ? sleptMs : 0;
        this.#read = read;
        if (this.#hasRoom(bytes)) return true;
        if (Atomics.wait(words, readWord, read, sleepMs) === 'timed-out') sleptMs += sleepMs;
      }
    } finally {
      Atomics.store(words, writerWaitsWord, 0);
    }
    const seconds = this.#longestWaitMs / 1000;
    throw new SinkError('ring-stalled', `the ring is full and its reader has released nothing for ${seconds} s`);
  }

  #refuse(length: number): never {
    const limits = `a ring of ${this.#capacity} bytes takes ${this.longestPayload} at most`;
    throw new SinkError('ring-record-too-long', `datagram of ${length} bytes: ${limits}, make it larger`);
  }
}

/** The one consumer of a ring. The record in the fields is borrowed: the next `poll` gives its room back. */
export class RingReader {
  /** Covers the ring's memory. */
  readonly view: DataView;
  /** Start of the payload in `view`. */
  offset = 0;
  length = 0;
  flowIndex = 0;
  scheduledNs = 0;
  /** When it was written, on the run's clock. */
  sentNs = 0;
  /** Number of the write, from 0; a gap is what the writer dropped. */
  sequence = 0;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #capacity: number;
  /** Start of the record in the fields, and its end, which is the next one's start. */
  #read: number;
  #next: number;
  #written: number;

  constructor(memory: SharedArrayBuffer) {
    this.#capacity = capacityOf(memory);
    this.view = new DataView(memory);
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#read = Atomics.load(this.#words, readWord);
    this.#next = this.#read;
    this.#written = Atomics.load(this.#words, writtenWord);
  }

  /** True once the writer has closed and every record was read. */
  get done(): boolean {
    const isClosed = Atomics.load(this.#words, writerClosedWord) !== 0;
    return isClosed && Atomics.load(this.#words, writtenWord) === this.#next;
  }

  /** Datagrams that the writer dropped. */
  get dropped(): number {
    return this.#doubles[droppedDouble];
  }

  /** Releases the record in the fields and takes the next; false, at once, where there is none yet. */
  poll(): boolean {
    const words = this.#words;
    if (this.#next !== this.#read) this.#release();
    if (this.#next === this.#written) {
      this.#written = Atomics.load(words, writtenWord);
      if (this.#next === this.#written) return false;
    }
    let at = this.#next & (this.#capacity - 1);
    let start = ringControlBytes + at;
    let skippedBytes = 0;
    if (words[start >> 2] === unusedRest) {
      skippedBytes = this.#capacity - at;
      at = 0;
      start = ringControlBytes;
    }
    this.length = words[start >> 2];
    this.flowIndex = words[(start >> 2) + 1];
    this.scheduledNs = this.#doubles[(start >> 3) + 1];
    this.sentNs = this.#doubles[(start >> 3) + 2];
    this.sequence = this.#doubles[(start >> 3) + 3];
    this.offset = start + ringRecordBytes;
    this.#next = (this.#next + skippedBytes + ((ringRecordBytes + this.length + 7) & ~7)) | 0;
    return true;
  }

  /**
   * Sleeps until the writer writes or closes, for `mostMs` at most; at once where it has. Waking takes some 50 us: a
   * reader that has to be quick polls, and sleeps only once nothing has come for long.
   */
  sleep(mostMs: number): void {
    const words = this.#words;
    Atomics.store(words, readerSleepsWord, 1);
    // Said first and looked at after: a write in between is seen here, or its writer sees the sleeper.
    if (Atomics.load(words, writerClosedWord) === 0) Atomics.wait(words, writtenWord, this.#next, mostMs);
    Atomics.store(words, readerSleepsWord, 0);
  }

  /** Says that nothing more will be read; writes are dropped and counted from then on. */
  close(): void {
    Atomics.store(this.#words, readerClosedWord, 1);
    Atomics.notify(this.#words, readWord);
  }

  #release(): void {
    this.#read = this.#next;
    Atomics.store(this.#words, readWord, this.#read);
    if (Atomics.load(this.#words, writerWaitsWord) !== 0) Atomics.notify(this.#words, readWord);
  }
}

function capacityOf(memory: SharedArrayBuffer): number {
  const capacity = memory.byteLength - ringControlBytes;
  if (capacity < smallestCapacity || capacity > largestCapacity || (capacity & (capacity - 1)) !== 0) {
    throw new UsageError('ring-memory', `${memory.byteLength} bytes are not a ring's memory: ask createRing for it`);
  }
  return capacity;
}

/**
 * Word by word, four at a time: 37 ns for 100 bytes and 471 for 1400, where `Uint8Array.set` of a subarray takes 116
 * and 656 (shared memory is copied by the byte there) and leaves garbage.
 */
function copyPayload(
  from: DataView,
  offset: number,
  length: number,
  words: Int32Array,
  bytes: Uint8Array,
  to: number,
): void {
  const end = offset + length;
  let source = offset;
  let word = to >> 2;
  for (; source + 16 <= end; source += 16, word += 4) {
    words[word] = from.getInt32(source, isLittleEndian);
    words[word + 1] = from.getInt32(source + 4, isLittleEndian);
    words[word + 2] = from.getInt32(source + 8, isLittleEndian);
    words[word + 3] = from.getInt32(source + 12, isLittleEndian);
  }
  for (; source + 4 <= end; source += 4) words[word++] = from.getInt32(source, isLittleEndian);
  for (let target = word << 2; source < end; ) bytes[target++] = from.getUint8(source++);
}
