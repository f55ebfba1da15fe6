/**
 * A parser module at work in a thread of its own, where it can be ended when it hangs and bounded in memory; or a
 * parser that is at hand, on the calling thread.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { UsageError } from '../core/errors.js';
import { ParserCaller, type ParserPiece, type ParserResult } from './parser-contract.js';
import { okOutcome, type ParserOutcome } from './parser-outcome.js';
import type { ParserSpec } from './parser-spec.js';

/** What the worker is sent; null: the end. */
export interface ModuleRequest {
  readonly pieces: readonly ParserPiece[] | null;
  /** They are the first of another capture: the parser is made anew. */
  readonly isNew: boolean;
}

/** What it posts: that it is ready, or why not, or what became of the pieces. */
export type ModuleAnswer =
  | { readonly isReady: true; readonly takes: ParserCaller['takes']; readonly reports: ParserCaller['reports'] }
  | { readonly failure: string }
  | { readonly results: readonly ParserResult[] };

/** A parser that is called. */
export interface CalledParser {
  /** A result for each piece, fewer where the parser came to its end; `null` pieces: the end, one result. */
  call(pieces: readonly ParserPiece[] | null): Promise<readonly ParserResult[]>;
  /** What the pieces are to be. */
  readonly takes: ParserCaller['takes'];
  /** Which reports it says that it is to be held to. */
  readonly reports: ParserCaller['reports'];
  /** How it fares so far. */
  readonly outcome: ParserOutcome;
  close(): Promise<void>;
}

/** Exceptions that are told; the others are counted. */
const toldErrors = 3;
const megabyte = 1 << 20;

/** Threads that have loaded a module and wait for another capture: loading may take longer than parsing. */
const idle = new Map<string, ThreadParser[]>();

/** What a thread may do is settled when it starts, so that one of other bounds is another. */
function idleKey({ module, silenceMs, maxMemoryBytes }: ParserSpec): string {
  return `${silenceMs} ${maxMemoryBytes} ${module}`;
}

/** Loads a module, or takes one that is loaded; rejects with UsageError where it cannot be loaded or is no parser. */
export async function openModule(spec: ParserSpec): Promise<CalledParser> {
  const path = spec.module ?? '';
  const list = idle.get(idleKey(spec)) ?? [];
  for (let waiting = list.pop(); waiting !== undefined; waiting = list.pop()) {
    // One that died while it waited did so of itself, and says nothing of what comes.
    if (waiting.isAlive) return waiting.again();
    await waiting.end();
  }
  const { features } = process as unknown as { features: { typescript?: unknown } };
  if (/^\.[cm]?ts$/.test(extname(path)) && !features.typescript) {
    const text = `this Node.js (${process.version}) reads no TypeScript: compile it, or use Node.js 22.18 or later`;
    throw new UsageError('parser', `${path}: ${text}`);
  }
  const { maxMemoryBytes } = spec;
  const limits = Number.isFinite(maxMemoryBytes)
    ? { resourceLimits: { maxOldGenerationSizeMb: Math.max(8, Math.ceil(maxMemoryBytes / megabyte)) } }
    : {};
  const worker = new Worker(new URL('./parser-worker.js', import.meta.url), {
    workerData: { path },
    ...limits,
    stdout: true,
    stderr: true,
  });
  // What it prints is not ours to print.
  worker.stdout.resume();
  worker.stderr.resume();
  const parser = new ThreadParser(worker, spec);
  await parser.load(path);
  return parser;
}

/** Ends the threads that wait for another capture. */
export async function endIdleModules(): Promise<void> {
  const waiting = [...idle.values()].flat();
  idle.clear();
  await Promise.all(waiting.map((parser) => parser.end()));
}

/** A parser that the caller has, called on this thread: what hangs there hangs us. */
export function callHere(given: unknown): CalledParser {
  const caller = new ParserCaller(given);
  const errors = new ErrorNotes();
  return {
    takes: caller.takes,
    reports: caller.reports,
    async call(pieces) {
      const results: ParserResult[] = [];
      if (pieces === null) results.push(await caller.end());
      else for (const piece of pieces) results.push(await caller.parse(piece));
      errors.note(results);
      return results;
    },
    get outcome() {
      return errors.outcome ?? okOutcome;
    },
    close: async () => {},
  };
}

class ThreadParser implements CalledParser {
  takes: ParserCaller['takes'] = 'messages';
  reports: ParserCaller['reports'] = [];
  private errors = new ErrorNotes();
  private ended: ParserOutcome | null = null;
  private isNew = true;
  private settle: (answer: ModuleAnswer | null) => void = () => {};

  constructor(
    private readonly worker: Worker,
    private readonly spec: ParserSpec,
  ) {
    worker.on('message', (answer: ModuleAnswer) => this.settle(answer));
    worker.on('error', (error: NodeJS.ErrnoException) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const text = isMemory ? 'took more memory than it may' : (error.stack ?? error.message);
      this.endWith({ verdict: isMemory ? 'memory' : 'crash', message: text });
    });
    worker.on('exit', (code) => this.endWith({ verdict: 'crash', message: `ended its thread, with code ${code}` }));
  }

  get outcome(): ParserOutcome {
    return this.ended ?? this.errors.outcome ?? okOutcome;
  }

  async load(path: string): Promise<void> {
    const answer = await this.answer();
    if (answer !== null && 'isReady' in answer) {
      this.takes = answer.takes;
      this.reports = answer.reports;
      return;
    }
    await this.worker.terminate();
    const why = answer !== null && 'failure' in answer ? answer.failure : this.outcome.message;
    throw new UsageError('parser', `${path}: cannot be used as a parser: ${why}`);
  }

  async call(pieces: readonly ParserPiece[] | null): Promise<readonly ParserResult[]> {
    if (this.ended !== null) return [];
    this.worker.postMessage({ pieces, isNew: this.isNew } satisfies ModuleRequest);
    this.isNew = false;
    const answer = await this.answer();
    if (answer === null || !('results' in answer)) return [];
    this.errors.note(answer.results);
    return answer.results;
  }

  get isAlive(): boolean {
    return this.ended === null;
  }

  /** Begins with another capture. */
  again(): this {
    this.worker.ref();
    this.errors = new ErrorNotes();
    this.isNew = true;
    return this;
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  async close(): Promise<void> {
    if (this.ended !== null) {
      await this.worker.terminate();
      return;
    }
    // It holds nothing up, should no other capture come.
    this.worker.unref();
    const key = idleKey(this.spec);
    const waiting = idle.get(key);
    if (waiting === undefined) idle.set(key, [this]);
    else waiting.push(this);
  }

  private answer(): Promise<ModuleAnswer | null> {
    return new Promise((resolve) => {
      const { silenceMs } = this.spec;
      const timer = setTimeout(() => {
        this.endWith({ verdict: 'hang', message: `did not answer within ${silenceMs} ms` });
        void this.worker.terminate();
      }, silenceMs);
      this.settle = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      if (this.ended !== null) this.settle(null);
    });
  }

  private endWith(outcome: Pick<ParserOutcome, 'verdict' | 'message'>): void {
    this.ended ??= { ...okOutcome, ...outcome };
    this.settle(null);
  }
}

/** Exceptions of a parser, which goes on behind them. */
class ErrorNotes {
  private count = 0;
  private readonly told: string[] = [];

  get outcome(): ParserOutcome | null {
    if (this.count === 0) return null;
    const more = this.count > this.told.length ? ` (${this.count} times in all)` : '';
    return { ...okOutcome, verdict: 'crash', message: `threw: ${this.told.join('; ')}${more}` };
  }

  note(results: readonly ParserResult[]): void {
    for (const { error } of results) {
      if (error === null) continue;
      this.count++;
      if (this.told.length < toldErrors) this.told.push(error.split('\n').slice(0, 3).join(' '));
    }
  }
}
