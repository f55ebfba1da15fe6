import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExchangeClock } from '../../src/analysis/exchange-clock.js';
import { newYorkMidnight } from '../../src/core/time.js';

const hour = 3600;

function since(clock: ExchangeClock, iso: string): number {
  return clock.sinceMidnightNs(Date.parse(iso) / 1000, 0) / 1e9 / hour;
}

describe('ExchangeClock', () => {
  test.each<[string, string, number]>([
    ['winter', '2026-01-05T14:30:00Z', 9.5],
    ['summer', '2023-08-22T13:30:00Z', 9.5],
    ['midnight', '2026-01-05T05:00:00Z', 0],
    ['a second before midnight', '2026-01-05T04:59:59Z', 24 - 1 / hour],
    ['the first day of the epoch', '1970-01-01T05:00:01Z', 1 / hour],
    ['days after the epoch', '1970-01-03T00:00:00Z', 19],
    ['summer begins: before the hour that is left out', '2026-03-08T06:59:59Z', 2 - 1 / hour],
    ['summer begins: after it, hours have passed, not what the wall shows', '2026-03-08T13:30:00Z', 8.5],
    ['summer begins: the day ends after 23 hours', '2026-03-09T03:59:59Z', 23 - 1 / hour],
    ['summer begins: the next day', '2026-03-09T04:00:00Z', 0],
    ['summer ends: the hour that comes twice, first', '2026-11-01T05:30:00Z', 1.5],
    ['summer ends: and again', '2026-11-01T06:30:00Z', 2.5],
    ['summer ends: the day ends after 25 hours', '2026-11-02T04:59:59Z', 25 - 1 / hour],
    ['summer ends: the next day', '2026-11-02T05:00:00Z', 0],
  ])('%s', (_name, iso, hours) => {
    expect(since(new ExchangeClock(), iso)).toBeCloseTo(hours, 9);
  });

  test('a stamp that has no date has no time of day, and spoils none', () => {
    const clock = new ExchangeClock();
    const stamps = [0, 17_999, -14_182_980, 8.64e12, 2 ** 53 - 1, 1 - 2 ** 53, Number.NaN];
    for (const seconds of stamps) {
      expect(clock.sinceMidnightNs(seconds, 0)).toBeNaN();
      expect(since(clock, '2026-01-05T14:30:00Z')).toBe(9.5);
    }
  });

  test('nanoseconds are kept', () => {
    expect(new ExchangeClock().sinceMidnightNs(Date.parse('2026-01-05T14:30:00Z') / 1000, 123_456_789)).toBe(
      34_200_123_456_789,
    );
  });

  test('days in any order: one clock answers as a new one each time', () => {
    const clock = new ExchangeClock();
    const spring = newYorkMidnight('2026-03-06');
    const autumn = newYorkMidnight('2026-10-30');
    const moment = fc.tuple(fc.constantFrom(spring, autumn), fc.integer({ min: -86_400, max: 5 * 86_400 }));
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 20 }), (moments) => {
        for (const [base, offset] of moments) {
          const ns = clock.sinceMidnightNs(base + offset, 7);
          expect(ns).toBe(new ExchangeClock().sinceMidnightNs(base + offset, 7));
          expect(ns).toBeGreaterThanOrEqual(0);
          expect(ns).toBeLessThan(25 * hour * 1e9);
        }
      }),
    );
  });
});
