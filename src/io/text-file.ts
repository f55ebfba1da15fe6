/** A text file that grows as its lines become known, so that a long run holds none of them. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { unwritable } from './file-error.js';
import { refuseSameFile } from './file-writer.js';

/** Creates (or truncates) the file; throws SinkError where that fails or the file is the one being read. */
export function openTextFile(path: string, inputPaths: readonly string[]): TextFile {
  refuseSameFile(path, inputPaths);
  return new TextFile(
    path,
    attempt(path, 'open', () => openSync(path, 'w')),
  );
}

/** Made by `openTextFile`. */
export class TextFile {
  private readonly path: string;
  private readonly descriptor: number;
  private isOpen = true;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
  }

  /** Writes at once, so that the file holds all of it should the process end; throws SinkError where that fails. */
  append(text: string): void {
    if (text === '') return;
    const bytes = Buffer.from(text);
    attempt(this.path, 'write', () => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
    });
  }

  /** Closes the file, once. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    attempt(this.path, 'close', () => closeSync(this.descriptor));
  }
}

function attempt<T>(path: string, code: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw unwritable(path, error, code);
  }
}
