/**
 * Whether a TCP stream that nothing is known of is of one framing: by its pieces, until one tells.
 *
 * Pieces that may be the beginning of a stream are held until they can be judged together. The first pieces are also
 * searched by themselves, since a capture may begin where none begins with a packet.
 */
import type { Join } from '../core/seams.js';

/** Pieces of a stream that are searched. */
export const MAX_SEARCHED_PIECES = 16;

const NOTHING = new DataView(new ArrayBuffer(0));

/** The public fields are what to decode where `take` says that the stream is of the framing; `Facts` tell messages. */
export abstract class TcpRecogniser<Facts> {
  view: DataView = NOTHING;
  offset = 0;
  length = 0;
  join: Join = 'start';
  /** Pieces before the last that they go back to. */
  heldPieces = 0;
  private held = new Uint8Array(0);
  private heldJoin: Join = 'start';
  private searched = 0;

  /** `maxHeldBytes`: the most bytes that are held of a stream. */
  constructor(private readonly maxHeldBytes: number) {}

  /** Judges a stream by its next piece. */
  take(view: DataView, offset: number, length: number, join: Join, facts: Facts): boolean {
    this.show(view, offset, length, join);
    if (join !== 'next') this.letGo();
    else if (this.heldPieces > 0) this.append();
    const isRecognised = this.judge(facts) || (this.searched++ < MAX_SEARCHED_PIECES && this.search(facts));
    // The piece is borrowed: a view of it would keep its memory from being freed.
    if (!isRecognised) this.view = NOTHING;
    return isRecognised;
  }

  /** Whether what is at hand begins with the framing; holds it, or lets go of what is held, where it does not. */
  protected abstract judge(facts: Facts): boolean;

  /** Whether the framing is found somewhere in what is at hand. */
  protected abstract search(facts: Facts): boolean;

  /** Keeps what is at hand, which may be a beginning, for the next piece; not where it is too long. */
  protected hold(): void {
    if (this.length > this.maxHeldBytes) {
      this.letGo();
      return;
    }
    this.held = new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.length).slice();
    this.heldJoin = this.join;
    this.heldPieces++;
  }

  protected letGo(): void {
    this.held = new Uint8Array(0);
    this.heldPieces = 0;
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
    this.show(new DataView(all.buffer), 0, all.length, this.heldJoin);
  }
}
