import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { MonotonicClock, VirtualClock } from '../../src/core/clock.js';
import { interrupt, SpinWaiter, spinBelowNs, VirtualWaiter } from '../../src/core/waiter.js';

describe('SpinWaiter', () => {
  test.each([0, 50_000, spinBelowNs, spinBelowNs + 1, 3_000_000])('%d ns ahead: not a nanosecond early', (aheadNs) => {
    const clock = new MonotonicClock();
    const waiter = new SpinWaiter();
    const deadlineNs = clock.nowNs() + aheadNs;
    expect(waiter.waitUntil(deadlineNs, clock)).toBe(true);
    expect(clock.nowNs()).toBeGreaterThanOrEqual(deadlineNs);
  });

  test('a deadline in the past, or none at all, is reached at once', () => {
    const waiter = new SpinWaiter();
    const clock = new VirtualClock(1000);
    expect(waiter.waitUntil(999, clock)).toBe(true);
    expect(waiter.waitUntil(1000, clock)).toBe(true);
    expect(waiter.waitUntil(Number.NaN, clock)).toBe(true);
    expect(waiter.waitUntil(Number.NEGATIVE_INFINITY, clock)).toBe(true);
  });

  test('stays interrupted until the word is 0 again', () => {
    const waiter = new SpinWaiter();
    const clock = new VirtualClock(1000);
    interrupt(waiter.control);
    expect(waiter.waitUntil(0, clock)).toBe(false);
    expect(waiter.waitUntil(Number.MAX_SAFE_INTEGER, clock)).toBe(false);
    waiter.control[0] = 0;
    expect(waiter.waitUntil(0, clock)).toBe(true);
  });

  test.each([
    ['asleep', 3600e9],
    // The clock stands still just before the deadline: only the interruption can end this.
    ['spinning', spinBelowNs / 2],
  ])('another thread interrupts one that is %s', async (_state, aheadNs) => {
    const waiter = new SpinWaiter();
    const worker = new Worker(
      `const { workerData: control } = require('node:worker_threads');
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
       Atomics.store(control, 0, 1);
       Atomics.notify(control, 0);`,
      { eval: true, workerData: waiter.control },
    );
    expect(waiter.waitUntil(aheadNs, new VirtualClock(0))).toBe(false);
    await worker.terminate();
  });
});

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
