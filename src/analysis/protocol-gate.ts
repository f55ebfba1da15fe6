/**
 * Which messages are ITCH 5.0: a message by its type and length, a stream by the majority of its messages.
 *
 * Other dialects share the framing and some type letters, so a message whose layout fits by chance must not be decoded
 * in a stream that is something else. A stream speaks ITCH 5.0 as long as at least half of its messages so far fit.
 */
import type { Stream } from '../core/seams.js';

/** `known`: decode it. `unknown`: no such layout. `withheld`: the layout fits, but the stream is not ITCH 5.0. */
export type Verdict = 'known' | 'unknown' | 'withheld';

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
  length: number;
  count: number;
  /** `file` is null where there is none, as of datagrams just received. */
  first: { file: string | null; packet: number; sequence: number; bytes: string };
}

/** Distinct unknown layouts that are listed; more are only counted. */
export const maxUnknownLayouts = 256;
const shownBytes = 64;

export class ProtocolGate {
  readonly unknown = new Map<number, UnknownLayout>();
  /** Messages of unknown layout, in all. */
  unknownMessages = 0;
  zeroLengthMessages = 0;
  /** Messages that fit a layout in streams that are not ITCH 5.0. */
  withheldMessages = 0;
  private readonly verdicts: StreamVerdict[] = [];
  private readonly isKnown: (view: DataView, offset: number, length: number) => boolean;
  private readonly isForced: (stream: Stream) => boolean;
  private readonly currentFile: () => string | null;

  constructor(
    isKnown: (view: DataView, offset: number, length: number) => boolean,
    isForced: (stream: Stream) => boolean,
    currentFile: () => string | null = () => null,
  ) {
    this.isKnown = isKnown;
    this.isForced = isForced;
    this.currentFile = currentFile;
  }

  /** Judges one message and counts it. */
  judge(view: DataView, offset: number, length: number, packet: number, sequence: number, stream: Stream): Verdict {
    const verdict = this.verdictOf(stream);
    if (length === 0) {
      this.zeroLengthMessages++;
      return 'unknown';
    }
    // What clients send has layouts of its own, some of which fit by chance.
    const isForeign = stream.isUnsequenced === true && !verdict.forced;
    if (isForeign || !this.isKnown(view, offset, length)) {
      verdict.unfit++;
      this.noteUnknown(view, offset, length, packet, sequence);
      return 'unknown';
    }
    verdict.fit++;
    if (verdict.forced || verdict.unfit <= verdict.fit) return 'known';
    verdict.withheld++;
    this.withheldMessages++;
    return 'withheld';
  }

  verdictOf(stream: Stream): StreamVerdict {
    let verdict = this.verdicts[stream.index];
    if (verdict === undefined) {
      verdict = { fit: 0, unfit: 0, withheld: 0, forced: this.isForced(stream) };
      this.verdicts[stream.index] = verdict;
    }
    return verdict;
  }

  /** Null while a stream has had no message. */
  speaks(stream: Stream): 'ITCH 5.0' | 'not ITCH 5.0' | null {
    const { fit, unfit, forced } = this.verdictOf(stream);
    if (fit + unfit === 0) return null;
    return forced || unfit <= fit ? 'ITCH 5.0' : 'not ITCH 5.0';
  }

  private noteUnknown(view: DataView, offset: number, length: number, packet: number, sequence: number): void {
    this.unknownMessages++;
    const typeCode = view.getUint8(offset);
    const key = typeCode * 65536 + length;
    const known = this.unknown.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.unknown.size >= maxUnknownLayouts) return;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, Math.min(length, shownBytes));
    this.unknown.set(key, {
      type: String.fromCharCode(typeCode),
      length,
      count: 1,
      first: { file: this.currentFile(), packet, sequence, bytes: Buffer.from(bytes).toString('hex') },
    });
  }
}
