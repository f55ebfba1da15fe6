/** Characters and text of messages as bytes of JSON and CSV, into a buffer; `text.ts` says the same in strings. */
import { type TextPiece, textPiece, writePiece } from '../core/text-buffer.js';
import { readText } from './read.js';
import { csvCell, jsonText } from './text.js';

const quote = 0x22;
const space = 0x20;
const encoder = new TextEncoder();

/** 1 for the bytes that stand in a JSON string as they are, of one byte in UTF-8. */
const isPlainJson = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= space && code < 0x7f && code !== quote && code !== 0x5c ? 1 : 0,
);
/** 1 for the bytes that stand in a CSV cell as they are, behind its first, of one byte in UTF-8. */
const isPlainCsv = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= space && code < 0x7f && code !== quote && code !== 0x2c ? 1 : 0,
);
/** Words of four equal bytes. */
const spaces = 0x20202020;
const quotes = 0x22222222;
const commas = 0x2c2c2c2c;
const backslashes = 0x5c5c5c5c;
const sevens = 0x7f7f7f7f;
const ones = 0x01010101;
const tops = 0x80808080 | 0;

const byteOf = new DataView(new ArrayBuffer(1));
/** Characters that are not plain, made when the first of them comes. */
const jsonCharacters = new Array<TextPiece | undefined>(256).fill(undefined);
const csvCharacters = new Array<TextPiece | undefined>(256).fill(undefined);

/** The bytes that Latin-1 text of so many characters takes at most, as JSON or as a cell. */
export function mostTextBytes(length: number): number {
  return 6 * length + 2;
}

/** A character as a JSON string, a space trimmed; returns the offset behind it. */
export function writeJsonCharacter(out: DataView, at: number, code: number): number {
  if (isPlainJson[code] === 0 || code === space)
    return writePiece(out, at, jsonCharacters[code] ?? jsonCharacter(code));
  out.setUint32(at, 0x220022 | (code << 8), true);
  return at + 3;
}

/** A character as a CSV cell, a space trimmed; returns the offset behind it. */
export function writeCsvCharacter(out: DataView, at: number, code: number): number {
  if (isPlainCsv[code] === 0 || code === space) return writePiece(out, at, csvCharacters[code] ?? csvCharacter(code));
  out.setUint8(at, code);
  return at + 1;
}

/** Latin-1 text, trimmed on the right, as a JSON string; returns the offset behind it. */
export function writeJsonText(
  out: DataView,
  bytes: Uint8Array,
  at: number,
  view: DataView,
  offset: number,
  length: number,
): number {
  out.setUint8(at, quote);
  const end = copyPlain(out, at + 1, view, offset, length, isPlainJson);
  if (end < 0) return writeString(bytes, at, jsonText(view, offset, length));
  out.setUint8(end, quote);
  return end + 1;
}

/** Latin-1 text, trimmed on the right, as a CSV cell; returns the offset behind it. */
export function writeCsvText(
  out: DataView,
  bytes: Uint8Array,
  at: number,
  view: DataView,
  offset: number,
  length: number,
): number {
  const end = copyPlain(out, at, view, offset, length, isPlainCsv);
  // A space in front asks for quotes; behind the first character it does not.
  if (end >= 0 && (end === at || out.getUint8(at) !== space)) return end;
  return writeString(bytes, at, csvCell(readText(view, offset, length)));
}

/** The same of eight characters, what is plain by words instead of bytes. */
export function writeJsonEight(out: DataView, bytes: Uint8Array, at: number, view: DataView, offset: number): number {
  const high = view.getInt32(offset);
  const low = view.getInt32(offset + 4);
  const length = plainLength(high, low, backslashes);
  if (length < 0) return writeJsonText(out, bytes, at, view, offset, 8);
  out.setUint8(at, quote);
  out.setInt32(at + 1, high);
  out.setInt32(at + 5, low);
  out.setUint8(at + 1 + length, quote);
  return at + length + 2;
}

/** The same as a cell. */
export function writeCsvEight(out: DataView, bytes: Uint8Array, at: number, view: DataView, offset: number): number {
  const high = view.getInt32(offset);
  const low = view.getInt32(offset + 4);
  const length = plainLength(high, low, commas);
  if (length < 0) return writeCsvText(out, bytes, at, view, offset, 8);
  out.setInt32(at, high);
  out.setInt32(at + 4, low);
  return at + length;
}

/**
 * Text up to the first NUL, without spaces at its end, as a JSON string; returns the offset behind it, or -1, and has
 * written nothing of use, where a character is not plain. `marks` is how many quotes stand for one: two in a cell.
 */
export function writeJsonCharacters(
  out: DataView,
  at: number,
  view: DataView,
  offset: number,
  length: number,
  marks: number,
): number {
  out.setUint16(at, quotes & 0xffff);
  const end = copyCharacters(out, at + marks, view, offset, length, isPlainJson);
  if (end < 0) return -1;
  out.setUint16(end, quotes & 0xffff);
  return end + marks;
}

/** The same as a cell. */
export function writeCsvCharacters(out: DataView, at: number, view: DataView, offset: number, length: number): number {
  const end = copyCharacters(out, at, view, offset, length, isPlainCsv);
  return end > at && out.getUint8(at) === space ? -1 : end;
}

function copyCharacters(
  out: DataView,
  at: number,
  view: DataView,
  offset: number,
  length: number,
  isPlain: Uint8Array,
): number {
  let to = at;
  let end = at;
  for (let from = offset; from < offset + length; from++) {
    const code = view.getUint8(from);
    if (code === 0) break;
    if (isPlain[code] === 0) return -1;
    out.setUint8(to++, code);
    if (code !== space) end = to;
  }
  return end;
}

/** A string where room for it is; returns the offset behind it. */
function writeString(bytes: Uint8Array, at: number, text: string): number {
  return at + encoder.encodeInto(text, bytes.subarray(at)).written;
}

/** Copies text, trimmed on the right; returns the offset behind it, or -1 where a character is not plain. */
function copyPlain(
  out: DataView,
  at: number,
  view: DataView,
  offset: number,
  length: number,
  isPlain: Uint8Array,
): number {
  const end = trimmedEnd(view, offset, length);
  let to = at;
  for (let from = offset; from < end; from++) {
    const code = view.getUint8(from);
    if (isPlain[code] === 0) return -1;
    out.setUint8(to++, code);
  }
  return to;
}

/** How long a text of two words is without spaces at its end; -1 where it begins with one or not all of it is plain. */
function plainLength(high: number, low: number, special: number): number {
  if ((plainBytes(high, special) & plainBytes(low, special)) !== tops || high >>> 24 === space) return -1;
  const word = (low === spaces ? high : low) ^ spaces;
  // The lowest bit that differs from a space's is in the last byte of the text.
  return (low === spaces ? 4 : 8) - ((31 - Math.clz32(word & -word)) >> 3);
}

/** The top bit of each byte that is 0x20 to 0x7e and neither a quote nor the special one; others may be set as well. */
function plainBytes(word: number, special: number): number {
  const isAscii = ~(word | (word + ones));
  const isPrinted = (word << 1) | (word << 2);
  return isAscii & isPrinted & ((word ^ quotes) + sevens) & ((word ^ special) + sevens) & tops;
}

function trimmedEnd(view: DataView, offset: number, length: number): number {
  let end = offset + length;
  while (end > offset && view.getUint8(end - 1) === space) end--;
  return end;
}

function jsonCharacter(code: number): TextPiece {
  byteOf.setUint8(0, code);
  const piece = textPiece(jsonText(byteOf, 0, 1));
  jsonCharacters[code] = piece;
  return piece;
}

function csvCharacter(code: number): TextPiece {
  const piece = textPiece(csvCell(code === space ? '' : String.fromCharCode(code)));
  csvCharacters[code] = piece;
  return piece;
}
