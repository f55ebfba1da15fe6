/** Copies bytes between views. */

/** Up to this length bytes are copied word by word: `set`, which needs new arrays, takes over twice as long. */
const LONG = 128;
const WORD_LENGTH = 4;

/** Copies `length` bytes; the ranges do not overlap. */
export function copyBytes(from: DataView, fromOffset: number, to: DataView, toOffset: number, length: number): void {
  if (length < WORD_LENGTH || length > LONG) {
    const target = new Uint8Array(to.buffer, to.byteOffset + toOffset, length);
    target.set(new Uint8Array(from.buffer, from.byteOffset + fromOffset, length));
    return;
  }
  const last = length - WORD_LENGTH;
  for (let index = 0; index < last; index += WORD_LENGTH) {
    to.setInt32(toOffset + index, from.getInt32(fromOffset + index));
  }
  // The last word may overlap the one before.
  to.setInt32(toOffset + last, from.getInt32(fromOffset + last));
}
