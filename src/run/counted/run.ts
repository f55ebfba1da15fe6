/**
 * A program that is only counted, from its start to its last count: read before it is fed and behind, until the counter
 * stands still.
 */
import type { InputSpec } from '../../analysis/input.js';
import type { Child, ChildResult } from '../../io/child-process.js';
import { feedChild, feedUdp } from '../parser-feed.js';
import { okOutcome, outcomeOf, type ParserOutcome } from '../parser-outcome.js';
import type { ParserSpec } from '../parser-spec.js';
import { freeTcpPort, startProgram, untilReady } from '../parser-start.js';
import type { CountSpec } from './count-spec.js';
import {
  type Counter,
  CountFailure,
  countsOf,
  LineCounts,
  openCounter,
  type Reading,
  refuseBackwards,
} from './counters.js';

/** What came of a run. */
export interface CountedRun {
  /** What was counted of what it was fed; null where that cannot be told. */
  readonly counted: Reading | null;
  /** Packets that were sent; null where it was fed otherwise. */
  readonly sent: number | null;
  readonly outcome: ParserOutcome;
}

/** Between readings. */
const everyMs = 25;
/** A counter that has come to what is expected is looked at for so much longer, since it may go beyond. */
const beyondMs = 200;

/**
 * Starts the program (or finds it running), feeds it and reads its counts; `isReached`: whether they are what is
 * expected. Rejects with what feeding and reading the capture do; what the program does wrong is in the outcome.
 */
export async function runCounted(
  spec: ParserSpec,
  count: CountSpec,
  input: InputSpec,
  isReached: (counted: Reading, sent: number | null) => boolean,
): Promise<CountedRun> {
  const { source } = count;
  const wantsPort = source.kind === 'http' && new URL(source.url).port === '0';
  const countPort = wantsPort ? await freeTcpPort() : 0;
  const started = spec.kind === 'running' ? null : await startProgram(spec, input, countPort);
  const url = source.kind === 'http' ? new URL(source.url) : null;
  if (url !== null && wantsPort) url.port = `${countPort}`;
  const run = new Run(spec, count, input, started?.child ?? null, started?.address ?? spec.address, isReached);
  return run.all(url?.href ?? '');
}

class Run {
  private readonly lines: LineCounts | null;
  private readonly drained: Promise<void>;
  private result: ChildResult | null = null;
  /** Its standard input is being written to, or its end waited for: it may be silent for so long and no longer. */
  private isWatched = false;
  private sent: number | null = null;
  private before: Reading;

  constructor(
    private readonly spec: ParserSpec,
    private readonly count: CountSpec,
    private readonly input: InputSpec,
    private readonly child: Child | null,
    private readonly address: string,
    private readonly isReached: (counted: Reading, sent: number | null) => boolean,
  ) {
    this.before = countsOf(count).map(() => 0);
    this.lines = count.source.kind === 'stdout' ? new LineCounts(count) : null;
    this.drained = child === null ? Promise.resolve() : this.drain(child);
    void child?.finished.then((result) => {
      this.result = result;
    });
  }

  async all(url: string): Promise<CountedRun> {
    let counter: Counter | null = null;
    let counted: Reading | null = null;
    let failure: CountFailure | null = null;
    // What is waited for meanwhile is not the program's output.
    const touching = setInterval(() => {
      if (!this.isWatched) this.child?.touch();
    }, 50);
    try {
      if (this.spec.feed === 'udp') this.child?.endInput();
      if (this.child === null || this.spec.feed !== 'udp' || (await untilReady(this.child, this.spec))) {
        counter = this.lines ?? (await this.reached(url));
        counted = this.since(await this.fedAndRead(counter));
      }
    } catch (error) {
      if (!(error instanceof CountFailure)) throw error;
      failure = error;
    } finally {
      clearInterval(touching);
      counter?.close();
      if (failure !== null || counted === null) this.child?.kill('stopped');
      await this.child?.stop();
      await this.drained;
    }
    if (counted === null) failure ??= new CountFailure('crash', '');
    if (failure === null && this.lines !== null) {
      try {
        counted = this.since(this.lines.end());
      } catch (error) {
        failure = error as CountFailure;
      }
    }
    const outcome = this.outcome(failure);
    return { counted: outcome.verdict === 'ok' ? counted : null, sent: this.sent, outcome };
  }

  /** Feeds it, and reads its counts until they are over. */
  private async fedAndRead(counter: Counter): Promise<Reading> {
    const { child, spec, input } = this;
    // One that finds the capture by itself may have begun.
    if (spec.feed !== 'file') this.before = await counter.read();
    if (spec.feed === 'udp' || child === null) {
      this.sent = await feedUdp(this.address, spec, input);
      return this.settled(counter, this.before);
    }
    this.isWatched = true;
    await feedChild(child, spec.feed, input);
    if (this.lines !== null) {
      child.endInput();
      await child.end();
      await this.drained;
      return this.lines.end();
    }
    this.isWatched = false;
    const reading = await this.settled(counter, this.before);
    if (this.isReached(this.since(reading), null)) return reading;
    // It may hold back what a buffer does not fill until there is no more.
    child.endInput();
    return this.settled(counter, reading);
  }

  /** The last reading of a counter that has stood still, or come to what is expected and stayed there. */
  private async settled(counter: Counter, from: Reading): Promise<Reading> {
    let last = from;
    const beganMs = performance.now();
    let sinceMs = beganMs;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      if (this.result !== null && this.isOver(this.result)) return last;
      const reading = await counter.read().catch(async (error: unknown) => {
        // That it is gone is told better by how it ended.
        await new Promise((resolve) => setTimeout(resolve, everyMs));
        if (this.result !== null && this.isOver(this.result)) return last;
        throw error;
      });
      refuseBackwards(last, reading);
      const nowMs = performance.now();
      if (reading.some((one, index) => one !== last[index])) sinceMs = nowMs;
      last = reading;
      const isThere = this.isReached(this.since(last), this.sent);
      if (nowMs - sinceMs >= (isThere ? Math.min(beyondMs, this.count.settleMs) : this.count.settleMs)) return last;
      // What goes on and on is not of what it was fed.
      if (nowMs - beganMs > this.spec.silenceMs && this.isBeyond(last)) return last;
    }
  }

  /** Whether a program that has ended may have: one that was fed to its end, and by a code of 0. */
  private isOver({ code, ending }: ChildResult): boolean {
    if (code === 0 && ending === null && this.spec.feed !== 'udp') return true;
    throw new CountFailure('crash', '');
  }

  /** Whether more was counted than can be of what it was fed. */
  private isBeyond(reading: Reading): boolean {
    const counted = this.since(reading);
    return !this.isReached(counted, this.sent) && counted.some((count) => count > 0);
  }

  private since(reading: Reading): Reading {
    return reading.map((count, index) => count - (this.before[index] ?? 0));
  }

  /** The counter, once somebody listens there: a program that has only begun has as long as it may be silent. */
  private async reached(url: string): Promise<Counter> {
    const { count, spec, child } = this;
    const counter = await openCounter(count, url, spec.silenceMs);
    const untilMs = performance.now() + spec.silenceMs;
    for (;;) {
      try {
        await counter.read();
        return counter;
      } catch (error) {
        const isLater = child !== null && error instanceof CountFailure && error.verdict === 'not-started';
        if (this.result !== null) throw new CountFailure('crash', '');
        if (!isLater || performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    }
  }

  private async drain(child: Child): Promise<void> {
    for (let chunk = await child.read(); chunk !== null; chunk = await child.read()) this.lines?.push(chunk);
  }

  private outcome(failure: CountFailure | null): ParserOutcome {
    const { result, spec } = this;
    const own = result === null ? okOutcome : outcomeOf(result, spec.silenceMs, null);
    if (own.verdict !== 'ok' || failure === null) return own;
    const { verdict, message } = failure;
    const ended = `ended with code ${result?.code ?? 'none'} before it was counted to its end`;
    return { ...own, verdict, message: message === '' ? ended : message };
  }
}
