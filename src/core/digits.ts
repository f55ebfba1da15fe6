/**
 * Decimal digits as ASCII bytes, straight into a buffer: what `String(number)` would say, without the string.
 *
 * Four digits come from one table look-up and go out in one 32-bit store. Every function writes at `at`, returns the
 * offset behind what it wrote, and may leave up to 8 bytes of nothing behind that, which whatever follows overwrites.
 */

/** The most digits of an integer of 64 bits. */
export const mostDigits = 20;

const tenThousand = 1e4;
const hundredMillion = 1e8;
const two32 = 2 ** 32;
const million = 1e6;
/** 2^32 in base 10^6: a half times either part stays below 2^53. */
const two32High = Math.floor(two32 / million);
const two32Low = two32 % million;
const minus = 0x2d;
const zero = 0x30;
const point = 0x2e;

/** The four digits of 0 to 9999, the first in the lowest byte … */
export const quads = new Uint32Array(tenThousand);
/** … the same without zeros before them … */
export const heads = new Uint32Array(tenThousand);
/** … and how many digits those are. */
export const widths = new Uint8Array(tenThousand).fill(4).fill(3, 0, 1000).fill(2, 0, 100).fill(1, 0, 10);

// By pairs of digits, and heads by copying: digit by digit it took 4 ms of each start.
const pairs = Uint16Array.from({ length: 100 }, (_, value) => 0x3030 + ((value / 10) | 0) + ((value % 10) << 8));
for (let value = 0, upper = 0; upper < 100; upper++) {
  const first = pairs[upper] as number;
  for (let lower = 0; lower < 100; lower++) quads[value++] = first | ((pairs[lower] as number) << 16);
}
heads.set(quads);
for (let value = 0; value < 1000; value++) {
  heads[value] = (quads[value] as number) >>> (8 * (4 - (widths[value] as number)));
}

/** An integer of 0 to 2^32 - 1. */
export function writeU32(out: DataView, at: number, value: number): number {
  if (value < tenThousand) return writeShort(out, at, value);
  const upper = (value / tenThousand) >>> 0;
  const lower = (value - Math.imul(upper, tenThousand)) | 0;
  let end = at;
  if (upper < tenThousand) end = writeShort(out, at, upper);
  else {
    const top = (upper / tenThousand) >>> 0;
    end = writeShort(out, at, top);
    out.setUint32(end, quads[(upper - Math.imul(top, tenThousand)) | 0] as number, true);
    end += 4;
  }
  out.setUint32(end, quads[lower] as number, true);
  return end + 4;
}

/** An integer of -2^31 to 2^31 - 1. */
export function writeI32(out: DataView, at: number, value: number): number {
  if (value >= 0) return writeU32(out, at, value);
  out.setUint8(at, minus);
  return writeU32(out, at + 1, -value);
}

/** An integer of 0 to 2^53 - 1. */
export function writeSafe(out: DataView, at: number, value: number): number {
  if (value < two32) return writeU32(out, at, value);
  let upper = Math.floor(value / hundredMillion);
  let lower = value - upper * hundredMillion;
  // The quotient may have been rounded up to the next integer.
  if (lower < 0) {
    upper--;
    lower += hundredMillion;
  }
  return writeEight(out, writeU32(out, at, upper), lower);
}

/** The integer of 64 bits `high * 2^32 + low`, both 0 to 2^32 - 1. */
export function writeU64(out: DataView, at: number, high: number, low: number): number {
  if (high < 0x20_0000) return writeSafe(out, at, high * two32 + low);
  const lower = (low % million) + high * two32Low;
  const upper = Math.floor(low / million) + high * two32High + Math.floor(lower / million);
  const end = writeSafe(out, at, upper);
  const rest = lower % million;
  const pair = (rest / tenThousand) >>> 0;
  out.setUint16(end, (quads[pair] as number) >>> 16, true);
  out.setUint32(end + 2, quads[(rest - Math.imul(pair, tenThousand)) | 0] as number, true);
  return end + 6;
}

/** The two's complement integer of 64 bits in `high` and `low`, both 0 to 2^32 - 1. */
export function writeI64(out: DataView, at: number, high: number, low: number): number {
  if (high < 0x8000_0000) return writeU64(out, at, high, low);
  out.setUint8(at, minus);
  return writeU64(out, at + 1, (~high + (low === 0 ? 1 : 0)) >>> 0, -low >>> 0);
}

/** The decimal of `seconds * 1e9 + nanoseconds`; `seconds` may be negative, `nanoseconds` is 0 to 999,999,999. */
export function writeEpochNs(out: DataView, at: number, seconds: number, nanoseconds: number): number {
  if (seconds > 0) return writeNine(out, writeSafe(out, at, seconds), nanoseconds);
  if (seconds === 0) return writeU32(out, at, nanoseconds);
  out.setUint8(at, minus);
  const wholeSeconds = nanoseconds === 0 ? -seconds : -seconds - 1;
  const rest = nanoseconds === 0 ? 0 : 1e9 - nanoseconds;
  return wholeSeconds === 0 ? writeU32(out, at + 1, rest) : writeNine(out, writeSafe(out, at + 1, wholeSeconds), rest);
}

/** Puts the decimal point into the digits from `start` to `end`, zeros before them where they are too few. */
export function placePoint(bytes: Uint8Array, start: number, end: number, decimals: number): number {
  const lacking = Math.max(0, decimals + 1 - (end - start));
  if (lacking > 0) {
    bytes.copyWithin(start + lacking, start, end);
    bytes.fill(zero, start, start + lacking);
  }
  const place = end + lacking - decimals;
  bytes.copyWithin(place + 1, place, end + lacking);
  bytes[place] = point;
  return end + lacking + 1;
}

/**
 * A count of billionths, the two's complement integer of 64 bits in `high` and `low`, as the shortest exact decimal:
 * `2077.75`, `-0.5`, `1500`. Returns -1, and has written nothing of use, where it is beyond 2^53.
 */
export function writeBillionths(out: DataView, at: number, high: number, low: number): number {
  const signed = (high | 0) * two32 + low;
  if (!(signed < 9e15 && signed > -9e15)) return -1;
  let start = at;
  let value = signed;
  if (signed < 0) {
    out.setUint8(start++, minus);
    value = -signed;
  }
  let whole = Math.floor(value / 1e9);
  let rest = value - whole * 1e9;
  if (rest < 0) {
    whole--;
    rest += 1e9;
  }
  let end = writeU32(out, start, whole);
  if (rest === 0) return end;
  out.setUint8(end, point);
  end = writeNine(out, end + 1, rest);
  while (out.getUint8(end - 1) === zero) end--;
  return end;
}

/** 0 to 9999, without zeros before it: by tables, since how many digits it has is a branch that nothing foresees. */
function writeShort(out: DataView, at: number, value: number): number {
  out.setUint32(at, heads[value] as number, true);
  return at + (widths[value] as number);
}

/** Eight digits. */
function writeEight(out: DataView, at: number, value: number): number {
  const upper = (value / tenThousand) >>> 0;
  out.setUint32(at, quads[upper] as number, true);
  out.setUint32(at + 4, quads[(value - Math.imul(upper, tenThousand)) | 0] as number, true);
  return at + 8;
}

/** An integer of 0 to 999,999,999 in nine digits; all integers of 32 bits, which products of doubles are not. */
export function writeNine(out: DataView, at: number, value: number): number {
  const upper = (value / tenThousand) | 0;
  const top = (upper / tenThousand) | 0;
  out.setUint8(at, zero + top);
  out.setUint32(at + 1, quads[(upper - Math.imul(top, tenThousand)) | 0] as number, true);
  out.setUint32(at + 5, quads[(value - Math.imul(upper, tenThousand)) | 0] as number, true);
  return at + 9;
}
