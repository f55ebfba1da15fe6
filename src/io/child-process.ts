/**
 * A program that is fed and listened to: in a process group of its own, which ends with it; with bounds on the time
 * that it may be silent, on what it may write and on the memory that it may take.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Why a program was ended by us; null where it ended by itself. */
export type ChildEnding = 'timeout' | 'memory' | 'stopped' | null;

export interface ChildOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** It may neither read nor write on standard output for so long while something is expected of it. */
  silenceMs: number;
  /** Resident memory of its group above which it is ended; Infinity: none. Watched where /proc is. */
  maxMemoryBytes?: number;
}

export interface ChildResult {
  /** Null where a signal ended it, or where it could not be started. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly ending: ChildEnding;
  /** Why it could not be started; null where it was. */
  readonly failure: string | null;
  /** The last of its standard error. */
  readonly errorText: string;
  /** The most that was seen; 0 where it is not known. */
  readonly peakMemoryBytes: number;
}

const keptErrorBytes = 8192;
/** The first look at its memory comes so soon, and each next twice as late as the one before, up to so late. */
const memorySoonMs = 3;
const memoryEveryMs = 50;
/** Looks at the memory of a group between looks at who is in it, which take longer. */
const looksBetween = 10;
const pageBytes = 4096;
/** What a program that has ended may have left unread in its pipe is less. */
const mostLeftBytes = 1 << 20;

/** Groups that are to end with us, however that comes about. */
const alive = new Set<Child>();
process.on('exit', endAllChildren);

/** Ends every program that was started and has not ended. */
export function endAllChildren(): void {
  for (const child of alive) child.killGroup();
}

/** One program at work. Standard output is read with `read`; nothing of it is kept. */
export class Child {
  readonly finished: Promise<ChildResult>;
  /** How often it took what was written to it. */
  taken = 0;
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly options: ChildOptions;
  private errorText = '';
  private chunks: Buffer[] = [];
  private isOutputOver = false;
  private wake: () => void = () => {};
  private ending: ChildEnding = null;
  private failure: string | null = null;
  private lastActivityMs = performance.now();
  /** What it is to read next is still being made: its silence is ours. */
  private isPrepared = true;
  private peakMemoryBytes = 0;
  /** Null while it runs. */
  private endedAtMs: number | null = null;
  /** Read since it ended, and how long that was waited for. */
  private leftBytes = 0;
  private leftWaitMs = 0;
  /** The next look at its memory. */
  private watch: NodeJS.Timeout | null = null;
  private onErrorText: (text: string) => void = () => {};

  constructor(command: readonly string[], options: ChildOptions) {
    this.options = options;
    const [program = '', ...args] = command;
    const env = { ...process.env, ...options.env };
    this.process = spawn(program, args, { detached: true, stdio: 'pipe', env, cwd: options.cwd ?? process.cwd() });
    const { stdin, stdout, stderr } = this.process;
    // One that does not read to the end closes its end.
    stdin.on('error', () => {});
    // What is logged now and then tells of no progress: a thread may go on logging beside one that hangs.
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errorText = (this.errorText + text).slice(-keptErrorBytes);
      this.onErrorText(this.errorText);
    });
    stdout.on('data', (chunk: Buffer) => {
      this.lastActivityMs = performance.now();
      this.chunks.push(chunk);
      stdout.pause();
      this.wake();
    });
    stdout.on('close', () => {
      this.isOutputOver = true;
      this.wake();
    });
    alive.add(this);
    if (this.process.pid !== undefined) this.watchMemory(this.process.pid);
    this.finished = this.untilFinished();
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.endedAtMs !== null;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** The processes of its group. */
  get members(): readonly number[] {
    return this.pid === undefined || this.isOver ? [] : groupMembers(this.pid);
  }

  /** Resolves once its standard error matches; false where it ended before. */
  untilErrorMatches(pattern: RegExp): Promise<boolean> {
    return Promise.race([
      new Promise<boolean>((resolve) => {
        this.onErrorText = (text) => {
          if (pattern.test(text)) resolve(true);
        };
      }),
      this.finished.then(() => false),
    ]);
  }

  /** Hands bytes to its standard input; resolves false once it takes no more. */
  async write(bytes: Uint8Array): Promise<boolean> {
    const { stdin } = this.process;
    if (stdin.destroyed || stdin.writableEnded) return false;
    this.lastActivityMs = performance.now();
    this.taken++;
    if (stdin.write(bytes)) return true;
    const drained = new Promise<void>((resolve) => {
      const done = (): void => {
        stdin.off('drain', done).off('close', done).off('error', done);
        resolve();
      };
      stdin.on('drain', done).on('close', done).on('error', done);
    });
    const { isPrepared } = this;
    this.isPrepared = true;
    await drained;
    this.isPrepared = isPrepared;
    this.taken++;
    this.lastActivityMs = performance.now();
    return !stdin.destroyed;
  }

  /** Says that it is being fed by another way than its standard input. */
  touch(): void {
    this.lastActivityMs = performance.now();
  }

  /** Feeds it: what passes while `feed` makes the next bytes, and waits for no taker, is not its silence. */
  async whileFed(feed: () => Promise<void>): Promise<void> {
    this.isPrepared = false;
    try {
      await feed();
    } finally {
      this.isPrepared = true;
      this.lastActivityMs = performance.now();
    }
  }

  /** Ends its standard input. */
  endInput(): void {
    this.process.stdin.end();
  }

  /**
   * The next bytes of its standard output; null at the end. A program that is silent for too long is ended; what one
   * that has ended left behind is listened to for so long and no longer, whatever it goes on writing.
   */
  async read(): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.chunks.shift();
      if (chunk !== undefined) {
        if (this.endedAtMs !== null) this.leftBytes += chunk.length;
        return chunk;
      }
      if (this.isOutputOver) return null;
      if (this.isLeftForGood()) this.letGo();
      else this.process.stdout.resume();
      const sinceMs = performance.now();
      await this.something();
      if (this.endedAtMs !== null) this.leftWaitMs += performance.now() - Math.max(sinceMs, this.endedAtMs);
    }
  }

  /** Whether what is still written comes of a process that left the group of a program which has ended. */
  private isLeftForGood(): boolean {
    if (this.endedAtMs === null) return false;
    const { silenceMs } = this.options;
    if (this.leftWaitMs > silenceMs) return true;
    return performance.now() - this.endedAtMs > silenceMs && this.leftBytes > mostLeftBytes;
  }

  /** Closes our ends of its pipes. */
  private letGo(): void {
    this.process.stdout.destroy();
    this.process.stderr.destroy();
  }

  /** Resolves once it has neither read nor written on standard output for so long, or has ended. */
  async untilSilent(silentMs: number): Promise<void> {
    let isOver = false;
    void this.finished.then(() => {
      isOver = true;
    });
    const since = performance.now();
    while (!isOver && performance.now() - Math.max(this.lastActivityMs, since) < silentMs) {
      await new Promise((resolve) => setTimeout(resolve, silentMs / 10));
    }
  }

  /** How it ended, once its output has: a program that goes on in silence for too long is ended. */
  async end(): Promise<ChildResult> {
    const sinceMs = performance.now();
    const check = setInterval(() => {
      if (this.silentMs(sinceMs) > this.options.silenceMs) this.kill('timeout');
    }, this.checkEveryMs);
    return this.finished.finally(() => clearInterval(check));
  }

  /** How long it has been silent, of the time since. */
  private silentMs(sinceMs: number): number {
    return this.isPrepared ? performance.now() - Math.max(this.lastActivityMs, sinceMs) : 0;
  }

  private get checkEveryMs(): number {
    return Math.min(this.options.silenceMs, 100);
  }

  /** Waits for output, or ends the program where none comes in time. */
  private async something(): Promise<void> {
    const waitingSinceMs = performance.now();
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    const check = setInterval(() => {
      if (this.silentMs(waitingSinceMs) <= this.options.silenceMs) return;
      // What left its group may hold its output open.
      if (this.endedAtMs !== null) this.letGo();
      else this.kill('timeout');
    }, this.checkEveryMs);
    await woken;
    clearInterval(check);
  }

  /** Asks it to end, and ends it where it does not within a second. */
  async stop(): Promise<void> {
    this.ending ??= 'stopped';
    this.signalGroup('SIGTERM');
    const timer = setTimeout(() => this.killGroup(), 1000);
    await this.finished;
    clearTimeout(timer);
  }

  kill(ending: Exclude<ChildEnding, null>): void {
    this.ending ??= ending;
    this.killGroup();
  }

  killGroup(): void {
    this.signalGroup('SIGKILL');
  }

  private signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone.
    }
  }

  private untilFinished(): Promise<ChildResult> {
    return new Promise((resolve) => {
      const done = (code: number | null, signal: string | null): void => {
        if (this.watch !== null) clearTimeout(this.watch);
        // What it started and left running is no longer wanted, and holds its output open.
        this.killGroup();
        this.endedAtMs = performance.now();
        alive.delete(this);
        const { ending, failure, errorText, peakMemoryBytes } = this;
        resolve({ code, signal, ending, failure, errorText, peakMemoryBytes });
      };
      this.process.once('error', (error) => {
        this.failure = error.message;
        this.isOutputOver = true;
        this.wake();
        done(null, null);
      });
      this.process.once('exit', done);
    });
  }

  private watchMemory(pid: number): void {
    const { maxMemoryBytes = Number.POSITIVE_INFINITY } = this.options;
    let looks = 0;
    let members: readonly number[] = [pid];
    const look = (): void => {
      if (++looks % looksBetween === 0) members = groupMembers(pid);
      const bytes = members.reduce((sum, one) => sum + residentBytes(one), 0);
      if (bytes > this.peakMemoryBytes) this.peakMemoryBytes = bytes;
      if (bytes > maxMemoryBytes) this.kill('memory');
      next();
    };
    const next = (): void => {
      this.watch = setTimeout(look, Math.min(memoryEveryMs, memorySoonMs << Math.min(looks, 8))).unref();
    };
    next();
  }
}

/** Whether the memory of programs can be seen here. */
export const seesMemory = residentBytes(process.pid) > 0;

function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
  } catch {
    return 0;
  }
}

/** Processes of a group, its leader first; that alone where /proc does not tell. */
function groupMembers(group: number): number[] {
  const members = [group];
  try {
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      if (pid > 0 && pid !== group && groupOf(pid) === group) members.push(pid);
    }
  } catch {
    // Without /proc nothing is known.
  }
  return members;
}

function groupOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything.
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return Number.NaN;
  }
}
