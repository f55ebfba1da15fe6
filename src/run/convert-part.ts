/**
 * The part of `convert` that is done where a part of a capture is read: the records of its datagrams built anew, or its
 * messages framed anew. Numbers that go on from part to part are put in where the parts are written.
 */
import { isMdp3, type Protocols } from '../analysis/protocols.js';
import type { CopiedPart, StageSeed } from '../analysis/threads/part.js';
import type { Made, Maker, MakerOf } from '../analysis/threads/part-makers.js';
import type { DatagramReader, Flow, RecordReader, SharedBytes, Stream } from '../core/seams.js';
import { BinaryFileOutput } from '../io/binaryfile-output.js';
import { CaptureOutput, captureWriter } from '../io/capture-output.js';
import { MemoryWriter } from '../io/memory-writer.js';
import { moldUDP64Part } from '../io/message-output.js';
import type { MoldUDP64Output } from '../io/moldudp64-output.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { MessageFilter } from '../replay/filter.js';
import { type MessageFraming, messageFilterOf, messageOutputSpec } from './convert-messages.js';
import type { ConvertSpec } from './convert-spec.js';
import { FlowMap } from './remap.js';
import { Restamper, StampSpan } from './restamp.js';

/** What of a conversion a thread has to know; plain data. */
export type CopySpec = Pick<ConvertSpec, MessageFraming | 'restamp' | 'allowTruncated' | 'filter'> & {
  /** Whether datagrams stay as they are. */
  readonly isVerbatim: boolean;
};

/** For a stage that copies. */
export const makerOfCopies: MakerOf = ({ stage, format }, protocols) => {
  if (stage.kind !== 'copy') return null;
  const spec = stage.spec as CopySpec;
  return spec.isVerbatim && format !== 'BinaryFILE' ? new DatagramMaker(spec) : new MessageMaker(spec, protocols);
};

/** What both begin a part with. */
abstract class Copier implements Maker {
  protected file = new MemoryWriter();
  protected span: StampSpan;
  protected reader: RecordReader | null = null;
  protected isAnchored = false;
  abstract readonly handlers: Maker['handlers'];

  constructor(protected readonly spec: CopySpec) {
    this.span = new StampSpan(new Restamper(spec.restamp));
  }

  begin(reader: RecordReader, seed: StageSeed | null, spare: SharedBytes | null): void {
    this.reader = reader;
    this.file = spare === null ? new MemoryWriter() : new MemoryWriter(spare);
    const restamper = new Restamper(this.spec.restamp);
    const origin = seed?.origin ?? null;
    this.isAnchored = origin !== null;
    if (origin !== null) restamper.beginAt(origin);
    this.span = new StampSpan(restamper);
    this.open();
  }

  end(): Made {
    return { counted: null, written: null, copied: this.copied(), passed: [] };
  }

  /** Begins the output of a part, in `file`. */
  protected abstract open(): void;

  /** Null where the part's records hang on those of others. */
  protected abstract copied(): CopiedPart | null;
}

class DatagramMaker extends Copier {
  private output: CaptureOutput | null = null;
  private truncated = 0;
  private readonly flows: FlowMap;
  readonly handlers = {
    onRecord: (reader: RecordReader & { truncated?: boolean }, flow: Flow | null): void => {
      if (flow !== null) this.take(reader as DatagramReader & { truncated?: boolean }, flow);
    },
  };

  constructor(spec: CopySpec) {
    super(spec);
    this.flows = new FlowMap(spec.remapSources, spec.remapDestinations);
  }

  protected override open(): void {
    this.output = CaptureOutput.headless(this.file, captureWriter({ format: captureFormat(this.spec) }));
    this.truncated = 0;
  }

  protected override copied(): CopiedPart | null {
    if (this.output === null) return null;
    const { packets, tooLong, clampedTimestamps } = this.output;
    return {
      ...{ bytes: this.file.taken(), packets, tooLong, clampedTimestamps },
      ...{ first: this.span.firstStamp, last: this.span.lastStamp },
      truncated: this.truncated,
      isAnchored: this.isAnchored,
      messages: null,
    };
  }

  private take(reader: DatagramReader & { truncated?: boolean }, flow: Flow): void {
    if (reader.truncated && !this.spec.allowTruncated) {
      this.truncated++;
      return;
    }
    const { span } = this;
    span.apply(reader.seconds, reader.nanoseconds, -1);
    const { view, offset, length } = reader;
    this.output?.datagram(view, offset, length, this.flows.get(flow), span.stampSeconds, span.stampNanoseconds);
  }
}

/** Messages of one stream, each behind the one before it; any other part is left to who reads it in its turn. */
class MessageMaker extends Copier {
  private output: MoldUDP64Output | BinaryFileOutput | null = null;
  private stream: Stream | null = null;
  private firstSequence = 0;
  private nextSequence = 0;
  private count = 0;
  private filtered = 0;
  private isOdd = false;
  private readonly filter: MessageFilter;
  readonly handlers = {
    onMessage: (
      view: DataView,
      offset: number,
      length: number,
      _timestampNs: number,
      sequence: number,
      stream: Stream,
    ): void => this.take(view, offset, length, sequence, stream),
  };

  constructor(spec: CopySpec, protocols: Protocols) {
    super(spec);
    this.filter = messageFilterOf(spec, protocols);
  }

  protected override open(): void {
    const { spec, file } = this;
    this.output = null;
    if (spec.format === 'binaryfile') this.output = new BinaryFileOutput(file);
    this.stream = null;
    this.count = 0;
    this.filtered = 0;
    this.isOdd = false;
  }

  protected override copied(): CopiedPart | null {
    const { output, span, stream, firstSequence, filtered } = this;
    if (this.isOdd || stream === null || output === null) return null;
    const unfinished = output instanceof BinaryFileOutput ? null : output.unfinished();
    const { packets, tooLong, clampedTimestamps, zeroLength, messages: written } = output.counts;
    // What a packet cannot hold has a number all the same.
    if (tooLong > 0) return null;
    const { flow, session } = stream;
    return {
      ...{ bytes: this.file.taken(), packets, tooLong, clampedTimestamps, truncated: 0 },
      ...{ first: span.firstStamp, last: span.lastStamp, isAnchored: this.isAnchored },
      messages: {
        ...{ flow: flow?.index ?? -1, session, firstSequence, count: this.count },
        ...{ filtered, zeroLength, written, unfinished },
      },
    };
  }

  private take(view: DataView, offset: number, length: number, sequence: number, stream: Stream): void {
    if (this.stream === null) this.beginStream(sequence, stream);
    const isNext = stream === this.stream && sequence === this.nextSequence;
    if (!isNext || stream.isUnsequenced === true || isMdp3(stream)) this.isOdd = true;
    if (this.isOdd || this.reader === null) return;
    if (sequence > 0) this.nextSequence++;
    this.count++;
    if (!this.filter.acceptsMessage(view, offset, length)) {
      this.filtered++;
      return;
    }
    const { span, spec, reader } = this;
    const isKnown = spec.restamp.exchange && length > 0 && itch50.lengthOf(view, offset) === length;
    span.apply(reader.seconds, reader.nanoseconds, isKnown ? itch50.timestampOf(view, offset) : -1);
    this.output?.message(view, offset, length, span.stampSeconds, span.stampNanoseconds, 0);
  }

  private beginStream(sequence: number, stream: Stream): void {
    const { spec, file } = this;
    this.stream = stream;
    this.firstSequence = sequence;
    this.nextSequence = sequence;
    const own = { ...spec, resequence: null };
    this.output ??= moldUDP64Part(file, messageOutputSpec(own, stream.flow, stream.session));
  }
}

function captureFormat({ format }: CopySpec): 'pcap' | 'pcapng' {
  return format === 'pcapng' ? 'pcapng' : 'pcap';
}
