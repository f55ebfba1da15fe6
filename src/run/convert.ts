/**
 * Converts captures: BinaryFILE, MoldUDP64 and SoupBinTCP, each into each.
 *
 * Where the input is UDP datagrams, the output a capture, and nothing is asked of single messages, each datagram is
 * kept as it is: its payload, its place, heartbeats and foreign datagrams included; only headers are built anew.
 * Otherwise the messages of one session are taken from all lines that carry it, put in order, and framed anew.
 */
import { MessageFeed } from '../analysis/message-feed.js';
import { OTHER_FLOWS } from '../capture/flow.js';
import type { Flow, RecordReader, Stream } from '../core/seams.js';
import { noFilter } from '../replay/filter.js';
import { CaptureWindow } from '../replay/window.js';
import { recordsPastWindow } from '../replay/windowed-reader.js';
import { windowOf } from './capture-source.js';
import { DatagramCopy } from './convert-datagrams.js';
import { MessageCopy } from './convert-messages.js';
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
  /** Null where messages are framed anew; undefined before the first record tells. */
  private datagrams: DatagramCopy | null | undefined;
  private where: 'before' | 'in' | 'after' = 'before';
  /** Records behind the window, in a row and in all. */
  private past = 0;
  private isCut = false;
  private records = 0;
  private truncated = 0;
  private tcpPieces = 0;
  private otherFlows = 0;

  private constructor(spec: ConvertSpec, feed: MessageFeed) {
    this.spec = spec;
    this.feed = feed;
    this.window = new CaptureWindow(windowOf(spec));
    this.span = new StampSpan(new Restamper(spec.restamp));
    this.messages = new MessageCopy(spec, this.span);
  }

  /** Opens the input; rejects with CaptureError or UsageError. The output is made when there is something to write. */
  static async open(
    spec: ConvertSpec,
    onDamage: (damage: ConvertReport['damage'][number]) => void,
  ): Promise<Conversion> {
    let conversion: Conversion | undefined;
    const { destinations, sessions, channels, feeds } = spec.filter;
    const feed = await MessageFeed.open(
      spec.input,
      {
        onRecord: (reader, flow) => conversion?.takeRecord(reader, flow),
        onMessage: (view, offset, length, _timestampNs, sequence, stream) =>
          conversion?.takeMessage(view, offset, length, sequence, stream),
        onDamage,
        isDone: () => conversion?.isDone ?? false,
      },
      // Messages are filtered once in order; the window is kept here, so that what comes before it is not unknown.
      { filter: { ...noFilter, destinations, sessions, channels, feeds } },
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
    return this.past > recordsPastWindow;
  }

  /** Reads and writes to the end; rejects with SinkError where the output cannot be written. */
  async run(): Promise<ConvertReport> {
    try {
      await this.feed.run();
      if (!this.datagrams) this.messages.finish(this.feed, this.isCut);
    } finally {
      (this.datagrams ?? this.messages).close();
    }
    return this.report();
  }

  private takeRecord(reader: CapturedReader, flow: Flow | null): void {
    // A stream of TCP tells by its first message whether it is any that matters.
    if (this.datagrams === undefined && flow?.transport !== 'TCP') this.choose(flow);
    this.where = this.window.check(reader.seconds, reader.nanoseconds);
    this.past = this.where === 'after' ? this.past + 1 : 0;
    if (this.where === 'after') this.isCut = true;
    if (this.where !== 'in') return;
    this.records++;
    if (flow === null) return;
    if (flow.name === OTHER_FLOWS) this.otherFlows++;
    if (flow.transport === 'TCP') this.tcpPieces++;
    else if (reader.truncated && !this.spec.allowTruncated) this.truncated++;
    else this.datagrams?.take(reader, flow);
  }

  private takeMessage(view: DataView, offset: number, length: number, sequence: number, stream: Stream): void {
    if (this.datagrams === undefined) this.datagrams = null;
    const { datagrams, messages, where } = this;
    if (where === 'after') return;
    if (datagrams) {
      if (where === 'in' && stream.flow?.transport === 'UDP') datagrams.messages++;
    } else if (where === 'before') messages.learn(view, offset, length, stream);
    else {
      const { seconds, nanoseconds } = this.feed.input.reader;
      messages.take(view, offset, length, seconds, nanoseconds, sequence, stream);
    }
  }

  private choose(flow: Flow | null): void {
    this.datagrams = this.keepsDatagrams(flow) ? new DatagramCopy(this.spec, this.span) : null;
  }

  /** Whether the input, by its first datagram or message, and what is asked allow for each datagram as it is. */
  private keepsDatagrams(flow: Flow | null): boolean {
    const { spec, feed } = this;
    const { types, symbols, locates, sessions } = spec.filter;
    const asksMessages = types.length + symbols.length + locates.length + sessions.length > 0;
    const reframes = spec.framing !== null || spec.mtu !== null || spec.pack !== null || spec.sessionName !== null;
    return (
      flow?.transport === 'UDP' &&
      feed.input.messageFiles.length === 0 &&
      spec.format !== 'binaryfile' &&
      !(asksMessages || reframes || spec.resequence !== null || spec.restamp.exchange)
    );
  }

  private report(): ConvertReport {
    const { spec, feed, span, records } = this;
    // Where messages are framed anew, what was cut is damage, and streams are read.
    const ofDatagrams = this.datagrams ? 1 : 0;
    return {
      input: feed.input.name,
      output: spec.output === '-' ? 'standard output' : spec.output,
      format: spec.format,
      ...(this.datagrams ? this.datagrams.report(feed) : this.messages.report()),
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
