/**
 * The content of a `.trcol` file: columns of a capture's messages, little-endian.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | 8 bytes | 89 54 52 43 4F 4C 0D 0A: a byte above ASCII, `TRCOL`, a line end that text transfers would change |
 * | 8 | u32 | version, 2 |
 * | 12 | u32 | 0 |
 * | 16 | | chunks: the columns one behind the other (`column-chunk.ts`), then the bytes of messages kept here |
 * | | | directory: 268 bytes a chunk, as below |
 * | | | JSON: what the columns are of, and what reading the capture told (`ColumnInfo`) |
 * | end - 56 | f64 | offset of the directory |
 * | end - 48 | u32, u32 | bytes of the directory, bytes of the JSON |
 * | end - 40 | 8 bytes | the first eight once more |
 * | end - 32 | 32 bytes | SHA-256 of directory, JSON and the 24 bytes before |
 *
 * | offset | type | field of a chunk |
 * |---|---|---|
 * | 0 | f64 | offset of its first column |
 * | 8 | u32, u32 | rows, bytes of messages kept |
 * | 16 | 12 × 16 bytes | a column each: f64 base, u32 checksum, u8 width, u8 step, u16 0 |
 * | 208 | f64, f64 | seconds of its earliest and of its latest stamp |
 * | 224 | u32, u32 | nanoseconds of them |
 * | 232 | 32 bytes | a bit for each type in it, modulo 256 |
 * | 264 | u32 | checksum of the bytes of messages kept |
 */
import { type ColumnForm, columnBytes, columnNames, maxChunkRows } from './column-chunk.js';
import type { Flow, Stream } from './seams.js';

export const COLUMN_FILE_VERSION = 2;
export const COLUMN_MAGIC = Uint8Array.of(0x89, 0x54, 0x52, 0x43, 0x4f, 0x4c, 0x0d, 0x0a);
export const COLUMN_HEAD_BYTES = 16;
/** Offset, lengths and magic before the digest at the end. */
export const COLUMN_TAIL_BYTES = 24;
const CHUNK_BYTES = 268;
const FORMS_AT = 16;
const SPAN_AT = 208;
const TYPES_AT = 232;
const KEPT_CHECKSUM_AT = 264;

/** One chunk: where it lies, how its columns are written, what is in it. */
export interface Chunk {
  readonly offset: number;
  readonly rows: number;
  readonly keptBytes: number;
  readonly keptChecksum: number;
  readonly forms: readonly ColumnForm[];
  readonly firstSeconds: number;
  readonly firstNanoseconds: number;
  readonly lastSeconds: number;
  readonly lastNanoseconds: number;
  /** A bit a type, modulo 256. */
  readonly types: Uint8Array;
}

/** A stream as `Stream` has it, but for what changes. */
export interface ColumnStream extends Pick<Stream, 'index' | 'protocol' | 'session'> {
  readonly flow: Flow | null;
}

/** Which symbol a locate code was named with, from which row on. */
export interface NamedLocate {
  readonly stream: number;
  readonly locate: number;
  readonly symbol: string;
  readonly row: number;
}

/** What is not in columns. */
export interface ColumnInfo {
  /** The capture: format, size, modification, samples, and the day of a BinaryFILE. */
  readonly capture: {
    readonly format: string;
    readonly sizeBytes: number;
    readonly modifiedNs: string;
    readonly samples: string;
    readonly midnightSeconds: number;
  };
  readonly rows: number;
  /** Packets, pieces of streams or records read, and messages, of whatever layout. */
  readonly records: number;
  readonly messages: number;
  readonly streams: readonly ColumnStream[];
  /** Sequence numbers that nothing had, and streams with such. */
  readonly missing: number;
  readonly hasGaps: boolean;
  /** The first record's stamp; null where there is none. */
  readonly first: { readonly seconds: number; readonly nanoseconds: number } | null;
  /** Whether messages of MDP came for which no template is at hand; they have no rows. */
  readonly hasUnknown: boolean;
  /** Whether no record is stamped before one that precedes it. */
  readonly isOrdered: boolean;
  /** What reading says on standard error, behind the capture's name, and whether it found damage. */
  readonly notes: readonly string[];
  readonly isDamaged: boolean;
  /** Null where a locate code was named with more than one symbol: what it means is then known by reading only. */
  readonly locates: readonly NamedLocate[] | null;
  /** Templates of MDP that define instruments, and every SecurityID with each symbol that it was given. */
  readonly definitions: readonly number[];
  readonly securities: readonly (readonly [number, string])[];
}

/** Writes a chunk's entry of the directory. */
export function encodeChunk(chunk: Chunk): Uint8Array {
  const bytes = new Uint8Array(CHUNK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, chunk.offset, true);
  view.setUint32(8, chunk.rows, true);
  view.setUint32(12, chunk.keptBytes, true);
  for (const [index, { base, checksum, width, step }] of chunk.forms.entries()) {
    const at = FORMS_AT + index * 16;
    view.setFloat64(at, base, true);
    view.setUint32(at + 8, checksum, true);
    view.setUint8(at + 12, width);
    view.setUint8(at + 13, step);
  }
  view.setFloat64(SPAN_AT, chunk.firstSeconds, true);
  view.setFloat64(SPAN_AT + 8, chunk.lastSeconds, true);
  view.setUint32(SPAN_AT + 16, chunk.firstNanoseconds, true);
  view.setUint32(SPAN_AT + 20, chunk.lastNanoseconds, true);
  bytes.set(chunk.types, TYPES_AT);
  view.setUint32(KEPT_CHECKSUM_AT, chunk.keptChecksum, true);
  return bytes;
}

/** Reads the directory; null where it contradicts itself or goes beyond `end`. */
export function decodeDirectory(bytes: Uint8Array, end: number): Chunk[] | null {
  if (bytes.length % CHUNK_BYTES !== 0) return null;
  const chunks: Chunk[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = decodeChunk(bytes.subarray(at, at + CHUNK_BYTES));
    const length = chunk.forms.reduce((sum, { width }) => sum + columnBytes(chunk.rows, width), chunk.keptBytes);
    const isSound = chunk.forms.every(({ width, step }) => [0, 1, 2, 4, 8].includes(width) && step <= 1);
    if (!isSound || chunk.rows < 1 || chunk.rows > maxChunkRows || !(chunk.offset >= COLUMN_HEAD_BYTES)) return null;
    if (chunk.offset + length > end) return null;
    chunks.push(chunk);
  }
  return chunks;
}

function decodeChunk(bytes: Uint8Array): Chunk {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    offset: view.getFloat64(0, true),
    rows: view.getUint32(8, true),
    keptBytes: view.getUint32(12, true),
    forms: columnNames.map((_, index) => {
      const at = FORMS_AT + index * 16;
      return {
        base: view.getFloat64(at, true),
        checksum: view.getUint32(at + 8, true),
        width: view.getUint8(at + 12),
        step: view.getUint8(at + 13),
      };
    }),
    firstSeconds: view.getFloat64(SPAN_AT, true),
    lastSeconds: view.getFloat64(SPAN_AT + 8, true),
    firstNanoseconds: view.getUint32(SPAN_AT + 16, true),
    lastNanoseconds: view.getUint32(SPAN_AT + 20, true),
    types: bytes.slice(TYPES_AT, KEPT_CHECKSUM_AT),
    keptChecksum: view.getUint32(KEPT_CHECKSUM_AT, true),
  };
}
