/** What is made of a part's messages where it is read: counts for `inspect`, or lines for `decode`. */
import type { Flow, RecordReader, SharedBytes, Stream } from '../../core/seams.js';
import { TextBuffer } from '../../core/text-buffer.js';
import { ValueCounts } from '../../core/value-counts.js';
import { sharedBytes } from '../../io/memory-writer.js';
import { itch50Application } from '../application.js';
import { BurstList } from '../bursts.js';
import type { FeedHandlers } from '../feed-options.js';
import { KnownMessages } from '../known-messages.js';
import { isWritten, MessageLines } from '../message-lines.js';
import { type MessageWriter, messageWriter } from '../message-writer.js';
import type { Verdict } from '../protocol-gate.js';
import type { Protocols } from '../protocols.js';
import { RecordCounts } from '../record-counts.js';
import { TypeCounts } from '../type-counts.js';
import type { CopiedPart, CountedPart, PartSetup, StageSeed, WriterSpec, WrittenPart } from './part.js';

/** What became of the messages of one part. */
export interface Made {
  readonly counted: CountedPart | null;
  readonly written: WrittenPart | null;
  readonly copied: CopiedPart | null;
  /** Messages that passed the filters, by the stream's index; empty where that is not asked for. */
  readonly passed: readonly number[];
}

/** Takes the messages of one part after another. */
export interface Maker {
  readonly handlers: FeedHandlers;
  /** Begins a part, before which `reader` stands; `spare` is memory for a text. */
  begin(reader: RecordReader, seed: StageSeed | null, spare: SharedBytes | null): void;
  end(): Made;
}

/** The maker of a stage; null where the stage makes nothing. */
export type MakerOf = (setup: PartSetup, protocols: Protocols) => Maker | null;

/** For `inspect` and `decode`. */
export const makerOfReaders: MakerOf = ({ stage }, protocols) => {
  if (stage.kind === 'text') return new LineMaker(stage.writer, protocols);
  return stage.kind === 'count' ? new Counter(protocols) : null;
};

const firstTextBytes = 2 ** 20;

/** The part of `inspect`. */
export class Counter implements Maker {
  private readonly span = new RecordCounts(new BurstList());
  private readonly feedLatencies = new ValueCounts();
  private readonly transactLatencies = new ValueCounts();
  private readonly types = new TypeCounts();
  private readonly known: KnownMessages;
  private passed: number[] = [];
  private printed = 0;
  private reader: RecordReader | null = null;
  readonly handlers: FeedHandlers = {
    onRecord: (reader: RecordReader, flow: Flow | null, timestampNs: number) =>
      this.span.record(flow?.transport === 'UDP', reader.length, timestampNs),
    onMessage: (view, offset, length, timestampNs, _sequence, stream, verdict) =>
      this.take(view, offset, length, timestampNs, stream, verdict),
    onFileRun: (view, start, end, count, shiftNs, { index }) => {
      this.passed[index] = (this.passed[index] ?? 0) + count;
      this.printed += count;
      this.span.fileRun(view, start, end, shiftNs, this.types.of(itch50Application));
    },
    onRun: (view, start, end, count, timestampNs, stream) => this.takeRun(view, start, end, count, timestampNs, stream),
  };

  constructor(private readonly protocols: Protocols) {
    this.known = new KnownMessages(protocols, this.types, this.feedLatencies, this.transactLatencies);
  }

  begin(reader: RecordReader): void {
    this.reader = reader;
    this.span.take();
    this.feedLatencies.take();
    this.transactLatencies.take();
    this.types.take();
    this.passed = [];
    this.printed = 0;
    this.protocols.mdp3.forgetNames();
  }

  end(): Made {
    const { printed, passed } = this;
    const counted = {
      span: this.span.take(),
      types: this.types.take(),
      feedLatencies: this.feedLatencies.take(),
      transactLatencies: this.transactLatencies.take(),
      printed,
    };
    return { counted, written: null, copied: null, passed };
  }

  private takeRun(
    view: DataView,
    start: number,
    end: number,
    count: number,
    timestampNs: number,
    stream: Stream,
  ): void {
    const { passed, reader } = this;
    passed[stream.index] = (passed[stream.index] ?? 0) + count;
    this.span.messages(timestampNs, count);
    if (reader !== null) this.known.takeRun(view, start, end, reader);
    if (isWritten('known', stream)) this.printed += count;
  }

  private take(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    stream: Stream,
    verdict: Verdict,
  ): void {
    const { passed, reader } = this;
    passed[stream.index] = (passed[stream.index] ?? 0) + 1;
    this.span.messages(timestampNs, 1);
    if (verdict === 'known' && reader !== null) this.known.take(view, offset, length, stream, reader, 0);
    if (isWritten(verdict, stream)) this.printed++;
  }
}

/** The part of `decode`. */
export class LineMaker implements Maker {
  private readonly text = new TextBuffer(firstTextBytes, sharedBytes);
  private readonly writer: MessageWriter;
  private lines: MessageLines;
  private reader: RecordReader | null = null;
  private seed: StageSeed | null = null;
  private misplacedBefore = 0;
  /** Whether the text at hand was given away. */
  private isGiven = false;
  readonly handlers: FeedHandlers = {
    onMessage: (view, offset, length, _timestampNs, sequence, stream, verdict) => {
      if (this.reader === null) return;
      this.lines.take(this.reader, view, offset, length, sequence, stream, verdict);
    },
  };

  constructor(
    spec: WriterSpec,
    private readonly protocols: Protocols,
  ) {
    this.writer = messageWriter({ ...spec, fileName: () => spec.fileName }, protocols);
    this.lines = new MessageLines(this.text, this.writer);
  }

  begin(reader: RecordReader, seed: StageSeed | null, spare: SharedBytes | null): void {
    const { securities } = this.protocols.mdp3;
    const { text, writer } = this;
    this.reader = reader;
    this.seed = seed;
    // What a part has taught that was not ended: the part is read elsewhere, too.
    securities.takeBack();
    securities.news = null;
    for (const { id, symbol } of seed?.symbols ?? []) securities.set(id, symbol);
    securities.news = [];
    writer.columns = seed?.columns ?? null;
    this.misplacedBefore = writer.misplaced;
    if (this.isGiven) text.replace(spare ?? sharedBytes(text.bytes.length));
    this.isGiven = false;
    text.length = 0;
    this.lines = new MessageLines(text, writer);
  }

  end(): Made {
    const { text, writer, seed, lines } = this;
    const { securities } = this.protocols.mdp3;
    const hasNewSymbols = (securities.news?.length ?? 0) > 0;
    securities.takeBack();
    const written = {
      text: text.bytes.subarray(0, text.length) as SharedBytes,
      lines: lines.count,
      misplaced: writer.misplaced - this.misplacedBefore,
      columnsBefore: seed?.columns ?? null,
      symbolsVersion: seed?.symbolsVersion ?? 0,
      columns: writer.columns,
      hasNewSymbols,
    };
    this.isGiven = true;
    return { counted: null, written, copied: null, passed: [] };
  }
}
