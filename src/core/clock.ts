/**
 * Clocks: monotonic nanoseconds for pacing and latency, virtual nanoseconds for tests, and the wall clock.
 *
 * `performance.now()` and `process.hrtime` read the same CLOCK_MONOTONIC. Measured on Node 20, warm, a call:
 * `performance.now()` 50-80 ns and 16 bytes, `process.hrtime()` 45-155 ns and an array, `process.hrtime.bigint()`
 * 115-220 ns and a BigInt. The milliseconds of the first keep the nanosecond until the process is 50 days old, then
 * steps of 2 ns.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from './seams.js';

/** Samples of one calibration: about 0.2 ms. */
const calibrationSamples = 500;
/** A `WallClock` watches `Date.now()` until it knows the offset this closely … */
const wallAccuracyNs = 1000;
/** … or has spent so long, which only a thread that is hardly given the processor does. */
const wallCalibrationNs = 50_000_000;

/** The zero of a `MonotonicClock` as plain data, to be posted to another thread of the same process. */
export interface ClockBase {
  /** `performance.timeOrigin` of the thread that took the base. */
  readonly timeOriginMs: number;
  /** The zero on that thread's `performance.now()`, in ns. */
  readonly performanceNs: number;
  /** The zero on `process.hrtime`: seconds … */
  readonly seconds: number;
  /** … and nanoseconds. */
  readonly nanoseconds: number;
}

/** A clock that other threads can be given the zero of. */
export interface BasedClock extends Clock {
  readonly base: ClockBase;
}

/**
 * Monotonic nanoseconds since `base`, as integers, exact for 104 days.
 *
 * Threads of one process given the same base agree exactly where they share a time origin (as worker threads of Node 20
 * do), else within the calibration's error, 0.5 us.
 */
export class MonotonicClock implements BasedClock {
  readonly base: ClockBase;
  readonly #zeroNs: number;

  constructor(base: ClockBase = takeBase()) {
    this.base = base;
    const shared = performance.timeOrigin === base.timeOriginMs;
    this.#zeroNs = shared ? base.performanceNs : zeroByHrtime(base);
  }

  nowNs(): number {
    return Math.round(performance.now() * 1e6) - this.#zeroNs;
  }

  spinUntil(ns: number): number {
    // Half a nanosecond before rounds to it; the loop has nothing else to do, so that it looks as often as it can.
    const untilNs = ns + this.#zeroNs - 0.5;
    let nowNs = performance.now() * 1e6;
    while (nowNs < untilNs) nowNs = performance.now() * 1e6;
    return Math.round(nowNs) - this.#zeroNs;
  }
}

/** A clock that moves only when told to. */
export class VirtualClock implements Clock {
  #nowNs: number;

  constructor(startNs = 0) {
    this.#nowNs = startNs;
  }

  nowNs(): number {
    return this.#nowNs;
  }

  /** Moves to `ns`; an earlier time leaves the clock where it is. */
  advanceTo(ns: number): void {
    if (ns > this.#nowNs) this.#nowNs = ns;
  }

  advance(ns: number): void {
    this.advanceTo(this.#nowNs + ns);
  }
}

/** A time since the epoch; `nanoseconds` is 0 to 999,999,999. */
export interface EpochTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * The time of day, read from a monotonic clock that was set by the system's once.
 *
 * `Date.now()` has whole milliseconds, so the constructor watches it tick, for a millisecond or two: each reading
 * bounds the offset between the two clocks, until the bounds of all together leave 1 us. Later steps and slews of the
 * system clock are not followed: make a new one for a new run. (`performance.timeOrigin`, as exact, is of the
 * process's start and has missed every slew since.)
 */
export class WallClock implements Clock {
  /** The clock's zero since the epoch. */
  readonly base: EpochTime;
  readonly #clock: Clock;

  constructor(clock: Clock = new MonotonicClock()) {
    this.#clock = clock;
    this.base = watchTicks(clock);
  }

  /** Nanoseconds on the clock handed in. */
  nowNs(): number {
    return this.#clock.nowNs();
  }

  /** Time since the epoch at `ns` of the clock handed in. */
  toEpoch(ns: number): EpochTime {
    return epochTime(this.base.seconds, this.base.nanoseconds + ns);
  }

  /** The inverse of `toEpoch`; exact within 104 days of the clock's zero. */
  fromEpoch(seconds: number, nanoseconds: number): number {
    return (seconds - this.base.seconds) * 1e9 + (nanoseconds - this.base.nanoseconds);
  }
}

/** The time since the epoch within 1 us; takes a millisecond or two: ask a `WallClock` where it is asked twice. */
export function wallClockNowNs(): EpochTime {
  const wall = new WallClock();
  return wall.toEpoch(wall.nowNs());
}

/** The base of a clock that reads so many seconds now. */
export function takeBase(nowSeconds = 0): ClockBase {
  const performanceNs = Math.round(performance.now() * 1e6) - nowSeconds * 1e9;
  const atZero = hrtimeLessPerformance() + BigInt(performanceNs);
  return {
    timeOriginMs: performance.timeOrigin,
    performanceNs,
    seconds: Number(atZero / 1_000_000_000n),
    nanoseconds: Number(atZero % 1_000_000_000n),
  };
}

function zeroByHrtime(base: ClockBase): number {
  return Number(BigInt(base.seconds) * 1_000_000_000n + BigInt(base.nanoseconds) - hrtimeLessPerformance());
}

/** Each pair of readings around `performance.now()` bounds the difference; the middle of what all of them allow. */
function hrtimeLessPerformance(): bigint {
  let least = -(1n << 63n);
  let most = 1n << 63n;
  for (let sample = 0; sample < calibrationSamples; sample++) {
    const before = process.hrtime.bigint();
    const now = BigInt(Math.round(performance.now() * 1e6));
    const after = process.hrtime.bigint();
    if (before - now > least) least = before - now;
    if (after - now < most) most = after - now;
  }
  return (least + most) / 2n;
}

/** The epoch time of the clock's zero, as the middle of what every reading of `Date.now()` allows. */
function watchTicks(clock: Clock): EpochTime {
  const startMs = Date.now();
  const startNs = clock.nowNs();
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let beforeNs = startNs;
  do {
    const readNs = (Date.now() - startMs) * 1e6;
    const afterNs = clock.nowNs();
    least = Math.max(least, readNs - (afterNs - startNs));
    most = Math.min(most, readNs + 1e6 - (beforeNs - startNs));
    beforeNs = afterNs;
  } while (most - least > wallAccuracyNs && beforeNs - startNs < wallCalibrationNs);
  const startSeconds = Math.floor(startMs / 1000);
  const sinceSecondNs = (startMs - startSeconds * 1000) * 1e6;
  return epochTime(startSeconds, sinceSecondNs + Math.round((least + most) / 2) - startNs);
}

function epochTime(seconds: number, nanoseconds: number): EpochTime {
  const carry = Math.floor(nanoseconds / 1e9);
  return { seconds: seconds + carry, nanoseconds: nanoseconds - carry * 1e9 };
}
