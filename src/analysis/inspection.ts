/** What `inspect` finds out about captures in one pass: counts, sessions, flows, bursts, feed latency. */
import type { CaptureCounts } from '../capture/capture-reader.js';
import { formatEpochNs } from '../core/halves.js';
import { SignedHistogram } from '../core/histogram.js';
import type { Flow, RecordReader, Stream } from '../core/seams.js';
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
  private readonly bursts = new Bursts();
  private readonly feedLatency = new SignedHistogram();
  private readonly transactLatency = new SignedHistogram();
  /** By the stream's index. */
  private readonly streamMessages: number[] = [];
  /** Records of BinaryFILEs, by the file's place in the input. */
  private readonly fileRecords: number[] = [];
  private datagrams = 0;
  private messages = 0;
  private bytes = 0;
  private minNs = Number.POSITIVE_INFINITY;
  private maxNs = Number.NEGATIVE_INFINITY;
  private backward = 0;
  private previousNs = Number.NEGATIVE_INFINITY;

  private readonly lines: LineComparison;

  private constructor(
    feed: MessageFeed,
    private readonly plot: CapturePlot | undefined,
    lines: LineSpec | undefined,
  ) {
    this.feed = feed;
    this.known = new KnownMessages(feed.protocols, this.byType, this.feedLatency, this.transactLatency);
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
        onPassed: (messages, timestampNs, stream) => inspection?.onPassed(messages, timestampNs, stream),
        onJudged: (judged) => inspection?.onJudged(judged),
        onDatagram: (reader, flow, framing) => inspection?.lines.datagram(reader, flow, framing),
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
    else if (flow.transport === 'UDP') this.datagrams++;
    this.bytes += reader.length;
    if (timestampNs < this.minNs) this.minNs = timestampNs;
    if (timestampNs > this.maxNs) this.maxNs = timestampNs;
    if (timestampNs < this.previousNs) this.backward++;
    this.previousNs = timestampNs;
    this.bursts.packet(timestampNs, reader.length);
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
    this.bursts.messages(timestampNs, 1);
    this.plot?.onMessage(timestampNs);
    const { input } = this.feed;
    if (verdict === 'known') this.known.take(view, offset, length, stream, input.reader, input.current);
  }

  /** Messages of one record that were judged where its part was read. */
  private onPassed(messages: number, timestampNs: number, stream: Stream): void {
    this.messages += messages;
    this.streamMessages[stream.index] = (this.streamMessages[stream.index] ?? 0) + messages;
    this.bursts.messages(timestampNs, messages);
    for (let left = messages; left > 0 && this.plot !== undefined; left--) this.plot.onMessage(timestampNs);
  }

  /** What a part's known messages were counted as. */
  private onJudged({ counted }: JudgedPart): void {
    if (counted === null) return;
    for (const { protocol, code, name, count } of counted.types) {
      const { mdp3 } = this.feed.protocols;
      if (protocol === 'mdp3') mdp3.learnName(code, name);
      this.byType.add(protocol === 'mdp3' ? mdp3 : itch50Application, code, count);
    }
    for (const ns of counted.feedLatencies) this.feedLatency.record(ns);
    for (const ns of counted.transactLatencies) this.transactLatency.record(ns);
  }

  /** The finished report; plain data with a stable shape. */
  report() {
    const { feed } = this;
    const { input, gate, demux } = feed;
    const files = input.files();
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
      backwardTimestamps: this.backward,
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
      datagrams: this.datagrams,
      bytes: this.bytes,
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
    if (this.minNs > this.maxNs) return null;
    const { baseSeconds } = this.feed;
    return {
      from: epochNs(baseSeconds, this.minNs),
      to: epochNs(baseSeconds, this.maxNs),
      seconds: (this.maxNs - this.minNs) / 1e9,
    };
  }

  private busiest() {
    const report: Record<string, BurstReport> = {};
    for (const { busiest, tooLate } of this.bursts.windows()) {
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
