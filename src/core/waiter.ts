/**
 * Waiting for an absolute deadline: asleep while it is far, spinning once it is near, awake at once when interrupted.
 *
 * The interruption is a control word in shared memory: 0 lets waits go on, anything else ends them. Who sets it also
 * notifies it (`interrupt`), for a sleeper does not look.
 */
import type { Clock } from './seams.js';

/**
 * The sleep ends this long before the deadline; the rest is spun. `Atomics.wait` woke late by 84 us at p50, 127 us at
 * p99 and 2.6 ms at p99.9 (6,000 sleeps of 1 ms, two virtual cores, idle): 300 us is past the timer's own lateness, and
 * the last thousandth is the scheduler giving the core away, which spinning suffers as well.
 */
export const spinBelowNs = 300_000;
/** The longest single sleep, so that a wake-up lost to a clock change costs no more. */
const longestSleepMs = 60_000;

/** Something that can wait. */
export interface Waiter {
  /** Returns true once `clock` has reached `deadlineNs` (at once where it already has), false when interrupted. */
  waitUntil(deadlineNs: number, clock: Clock): boolean;
}

/**
 * Waits on a real clock, blocking the thread.
 *
 * `control` must lie in a SharedArrayBuffer; word 0 is the control word. An interrupted waiter stays so until the word
 * is 0 again. A deadline that has passed is reached, unless interrupted.
 */
export class SpinWaiter implements Waiter {
  readonly control: Int32Array;

  constructor(control = new Int32Array(new SharedArrayBuffer(4))) {
    this.control = control;
  }

  waitUntil(deadlineNs: number, clock: Clock): boolean {
    const { control } = this;
    for (;;) {
      if (Atomics.load(control, 0) !== 0) return false;
      const aheadNs = deadlineNs - clock.nowNs();
      // Not `aheadNs <= 0` negated: a NaN deadline must not wait for ever.
      if (!(aheadNs > 0)) return true;
      if (aheadNs > spinBelowNs) Atomics.wait(control, 0, 0, Math.min((aheadNs - spinBelowNs) / 1e6, longestSleepMs));
    }
  }
}

/** Ends every wait on `control`, in whatever thread, and those to come until the word is 0 again. */
export function interrupt(control: Int32Array): void {
  Atomics.store(control, 0, 1);
  Atomics.notify(control, 0);
}

/** Waits on a `VirtualClock` by moving it to the deadline; `control` interrupts as it does the real one. */
export class VirtualWaiter implements Waiter {
  readonly control: Int32Array;

  constructor(control: Int32Array = new Int32Array(1)) {
    this.control = control;
  }

  waitUntil(deadlineNs: number, clock: Clock & { advanceTo(ns: number): void }): boolean {
    if (this.control[0] !== 0) return false;
    clock.advanceTo(deadlineNs);
    return true;
  }
}
