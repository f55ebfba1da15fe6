/**
 * An external parser, measured: as fast as it takes its input, and paced.
 *
 * Fed on its standard input it is started anew for each run; the time is from its start to its end, or, where it
 * prints counts, to the count of the last message, so process, pipe and printing are in it. Over UDP it is started
 * once, tells by a counter how many packets it has received, and the time is to the last count. Paced, each message
 * has a time of its own; a count that covers it is when it was handled. Without counts it is when the kernel took it
 * into the pipe, which shows that a program has fallen behind, and not when it handled what is in there.
 */
import type { InputSpec } from '../../analysis/input.js';
import { UsageError } from '../../core/errors.js';
import { initHistograms, SignedHistogram } from '../../core/histogram.js';
import { type AckAddress, type AckCounter, openAckCounter } from '../../io/ack-counter.js';
import { openUdpSender, type UdpSendSink } from '../../io/open-udp-sink.js';
import type { PacedResult } from './paced.js';
import { Program } from './program.js';
import { type FeedKind, type ProgramFeed, programFeed } from './program-feed.js';
import type { Sample } from './sample.js';

export interface CommandSpec {
  /** As it is given to a shell. */
  readonly command: string;
  readonly feed: FeedKind;
  /** Where it tells its count; null: on its standard output, if at all. */
  readonly ack: AckAddress | null;
}

/** One run as fast as it goes. */
export interface CommandFigures {
  readonly ns: number;
  /** Messages, over UDP packets, that it counted; null where it counts none. */
  readonly counted: number | null;
  /** Packets that did not arrive, over UDP. */
  readonly lost: number;
}

/** How latency was told, in words. */
export type LatencyBy = 'counts' | 'pipe';

/** A receiver whose count has not changed for so long has received all that it will. */
const quietNs = 500e6;
/** So long before the first message of a paced run: a program is up by then. */
const leadNs = 300e6;

export class CommandParser {
  /** What it prints that is no count. */
  rubbish: string | null = null;
  latencyBy: LatencyBy = 'counts';
  private receiver: Receiver | null = null;

  private constructor(
    private readonly spec: CommandSpec,
    readonly feed: ProgramFeed,
    private readonly messages: number,
    private readonly withinMs: number,
  ) {}

  /** Makes the feed, and starts a program that is fed over UDP; throws UsageError where it cannot be fed so. */
  static async open(spec: CommandSpec, sample: Sample, input: InputSpec, withinMs: number): Promise<CommandParser> {
    const feed = await programFeed(spec.feed, sample, input);
    if (typeof spec.feed === 'object' && spec.ack === null) {
      const text = 'over UDP its count says how much it received: --parser-ack tcp://HOST:PORT, unix:PATH or file:PATH';
      throw new UsageError('parser-ack', text);
    }
    const parser = new CommandParser(spec, feed, feed.messagesUpTo.at(-1) ?? 0, withinMs);
    if (typeof spec.feed === 'object') parser.receiver = await Receiver.open(spec, feed, withinMs);
    return parser;
  }

  async runOnce(): Promise<CommandFigures> {
    if (this.receiver !== null) return this.receiver.runOnce();
    const { feed, spec, messages } = this;
    const program = new Program(spec.command, true);
    try {
      const startNs = nowNs();
      let countedNs = 0;
      const acks = await this.acksOf(program);
      acks.onCount((count) => {
        if (count >= messages && countedNs === 0) countedNs = nowNs();
      });
      const fed = program.feed(feed.bytes);
      await program.finish(feed.bytes.length, this.withinMs);
      await fed;
      const endedNs = nowNs();
      const counted = acks.count();
      acks.close();
      this.rubbish ??= program.rubbish;
      this.checkCount(program, counted);
      return { ns: (countedNs === 0 ? endedNs : countedNs) - startNs, counted, lost: 0 };
    } finally {
      await program.close();
    }
  }

  /** `messages`: of the feed, at most. */
  async paced(perSecond: number, messages: number): Promise<PacedResult> {
    if (this.receiver !== null) return this.receiver.paced(perSecond, messages);
    await initHistograms();
    const { feed, spec } = this;
    const program = new Program(spec.command, true);
    try {
      const acks = await this.acksOf(program);
      const originNs = nowNs() + leadNs;
      const log = new LatencyLog(feed.messagesUpTo, originNs, perSecond);
      acks.onCount((count) => log.upTo(Math.min(count, messages), nowNs()));
      if (feed.headBytes > 0) await program.write(feed.bytes.subarray(0, feed.headBytes));
      const byPipe: [number, number][] = [];
      await pacedUnits(feed, messages, log, async (start, end, upTo) => {
        await program.write(feed.bytes.subarray(start, end), () => byPipe.push([upTo, nowNs()]));
        acks.ask();
        return !program.isOver;
      });
      program.endInput();
      await program.finish(0, this.withinMs);
      if (acks.count() === null) {
        this.latencyBy = 'pipe';
        for (const [upTo, atNs] of byPipe) log.upTo(Math.min(upTo, messages), atNs);
      }
      acks.close();
      if (log.messages < messages) {
        throw program.failure('partial', `ended a paced run with ${log.messages} of ${messages} messages`);
      }
      return log.result();
    } finally {
      await program.close();
    }
  }

  async close(): Promise<void> {
    await this.receiver?.close();
  }

  private checkCount(program: Program, counted: number | null): void {
    const { messages } = this;
    if (counted === null && this.spec.ack === null) return;
    if (counted === messages) return;
    const said = counted === null ? 'told no count' : `counted ${counted}`;
    throw program.failure('partial', `${said} where ${messages} messages were in its input`);
  }

  /** Its counts: where it tells them, or what it prints. */
  private async acksOf(program: Program): Promise<Acks> {
    const { ack } = this.spec;
    if (ack !== null) return new PolledAcks(await openAckCounter(ack));
    return {
      onCount: (listener) => {
        program.onCount = listener;
      },
      count: () => program.count,
      ask: () => {},
      close: () => {},
    };
  }
}

interface Acks {
  onCount(listener: (count: number) => void): void;
  count(): number | null;
  ask(): void;
  close(): void;
}

/** A counter somewhere else, asked on every turn of the event loop; it may have begun before us. */
class PolledAcks implements Acks {
  private readonly counter: AckCounter;
  private readonly base: number;
  private timer: NodeJS.Immediate | null = null;

  constructor(counter: AckCounter) {
    this.counter = counter;
    this.base = counter.count ?? 0;
  }

  onCount(listener: (count: number) => void): void {
    let last = 0;
    const poll = (): void => {
      const count = this.count();
      if (count !== null && count !== last) {
        last = count;
        listener(count);
      }
      this.timer = setImmediate(poll);
    };
    poll();
  }

  count(): number | null {
    return this.counter.count === null ? null : this.counter.count - this.base;
  }

  ask(): void {
    this.counter.ask();
  }

  /** Ends the asking; the counter stays open. */
  stop(): void {
    if (this.timer !== null) clearImmediate(this.timer);
  }

  close(): void {
    this.stop();
    this.counter.close();
  }
}

/** A program that listens on UDP. */
class Receiver {
  private constructor(
    private readonly program: Program,
    private readonly counter: AckCounter,
    private readonly sender: UdpSendSink,
    private readonly feed: ProgramFeed,
    private readonly withinMs: number,
  ) {}

  static async open(spec: CommandSpec, feed: ProgramFeed, withinMs: number): Promise<Receiver> {
    const program = new Program(spec.command, false);
    try {
      // Whoever counts has opened its socket.
      const counter = await openAckCounter(spec.ack as AckAddress);
      if (program.isOver) await program.finish(0, 0);
      const target = spec.feed as Exclude<FeedKind, string>;
      return new Receiver(program, counter, await openUdpSender(target), feed, withinMs);
    } catch (error) {
      await program.close();
      if (program.isOver && !(error instanceof UsageError)) throw program.failure('ended', (error as Error).message);
      throw error;
    }
  }

  async runOnce(): Promise<CommandFigures> {
    const { feed } = this;
    const packets = feed.unitEnds.length;
    const before = await this.settled();
    const startNs = nowNs();
    for (let unit = 0; unit < packets; unit++) await this.send(unit, 0);
    const { count, atNs } = await this.settledAt(before, packets);
    const received = count - before;
    if (received === 0) throw this.program.failure('deaf', `counted none of ${packets} packets: does it listen there?`);
    // Where packets were lost the time is of those that arrived, and told for as many as there are.
    return { ns: ((atNs - startNs) * packets) / received, counted: received, lost: Math.max(0, packets - received) };
  }

  async paced(perSecond: number, messages: number): Promise<PacedResult> {
    await initHistograms();
    const { feed, counter } = this;
    const before = await this.settled();
    const log = new LatencyLog(feed.messagesUpTo, nowNs() + leadNs, perSecond);
    const polled = new PolledAcks(counter);
    polled.onCount((count) => log.upTo(feed.messagesUpTo[Math.min(count, feed.unitEnds.length) - 1] ?? 0, nowNs()));
    let sent = 0;
    await pacedUnits(feed, messages, log, async (_start, _end, _upTo, first, behind) => {
      for (let unit = first; unit < behind; unit++) await this.send(unit, 0);
      sent = behind;
      counter.ask();
      return !this.program.isOver;
    });
    const { count } = await this.settledAt(before, sent);
    polled.stop();
    const lost = sent - (count - before);
    if (lost > 0) {
      const text = `lost ${lost} of ${sent} packets at ${Math.round(perSecond)} messages a second`;
      throw this.program.failure('lost', `${text}, so no latency can be told: pace it slower (--latency-rate)`);
    }
    return log.result();
  }

  async close(): Promise<void> {
    this.counter.close();
    await this.sender.sink.close?.();
    await this.program.close();
  }

  private async send(unit: number, scheduledNs: number): Promise<void> {
    const { feed, sender } = this;
    const { bytes, unitEnds, flows } = feed;
    const start = unit === 0 ? 0 : unitEnds[unit - 1];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    sender.sink.send(view, start, unitEnds[unit] - start, scheduledNs, flows[unit]);
    if ((sender.sink.unsettled ?? 0) > 64) await sender.sink.settle?.();
  }

  /** Its count once that has stopped. */
  private async settled(): Promise<number> {
    return (await this.settledAt(0, Number.POSITIVE_INFINITY)).count;
  }

  /** Its count, and when it was told, once it has all of them or has told nothing new for a while. */
  private async settledAt(before: number, packets: number): Promise<{ count: number; atNs: number }> {
    const { counter, program } = this;
    const deadlineNs = nowNs() + this.withinMs * 1e6;
    let [count, atNs] = [counter.count ?? 0, nowNs()];
    while (count - before < packets && nowNs() - atNs < quietNs && nowNs() < deadlineNs) {
      if (program.isOver) await program.finish(0, 0);
      if (counter.failure !== null) throw program.failure('counter', counter.failure);
      counter.ask();
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (counter.count !== null && counter.count !== count) [count, atNs] = [counter.count, nowNs()];
    }
    return { count, atNs };
  }
}

/** When each message was due, and how long after it it was handled. */
class LatencyLog {
  messages = 0;
  private readonly histogram = new SignedHistogram();
  private unit = 0;
  private lastNs = 0;

  constructor(
    private readonly messagesUpTo: readonly number[],
    readonly originNs: number,
    private readonly perSecond: number,
  ) {}

  /** The time of a unit: that of its first message. */
  dueNs(unit: number): number {
    const before = unit === 0 ? 0 : this.messagesUpTo[unit - 1];
    return this.originNs + (before / this.perSecond) * 1e9;
  }

  /** Messages up to this one are handled. */
  upTo(messages: number, atNs: number): void {
    for (; this.messages < messages; this.messages++) {
      while (this.messagesUpTo[this.unit] <= this.messages) this.unit++;
      this.histogram.record(Math.max(0, atNs - this.dueNs(this.unit)));
      this.lastNs = atNs;
    }
  }

  result(): PacedResult {
    const { perSecond, messages, lastNs, originNs } = this;
    const latency = this.histogram.summary();
    return { askedPerSecond: perSecond, reachedPerSecond: (messages / (lastNs - originNs)) * 1e9, messages, latency };
  }
}

/** Hands over what is due, turn by turn of the event loop, until so many messages are, or `hand` returns false. */
async function pacedUnits(
  feed: ProgramFeed,
  messages: number,
  log: LatencyLog,
  hand: (start: number, end: number, upTo: number, first: number, behind: number) => Promise<boolean>,
): Promise<void> {
  const { unitEnds, messagesUpTo, headBytes } = feed;
  for (let unit = 0; unit < unitEnds.length && (messagesUpTo[unit - 1] ?? 0) < messages; ) {
    const atNs = nowNs();
    let behind = unit;
    while (behind < unitEnds.length && (messagesUpTo[behind - 1] ?? 0) < messages && log.dueNs(behind) <= atNs)
      behind++;
    if (behind > unit) {
      const start = unit === 0 ? headBytes : unitEnds[unit - 1];
      if (!(await hand(start, unitEnds[behind - 1], messagesUpTo[behind - 1], unit, behind))) return;
      unit = behind;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function nowNs(): number {
  return performance.now() * 1e6;
}
