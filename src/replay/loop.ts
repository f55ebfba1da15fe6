/**
 * What a looped replay does to the feed's session and sequence, so that a receiver may take loops for one feed.
 *
 * `keep` sends every loop as captured; `continue` lets each loop's numbers go on where the last loop's ended;
 * `new-session` gives each loop after the first a session of its own. Datagrams of unknown framing are never changed.
 *
 * MoldUDP64: a new session's name has the loop's number, modulo 10,000, for its last four characters. With `continue`,
 * an end-of-session packet of any loop but the last goes out as a heartbeat, and a packet without a number, or with one
 * that would pass 2^53, keeps what it has.
 *
 * MDP 3.0 names no session: numbers that begin anew while SendingTime goes on are what a new one looks like. In both
 * modes SendingTime goes on from loop to loop, so that no packet of a later loop looks like a late one; with `continue`
 * MsgSeqNum does too, see `mdp3-loop.ts`.
 */
import { MAX_CAPTURED_BYTES } from '../capture/frame-reader.js';
import type { Flow } from '../core/seams.js';
import {
  COUNT_OFFSET,
  END_OF_SESSION_COUNT,
  HEARTBEAT_COUNT,
  patchSequence,
  readMessageCount,
  readSequence,
  SESSION_LENGTH,
} from '../session/moldudp64-header.js';
import { Mdp3Loops } from './mdp3-loop.js';
import type { LoopRewriter } from './scheduled-reader.js';

export type LoopSequence = 'keep' | 'continue' | 'new-session';

const loopDigits = 4;
/** Sessions whose numbers are continued; those met after are sent as they are and counted. */
const maxSessions = 1024;

/** Tells what a datagram of a flow is; null where it is neither, or shorter than the header. */
export type FramingOf = (view: DataView, offset: number, length: number, flow: Flow) => 'moldudp64' | 'mdp3' | null;

/** The numbers of one session on one flow; its name's ten bytes as words, to compare without making a string. */
class SessionSpan {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  first: number;
  /** The number after the highest met in one loop. */
  next: number;

  constructor(view: DataView, offset: number, sequence: number) {
    this.word0 = view.getInt32(offset);
    this.word1 = view.getInt32(offset + 4);
    this.word2 = view.getInt16(offset + 8);
    this.first = sequence;
    this.next = sequence;
  }

  matches(view: DataView, offset: number): boolean {
    return (
      view.getInt32(offset) === this.word0 &&
      view.getInt32(offset + 4) === this.word1 &&
      view.getInt16(offset + 8) === this.word2
    );
  }
}

/** Rewrites the datagrams of loop 2 and later; loop 1 teaches it the span of each session's numbers. */
export class FeedLoopRewriter implements LoopRewriter {
  view: DataView;
  offset = 0;
  length = 0;
  /** Datagrams sent unchanged because too many sessions were met. */
  untracked = 0;
  private readonly mode: LoopSequence;
  private readonly loops: number;
  private readonly framingOf: FramingOf;
  private readonly own = new DataView(new ArrayBuffer(MAX_CAPTURED_BYTES));
  private readonly ownBytes = new Uint8Array(this.own.buffer);
  /** By the flow's index; a flow has one session, rarely two, so they are searched in order. */
  private readonly spans: SessionSpan[][] = [];
  private readonly mdp3 = new Mdp3Loops();
  private sessions = 0;
  private loop = 1;

  /** `loops` as the engine has it: 0 = forever. */
  constructor(mode: LoopSequence, loops: number, framingOf: FramingOf) {
    this.mode = mode;
    this.loops = loops;
    this.framingOf = framingOf;
    this.view = this.own;
  }

  startLoop(loop: number): void {
    this.loop = loop;
    this.mdp3.startLoop(loop);
  }

  rewrite(view: DataView, offset: number, length: number, flow: Flow): void {
    const framing = this.mode === 'keep' ? null : this.framingOf(view, offset, length, flow);
    if (framing === null) this.borrow(view, offset, length);
    else if (framing === 'mdp3') this.rewriteMdp3(view, offset, length, flow);
    else if (this.mode === 'new-session') this.renameSession(view, offset, length);
    else this.continueSequence(view, offset, length, flow);
  }

  private borrow(view: DataView, offset: number, length: number): void {
    this.view = view;
    this.offset = offset;
    this.length = length;
  }

  private copy(view: DataView, offset: number, length: number): void {
    this.ownBytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, length));
    this.borrow(this.own, 0, length);
  }

  private rewriteMdp3(view: DataView, offset: number, length: number, flow: Flow): void {
    if (this.loop === 1) {
      this.mdp3.learn(view, offset, flow);
      this.borrow(view, offset, length);
      return;
    }
    this.copy(view, offset, length);
    this.mdp3.moveTime(this.own, 0);
    if (this.mode === 'continue') this.mdp3.moveNumber(this.own, 0, flow);
  }

  private renameSession(view: DataView, offset: number, length: number): void {
    if (this.loop === 1) {
      this.borrow(view, offset, length);
      return;
    }
    this.copy(view, offset, length);
    let rest = this.loop;
    for (let index = SESSION_LENGTH - 1; index >= SESSION_LENGTH - loopDigits; index--) {
      this.own.setUint8(index, 0x30 + (rest % 10));
      rest = Math.floor(rest / 10);
    }
  }

  private continueSequence(view: DataView, offset: number, length: number, flow: Flow): void {
    const count = readMessageCount(view, offset);
    const ends = count === END_OF_SESSION_COUNT;
    const sequence = readSequence(view, offset);
    const shift = this.shiftOf(view, offset, flow, sequence, ends ? 0 : count);
    const goesOn = ends && this.loop !== this.loops;
    if (shift === 0 && !goesOn) {
      this.borrow(view, offset, length);
      return;
    }
    this.copy(view, offset, length);
    if (goesOn) this.own.setUint16(COUNT_OFFSET, HEARTBEAT_COUNT);
    if (shift > 0) patchSequence(this.own, 0, sequence + shift);
  }

  /** What this loop adds to a number. */
  private shiftOf(view: DataView, offset: number, flow: Flow, sequence: number, count: number): number {
    if (sequence === 0 || sequence > Number.MAX_SAFE_INTEGER) return 0;
    const span = this.spanOf(view, offset, flow, sequence);
    if (span === undefined) return 0;
    if (this.loop === 1) {
      if (sequence < span.first) span.first = sequence;
      if (sequence + count > span.next) span.next = sequence + count;
      return 0;
    }
    const shift = (this.loop - 1) * (span.next - span.first);
    return sequence + shift <= Number.MAX_SAFE_INTEGER ? shift : 0;
  }

  private spanOf(view: DataView, offset: number, flow: Flow, sequence: number): SessionSpan | undefined {
    let spans = this.spans[flow.index];
    if (spans === undefined) {
      spans = [];
      this.spans[flow.index] = spans;
    }
    for (const span of spans) if (span.matches(view, offset)) return span;
    if (this.sessions >= maxSessions) {
      this.untracked++;
      return undefined;
    }
    this.sessions++;
    const span = new SessionSpan(view, offset, sequence);
    spans.push(span);
    return span;
  }
}
