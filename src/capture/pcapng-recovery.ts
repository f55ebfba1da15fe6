/**
 * Tells where a pcapng block may begin in a damaged capture: its type is known, its length is repeated at its end
 * (draft-ietf-opsawg-pcapng section 3.1), and behind it another block begins or the file ends.
 */
import {
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET_BLOCK,
  INTERFACE_BLOCK,
  knownBlock,
  MAX_HELD_BLOCK_BYTES,
  MIN_BLOCK_BYTES,
  PACKET_BLOCK,
  SECTION_HEADER_BLOCK,
} from './pcapng-blocks.js';

/** No block begins here. */
export const NO_BLOCK = 0;
/** More bytes have to come before it can be told. */
export const WAIT = 1;
/** A block begins here in the byte order that was asked for … */
export const SAME_ORDER = 2;
/** … or in the other one. */
export const OTHER_ORDER = 3;

/** How far a block may be mistaken: small numbers of one byte order are, behind zeros, those of the other. */
const SHADOW_BYTES = 3;

/** Bytes at hand, `limit` being where they end and `ended` whether they are the last. */
interface Bytes {
  readonly view: DataView;
  readonly limit: number;
  readonly ended: boolean;
}

/**
 * Judges whether a block begins at `at`, which is byte `position` of the file. The byte order asked for is preferred to
 * the other shortly before it, unless that is at a multiple of 4, as the blocks of a file are.
 */
export function findBlock(bytes: Bytes, at: number, position: number, littleEndian: boolean): number {
  const same = judgeBlock(bytes, at, littleEndian);
  if (same !== NO_BLOCK) return same;
  const other = judgeBlock(bytes, at, !littleEndian);
  if (other !== SAME_ORDER) return other;
  if ((position & 3) === 0) return OTHER_ORDER;
  for (let ahead = 1; ahead <= SHADOW_BYTES; ahead++) {
    const there = judgeBlock(bytes, at + ahead, littleEndian);
    if (there !== NO_BLOCK) return there === WAIT ? WAIT : NO_BLOCK;
  }
  return OTHER_ORDER;
}

function judgeBlock({ view, limit, ended }: Bytes, at: number, littleEndian: boolean): number {
  if (limit - at < MIN_BLOCK_BYTES) return ended ? NO_BLOCK : WAIT;
  const total = view.getUint32(at + 4, littleEndian);
  if (!isLength(total)) return NO_BLOCK;
  const type = view.getUint32(at, littleEndian);
  const { kind, least } = knownBlock(type);
  if (kind === 'unknown' || total < least) return NO_BLOCK;
  const behind = at + total;
  if (limit < behind + 8 && !ended) return WAIT;
  if (limit < behind || view.getUint32(behind - 4, littleEndian) !== total) return NO_BLOCK;
  if (type === SECTION_HEADER_BLOCK && view.getUint32(at + 8, littleEndian) !== BYTE_ORDER_MAGIC) return NO_BLOCK;
  if (type === INTERFACE_BLOCK && view.getUint16(at + 10, littleEndian) !== 0) return NO_BLOCK;
  if (type === ENHANCED_PACKET_BLOCK || type === PACKET_BLOCK) {
    if (view.getUint32(at + 20, littleEndian) > total - least) return NO_BLOCK;
  }
  if (limit < behind + 8 || view.getUint32(behind, littleEndian) === SECTION_HEADER_BLOCK) return SAME_ORDER;
  return isLength(view.getUint32(behind + 4, littleEndian)) ? SAME_ORDER : NO_BLOCK;
}

function isLength(total: number): boolean {
  return total >= MIN_BLOCK_BYTES && total <= MAX_HELD_BLOCK_BYTES && (total & 3) === 0;
}
