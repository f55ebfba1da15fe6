/**
 * Datagrams of several sockets in the order of the kernel's stamps.
 *
 * Sockets are emptied one after the other, many datagrams at a time, so what is read first need not have come first. A
 * datagram is held until no socket can bring an earlier one: a turn of the event loop gives every socket that has
 * something its chance, so behind it nothing is left of before the turn began, except in sockets that brought so much
 * that there may be more: of these nothing is left of before their last stamp.
 */

import type { EpochTime } from '../core/clock.js';
import { DatagramQueue } from '../core/datagram-queue.js';
import type { Flow } from '../core/seams.js';

/** Memory for what is held of each socket: over sixty of the longest datagrams; a turn of short ones is far less. */
const queueBytes = 4 << 20;
/** Fewer in one turn than a receiver takes at once, and the socket was empty. */
const batch = 64;
/** Between its stamp and its place in the socket a datagram may be held up for so long. */
const slackNs = 1e6;
/** What is left is looked at again so much later. */
const againMs = 5;

export type TakeDatagram = (
  view: DataView,
  offset: number,
  length: number,
  seconds: number,
  nanoseconds: number,
  flow: Flow,
) => void;

/** When things are done: by the event loop, or in tests by hand. */
export interface TurnScheduler {
  /** At the end of this turn, when sockets have been read. */
  afterTurn(task: () => void): void;
  /** Some milliseconds later, before sockets are read. */
  later(task: () => void, ms: number): void;
}

const eventLoop: TurnScheduler = {
  afterTurn: (task) => {
    setImmediate(task);
  },
  later: (task, ms) => {
    setTimeout(task, ms);
  },
};

export class ArrivalOrder {
  /** Datagrams that had to be passed on before it was certain that they were the next, for want of memory. */
  forced = 0;
  private readonly queues: readonly DatagramQueue[];
  private readonly inTurn: number[];
  private readonly lastSeconds: number[];
  private readonly lastNanoseconds: number[];
  private held = 0;
  private isTurnAwaited = false;
  private isTimerAwaited = false;
  /** A moment before the sockets were read that have been read in this turn. */
  private before: EpochTime = { seconds: 0, nanoseconds: 0 };

  constructor(
    sockets: number,
    private readonly now: () => EpochTime,
    private readonly take: TakeDatagram,
    private readonly scheduler: TurnScheduler = eventLoop,
  ) {
    this.queues = Array.from({ length: sockets }, () => new DatagramQueue(queueBytes));
    this.inTurn = this.queues.map(() => 0);
    this.lastSeconds = this.queues.map(() => 0);
    this.lastNanoseconds = this.queues.map(() => 0);
  }

  /** Takes a datagram of a socket, whose own stamps go up; the view is borrowed. */
  add(
    socket: number,
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
  ): void {
    const queue = this.queues[socket] as DatagramQueue;
    while (!queue.fits(length)) {
      this.forced++;
      this.passFirst();
    }
    queue.push(view, offset, length, seconds, nanoseconds, flow);
    this.held++;
    (this.inTurn[socket] as number)++;
    this.lastSeconds[socket] = seconds;
    this.lastNanoseconds[socket] = nanoseconds;
    this.awaitTurn();
  }

  /** Passes on all that is held. */
  flush(): void {
    while (this.held > 0) this.passFirst();
  }

  private awaitTurn(): void {
    if (this.isTurnAwaited) return;
    this.isTurnAwaited = true;
    this.scheduler.afterTurn(this.endTurn);
  }

  private readonly endTurn = (): void => {
    this.isTurnAwaited = false;
    let { seconds, nanoseconds } = this.before;
    nanoseconds -= slackNs;
    if (nanoseconds < 0) {
      nanoseconds += 1e9;
      seconds--;
    }
    for (const [socket, count] of this.inTurn.entries()) {
      this.inTurn[socket] = 0;
      const lastSeconds = this.lastSeconds[socket] as number;
      const lastNanoseconds = this.lastNanoseconds[socket] as number;
      if (count < batch || !isBefore(lastSeconds, lastNanoseconds, seconds, nanoseconds)) continue;
      seconds = lastSeconds;
      nanoseconds = lastNanoseconds;
    }
    this.passUntil(seconds, nanoseconds);
    this.before = this.now();
    if (this.held === 0 || this.isTimerAwaited) return;
    this.isTimerAwaited = true;
    this.scheduler.later(this.lookAgain, againMs);
  };

  private readonly lookAgain = (): void => {
    this.isTimerAwaited = false;
    if (this.held === 0) return;
    this.before = this.now();
    this.awaitTurn();
  };

  private passUntil(seconds: number, nanoseconds: number): void {
    while (this.held > 0) {
      const first = this.firstQueue();
      if (isBefore(seconds, nanoseconds, first.seconds, first.nanoseconds)) return;
      this.pass(first);
    }
  }

  private passFirst(): void {
    this.pass(this.firstQueue());
  }

  private pass(queue: DatagramQueue): void {
    const { view, offset, length, seconds, nanoseconds, flow } = queue;
    this.held--;
    this.take(view, offset, length, seconds, nanoseconds, flow);
    queue.shift();
  }

  /** The queue whose first datagram is the earliest, the first one of equals; only while something is held. */
  private firstQueue(): DatagramQueue {
    let first: DatagramQueue | null = null;
    for (const queue of this.queues) {
      if (queue.count === 0) continue;
      if (first === null || isBefore(queue.seconds, queue.nanoseconds, first.seconds, first.nanoseconds)) first = queue;
    }
    return first as DatagramQueue;
  }
}

function isBefore(seconds: number, nanoseconds: number, otherSeconds: number, otherNanoseconds: number): boolean {
  return seconds < otherSeconds || (seconds === otherSeconds && nanoseconds < otherNanoseconds);
}
