import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { MonotonicClock, VirtualClock } from '../../src/core/clock.js';
import {
  interrupt,
  kernelHorizonNs,
  PacedWaiter,
  pacings,
  type Sleeper,
  spinBelowNs,
  VirtualWaiter,
} from '../../src/core/waiter.js';
import { libc } from '../../src/io/native/libc.js';
import { openSleeper } from '../../src/io/native/sleeper.js';

/** Moves a clock as far as it is asked to sleep, the first time less what a signal takes off, and notes the sleeps. */
class FakeSleeper implements Sleeper {
  readonly sleeps: number[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private shortNs = 0,
  ) {}

  sleepUntil(ns: number): void {
    this.sleeps.push(ns - this.clock.nowNs());
    this.clock.advanceTo(ns - this.shortNs);
    this.shortNs = 0;
  }
}

/** Every reading takes `readingNs`. */
class SlowClock extends VirtualClock {
  readings = 0;

  constructor(private readonly readingNs: number) {
    super();
  }

  override nowNs(): number {
    this.readings++;
    this.advance(this.readingNs);
    return super.nowNs();
  }
}

/** Every reading takes 100 ns; asked to spin it ends 7 ns late. */
class SpinningClock extends SlowClock {
  readonly asked: number[] = [];

  constructor() {
    super(100);
  }

  spinUntil(ns: number): number {
    this.asked.push(ns);
    this.advanceTo(ns + 7);
    return ns + 7;
  }
}

describe('PacedWaiter', () => {
  test.each(
    pacings
      .filter((pacing) => pacing !== 'kernel')
      .flatMap((pacing) => [0, 50_000, spinBelowNs, spinBelowNs + 1, 3_000_000].map((ns) => [pacing, ns] as const)),
  )('%s, %d ns ahead: not a nanosecond early, and says when', (pacing, aheadNs) => {
    const clock = new MonotonicClock();
    const waiter = new PacedWaiter({ pacing });
    const deadlineNs = clock.nowNs() + aheadNs;
    expect(waiter.waitUntil(deadlineNs, clock)).toBe(true);
    const nowNs = clock.nowNs();
    expect(waiter.nowNs).toBeGreaterThanOrEqual(deadlineNs);
    expect(waiter.nowNs).toBeLessThanOrEqual(nowNs);
  });

  test('a last stretch below 1 us is left to the clock, with the stop word looked at before', () => {
    const clock = new SpinningClock();
    const waiter = new PacedWaiter({ pacing: 'spin' });
    expect(waiter.waitUntil(10_000, clock)).toBe(true);
    expect([clock.asked, waiter.nowNs]).toEqual([[10_000], 10_007]);
    expect(waiter.waitUntil(10_000, clock)).toBe(true);
    expect([clock.asked.length, waiter.nowNs]).toEqual([1, 10_107]);
    interrupt(waiter.control);
    expect(waiter.waitUntil(10_500, clock)).toBe(false);
    expect(clock.asked).toEqual([10_000]);
  });

  test('hybrid sleeps in slices until the threshold, then reads the clock', () => {
    const clock = new SlowClock(1000);
    const sleeper = new FakeSleeper(clock);
    const waiter = new PacedWaiter({ spinBelowNs: 100_000, sleeper });
    expect(waiter.waitUntil(50_100_000, clock)).toBe(true);
    expect(sleeper.sleeps.map((ns) => Math.round(ns / 1e6))).toEqual([20, 20, 10]);
    expect(clock.readings).toBeGreaterThan(90);
    expect(waiter.nowNs).toBe(50_100_000);
  });

  test('sleep never spins: what a signal took off a sleep is slept again', () => {
    const clock = new VirtualClock();
    const sleeper = new FakeSleeper(clock, 5);
    const waiter = new PacedWaiter({ pacing: 'sleep', sleeper });
    expect(waiter.waitUntil(1000, clock)).toBe(true);
    expect([sleeper.sleeps, waiter.nowNs]).toEqual([[1000, 5], 1000]);
  });

  test('kernel sleeps until the datagram is to be handed over', () => {
    const clock = new VirtualClock();
    const sleeper = new FakeSleeper(clock);
    const waiter = new PacedWaiter({ pacing: 'kernel', sleeper });
    expect(waiter.waitUntil(5_000_000, clock)).toBe(true);
    expect([sleeper.sleeps, waiter.nowNs]).toEqual([[5_000_000 - kernelHorizonNs], 5_000_000 - kernelHorizonNs]);
    expect(waiter.waitUntil(5_000_001, clock)).toBe(true);
    expect(waiter.nowNs).toBe(5_000_001 - kernelHorizonNs);
  });

  test('spin never sleeps', () => {
    const clock = new SlowClock(10_000);
    const sleeper = new FakeSleeper(clock);
    const waiter = new PacedWaiter({ pacing: 'spin', sleeper });
    expect(waiter.waitUntil(1_000_000, clock)).toBe(true);
    expect([sleeper.sleeps, clock.readings]).toEqual([[], 100]);
  });

  test('a deadline in the past, or none at all, is reached at once', () => {
    const waiter = new PacedWaiter();
    const clock = new VirtualClock(1000);
    expect(waiter.waitUntil(999, clock)).toBe(true);
    expect(waiter.waitUntil(1000, clock)).toBe(true);
    expect(waiter.waitUntil(Number.NaN, clock)).toBe(true);
    expect(waiter.waitUntil(Number.NEGATIVE_INFINITY, clock)).toBe(true);
  });

  test('stays interrupted until the word is 0 again', () => {
    const waiter = new PacedWaiter();
    const clock = new VirtualClock(1000);
    interrupt(waiter.control);
    expect(waiter.waitUntil(0, clock)).toBe(false);
    expect(waiter.waitUntil(Number.MAX_SAFE_INTEGER, clock)).toBe(false);
    waiter.control[0] = 0;
    expect(waiter.waitUntil(0, clock)).toBe(true);
  });

  test.each([
    ['hybrid', 3600e9],
    // The clock stands still just before the deadline: only the interruption can end this.
    ['hybrid', spinBelowNs / 2],
    ['sleep', 3600e9],
    ['spin', 3600e9],
  ] as const)('another thread interrupts %s, %d ns ahead', async (pacing, aheadNs) => {
    const waiter = new PacedWaiter({ pacing });
    const worker = interruptSoon(waiter.control);
    expect(waiter.waitUntil(aheadNs, new VirtualClock(0))).toBe(false);
    await worker.terminate();
  });

  test.skipIf(libc() === null)("another thread interrupts the system's sleep", async () => {
    const clock = new MonotonicClock();
    const waiter = new PacedWaiter({ sleeper: openSleeper(clock.base) });
    const worker = interruptSoon(waiter.control);
    expect(waiter.waitUntil(clock.nowNs() + 3600e9, clock)).toBe(false);
    await worker.terminate();
  });
});

/** Sets the control word from another thread, in a moment. */
function interruptSoon(control: Int32Array): Worker {
  return new Worker(
    `const { workerData: control } = require('node:worker_threads');
     Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
     Atomics.store(control, 0, 1);
     Atomics.notify(control, 0);`,
    { eval: true, workerData: control },
  );
}

describe('VirtualWaiter', () => {
  test('moves the clock to each deadline, never back', () => {
    const clock = new VirtualClock();
    const waiter = new VirtualWaiter();
    const seen = [10, 10, 5, 86_400e9].map((deadlineNs) => [waiter.waitUntil(deadlineNs, clock), clock.nowNs()]);
    expect(seen).toEqual([
      [true, 10],
      [true, 10],
      [true, 10],
      [true, 86_400e9],
    ]);
  });

  test('is interrupted by its word, and leaves the clock where it was', () => {
    const clock = new VirtualClock(7);
    const waiter = new VirtualWaiter();
    waiter.control[0] = 1;
    expect(waiter.waitUntil(100, clock)).toBe(false);
    expect(clock.nowNs()).toBe(7);
  });
});
