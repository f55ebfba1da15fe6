/**
 * Which messages are of the protocol that their stream speaks: a message by its layout, a stream by the majority of
 * its messages.
 *
 * Other dialects share ITCH's framing and some of its type letters, so a message whose layout fits by chance must not
 * be decoded in a stream that is something else. A stream speaks ITCH 5.0 as long as at least half of its messages so
 * far fit. MDP 3.0 has a framing of its own, which settles the question: there, each message is judged by itself.
 */
import type { Damage, Stream } from '../core/seams.js';
import type { Application } from './application.js';

/**
 * `known`: decode it. `unknown`: no such layout. `damaged`: the layout is known, but the message contradicts it.
 * `withheld`: the layout fits, but the stream is not of the protocol.
 */
export type Verdict = 'known' | 'unknown' | 'damaged' | 'withheld';

export interface StreamVerdict {
  fit: number;
  unfit: number;
  /** Messages that fit but were held back. */
  withheld: number;
  forced: boolean;
}

/** One layout that no table knows: how often it came, and the first of them. */
export interface UnknownLayout {
  type: string;
  /** Of the first. */
  length: number;
  /** Of MDP: what the message's header says, for which a `--templates` file would have to be found. */
  schemaId?: number;
  version?: number;
  count: number;
  /** `file` is null where there is none, as of datagrams just received. */
  first: { file: string | null; packet: number; sequence: number; bytes: string };
}

export interface GateOptions {
  applicationOf(stream: Stream): Application;
  /** Whether the user, or the framing, says what the stream speaks. */
  isForced(stream: Stream): boolean;
  currentFile?(): string | null;
  /** Messages that are taken to have fitted before the first of the stream; none where absent. */
  credit?(stream: Stream): number;
  /** Told of messages that contradict their layout. */
  onDamage?(damage: Damage): void;
}

/** What a gate counts over all streams, but for messages that contradict their layout. */
export interface GateCounts {
  readonly unknownMessages: number;
  readonly withheldMessages: number;
  readonly zeroLengthMessages: number;
  readonly unknown: ReadonlyMap<number, UnknownLayout>;
}

/** Distinct unknown layouts that are listed; more are only counted. */
export const maxUnknownLayouts = 256;
const shownBytes = 64;

export class ProtocolGate {
  readonly unknown = new Map<number, UnknownLayout>();
  /** Messages of unknown layout, in all. */
  unknownMessages = 0;
  /** Messages that contradict a known layout. */
  damagedMessages = 0;
  zeroLengthMessages = 0;
  /** Messages that fit a layout in streams that are something else. */
  withheldMessages = 0;
  private readonly verdicts: StreamVerdict[] = [];
  private readonly options: GateOptions;

  constructor(options: GateOptions) {
    this.options = options;
  }

  /** Judges one message and counts it. */
  judge(view: DataView, offset: number, length: number, packet: number, sequence: number, stream: Stream): Verdict {
    const verdict = this.verdictOf(stream);
    if (length === 0) {
      this.zeroLengthMessages++;
      return 'unknown';
    }
    const application = this.options.applicationOf(stream);
    // What clients send has layouts of its own, some of which fit by chance.
    const isForeign = stream.isUnsequenced === true && !verdict.forced;
    if (isForeign || !application.isKnown(view, offset, length)) {
      verdict.unfit++;
      if (!isForeign && this.isDamaged(application, view, offset, length, packet)) return 'damaged';
      this.noteUnknown(application, view, offset, length, packet, sequence);
      return 'unknown';
    }
    verdict.fit++;
    if (verdict.forced || verdict.unfit <= verdict.fit) return 'known';
    verdict.withheld++;
    this.withheldMessages++;
    return 'withheld';
  }

  /**
   * Judges the messages from `start` to `end`, each behind its 2-byte length, at once: where all are known they are
   * counted. False where one may not be: then nothing is counted, and each has to be judged.
   */
  judgeRun(view: DataView, start: number, end: number, count: number, stream: Stream): boolean {
    if (!this.isOfProtocol(stream)) return false;
    const application = this.options.applicationOf(stream);
    if (application.areKnown?.(view, start, end) !== true) return false;
    this.verdictOf(stream).fit += count;
    return true;
  }

  /** Whether the next message of the stream is decoded if its layout is known. */
  isOfProtocol(stream: Stream): boolean {
    const { forced, fit, unfit } = this.verdictOf(stream);
    return forced || unfit <= fit + 1;
  }

  verdictOf(stream: Stream): StreamVerdict {
    let verdict = this.verdicts[stream.index];
    if (verdict === undefined) {
      const fit = this.options.credit?.(stream) ?? 0;
      verdict = { fit, unfit: 0, withheld: 0, forced: this.options.isForced(stream) };
      this.verdicts[stream.index] = verdict;
    }
    return verdict;
  }

  /** Adds verdicts on messages of a stream that were judged elsewhere. */
  addVerdicts(stream: Stream, { fit, unfit, withheld }: Pick<StreamVerdict, 'fit' | 'unfit' | 'withheld'>): void {
    const verdict = this.verdictOf(stream);
    verdict.fit += fit;
    verdict.unfit += unfit;
    verdict.withheld += withheld;
  }

  /** Adds what such messages came to in all. */
  addCounts(counts: GateCounts): void {
    this.unknownMessages += counts.unknownMessages;
    this.withheldMessages += counts.withheldMessages;
    this.zeroLengthMessages += counts.zeroLengthMessages;
    for (const [key, layout] of counts.unknown) {
      const known = this.unknown.get(key);
      if (known !== undefined) known.count += layout.count;
      else if (this.unknown.size < maxUnknownLayouts) this.unknown.set(key, layout);
    }
  }

  /** Such as `ITCH 5.0` or `not ITCH 5.0`; null while a stream has had no message. */
  speaks(stream: Stream): string | null {
    const { fit, unfit, forced } = this.verdictOf(stream);
    if (fit + unfit === 0) return null;
    const { title } = this.options.applicationOf(stream);
    return forced || unfit <= fit ? title : `not ${title}`;
  }

  /** Tells what contradicts the layout, where one is known. */
  private isDamaged(application: Application, view: DataView, offset: number, length: number, packet: number): boolean {
    const fault = application.faultOf(view, offset, length);
    if (fault === null) return false;
    this.damagedMessages++;
    const where = `message of ${length} bytes`;
    const message = `${application.title} packet ${packet}, ${where}: ${fault.path}: ${fault.message}; not decoded`;
    this.options.onDamage?.({ code: fault.code, message, record: packet, offset: 0 });
    return true;
  }

  private noteUnknown(
    application: Application,
    view: DataView,
    offset: number,
    length: number,
    packet: number,
    sequence: number,
  ): void {
    this.unknownMessages++;
    const key = application.layoutKey(view, offset, length);
    const known = this.unknown.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.unknown.size >= maxUnknownLayouts) return;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, Math.min(length, shownBytes));
    this.unknown.set(key, {
      ...application.describeLayout(view, offset, length),
      length,
      count: 1,
      first: {
        file: this.options.currentFile?.() ?? null,
        packet,
        sequence,
        bytes: Buffer.from(bytes).toString('hex'),
      },
    });
  }
}
