/**
 * A program of the user's, started in a shell: what it takes from its standard input, what it prints, how it ends.
 *
 * A line of its standard output that begins with a number is a count, of messages handled so far, as in
 * `io/ack-counter.ts`; other lines are only remembered.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { StageFailure } from './stage-thread.js';

/** What of its words is quoted. */
const quotedCharacters = 200;
/** How long it may take to end once it is told to. */
const softMs = 1000;
/** The most that is kept of a line that does not end. */
const longestLine = 4096;
/** Bytes handed over at once. */
const sliceBytes = 65_536;

/** Groups that are to end with us, however that comes about. */
const alive = new Set<Program>();
process.on('exit', () => {
  for (const program of alive) program.kill('SIGKILL');
});

export class Program {
  /** The last number that it printed; null before the first. */
  count: number | null = null;
  /** The first line that is no count. */
  rubbish: string | null = null;
  /** Bytes of its input that the kernel took. */
  taken = 0;
  /** Called whenever there is a new count. */
  onCount: (count: number) => void = () => {};
  private readonly command: string;
  private readonly child: ChildProcess;
  private readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private said = '';
  private line = '';
  private inputError: string | null = null;
  private hasEnded = false;

  /** `feeds`: whether its standard input is a pipe of ours, else there is nothing in it. */
  constructor(command: string, feeds: boolean) {
    this.command = command;
    // Its own process group, so that what the shell starts ends with it.
    this.child = spawn(command, { shell: true, detached: true, stdio: [feeds ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    const { child } = this;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.said = error.message;
        resolve({ code: null, signal: null });
      });
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    alive.add(this);
    void this.ended.then(() => {
      this.hasEnded = true;
      alive.delete(this);
    });
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
      this.inputError = error.code ?? error.message;
    });
    child.stdout?.setEncoding('latin1').on('data', (text: string) => this.take(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-quotedCharacters);
    });
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Hands over bytes; `onTaken` is called when the kernel has all of them. Resolves when more may come. */
  write(bytes: Uint8Array, onTaken?: () => void): Promise<void> | null {
    const { stdin } = this.child;
    if (stdin === null || this.inputError !== null || stdin.destroyed) return null;
    const goesOn = stdin.write(bytes, (error) => {
      if (error) return;
      this.taken += bytes.length;
      onTaken?.();
    });
    if (goesOn) return null;
    return new Promise((resolve) => {
      const settle = (): void => {
        stdin.off('drain', settle).off('error', settle).off('close', settle);
        resolve();
      };
      stdin.on('drain', settle).on('error', settle).on('close', settle);
    });
  }

  /** Hands over all of it, as fast as it is taken, and then the end. */
  async feed(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && this.inputError === null; at += sliceBytes) {
      await this.write(bytes.subarray(at, at + sliceBytes));
    }
    this.endInput();
  }

  endInput(): void {
    this.child.stdin?.end();
  }

  /**
   * Waits for its end; rejects with StageFailure where that is not a good one: by a signal, with another code than 0,
   * or before its whole input was taken; and where it does not come within so long, after ending it.
   */
  async finish(inputBytes: number, withinMs: number): Promise<void> {
    const end = await within(this.ended, withinMs);
    if (end === null) {
      this.kill('SIGKILL');
      const took = inputBytes > 0 ? ` after ${this.taken} of ${inputBytes} bytes of its input were taken` : '';
      throw this.failure('hung', `did not end within ${withinMs / 1000} s${took}, and was killed`);
    }
    const { code, signal } = end;
    if (code === 0 && this.taken >= inputBytes) return;
    const how =
      signal === null ? `ended with code ${code ?? 'none: it could not be started'}` : `was ended by ${signal}`;
    const took = inputBytes > 0 ? `, when ${this.taken} of ${inputBytes} bytes of its input had been taken` : '';
    throw this.failure('ended', `${how}${took}`);
  }

  /** What went wrong, with its last words. */
  failure(code: string, text: string): StageFailure {
    const words = this.said.trim().split('\n').at(-1) ?? '';
    return new StageFailure(code, `${this.command} ${text}${words === '' ? '' : `; it said: ${words}`}`);
  }

  kill(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined || this.hasEnded) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }

  /** Ends it, softly at first. */
  async close(): Promise<void> {
    this.kill('SIGTERM');
    if ((await within(this.ended, softMs)) !== null) return;
    this.kill('SIGKILL');
    if ((await within(this.ended, softMs)) !== null) return;
    // What left its group holds its output open.
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    await this.ended;
  }

  private take(text: string): void {
    const lines = (this.line + text).split('\n');
    this.line = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) {
      const number = /^\s*(\d{1,16})(?!\d)/.exec(line)?.[1];
      if (number === undefined) this.rubbish ??= printable(line.slice(0, quotedCharacters));
      else {
        this.count = Number(number);
        this.onCount(this.count);
      }
    }
  }
}

/** What it resolves to, or null after so long. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
