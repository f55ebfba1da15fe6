/** IPv6 addresses as text: RFC 5952. */

/** Groups of 16 bits in an address. */
const GROUPS = 8;

/**
 * The canonical text of the address at `offset`: lower case, the longest run of zero groups as `::` (the first of equal
 * ones, and never of a single group), an IPv4-mapped address with its last four bytes dotted (section 5).
 */
export function formatIpv6(view: DataView, offset: number): string {
  const groups = Array.from({ length: GROUPS }, (_, index) => view.getUint16(offset + index * 2).toString(16));
  if (view.getUint32(offset + 8) === 0xffff && view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0) {
    const bytes = [12, 13, 14, 15].map((at) => view.getUint8(offset + at));
    return `::ffff:${bytes.join('.')}`;
  }
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let start = 0;
  let length = 0;
  for (let from = 0, at = 0; at < GROUPS; at++) {
    if (groups[at] !== '0') from = at + 1;
    else if (at + 1 - from > length) {
      start = from;
      length = at + 1 - from;
    }
  }
  return { start, length };
}
