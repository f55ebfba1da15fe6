/**
 * From files to judged messages: capture → session → protocol, in one pull loop.
 *
 * What the commands that read share: opening the input, the run's time base, the window and filters, recognition of
 * flows, and the verdict on each message. Damage is collected, never thrown.
 */
import type { Flow, MessageListener, Stream } from '../core/seams.js';
import { itch50 } from '../protocol/itch50/index.js';
import { asksOfMessages, type MessageFilter, noFilter, noStream } from '../replay/filter.js';
import type { SbeFilter } from '../replay/sbe-filter.js';
import type { CaptureWindow } from '../replay/window.js';
import { recordsPastWindow } from '../replay/windowed-reader.js';
import { isBlockReader } from '../session/block-reader.js';
import { SessionDemux } from '../session/demux.js';
import { HEADER_LENGTH } from '../session/moldudp64.js';
import { SessionStream } from '../session/stream.js';
import { StreamKeys } from '../session/stream-keys.js';
import { CaptureInput } from './capture-input.js';
import { DamageLog } from './damage-log.js';
import { openProtocols } from './definitions.js';
import type { FeedHandlers, FeedOptions } from './feed-options.js';
import { type Input, type InputSpec, inputName, inputSpecOf, refuseFilters } from './input.js';
import { ProtocolGate, type Verdict } from './protocol-gate.js';
import { isMdp3, type Protocols } from './protocols.js';
import { RunClock } from './run-clock.js';
import { SymbolLearner } from './symbol-learner.js';
import { creditOf, forcedFramingOf, judgesAlike, streamFinder } from './threads/judged.js';
import type { JudgedPart } from './threads/part.js';

export type { FeedHandlers, FeedOptions } from './feed-options.js';

/** How much of a BinaryFILE is taken at once: it stays in the first caches. */
const fileRunBytes = 32_768;

/** An input being read; figures grow while `run` is under way and stay after. */
export class MessageFeed {
  readonly input: CaptureInput;
  readonly protocols: Protocols;
  readonly gate: ProtocolGate;
  readonly demux: SessionDemux;
  readonly damage: DamageLog;
  recordsRead = 0;
  /** Records that were in the window. */
  records = 0;
  /** Messages read in the window, of whatever layout … */
  messagesRead = 0;
  /** … and those of them that the filters let pass. */
  messagesPassed = 0;
  /** The streams of BinaryFILEs, by the file's place in the input. */
  readonly fileStreams: readonly Stream[];
  private readonly handlers: FeedHandlers;
  private readonly filter: MessageFilter;
  private readonly mdp3Filter: SbeFilter;
  private readonly learner: SymbolLearner;
  private readonly clock = new RunClock();
  private readonly window: CaptureWindow | undefined;
  private readonly takesFileRuns: boolean;
  private readonly streamKeys: StreamKeys;
  /** The filter's key for the messages of the record in hand. */
  private streamKey = 0;
  /** Records behind the window, in a row. */
  private past = 0;
  /** Set by `stop`. */
  isStopped = false;
  private endWaiting: () => void = () => {};
  private readonly stopped = new Promise<void>((resolve) => {
    this.endWaiting = resolve;
  });
  /** True while bytes of a TCP stream go to its session that lie before the window: framing and numbers go on. */
  private isMuted = false;
  /** The part being gone through, whose messages were judged elsewhere; null where they are judged here. */
  private judged: JudgedPart | null = null;
  private flowsTold = 0;

  private constructor(
    input: CaptureInput,
    spec: InputSpec,
    protocols: Protocols,
    handlers: FeedHandlers,
    options: FeedOptions,
    log: DamageLog,
  ) {
    this.input = input;
    this.protocols = protocols;
    this.handlers = handlers;
    this.damage = log;
    this.window = options.window;
    const asksNothing = !asksOfMessages(options.filter ?? noFilter);
    this.takesFileRuns = handlers.onFileRun !== undefined && asksNothing && (options.window?.isOpen ?? true);
    const filters = protocols.filters(options.filter ?? noFilter);
    this.filter = filters.itch;
    this.mdp3Filter = filters.mdp3;
    this.gate = new ProtocolGate({
      applicationOf: (stream) => protocols.of(stream),
      isForced: (stream) => protocols.isSettled(spec, stream),
      currentFile: () => input.currentName,
      ...(options.knownFraming === undefined ? {} : { credit: creditOf(options.knownFraming) }),
      onDamage: (damage) => log.add({ ...damage, offset: input.reader.fileOffset }, input.currentName),
    });
    this.fileStreams = Array.from({ length: input.fileCount }, (_, index) => ({
      index,
      protocol: 'BinaryFILE',
      session: null,
      flow: null,
    }));
    this.streamKeys = new StreamKeys(input.fileCount);
    const learnsSymbols = filters.mdp3.learns || options.learnsSymbols === true;
    this.learner = new SymbolLearner(spec, filters.itch, protocols.mdp3, this.streamKeys, learnsSymbols);
    const listener: MessageListener = {
      ...(handlers.onRun !== undefined && asksNothing ? { onMessages: this.takeRun } : {}),
      onMessage: (view, offset, length, timestampNs, sequence, stream) =>
        this.message(view, offset, length, timestampNs, sequence, stream),
      onGap: (from, to, stream) => handlers.onGap?.(from, to, stream),
      onHeartbeat: (nextSequence, _timestampNs, stream) => {
        if (!this.isMuted) handlers.onHeartbeat?.(nextSequence, stream);
      },
      onDamage: (damage) => log.add(damage, input.currentName),
    };
    this.demux = new SessionDemux(listener, {
      lengthOf: itch50.lengthOf,
      mdp3: protocols.mdp3,
      force: forcedFramingOf(spec, options.knownFraming),
      firstStream: input.messageFiles.length === 0 ? 0 : input.fileCount,
    });
  }

  static async open(from: Input, handlers: FeedHandlers, options: FeedOptions = {}): Promise<MessageFeed> {
    const spec = inputSpecOf(from);
    const log = new DamageLog(inputName(spec), (damage) => handlers.onDamage?.(damage));
    const protocols = await openProtocols(spec, ({ file, ...damage }) => log.add(damage, file));
    const { threads } = options;
    const inputOptions = threads === undefined ? {} : { threads };
    const input = await CaptureInput.open(spec, (damage, file) => log.add(damage, file), inputOptions);
    try {
      for (const name of input.messageFiles) refuseFilters(name, options.filter ?? noFilter);
      return new MessageFeed(input, spec, protocols, handlers, options, log);
    } catch (error) {
      await input.close();
      throw error;
    }
  }

  /** A feed over a part that a reader stands before; whoever reads it calls `take` for each record. */
  static over(
    input: CaptureInput,
    spec: InputSpec,
    protocols: Protocols,
    handlers: FeedHandlers,
    options: FeedOptions,
  ): MessageFeed {
    return new MessageFeed(input, spec, protocols, handlers, options, new DamageLog(input.name));
  }

  /** Seconds since the epoch of the run's base: `timestampNs` counts from there. */
  get baseSeconds(): number {
    return this.clock.baseSeconds;
  }

  /** Stamps further than 104 days from the first; such a record goes by the time of the one before. */
  get farStamps(): number {
    return this.clock.farStamps;
  }

  /** Reads to the end of the input, of the window, or until `isDone`; the files are closed in any case. */
  async run(): Promise<void> {
    const { input, handlers } = this;
    const { reader } = input;
    try {
      for (;;) {
        this.takeFileRuns();
        while (reader.next()) {
          if (this.judged !== null) {
            this.follow(reader);
            continue;
          }
          this.take(reader);
          if (this.past > recordsPastWindow || this.isStopped || handlers.isDone?.()) return;
          const pause = handlers.pause?.();
          if (pause) await pause;
          this.takeFileRuns();
        }
        if (this.judged !== null) {
          this.endPart(this.judged);
          const pause = handlers.pause?.();
          if (pause) await pause;
        }
        if (reader.done) break;
        this.tellFlows();
        // A pipe's next bytes may never come.
        await Promise.race([input.fill(), this.stopped]);
        if (this.isStopped) return;
        const { judged } = input;
        if (judged === null) continue;
        if (judgesAlike(this, judged) && (handlers.mayPass?.(judged) ?? true)) this.judged = judged;
        else input.readAnew();
      }
      this.demux.finish();
    } finally {
      if (this.records === 0) this.demux.countAnew();
      const closed = input.close();
      // A stop may have left a read of a pipe under way, which ends when the pipe does.
      if (this.isStopped) closed.catch(() => {});
      else await closed;
    }
  }

  /** Ends the run with the record at hand; `run` resolves as at the end of the input. */
  stop(): void {
    this.isStopped = true;
    this.endWaiting();
  }

  /** Takes the record that the input's reader stands at. */
  take(reader: CaptureInput['reader']): void {
    if (this.recordsRead++ === 0) this.input.compareClocks();
    const where = this.window?.check(reader.seconds, reader.nanoseconds) ?? 'in';
    this.past = where === 'after' ? this.past + 1 : 0;
    const flow = reader.flow ?? null;
    if (where !== 'in') {
      if (where === 'before') this.passBefore(reader, flow);
      return;
    }
    if (flow !== null && !this.filter.acceptsFlow(flow)) {
      // Definitions have flows of their own.
      this.learner.learnPacket(reader, flow);
      return;
    }
    // Streams of TCP were followed up to the window.
    if (this.records++ === 0) this.demux.countAnew();
    const timestampNs = this.clock.sinceBase(reader);
    this.handlers.onRecord?.(reader, flow, timestampNs);
    const { view, offset, length } = reader;
    if (flow === null) {
      this.streamKey = this.input.current;
      this.message(view, offset, length, timestampNs, 0, this.fileStreams[this.streamKey] as Stream);
    } else if (flow.transport === 'TCP') {
      this.segment(reader, flow, timestampNs);
    } else {
      if (this.filter.learns && length >= HEADER_LENGTH && this.demux.recognisedAs(flow) !== 'MDP3') {
        this.streamKey = this.streamKeys.keyOf(view, offset, flow);
      }
      const { packetNumber, fileOffset } = reader;
      if (this.demux.datagram(view, offset, length, timestampNs, flow, packetNumber, fileOffset)) {
        this.handlers.onDatagram?.(reader, flow, this.demux.recognisedAs(flow), false);
      }
    }
  }

  /** Takes what is at hand of a BinaryFILE as far as its messages are known, many at once; `take` takes the first. */
  takeFileRuns(): void {
    const { handlers, gate, input } = this;
    const { reader } = input;
    if (!this.takesFileRuns || this.records === 0 || !isBlockReader(reader)) return;
    const stream = this.fileStreams[input.current] as Stream;
    while (gate.isOfProtocol(stream)) {
      const count = reader.nextBlocks(fileRunBytes, true);
      if (count === 0) return;
      const { view, offset, blocksOffset, blocksLength } = reader;
      gate.addVerdicts(stream, { fit: count, unfit: 0, withheld: 0 });
      this.recordsRead += count;
      this.records += count;
      this.messagesRead += count;
      this.messagesPassed += count;
      const shiftNs = this.clock.sinceBase(reader) - itch50.timestampOf(view, offset);
      handlers.onFileRun?.(view, blocksOffset, blocksOffset + blocksLength, count, shiftNs, stream);
    }
  }

  /** Takes a datagram of a part whose messages were judged elsewhere: sessions and lines go on with it. */
  private follow(reader: CaptureInput['reader']): void {
    const { view, offset, length, packetNumber, fileOffset } = reader;
    const flow = reader.flow as Flow;
    if (!this.filter.acceptsFlow(flow)) return;
    // A far stamp behind the part goes by the last of these. (Of a BinaryFILE, whose parts have no rows, none is far.)
    this.clock.sinceBase(reader);
    if (this.demux.follow(view, offset, length, flow, packetNumber, fileOffset)) {
      this.handlers.onDatagram?.(reader, flow, this.demux.recognisedAs(flow), true);
    }
  }

  /** Tells other threads what flows have turned out to be since they were told last. */
  private tellFlows(): void {
    const { demux, input } = this;
    for (; this.flowsTold < demux.recognised.length; this.flowsTold++) {
      const flow = demux.recognised[this.flowsTold] as Flow;
      input.tell({ name: flow.name, framing: demux.recognisedAs(flow) === 'MDP3' ? 'mdp3' : 'moldudp64' });
    }
  }

  /** Adds the verdicts of the part that was gone through. */
  private endPart(judged: JudgedPart): void {
    const { demux, gate, input, handlers } = this;
    this.judged = null;
    const streamOf = streamFinder(demux.streams, input.flows, this.fileStreams[input.current] ?? null);
    for (const one of judged.streams) {
      const stream = streamOf(one);
      if (stream === null) continue;
      gate.addVerdicts(stream, one);
      if (stream instanceof SessionStream) stream.zeroLength += one.zeroLength;
      if (one.passed > 0) handlers.onPassed?.(one.passed, stream);
    }
    gate.addCounts(judged);
    this.recordsRead += judged.recordsRead;
    this.records += judged.records;
    this.messagesRead += judged.messagesRead;
    this.messagesPassed += judged.messagesPassed;
    handlers.onJudged?.(judged);
  }

  private segment(reader: CaptureInput['reader'], flow: Flow, timestampNs: number): void {
    const { view, offset, length, packetNumber, fileOffset, join = 'next' } = reader;
    if (this.filter.learns) this.streamKey = this.streamKeys.keyOfFlow(flow);
    this.demux.segment(view, offset, length, timestampNs, flow, join, packetNumber, fileOffset);
  }

  /** What lies before the window shows the filter symbols' locates, often told once, before the open. */
  private passBefore(reader: CaptureInput['reader'], flow: Flow | null): void {
    if (flow?.transport === 'TCP' && this.filter.acceptsFlow(flow)) {
      this.isMuted = true;
      this.segment(reader, flow, 0);
      this.isMuted = false;
    } else if (this.learner.isEager) this.learner.learn(reader, flow, this.input.current);
  }

  /** A packet's messages, none of which filters ask about: all at once where all are known. */
  private readonly takeRun: MessageListener['onMessages'] = (
    view,
    start,
    end,
    count,
    timestampNs,
    sequence,
    stream,
  ) => {
    const isWanted = this.filter.acceptsStream(stream);
    if (isWanted && this.gate.judgeRun(view, start, end, count, stream)) {
      this.messagesRead += count;
      this.messagesPassed += count;
      this.handlers.onRun?.(view, start, end, count, timestampNs, stream);
      return;
    }
    let number = sequence;
    for (let at = start; at < end; ) {
      const length = view.getUint16(at);
      this.message(view, at + 2, length, timestampNs, number, stream);
      at += 2 + length;
      if (sequence !== 0) number++;
    }
  };

  private message(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    sequence: number,
    stream: Stream,
  ): void {
    if (this.judged !== null) return;
    const isOfMdp3 = isMdp3(stream);
    if (this.isMuted) {
      if (isOfMdp3) this.learner.learnMessage(view, offset, length);
      else this.filter.learn(view, offset, length, this.streamKey);
      return;
    }
    this.messagesRead++;
    if (!this.filter.acceptsStream(stream)) return;
    const verdict = this.gate.judge(view, offset, length, this.input.reader.packetNumber, sequence, stream);
    if (isOfMdp3) {
      if (verdict === 'known') this.learner.learnMessage(view, offset, length);
      if (!this.acceptsMdp3(view, offset, length, verdict)) return;
    } else {
      const streamKey = verdict === 'known' ? this.streamKey : noStream;
      if (!this.filter.acceptsMessage(view, offset, length, streamKey)) return;
    }
    this.messagesPassed++;
    this.handlers.onMessage?.(view, offset, length, timestampNs, sequence, stream, verdict);
  }

  private acceptsMdp3(view: DataView, offset: number, length: number, verdict: Verdict): boolean {
    if (verdict === 'known') return this.mdp3Filter.acceptsMessage(view, offset, length);
    return this.mdp3Filter.acceptsUnknown(this.protocols.mdp3.describeLayout(view, offset, length).type);
  }
}
