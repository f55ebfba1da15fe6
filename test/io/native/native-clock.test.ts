import { describe, expect, test } from 'vitest';
import { MonotonicClock, takeBase } from '../../../src/core/clock.js';
import { libc, libcAbsence } from '../../../src/io/native/libc.js';
import { NativeClock, openClock } from '../../../src/io/native/native-clock.js';

const here = libc();

test('without the C library it is performance.now() that is read', () => {
  expect(openClock(takeBase()).constructor).toBe(here === null ? MonotonicClock : NativeClock);
});

describe.skipIf(here === null)(
  `the clock of the C library${here === null ? ` (skipped: ${libcAbsence()})` : ''}`,
  () => {
    test('it reads what the other one reads, both ways round', () => {
      const base = takeBase(8);
      const [clock, other] = [openClock(base), new MonotonicClock(base)];
      expect(clock.base).toBe(base);
      // Within the error of the base's calibration.
      const errorNs = 5000;
      for (let reading = 0; reading < 1000; reading++) {
        const first = other.nowNs();
        const middle = clock.nowNs();
        const last = other.nowNs();
        expect(middle).toBeGreaterThan(first - errorNs);
        expect(middle).toBeLessThan(last + errorNs);
        expect(Number.isInteger(middle)).toBe(true);
      }
      expect(clock.nowNs()).toBeGreaterThan(8e9);
    });

    test('it spins until a time, and not for one that has passed or is none', () => {
      const clock = openClock(takeBase());
      const untilNs = clock.nowNs() + 100_000;
      expect(clock.spinUntil?.(untilNs)).toBeGreaterThanOrEqual(untilNs);
      expect(clock.spinUntil?.(0)).toBeGreaterThan(untilNs);
      expect(clock.spinUntil?.(Number.NaN)).toBeGreaterThan(untilNs);
    });

    test('readings leave nothing for the collector', () => {
      const clock = openClock(takeBase());
      const read = (times: number): number => {
        let sum = 0;
        for (let time = 0; time < times; time++) sum += clock.nowNs();
        return sum;
      };
      for (let round = 0; round < 50; round++) read(20_000);
      const leastBytes = Math.min(
        ...Array.from({ length: 5 }, () => {
          const before = process.memoryUsage().heapUsed;
          read(100_000);
          return Math.abs(process.memoryUsage().heapUsed - before);
        }),
      );
      // A number a reading would be 1.6 MB.
      expect(leastBytes).toBeLessThan(400_000);
    });

    test('a clock that the system has not', () => {
      const without = { ...here, declare: () => () => -1, errno: () => 22 } as unknown as NonNullable<typeof here>;
      expect(() => new NativeClock(without, takeBase())).toThrow(/clock_gettime/);
    });
  },
);
