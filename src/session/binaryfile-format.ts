/** Telling a NASDAQ BinaryFILE (2-byte big-endian length and message, over and over) from its first bytes. */
import type { LengthOf } from '../core/seams.js';

/** Bytes of a record's length. */
export const PREFIX_LENGTH = 2;

/**
 * `framed`: records with their lengths. `zero-length`: the lengths are there but 0, `no-prefix`: there are none; both
 * can only be framed by the type's own length. `no`: something else.
 */
export type BinaryFileFormat = 'framed' | 'zero-length' | 'no-prefix' | 'no';

/** Messages of unknown types are not believed to be longer than this. */
const MAX_UNKNOWN_LENGTH = 4096;
/** A file of unknown types is taken for framed from this many records on, each type seen this often on average … */
const MIN_UNKNOWN_RECORDS = 16;
const MIN_RECORDS_PER_TYPE = 4;
/** … and one that is framed by type, where its end is not in sight, from this many messages to the head's end on … */
const MIN_TYPED_RECORDS = 8;
/** … or from this many on, whatever follows. */
const ENOUGH_TYPED_RECORDS = 32;

/**
 * What the first bytes of a file look like; `complete` says that they are the whole file. `lengthOf` is the protocol's:
 * a file whose types it does not know counts as framed where the lengths lead exactly to its end, or are the same for
 * the same type over many records.
 */
export function looksLikeBinaryFile(head: Uint8Array, complete: boolean, lengthOf: LengthOf): BinaryFileFormat {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const framed = walkFramed(view, complete, lengthOf);
  if (framed.known > 0 && framed.known * 2 >= framed.records) return 'framed';
  if (framed.isExact && framed.longest <= MAX_UNKNOWN_LENGTH) return 'framed';
  if (walksByType(view, PREFIX_LENGTH, complete, lengthOf)) return 'zero-length';
  if (walksByType(view, 0, complete, lengthOf)) return 'no-prefix';
  if (framed.isUniform && framed.longest <= MAX_UNKNOWN_LENGTH) return 'framed';
  return 'no';
}

interface FramedWalk {
  records: number;
  /** Records whose length is that of their type; one that the head cuts off counts. */
  known: number;
  longest: number;
  /** The whole file is whole records. */
  isExact: boolean;
  /** Many records, and every type always of one length. */
  isUniform: boolean;
}

function walkFramed(view: DataView, complete: boolean, lengthOf: LengthOf): FramedWalk {
  const end = view.byteLength;
  const lengthByType = new Map<number, number>();
  const walk: FramedWalk = { records: 0, known: 0, longest: 0, isExact: false, isUniform: true };
  let at = 0;
  while (at + PREFIX_LENGTH < end) {
    const length = view.getUint16(at);
    if (length === 0) break;
    walk.records++;
    walk.longest = Math.max(walk.longest, length);
    if (lengthOf(view, at + PREFIX_LENGTH) === length) walk.known++;
    const type = view.getUint8(at + PREFIX_LENGTH);
    if ((lengthByType.get(type) ?? length) !== length) walk.isUniform = false;
    lengthByType.set(type, length);
    at += PREFIX_LENGTH + length;
  }
  const isEndRecord = at + PREFIX_LENGTH === end && view.getUint16(at) === 0;
  walk.isExact = complete && end > 0 && (at === end || isEndRecord);
  if (walk.records < Math.max(MIN_UNKNOWN_RECORDS, lengthByType.size * MIN_RECORDS_PER_TYPE)) walk.isUniform = false;
  return walk;
}

/** Whether the head is messages of known types one after the other, each behind `prefix` zero bytes. */
function walksByType(view: DataView, prefix: number, complete: boolean, lengthOf: LengthOf): boolean {
  const end = view.byteLength;
  let records = 0;
  let at = 0;
  while (at + prefix < end && records < ENOUGH_TYPED_RECORDS) {
    if (prefix !== 0 && view.getUint16(at) !== 0) return false;
    const length = lengthOf(view, at + prefix);
    if (length === 0) return false;
    if (at + prefix + length > end) break;
    records++;
    at += prefix + length;
  }
  return records >= MIN_TYPED_RECORDS || (complete && records > 0 && at === end);
}
