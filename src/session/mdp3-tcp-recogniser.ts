/**
 * Whether a TCP stream that nothing is known of is MDP 3.0: by its pieces, until one tells.
 *
 * Pieces that may be the beginning of a header and its messages are held until they can be judged. The first pieces of
 * a stream are searched for known messages too, since a capture may begin where pieces never do with a header.
 */
import type { Join } from '../core/seams.js';
import type { Mdp3Facts } from './mdp3.js';
import { MDP3_TCP_HEADER_LENGTH, MDP3_TCP_MARK } from './mdp3-header.js';
import { holdsMdp3Tcp, startsMdp3Tcp } from './mdp3-tcp-chain.js';

/** The most bytes that are held of a stream: a header and the longest message. */
const MAX_HELD_BYTES = MDP3_TCP_HEADER_LENGTH + MDP3_TCP_MARK;
/** Pieces of a stream that are searched. */
const MAX_SEARCHED_PIECES = 16;

const NOTHING = new DataView(new ArrayBuffer(0));

/** The public fields are what to decode where `take` says that the stream is MDP 3.0. */
export class Mdp3TcpRecogniser {
  view: DataView = NOTHING;
  offset = 0;
  length = 0;
  join: Join = 'lost';
  /** Pieces before the last that they go back to. */
  heldPieces = 0;
  private held = new Uint8Array(0);
  private heldJoin: Join = 'lost';
  private searched = 0;

  /** Judges a stream by its next piece. */
  take(view: DataView, offset: number, length: number, join: Join, facts: Mdp3Facts): boolean {
    this.view = view;
    this.offset = offset;
    this.length = length;
    this.join = join;
    const isRecognised = this.judge(join, facts);
    // The piece is borrowed: a view of it would keep its memory from being freed.
    if (!isRecognised) this.view = NOTHING;
    return isRecognised;
  }

  private judge(join: Join, facts: Mdp3Facts): boolean {
    if (join !== 'next') this.letGo();
    else if (this.held.length > 0) this.append();
    const end = this.offset + this.length;
    const start = startsMdp3Tcp(this.view, this.offset, end, facts);
    if (start === 'yes') return true;
    if (start === 'maybe') this.hold();
    else this.letGo();
    if (this.searched >= MAX_SEARCHED_PIECES) return false;
    this.searched++;
    return holdsMdp3Tcp(this.view, this.offset, end, facts);
  }

  private append(): void {
    const piece = new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.length);
    const all = new Uint8Array(this.held.length + piece.length);
    all.set(this.held);
    all.set(piece, this.held.length);
    this.view = new DataView(all.buffer);
    this.offset = 0;
    this.length = all.length;
    this.join = this.heldJoin;
  }

  private hold(): void {
    if (this.length > MAX_HELD_BYTES) {
      this.letGo();
      return;
    }
    this.held = new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.length).slice();
    this.heldJoin = this.join;
    this.heldPieces++;
  }

  private letGo(): void {
    this.held = new Uint8Array(0);
    this.heldPieces = 0;
  }
}
