import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  type ClockBase,
  MonotonicClock,
  takeBase,
  VirtualClock,
  WallClock,
  wallClockNowNs,
} from '../../src/core/clock.js';

/** CLOCK_MONOTONIC in ns since the base, by the slow and exact way. */
function sinceBase(base: ClockBase): number {
  return Number(process.hrtime.bigint() - BigInt(base.seconds) * 1_000_000_000n - BigInt(base.nanoseconds));
}

/** How far the clock can be off from hrtime: 0 where a reading lies between two of hrtime, else the distance. */
function leastError(clock: MonotonicClock): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 1000; attempt++) {
    const before = sinceBase(clock.base);
    const now = clock.nowNs();
    const after = sinceBase(clock.base);
    least = Math.min(least, now < before ? before - now : Math.max(0, now - after));
  }
  return least;
}

describe('MonotonicClock', () => {
  test('starts at 0, never goes back, counts whole nanoseconds', () => {
    const clock = new MonotonicClock();
    let previous = clock.nowNs();
    expect(previous).toBeGreaterThanOrEqual(0);
    expect(previous).toBeLessThan(10e9);
    for (let index = 0; index < 100_000; index++) {
      const now = clock.nowNs();
      if (now < previous || !Number.isInteger(now)) expect.fail(`${now} after ${previous}`);
      previous = now;
    }
  });

  test('spins until a time, not a nanosecond less', () => {
    const clock = new MonotonicClock(takeBase(8));
    expect(clock.nowNs()).toBeGreaterThanOrEqual(8e9);
    for (let index = 0; index < 2000; index++) {
      const untilNs = clock.nowNs() + index;
      const endNs = clock.spinUntil(untilNs);
      if (!(Number.isInteger(endNs) && endNs >= untilNs && endNs <= clock.nowNs())) expect.fail(`${endNs}, ${untilNs}`);
    }
    expect(clock.spinUntil(0)).toBeLessThanOrEqual(clock.nowNs());
  });

  test('two clocks of one base agree exactly on this thread', () => {
    const first = new MonotonicClock();
    const second = new MonotonicClock(structuredClone(first.base));
    for (let index = 0; index < 1000; index++) {
      const before = first.nowNs();
      const between = second.nowNs();
      expect(between).toBeGreaterThanOrEqual(before);
      expect(first.nowNs()).toBeGreaterThanOrEqual(between);
    }
  });

  test('its base is what hrtime says', () => {
    expect(leastError(new MonotonicClock())).toBeLessThan(2000);
  });

  test('without a common time origin, hrtime ties the threads together', () => {
    const first = new MonotonicClock();
    const foreign = { ...first.base, timeOriginMs: 0, performanceNs: Number.NaN };
    expect(leastError(new MonotonicClock(foreign))).toBeLessThan(2000);
  });

  test('a worker thread given the base reads the same time', async () => {
    const clock = new MonotonicClock();
    // The worker does what the constructor does where time origins are equal, and says whether they are.
    const worker = new Worker(
      `const { parentPort, workerData: base } = require('node:worker_threads');
       parentPort.on('message', () => parentPort.postMessage({
         sameOrigin: performance.timeOrigin === base.timeOriginMs,
         nowNs: Math.round(performance.now() * 1e6) - base.performanceNs,
       }));`,
      { eval: true, workerData: clock.base },
    );
    try {
      for (let round = 0; round < 20; round++) {
        const before = clock.nowNs();
        worker.postMessage(null);
        const answer = await new Promise<{ sameOrigin: boolean; nowNs: number }>((done) =>
          worker.once('message', done),
        );
        const after = clock.nowNs();
        if (!answer.sameOrigin) return;
        expect(answer.nowNs).toBeGreaterThanOrEqual(before);
        expect(answer.nowNs).toBeLessThanOrEqual(after);
      }
    } finally {
      await worker.terminate();
    }
  });
});

describe('VirtualClock', () => {
  test('moves only when told, and never back', () => {
    const clock = new VirtualClock(5);
    const seen = [clock.nowNs()];
    clock.advance(10);
    seen.push(clock.nowNs());
    clock.advanceTo(12);
    seen.push(clock.nowNs());
    clock.advance(-1);
    clock.advanceTo(Number.NaN);
    seen.push(clock.nowNs());
    clock.advanceTo(1e15);
    seen.push(clock.nowNs());
    expect(seen).toEqual([5, 15, 15, 15, 1e15]);
  });
});

describe('WallClock', () => {
  test('agrees with Date.now() to the millisecond that it rounds down to', () => {
    const wall = new WallClock();
    for (let index = 0; index < 200; index++) {
      const beforeMs = Date.now();
      const { seconds, nanoseconds } = wall.toEpoch(wall.nowNs());
      const afterMs = Date.now();
      const ms = seconds * 1000 + nanoseconds / 1e6;
      // Slack for the calibration, and for slewing since.
      expect(ms).toBeGreaterThan(beforeMs - 0.05);
      expect(ms).toBeLessThan(afterMs + 1.05);
    }
  });

  test('two calibrations agree', () => {
    const clock = new MonotonicClock();
    const first = new WallClock(clock).toEpoch(0);
    const second = new WallClock(clock).toEpoch(0);
    const apartNs = (first.seconds - second.seconds) * 1e9 + first.nanoseconds - second.nanoseconds;
    expect(Math.abs(apartNs)).toBeLessThan(50_000);
  });

  test('epoch times and back, across whole seconds and before 1970', () => {
    const wall = new WallClock();
    for (const ns of [
      0,
      1,
      999_999_999,
      1e9,
      123_456_789_012_345,
      -1,
      -wall.base.nanoseconds,
      -wall.base.nanoseconds - 1,
    ]) {
      const { seconds, nanoseconds } = wall.toEpoch(ns);
      expect(Number.isInteger(seconds) && Number.isInteger(nanoseconds)).toBe(true);
      expect(nanoseconds >= 0 && nanoseconds <= 999_999_999).toBe(true);
      expect(wall.fromEpoch(seconds, nanoseconds)).toBe(ns);
    }
  });

  test('wallClockNowNs is now', () => {
    const beforeMs = Date.now();
    const { seconds, nanoseconds } = wallClockNowNs();
    expect(seconds * 1000 + nanoseconds / 1e6).toBeGreaterThan(beforeMs - 0.05);
    expect(seconds * 1000).toBeLessThan(Date.now() + 1.05);
  });
});
