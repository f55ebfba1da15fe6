/**
 * Text as UTF-8 bytes that grow in one buffer: where writers of messages put their lines, without a string a message.
 *
 * A writer makes room for all it may write, puts bytes at `length` through `view`, and moves `length` on; whoever owns
 * the buffer takes the bytes out in large pieces. Nothing in it is ever moved or dropped but by its owner.
 */

/** Bytes that may be written behind the text by stores that are wider than it. */
export const slackBytes = 16;

/** A text that is written often: its UTF-8 bytes, eight at a time. */
export interface TextPiece {
  readonly text: string;
  readonly words: Float64Array;
  /** In bytes. */
  readonly length: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class TextBuffer {
  /** Replaced when the buffer grows or gives its bytes away, and `view` with it. */
  bytes: Uint8Array;
  view: DataView;
  /** Bytes of text so far. */
  length = 0;

  /** `allocate` gives memory of so many bytes, all 0. */
  constructor(
    capacity = 1 << 16,
    private readonly allocate = (bytes: number): Uint8Array => new Uint8Array(bytes),
  ) {
    this.bytes = allocate(capacity + slackBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes sure that `count` more bytes can be written. */
  room(count: number): void {
    if (this.length + count + slackBytes > this.bytes.length) this.grow(this.length + count + slackBytes);
  }

  /** Appends a text. */
  text(text: string): void {
    this.room(text.length * 3);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** Appends a piece. */
  piece(piece: TextPiece): void {
    this.room(piece.length);
    this.length = writePiece(this.view, this.length, piece);
  }

  /** The text from a place on. */
  toString(from = 0): string {
    return decoder.decode(this.bytes.subarray(from, this.length));
  }

  /** Gives the bytes away and goes on, empty, in `bytes`, or in new ones of the same capacity. */
  replace(bytes: Uint8Array = this.allocate(this.bytes.length)): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.length = 0;
  }

  private grow(least: number): void {
    const { bytes, length } = this;
    this.replace(this.allocate(Math.max(least, bytes.length * 2)));
    this.bytes.set(bytes.subarray(0, length));
    this.length = length;
  }
}

/** Makes a piece of a text. */
export function textPiece(text: string): TextPiece {
  const bytes = encoder.encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const words = Float64Array.from({ length: padded.length / 8 }, (_, index) => view.getFloat64(index * 8, true));
  return { text, words, length: bytes.length };
}

/**
 * Writes a piece at `at`, where room is; returns the offset behind it. Eight bytes of UTF-8 are never a NaN, whose bits
 * would not be kept: 0xFF is no byte of it, and 0x7F never follows one of 0xF0 or above.
 */
export function writePiece(out: DataView, at: number, { words, length }: TextPiece): number {
  for (let index = 0; index < words.length; index++) out.setFloat64(at + index * 8, words[index] as number, true);
  return at + length;
}
