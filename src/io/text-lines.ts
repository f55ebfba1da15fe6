/** A text file that is read line by line, at once when asked, whatever its size. */
import { closeSync, openSync, readSync } from 'node:fs';
import { CaptureError } from '../core/errors.js';
import { unreadable } from './raw-bytes.js';

const chunkBytes = 1 << 16;

/** Opens the file; throws CaptureError where it cannot be read. `maxLineLength` is in characters. */
export function openTextLines(path: string, maxLineLength: number): TextLines {
  try {
    return new TextLines(path, openSync(path, 'r'), maxLineLength);
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
}

/** Made by `openTextLines`. */
export class TextLines {
  private readonly buffer = Buffer.alloc(chunkBytes);
  private readonly decoder = new TextDecoder();
  private lines: string[] = [];
  private at = 0;
  /** The beginning of a line whose end was not read yet. */
  private rest = '';
  private isOpen = true;
  private isOver = false;

  constructor(
    private readonly path: string,
    private readonly descriptor: number,
    private readonly maxLineLength: number,
  ) {}

  /** The next line without its end; null behind the last. Throws CaptureError. */
  next(): string | null {
    while (this.at === this.lines.length) {
      if (this.isOver) return null;
      this.fill();
    }
    return this.lines[this.at++];
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.descriptor);
  }

  private fill(): void {
    const read = this.readChunk();
    this.isOver = read === 0;
    this.rest += this.decoder.decode(this.buffer.subarray(0, read), { stream: !this.isOver });
    const lines = this.rest.split(/\r?\n/);
    this.rest = this.isOver ? '' : (lines.pop() ?? '');
    if (this.isOver && lines.at(-1) === '') lines.pop();
    if (this.rest.length > this.maxLineLength) {
      throw new CaptureError('not-text', `${this.path} has a line of over ${this.maxLineLength} characters.`);
    }
    this.lines = lines;
    this.at = 0;
  }

  private readChunk(): number {
    try {
      return readSync(this.descriptor, this.buffer, 0, chunkBytes, null);
    } catch (error) {
      throw unreadable(this.path, error as NodeJS.ErrnoException);
    }
  }
}
