import { describe, expect, test } from 'vitest';
import { MonotonicClock } from '../../../src/core/clock.js';
import { libc } from '../../../src/io/native/libc.js';
import { openSleeper } from '../../../src/io/native/sleeper.js';

/** A `ClockBase` is taken by pairs of readings: how far it may be off. */
const calibrationNs = 10_000;

describe.skipIf(libc() === null)('a sleeper of the system', () => {
  test.each([0, 1, 999_999, 20_000_000])('%d ns ahead: asleep until then', (aheadNs) => {
    const clock = new MonotonicClock();
    const sleeper = openSleeper(clock.base);
    const deadlineNs = clock.nowNs() + aheadNs;
    sleeper?.sleepUntil(deadlineNs);
    expect(sleeper).not.toBeNull();
    expect(clock.nowNs()).toBeGreaterThanOrEqual(deadlineNs - calibrationNs);
  });

  test('a time that has passed, before the clock began and in the second before: at once', () => {
    const base = { ...new MonotonicClock().base, nanoseconds: 5 };
    const sleeper = openSleeper(base);
    const startNs = performance.now();
    for (const ns of [-1, -6, -2e9]) sleeper?.sleepUntil(ns);
    expect(performance.now() - startNs).toBeLessThan(5000);
  });
});
