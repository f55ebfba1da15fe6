/**
 * Options of pcapng blocks: draft-ietf-opsawg-pcapng section 3.5. Each is a code, a length and a value padded to 32
 * bits; the end-of-options code closes the list, or the block's end does.
 */

const OPTION_END = 0;

/** A comment, in any block. */
export const OPTION_COMMENT = 1;

/** The most bytes of a text that are read. */
export const MAX_TEXT_BYTES = 256;

/** Walks the options of one block after another. */
export class OptionCursor {
  code = 0;
  /** Start of the option's value in the view … */
  offset = 0;
  /** … and its length without padding. */
  length = 0;
  /** Why the walk ended before the list did; null where it did not. */
  fault: string | null = null;
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  private end = 0;
  private littleEndian = false;

  /** Starts at the option at `at`, the block's options ending before `end`. */
  open(view: DataView, at: number, end: number, littleEndian: boolean): void {
    this.view = view;
    this.at = at;
    this.end = end;
    this.littleEndian = littleEndian;
    this.fault = null;
  }

  /** Moves to the next option; false at the end of the list, or where `fault` says. */
  next(): boolean {
    const { view, at, end, littleEndian } = this;
    if (at + 4 > end) return false;
    const code = view.getUint16(at, littleEndian);
    if (code === OPTION_END) return false;
    const length = view.getUint16(at + 2, littleEndian);
    const left = end - at - 4;
    if (length > left) {
      this.fault = `option ${code} claims ${length} bytes and ${left} are left in the block`;
      return false;
    }
    this.code = code;
    this.offset = at + 4;
    this.length = length;
    this.at = at + 4 + length + (-length & 3);
    return true;
  }

  /** The value as text, its beginning where it is long. */
  text(): string {
    const shown = Math.min(this.length, MAX_TEXT_BYTES);
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, shown);
    // A decoder that expects more leaves out the character that the cut divides.
    const text = new TextDecoder().decode(bytes, { stream: shown < this.length });
    return text.replace(/\0+$/, '');
  }

  uint8(): number {
    return this.view.getUint8(this.offset);
  }

  /** Exact below 2^53. */
  uint64(): number {
    const high = this.view.getUint32(this.offset + (this.littleEndian ? 4 : 0), this.littleEndian);
    const low = this.view.getUint32(this.offset + (this.littleEndian ? 0 : 4), this.littleEndian);
    return high * 4294967296 + low;
  }

  int64(): number {
    const high = this.view.getInt32(this.offset + (this.littleEndian ? 4 : 0), this.littleEndian);
    const low = this.view.getUint32(this.offset + (this.littleEndian ? 0 : 4), this.littleEndian);
    return high * 4294967296 + low;
  }
}
