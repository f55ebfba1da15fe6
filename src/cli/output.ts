/** Standard output for bulk text: few large writes, back-pressure for who asks, and a quiet end when the reader goes. */

const flushAtLength = 1 << 16;

export class Output {
  private buffered = '';
  private blocked = false;
  /** True when the reader of the pipe has gone (`| head`): stop, without an error. */
  closed = false;
  private readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      this.closed = true;
    });
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
    while (this.blocked && !this.closed) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.stream.off('drain', done);
          this.stream.off('error', done);
          this.stream.off('close', done);
          resolve();
        };
        this.stream.on('drain', done).on('error', done).on('close', done);
      });
      this.blocked = this.stream.writableNeedDrain;
    }
  }

  /** Writes everything and waits until the stream has taken it. */
  async end(): Promise<void> {
    this.flush();
    if (this.closed) return;
    await new Promise<void>((resolve) => this.stream.write('', () => resolve()));
  }

  private flush(): void {
    if (this.buffered === '' || this.closed) {
      this.buffered = '';
      return;
    }
    this.blocked = !this.stream.write(this.buffered) || this.blocked;
    this.buffered = '';
  }
}
