/**
 * Reads one part of a capture by itself: frames, layers and datagrams, and where asked the messages' verdicts.
 *
 * What only a reader of all before the part could tell (damage, fragments, segments of TCP, packets without a stamp,
 * blocks between packets) makes the part's answer empty: then it is read in its turn.
 */
import { CaptureReader } from '../../capture/capture-reader.js';
import { FlowTable } from '../../capture/flow.js';
import type { Flow, RecordReader, Stream } from '../../core/seams.js';
import type { ResumePoint } from '../../core/seek-index.js';
import { itch50 } from '../../protocol/itch50/index.js';
import { BinaryFileReader } from '../../session/binaryfile.js';
import type { ForcedFraming } from '../../session/demux.js';
import { SessionStream } from '../../session/stream.js';
import { CaptureInput } from '../capture-input.js';
import { MessageFeed } from '../message-feed.js';
import { loadProtocols, type Protocols } from '../protocols.js';
import { trustedFit } from './judged.js';
import type { JudgedPart, JudgedStream, PartJob, PartResult, PartSetup } from './part.js';
import { type Maker, type MakerOf, makerOfReaders } from './part-makers.js';
import { RowLog } from './part-rows.js';

export class PartFront {
  private readonly log = new RowLog();
  private readonly framings = new Map<string, ForcedFraming>();
  private readonly protocols: Protocols | null;
  private readonly maker: Maker | null;
  private isDamaged = false;

  constructor(
    private readonly setup: PartSetup,
    makerOf: MakerOf = makerOfReaders,
  ) {
    this.protocols = setup.stage.kind === 'none' ? null : loadProtocols(setup.spec);
    this.maker = this.protocols === null ? null : makerOf(setup, this.protocols);
  }

  /** Reads a part; null where it has to be read in its turn. */
  read(job: PartJob): PartResult | null {
    for (const { name, framing } of job.news) this.framings.set(name, framing);
    this.isDamaged = false;
    this.log.clear();
    return this.setup.format === 'BinaryFILE' ? this.readMessages(job) : this.readPackets(job);
  }

  private readPackets(job: PartJob): PartResult | null {
    const flows = new FlowTable();
    const { timestamps } = this.setup.spec;
    const reader = new CaptureReader({ onDamage: this.onDamage, tcp: true, timestamps, flows });
    reader.describe(0, job.description);
    reader.forgetNotes();
    reader.resumeAt(pointOf(job));
    reader.push(job.bytes);
    const judged = this.readDatagrams(reader, job);
    const counts = reader.leapCounts();
    if (this.isDamaged || counts === null || flows.overflowed > 0) return null;
    if (judged === null && this.maker !== null) return null;
    return { rows: this.log.take(), flows: flows.flows, counts, last: counts.last, judged };
  }

  private readMessages(job: PartJob): PartResult | null {
    const { lengthOf, timestampOf } = itch50;
    const { midnightSeconds } = this.setup;
    const reader = new BinaryFileReader({ lengthOf, timestampOf, midnightSeconds, onDamage: this.onDamage });
    const { bytes } = job;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // A message of unknown layout bears the stamp of the one before it.
    if (lengthOf(view, 2) !== view.getUint16(0)) return null;
    reader.resumeAt(pointOf(job), true);
    reader.push(bytes);
    const feed = this.open(reader, job, 'messages');
    if (feed === null) return null;
    this.takeAll(reader, feed);
    const judged = this.judgedOf(feed, []);
    if (this.isDamaged || judged === null || !reader.isBetweenPackets) return null;
    const { seconds, nanoseconds } = reader;
    return { rows: null, flows: [], counts: null, last: { seconds, nanoseconds }, judged };
  }

  private readonly onDamage = (): void => {
    this.isDamaged = true;
  };

  /** Notes every datagram; of a part with a stage its messages are judged. */
  private readDatagrams(reader: CaptureReader, job: PartJob): JudgedPart | null {
    const feed = this.open(reader, job, 'datagrams');
    if (feed === null) this.noteAll(reader, job);
    else this.noteAndTakeAll(reader, job, feed);
    return feed === null ? null : this.judgedOf(feed, reader.flows.flows);
  }

  // Loops have functions of their own: of one that is compiled while it runs, the code is thrown away where it ends, if
  // more stands behind it that was not run before.

  private takeAll(reader: RecordReader, feed: MessageFeed): void {
    while (reader.next() && !this.isDamaged) {
      feed.take(reader);
      feed.takeFileRuns();
    }
  }

  private noteAll(reader: CaptureReader, { offset, records }: PartJob): void {
    const { log } = this;
    while (reader.next() && !this.isDamaged) log.add(reader, offset, records);
  }

  private noteAndTakeAll(reader: CaptureReader, { offset, records }: PartJob, feed: MessageFeed): void {
    const { log } = this;
    while (reader.next() && !this.isDamaged) {
      log.add(reader, offset, records);
      feed.take(reader);
    }
  }

  private open(reader: RecordReader, job: PartJob, kind: 'datagrams' | 'messages'): MessageFeed | null {
    const { spec, stage } = this.setup;
    const { maker, protocols } = this;
    if (maker === null || protocols === null || stage.kind === 'none') return null;
    const input = CaptureInput.over(reader, kind, spec);
    maker.begin(reader, job.seed, job.spare);
    return MessageFeed.over(input, spec, protocols, maker.handlers, {
      filter: stage.filter,
      learnsSymbols: stage.kind === 'text',
      knownFraming: (flow) => this.framings.get(flow.name),
    });
  }

  /** What is told of a part at its end: null where only a reader of all before it can. */
  private judgedOf(feed: MessageFeed, flows: readonly Flow[]): JudgedPart | null {
    const { maker, log } = this;
    const { gate, demux, damage, fileStreams, baseSeconds } = feed;
    if (maker === null || damage.total > 0 || feed.farStamps > 0) return null;
    const made = maker.end();
    const { recordsRead, records, messagesRead, messagesPassed } = feed;
    const { unknownMessages, withheldMessages, zeroLengthMessages, unknown } = gate;
    const streams = this.setup.format === 'BinaryFILE' ? fileStreams : demux.streams;
    return {
      ...{ recordsRead, records, messagesRead, messagesPassed, baseSeconds },
      leastSeconds: Math.min(baseSeconds, log.leastSeconds),
      mostSeconds: Math.max(baseSeconds, log.mostSeconds),
      streams: streams.map((stream) => judgedStream(feed, stream, made.passed[stream.index] ?? 0)),
      oddPackets: flows.map((flow) => demux.oddPackets(flow) ?? 0),
      unknownMessages,
      withheldMessages,
      zeroLengthMessages,
      unknown,
      counted: made.counted,
      written: made.written,
      copied: made.copied,
    };
  }
}

function judgedStream({ gate }: MessageFeed, stream: Stream, passed: number): JudgedStream {
  const { fit, unfit, withheld } = gate.verdictOf(stream);
  const isTrusted = fit >= trustedFit;
  const { flow, session } = stream;
  return {
    flow: flow === null ? -1 : flow.index,
    session,
    isTrusted,
    fit: isTrusted ? fit - trustedFit : fit,
    unfit,
    withheld,
    zeroLength: stream instanceof SessionStream ? stream.zeroLength : 0,
    passed,
  };
}

function pointOf({ offset, records }: PartJob): ResumePoint {
  return { offset, records, previous: { seconds: 0, nanoseconds: 0 } };
}
