/**
 * From a file to judged messages: capture → session → protocol, in one pull loop.
 *
 * What the commands that read share: opening the input, the run's time base, the window and filters, recognition of
 * flows, and the verdict on each message. Damage is collected, never thrown.
 */
import type { Damage, Flow, MessageListener, RecordReader, Stream } from '../core/seams.js';
import type { CaptureFile } from '../io/open-capture.js';
import { itch50 } from '../protocol/itch50/index.js';
import { type FilterSpec, MessageFilter, noFilter, noStream } from '../replay/filter.js';
import type { CaptureWindow } from '../replay/window.js';
import { recordsPastWindow } from '../replay/windowed-reader.js';
import { looksLikeMoldUDP64, SessionDemux } from '../session/demux.js';
import { HEADER_LENGTH } from '../session/moldudp64.js';
import { StreamKeys } from '../session/stream-keys.js';
import { DamageLog } from './damage-log.js';
import { chosenProtocol, forcedFraming, type InputSpec, openInput, refuseFilters } from './input.js';
import { itch50Landmarks } from './landmarks.js';
import { learnPacket } from './learn-packet.js';
import { ProtocolGate, type Verdict } from './protocol-gate.js';

/** Nanoseconds in 104 days: further from the base a number of ns is no longer exact. */
const farNs = 2 ** 53;

export interface FeedHandlers {
  /** Every message that the filters let pass, with the verdict on it. */
  onMessage?(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    sequence: number,
    stream: Stream,
    verdict: Verdict,
  ): void;
  /** Every datagram (or BinaryFILE record) in the window, before its messages. */
  onRecord?(reader: RecordReader, flow: Flow | null, timestampNs: number): void;
  onGap?(from: number, to: number, stream: Stream): void;
  onDamage?(damage: Damage): void;
  /** Asked after each record; true ends the run there. */
  isDone?(): boolean;
  /** Awaited between records where it returns a promise (back-pressure). */
  pause?(): Promise<void> | undefined;
}

export interface FeedOptions {
  filter?: FilterSpec;
  window?: CaptureWindow;
}

/** A file being read; figures grow while `run` is under way and stay after. */
export class MessageFeed {
  readonly file: CaptureFile;
  readonly gate: ProtocolGate;
  readonly demux: SessionDemux;
  readonly damage: DamageLog;
  /** Seconds since the epoch of the run's base: `timestampNs` counts from there. */
  baseSeconds = 0;
  /** Records that were in the window. */
  records = 0;
  /** Messages read in the window, of whatever layout … */
  messagesRead = 0;
  /** … and those of them that the filters let pass. */
  messagesPassed = 0;
  /** Stamps further than 104 days from the first; such a record goes by the time of the one before. */
  farStamps = 0;
  /** The stream of a BinaryFILE. */
  readonly fileStream: Stream = { index: 0, protocol: 'BinaryFILE', session: null, flow: null };
  private readonly handlers: FeedHandlers;
  private readonly filter: MessageFilter;
  private readonly window: CaptureWindow | undefined;
  private readonly spec: InputSpec;
  private readonly streamKeys = new StreamKeys();
  /** The filter's key for the messages of the record in hand. */
  private streamKey = 0;
  private hasBase = false;
  private latestNs = 0;
  /** Records behind the window, in a row. */
  private past = 0;

  private constructor(
    file: CaptureFile,
    spec: InputSpec,
    handlers: FeedHandlers,
    options: FeedOptions,
    log: DamageLog,
  ) {
    this.file = file;
    this.spec = spec;
    this.handlers = handlers;
    this.damage = log;
    this.window = options.window;
    this.filter = new MessageFilter(options.filter ?? noFilter, itch50Landmarks);
    this.gate = new ProtocolGate(itch50.isKnown, (stream) => chosenProtocol(spec, stream.flow) === 'itch50');
    const listener: MessageListener = {
      onMessage: (view, offset, length, timestampNs, sequence, stream) =>
        this.take(view, offset, length, timestampNs, sequence, stream),
      onGap: (from, to, stream) => handlers.onGap?.(from, to, stream),
      onDamage: (damage) => log.add(damage),
    };
    this.demux = new SessionDemux(listener, { lengthOf: itch50.lengthOf, force: forcedFraming(spec) });
  }

  static async open(spec: InputSpec, handlers: FeedHandlers, options: FeedOptions = {}): Promise<MessageFeed> {
    const log = new DamageLog(spec.path === '-' ? 'standard input' : spec.path, (damage) =>
      handlers.onDamage?.(damage),
    );
    const file = await openInput(spec, (damage) => log.add(damage));
    try {
      refuseFilters(file, options.filter ?? noFilter);
      return new MessageFeed(file, spec, handlers, options, log);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Reads to the end of the file, of the window, or until `isDone`; the file is closed in any case. */
  async run(): Promise<void> {
    const { file, handlers } = this;
    const { reader } = file;
    try {
      for (;;) {
        while (reader.next()) {
          this.record(reader);
          if (this.past > recordsPastWindow || handlers.isDone?.()) return;
          const pause = handlers.pause?.();
          if (pause) await pause;
        }
        if (reader.done) return;
        await file.fill();
      }
    } finally {
      await file.close();
    }
  }

  private record(reader: RecordReader): void {
    const where = this.window?.check(reader.seconds, reader.nanoseconds) ?? 'in';
    this.past = where === 'after' ? this.past + 1 : 0;
    if (where === 'before' && this.filter.learns) this.learn(reader);
    if (where !== 'in') return;
    const flow = this.file.kind === 'datagrams' ? this.file.reader.flow : null;
    if (flow !== null && !this.filter.acceptsFlow(flow)) return;
    this.records++;
    const timestampNs = this.sinceBase(reader);
    this.handlers.onRecord?.(reader, flow, timestampNs);
    const { view, offset, length } = reader;
    if (flow === null) {
      this.take(view, offset, length, timestampNs, 0, this.fileStream);
      return;
    }
    if (this.filter.learns && length >= HEADER_LENGTH) this.streamKey = this.streamKeys.keyOf(view, offset, flow);
    this.demux.datagram(view, offset, length, timestampNs, flow, reader.packetNumber, reader.fileOffset);
  }

  /** Shows the filter a record before the window: symbols' locates are often told once, before the open. */
  private learn(reader: RecordReader): void {
    const { view, offset, length } = reader;
    if (this.file.kind !== 'datagrams') {
      this.filter.learn(view, offset, length);
      return;
    }
    const { flow } = this.file.reader;
    const choice = chosenProtocol(this.spec, flow);
    if (choice === 'none' || length < HEADER_LENGTH || !this.filter.acceptsFlow(flow)) return;
    if (choice === undefined && !looksLikeMoldUDP64(view, offset, length, itch50.lengthOf)) return;
    learnPacket(this.filter, view, offset, length, this.streamKeys.keyOf(view, offset, flow));
  }

  private sinceBase(reader: RecordReader): number {
    if (!this.hasBase) {
      this.hasBase = true;
      this.baseSeconds = reader.seconds;
    }
    const sinceNs = (reader.seconds - this.baseSeconds) * 1e9 + reader.nanoseconds;
    if (Math.abs(sinceNs) > farNs) this.farStamps++;
    else this.latestNs = sinceNs;
    return this.latestNs;
  }

  private take(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    sequence: number,
    stream: Stream,
  ): void {
    this.messagesRead++;
    if (!this.filter.acceptsStream(stream)) return;
    const verdict = this.gate.judge(view, offset, length, this.file.reader.packetNumber, sequence, stream);
    const streamKey = verdict === 'known' ? this.streamKey : noStream;
    if (!this.filter.acceptsMessage(view, offset, length, streamKey)) return;
    this.messagesPassed++;
    this.handlers.onMessage?.(view, offset, length, timestampNs, sequence, stream, verdict);
  }
}
