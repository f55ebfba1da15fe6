import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { histogramTopNs, initHistograms, SignedHistogram } from '../../src/core/histogram.js';

beforeAll(() => initHistograms());

const percents = [0, 1, 25, 50, 90, 99, 99.9, 99.99, 100];

/** The value of the rank that a percentile means: the least that so many per cent do not exceed. */
function exactPercentile(sorted: readonly number[], percent: number): number {
  // In integers: per cent times 1e4 is whole for every one asked here.
  const rank = Math.ceil((Math.round(percent * 1e4) * sorted.length) / 1e6);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1];
}

/** Three digits: a bucket is at most 1/1024 of its value wide. */
function near(actual: number, exact: number): boolean {
  return Math.abs(actual - exact) <= Math.abs(exact) / 1024 && Math.sign(actual) === Math.sign(exact);
}

function record(values: readonly number[]): SignedHistogram {
  const histogram = new SignedHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function checkAgainst(values: readonly number[], histogram: SignedHistogram): void {
  const sorted = [...values].sort((a, b) => a - b);
  expect(histogram.count).toBe(sorted.length);
  expect(histogram.negativeCount).toBe(sorted.filter((value) => value < 0).length);
  expect(histogram.min).toBe(sorted[0]);
  expect(histogram.max).toBe(sorted[sorted.length - 1]);
  expect(histogram.mean).toBeCloseTo(
    sorted.reduce((sum, value) => sum + value / sorted.length, 0),
    0,
  );
  for (const percent of percents) {
    const exact = exactPercentile(sorted, percent);
    const actual = histogram.percentile(percent);
    if (!near(actual, exact)) expect.fail(`p${percent} of ${sorted.length}: ${actual} instead of ${exact}`);
  }
}

const anyNs = fc.oneof(
  fc.integer({ min: -3000, max: 3000 }),
  fc.integer({ min: -200_000_000, max: 200_000_000 }),
  fc.integer({ min: -histogramTopNs, max: histogramTopNs }),
);

describe('SignedHistogram', () => {
  test('empty', () => {
    const histogram = new SignedHistogram();
    const none = { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, p9999: 0, max: 0, min: 0, mean: 0 };
    expect(histogram.summary()).toEqual({ ...none, negative: none, clamped: 0 });
    expect(histogram.negative).toBeNull();
    histogram.destroy();
  });

  test('agrees with a sorted array, whatever the signs', () => {
    fc.assert(
      fc.property(fc.array(anyNs, { minLength: 1, maxLength: 300 }), (values) => {
        const histogram = record(values);
        checkAgainst(values, histogram);
        histogram.destroy();
      }),
      { numRuns: 300 },
    );
  });

  test('hits exact ranks: 1 to 1000, -500 to 499, and a thousandth above', () => {
    const upwards = Array.from({ length: 1000 }, (_, index) => index + 1);
    const positive = record(upwards);
    expect(percents.map((percent) => positive.percentile(percent))).toEqual([
      1, 10, 250, 500, 900, 990, 999, 1000, 1000,
    ]);
    const around = record(upwards.map((value) => value - 501));
    expect(percents.map((percent) => around.percentile(percent))).toEqual([
      -500, -491, -251, -1, 399, 489, 498, 499, 499,
    ]);
    positive.destroy();
    around.destroy();
  });

  test('a summary has the whole distribution and the magnitudes below 0', () => {
    const histogram = record([-300, -200, -100, 0, 50, 60, 70, 80, 90, 100]);
    expect(histogram.summary()).toEqual({
      count: 10,
      p50: 50,
      p90: 90,
      p99: 100,
      p999: 100,
      p9999: 100,
      max: 100,
      min: -300,
      mean: -15,
      negative: { count: 3, p50: 200, p90: 300, p99: 300, p999: 300, p9999: 300, max: 300, min: 100, mean: 200 },
      clamped: 0,
    });
    histogram.destroy();
  });

  test('percentiles do not leave the range of what was recorded', () => {
    // Within one bucket, whose upper end is 5,003,636,899,839.
    const histogram = record([5_000_000_000_000, 5_000_000_000_001, -5_000_000_000_000]);
    expect([0, 50, 100].map((percent) => histogram.percentile(percent))).toEqual([
      -5_000_000_000_000, 5_000_000_000_001, 5_000_000_000_001,
    ]);
    expect(histogram.summary().negative.max).toBe(5_000_000_000_000);
    histogram.destroy();
  });

  test('what does not fit is clamped and counted, fractions are rounded', () => {
    const histogram = record([
      histogramTopNs,
      histogramTopNs + 1,
      Number.POSITIVE_INFINITY,
      -histogramTopNs,
      -histogramTopNs - 1,
      Number.NEGATIVE_INFINITY,
      Number.MAX_VALUE,
      Number.NaN,
      0.4,
      -0.4,
      1.6,
      -1.6,
    ]);
    const top = histogramTopNs;
    checkAgainst([top, top, top, top, -top, -top, -top, 0, 0, 0, 2, -2], histogram);
    expect(histogram.clamped).toBe(6);
    expect(histogram.summary().clamped).toBe(6);
    histogram.destroy();
  });

  test('adding and resetting: as if all had been recorded in one', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyNs, { maxLength: 40 }), { minLength: 1, maxLength: 6 }), (parts) => {
        const total = new SignedHistogram();
        const interval = new SignedHistogram();
        for (const part of parts) {
          for (const value of part) interval.record(value);
          total.add(interval);
          interval.reset();
          expect(interval.summary()).toEqual({ ...interval.summary(), count: 0, max: 0, min: 0, mean: 0, clamped: 0 });
          expect(interval.percentile(50)).toBe(0);
        }
        const whole = record(parts.flat());
        const { mean, negative, ...exact } = total.summary();
        const expected = whole.summary();
        expect({ ...exact, mean: expected.mean, negative: { ...negative, mean: expected.negative.mean } }).toEqual(
          expected,
        );
        expect(mean).toBeCloseTo(expected.mean, 0);
        expect(negative.mean).toBeCloseTo(expected.negative.mean, 0);
        if (whole.count > 0) checkAgainst(parts.flat(), total);
        for (const histogram of [total, interval, whole]) histogram.destroy();
      }),
      { numRuns: 100 },
    );
  });

  test('a destroyed histogram refuses to record, and its memory is used again', () => {
    const histogram = record([1, -1]);
    histogram.destroy();
    expect(() => histogram.record(1)).toThrow();
    // Kept, these would take 0.7 GB.
    const beforeBytes = process.memoryUsage().rss;
    for (let index = 0; index < 5000; index++) {
      const next = new SignedHistogram();
      next.record(1);
      next.destroy();
    }
    expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(200e6);
  });
});
