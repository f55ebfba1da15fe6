/**
 * Whether a TCP stream that nothing is known of is SoupBinTCP: by its pieces, until one tells.
 *
 * Where the connection's opening was captured its first packet is at hand from its first byte on, and pieces that may
 * be its beginning are held until it can be judged. The first pieces of a stream are searched for packets whose
 * application is known too, since a capture may begin where pieces never do with a packet.
 */
import type { Join, LengthOf } from '../core/seams.js';
import { holdsSoupBinTCP, looksLikeSoupBinTCP, mayBeginSoupBinTCP } from './soupbintcp-chain.js';

/** The most bytes that are held of a stream. */
export const MAX_HELD_BYTES = 4096;
/** Pieces of a stream that are searched. */
export const MAX_SEARCHED_PIECES = 16;

const NOTHING = new DataView(new ArrayBuffer(0));

/** The public fields are what to decode where `take` says that the stream is SoupBinTCP. */
export class SoupRecogniser {
  view: DataView = NOTHING;
  offset = 0;
  length = 0;
  join: Join = 'start';
  /** Pieces before the last that they go back to. */
  heldPieces = 0;
  private held = new Uint8Array(0);
  private isHolding = false;
  private searched = 0;

  /** Judges a stream by its next piece. */
  take(view: DataView, offset: number, length: number, join: Join, lengthOf: LengthOf): boolean {
    this.show(view, offset, length, join);
    const isRecognised = this.judge(join, lengthOf);
    // The piece is borrowed: a view of it would keep its memory from being freed.
    if (!isRecognised) this.view = NOTHING;
    return isRecognised;
  }

  private judge(join: Join, lengthOf: LengthOf): boolean {
    if (join === 'start') this.isHolding = true;
    else if (join === 'lost') this.letGo();
    if (this.held.length > 0) this.append();
    if (looksLikeSoupBinTCP(this.view, this.offset, this.length, lengthOf)) return true;
    if (this.isHolding) this.hold();
    if (this.searched >= MAX_SEARCHED_PIECES) return false;
    this.searched++;
    return holdsSoupBinTCP(this.view, this.offset, this.length, lengthOf);
  }

  private show(view: DataView, offset: number, length: number, join: Join): void {
    this.view = view;
    this.offset = offset;
    this.length = length;
    this.join = join;
  }

  private append(): void {
    const piece = new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.length);
    const all = new Uint8Array(this.held.length + piece.length);
    all.set(this.held);
    all.set(piece, this.held.length);
    this.show(new DataView(all.buffer), 0, all.length, 'start');
  }

  /** Keeps what may be the beginning of a first packet. */
  private hold(): void {
    if (this.length > MAX_HELD_BYTES || !mayBeginSoupBinTCP(this.view, this.offset, this.length)) {
      this.letGo();
      return;
    }
    this.held = new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.length).slice();
    this.heldPieces++;
  }

  private letGo(): void {
    this.isHolding = false;
    this.held = new Uint8Array(0);
    this.heldPieces = 0;
  }
}
