/**
 * Converts captures: BinaryFILE, MoldUDP64 and SoupBinTCP, each into each; MDP 3.0 over UDP or TCP into UDP.
 *
 * Where the input is UDP datagrams, the output a capture, and nothing is asked of single messages, each datagram is
 * kept as it is: its payload, its place, heartbeats and foreign datagrams included; only headers are built anew.
 * Otherwise the first message decides: of ITCH, the messages of one session are taken from all lines that carry it, put
 * in order, and framed anew; of MDP 3.0, the packets of every channel are taken from all of its lines and put in order.
 * Faults befall datagrams that are kept as they are.
 */
import { LineComparison } from '../analysis/line-comparison.js';
import { LineNames } from '../analysis/line-names.js';
import { type LinesReport, linesReport } from '../analysis/lines-report.js';
import { MessageFeed } from '../analysis/message-feed.js';
import { isMdp3 } from '../analysis/protocols.js';
import type { CopiedPart, JudgedPart, StageSeed } from '../analysis/threads/part.js';
import type { ThreadsOptions } from '../analysis/threads/threads.js';
import { OTHER_FLOWS } from '../capture/flow.js';
import { UsageError } from '../core/errors.js';
import { initHistograms } from '../core/histogram.js';
import type { DatagramReader, Flow, RecordReader, Stream } from '../core/seams.js';
import { asksOfMessages, type FilterSpec, noFilter } from '../replay/filter.js';
import { CaptureWindow } from '../replay/window.js';
import { recordsPastWindow } from '../replay/windowed-reader.js';
import type { FlowReport } from '../session/demux.js';
import type { MessageTest } from '../session/mdp3.js';
import { windowOf } from './capture-source.js';
import { DatagramCopy } from './convert-datagrams.js';
import { MessageCopy } from './convert-messages.js';
import { PacketCopy } from './convert-packets.js';
import { type CopySpec, makerOfCopies } from './convert-part.js';
import type { ConvertReport, ConvertSpec } from './convert-spec.js';
import { Restamper, StampSpan } from './restamp.js';

/** A record's reader as captures have it. */
type CapturedReader = RecordReader & { truncated?: boolean };

/** A conversion under way. */
export class Conversion {
  readonly feed: MessageFeed;
  private readonly spec: ConvertSpec;
  private readonly window: CaptureWindow;
  private readonly span: StampSpan;
  private readonly messages: MessageCopy;
  /** The lines of what is copied; those of `packets` are compared there. */
  private readonly lines: LineComparison;
  /** Null where messages are framed anew; undefined before the first record tells. */
  private datagrams: DatagramCopy | null | undefined;
  /** Null where messages are those of ITCH; undefined before the first message tells. */
  private packets: PacketCopy | null | undefined;
  /** Whether the packet at hand was given to `packets`. */
  private isPacketTaken = false;
  /** Messages of ITCH beside those of MDP 3.0, by session. */
  private readonly others = new Map<string | null, number>();
  private readonly chooseMdp3: MessageTest | undefined;
  private where: 'before' | 'in' | 'after' = 'before';
  /** Records behind the window, in a row and in all. */
  private past = 0;
  private isCut = false;
  /** Whether a log of faults has ended that goes no further. */
  private isOver = false;
  private records = 0;
  private truncated = 0;
  private tcpPieces = 0;
  private otherFlows = 0;

  private constructor(spec: ConvertSpec, feed: MessageFeed) {
    this.spec = spec;
    this.feed = feed;
    this.window = new CaptureWindow(windowOf(spec));
    this.span = new StampSpan(new Restamper(spec.restamp));
    this.messages = new MessageCopy(spec, this.span, feed.protocols);
    const { protocols } = feed;
    this.lines = new LineComparison(protocols, spec.lines);
    const filter = protocols.filters(spec.filter).mdp3;
    this.chooseMdp3 = filter.readsMessages
      ? (view, offset, length) => protocols.wantsMdp3(filter, view, offset, length)
      : undefined;
  }

  /** Opens the input; rejects with CaptureError or UsageError. The output is made when there is something to write. */
  static async open(
    spec: ConvertSpec,
    onDamage: (damage: ConvertReport['damage'][number]) => void,
    threads: Omit<ThreadsOptions, 'stage' | 'seed' | 'makers'> = { threads: 1 },
  ): Promise<Conversion> {
    await initHistograms();
    let conversion: Conversion | undefined;
    const { destinations, sessions, channels, feeds } = spec.filter;
    const filter = { ...noFilter, destinations, sessions, channels, feeds };
    const feed = await MessageFeed.open(
      spec.input,
      {
        onRecord: (reader, flow) => conversion?.takeRecord(reader, flow),
        onMessage: (view, offset, length, _timestampNs, sequence, stream) =>
          conversion?.takeMessage(view, offset, length, sequence, stream),
        onHeartbeat: (nextSequence, stream) => conversion?.takeHeartbeat(nextSequence, stream),
        onDatagram: (reader, flow, framing) => conversion?.compare(reader, flow, framing),
        onDamage,
        mayPass: ({ copied }) => copied !== null && conversion?.canTake(copied) === true,
        onJudged: (judged) => conversion?.takePart(judged),
        isDone: () => conversion?.isDone ?? false,
      },
      // Messages are filtered once in order; the window is kept here, so that what comes before it is not unknown.
      {
        filter,
        learnsSymbols: spec.filter.symbols.length > 0,
        threads: { ...copyThreads(spec, filter, threads), seed: () => conversion?.seed() ?? null },
      },
    );
    try {
      conversion = new Conversion(spec, feed);
    } catch (error) {
      await feed.input.close();
      throw error;
    }
    return conversion;
  }

  /** Whether `stop` ended it before the input did. */
  get stopped(): boolean {
    return this.feed.isStopped;
  }

  /** Ends the run with the record at hand; what is written stays readable. */
  stop(): void {
    this.feed.stop();
    this.isCut = true;
  }

  private get isDone(): boolean {
    return this.isOver || this.past > recordsPastWindow;
  }

  /** Reads and writes to the end; rejects with SinkError where the output cannot be written. */
  async run(): Promise<ConvertReport> {
    try {
      await this.feed.run();
      if (this.datagrams) this.datagrams.finish(!this.stopped && !this.isOver);
      else if (this.packets) this.packets.finish();
      else this.messages.finish(this.feed, this.isCut);
    } finally {
      this.copy.close();
    }
    return this.report();
  }

  private get copy(): DatagramCopy | PacketCopy | MessageCopy {
    return this.datagrams ?? this.packets ?? this.messages;
  }

  private takeRecord(reader: CapturedReader, flow: Flow | null): void {
    // A stream of TCP tells by its first message whether it is any that matters.
    if (this.datagrams === undefined && flow?.transport !== 'TCP') this.choose(flow);
    this.where = this.window.check(reader.seconds, reader.nanoseconds);
    this.past = this.where === 'after' ? this.past + 1 : 0;
    if (this.where === 'after') this.isCut = true;
    if (this.where !== 'in') return;
    this.records++;
    this.isPacketTaken = false;
    if (flow === null) return;
    if (flow.name === OTHER_FLOWS) this.otherFlows++;
    if (flow.transport === 'TCP') this.tcpPieces++;
    else if (reader.truncated && !this.spec.allowTruncated) this.truncated++;
    else if (this.datagrams) this.isOver = !this.datagrams.take(reader as DatagramReader, flow);
    else if (this.feed.demux.recognisedAs(flow) === 'MDP3') this.takePacket(flow);
  }

  /** What threads that copy have to know of what was written. */
  private seed(): StageSeed {
    return { columns: null, symbols: [], symbolsVersion: 0, origin: this.span.origin };
  }

  /** Whether what a thread made of a part is what would be written here. */
  private canTake(copied: CopiedPart): boolean {
    const { datagrams, packets, messages, feed } = this;
    const { speed, start } = this.spec.restamp;
    // A part that was given away before anything was written counts from its own first stamp.
    if (copied.first !== null && !copied.isAnchored && (speed !== 1 || start !== null)) return false;
    if (copied.messages === null) return datagrams instanceof DatagramCopy;
    return datagrams === null && packets === null && messages.canTake(copied, feed.input.flows);
  }

  private takePart({ copied, records, messagesPassed }: JudgedPart): void {
    if (copied === null) return;
    this.records += records;
    this.truncated += copied.truncated;
    if (this.datagrams) this.datagrams.takePart(copied, messagesPassed);
    else this.messages.takePart(copied);
    this.feed.input.giveBack(copied.bytes);
  }

  private compare(reader: RecordReader, flow: Flow, framing: FlowReport['recognisedAs']): void {
    if (this.where === 'in' && !(this.packets && framing === 'MDP3')) this.lines.datagram(reader, flow, framing);
  }

  /** The datagram at hand, once: with its record, or with its first message where that shows what its flow is. */
  private takePacket(flow: Flow): void {
    if (!this.packets || this.isPacketTaken) return;
    this.isPacketTaken = true;
    const { view, offset, length, seconds, nanoseconds } = this.feed.input.reader;
    this.packets.take(view, offset, length, seconds, nanoseconds, flow);
  }

  private takeMessage(view: DataView, offset: number, length: number, sequence: number, stream: Stream): void {
    if (this.datagrams === undefined) this.choose(null);
    const { datagrams, messages, where } = this;
    if (where === 'after') return;
    if (datagrams) {
      if (where === 'in' && stream.flow?.transport === 'UDP') datagrams.messages++;
    } else if (where === 'before') {
      if (!isMdp3(stream)) messages.learn(view, offset, length, stream);
    } else {
      if (this.packets === undefined) this.packets = isMdp3(stream) ? this.openPackets() : null;
      if (this.packets === null) this.takeItch(view, offset, length, sequence, stream);
      else this.takeMdp3(this.packets, view, offset, length, sequence, stream);
    }
  }

  /** Of MDP 3.0 over TCP: a header without messages has a number like any other; of UDP it is a datagram. */
  private takeHeartbeat(nextSequence: number, stream: Stream): void {
    const { flow } = stream;
    if (!this.packets || this.where !== 'in' || flow?.transport !== 'TCP') return;
    const { seconds, nanoseconds } = this.feed.input.reader;
    this.packets.takeHeartbeat(seconds, nanoseconds, nextSequence - 1, stream, flow);
  }

  private openPackets(): PacketCopy {
    const { spec, span, chooseMdp3, feed } = this;
    const { protocols } = feed;
    const names = new LineNames(spec.lines, protocols.channels);
    return new PacketCopy(spec, span, {
      keyOf: (flow) => protocols.channelKeyOf(flow),
      nameOf: (flow) => names.nameOf(flow),
      ...(chooseMdp3 === undefined ? {} : { choose: chooseMdp3 }),
    });
  }

  private takeItch(view: DataView, offset: number, length: number, sequence: number, stream: Stream): void {
    const { seconds, nanoseconds } = this.feed.input.reader;
    this.messages.take(view, offset, length, seconds, nanoseconds, sequence, stream);
  }

  private takeMdp3(
    packets: PacketCopy,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    stream: Stream,
  ): void {
    const { flow } = stream;
    if (!isMdp3(stream) || flow === null) {
      this.others.set(stream.session, (this.others.get(stream.session) ?? 0) + 1);
    } else if (flow.transport === 'UDP') this.takePacket(flow);
    else {
      const { seconds, nanoseconds } = this.feed.input.reader;
      packets.takeMessage(view, offset, length, seconds, nanoseconds, sequence, stream, flow);
    }
  }

  /** Decides what is copied; `flow` is the first record's, null where its first message decided. */
  private choose(flow: Flow | null): void {
    const { spec, span, feed } = this;
    const keepsDatagrams = this.keepsDatagrams(flow);
    if (spec.faults !== null && !keepsDatagrams) {
      const text = 'faults befall datagrams that are copied as they are, from a pcap into a pcap or pcapng';
      throw new UsageError('fault', `${text}: convert first, and what comes of that with --fault`);
    }
    this.datagrams = keepsDatagrams ? new DatagramCopy(spec, span, feed.protocols) : null;
  }

  /** Whether the input, by its first datagram or message, and what is asked allow for each datagram as it is. */
  private keepsDatagrams(flow: Flow | null): boolean {
    return flow?.transport === 'UDP' && this.feed.input.messageFiles.length === 0 && asksNothing(this.spec);
  }

  /** Merged are those of the session that was framed anew, and of MDP 3.0. */
  private linesReport(): LinesReport[] {
    const { datagrams, packets, messages, feed } = this;
    const compared = this.lines.report();
    if (packets) return [...compared, ...linesReport({ report: () => packets.feeds() }, feed.protocols)];
    const isMerged = ({ protocol, session }: LinesReport) =>
      !datagrams && protocol === 'MoldUDP64' && session === messages.session;
    return compared.map((one) => (isMerged(one) ? { ...one, merged: messages.merged() } : one));
  }

  private report(): ConvertReport {
    const { spec, feed, span, records } = this;
    // Where messages are framed anew, what was cut is damage, and streams are read.
    const ofDatagrams = this.datagrams ? 1 : 0;
    const otherSessions = [...this.others].map(([session, messages]) => ({ session, messages }));
    return {
      input: feed.input.name,
      output: spec.output === '-' ? 'standard output' : spec.output,
      format: spec.format,
      ...(this.datagrams ? this.datagrams.report(feed) : (this.packets ?? this.messages).report()),
      ...(this.packets ? { otherSessions } : {}),
      lines: this.linesReport(),
      first: span.first,
      last: span.last,
      seconds: span.seconds,
      records,
      truncated: this.truncated * ofDatagrams,
      tcpPieces: this.tcpPieces * ofDatagrams,
      otherFlows: this.otherFlows * ofDatagrams,
      damage: feed.damage.kept,
      damageTotal: feed.damage.total,
    };
  }
}

/** Whether what is asked for allows for each datagram as it is. */
function asksNothing(spec: ConvertSpec): boolean {
  const { filter, framing, mtu, pack, sessionName, resequence, restamp } = spec;
  const asksMessages = asksOfMessages(filter) || filter.sessions.length > 0;
  const reframes = framing !== null || mtu !== null || pack !== null || sessionName !== null;
  return spec.format !== 'binaryfile' && !(asksMessages || reframes || resequence !== null || restamp.exchange);
}

/** How threads share a conversion: where datagrams are kept as they are, each builds the records of its parts. */
function copyThreads(spec: ConvertSpec, filter: FilterSpec, threads: Omit<ThreadsOptions, 'stage'>): ThreadsOptions {
  if (!isCopiedInParts(spec)) return { ...threads, stage: { kind: 'none' } };
  const { format, framing, sessionName, mtu, pack, resequence, remapSources, remapDestinations } = spec;
  const { restamp, allowTruncated } = spec;
  const copy: CopySpec = {
    ...{ format, framing, sessionName, mtu, pack, resequence, remapSources, remapDestinations },
    ...{ restamp, allowTruncated, filter: spec.filter, isVerbatim: asksNothing(spec) },
  };
  const script = new URL('./convert-part-worker.js', import.meta.url);
  return { ...threads, stage: { kind: 'copy', filter, spec: copy }, makers: { makerOf: makerOfCopies, script } };
}

/**
 * Whether parts can be copied by themselves: symbols are learned from what came before, a window ends where a stamp
 * says, packets that are filled whatever the stamps go on from part to part, and so do numbers that are kept beside
 * messages left out, segments of TCP and faults.
 */
function isCopiedInParts(spec: ConvertSpec): boolean {
  const { filter, framing, pack, keepSequence, from, until, faults } = spec;
  const isWhole = from === undefined && until === undefined && faults === null && filter.symbols.length === 0;
  const isPacked = spec.format === 'binaryfile' || ((framing ?? 'moldudp64') === 'moldudp64' && pack !== 'mtu');
  return isWhole && isPacked && !(keepSequence && asksOfMessages(filter));
}
