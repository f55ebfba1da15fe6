/**
 * Reads single values of Simple Binary Encoding in either byte order: the interpreter's and the printers' primitives.
 *
 * 64-bit integers read as numbers, exact below 2^53, and as two 32-bit halves, always exact. Nothing here holds a
 * BigInt once a null value has been split by `halvesOf`.
 */
import type { SbeNumber, SbePrimitive } from './schema.js';

/** A 64-bit value in two words; `high` is signed for int64, `low` never is. */
export interface WordPair {
  readonly high: number;
  readonly low: number;
}

const two32 = 0x1_0000_0000;

/** One value as a number: a character's code, an integer (of 64 bits exact below 2^53), or a float. */
export function readPrimitive(view: DataView, at: number, primitive: SbePrimitive, isLittle: boolean): number {
  switch (primitive) {
    case 'char':
    case 'uint8':
      return view.getUint8(at);
    case 'int8':
      return view.getInt8(at);
    case 'uint16':
      return view.getUint16(at, isLittle);
    case 'int16':
      return view.getInt16(at, isLittle);
    case 'uint32':
      return view.getUint32(at, isLittle);
    case 'int32':
      return view.getInt32(at, isLittle);
    case 'float':
      return view.getFloat32(at, isLittle);
    case 'double':
      return view.getFloat64(at, isLittle);
    default:
      return readHigh(view, at, primitive, isLittle) * two32 + readLow(view, at, isLittle);
  }
}

/** The upper 32 bits of a 64-bit integer; signed for int64. */
export function readHigh(view: DataView, at: number, primitive: SbePrimitive, isLittle: boolean): number {
  const word = isLittle ? at + 4 : at;
  return primitive === 'int64' ? view.getInt32(word, isLittle) : view.getUint32(word, isLittle);
}

/** The lower 32 bits of a 64-bit integer. */
export function readLow(view: DataView, at: number, isLittle: boolean): number {
  return view.getUint32(isLittle ? at : at + 4, isLittle);
}

/** True of primitives that a number does not hold exactly. */
export function isWide(primitive: SbePrimitive): boolean {
  return primitive === 'int64' || primitive === 'uint64';
}

/** The words of a 64-bit value as `readHigh` and `readLow` give them. */
export function halvesOf(value: SbeNumber, primitive: SbePrimitive): WordPair {
  const bits = BigInt(value);
  const high = primitive === 'int64' ? BigInt.asIntN(32, bits >> 32n) : BigInt.asUintN(32, bits >> 32n);
  return { high: Number(high), low: Number(BigInt.asUintN(32, bits)) };
}

/** A test for the value that stands for none; never true where there is no such value. */
export function nullTest(
  primitive: SbePrimitive,
  nullValue: SbeNumber | null,
  isLittle: boolean,
): (view: DataView, at: number) => boolean {
  if (nullValue === null) return () => false;
  if (isWide(primitive)) {
    const { high, low } = halvesOf(nullValue, primitive);
    return (view, at) => readLow(view, at, isLittle) === low && readHigh(view, at, primitive, isLittle) === high;
  }
  const none = primitive === 'float' ? Math.fround(Number(nullValue)) : Number(nullValue);
  if (Number.isNaN(none)) return (view, at) => Number.isNaN(readPrimitive(view, at, primitive, isLittle));
  return (view, at) => readPrimitive(view, at, primitive, isLittle) === none;
}

/** Text up to the first NUL, without spaces at its end: UTF-8 where the schema says so, else Latin-1. Allocates. */
export function readCharacters(view: DataView, at: number, length: number, characterEncoding: string): string {
  let end = 0;
  while (end < length && view.getUint8(at + end) !== 0) end++;
  return readString(view, at, end, characterEncoding).replace(/ +$/, '');
}

/** Variable-length text, all of it: UTF-8 where the schema says so, else Latin-1. Allocates. */
export function readString(view: DataView, at: number, length: number, characterEncoding: string): string {
  if (!isUtf8(characterEncoding)) {
    let text = '';
    for (let index = 0; index < length; index++) text += String.fromCharCode(view.getUint8(at + index));
    return text;
  }
  return utf8.decode(readBytes(view, at, length));
}

/** The bytes themselves, not a copy. */
export function readBytes(view: DataView, at: number, length: number): Uint8Array {
  // Absent data stands nowhere.
  return length === 0 ? new Uint8Array(0) : new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** True of the names by which schemas call UTF-8. */
export function isUtf8(characterEncoding: string): boolean {
  return /^utf-?8$/i.test(characterEncoding);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
