/** A text file that is read whole, such as a configuration. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { CaptureError } from '../core/errors.js';
import { unreadable } from './raw-bytes.js';

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
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
