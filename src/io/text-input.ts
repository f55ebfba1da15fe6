/** A text file that is read whole, such as a configuration. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { CaptureError } from '../core/errors.js';
import { unreadable } from './raw-bytes.js';

/** What files begin with that are no UTF-8 text. */
const others: readonly [bytes: readonly number[], what: string][] = [
  [[0x1f, 0x8b], 'is compressed with gzip; unpack it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'is compressed with Zstandard; unpack it first'],
  [[0xff, 0xfe], 'is UTF-16 text; save it as UTF-8'],
  [[0xfe, 0xff], 'is UTF-16 text; save it as UTF-8'],
];

/** The file's text as UTF-8; throws CaptureError where it cannot be read or is larger than `maxBytes`. */
export function readTextFile(path: string, maxBytes: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new CaptureError('unreadable', `${path} is not a file.`);
    if (status.size > maxBytes) {
      throw new CaptureError('too-large', `${path} has ${status.size} bytes; at most ${maxBytes} are read.`);
    }
    return textOf(path, readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function textOf(path: string, bytes: Buffer): string {
  const other = others.find(([start]) => start.every((byte, index) => bytes[index] === byte));
  if (other !== undefined) throw new CaptureError('not-text', `${path} ${other[1]}.`);
  return bytes.toString('utf8');
}
