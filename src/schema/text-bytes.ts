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
/** 1 for the bytes that stand in a CSV cell as they are, wherever in it, of one byte in UTF-8. */
const isPlainCsv = Uint8Array.from({ length: 256 }, (_, code) =>
  code > space && code < 0x7f && code !== quote && code !== 0x2c ? 1 : 0,
);

const byteOf = new DataView(new ArrayBuffer(1));
const jsonCharacters = piecesOf((code) => {
  byteOf.setUint8(0, code);
  return jsonText(byteOf, 0, 1);
});
const csvCharacters = piecesOf((code) => csvCell(code === space ? '' : String.fromCharCode(code)));

/** The bytes that Latin-1 text of so many characters takes at most, as JSON or as a cell. */
export function mostTextBytes(length: number): number {
  return 6 * length + 2;
}

/** A character as a JSON string, a space trimmed; returns the offset behind it. */
export function writeJsonCharacter(out: DataView, at: number, code: number): number {
  if (isPlainJson[code] === 0 || code === space) return writePiece(out, at, jsonCharacters[code] as TextPiece);
  out.setUint32(at, 0x220022 | (code << 8), true);
  return at + 3;
}

/** A character as a CSV cell, a space trimmed; returns the offset behind it. */
export function writeCsvCharacter(out: DataView, at: number, code: number): number {
  if (isPlainCsv[code] === 0) return writePiece(out, at, csvCharacters[code] as TextPiece);
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
  const end = trimmedEnd(view, offset, length);
  out.setUint8(at, quote);
  let to = at + 1;
  for (let from = offset; from < end; from++) {
    const code = view.getUint8(from);
    if (isPlainJson[code] === 0) return writeString(bytes, at, jsonText(view, offset, length));
    out.setUint8(to++, code);
  }
  out.setUint8(to, quote);
  return to + 1;
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
  const end = trimmedEnd(view, offset, length);
  let to = at;
  for (let from = offset; from < end; from++) {
    const code = view.getUint8(from);
    // A space in front asks for quotes; behind the first character it does not.
    if (isPlainCsv[code] === 0 && (code !== space || from === offset)) {
      return writeString(bytes, at, csvCell(readText(view, offset, length)));
    }
    out.setUint8(to++, code);
  }
  return to;
}

/**
 * Text up to the first NUL, without spaces at its end, as a JSON string; returns the offset behind it, or -1, and has
 * written nothing of use, where a character is not plain.
 */
export function writeJsonCharacters(out: DataView, at: number, view: DataView, offset: number, length: number): number {
  out.setUint8(at, quote);
  let to = at + 1;
  let end = to;
  for (let from = offset; from < offset + length; from++) {
    const code = view.getUint8(from);
    if (code === 0) break;
    if (isPlainJson[code] === 0) return -1;
    out.setUint8(to++, code);
    if (code !== space) end = to;
  }
  out.setUint8(end, quote);
  return end + 1;
}

/** A string where room for it is; returns the offset behind it. */
function writeString(bytes: Uint8Array, at: number, text: string): number {
  return at + encoder.encodeInto(text, bytes.subarray(at)).written;
}

function trimmedEnd(view: DataView, offset: number, length: number): number {
  let end = offset + length;
  while (end > offset && view.getUint8(end - 1) === space) end--;
  return end;
}

function piecesOf(textOf: (code: number) => string): TextPiece[] {
  return Array.from({ length: 256 }, (_, code) => textPiece(textOf(code)));
}
