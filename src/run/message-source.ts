/** The messages of a capture as comparisons and callers pull them: batches of plain objects, decoded as they come. */
import type { FileDamage } from '../analysis/damage-log.js';
import type { Input } from '../analysis/input.js';
import { type FeedOptions, MessageFeed } from '../analysis/message-feed.js';
import type { Verdict } from '../analysis/protocol-gate.js';
import { isMdp3 } from '../analysis/protocols.js';
import type { ComparedMessage, MessageOrder, MessagePlace } from '../compare/message.js';
import { formatEpochNs } from '../core/halves.js';
import type { Stream } from '../core/seams.js';
import { itch50 } from '../protocol/itch50/index.js';

/**
 * What a message is known by on either side of a comparison. `session`: session and number. `number`: the number alone,
 * for captures that name their sessions differently or not at all. `place`: the how manieth it is of the capture.
 * `stream`: its number in its stream, as golden records have it.
 */
export type Keying = 'session' | 'number' | 'place' | 'stream';

/** One side of a comparison: batches until null. */
export interface MessageSource {
  /** The next messages; null behind the last. */
  next(): Promise<readonly ComparedMessage[] | null>;
  /** Lets go of what it holds; may be called at any time. */
  close(): Promise<void>;
}

export interface CaptureMessagesOptions extends FeedOptions {
  keying?: Keying;
  onDamage?: (damage: FileDamage) => void;
  /** Told of numbers that are missing, before the message behind them. */
  onGap?: (from: number, to: number, stream: Stream) => void;
  onHeartbeat?: (nextSequence: number, stream: Stream) => void;
  /** Deliver messages of ITCH streams whose layout is unknown too; those of MDP always are. */
  withUnknown?: boolean;
}

/** Messages handed over at a time; what a packet brings beyond comes along. */
const batchSize = 512;

/** Made by `openMessages`. */
export class CaptureMessages implements MessageSource {
  private feed!: MessageFeed;
  private batch: ComparedMessage[] = [];
  private running: Promise<void> | null = null;
  private failure: unknown = null;
  private isOver = false;
  private wakeConsumer: () => void = () => {};
  private wakeFeed: () => void = () => {};
  private packet = -1;
  private file = '';
  private index = 0;
  private ordinal = 0;
  private readonly epochs = new Map<number, Numbering>();

  private constructor(
    private keying: Keying,
    private readonly withUnknown: boolean,
  ) {}

  /** Opens the input; rejects as `MessageFeed.open` does. */
  static async open(input: Input, options: CaptureMessagesOptions = {}): Promise<CaptureMessages> {
    const { keying = 'session', withUnknown = false, onDamage, onGap, onHeartbeat, ...feedOptions } = options;
    const source = new CaptureMessages(keying, withUnknown);
    source.feed = await MessageFeed.open(
      input,
      {
        onMessage: (view, offset, length, _timestampNs, sequence, stream, verdict) =>
          source.take(view, offset, length, sequence, stream, verdict),
        ...(onDamage === undefined ? {} : { onDamage }),
        ...(onGap === undefined ? {} : { onGap }),
        ...(onHeartbeat === undefined ? {} : { onHeartbeat }),
        pause: () => (source.batch.length >= batchSize ? source.handOver() : undefined),
      },
      feedOptions,
    );
    return source;
  }

  /** What is being read, for its figures: damage, gaps, files. */
  get reading(): MessageFeed {
    return this.feed;
  }

  /** Messages taken so far, handed over or not. */
  get taken(): number {
    return this.ordinal;
  }

  async next(): Promise<readonly ComparedMessage[] | null> {
    this.running ??= this.feed.run().then(
      () => this.finish(null),
      (error: unknown) => this.finish(error),
    );
    this.wakeFeed();
    if (!this.isOver && this.batch.length < batchSize) {
      await new Promise<void>((resolve) => {
        this.wakeConsumer = resolve;
      });
    }
    if (this.batch.length === 0 && this.failure !== null) throw this.failure;
    if (this.batch.length === 0) return null;
    const { batch } = this;
    this.batch = [];
    return batch;
  }

  /** Messages are known by their numbers alone; to be said before the first is read. */
  ignoreSession(): void {
    this.keying = 'number';
  }

  async close(): Promise<void> {
    if (this.isOver) return;
    if (this.running === null) {
      this.isOver = true;
      await this.feed.input.close();
      return;
    }
    this.feed.stop();
    this.batch = [];
    this.wakeFeed();
    await this.running;
  }

  private finish(error: unknown): void {
    this.failure = error;
    this.isOver = true;
    this.wakeConsumer();
  }

  /** Waits until the batch was taken. */
  private async handOver(): Promise<void> {
    this.wakeConsumer();
    while (this.batch.length >= batchSize && !this.feed.isStopped) {
      await new Promise<void>((resolve) => {
        this.wakeFeed = resolve;
      });
    }
  }

  private take(
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    stream: Stream,
    verdict: Verdict,
  ): void {
    const { reader, currentName } = this.feed.input;
    if (reader.packetNumber !== this.packet || currentName !== this.file) {
      this.packet = reader.packetNumber;
      this.file = currentName;
      this.index = -1;
    }
    this.index++;
    const isOfMdp3 = isMdp3(stream);
    if (verdict !== 'known' && (verdict !== 'unknown' || !(isOfMdp3 || this.isSpoken(stream)))) return;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
    const values = valuesOf(this.feed, bytes, isOfMdp3, verdict === 'known');
    if (values === null) return;
    const numbering = this.numberingOf(stream, sequence);
    const place: MessagePlace = {
      file: currentName,
      packet: reader.packetNumber,
      offset: reader.fileOffset,
      sequence: numbering.sequence,
      session: stream.session,
      index: this.index,
      timestampNs: formatEpochNs(reader.seconds, reader.nanoseconds),
    };
    this.batch.push({
      place,
      protocol: isOfMdp3 ? 'mdp3' : 'itch50',
      type: values.type as string,
      name: values.name as string | null,
      values,
      bytes,
      isKnown: verdict === 'known',
      key: this.keyOf(stream, place, numbering),
      stream: streamText(stream),
      order: { epoch: numbering.epoch, number: numbering.sequence ?? numbering.count, nth: numbering.nth },
      isOfTcp: stream.flow?.transport === 'TCP',
    });
    this.ordinal++;
  }

  /** Whether what is unknown in a stream is an unknown message, and not of another protocol. */
  private isSpoken(stream: Stream): boolean {
    if (!this.withUnknown) return false;
    const { fit, unfit, forced } = this.feed.gate.verdictOf(stream);
    return forced || (fit > 0 && fit >= unfit);
  }

  private keyOf(stream: Stream, { session, index }: MessagePlace, { sequence, count, epoch, nth }: Numbering): string {
    if (this.keying === 'place') return `${this.ordinal}`;
    const { sendingSeconds, sendingNanoseconds = 0 } = stream;
    if (this.keying === 'stream') return streamKey(streamText(stream), { epoch, number: sequence ?? count, nth });
    if (sendingSeconds !== undefined) {
      return `${sequence}@${formatEpochNs(sendingSeconds, sendingNanoseconds)}#${index}`;
    }
    const prefix = this.keying === 'number' || session === null ? '' : `${session} `;
    return sequence === null
      ? `${prefix}?${count}`
      : `${prefix}${sequence}${isMdp3(stream) ? `/${epoch}#${index}` : ''}`;
  }

  /** A number that does not grow in a packet that was sent later than any begins a new numbering. */
  private noteRestart(numbering: Numbering, own: number | null, stream: Stream): void {
    const { sendingSeconds = Number.NEGATIVE_INFINITY, sendingNanoseconds = 0 } = stream;
    const { sequence, sentS, sentNs } = numbering;
    if (sendingSeconds < sentS || (sendingSeconds === sentS && sendingNanoseconds <= sentNs)) return;
    if (own !== null && sequence !== null && own <= sequence) {
      numbering.epoch++;
      numbering.nth = 0;
    }
    numbering.sentS = sendingSeconds;
    numbering.sentNs = sendingNanoseconds;
  }

  /** The message's number; of a BinaryFILE its place there. */
  private numberingOf(stream: Stream, sequence: number): Numbering {
    const id = stream.flow === null ? -1 - stream.index : stream.index;
    let numbering = this.epochs.get(id);
    if (numbering === undefined) {
      numbering = { sequence: null, count: 0, epoch: 0, nth: 0, sentS: Number.NEGATIVE_INFINITY, sentNs: 0 };
      this.epochs.set(id, numbering);
    }
    numbering.count++;
    const own = stream.flow === null ? numbering.count : sequence === 0 ? null : sequence;
    numbering.nth = own !== null && own === numbering.sequence ? numbering.nth + 1 : 0;
    this.noteRestart(numbering, own, stream);
    numbering.sequence = own;
    return numbering;
  }
}

/** The key of a message by its place in its stream. */
export function streamKey(stream: string, { epoch, number, nth }: MessageOrder): string {
  return `${stream}|${epoch}|${number}|${nth}`;
}

interface Numbering {
  sequence: number | null;
  count: number;
  /** How often numbers began anew. */
  epoch: number;
  nth: number;
  /** The latest SendingTime, of MDP. */
  sentS: number;
  sentNs: number;
}

/** What a stream is called in keys and golden records. */
function streamText({ protocol, session, flow }: Stream): string {
  return `${protocol} ${session ?? flow?.destination ?? ''} ${flow?.destinationPort ?? ''}`;
}

function valuesOf(
  { protocols }: MessageFeed,
  bytes: Uint8Array,
  isOfMdp3: boolean,
  isKnown: boolean,
): Readonly<Record<string, unknown>> | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const raw = Buffer.from(bytes).toString('hex');
  if (!isOfMdp3 && isKnown) return itch50.toObject(view, 0, bytes.length) as Readonly<Record<string, unknown>> | null;
  if (!isOfMdp3) return { type: String.fromCharCode(bytes[0] ?? 0), name: null, raw };
  const { mdp3 } = protocols;
  if (isKnown) return mdp3.catalogue.codecAt(view, 0, bytes.length)?.toObject(view, 0, bytes.length) ?? null;
  const { type, schemaId, version } = mdp3.describeLayout(view, 0, bytes.length);
  return { type, name: null, schemaId, version, raw };
}
