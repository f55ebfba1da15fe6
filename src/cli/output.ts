/** Standard output for bulk text: few large writes, and back-pressure for who asks. */

import { exitCode } from '../core/exit-code.js';

const flushAtLength = 1 << 16;

export class Output {
  private buffered = '';
  private blocked = false;
  private readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.stream = stream;
  }

  write(text: string): void {
    this.buffered += text;
    if (this.buffered.length >= flushAtLength) this.flush();
  }

  writeLine(text: string): void {
    this.write(`${text}\n`);
  }

  /** True when the caller should await `drain()` before it writes more. */
  get full(): boolean {
    return this.blocked;
  }

  async drain(): Promise<void> {
    while (this.blocked) {
      await new Promise<void>((resolve) => this.stream.once('drain', resolve));
      this.blocked = this.stream.writableNeedDrain;
    }
  }

  /** Writes everything and waits until the stream has taken it. */
  async end(): Promise<void> {
    this.flush();
    await new Promise<void>((resolve) => this.stream.write('', () => resolve()));
  }

  private flush(): void {
    if (this.buffered !== '') this.blocked = !this.stream.write(this.buffered) || this.blocked;
    this.buffered = '';
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
