/**
 * What a looped replay does to MoldUDP64's session and sequence, so that a receiver may take loops for one feed.
 *
 * `keep` sends every loop as captured; `continue` lets each loop's numbers go on where the last loop's ended;
 * `new-session` gives each loop after the first a session of its own: the name's last four characters become the loop's
 * number. With `continue`, an end-of-session packet of any loop but the last goes out as a heartbeat. Datagrams that
 * are no MoldUDP64 packets are never changed.
 */
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
import type { LoopRewriter } from './engine.js';

export type LoopSequence = 'keep' | 'continue' | 'new-session';

/** The largest UDP payload. */
const maxDatagramBytes = 65_535;
const loopDigits = 4;
/** Sessions whose numbers are continued; those met after are sent as they are and counted. */
const maxSessions = 4096;

/** Tells whether a datagram of a flow is a MoldUDP64 packet. */
export type IsMoldUDP64 = (view: DataView, offset: number, length: number, flow: Flow) => boolean;

interface SessionSpan {
  first: number;
  /** The number after the highest met in one loop. */
  next: number;
}

/** Rewrites the datagrams of loop 2 and later; loop 1 teaches it the span of each session's numbers. */
export class MoldLoopRewriter implements LoopRewriter {
  view: DataView;
  offset = 0;
  length = 0;
  /** Datagrams sent unchanged because too many sessions were met. */
  untracked = 0;
  private readonly mode: LoopSequence;
  private readonly loops: number;
  private readonly isMold: IsMoldUDP64;
  private readonly own = new DataView(new ArrayBuffer(maxDatagramBytes));
  private readonly ownBytes = new Uint8Array(this.own.buffer);
  private readonly spans = new Map<string, SessionSpan>();
  private loop = 1;

  /** `loops` as the engine has it: 0 = forever. */
  constructor(mode: LoopSequence, loops: number, isMold: IsMoldUDP64) {
    this.mode = mode;
    this.loops = loops;
    this.isMold = isMold;
    this.view = this.own;
  }

  startLoop(loop: number): void {
    this.loop = loop;
  }

  rewrite(view: DataView, offset: number, length: number, flow: Flow): void {
    if (this.mode === 'keep' || !this.isMold(view, offset, length, flow)) this.borrow(view, offset, length);
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
    const sequence = readSequence(view, offset);
    const span = this.spanOf(view, offset, flow, sequence);
    if (span === undefined || sequence === 0 || !Number.isSafeInteger(sequence)) {
      this.borrow(view, offset, length);
      return;
    }
    const count = readMessageCount(view, offset);
    const ends = count === END_OF_SESSION_COUNT;
    if (this.loop === 1) {
      const next = sequence + (ends ? 0 : count);
      if (sequence < span.first) span.first = sequence;
      if (next > span.next) span.next = next;
    }
    this.copy(view, offset, length);
    if (ends && this.loop !== this.loops) this.own.setUint16(COUNT_OFFSET, HEARTBEAT_COUNT);
    patchSequence(this.own, 0, sequence + (this.loop - 1) * (span.next - span.first));
  }

  private spanOf(view: DataView, offset: number, flow: Flow, sequence: number): SessionSpan | undefined {
    let key = `${flow.index}:`;
    for (let index = 0; index < SESSION_LENGTH; index++) key += String.fromCharCode(view.getUint8(offset + index));
    let span = this.spans.get(key);
    if (span === undefined) {
      if (this.spans.size >= maxSessions) {
        this.untracked++;
        return undefined;
      }
      span = { first: sequence, next: sequence };
      this.spans.set(key, span);
    }
    return span;
  }
}
