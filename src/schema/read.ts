/**
 * Reads fields one by one from the table: the interpreter behind the compiled accessors, and the printers' primitives.
 *
 * Text is Latin-1, one byte a character, so that any byte survives decoding and encoding.
 */
import type { Field } from './field.js';

const space = 0x20;

/** The bytes as Latin-1 with padding spaces on the right removed; allocates. */
export function readText(view: DataView, offset: number, length: number): string {
  let end = offset + length;
  while (end > offset && view.getUint8(end - 1) === space) end--;
  let text = '';
  for (let at = offset; at < end; at++) text += String.fromCharCode(view.getUint8(at));
  return text;
}

/** An unsigned big-endian integer of 1 to 8 bytes as a number, exact below 2^53. */
export function readNumber(view: DataView, offset: number, length: number): number {
  switch (length) {
    case 1:
      return view.getUint8(offset);
    case 2:
      return view.getUint16(offset);
    case 3:
      return view.getUint16(offset) * 0x100 + view.getUint8(offset + 2);
    case 4:
      return view.getUint32(offset);
    case 6:
      return view.getUint16(offset) * 0x100000000 + view.getUint32(offset + 2);
    default:
      return view.getUint32(offset) * 0x100000000 + view.getUint32(offset + 4);
  }
}

/** What the field's main accessor returns: a number, a character, or trimmed text. */
export function readField(field: Field, view: DataView, messageOffset: number): number | string {
  const at = messageOffset + field.offset;
  if (field.kind === 'char') return String.fromCharCode(view.getUint8(at));
  if (field.kind === 'alpha') return readText(view, at, field.length);
  return readNumber(view, at, field.length);
}
