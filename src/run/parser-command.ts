/** A program under test, from its start to its end: fed while what it writes is read. */
import { createSocket } from 'node:dgram';
import type { InputSpec } from '../analysis/input.js';
import type { ComparedMessage } from '../compare/message.js';
import { parsedReader } from '../compare/parsed.js';
import { UsageError } from '../core/errors.js';
import { Child } from '../io/child-process.js';
import type { MessageSource } from './message-source.js';
import { feedChild, feedUdp } from './parser-feed.js';
import { outcomeOf, type ParserOutcome } from './parser-outcome.js';
import { LineReader, type OutputReader, RecordReader } from './parser-output.js';
import type { ParserSpec } from './parser-spec.js';

/** How long a program that reads UDP has to begin listening where it does not say that it is ready. */
const startMs = 500;
/** Output without a message in it, after which a program is ended. */
const mostIdleBytes = 8 << 20;
/** Behind the last datagram, how long its output may rest before it is asked to end. */
const settleMs = 500;

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

  async close(): Promise<void> {
    // Read to its end it ends by itself, or is ended; one that was left in the middle may wait for a reader.
    if (!this.isFed || !this.isRead) this.child.kill('stopped');
    await this.child.end();
  }
}

/** Starts the program on one input. */
export async function startCommand(spec: ParserSpec, input: InputSpec): Promise<CommandParser> {
  const [capture = ''] = input.paths;
  const port = spec.feed === 'udp' ? await portOf(spec.address) : 0;
  const words = spec.command.map((word) => word.replaceAll('{capture}', capture).replaceAll('{port}', `${port}`));
  const child = new Child(words, {
    cwd: spec.folder,
    env: { TICKREEL_CAPTURE: capture, ...(port > 0 ? { TICKREEL_PORT: `${port}` } : {}) },
    silenceMs: spec.silenceMs,
    maxMemoryBytes: spec.maxMemoryBytes,
  });
  const read = parsedReader(spec.mapping);
  const name = `output of ${spec.name}`;
  const reader =
    spec.records === null ? new LineReader(name, read) : new RecordReader(name, spec.records, spec.mapping.type, read);
  const feed =
    spec.feed === 'udp'
      ? () => feedAndStop(child, spec, input, spec.address.replace(/:0$/, `:${port}`))
      : () => feedChild(child, spec.feed, input);
  return new CommandParser(child, spec, reader, feed);
}

/** Waits until it listens, replays, and asks it to end once it is silent. */
async function feedAndStop(child: Child, spec: ParserSpec, input: InputSpec, address: string): Promise<void> {
  child.endInput();
  if (spec.ready !== null) {
    const ready = new RegExp(spec.ready);
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), spec.silenceMs).unref());
    const answer = await Promise.race([child.untilErrorMatches(ready), late]);
    if (answer === 'late') return child.kill('timeout');
    if (!answer) return;
  } else await new Promise((resolve) => setTimeout(resolve, startMs));
  const touching = setInterval(() => child.touch(), 50);
  await feedUdp(address, spec, input).finally(() => clearInterval(touching));
  await child.untilSilent(settleMs);
  await child.stop();
}

/** The port of `udp://HOST:PORT`; a free one for 0. */
async function portOf(address: string): Promise<number> {
  const port = Number(/:(\d{1,5})(?:\?.*)?$/.exec(address)?.[1] ?? Number.NaN);
  if (!address.startsWith('udp://') || !(port <= 65_535)) {
    throw new UsageError('parser', `address ${address}: wants udp://HOST:PORT, with port 0 for a free one`);
  }
  if (port !== 0) return port;
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, '127.0.0.1', resolve));
  const free = socket.address().port;
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return free;
}
