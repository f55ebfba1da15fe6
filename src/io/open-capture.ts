/** Opens a capture of any format that is understood. The content decides which one it is, never the name. */
import type { Readable } from 'node:stream';
import { CaptureReader } from '../capture/capture-reader.js';
import { describeForeign, SNIFF_BYTES, sniff } from '../capture/detect.js';
import type { FlowTable } from '../capture/flow.js';
import { PCAP_HEADER_BYTES } from '../capture/pcap.js';
import { CaptureError } from '../core/errors.js';
import type { Damage, DamageHandler, LengthOf, RecordReader, TimestampOf } from '../core/seams.js';
import type { DescribingBlock, RecordNotes, SeekPoint } from '../core/seek-index.js';
import { newYorkMidnight } from '../core/time.js';
import { type BinaryFileFormat, BinaryFileReader, looksLikeBinaryFile } from '../session/binaryfile.js';
import { type ByteSource, type Compression, openBytes } from './byte-source.js';
import { dateFromName } from './file-date.js';
import type { PreloadStore } from './preload.js';

/** Bytes that are looked at to recognise a format without a signature. */
const HEAD_BYTES = 65_536;

/**
 * The bytes of a chunk that are handed over first where it is much longer: what a reader has left over is joined with
 * these alone, and the rest is read in place.
 */
const JOINED_BYTES = 65_536;

/** The day of a BinaryFILE where neither the caller nor its name tells one. */
const NO_DATE = '1970-01-01';

/** What opening a capture takes. */
export interface OpenCaptureOptions {
  /** Lengths of the messages that a BinaryFILE may hold: what it is recognised by. */
  lengthOf: LengthOf;
  timestampOf: TimestampOf;
  /** Frame the messages of a BinaryFILE by their type's length where the prefix is 0 or absent. */
  frameByType?: boolean;
  /** The day of a BinaryFILE, `YYYY-MM-DD`; where absent its name tells, else 1970-01-01. */
  date?: string;
  /** Whether IPv4 and UDP checksums are verified and counted; true where absent. */
  checksums?: boolean;
  /** Look for the next plausible packet or block behind damage that ends a pcap or pcapng. */
  recover?: boolean;
  onDamage: DamageHandler;
  /** What `-` reads; `process.stdin` where absent. */
  stdin?: Readable;
  /** Read the next chunk of a file while the one before is in use, so that a replay never waits for the disk. */
  readAhead?: boolean;
  /** Whoever opens it takes the chunks by `read`, from the first on, in place of the reader; false where absent. */
  isCut?: boolean;
  /** Reads the file into memory first, or takes it from there. */
  preload?: Pick<PreloadStore, 'open'>;
  /** Whether TCP streams are put together; where absent their packets are skipped. */
  tcp?: boolean;
  /** Whether packets without a datagram are delivered too, as `CaptureReader` says; false where absent. */
  allFrames?: boolean;
  /** Whose time stamps records carry: the capture's, where absent. */
  timestamps?: 'capture' | 'trailer';
  /** Where the flows of a pcap or pcapng are interned; a table of its own where absent. */
  flows?: FlowTable;
  /** Learns, while the file is read, where reading can begin. */
  index?: RecordNotes;
  /** Where to begin, in a file that can be read anywhere; at its start where absent. */
  at?: Beginning;
}

/** A place in the middle of a file, and the blocks that are to be read before it. */
export interface Beginning {
  readonly point: SeekPoint;
  readonly blocks: readonly DescribingBlock[];
}

/** A pcap or pcapng capture, being read. */
export type DatagramFile = OpenedFile<'datagrams', 'pcap' | 'pcapng', CaptureReader, null>;

/** A BinaryFILE, being read; `date` is the day that its time stamps were placed on. */
export type MessageFile = OpenedFile<'messages', 'BinaryFILE', BinaryFileReader, string>;

/** A capture being read: `for (;;) { while (reader.next()) …; if (reader.done) break; await file.fill(); }`. */
export type CaptureFile = DatagramFile | MessageFile;

/**
 * Opens a file, or standard input for `-`. Rejects with CaptureError where it cannot be read, is empty, or is nothing
 * that is understood.
 */
export async function openCapture(path: string, options: OpenCaptureOptions): Promise<CaptureFile> {
  let first: Damage | null = null;
  const onDamage = (damage: Damage): void => {
    first ??= damage;
    options.onDamage(damage);
  };
  const open = () => openBytes(path, { ...options, onDamage });
  const source = await (options.preload?.open(path, open) ?? open());
  try {
    return await recognise(path, source, options);
  } catch (error) {
    await source.close();
    throw error instanceof CaptureError ? withDamage(error, first) : error;
  }
}

async function recognise(path: string, source: ByteSource, options: OpenCaptureOptions): Promise<CaptureFile> {
  const { readAhead = false, isCut = false } = options;
  const head = new Head(source);
  await head.read(SNIFF_BYTES);
  const content = sniff(head.bytes);
  if (content === 'pcap' || content === 'pcapng') {
    const { onDamage, flows, index, at, recover = false, tcp = false, timestamps = 'capture' } = options;
    const { allFrames = false, checksums = true } = options;
    const reader = new CaptureReader({
      onDamage,
      recover,
      tcp,
      timestamps,
      allFrames,
      checksums,
      ...(flows === undefined ? {} : { flows }),
      ...(index === undefined ? {} : { index }),
    });
    if (at !== undefined) await beginAt(source, content, reader, at);
    return new OpenedFile(source, at ? null : head, 'datagrams', content, reader, null, readAhead, isCut);
  }
  await head.read(HEAD_BYTES);
  if (head.bytes.length === 0) {
    throw new CaptureError('empty', `${subject(source)} is empty. Capture or copy it again.`);
  }
  const frameByType = options.frameByType ?? false;
  const framing = framingOf(head, options.lengthOf);
  if (framing === 'no') throw unknown(source, head.bytes);
  if (framing !== 'framed' && !frameByType) throw unframed(source, framing);
  const date = options.date ?? dateFromName(path) ?? NO_DATE;
  const { index, at } = options;
  const reader = new BinaryFileReader({
    ...(index === undefined ? {} : { index }),
    midnightSeconds: newYorkMidnight(date),
    timestampOf: options.timestampOf,
    lengthOf: options.lengthOf,
    frameByType,
    onDamage: options.onDamage,
    sizeBytes: source.compression === 'none' ? source.sizeBytes : null,
  });
  if (at !== undefined) {
    reader.resumeAt(at.point, framing !== 'no-prefix');
    source.seek?.(at.point.offset);
  }
  return new OpenedFile(source, at ? null : head, 'messages', 'BinaryFILE', reader, date, readAhead, isCut);
}

/** By the first bytes where they tell, else by all there are. */
function framingOf({ bytes, complete }: Head, lengthOf: LengthOf): BinaryFileFormat {
  const isLong = bytes.length > HEAD_BYTES;
  if (isLong && looksLikeBinaryFile(bytes.subarray(0, HEAD_BYTES), false, lengthOf) === 'framed') return 'framed';
  return looksLikeBinaryFile(bytes, complete, lengthOf);
}

/** Shows the reader what describes the packets from the point on, and goes there. */
async function beginAt(
  source: ByteSource,
  format: 'pcap' | 'pcapng',
  reader: Pick<CaptureReader, 'describe' | 'resumeAt'>,
  { point, blocks }: Beginning,
): Promise<void> {
  const pieces = format === 'pcap' ? [{ offset: 0, length: PCAP_HEADER_BYTES }] : blocks;
  for (const { offset, length } of pieces) {
    reader.describe(offset, (await source.readAt?.(offset, length)) ?? new Uint8Array(0));
  }
  reader.resumeAt(point);
  source.seek?.(point.offset);
}

/** Where nothing can be read, its damage is told with the refusal, which is all that is left to tell. */
function withDamage(error: CaptureError, damage: Damage | null): CaptureError {
  if (damage === null) return error;
  return new CaptureError(error.code, `${error.message} ${damage.message}`, { cause: error });
}

/** The first bytes of a source, read as far as recognising it takes. */
class Head {
  bytes: Uint8Array = new Uint8Array(0);
  /** True where these are all the bytes there are. */
  complete = false;

  constructor(private readonly source: ByteSource) {}

  async read(count: number): Promise<void> {
    while (this.bytes.length < count && !this.complete) {
      const chunk = await this.source.read();
      if (chunk === null) this.complete = true;
      else this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    }
  }
}

/** An open file and the reader that its chunks go to. */
export class OpenedFile<Kind, Format, Reader extends RecordReader, Day> {
  private readonly readsAhead: boolean;
  /** Kept, for it is asked for with every packet, and sources are of several kinds. */
  readonly compression: Compression;
  private ahead: Promise<Uint8Array | null> | null = null;
  /** What is yet to be handed over of the latest chunk. */
  private rest: Uint8Array | null = null;
  /** What the format was told by, where it is for whoever reads chunks. */
  private head: Head | null = null;
  private isHeadRead = false;
  /** Whether nothing comes behind the latest chunk, as far as is known. */
  private isLast = false;

  constructor(
    private readonly source: ByteSource,
    head: Head | null,
    readonly kind: Kind,
    readonly format: Format,
    readonly reader: Reader,
    readonly date: Day,
    readAhead: boolean,
    isCut = false,
  ) {
    this.compression = source.compression;
    // A pipe's next bytes may never come, and then it could not be closed.
    this.readsAhead = readAhead && source.sizeBytes !== null;
    if (head === null) {
      this.readAhead();
      return;
    }
    this.head = head;
    if (!isCut) this.uncut();
  }

  /** Has the reader take the chunks after all; before any was read. */
  uncut(): void {
    const { head } = this;
    if (head === null || this.isHeadRead) return;
    this.head = null;
    this.reader.push(head.bytes);
    if (head.complete) this.reader.end();
    else this.readAhead();
  }

  /** The path, or `standard input`. */
  get name(): string {
    return this.source.name;
  }

  /** Size as stored (compressed), where it is known beforehand. */
  get sizeBytes(): number | null {
    return this.source.sizeBytes;
  }

  /** Bytes read so far, as stored: the position within `sizeBytes`. */
  get bytesRead(): number {
    return this.source.bytesRead;
  }

  /** Hands the next bytes of the file to the reader, or its end. */
  async fill(): Promise<void> {
    if (this.rest !== null) {
      this.reader.push(this.rest);
      this.rest = null;
      if (this.isLast) this.reader.end();
      return;
    }
    const chunk = await this.read();
    if (chunk === null) this.reader.end();
    else this.push(chunk);
    if (chunk !== null) this.readAhead();
  }

  /** The next chunk of the file, in the reader's place; null at its end. */
  async read(): Promise<Uint8Array | null> {
    const { head } = this;
    if (head !== null && !this.isHeadRead) {
      this.isHeadRead = true;
      if (!head.complete) this.head = null;
      if (head.bytes.length > 0) return head.bytes;
    }
    if (this.head !== null) return null;
    const chunk = await (this.ahead ?? this.source.read());
    this.ahead = null;
    return chunk;
  }

  /** Whether `readInto` serves now: bytes of a file as they are stored, behind its head. */
  get isInPlace(): boolean {
    return this.head === null && !this.readsAhead && this.source.readInto !== undefined;
  }

  /** The next chunk, put where it is wanted: how many bytes, 0 at the end. `target` holds the longest chunk. */
  async readInto(target: Uint8Array): Promise<number> {
    return (await this.source.readInto?.(target)) ?? 0;
  }

  private readAhead(): void {
    if (!this.readsAhead) return;
    this.ahead = this.source.read();
    this.ahead.then(
      (next) => {
        // That nothing more comes is known ahead of the last record, which then need not wait for it.
        this.isLast = next === null;
        if (this.isLast && this.rest === null) this.reader.end();
      },
      // Whoever fills next is told.
      () => {},
    );
  }

  private push(chunk: Uint8Array): void {
    const isLong = chunk.length > 2 * JOINED_BYTES;
    this.reader.push(isLong ? chunk.subarray(0, JOINED_BYTES) : chunk);
    if (isLong) this.rest = chunk.subarray(JOINED_BYTES);
  }

  async close(): Promise<void> {
    await this.ahead?.catch(() => {});
    await this.source.close();
  }
}

function subject(source: ByteSource): string {
  return source.compression !== 'none' ? `${source.name} (inflated)` : source.name;
}

function unknown(source: ByteSource, head: Uint8Array): CaptureError {
  const list = 'Understood are pcap, pcapng and BinaryFILE (ITCH 5.0), each plain or as gzip or Zstandard.';
  const known = describeForeign(head);
  if (known !== null) return new CaptureError('unknown-format', `${subject(source)} ${known}. ${list}`);
  const shown = Array.from(head.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const text = `${subject(source)} is no capture that is understood; it begins ${shown}.`;
  return new CaptureError('unknown-format', `${text} ${list}`);
}

function unframed(source: ByteSource, framing: 'zero-length' | 'no-prefix'): CaptureError {
  const what =
    framing === 'zero-length' ? 'holds messages whose length prefix is 0' : 'holds messages without length prefix';
  const text = `${subject(source)} ${what}, so it is not a BinaryFILE as specified.`;
  return new CaptureError('binaryfile-framing', `${text} Frame them by the length of their type: --frame-by-type.`);
}
