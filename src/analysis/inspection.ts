/** What `inspect` finds out about captures in one pass: counts, sessions, flows, bursts, feed latency. */
import type { CaptureCounts } from '../capture/capture-reader.js';
import { formatEpochNs } from '../core/halves.js';
import { SignedHistogram } from '../core/histogram.js';
import type { Flow, RecordReader, Stream } from '../core/seams.js';
import { ValueCounts } from '../core/value-counts.js';
import { itch50Application } from './application.js';
import { Bursts } from './bursts.js';
import type { FileReport } from './capture-input.js';
import type { CapturePlot } from './capture-plot.js';
import type { Input } from './input.js';
import { KnownMessages } from './known-messages.js';
import { summaryOf } from './latency-histogram.js';
import { LineComparison } from './line-comparison.js';
import type { LineSpec } from './line-names.js';
import { type FeedOptions, MessageFeed } from './message-feed.js';
import type { Verdict } from './protocol-gate.js';
import { RecordCounts } from './record-counts.js';
import type { JudgedPart } from './threads/part.js';
import { TypeCounts } from './type-counts.js';

/** The object that `inspect --json` prints. */
export type InspectionReport = ReturnType<Inspection['report']>;

export interface InspectionOptions extends FeedOptions {
  /** Which flows are lines A and B, where that is told. */
  lines?: LineSpec;
}

/** Counts everything in one input; the caller runs it, then asks for the report. */
export class Inspection {
  readonly feed: MessageFeed;
  private readonly byType = new TypeCounts();
  private readonly known: KnownMessages;
  private readonly counts = new RecordCounts(new Bursts());
  private readonly feedLatency = new SignedHistogram();
  private readonly transactLatency = new SignedHistogram();
  /** What is not in the histograms yet. */
  private readonly feedCounts = new ValueCounts();
  private readonly transactCounts = new ValueCounts();
  /** By the stream's index. */
  private readonly streamMessages: number[] = [];
  /** Records of BinaryFILEs, by the file's place in the input. */
  private readonly fileRecords: number[] = [];
  private messages = 0;
  private readonly lines: LineComparison;

  private constructor(
    feed: MessageFeed,
    private readonly plot: CapturePlot | undefined,
    lines: LineSpec | undefined,
  ) {
    this.feed = feed;
    this.known = new KnownMessages(feed.protocols, this.byType, this.feedCounts, this.transactCounts);
    this.lines = new LineComparison(feed.protocols, lines);
  }

  /** Opens the input; `initHistograms` must have resolved. What a picture needs is collected in `plot`. */
  static async open(input: Input, options: InspectionOptions = {}, plot?: CapturePlot): Promise<Inspection> {
    let inspection: Inspection | undefined;
    const feed = await MessageFeed.open(
      input,
      {
        onRecord: (reader, flow, timestampNs) => inspection?.onRecord(reader, flow, timestampNs),
        onMessage: (view, offset, length, timestampNs, _sequence, stream, verdict) =>
          inspection?.onMessage(view, offset, length, timestampNs, stream, verdict),
        onRun: (view, start, end, count, timestampNs, stream) =>
          inspection?.onRun(view, start, end, count, timestampNs, stream),
        // A picture is drawn record by record.
        ...(plot !== undefined
          ? {}
          : {
              onFileRun: (view, start, end, count, shiftNs, stream) =>
                inspection?.onFileRun(view, start, end, count, shiftNs, stream),
            }),
        onPassed: (messages, stream) => inspection?.onPassed(messages, stream),
        onJudged: (judged) => inspection?.onJudged(judged),
        onDatagram: (reader, flow, framing, isWhole) => inspection?.lines.datagram(reader, flow, framing, isWhole),
      },
      options,
    );
    inspection = new Inspection(feed, plot, options.lines);
    return inspection;
  }

  async run(): Promise<void> {
    await this.feed.run();
  }

  private onRecord(reader: RecordReader, flow: Flow | null, timestampNs: number): void {
    if (flow === null) this.fileRecords[this.feed.input.current] = (this.fileRecords[this.feed.input.current] ?? 0) + 1;
    this.counts.record(flow?.transport === 'UDP', reader.length, timestampNs);
    this.plot?.onRecord(reader.length, timestampNs);
  }

  private onMessage(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    stream: Stream,
    verdict: Verdict,
  ): void {
    this.messages++;
    this.streamMessages[stream.index] = (this.streamMessages[stream.index] ?? 0) + 1;
    this.counts.messages(timestampNs, 1);
    this.plot?.onMessage(timestampNs);
    const { input } = this.feed;
    if (verdict === 'known') this.known.take(view, offset, length, stream, input.reader, input.current);
  }

  /** Messages of one packet, all known. */
  private onRun(view: DataView, start: number, end: number, count: number, timestampNs: number, stream: Stream): void {
    this.onPassed(count, stream);
    this.counts.messages(timestampNs, count);
    for (let index = 0; this.plot !== undefined && index < count; index++) this.plot.onMessage(timestampNs);
    this.known.takeRun(view, start, end, this.feed.input.reader);
  }

  /** Records of a BinaryFILE, all known. */
  private onFileRun(view: DataView, start: number, end: number, count: number, shiftNs: number, stream: Stream): void {
    const { current } = this.feed.input;
    this.onPassed(count, stream);
    this.fileRecords[current] = (this.fileRecords[current] ?? 0) + count;
    this.counts.fileRun(view, start, end, shiftNs, this.byType.of(itch50Application));
  }

  /** Messages of one stream that were judged together. */
  private onPassed(messages: number, stream: Stream): void {
    this.messages += messages;
    this.streamMessages[stream.index] = (this.streamMessages[stream.index] ?? 0) + messages;
  }

  /** What a part's records, and messages that are known, were counted as. */
  private onJudged({ counted, records, baseSeconds }: JudgedPart): void {
    if (counted === null || records === 0) return;
    const { feed, fileRecords } = this;
    if (feed.input.kind === 'messages') {
      fileRecords[feed.input.current] = (fileRecords[feed.input.current] ?? 0) + records;
    }
    this.counts.add(counted.span, (baseSeconds - feed.baseSeconds) * 1e9);
    for (const { protocol, code, name, count } of counted.types) {
      const { mdp3 } = this.feed.protocols;
      if (protocol === 'mdp3') mdp3.learnName(code, name);
      this.byType.add(protocol === 'mdp3' ? mdp3 : itch50Application, code, count);
    }
    this.feedLatency.addSpan(counted.feedLatencies);
    this.transactLatency.addSpan(counted.transactLatencies);
  }

  /** The finished report; plain data with a stable shape. */
  report() {
    const { feed } = this;
    const { input, gate, demux } = feed;
    const files = input.files();
    this.feedLatency.addSpan(this.feedCounts.take());
    this.transactLatency.addSpan(this.transactCounts.take());
    return {
      file: input.name,
      /** `mixed` where the files differ. */
      format: common(files.map(({ format }) => format)),
      compression: common(files.map(({ compression }) => compression)),
      files,
      packets: this.packetReport(files),
      messages: {
        total: this.messages,
        /** Of messages that were decoded; the others are under the keys below. */
        byType: this.byType.toObject(),
        types: this.byType.list(),
        unknownLayout: gate.unknownMessages,
        damaged: gate.damagedMessages,
        withheld: gate.withheldMessages,
        zeroLength: gate.zeroLengthMessages,
      },
      unknownLayouts: [...gate.unknown.values()],
      sessions: [...this.fileSessions(files), ...demux.sessions()],
      /** Sessions and channels that came on several lines. */
      lines: this.lines.report(),
      flows: this.flowReport(),
      damage: feed.damage.kept,
      damageTotal: feed.damage.total,
      timeRange: this.timeRange(),
      backwardTimestamps: this.counts.backward,
      farTimestamps: feed.farStamps,
      busiest: this.busiest(),
      /** Capture stamp less the exchange's own: of each message of ITCH, of each packet of MDP (SendingTime). */
      feedLatency: summaryOf(this.feedLatency),
      /** SendingTime less TransactTime, of messages of MDP. */
      transactLatency: summaryOf(this.transactLatency),
    };
  }

  destroy(): void {
    this.feedLatency.destroy();
    this.transactLatency.destroy();
    this.lines.destroy();
  }

  private packetReport(files: readonly FileReport[]) {
    const captures = files.filter(({ counts }) => counts !== null);
    const counts = summed(captures.map((file) => ({ ...file.counts }))) as Partial<CaptureCounts>;
    return {
      /** Packets of captures, and records of BinaryFILEs. */
      total: (counts.packets ?? 0) + this.fileRecords.reduce((sum, records) => sum + records, 0),
      datagrams: this.counts.datagrams,
      bytes: this.counts.bytes,
      skipped: summed(captures.map(({ skipped }) => skipped)) as Record<string, number>,
      counts,
    };
  }

  private fileSessions(files: readonly FileReport[]) {
    const { gate, fileStreams } = this.feed;
    return files.flatMap(({ file, format }, index) =>
      format !== 'BinaryFILE'
        ? []
        : {
            protocol: 'BinaryFILE' as const,
            session: null,
            ...(files.length > 1 ? { file } : {}),
            application: gate.speaks(fileStreams[index] as Stream),
            first: null,
            last: null,
            messages: this.fileRecords[index] ?? 0,
            gaps: [],
            duplicates: 0,
            outOfOrder: 0,
          },
    );
  }

  private flowReport() {
    const { demux, gate, protocols } = this.feed;
    const streamsOf = new Map<string, Stream[]>();
    for (const stream of demux.streams) {
      const name = stream.flow?.name ?? '';
      streamsOf.set(name, [...(streamsOf.get(name) ?? []), stream]);
    }
    return demux.flows().map((flow) => {
      const streams = streamsOf.get(`${flow.source} > ${flow.destination}`) ?? [];
      const messages = streams.reduce((sum, stream) => sum + (this.streamMessages[stream.index] ?? 0), 0);
      const verdicts = streams.map((stream) => gate.speaks(stream)).filter((verdict) => verdict !== null);
      const line = protocols.describeLine(flow.destination, flow.source);
      return { ...flow, line, application: verdicts[0] ?? null, messages };
    });
  }

  private timeRange() {
    const { minNs, maxNs } = this.counts;
    if (minNs > maxNs) return null;
    const { baseSeconds } = this.feed;
    return {
      from: epochNs(baseSeconds, minNs),
      to: epochNs(baseSeconds, maxNs),
      seconds: (maxNs - minNs) / 1e9,
    };
  }

  private busiest() {
    const report: Record<string, BurstReport> = {};
    for (const { busiest, tooLate } of this.counts.bursts.windows()) {
      const { windowNs, fromNs, packets, messages, bytes } = busiest;
      report[`${windowNs / 1e6}ms`.replace('1000ms', '1s')] = {
        from: epochNs(this.feed.baseSeconds, fromNs),
        packets,
        messages,
        bytes,
        messagesPerSecond: (messages * 1e9) / windowNs,
        ...(tooLate > 0 ? { packetsTooLate: tooLate } : {}),
      };
    }
    return report;
  }
}

interface BurstReport {
  from: string;
  packets: number;
  messages: number;
  bytes: number;
  messagesPerSecond: number;
  packetsTooLate?: number;
}

function epochNs(baseSeconds: number, sinceNs: number): string {
  const seconds = Math.floor(sinceNs / 1e9);
  return formatEpochNs(baseSeconds + seconds, sinceNs - seconds * 1e9);
}

function common<T>(values: readonly T[]): T | 'mixed' {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? first : 'mixed';
}

/** Adds up numbers that stand under the same keys, however deep. */
function summed(objects: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const sum: Record<string, unknown> = {};
  for (const object of objects) {
    for (const [key, value] of Object.entries(object)) {
      const before = sum[key];
      if (typeof value === 'number') sum[key] = value + (typeof before === 'number' ? before : 0);
      else if (typeof value === 'object' && value !== null) {
        sum[key] = summed([(before ?? {}) as Record<string, unknown>, value as Record<string, unknown>]);
      }
    }
  }
  return sum;
}
