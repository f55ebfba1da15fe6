/**
 * A seek index as bytes, the content of a `.tridx` file: little-endian, without padding but for what the tables name.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | 8 bytes | 89 54 52 49 44 58 0D 0A: a byte above ASCII, `TRIDX`, a line end that text transfers would change |
 * | 8 | u32 | version, 1 |
 * | 12 | u32 | format of the capture: 1 pcap, 2 pcapng, 3 BinaryFILE |
 * | 16 | f64 | size of the capture in bytes |
 * | 24 | i64 | when it was last modified, ns since the epoch |
 * | 32 | 32 bytes | SHA-256 of samples of it: head, tail and places between (`io/seek-index-file.ts`) |
 * | 64 | u32 | flags: 1 messages were framed by their type |
 * | 68 | u32 | number of blocks |
 * | 72 | u32 | number of points |
 * | 76 | u32 | 0 |
 * | 80 | | blocks, 16 bytes each: f64 offset, u32 length, u32 0 |
 * | | | points, 64 bytes each, as below |
 * | | 32 bytes | SHA-256 of everything before |
 *
 * A point, its stamps in seconds and nanoseconds; of a BinaryFILE, which carries no date, counted from its midnight:
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | f64 | byte offset of the record |
 * | 8 | f64 | records before it |
 * | 16, 40 | f64, u32 | its stamp |
 * | 24, 44 | f64, u32 | the highest stamp before it; -Infinity where there is none |
 * | 32, 48 | f64, u32 | the stamp of the record before it |
 * | 52 | u32 | flags: 1 segments of TCP came before it |
 * | 56 | u32 | first of the blocks that describe what follows |
 * | 60 | u32 | number of them |
 */
import { type DescribingBlock, maxBlocks, maxPoints, SeekIndex, type SeekPoint } from './seek-index.js';

export const SEEK_INDEX_VERSION = 1;
const MAGIC = Uint8Array.of(0x89, 0x54, 0x52, 0x49, 0x44, 0x58, 0x0d, 0x0a);
const HEADER_BYTES = 80;
const BLOCK_BYTES = 16;
const POINT_BYTES = 64;
export const DIGEST_BYTES = 32;
const formats = ['pcap', 'pcapng', 'BinaryFILE'] as const;

export type IndexedFormat = (typeof formats)[number];

/** What the index is of; it holds for no other file. */
export interface IndexedFile {
  readonly format: IndexedFormat;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** SHA-256 of samples. */
  readonly samples: Uint8Array;
  readonly framedByType: boolean;
  /** What stamps are counted from: a BinaryFILE's midnight, else 0. */
  readonly midnightSeconds: number;
}

/** The bytes of an index but for the digest at their end. */
export function encodeSeekIndex(index: SeekIndex, file: IndexedFile): Uint8Array {
  const { blocks, points } = index;
  const bytes = new Uint8Array(HEADER_BYTES + blocks.length * BLOCK_BYTES + points.length * POINT_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, SEEK_INDEX_VERSION, true);
  view.setUint32(12, formats.indexOf(file.format) + 1, true);
  view.setFloat64(16, file.sizeBytes, true);
  view.setBigInt64(24, file.modifiedNs, true);
  bytes.set(file.samples, 32);
  view.setUint32(64, file.framedByType ? 1 : 0, true);
  view.setUint32(68, blocks.length, true);
  view.setUint32(72, points.length, true);
  let at = HEADER_BYTES;
  for (const { offset, length } of blocks) {
    view.setFloat64(at, offset, true);
    view.setUint32(at + 8, length, true);
    at += BLOCK_BYTES;
  }
  for (const point of points) {
    encodePoint(view, at, point, file.midnightSeconds);
    at += POINT_BYTES;
  }
  return bytes;
}

/** Why the bytes are not a usable index of the file. */
export type IndexRefusal = 'it is no index' | 'it is of another version' | 'it is damaged' | 'the capture has changed';

/** Reads what `encodeSeekIndex` wrote, its digest already checked; a text where it is none or of another file. */
export function decodeSeekIndex(bytes: Uint8Array, file: IndexedFile): SeekIndex | IndexRefusal {
  if (bytes.length < HEADER_BYTES || MAGIC.some((byte, index) => bytes[index] !== byte)) return 'it is no index';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(8, true) !== SEEK_INDEX_VERSION) return 'it is of another version';
  const [blockCount, pointCount] = [view.getUint32(68, true), view.getUint32(72, true)];
  const length = HEADER_BYTES + blockCount * BLOCK_BYTES + pointCount * POINT_BYTES;
  if (blockCount > maxBlocks || pointCount > maxPoints || length !== bytes.length) return 'it is damaged';
  if (!isOf(view, bytes, file)) return 'the capture has changed';
  const blocks: DescribingBlock[] = [];
  const points: SeekPoint[] = [];
  let at = HEADER_BYTES;
  for (let count = 0; count < blockCount; count++, at += BLOCK_BYTES) {
    blocks.push({ offset: view.getFloat64(at, true), length: view.getUint32(at + 8, true) });
  }
  for (let count = 0; count < pointCount; count++, at += POINT_BYTES) {
    points.push(decodePoint(view, at, file.midnightSeconds));
  }
  const index = SeekIndex.of(points, blocks);
  return isOrderly(index, file.sizeBytes) ? index : 'it is damaged';
}

function isOf(view: DataView, bytes: Uint8Array, file: IndexedFile): boolean {
  return (
    view.getUint32(12, true) === formats.indexOf(file.format) + 1 &&
    view.getFloat64(16, true) === file.sizeBytes &&
    view.getBigInt64(24, true) === file.modifiedNs &&
    file.samples.every((byte, index) => bytes[32 + index] === byte) &&
    view.getUint32(64, true) === (file.framedByType ? 1 : 0)
  );
}

/** Whether offsets, numbers and highest stamps grow, lie in the file, and name blocks that are there. */
function isOrderly({ points, blocks }: SeekIndex, sizeBytes: number): boolean {
  const areBlocksIn = blocks.every(({ offset, length }) => offset >= 0 && offset + length <= sizeBytes);
  return (
    areBlocksIn &&
    points.every((point, index) => {
      const before = points[index - 1];
      const isIn =
        point.offset >= 0 && point.offset < sizeBytes && point.firstBlock + point.blockCount <= blocks.length;
      return isIn && (before === undefined || (point.offset > before.offset && point.records > before.records));
    })
  );
}

function encodePoint(view: DataView, at: number, point: SeekPoint, midnightSeconds: number): void {
  view.setFloat64(at, point.offset, true);
  view.setFloat64(at + 8, point.records, true);
  view.setFloat64(at + 16, point.seconds - midnightSeconds, true);
  view.setFloat64(at + 24, point.highest.seconds - midnightSeconds, true);
  view.setFloat64(at + 32, point.previous.seconds - midnightSeconds, true);
  view.setUint32(at + 40, point.nanoseconds, true);
  view.setUint32(at + 44, point.highest.nanoseconds, true);
  view.setUint32(at + 48, point.previous.nanoseconds, true);
  view.setUint32(at + 52, point.afterStreams ? 1 : 0, true);
  view.setUint32(at + 56, point.firstBlock, true);
  view.setUint32(at + 60, point.blockCount, true);
}

function decodePoint(view: DataView, at: number, midnightSeconds: number): SeekPoint {
  const stampAt = (seconds: number, nanoseconds: number) => ({
    seconds: view.getFloat64(at + seconds, true) + midnightSeconds,
    nanoseconds: view.getUint32(at + nanoseconds, true),
  });
  return {
    offset: view.getFloat64(at, true),
    records: view.getFloat64(at + 8, true),
    ...stampAt(16, 40),
    highest: stampAt(24, 44),
    previous: stampAt(32, 48),
    afterStreams: (view.getUint32(at + 52, true) & 1) !== 0,
    firstBlock: view.getUint32(at + 56, true),
    blockCount: view.getUint32(at + 60, true),
  };
}
