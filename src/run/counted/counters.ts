/** The counts of a program as it tells them, reading by reading: by HTTP, in lines that it prints, or at a socket. */
import { SinkError } from '../../core/errors.js';
import { type AckCounter, openAckCounter } from '../../io/ack-counter.js';
import { countIn, readHttp } from '../../io/http-counter.js';
import type { ParserVerdict } from '../parser-outcome.js';
import type { Count, CountSpec } from './count-spec.js';

/** One number for each count that is asked for, the total first. */
export type Reading = readonly number[];

/** Counts that cannot be read, or that no program would tell that is right. */
export class CountFailure extends Error {
  constructor(
    readonly verdict: Exclude<ParserVerdict, 'ok'>,
    message: string,
  ) {
    super(message);
  }
}

/** Asked for a reading whenever one is wanted; rejects with CountFailure where there is none to be had. */
export interface Counter {
  read(): Promise<Reading>;
  close(): void;
}

const longestLine = 65_536;
const shownBytes = 80;
/** How long a counter at a socket has to answer before its last number is taken for its newest. */
const answerMs = 20;

/** All counts of a spec, in the order of its readings. */
export function countsOf({ total, types }: CountSpec): readonly Count[] {
  return total === null ? types : [total, ...types];
}

/** A counter at an address; each reading by HTTP has so long. */
export async function openCounter(spec: CountSpec, url: string, withinMs: number): Promise<Counter> {
  const { source } = spec;
  if (source.kind === 'ack') {
    try {
      return new AckCounts(await openAckCounter(source.address));
    } catch (error) {
      throw new CountFailure('not-started', (error as Error).message);
    }
  }
  const counts = countsOf(spec);
  return {
    async read() {
      try {
        const text = await readHttp(url, withinMs);
        return counts.map(({ read, selector }) => countIn(text, read, selector, url));
      } catch (error) {
        throw failureOf(error);
      }
    },
    close: () => {},
  };
}

function failureOf(error: unknown): Error {
  if (!(error instanceof SinkError)) return error as Error;
  const { code, message } = error;
  if (code === 'counter-refused') return new CountFailure('not-started', message);
  return new CountFailure(code === 'counter-silent' ? 'hang' : 'rubbish', message);
}

class AckCounts implements Counter {
  constructor(private readonly counter: AckCounter) {}

  async read(): Promise<Reading> {
    const { counter } = this;
    counter.ask();
    await new Promise((resolve) => setTimeout(resolve, answerMs));
    if (counter.failure !== null) throw new CountFailure('crash', counter.failure);
    return [counter.count ?? 0];
  }

  close(): void {
    this.counter.close();
  }
}

/** Of lines that a program prints: the last that shows a number tells it. */
export class LineCounts implements Counter {
  private readonly counts: readonly Count[];
  private readonly last: (number | null)[];
  private rest = '';
  private firstLine: string | null = null;
  private failure: CountFailure | null = null;

  constructor(spec: CountSpec) {
    this.counts = countsOf(spec);
    this.last = this.counts.map(() => null);
  }

  push(chunk: Uint8Array): void {
    const lines = (this.rest + Buffer.from(chunk).toString('latin1')).split('\n');
    this.rest = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) this.line(line);
  }

  /** What has been told so far; 0 before anything was. */
  async read(): Promise<Reading> {
    if (this.failure !== null) throw this.failure;
    return this.last.map((count) => count ?? 0);
  }

  /** What was told in all. Throws CountFailure where a number never was. */
  end(): Reading {
    if (this.rest !== '') this.line(this.rest);
    this.rest = '';
    if (this.failure !== null) throw this.failure;
    const at = this.last.indexOf(null);
    if (at < 0) return this.last as number[];
    const { selector } = this.counts[at] as Count;
    const told = this.firstLine === null ? 'it printed nothing' : `its first line is: ${this.firstLine}`;
    const wanted = selector === null ? 'that begins with a number' : `with ${selector}`;
    throw new CountFailure('rubbish', `printed no line ${wanted}; ${told}`);
  }

  close(): void {}

  private line(line: string): void {
    if (line.trim() === '') return;
    this.firstLine ??= line.slice(0, shownBytes).replace(/[^\x20-\x7e]/g, '?');
    for (const [index, { read }] of this.counts.entries()) {
      try {
        const count = read(line);
        if (count === null) continue;
        refuseBackwards([this.last[index] ?? 0], [count]);
        this.last[index] = count;
      } catch (error) {
        const { message } = error as Error;
        this.failure ??= error instanceof CountFailure ? error : new CountFailure('rubbish', message);
      }
    }
  }
}

/** Throws CountFailure where a count is lower than it was. */
export function refuseBackwards(before: Reading, now: Reading): void {
  const at = now.findIndex((count, index) => count < (before[index] ?? 0));
  if (at < 0) return;
  throw new CountFailure(
    'rubbish',
    `its count went back from ${before[at]} to ${now[at]}: did it begin anew, or count something else?`,
  );
}
