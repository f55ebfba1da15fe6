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
/** Numbers taken out of their order that are remembered beside as many as are held. */
const MAX_STALE_NUMBERS = 64;
/** Messages that a session joined in its middle begins with: the lowest of them is taken as its first. */
export const START_MESSAGES = 256;

export interface ArbiterListener {
  /** The next message; the view is borrowed until the call returns. `place` is what was given with it. */
  onMessage(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    place: number,
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
  readonly place: number;
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
  /** The place of what has been waiting at the first gap; infinite where nothing is held. */
  heldPlace = Number.POSITIVE_INFINITY;
  private readonly listener: ArbiterListener;
  private readonly maxMessages: number;
  private readonly maxBytes: number;
  private readonly maxNs: number;
  /** Tells late messages from repeated ones. */
  private readonly seen = new SequenceTracker();
  private readonly held = new Map<number, Held>();
  /** The numbers held, and some that are no more. */
  private order = new MinHeap();
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

  /** Takes a message of any line; `sequence` 0 is unsequenced, `place` comes back with it. */
  message(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    place = 0,
  ): void {
    if (this.held.size > 0 && this.hasWaited(seconds, nanoseconds)) this.goOn();
    if (sequence === 0) {
      this.unsequenced++;
      this.listener.onMessage(view, offset, length, seconds, nanoseconds, 0, place);
      return;
    }
    if (this.nextSequence === 0 && sequence === 1) this.begin(1);
    if (sequence === this.nextSequence) {
      this.pass(view, offset, length, seconds, nanoseconds, place);
      if (this.held.size > 0) this.release();
      return;
    }
    if (this.nextSequence > 0 && sequence < this.nextSequence) {
      if (this.seen.accept(sequence)) this.late++;
      else this.duplicates++;
      return;
    }
    this.hold(view, offset, length, seconds, nanoseconds, sequence, place);
  }

  /**
   * Takes `count` messages from `sequence` on as passed, where they are in their turn and nothing is held; else returns
   * false, and each is to be given to `message`. The listener is not told.
   */
  passRun(sequence: number, count: number): boolean {
    if (this.nextSequence === 0 && sequence === 1) this.begin(1);
    const { seen } = this;
    if (sequence === 0 || sequence !== this.nextSequence || sequence !== seen.next || this.held.size > 0) return false;
    seen.extend(count);
    this.nextSequence += count;
    this.messages += count;
    return true;
  }

  /** Whether `passRun` takes messages from `sequence` on; 0: such without numbers, where nothing is held. */
  isAt(sequence: number): boolean {
    if (this.held.size > 0) return false;
    return sequence === 0 || (sequence === this.nextSequence && sequence === this.seen.next);
  }

  /** Declares what has not come of the messages before `next` missing, or begins there; passes on what follows. */
  giveUp(next: number): void {
    if (this.nextSequence === 0 && this.held.size === 0) this.begin(next);
    while (this.held.size > 0 && this.lowest() < next) this.goOn();
    if (next > this.nextSequence) this.skipTo(next);
    this.release();
  }

  /** Says what time it is: gaps that have been waited for too long are declared. */
  advance(seconds: number, nanoseconds: number): void {
    while (this.held.size > 0 && this.hasWaited(seconds, nanoseconds)) this.goOn();
  }

  /**
   * Says that the message numbered `wrong`, ahead of its turn, has not that number, since `sequence` comes next. Where
   * it is held it passes at once; where its gap has been declared already, that is taken back from `sequence` on.
   */
  disown(wrong: number, sequence: number): void {
    if (this.nextSequence === 0 && this.held.size > 0) this.goOn();
    const held = this.take(wrong);
    if (held !== undefined) {
      this.messages++;
      const { view, seconds, nanoseconds, place } = held;
      this.listener.onMessage(view, 0, view.byteLength, seconds, nanoseconds, wrong, place);
      if (this.order.size > 2 * this.held.size + MAX_STALE_NUMBERS) this.orderAnew();
    } else if (this.nextSequence > wrong) {
      this.missing -= wrong - sequence;
      this.nextSequence = sequence;
    }
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

  private pass(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    place: number,
  ): void {
    const sequence = this.nextSequence;
    if (sequence === this.seen.next) this.seen.extend(1);
    else this.seen.accept(sequence);
    this.nextSequence++;
    this.messages++;
    this.listener.onMessage(view, offset, length, seconds, nanoseconds, sequence, place);
  }

  private hold(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    place: number,
  ): void {
    if (this.held.has(sequence)) {
      this.duplicates++;
      return;
    }
    if (this.held.size === 0) {
      this.sinceSeconds = seconds;
      this.sinceNanoseconds = nanoseconds;
      this.heldPlace = place;
    }
    const start = view.byteOffset + offset;
    const copy = new DataView(view.buffer.slice(start, start + length));
    this.held.set(sequence, { view: copy, seconds, nanoseconds, place });
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
    const lowest = this.lowest();
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
    for (let next = this.take(this.nextSequence); next !== undefined; next = this.take(this.nextSequence)) {
      const { view, seconds, nanoseconds, place } = next;
      this.pass(view, 0, view.byteLength, seconds, nanoseconds, place);
    }
    const waiting = this.held.get(this.lowest());
    if (waiting === undefined) return;
    this.sinceSeconds = waiting.seconds;
    this.sinceNanoseconds = waiting.nanoseconds;
    this.heldPlace = waiting.place;
  }

  /** Takes a message that is held away, if it is; its number is left for `lowest` to drop. */
  private take(sequence: number): Held | undefined {
    const { held } = this;
    const taken = held.get(sequence);
    if (taken === undefined) return undefined;
    held.delete(sequence);
    this.heldBytes -= taken.view.byteLength;
    if (held.size === 0) this.heldPlace = Number.POSITIVE_INFINITY;
    return taken;
  }

  private orderAnew(): void {
    this.order = new MinHeap();
    for (const sequence of this.held.keys()) this.order.push(sequence);
  }

  /** The lowest number that is held; NaN where none is. */
  private lowest(): number {
    const { held, order } = this;
    while (order.size > 0 && !held.has(order.least)) order.pop();
    return order.least;
  }
}
