/** Text into a gzip file, in members of about a megabyte: the same text makes the same bytes, and memory is bounded. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { unwritable } from './file-error.js';

const memberLength = 1 << 20;

/** Creates (or truncates) the file; throws SinkError where that fails. */
export class GzipText {
  private readonly descriptor: number;
  private waiting: string[] = [];
  private length = 0;

  constructor(private readonly path: string) {
    this.descriptor = this.attempt(() => openSync(path, 'w'));
  }

  append(text: string): void {
    this.waiting.push(text);
    this.length += text.length;
    if (this.length >= memberLength) this.flush();
  }

  close(): void {
    this.flush();
    this.attempt(() => closeSync(this.descriptor));
  }

  private flush(): void {
    const bytes = gzipSync(this.waiting.join(''));
    this.waiting = [];
    this.length = 0;
    this.attempt(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
    });
  }

  private attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }
}
