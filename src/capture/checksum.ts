/** The Internet checksum (RFC 1071) over a `DataView`, a 32-bit word at a time. */

/** Adds `length` bytes, at most 65,535, to a running sum; an odd last byte counts as the high half of its word. */
export function addWords(sum: number, view: DataView, offset: number, length: number): number {
  const end = offset + length;
  const wide = end - 15;
  let at = offset;
  let total = sum;
  while (at < wide) {
    const a = view.getUint32(at);
    const b = view.getUint32(at + 4);
    const c = view.getUint32(at + 8);
    const d = view.getUint32(at + 12);
    const high = (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16);
    total = (total + high + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)) | 0;
    at += 16;
  }
  while (at + 1 < end) {
    total = (total + view.getUint16(at)) | 0;
    at += 2;
  }
  if (at < end) total = (total + (view.getUint8(at) << 8)) | 0;
  return total >>> 0;
}

/** The sum of the pseudo header that UDP's checksum covers (RFC 768): addresses, protocol 17 and the UDP length. */
export function udpPseudoHeader(source: number, destination: number, udpLength: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + 17 + udpLength;
}

/** Folds a running sum into 16 bits; 0xffff where the checksum in the bytes is right. */
export function fold(sum: number): number {
  const once = (sum >>> 16) + (sum & 0xffff);
  return ((once >>> 16) + once) & 0xffff;
}

/** Copies `length` bytes, at most 65,535, from one view to another, and adds them to a running sum on the way. */
export function copyWords(
  sum: number,
  from: DataView,
  fromOffset: number,
  to: DataView,
  toOffset: number,
  length: number,
): number {
  const whole = length - 3;
  let at = 0;
  let total = sum;
  for (; at < whole; at += 4) {
    const word = from.getUint32(fromOffset + at);
    to.setUint32(toOffset + at, word);
    total = (total + (word >>> 16) + (word & 0xffff)) | 0;
  }
  for (; at < length; at++) {
    const byte = from.getUint8(fromOffset + at);
    to.setUint8(toOffset + at, byte);
    total = (total + ((at & 1) === 0 ? byte << 8 : byte)) | 0;
  }
  return total >>> 0;
}
