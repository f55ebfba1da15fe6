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
import { TextBuffer } from '../../core/text-buffer.js';
import { itch50 } from '../../protocol/itch50/index.js';
import { noFilter } from '../../replay/filter.js';
import { BinaryFileReader } from '../../session/binaryfile.js';
import type { ForcedFraming } from '../../session/demux.js';
import { CaptureInput } from '../capture-input.js';
import { KnownMessages } from '../known-messages.js';
import { MessageFeed } from '../message-feed.js';
import { MessageLines } from '../message-lines.js';
import { type MessageWriter, messageWriter } from '../message-writer.js';
import type { Verdict } from '../protocol-gate.js';
import { loadProtocols, type Protocols } from '../protocols.js';
import { TypeCounts } from '../type-counts.js';
import { trustedFit } from './judged.js';
import type { JudgedPart, JudgedStream, PartJob, PartResult, PartSetup, StageSpec } from './part.js';
import { PartLog } from './part-log.js';

type PartReader = RecordReader & Partial<Pick<CaptureReader, 'flow'>>;

export class PartFront {
  private readonly log = new PartLog();
  private readonly framings = new Map<string, ForcedFraming>();
  private readonly protocols: Protocols | null;
  private readonly feedLatencies = new Numbers();
  private readonly transactLatencies = new Numbers();
  private isDamaged = false;
  /** Of a stage of lines. */
  private readonly text = new TextBuffer(2 ** 20);
  private writer: MessageWriter | undefined;

  constructor(private readonly setup: PartSetup) {
    this.protocols = setup.stage.kind === 'none' ? null : loadProtocols(setup.spec);
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
    const judged = this.readAll(reader, job, 'datagrams', flows.flows);
    const counts = reader.leapCounts();
    if (this.isDamaged || counts === null || flows.overflowed > 0) return null;
    return { ...this.log.take(), flows: flows.flows, counts, last: counts.last, judged };
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
    const judged = this.readAll(reader, job, 'messages', []);
    if (this.isDamaged || !reader.isBetweenPackets) return null;
    const { seconds, nanoseconds } = reader;
    return { ...this.log.take(), flows: [], counts: null, last: { seconds, nanoseconds }, judged };
  }

  private readonly onDamage = (): void => {
    this.isDamaged = true;
  };

  /** Notes every record; of a part with a stage its messages are judged. */
  private readAll(
    reader: PartReader,
    job: PartJob,
    kind: 'datagrams' | 'messages',
    flows: readonly Flow[],
  ): JudgedPart | null {
    const { log } = this;
    const { offset, records } = job;
    if (this.protocols === null) {
      while (reader.next() && !this.isDamaged) log.add(reader, reader.flow ?? null, offset, records);
      return null;
    }
    const stage = this.openStage(reader, kind, this.protocols, job);
    const { feed } = stage;
    while (reader.next() && !this.isDamaged) {
      log.add(reader, reader.flow ?? null, offset, records);
      const before = feed.messagesPassed;
      feed.take(reader);
      log.pass(feed.messagesPassed - before);
    }
    return stage.end(flows);
  }

  private openStage(reader: PartReader, kind: 'datagrams' | 'messages', protocols: Protocols, job: PartJob): Stage {
    const { spec, stage } = this.setup;
    const input = CaptureInput.over(reader, kind, spec);
    const maker = stage.kind === 'text' ? this.lineMaker(stage, protocols, job) : this.counter(protocols);
    const feed = MessageFeed.over(
      input,
      spec,
      protocols,
      {
        onMessage: (view, offset, length, _timestampNs, sequence, stream, verdict) =>
          maker.take(reader, view, offset, length, sequence, stream, verdict),
      },
      {
        filter: stage.kind === 'none' ? noFilter : stage.filter,
        learnsSymbols: stage.kind === 'text',
        knownFraming: (flow) => this.framings.get(flow.name),
      },
    );
    return { feed, end: (flows) => judgedOf(feed, flows, maker.end()) };
  }

  private counter(protocols: Protocols): Maker {
    const types = new TypeCounts();
    const known = new KnownMessages(protocols, types, this.feedLatencies, this.transactLatencies);
    protocols.mdp3.forgetNames();
    return {
      take(reader, view, offset, length, _sequence, stream, verdict) {
        if (verdict === 'known') known.take(view, offset, length, stream, reader, 0);
      },
      end: () => {
        const feedLatencies = this.feedLatencies.take();
        const transactLatencies = this.transactLatencies.take();
        return { counted: { types: types.codes(), feedLatencies, transactLatencies }, written: null };
      },
    };
  }

  private lineMaker({ writer: spec }: TextStage, protocols: Protocols, { seed }: PartJob): Maker {
    const { securities } = protocols.mdp3;
    securities.news = null;
    for (const { id, symbol } of seed?.symbols ?? []) securities.set(id, symbol);
    securities.news = [];
    this.writer ??= messageWriter({ ...spec, fileName: () => spec.fileName }, protocols);
    const { text, writer } = this;
    const columnsBefore = seed?.columns ?? null;
    writer.columns = columnsBefore;
    text.length = 0;
    const misplacedBefore = writer.misplaced;
    const lines = new MessageLines(text, writer);
    return {
      take: (reader, view, offset, length, sequence, stream, verdict) =>
        lines.take(reader, view, offset, length, sequence, stream, verdict),
      end: () => {
        const hasNewSymbols = (securities.news?.length ?? 0) > 0;
        securities.takeBack();
        return {
          counted: null,
          written: {
            text: text.bytes.slice(0, text.length),
            lines: lines.count,
            misplaced: writer.misplaced - misplacedBefore,
            columnsBefore,
            symbolsVersion: seed?.symbolsVersion ?? 0,
            columns: writer.columns,
            hasNewSymbols,
          },
        };
      },
    };
  }
}

type TextStage = Extract<StageSpec, { kind: 'text' }>;

/** What a stage makes of messages. */
interface Maker {
  take(
    reader: RecordReader,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    stream: Stream,
    verdict: Verdict,
  ): void;
  end(): Pick<JudgedPart, 'counted' | 'written'>;
}

/** A feed over one part, and what is told of it at its end: null where damage was met. */
interface Stage {
  readonly feed: MessageFeed;
  end(flows: readonly Flow[]): JudgedPart | null;
}

function judgedOf(
  feed: MessageFeed,
  flows: readonly Flow[],
  made: Pick<JudgedPart, 'counted' | 'written'>,
): JudgedPart | null {
  const { gate, demux, damage, fileStreams, messagesRead } = feed;
  if (damage.total > 0) return null;
  const { unknownMessages, withheldMessages, zeroLengthMessages, unknown } = gate;
  const streams = flows.length === 0 ? fileStreams : demux.streams;
  return {
    messagesRead,
    streams: streams.map((stream) => judgedStream(feed, stream)),
    oddPackets: flows.map((flow) => demux.oddPackets(flow) ?? 0),
    unknownMessages,
    withheldMessages,
    zeroLengthMessages,
    unknown,
    ...made,
  };
}

function judgedStream({ gate }: MessageFeed, stream: Stream): JudgedStream {
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
  };
}

function pointOf({ offset, records }: PartJob): ResumePoint {
  return { offset, records, previous: { seconds: 0, nanoseconds: 0 } };
}

/** Numbers in a row, as many as there are. */
class Numbers {
  private values = new Float64Array(8192);
  private count = 0;

  record(value: number): void {
    if (this.count === this.values.length) {
      const larger = new Float64Array(this.count * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.count++] = value;
  }

  /** Those so far, as a copy; forgets them. */
  take(): Float64Array {
    const taken = this.values.slice(0, this.count);
    this.count = 0;
    return taken;
  }
}
