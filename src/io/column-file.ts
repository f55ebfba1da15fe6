/**
 * Columns beside their captures: `day.pcap` has `day.pcap.trcol` (`core/column-file-bytes.ts` tells its content).
 *
 * They are believed of the very file that they were made of, by size, time of modification and a digest of samples;
 * their directory has a digest, each column of a chunk a checksum. They are written a chunk at a time beside their name
 * and renamed, so that none is ever seen in part.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import {
  type ColumnCells,
  type ColumnForm,
  type ColumnName,
  checksumOf,
  columnBytes,
  columnNames,
  formOf,
  maxChunkRows,
  readColumn,
  valueAt,
  writeColumn,
} from '../core/column-chunk.js';
import {
  type Chunk,
  COLUMN_FILE_VERSION,
  COLUMN_HEAD_BYTES,
  COLUMN_MAGIC,
  COLUMN_TAIL_BYTES,
  type ColumnInfo,
  decodeDirectory,
  encodeChunk,
} from '../core/column-file-bytes.js';
import { CaptureError } from '../core/errors.js';
import type { IndexedFile } from '../core/seek-index-bytes.js';
import { unwritable } from './file-error.js';

const DIGEST_BYTES = 32;
/** A directory or JSON that claims to be longer is none: 32 billion messages have no longer one. */
const MAX_PART_BYTES = 1 << 30;

/** Where the columns of a capture lie. */
export function columnPathOf(path: string): string {
  return `${path}.trcol`;
}

/** What columns say of the capture they are of. */
export function captureOf(file: IndexedFile): ColumnInfo['capture'] {
  return {
    format: file.format,
    sizeBytes: file.sizeBytes,
    modifiedNs: String(file.modifiedNs),
    samples: Buffer.from(file.samples).toString('hex'),
    midnightSeconds: file.midnightSeconds,
  };
}

/** A chunk's columns while it is filled, and the bytes of messages that are kept in it. */
export interface ChunkValues {
  readonly columns: readonly Float64Array[];
  readonly rows: number;
  readonly kept: Uint8Array;
}

/** Writes columns a chunk at a time; `close` puts them in their place, `abandon` leaves nothing behind. */
export class ColumnFileWriter {
  /** Bytes written so far. */
  bytes = 0;
  private readonly target: string;
  private readonly temporary: string;
  private readonly handle: FileHandle;
  private readonly directory: Uint8Array[] = [];
  private readonly buffer = new Uint8Array(maxChunkRows * 8 * columnNames.length);

  private constructor(target: string, temporary: string, handle: FileHandle) {
    this.target = target;
    this.temporary = temporary;
    this.handle = handle;
  }

  /** Begins the columns of the capture at `path`; rejects with SinkError. */
  static async create(path: string): Promise<ColumnFileWriter> {
    const target = columnPathOf(path);
    const temporary = `${target}.${process.pid}.tmp`;
    try {
      const writer = new ColumnFileWriter(target, temporary, await open(temporary, 'w'));
      const head = new Uint8Array(COLUMN_HEAD_BYTES);
      head.set(COLUMN_MAGIC);
      new DataView(head.buffer).setUint32(8, COLUMN_FILE_VERSION, true);
      await writer.write(head);
      return writer;
    } catch (error) {
      throw unwritable(target, error);
    }
  }

  async chunk({ columns, rows, kept }: ChunkValues): Promise<void> {
    const view = new DataView(this.buffer.buffer);
    const forms: ColumnForm[] = [];
    let at = 0;
    for (const values of columns) {
      const form = formOf(values, rows);
      const end = writeColumn(values, rows, form, view, at);
      forms.push({ ...form, checksum: checksumOf(view, at, end - at) });
      at = end;
    }
    const keptChecksum = checksumOf(new DataView(kept.buffer, kept.byteOffset, kept.length), 0, kept.length);
    const place = { offset: this.bytes, rows, keptBytes: kept.length, keptChecksum };
    this.directory.push(encodeChunk({ ...place, forms, ...spanOf(columns, rows) }));
    await this.write(this.buffer.subarray(0, at));
    if (kept.length > 0) await this.write(kept);
  }

  /** Writes what is left, to the disk, and renames the file. */
  async close(info: ColumnInfo): Promise<void> {
    const json = Buffer.from(JSON.stringify(info));
    const directory = Buffer.concat(this.directory);
    const tail = new Uint8Array(COLUMN_TAIL_BYTES);
    const view = new DataView(tail.buffer);
    view.setFloat64(0, this.bytes, true);
    view.setUint32(8, directory.length, true);
    view.setUint32(12, json.length, true);
    tail.set(COLUMN_MAGIC, 16);
    const digest = createHash('sha256').update(directory).update(json).update(tail).digest();
    for (const part of [directory, json, tail, digest]) await this.write(part);
    try {
      await this.handle.sync();
      await this.handle.close();
      await rename(this.temporary, this.target);
    } catch (error) {
      throw unwritable(this.target, error);
    }
  }

  async abandon(): Promise<void> {
    await this.handle.close().catch(() => {});
    await rm(this.temporary, { force: true }).catch(() => {});
  }

  private async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < bytes.length; ) from += (await this.handle.write(bytes, from)).bytesWritten;
    } catch (error) {
      throw unwritable(this.target, error);
    }
    this.bytes += bytes.length;
  }
}

function spanOf(
  columns: readonly Float64Array[],
  rows: number,
): Omit<Chunk, 'offset' | 'rows' | 'keptBytes' | 'keptChecksum' | 'forms'> {
  const of = (name: ColumnName) => columns[columnNames.indexOf(name)] as Float64Array;
  const [types, seconds, nanoseconds] = [of('type'), of('seconds'), of('nanoseconds')];
  const bits = new Uint8Array(32);
  let [first, last] = [0, 0];
  const isBefore = (one: number, other: number): boolean =>
    seconds[one] !== seconds[other]
      ? (seconds[one] as number) < (seconds[other] as number)
      : (nanoseconds[one] as number) < (nanoseconds[other] as number);
  for (let row = 0; row < rows; row++) {
    const bit = (types[row] as number) & 255;
    bits[bit >> 3] = (bits[bit >> 3] as number) | (1 << (bit & 7));
    if (isBefore(row, first)) first = row;
    if (isBefore(last, row)) last = row;
  }
  return {
    types: bits,
    firstSeconds: seconds[first] as number,
    firstNanoseconds: nanoseconds[first] as number,
    lastSeconds: seconds[last] as number,
    lastNanoseconds: nanoseconds[last] as number,
  };
}

/** Columns that are of the capture, open for reading. */
export class ColumnFile {
  readonly info: ColumnInfo;
  readonly chunks: readonly Chunk[];
  private readonly path: string;
  private readonly handle: FileHandle;
  private buffer = new Uint8Array(1 << 17);
  /** By column, of those that `cells` has read. */
  private readonly cellBytes: (Uint8Array | undefined)[] = [];
  private opened = new Uint8Array(0);
  private openedView: DataView = new DataView(this.opened.buffer);
  private openedPlaces: readonly number[] = [];
  private openedForms: readonly ColumnForm[] = [];
  private keptOf: Chunk | null = null;
  private keptView: DataView = this.openedView;

  private constructor(path: string, handle: FileHandle, info: ColumnInfo, chunks: readonly Chunk[]) {
    this.path = path;
    this.handle = handle;
    this.info = info;
    this.chunks = chunks;
  }

  /** The columns of the capture; `absent`, or why those that are there cannot be used. */
  static async open(path: string, file: IndexedFile): Promise<ColumnFile | 'absent' | { why: string }> {
    const target = columnPathOf(path);
    let handle: FileHandle;
    try {
      handle = await open(target, 'r');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? 'absent' : { why: `it cannot be read (${message})` };
    }
    const read = await readParts(handle).catch((error: Error) => `it cannot be read (${error.message})`);
    const why = typeof read === 'string' ? read : staleness(read.info, file);
    if (typeof read !== 'string' && why === null) return new ColumnFile(target, handle, read.info, read.chunks);
    await handle.close();
    return { why: why as string };
  }

  /** Reads a column of a chunk into `values`; CaptureError where its bytes are not those that were written. */
  column(chunk: Chunk, name: ColumnName, values: Float64Array): void {
    const index = columnNames.indexOf(name);
    const form = chunk.forms[index] as ColumnForm;
    const length = columnBytes(chunk.rows, form.width);
    const offset = placesOf(chunk)[index] as number;
    const view = this.read(offset, length);
    this.verify(form, view, 0, length, offset);
    readColumn(form, chunk.rows, view, 0, values);
  }

  /** Reads a column of a chunk as it is written, into bytes of its own. */
  cells(chunk: Chunk, name: ColumnName): ColumnCells {
    const index = indexes[name];
    const form = chunk.forms[index] as ColumnForm;
    const length = columnBytes(chunk.rows, form.width);
    const offset = placesOf(chunk)[index] as number;
    let bytes = this.cellBytes[index];
    if (bytes === undefined || bytes.length < length) {
      bytes = new Uint8Array(Math.max(length, 1 << 15));
      this.cellBytes[index] = bytes;
    }
    const view = this.readInto(bytes, offset, length);
    this.verify(form, view, 0, length, offset);
    return { form, view, at: 0, rows: chunk.rows };
  }

  /** Reads all columns of a chunk, for single values: `value` of the chunk read last. */
  open(chunk: Chunk): void {
    const places = placesOf(chunk);
    const end = places[columnNames.length] as number;
    const view = this.read(chunk.offset, end - chunk.offset);
    for (const [index, form] of chunk.forms.entries()) {
      const place = places[index] as number;
      this.verify(form, view, place - chunk.offset, (places[index + 1] as number) - place, place);
    }
    // What is read next goes into the other buffer.
    [this.buffer, this.opened] = [this.opened, this.buffer];
    this.openedView = view;
    this.openedPlaces = places.map((place) => place - chunk.offset);
    this.openedForms = chunk.forms;
  }

  value(name: ColumnName, row: number): number {
    const index = indexes[name];
    return valueAt(this.openedForms[index] as ColumnForm, this.openedView, this.openedPlaces[index] as number, row);
  }

  /** The bytes of messages that a chunk keeps; valid until those of another are asked for. */
  kept(chunk: Chunk): DataView {
    if (this.keptOf !== chunk) {
      const offset = placesOf(chunk)[columnNames.length] as number;
      const view = this.read(offset, chunk.keptBytes);
      this.verify({ checksum: chunk.keptChecksum }, view, 0, chunk.keptBytes, offset);
      this.keptView = view;
      this.keptOf = chunk;
      // What is read next goes into another buffer.
      this.buffer = new Uint8Array(1 << 17);
    }
    return this.keptView;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private verify(
    { checksum }: Pick<ColumnForm, 'checksum'>,
    view: DataView,
    at: number,
    length: number,
    offset: number,
  ): void {
    if (checksumOf(view, at, length) === checksum) return;
    const advice = 'make it anew (tickreel index --columns --force) or leave it out (--no-index)';
    throw new CaptureError('columns', `${this.path} is damaged at byte ${offset}: ${advice}`);
  }

  /** Synchronous: a read of a few kilobytes takes microseconds, and ten times as many by way of the thread pool. */
  private read(offset: number, length: number): DataView {
    if (length > this.buffer.length) this.buffer = new Uint8Array(length);
    return this.readInto(this.buffer, offset, length);
  }

  private readInto(bytes: Uint8Array, offset: number, length: number): DataView {
    if (length > 0 && readSync(this.handle.fd, bytes, 0, length, offset) < length) {
      throw new CaptureError('columns', `${this.path} ends before byte ${offset + length}`);
    }
    return new DataView(bytes.buffer, 0, length);
  }
}

const indexes = Object.fromEntries(columnNames.map((name, index) => [name, index])) as Record<ColumnName, number>;

/** Where a chunk's columns begin in the file, and where they end. */
function placesOf({ forms, offset, rows }: Chunk): number[] {
  const places = [offset];
  for (const { width } of forms) places.push((places.at(-1) as number) + columnBytes(rows, width));
  return places;
}

async function readParts(handle: FileHandle): Promise<{ info: ColumnInfo; chunks: Chunk[] } | string> {
  const { size } = await handle.stat();
  const take = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, offset);
    return bytes.subarray(0, bytesRead);
  };
  const head = await take(0, COLUMN_HEAD_BYTES);
  if (head.length < COLUMN_HEAD_BYTES || COLUMN_MAGIC.some((byte, at) => head[at] !== byte)) return 'it has no columns';
  if (new DataView(head.buffer).getUint32(8, true) !== COLUMN_FILE_VERSION) return 'it is of another version';
  const end = size - COLUMN_TAIL_BYTES - DIGEST_BYTES;
  if (end < COLUMN_HEAD_BYTES) return 'it is damaged';
  const tail = await take(end, COLUMN_TAIL_BYTES + DIGEST_BYTES);
  const view = new DataView(tail.buffer);
  const [at, directoryBytes, jsonBytes] = [view.getFloat64(0, true), view.getUint32(8, true), view.getUint32(12, true)];
  if (Math.max(directoryBytes, jsonBytes) > MAX_PART_BYTES || at + directoryBytes + jsonBytes !== end) {
    return 'it is damaged';
  }
  const parts = await take(at, directoryBytes + jsonBytes);
  const digest = createHash('sha256').update(parts).update(tail.subarray(0, COLUMN_TAIL_BYTES)).digest();
  if (!digest.equals(tail.subarray(COLUMN_TAIL_BYTES))) return 'it is damaged';
  const chunks = decodeDirectory(parts.subarray(0, directoryBytes), at);
  if (chunks === null) return 'it is damaged';
  return { info: JSON.parse(Buffer.from(parts.subarray(directoryBytes)).toString()) as ColumnInfo, chunks };
}

/** Why columns are not of the file; null where they are. */
function staleness({ capture }: ColumnInfo, file: IndexedFile): string | null {
  const now = captureOf(file);
  if (capture.midnightSeconds !== now.midnightSeconds) return 'it is of another day (--date)';
  const isSame = (['format', 'sizeBytes', 'modifiedNs', 'samples'] as const).every((key) => capture[key] === now[key]);
  return isSame ? null : 'the capture has changed';
}
