/** Random messages from a table, for properties and fuzzing: boundaries, enumerated codes, bytes that need escapes. */
import { type Field, wordLengths } from './field.js';
import type { Message } from './table.js';

/** The source of randomness; the same numbers give the same messages. */
export interface RandomSource {
  /** A uniform integer from 0 to 2^32 − 1. */
  nextUint32(): number;
}

const boundaries = [
  0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x001fffff, 0x00200000, 0x7fffffff, 0x80000000, 0xffffffff,
];
const awkwardBytes = [0x00, 0x09, 0x0a, 0x0d, 0x1f, 0x20, 0x22, 0x2c, 0x5c, 0x7f, 0x80, 0x9f, 0xa0, 0xff];

/** Fills `length` bytes of `view` at `offset` with a random message of the given layout; returns its length. */
export function generateInto(message: Message, random: RandomSource, view: DataView, offset: number): number {
  view.setUint8(offset, message.typeCode);
  for (const field of message.fields) generateField(field, random, view, offset + field.offset);
  return message.length;
}

function generateField(field: Field, random: RandomSource, view: DataView, at: number): void {
  if (field.kind === 'char' || field.kind === 'alpha') generateText(field, random, view, at);
  else {
    let offset = at + field.length;
    for (const bytes of wordLengths(field.length)) {
      offset -= bytes;
      generateWord(random, view, offset, bytes);
    }
  }
}

/** Half the words uniform, half a boundary cut to their size, so that 64-bit values meet 2^32, 2^53 and 2^64 − 1. */
function generateWord(random: RandomSource, view: DataView, at: number, bytes: number): void {
  const word = below(random, 2) === 0 ? random.nextUint32() : pick(boundaries, random);
  if (bytes === 4) view.setUint32(at, word);
  else if (bytes === 2) view.setUint16(at, word & 0xffff);
  else view.setUint8(at, word & 0xff);
}

/** An enumerated code, a padded symbol, or any bytes. */
function generateText(field: Field, random: RandomSource, view: DataView, at: number): void {
  const { values, length } = field;
  const style = below(random, 4);
  const codes = Object.keys(values ?? {});
  const code = style < 2 && codes.length > 0 ? pick(codes, random) : '';
  const symbolLength = below(random, length + 1);
  for (let index = 0; index < length; index++) {
    let byte = 0x20;
    if (codes.length > 0 && style < 2) byte = index < code.length ? code.charCodeAt(index) : 0x20;
    else if (style < 3) byte = index < symbolLength ? 0x41 + below(random, 26) : 0x20;
    else byte = below(random, 2) === 0 ? pick(awkwardBytes, random) : below(random, 256);
    view.setUint8(at + index, byte);
  }
}

function below(random: RandomSource, limit: number): number {
  return random.nextUint32() % limit;
}

function pick<T>(items: readonly T[], random: RandomSource): T {
  return items[below(random, items.length)] as T;
}
