/**
 * Waiting for an absolute deadline: asleep while it is far, spinning once it is near, awake at once when interrupted.
 *
 * The interruption is a control word in shared memory: 0 lets waits go on, anything else ends them. Who sets it also
 * notifies it (`interrupt`), for a sleeper does not look; a sleeper of the system's hears nothing and sleeps in slices.
 */
import type { Clock } from './seams.js';

/**
 * How deadlines are waited for: `hybrid` sleeps until shortly before and spins the rest, `sleep` and `spin` do one of
 * it, and `kernel` hands datagrams over so far ahead that a queue of the kernel's keeps the time (SO_TXTIME).
 */
export type Pacing = 'hybrid' | 'sleep' | 'spin' | 'kernel';

export const pacings: readonly Pacing[] = ['hybrid', 'sleep', 'spin', 'kernel'];

/**
 * The sleep ends this long before the deadline; the rest is spun. `Atomics.wait` woke late by 84 us at p50, 127 us at
 * p99 and 2.6 ms at p99.9 (6,000 sleeps of 1 ms, two virtual cores, idle): 300 us is past the timer's own lateness, and
 * the last thousandth is the scheduler giving the core away, which spinning suffers as well.
 */
export const spinBelowNs = 300_000;
/** With `kernel`, waits end this long before the deadline: later than that a sleep seldom ends. */
export const kernelHorizonNs = 1_000_000;
/** The last of a wait in which nothing but the clock is looked at, so that it ends the sooner. */
const closeNs = 1000;
/** The longest single sleep, so that a wake-up lost to a clock change costs no more. */
const longestSleepMs = 60_000;
/** The longest single sleep of a `Sleeper`, which nothing wakes: how late a stop may be heard. */
const longestSliceNs = 20_000_000;

/** Something that can wait. */
export interface Waiter {
  /** The clock when the latest wait ended at or past its deadline: what a reading right after it would cost again. */
  readonly nowNs: number;
  /** Returns true once it is time for what is due then (at once where that has passed), false when interrupted. */
  waitUntil(deadlineNs: number, clock: Clock): boolean;
}

/** Sleeps to an absolute time of the run's clock, as the operating system can; nothing wakes it before. */
export interface Sleeper {
  sleepUntil(ns: number): void;
}

export interface PacedWaiterOptions {
  /** Word 0 is the control word; it must lie in a SharedArrayBuffer. */
  control?: Int32Array;
  pacing?: Pacing;
  /** Of `hybrid`: the rest that is spun, ns. */
  spinBelowNs?: number;
  /** Of the clock that is waited on; without one `Atomics.wait` sleeps. */
  sleeper?: Sleeper | null;
}

/**
 * Waits on a real clock, blocking the thread.
 *
 * An interrupted waiter stays so until the control word is 0 again. A deadline that has passed is reached, unless
 * interrupted.
 */
export class PacedWaiter implements Waiter {
  readonly control: Int32Array;
  nowNs = Number.NaN;
  private readonly sleeper: Sleeper | null;
  /** What is left of a wait when its sleep ends, ns. */
  private readonly spunNs: number;
  private readonly horizonNs: number;

  constructor(options: PacedWaiterOptions = {}) {
    const { pacing = 'hybrid', sleeper = null } = options;
    this.control = options.control ?? new Int32Array(new SharedArrayBuffer(4));
    this.sleeper = sleeper;
    const spun = { hybrid: options.spinBelowNs ?? spinBelowNs, sleep: 0, spin: Number.POSITIVE_INFINITY, kernel: 0 };
    this.spunNs = spun[pacing];
    this.horizonNs = pacing === 'kernel' ? kernelHorizonNs : 0;
  }

  waitUntil(deadlineNs: number, clock: Clock): boolean {
    const { control, spunNs } = this;
    const endNs = deadlineNs - this.horizonNs;
    for (;;) {
      if (Atomics.load(control, 0) !== 0) return false;
      const nowNs = clock.nowNs();
      const aheadNs = endNs - nowNs;
      // Not `aheadNs <= 0` negated: a NaN deadline must not wait for ever.
      if (!(aheadNs > 0)) {
        this.nowNs = nowNs;
        return true;
      }
      if (aheadNs > spunNs) this.sleep(nowNs, aheadNs - spunNs);
      else if (aheadNs < closeNs && clock.spinUntil !== undefined) {
        this.nowNs = clock.spinUntil(endNs);
        return true;
      }
    }
  }

  private sleep(nowNs: number, ns: number): void {
    if (this.sleeper === null) Atomics.wait(this.control, 0, 0, Math.min(ns / 1e6, longestSleepMs));
    else this.sleeper.sleepUntil(nowNs + Math.min(ns, longestSliceNs));
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
  nowNs = 0;

  constructor(control: Int32Array = new Int32Array(1)) {
    this.control = control;
  }

  waitUntil(deadlineNs: number, clock: Clock & { advanceTo(ns: number): void }): boolean {
    if (this.control[0] !== 0) return false;
    clock.advanceTo(deadlineNs);
    this.nowNs = clock.nowNs();
    return true;
  }
}
