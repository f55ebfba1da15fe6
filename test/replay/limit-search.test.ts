import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LimitSearch, type LimitSearchOptions } from '../../src/replay/limit-search.js';

const options: LimitSearchOptions = { lowest: 1000, highest: 1e9, factor: 2, precision: 0.05, mostSteps: 100 };

/** Searches with a receiver that keeps up with `capacity`, and a sender that can send no more than `sendable`. */
function search(given: Partial<LimitSearchOptions>, capacity: number, sendable = Number.POSITIVE_INFINITY) {
  const limit = new LimitSearch({ ...options, ...given });
  const asked: number[] = [];
  for (let rate = limit.next(); rate !== null; rate = limit.next()) {
    asked.push(rate);
    const reached = Math.min(rate, sendable);
    limit.add(rate, reached, reached > capacity ? 'behind' : reached < rate * 0.98 ? 'sender' : 'kept');
  }
  const { verdict, kept, behind } = limit;
  return { asked, verdict, kept, behind };
}

describe('LimitSearch', () => {
  test('goes up by the factor, then halves the bracket by ratio', () => {
    expect(search({ precision: 0.3 }, 9000)).toEqual({
      asked: [1000, 2000, 4000, 8000, 16_000, 11_300, 9510],
      verdict: 'knee',
      kept: 8000,
      behind: 9510,
    });
  });

  test('goes down where the lowest rate is too fast', () => {
    expect(search({ precision: 0.5 }, 150)).toEqual({
      asked: [1000, 500, 250, 125, 177],
      verdict: 'knee',
      kept: 125,
      behind: 177,
    });
  });

  test('ends at the highest rate, and there exactly', () => {
    expect(search({ highest: 5000 }, 1e6)).toEqual({
      asked: [1000, 2000, 4000, 5000],
      verdict: 'above',
      kept: 5000,
      behind: null,
    });
  });

  test('ends where the sender does', () => {
    expect(search({}, 1e6, 3000)).toEqual({ asked: [1000, 2000, 4000], verdict: 'sender', kept: 3000, behind: null });
  });

  test('a receiver that is behind with what the sender could send is behind at that', () => {
    expect(search({ precision: 0.3 }, 2500, 3000)).toEqual({
      asked: [1000, 2000, 4000, 2450],
      verdict: 'knee',
      kept: 2450,
      behind: 3000,
    });
  });

  test('gives up where nothing is kept', () => {
    const { verdict, kept, behind, asked } = search({}, 0);
    expect({ verdict, kept, asked: asked.length }).toEqual({ verdict: 'below', kept: null, asked: 13 });
    expect(behind).toBeCloseTo(1000 / 4096, 2);
  });

  test('ends after so many steps with the bracket so far', () => {
    expect(search({ mostSteps: 5 }, 9000)).toMatchObject({ verdict: 'knee', kept: 8000, behind: 16_000 });
    expect(search({ mostSteps: 2 }, 9000)).toMatchObject({ verdict: 'above', kept: 2000, behind: null });
  });

  test('any receiver, any sender: an end, and a bracket that holds the limit', () => {
    const rate = fc.double({ min: 10, max: 1e8, noNaN: true });
    const factor = fc.double({ min: 1.2, max: 10, noNaN: true });
    fc.assert(
      fc.property(
        rate,
        rate,
        factor,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (capacity, sendable, by, precision) => {
          const found = search({ factor: by, precision, mostSteps: 1000 }, capacity, sendable);
          expect(found.asked.length).toBeLessThan(200);
          if (found.verdict === 'knee') {
            // Rates have three digits.
            expect(found.kept ?? 0).toBeLessThanOrEqual(capacity * 1.005);
            expect(found.behind ?? 0).toBeGreaterThanOrEqual(Math.min(capacity, sendable) * 0.995);
            expect((found.behind ?? 0) / (found.kept ?? 1)).toBeLessThanOrEqual(1.0201 + precision);
          } else {
            expect(found.verdict).toBe('sender');
            expect(sendable).toBeLessThanOrEqual(capacity);
            expect((found.kept ?? 0) / sendable).toBeCloseTo(1, 1);
          }
        },
      ),
    );
  });
});
