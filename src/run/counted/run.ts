/**
 * A program that is only counted, from its start to its last count: read before it is fed and behind, until the counter
 * stands still.
 */
import type { InputSpec } from '../../analysis/input.js';
import type { Child, ChildResult } from '../../io/child-process.js';
import { fileMark } from '../../io/file-mark.js';
import type { CountedPart } from '../check-spec.js';
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
  /** Packets that were sent; null where it was fed otherwise, or ended before all of them were. */
  readonly sent: number | null;
  readonly outcome: ParserOutcome;
}

/** Between readings. */
const everyMs = 25;
/** A counter that has come to what is expected is looked at for so much longer, since it may go beyond. */
const beyondMs = 200;
/** Output without another number in it, after which a program is ended: so much, and so much for each message. */
const mostIdleBytes = 8 << 20;
const idleBytesEach = 256;

/** Counts beside what is expected of them. */
type Judge = (counted: Reading, sent: number | null) => readonly CountedPart[];

/**
 * Starts the program (or finds it running), feeds it and reads its counts; `judge` tells what is expected of them.
 * Rejects with what feeding and reading the capture do; what the program does wrong is in the outcome.
 */
export async function runCounted(
  spec: ParserSpec,
  count: CountSpec,
  input: InputSpec,
  judge: Judge,
): Promise<CountedRun> {
  const { source } = count;
  const wantsPort = source.kind === 'http' && new URL(source.url).port === '0';
  const countPort = wantsPort ? await freeTcpPort() : 0;
  const isFile = source.kind === 'ack' && source.address.kind === 'file';
  // What an earlier run left there is none of the program's that is started now.
  const staleMark = isFile && spec.kind !== 'running' ? fileMark(source.address.path) : null;
  const started = spec.kind === 'running' ? null : await startProgram(spec, input, countPort);
  const url = source.kind === 'http' ? new URL(source.url) : null;
  if (url !== null && wantsPort) url.port = `${countPort}`;
  const run = new Run(spec, count, input, started?.child ?? null, started?.address ?? spec.address, judge);
  return run.all(url?.href ?? '', staleMark);
}

class Run {
  private readonly lines: LineCounts | null;
  private readonly drained: Promise<void>;
  private result: ChildResult | null = null;
  /** Its standard input is being written to, or its end waited for: it may be silent for so long and no longer. */
  private isWatched = false;
  private sent: number | null = null;
  private before: Reading;
  private flood: CountFailure | null = null;

  constructor(
    private readonly spec: ParserSpec,
    private readonly count: CountSpec,
    private readonly input: InputSpec,
    private readonly child: Child | null,
    private readonly address: string,
    private readonly judge: Judge,
  ) {
    this.before = countsOf(count).map(() => 0);
    this.lines = count.source.kind === 'stdout' ? new LineCounts(count) : null;
    this.drained = child === null ? Promise.resolve() : this.drain(child);
    void child?.finished.then((result) => {
      this.result = result;
    });
  }

  async all(url: string, staleMark: string | null): Promise<CountedRun> {
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
        counter = this.lines ?? (await this.reached(url, staleMark));
        counted = this.since(await this.fedAndRead(counter));
        this.refuseAbsent(counter);
      }
    } catch (error) {
      if (!(error instanceof CountFailure)) throw error;
      failure = this.flood ?? error;
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
        counted = this.since(this.lines.end(this.isCut));
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
      const { packets, isStopped } = await feedUdp(this.address, spec, input, child);
      // Of a replay that its program's own end left off all is expected, sent or not.
      this.sent = isStopped && child !== null ? null : packets;
      // Whoever stopped it waits for no counter that is slow to stand still.
      return isStopped && child === null ? this.soon(counter) : this.settled(counter, this.before);
    }
    this.isWatched = true;
    await feedChild(child, spec.feed, input);
    if (this.flood !== null) throw this.flood;
    if (this.lines !== null) {
      child.endInput();
      await child.end();
      await this.drained;
      if (this.flood !== null) throw this.flood;
      return this.lines.end(this.isCut);
    }
    this.isWatched = false;
    const reading = await this.settled(counter, this.before);
    if (this.isReached(reading)) return reading;
    // It may hold back what a buffer does not fill until there is no more.
    child.endInput();
    return this.settled(counter, reading);
  }

  /** A reading once what was just sent may have been counted. */
  private async soon(counter: Counter): Promise<Reading> {
    await new Promise((resolve) => setTimeout(resolve, beyondMs));
    return counter.read();
  }

  /** The last reading of a counter that has stood still, or come to what is expected and stayed there. */
  private async settled(counter: Counter, from: Reading): Promise<Reading> {
    let last = from;
    const beganMs = performance.now();
    let sinceMs = beganMs;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      if (this.result !== null) return this.atItsEnd(this.result, counter, last);
      const reading = await counter.read().catch(async (error: unknown) => {
        // That it is gone is told better by how it ended.
        await new Promise((resolve) => setTimeout(resolve, everyMs));
        if (this.result !== null) return this.atItsEnd(this.result, counter, last);
        throw error;
      });
      refuseBackwards(last, reading);
      const nowMs = performance.now();
      if (reading.some((one, index) => one !== last[index])) sinceMs = nowMs;
      last = reading;
      const isThere = this.isReached(last);
      if (nowMs - sinceMs >= (isThere ? Math.min(beyondMs, this.count.settleMs) : this.count.settleMs)) return last;
      // What goes on and on is not of what it was fed.
      if (nowMs - beganMs > this.spec.silenceMs && this.isBeyond(last)) return last;
    }
  }

  /** The last reading of a program that ended by a code of 0; any other end, or one too early, is a crash. */
  private async atItsEnd({ code, ending }: ChildResult, counter: Counter, seen: Reading): Promise<Reading> {
    const crash = new CountFailure('crash', '');
    if (code !== 0 || ending !== null) throw crash;
    const told = await counter.last();
    if (told !== null) {
      refuseBackwards(seen, told);
      return told;
    }
    // Fed by a pipe it was looked at until it stood still, before that came to its end.
    const wasSeen = this.spec.feed !== 'udp' && this.spec.feed !== 'file';
    if (wasSeen || this.isReached(seen)) return seen;
    throw crash;
  }

  /** Whether it was ended by us in the midst of things: one that came to its end upon SIGTERM wrote all it had. */
  private get isCut(): boolean {
    return this.result === null || (this.result.ending !== null && this.result.code !== 0);
  }

  private isReached(reading: Reading): boolean {
    return this.judge(this.since(reading), this.sent).every(({ counted, expected }) => counted === expected);
  }

  /** Whether more was counted than can be of what it was fed. */
  private isBeyond(reading: Reading): boolean {
    return this.judge(this.since(reading), this.sent).some(({ counted, expected }) => counted > expected);
  }

  /** Throws CountFailure where a count was never seen, though there is something to count. */
  private refuseAbsent(counter: Counter): void {
    const parts = this.judge(this.before, this.sent);
    const at = counter.absent().findIndex((why, index) => why !== null && parts[index]?.expected !== 0);
    if (at >= 0) throw new CountFailure('rubbish', counter.absent()[at] as string);
  }

  private since(reading: Reading): Reading {
    return reading.map((count, index) => count - (this.before[index] ?? 0));
  }

  /** The counter, once somebody listens there: a program that has only begun has as long as it may be silent. */
  private async reached(url: string, staleMark: string | null): Promise<Counter> {
    const { count, spec, child } = this;
    const untilMs = performance.now() + spec.silenceMs;
    for (;;) {
      let counter: Counter | null = null;
      try {
        counter = await openCounter(count, url, spec.silenceMs, staleMark);
        await counter.read();
        return counter;
      } catch (error) {
        counter?.close();
        const isLater = child !== null && error instanceof CountFailure && error.verdict === 'not-started';
        if (this.result !== null) throw new CountFailure('crash', '');
        if (!isLater || performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    }
  }

  private async drain(child: Child): Promise<void> {
    let idleBytes = 0;
    let taken = 0;
    let last = this.before;
    for (let chunk = await child.read(); chunk !== null; chunk = await child.read()) {
      this.lines?.push(chunk);
      const now = this.lines?.soFar() ?? last;
      const isMoving = now.some((one, index) => one !== last[index]) && !this.isBeyond(now);
      idleBytes = !this.isWatched || isMoving || child.taken > taken ? 0 : idleBytes + chunk.length;
      last = now;
      taken = child.taken;
      if (idleBytes <= mostIdleBytes + idleBytesEach * this.mostExpected() || this.flood !== null) continue;
      this.flood = new CountFailure('flood', `wrote ${idleBytes} bytes without another number in them`);
      child.kill('stopped');
    }
  }

  private mostExpected(): number {
    return Math.max(0, ...this.judge(this.before, this.sent).map(({ expected }) => expected));
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
