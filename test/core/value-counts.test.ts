import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { histogramTopNs, initHistograms, SignedHistogram } from '../../src/core/histogram.js';
import { classOf, leastOf, ValueCounts } from '../../src/core/value-counts.js';

beforeAll(initHistograms);

const magnitude = fc.oneof(
  fc.nat(5000),
  fc.nat(),
  fc.integer({ min: 0, max: 46 }).chain((bit) => fc.constantFrom(2 ** bit, 2 ** bit - 1, 2 ** bit + 1)),
  fc.double({ min: 0, max: 2 * histogramTopNs, noNaN: true }),
);
const value = fc.oneof(
  magnitude,
  magnitude.map((ns) => -ns),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.5, -0.5),
);

describe('counts by class', () => {
  test('leave a histogram as if each value had been recorded there, in whatever spans', () => {
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 40 }), { maxLength: 4 }), (spans) => {
        const [one, other] = [new SignedHistogram(), new SignedHistogram()];
        const counts = new ValueCounts();
        for (const values of spans) {
          for (const ns of values) {
            one.record(ns);
            counts.record(ns);
          }
          other.addSpan(counts.take());
        }
        expect(other.summary()).toEqual(one.summary());
        expect([other.count, other.negativeCount, other.mean]).toEqual([one.count, one.negativeCount, one.mean]);
        one.destroy();
        other.destroy();
      }),
      { numRuns: 200 },
    );
  });

  test('a class begins at its least value and is no wider than a thousandth of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: histogramTopNs }), (ns) => {
        const index = classOf(ns);
        const least = leastOf(index);
        expect(classOf(least)).toBe(index);
        expect(least).toBeLessThanOrEqual(ns);
        expect(leastOf(index + 1)).toBeGreaterThan(ns);
        expect(leastOf(index + 1) - least).toBeLessThanOrEqual(Math.max(1, ns / 1000));
      }),
    );
  });

  test('the longest has a class', () => {
    const counts = new ValueCounts();
    counts.record(Number.MAX_VALUE);
    const { positive, clamped } = counts.take();
    expect([...positive.classes]).toEqual([leastOf(classOf(histogramTopNs)), 1]);
    expect(clamped).toBe(1);
  });
});
