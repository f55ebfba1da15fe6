/**
 * Two streams of messages brought together by their keys: pairs, what only one side has, and what comes in another
 * order, in bounded memory.
 */
import type { ComparedMessage } from './message.js';

export type Side = 'left' | 'right';

/** What an aligner tells; `ordinal` counts the left side's messages. */
export interface AlignListener {
  pair(left: ComparedMessage, right: ComparedMessage, ordinal: number, isReordered: boolean): void;
  /** Only the left side has it. */
  leftOnly(left: ComparedMessage, ordinal: number): void;
  /** Only the right side has it; `isRepeat`: it had it before, and so did the left. */
  rightOnly(right: ComparedMessage, ordinal: number, isRepeat: boolean): void;
}

/** What drives a comparison: messages are pushed to the side that is asked for, until none is. */
export interface Aligner {
  /** The side whose next messages are needed; null when all is said. */
  readonly needs: Side | null;
  push(side: Side, message: ComparedMessage): void;
  /** No more messages will come from the side. */
  end(side: Side): void;
  /** Messages that were given up as missing or extra because more than the window were waiting. */
  readonly beyondWindow: number;
}

interface Waiting {
  readonly message: ComparedMessage;
  readonly ordinal: number;
  readonly place: number;
  readonly isRepeat: boolean;
}

/** One side's messages that wait for their like, and what it had before. */
class SideState {
  readonly waiting = new Map<string, Waiting>();
  readonly seen = new Map<string, number>();
  /** Of each stream: how many messages came, and the furthest that found its like. */
  readonly places = new Map<string, { next: number; furthest: number }>();
  count = 0;
  isOver = false;
}

/** Messages waiting on each side before the oldest is given up. */
export const defaultWindow = 65_536;

/** By keys, in any order within the window. Equal keys are told apart by how often they came. */
export class KeyedAligner implements Aligner {
  beyondWindow = 0;
  private readonly sides: Record<Side, SideState> = { left: new SideState(), right: new SideState() };

  constructor(
    private readonly listener: AlignListener,
    private readonly window = defaultWindow,
  ) {}

  get needs(): Side | null {
    const { left, right } = this.sides;
    if (left.isOver || right.isOver) return left.isOver ? (right.isOver ? null : 'right') : 'left';
    return left.count <= right.count ? 'left' : 'right';
  }

  push(side: Side, message: ComparedMessage): void {
    const own = this.sides[side];
    const other = this.sides[side === 'left' ? 'right' : 'left'];
    const base = message.key ?? `#${own.count}`;
    const nth = (own.seen.get(base) ?? 0) + 1;
    this.remember(own, base, nth);
    const key = `${nth} ${base}`;
    const place = this.placeOf(own, message.stream);
    const waiting: Waiting = { message, ordinal: this.sides.left.count, place, isRepeat: nth > 1 };
    own.count++;
    const like = other.waiting.get(key);
    if (like === undefined) {
      own.waiting.set(key, waiting);
      if (own.waiting.size > this.window) this.giveUp(side);
      return;
    }
    other.waiting.delete(key);
    const [left, right] = side === 'left' ? [waiting, like] : [like, waiting];
    const isReordered = this.isBehind('left', left) || this.isBehind('right', right);
    // What is out of its order says nothing of where the others are.
    if (!isReordered) {
      this.advance('left', left);
      this.advance('right', right);
    }
    this.listener.pair(left.message, right.message, left.ordinal, isReordered);
  }

  end(side: Side): void {
    this.sides[side].isOver = true;
    const { left, right } = this.sides;
    if (!left.isOver || !right.isOver) return;
    for (const side of ['left', 'right'] as const) {
      for (const waiting of this.sides[side].waiting.values()) this.tell(side, waiting);
      this.sides[side].waiting.clear();
    }
  }

  private placeOf(state: SideState, stream: string): number {
    let places = state.places.get(stream);
    if (places === undefined) {
      places = { next: 0, furthest: -1 };
      state.places.set(stream, places);
    }
    return places.next++;
  }

  private isBehind(side: Side, { message, place }: Waiting): boolean {
    return place < (this.sides[side].places.get(message.stream)?.furthest ?? -1);
  }

  private advance(side: Side, { message, place }: Waiting): void {
    const places = this.sides[side].places.get(message.stream);
    if (places !== undefined && place > places.furthest) places.furthest = place;
  }

  private remember({ seen }: SideState, base: string, nth: number): void {
    // Anew at the end, so that what is forgotten is what was not met for longest.
    seen.delete(base);
    seen.set(base, nth);
    if (seen.size <= this.window) return;
    for (const oldest of seen.keys()) {
      seen.delete(oldest);
      break;
    }
  }

  private giveUp(side: Side): void {
    for (const [key, waiting] of this.sides[side].waiting) {
      this.sides[side].waiting.delete(key);
      this.beyondWindow++;
      this.tell(side, waiting);
      break;
    }
  }

  private tell(side: Side, { message, ordinal, isRepeat }: Waiting): void {
    if (side === 'left') this.listener.leftOnly(message, ordinal);
    else this.listener.rightOnly(message, ordinal, isRepeat);
  }
}
