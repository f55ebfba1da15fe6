/** Text forms of field values: JSON strings, fixed-point decimals, CSV cells. */
import { formatU64 } from '../core/halves.js';
import { readText } from './read.js';

/** Latin-1 text, right-trimmed, as a JSON string literal. */
export function jsonText(view: DataView, offset: number, length: number): string {
  if (length !== 1) return jsonQuoted(readText(view, offset, length));
  const code = view.getUint8(offset);
  const known = jsonCharacters[code];
  if (known !== undefined) return known;
  const text = jsonString(code === 0x20 ? '' : String.fromCharCode(code));
  jsonCharacters[code] = text;
  return text;
}

/** A text as a JSON string literal. */
export function jsonQuoted(text: string): string {
  return needsEscape.test(text) ? jsonString(text) : `"${text}"`;
}

/** A 64-bit integer in exact decimal. */
export function decimal64(view: DataView, offset: number): string {
  return formatU64(view.getUint32(offset), view.getUint32(offset + 4));
}

/** Puts the decimal point into the digits of an unsigned integer: `fixedPoint('123400', 4)` is `12.3400`. */
export function fixedPoint(digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, '0');
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

/** One CSV cell (RFC 4180): quoted where it holds a comma, a quote, a line break, or space at an end. */
export function csvCell(text: string): string {
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The JSON of each character by itself, a space trimmed, as far as they came. */
const jsonCharacters = new Array<string | undefined>(256).fill(undefined);

const needsEscape = /[^\u0020-\u0021\u0023-\u005b\u005d-\u007e\u00a0-\u00ff]/;
const needsQuotes = /[",\r\n]|^\s|\s$/;

/** A JSON string literal without any control character, the second set that JSON lets through included. */
function jsonString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
