/** A program under test, from its start to its end: fed while what it writes is read. */
import type { InputSpec } from '../analysis/input.js';
import type { ComparedMessage } from '../compare/message.js';
import { parsedReader } from '../compare/parsed.js';
import { type ParserReports, ReportLog } from '../compare/reports.js';
import type { Child } from '../io/child-process.js';
import { unreadDatagrams } from '../io/udp-table.js';
import type { MessageSource } from './message-source.js';
import { feedChild, feedUdp } from './parser-feed.js';
import { outcomeOf, type ParserOutcome } from './parser-outcome.js';
import { LineReader, type OutputReader, type ReadOutput, RecordReader } from './parser-output.js';
import type { ParserSpec } from './parser-spec.js';
import { startProgram, untilReady } from './parser-start.js';

/** Output without a message in it, after which a program is ended. */
const mostIdleBytes = 8 << 20;
/** Behind the last datagram, how long its output may rest before it is asked to end: no more than it may be silent. */
const mostSettleMs = 500;
/** Behind the end of its output, how long its own end may take while it is being fed. */
const endMs = 1000;

/** Made by `startCommand`. */
export class CommandParser implements MessageSource {
  private readonly fed: Promise<void>;
  private feedError: unknown = null;
  private isFed = false;
  /** Its output has come to an end. */
  private isRead = false;
  private floodText: string | null = null;
  /** Of output since the last message. */
  private idleBytes = 0;

  constructor(
    private readonly child: Child,
    private readonly spec: ParserSpec,
    private readonly reader: OutputReader,
    private readonly log: ReportLog,
    feed: () => Promise<void>,
  ) {
    this.fed = feed()
      .catch((error: unknown) => {
        this.feedError = error;
        child.kill('stopped');
      })
      .finally(() => {
        this.isFed = true;
      });
  }

  async next(): Promise<readonly ComparedMessage[] | null> {
    for (;;) {
      const chunk = await this.child.read();
      if (chunk === null) this.isRead = true;
      const messages = chunk === null ? this.reader.end() : this.reader.push(chunk);
      if (messages.length > 0) {
        this.idleBytes = 0;
        return messages;
      }
      if (chunk === null) return null;
      this.idleBytes += chunk.length;
      if (this.idleBytes > mostIdleBytes) this.flood(`wrote ${this.idleBytes} bytes without a message in them`);
    }
  }

  /** Ends the program, which goes on writing. */
  flood(text: string): void {
    this.floodText ??= text;
    this.child.kill('stopped');
  }

  /** How it fared; to be asked for once all of its output was read. Rejects with what feeding it did. */
  async outcome(): Promise<ParserOutcome> {
    const result = await this.child.end();
    await this.fed;
    if (this.feedError !== null) throw this.feedError;
    const outcome = outcomeOf(result, this.spec.silenceMs, this.floodText);
    if (outcome.verdict !== 'ok' || this.reader.rubbish === 0) return outcome;
    const count = this.reader.rubbish > 1 ? ` (${this.reader.rubbish} times in all)` : '';
    return { ...outcome, verdict: 'rubbish', message: `${this.reader.firstRubbish}${count}` };
  }

  /** What it reported so far. */
  get reports(): ParserReports {
    return this.log.all();
  }

  async close(): Promise<void> {
    // Its output may be seen to end before itself: how it ended is then still to come.
    if (this.isRead && !this.isFed) {
      const late = new Promise((resolve) => setTimeout(resolve, endMs).unref());
      await Promise.race([this.child.finished, this.fed, late]);
    }
    // Read to its end it ends by itself, or is ended; one that was left in the middle may wait for a reader.
    if (!this.isFed || !this.isRead) this.child.kill('stopped');
    await this.child.end();
  }
}

/** Starts the program on one input. */
export async function startCommand(spec: ParserSpec, input: InputSpec): Promise<CommandParser> {
  const { child, address } = await startProgram(spec, input);
  const log = new ReportLog(spec.reports);
  const parsed = parsedReader(spec.mapping);
  const read: ReadOutput = (values, place) => (log.take(values) ? null : parsed(values, place, null));
  const name = `output of ${spec.name}`;
  const reader =
    spec.records === null ? new LineReader(name, read) : new RecordReader(name, spec.records, spec.mapping.type, read);
  const feed =
    spec.feed === 'udp'
      ? () => feedAndStop(child, spec, input, address)
      : () => feedChild(child, spec.feed, input).finally(() => child.endInput());
  return new CommandParser(child, spec, reader, log, feed);
}

/** Waits until it listens, replays, and asks it to end once it is silent. */
async function feedAndStop(child: Child, spec: ParserSpec, input: InputSpec, address: string): Promise<void> {
  child.endInput();
  // What waits at sockets of others before it is fed, for where its own are not known.
  let strangers = 0;
  const port = Number(/:(\d+)(?:\?.*)?$/.exec(address)?.[1] ?? 0);
  // Until all is sent it waits for us, and it has so long to be ready.
  const touching = setInterval(() => child.touch(), Math.min(50, spec.silenceMs / 4));
  try {
    if (!(await untilReady(child, spec))) return;
    strangers = unreadDatagrams(port, child.members).bytes;
    await feedUdp(address, spec, input, child);
  } finally {
    clearInterval(touching);
  }
  const settleMs = Math.min(mostSettleMs, spec.silenceMs / 2);
  await child.untilSilent(settleMs);
  // What it leaves unread it may never come to: then it is ended for its silence.
  const unreadNow = (): number => {
    const { bytes, isOwn } = unreadDatagrams(port, child.members);
    return isOwn ? bytes : Math.max(0, bytes - strangers);
  };
  for (let unread = unreadNow(); unread > 0 && !child.isOver; ) {
    await child.untilSilent(settleMs);
    const now = unreadNow();
    if (now < unread) child.touch();
    unread = now;
  }
  await child.stop();
}
