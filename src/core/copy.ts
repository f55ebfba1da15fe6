/** Copies bytes between views. */

/** Up to this length bytes are copied word by word: `set`, which needs new arrays, takes longer. */
const LONG = 160;
const WORD_LENGTH = 4;
/** Words that a turn of the loop copies: a third faster than one by one (100 bytes). */
const TURN_LENGTH = 16;

/** Copies `length` bytes; the ranges do not overlap. */
export function copyBytes(from: DataView, fromOffset: number, to: DataView, toOffset: number, length: number): void {
  if (length < WORD_LENGTH || length > LONG) {
    const target = new Uint8Array(to.buffer, to.byteOffset + toOffset, length);
    target.set(new Uint8Array(from.buffer, from.byteOffset + fromOffset, length));
  } else copyWords(from, fromOffset, to, toOffset, length);
}

/** The same where an array covers all that `to` does: one array less to make for a long copy. */
export function copyInto(
  from: DataView,
  fromOffset: number,
  to: DataView,
  array: Uint8Array,
  toOffset: number,
  length: number,
): void {
  if (length < WORD_LENGTH || length > LONG) {
    array.set(new Uint8Array(from.buffer, from.byteOffset + fromOffset, length), toOffset);
  } else copyWords(from, fromOffset, to, toOffset, length);
}

/** At least one word; little-endian, for bytes are not to be turned round twice. */
function copyWords(from: DataView, fromOffset: number, to: DataView, toOffset: number, length: number): void {
  let at = fromOffset | 0;
  let into = toOffset | 0;
  const last = (fromOffset + length - WORD_LENGTH) | 0;
  const lastTurn = (fromOffset + length - TURN_LENGTH) | 0;
  for (; at <= lastTurn; at = (at + TURN_LENGTH) | 0, into = (into + TURN_LENGTH) | 0) {
    to.setInt32(into, from.getInt32(at, true), true);
    to.setInt32((into + 4) | 0, from.getInt32((at + 4) | 0, true), true);
    to.setInt32((into + 8) | 0, from.getInt32((at + 8) | 0, true), true);
    to.setInt32((into + 12) | 0, from.getInt32((at + 12) | 0, true), true);
  }
  for (; at < last; at = (at + WORD_LENGTH) | 0, into = (into + WORD_LENGTH) | 0) {
    to.setInt32(into, from.getInt32(at, true), true);
  }
  // The last word may overlap the one before.
  to.setInt32((toOffset + length - WORD_LENGTH) | 0, from.getInt32(last, true), true);
}
