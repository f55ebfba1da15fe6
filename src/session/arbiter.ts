/**
 * One sequence of messages from any number of lines that carry the same session, such as a feed's A and B.
 *
 * The first arrival of a number wins; repetitions are dropped and counted. What arrives ahead of its turn is copied and
 * held back until the numbers before it have come, up to a bound of messages, of bytes, or of capture time: then the
 * gap is declared and the sequence goes on behind it. What comes for a declared gap is too late and counted. Messages
 * in their turn pass at once and uncopied, and so do unsequenced ones (number 0), whenever they come.
 *
 * A session that is joined at number 1 begins there. Joined elsewhere, the first messages are held back within
 * `START_MESSAGES` and the bounds, so that one that overtook the first on its way is not lost.
 */
import { MinHeap } from '../core/min-heap.js';
import { SequenceTracker } from './sequence-tracker.js';

/** The most messages that are held back. */
export const MAX_HELD_MESSAGES = 65_536;
/** The most bytes of messages that are held back. */
export const MAX_HELD_BYTES = 16_777_216;
/** The longest that a message is held back, in capture time. */
export const MAX_HELD_NS = 1_000_000_000;
/** Messages that a session joined in its middle begins with: the lowest of them is taken as its first. */
export const START_MESSAGES = 256;

export interface ArbiterListener {
  /** The next message; the view is borrowed until the call returns. */
  onMessage(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
  ): void;
  /** Messages `from` to `to` (inclusive) did not come in time; the next one is behind them. */
  onGap?(from: number, to: number): void;
}

export interface ArbiterOptions {
  readonly maxMessages?: number;
  readonly maxBytes?: number;
  readonly maxNs?: number;
  /** Number that the session begins with where that is known. */
  readonly firstSequence?: number;
}

/** A message held back. */
interface Held {
  readonly view: DataView;
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Puts the messages of one session in order. */
export class Arbiter {
  /** Numbered messages passed on. */
  messages = 0;
  unsequenced = 0;
  /** Messages whose number had been passed on or was held already. */
  duplicates = 0;
  /** Messages that came when their gap had been declared, left out. */
  late = 0;
  /** Messages that had to wait for others. */
  heldBack = 0;
  /** Gaps declared, and the messages in them. */
  gaps = 0;
  missing = 0;
  /** The number that is waited for; 0 before the session has begun. */
  nextSequence: number;
  private readonly listener: ArbiterListener;
  private readonly maxMessages: number;
  private readonly maxBytes: number;
  private readonly maxNs: number;
  /** Tells late messages from repeated ones. */
  private readonly seen = new SequenceTracker();
  private readonly held = new Map<number, Held>();
  private readonly order = new MinHeap();
  private heldBytes = 0;
  /** Stamp from which on the message behind the gap has been waiting. */
  private sinceSeconds = 0;
  private sinceNanoseconds = 0;

  constructor(listener: ArbiterListener, options: ArbiterOptions = {}) {
    this.listener = listener;
    this.maxMessages = options.maxMessages ?? MAX_HELD_MESSAGES;
    this.maxBytes = options.maxBytes ?? MAX_HELD_BYTES;
    this.maxNs = options.maxNs ?? MAX_HELD_NS;
    this.nextSequence = options.firstSequence ?? 0;
    if (this.nextSequence > 0) this.seen.expect(this.nextSequence);
  }

  /** Takes a message of any line; `sequence` 0 is unsequenced. */
  message(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
  ): void {
    if (this.held.size > 0 && this.hasWaited(seconds, nanoseconds)) this.goOn();
    if (sequence === 0) {
      this.unsequenced++;
      this.listener.onMessage(view, offset, length, seconds, nanoseconds, 0);
      return;
    }
    if (this.nextSequence === 0 && sequence === 1) this.begin(1);
    if (sequence === this.nextSequence) {
      this.pass(view, offset, length, seconds, nanoseconds);
      if (this.held.size > 0) this.release();
      return;
    }
    if (this.nextSequence > 0 && sequence < this.nextSequence) {
      if (this.seen.accept(sequence)) this.late++;
      else this.duplicates++;
      return;
    }
    this.hold(view, offset, length, seconds, nanoseconds, sequence);
  }

  /** Passes on what is held back, gaps declared; `nextSequence` where it is known which number would come next. */
  flush(nextSequence = 0): void {
    while (this.held.size > 0) this.goOn();
    if (this.nextSequence > 0 && nextSequence > this.nextSequence) this.skipTo(nextSequence);
  }

  private begin(sequence: number): void {
    this.nextSequence = sequence;
    this.seen.expect(sequence);
  }

  private pass(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number): void {
    const sequence = this.nextSequence;
    this.seen.extend(1);
    this.nextSequence++;
    this.messages++;
    this.listener.onMessage(view, offset, length, seconds, nanoseconds, sequence);
  }

  private hold(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
  ): void {
    if (this.held.has(sequence)) {
      this.duplicates++;
      return;
    }
    if (this.held.size === 0) {
      this.sinceSeconds = seconds;
      this.sinceNanoseconds = nanoseconds;
    }
    const start = view.byteOffset + offset;
    this.held.set(sequence, { view: new DataView(view.buffer.slice(start, start + length)), seconds, nanoseconds });
    this.order.push(sequence);
    this.heldBytes += length;
    this.heldBack++;
    const { maxMessages } = this;
    const most = this.nextSequence === 0 ? Math.min(START_MESSAGES, maxMessages) : maxMessages;
    if (this.held.size > most || this.heldBytes > this.maxBytes) this.goOn();
  }

  private hasWaited(seconds: number, nanoseconds: number): boolean {
    return (seconds - this.sinceSeconds) * 1e9 + (nanoseconds - this.sinceNanoseconds) > this.maxNs;
  }

  /** Declares the gap before the lowest number that is held, or begins with it, and passes on what follows. */
  private goOn(): void {
    const lowest = this.order.least;
    if (this.nextSequence === 0) this.begin(lowest);
    else this.skipTo(lowest);
    this.release();
  }

  private skipTo(sequence: number): void {
    const from = this.nextSequence;
    this.gaps++;
    this.missing += sequence - from;
    this.seen.expect(sequence);
    this.nextSequence = sequence;
    this.listener.onGap?.(from, sequence - 1);
  }

  /** Passes on the messages that are held and have their turn. */
  private release(): void {
    const { held, order } = this;
    for (let next = held.get(this.nextSequence); next !== undefined; next = held.get(this.nextSequence)) {
      held.delete(this.nextSequence);
      order.pop();
      const { view, seconds, nanoseconds } = next;
      this.heldBytes -= view.byteLength;
      this.pass(view, 0, view.byteLength, seconds, nanoseconds);
    }
    const waiting = held.get(order.least);
    if (waiting === undefined) return;
    this.sinceSeconds = waiting.seconds;
    this.sinceNanoseconds = waiting.nanoseconds;
  }
}
