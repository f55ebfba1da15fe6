/** Standard output for bulk text: few large writes, and back-pressure for who asks. */

import { exitCode } from '../core/exit-code.js';
import type { SharedBytes } from '../core/seams.js';
import { TextBuffer } from '../core/text-buffer.js';

/** Text is handed over in pieces of about so many bytes. */
const flushAtBytes = 1 << 17;

export class Output {
  /** What is to go out next. Who appends here calls `flushFull` behind each line or record. */
  readonly text = new TextBuffer(flushAtBytes + (1 << 15));
  private blocked = false;
  private readonly stream: NodeJS.WriteStream;
  /** Bytes that the stream may still read from, and such as it has done with. */
  private readonly lent: Uint8Array[] = [];
  private readonly spare: Uint8Array[] = [];

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.stream = stream;
  }

  write(text: string): void {
    this.text.text(text);
    this.flushFull();
  }

  writeLine(text: string): void {
    this.write(`${text}\n`);
  }

  /** Hands over bytes of text behind what was appended; they are the stream's until `onWritten` gives them back. */
  writeBytes(bytes: SharedBytes, onWritten: (bytes: SharedBytes) => void): void {
    this.flush();
    if (!this.stream.write(bytes, () => onWritten(bytes))) this.blocked = true;
  }

  /** Hands the text over where it has become long enough. */
  flushFull(): void {
    if (this.text.length >= flushAtBytes) this.flush();
  }

  /** True when the caller should await `drain()` before it writes more. */
  get full(): boolean {
    return this.blocked;
  }

  async drain(): Promise<void> {
    const { stream } = this;
    while (stream.writableNeedDrain) await new Promise<void>((resolve) => stream.once('drain', resolve));
    // A stream that failed ends the process, in its turn.
    if (stream.destroyed) await new Promise((resolve) => setImmediate(resolve));
    this.reclaim();
    this.blocked = false;
  }

  /** Writes everything and waits until the stream has taken it. */
  async end(): Promise<void> {
    this.flush();
    await new Promise<void>((resolve) => this.stream.write('', () => resolve()));
  }

  private flush(): void {
    const { text, stream } = this;
    if (text.length === 0) return;
    this.reclaim();
    stream.write(text.bytes.subarray(0, text.length));
    // A file, and a pipe with room, take it at once; else it belongs to the stream until that has written all.
    if (stream.writableLength === 0 && !stream.destroyed) {
      text.length = 0;
      return;
    }
    this.blocked = true;
    this.lent.push(text.bytes);
    text.replace(this.spare.pop());
  }

  /** Takes back what the stream has written. */
  private reclaim(): void {
    if (this.stream.writableLength > 0) return;
    this.spare.push(...this.lent.splice(0));
  }
}

/** Ends the process quietly when the reader of a pipe goes, as in `| head`. */
export function endWithThePipe(stream: NodeJS.WriteStream = process.stdout): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`tickreel: cannot write to standard output: ${error.message}\n`);
    process.exit(exitCode.failure);
  });
}
