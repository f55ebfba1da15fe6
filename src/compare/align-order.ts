/**
 * Two streams of messages without numbers brought together by their order: where they differ, what comes next on either
 * side tells whether a message was left out, put in or changed.
 */
import type { Aligner, AlignListener, Side } from './align.js';
import type { ComparedMessage } from './message.js';

/** How alike two messages are: 1 where nothing differs, 0 where nothing agrees or they are of different types. */
export type Likeness = (left: ComparedMessage, right: ComparedMessage) => number;

/** Messages that are looked at ahead on either side. */
export const lookahead = 128;
/** Of those, how many are compared where nothing agrees exactly. */
const nearby = 8;
/** Above this two messages may well be the same. */
const muchAlike = 0.6;
/** Below this two messages have nothing to do with each other. */
const leastLikeness = 0.3;

interface Move {
  readonly skipped: Side | null;
  readonly count: number;
}

const asPair: Move = { skipped: null, count: 1 };

export class OrderAligner implements Aligner {
  readonly beyondWindow = 0;
  private readonly queues: Record<Side, ComparedMessage[]> = { left: [], right: [] };
  private readonly over: Record<Side, boolean> = { left: false, right: false };
  private ordinal = 0;

  constructor(
    private readonly listener: AlignListener,
    private readonly likeness: Likeness,
  ) {}

  get needs(): Side | null {
    const { left, right } = this.queues;
    const lacksLeft = !this.over.left && left.length <= lookahead;
    const lacksRight = !this.over.right && right.length <= lookahead;
    if (lacksLeft && (left.length <= right.length || !lacksRight)) return 'left';
    return lacksRight ? 'right' : null;
  }

  push(side: Side, message: ComparedMessage): void {
    this.queues[side].push(message);
    this.settle();
  }

  end(side: Side): void {
    this.over[side] = true;
    this.settle();
  }

  /** Takes what can be said from the queues. */
  private settle(): void {
    const { left, right } = this.queues;
    while (this.isReady(left, this.over.left) && this.isReady(right, this.over.right)) {
      if (left.length === 0 && right.length === 0) return;
      if (left.length === 0) this.skip('right', right.length);
      else if (right.length === 0) this.skip('left', left.length);
      else this.step();
    }
  }

  private isReady(queue: readonly ComparedMessage[], isOver: boolean): boolean {
    return isOver || queue.length > lookahead;
  }

  private step(): void {
    const move = this.move();
    if (move.skipped === null) this.pair();
    else this.skip(move.skipped, move.count);
  }

  /** What becomes of the first of both queues: a pair, or so many of one side alone. */
  private move(): Move {
    const { left, right } = this.queues;
    const [l, r] = [left[0] as ComparedMessage, right[0] as ComparedMessage];
    const here = this.likeness(l, r);
    const isAlone = left.length === 1 && right.length === 1;
    if (here === 1 || (isAlone && here > 0) || (here > 0 && this.isSame(1, 1))) return asPair;
    const near = here >= muchAlike ? null : this.resumed(here);
    if (near !== null) return near;
    // Where much agrees, a mistake that is made in every message would have all of the queues searched for each.
    const reach = here >= muchAlike ? nearby : lookahead;
    const missing = this.distance(left, reach, (candidate) => this.likeness(candidate, r) === 1);
    const extra = this.distance(right, reach, (candidate) => this.likeness(l, candidate) === 1);
    if (missing > 0 && (extra < 0 || missing <= extra)) return { skipped: 'left', count: missing };
    if (extra > 0) return { skipped: 'right', count: extra };
    return this.nearest(here);
  }

  /** Towards the nearest place from which two messages in a row agree on both sides; null where there is none near. */
  private resumed(here: number): Move | null {
    for (let sum = 1; sum < 2 * nearby; sum++) {
      for (let ahead = Math.max(0, sum - nearby); ahead <= Math.min(sum, nearby); ahead++) {
        const behind = sum - ahead;
        if (!this.isSame(ahead, behind) || !this.goesOnAlike(ahead + 1, behind + 1)) continue;
        if (behind === 0) return { skipped: 'left', count: ahead };
        if (ahead === 0) return { skipped: 'right', count: behind };
        if (ahead === behind || here >= leastLikeness) return asPair;
        return { skipped: ahead > behind ? 'left' : 'right', count: 1 };
      }
    }
    return null;
  }

  /** Whether messages so far ahead agree, or there are none on either side. */
  private goesOnAlike(leftAhead: number, rightAhead: number): boolean {
    const { left, right } = this.queues;
    return leftAhead >= left.length || rightAhead >= right.length || this.isSame(leftAhead, rightAhead);
  }

  /** Nothing agrees exactly: the nearest that is most alike is taken for the same. */
  private nearest(here: number): Move {
    const { left, right } = this.queues;
    const [l, r] = [left[0] as ComparedMessage, right[0] as ComparedMessage];
    // One that became another, where what follows goes on alike.
    const goesOn = left.length === 1 || right.length === 1 ? left.length === right.length : this.isSame(1, 1);
    if (goesOn) return asPair;
    let best = here;
    let move: Move = asPair;
    for (let ahead = 1; ahead < nearby; ahead++) {
      // Further away it has to be more alike.
      const price = 0.1 + ahead * 0.02;
      const missing = ahead < left.length ? this.likeness(left[ahead] as ComparedMessage, r) - price : 0;
      const extra = ahead < right.length ? this.likeness(l, right[ahead] as ComparedMessage) - price : 0;
      if (missing > best) [best, move] = [missing, { skipped: 'left', count: ahead }];
      if (extra > best) [best, move] = [extra, { skipped: 'right', count: ahead }];
    }
    if (move.skipped !== null || here >= leastLikeness) return move;
    return { skipped: left.length >= right.length ? 'left' : 'right', count: 1 };
  }

  private isSame(leftAhead: number, rightAhead: number): boolean {
    const l = this.queues.left[leftAhead];
    const r = this.queues.right[rightAhead];
    return l !== undefined && r !== undefined && this.likeness(l, r) === 1;
  }

  private distance(
    queue: readonly ComparedMessage[],
    reach: number,
    isIt: (candidate: ComparedMessage) => boolean,
  ): number {
    for (let ahead = 1; ahead < Math.min(queue.length, reach); ahead++) {
      if (isIt(queue[ahead] as ComparedMessage)) return ahead;
    }
    return -1;
  }

  private pair(): void {
    const l = this.queues.left.shift() as ComparedMessage;
    const r = this.queues.right.shift() as ComparedMessage;
    this.listener.pair(l, r, this.ordinal++, false);
  }

  private skip(side: Side, count: number): void {
    for (const message of this.queues[side].splice(0, count)) {
      if (side === 'left') this.listener.leftOnly(message, this.ordinal++);
      else this.listener.rightOnly(message, this.ordinal, false);
    }
  }
}
