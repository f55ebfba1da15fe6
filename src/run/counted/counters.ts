/** The counts of a program as it tells them, reading by reading: by HTTP, in lines that it prints, or at a socket. */
import { SinkError } from '../../core/errors.js';
import { type AckAddress, type AckCounter, formatAckAddress, openAckCounter } from '../../io/ack-counter.js';
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
  /** The last that a program told which has ended; null where that can no longer be asked for. */
  last(): Promise<Reading | null>;
  /** Of each count that was never seen, which reads as 0, why; null of the others. */
  absent(): readonly (string | null)[];
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

/**
 * A counter at an address; each reading by HTTP has so long, and a socket is tried once. `staleMark`: of a file, its
 * mark before the program was started.
 */
export async function openCounter(
  spec: CountSpec,
  url: string,
  withinMs: number,
  staleMark: string | null,
): Promise<Counter> {
  const { source } = spec;
  if (source.kind !== 'ack') return new HttpCounts(countsOf(spec), url, withinMs);
  try {
    return new AckCounts(source.address, await openAckCounter(source.address, { withinMs: 0, staleMark }));
  } catch (error) {
    throw new CountFailure('not-started', (error as Error).message);
  }
}

function failureOf(error: unknown): Error {
  if (!(error instanceof SinkError)) return error as Error;
  const { code, message } = error;
  if (code === 'counter-refused') return new CountFailure('not-started', message);
  return new CountFailure(code === 'counter-silent' ? 'hang' : 'rubbish', message);
}

class HttpCounts implements Counter {
  private readonly why: (string | null)[];
  private readonly isSeen: boolean[];

  constructor(
    private readonly counts: readonly Count[],
    private readonly url: string,
    private readonly withinMs: number,
  ) {
    this.why = counts.map(() => null);
    this.isSeen = counts.map(() => false);
  }

  /** What is not shown is 0 meanwhile: a series may appear with the first that it counts. */
  async read(): Promise<Reading> {
    const { counts, url, withinMs } = this;
    try {
      const text = await readHttp(url, withinMs);
      return counts.map((count, index) => this.one(text, count, index));
    } catch (error) {
      throw failureOf(error);
    }
  }

  async last(): Promise<null> {
    return null;
  }

  absent(): readonly (string | null)[] {
    return this.why;
  }

  close(): void {}

  private one(text: string, { read, selector }: Count, index: number): number {
    try {
      const count = countIn(text, read, selector, this.url);
      this.isSeen[index] = true;
      this.why[index] = null;
      return count;
    } catch (error) {
      if (this.isSeen[index] || !(error instanceof SinkError) || error.code !== 'counter-absent') throw error;
      this.why[index] = error.message;
      return 0;
    }
  }
}

class AckCounts implements Counter {
  constructor(
    private readonly address: AckAddress,
    private readonly counter: AckCounter,
  ) {}

  async read(): Promise<Reading> {
    const { counter } = this;
    const last = await this.last();
    if (counter.failure !== null) throw new CountFailure('crash', counter.failure);
    return last ?? [0];
  }

  /** What came before a socket broke off counts. */
  async last(): Promise<Reading | null> {
    const { counter } = this;
    counter.ask();
    await new Promise((resolve) => setTimeout(resolve, answerMs));
    return counter.count === null ? null : [counter.count];
  }

  absent(): readonly (string | null)[] {
    const { address, counter } = this;
    if (counter.count !== null) return [null];
    const what = address.kind === 'file' ? 'was never written' : 'never told a number';
    return [`the counter at ${formatAckAddress(address)} ${what}`];
  }

  close(): void {
    this.counter.close();
  }
}

/** Of lines that a program prints: the last that shows a number tells it. */
export class LineCounts implements Counter {
  private readonly counts: readonly Count[];
  private readonly told: (number | null)[];
  private rest = '';
  private firstLine: string | null = null;
  private failure: CountFailure | null = null;

  constructor(spec: CountSpec) {
    this.counts = countsOf(spec);
    this.told = this.counts.map(() => null);
  }

  push(chunk: Uint8Array): void {
    const lines = (this.rest + Buffer.from(chunk).toString('latin1')).split('\n');
    this.rest = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) this.line(line);
  }

  /** What has been told so far; 0 before anything was. */
  async read(): Promise<Reading> {
    if (this.failure !== null) throw this.failure;
    return this.soFar();
  }

  /** As `read`, whatever else was wrong with it. */
  soFar(): Reading {
    return this.told.map((count) => count ?? 0);
  }

  last(): Promise<Reading> {
    return this.read();
  }

  /** Told by `end`. */
  absent(): readonly (string | null)[] {
    return [];
  }

  /**
   * What was told in all. Throws CountFailure where a number never was. `isCut`: the program was ended by us, so that a
   * last line without its end may be half a number.
   */
  end(isCut: boolean): Reading {
    const hasRest = this.rest !== '';
    if (hasRest && !isCut) this.line(this.rest);
    this.rest = '';
    if (this.failure !== null) throw this.failure;
    const at = this.told.indexOf(null);
    if (at < 0) return this.told as number[];
    const { selector } = this.counts[at] as Count;
    const none = isCut && hasRest ? 'it printed no line to its end before it was ended' : 'it printed nothing';
    const shown = this.firstLine === null ? none : `its first line is: ${this.firstLine}`;
    const wanted = selector === null ? 'that begins with a number' : `with ${selector}`;
    throw new CountFailure('rubbish', `printed no line ${wanted}; ${shown}`);
  }

  close(): void {}

  private line(line: string): void {
    if (line.trim() === '') return;
    this.firstLine ??= line.slice(0, shownBytes).replace(/[^\x20-\x7e]/g, '?');
    for (const [index, { read }] of this.counts.entries()) {
      try {
        const count = read(line);
        if (count === null) continue;
        refuseBackwards([this.told[index] ?? 0], [count]);
        this.told[index] = count;
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
