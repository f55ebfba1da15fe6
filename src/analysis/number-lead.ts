/**
 * Numbers at the head of a line, each with the text that stands before it: what thousands of lines have the same, that
 * text and the digits in front, is kept as bytes, and a line costs a few stores of eight bytes and the digits behind.
 */
import { mostDigits, quads, writeEpochNs, writeNine, writeSafe } from '../core/digits.js';
import { type TextPiece, textPiece, writePiece } from '../core/text-buffer.js';

const tenThousand = 10_000;
/** Above this, numbers are no integers of the engine's own any more. */
const mostCounted = 0x7fffffff;

/** Bytes that are kept, written eight at a time. */
class Kept {
  readonly words: Float64Array;
  readonly view: DataView;
  length = 0;

  constructor(capacity: number) {
    this.words = new Float64Array(Math.ceil(capacity / 8) + 1);
    this.view = new DataView(this.words.buffer);
  }

  /** Digits and names are ASCII, and what stands around them UTF-8, of which no eight bytes are a NaN. */
  write(out: DataView, at: number): number {
    const { words, length } = this;
    for (let word = 0; word << 3 < length; word++) out.setFloat64(at + (word << 3), words[word] as number, nativeOrder);
    return at + length;
  }
}

/** The order in which this processor keeps the bytes of a word. */
const nativeOrder = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A number that counts up, and what stands before it. */
export class NumberLead {
  private readonly before: TextPiece;
  private readonly kept: Kept;
  /** The number without its last four digits, as it is kept behind the text. */
  private upper = -1;

  constructor(before: string) {
    this.before = textPiece(before);
    this.kept = new Kept(this.before.length + mostDigits);
  }

  /** Writes the text and the number, 0 to 2^53 - 1; returns the offset behind them. */
  write(out: DataView, at: number, value: number): number {
    if (value < tenThousand || value > mostCounted) return writeSafe(out, writePiece(out, at, this.before), value);
    const upper = (value / tenThousand) | 0;
    if (upper !== this.upper) this.keep(upper);
    const end = this.kept.write(out, at);
    out.setUint32(end, quads[(value - Math.imul(upper, tenThousand)) | 0] as number, true);
    return end + 4;
  }

  private keep(upper: number): void {
    const { kept } = this;
    kept.length = writeSafe(kept.view, writePiece(kept.view, 0, this.before), upper);
    this.upper = upper;
  }
}

/** A time stamp in nanoseconds since 1970, and what stands before it. */
export class TimeLead {
  private readonly before: TextPiece;
  private readonly kept: Kept;
  /** The seconds that are kept behind the text. */
  private seconds = 0;

  constructor(before: string) {
    this.before = textPiece(before);
    this.kept = new Kept(this.before.length + mostDigits);
  }

  /** Writes the text and the stamp, nanoseconds 0 to 999,999,999; returns the offset behind them. */
  write(out: DataView, at: number, seconds: number, nanoseconds: number): number {
    if (seconds <= 0) return writeEpochNs(out, writePiece(out, at, this.before), seconds, nanoseconds);
    if (seconds !== this.seconds) this.keep(seconds);
    return writeNine(out, this.kept.write(out, at), nanoseconds);
  }

  private keep(seconds: number): void {
    const { kept } = this;
    kept.length = writeSafe(kept.view, writePiece(kept.view, 0, this.before), seconds);
    this.seconds = seconds;
  }
}
