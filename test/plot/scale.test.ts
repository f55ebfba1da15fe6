import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Point, thin } from '../../src/plot/points.js';
import { type Extent, linearScale, logScale, percentileScale, type Scale } from '../../src/plot/scale.js';
import { newYorkMoment, timeScale } from '../../src/plot/time-scale.js';
import { formatTick } from '../../src/plot/units.js';

const labels = (scale: Scale): string[] => scale.ticks.map(({ label }) => label);
const extent = (low: number, high: number, leastPositive = Math.max(low, 1)): Extent => ({ low, high, leastPositive });
const wide = [100, 1100] as const;

describe('formatTick', () => {
  const table = [
    [0, 'ns', '0'],
    [850, 'ns', '850 ns'],
    [1500, 'ns', '1.5 µs'],
    [-250_000, 'ns', '-250 µs'],
    [2e9, 'ns', '2 s'],
    [9e10, 'ns', '1 m 30 s'],
    [12e10, 'ns', '2 m'],
    [7.2e12, 'ns', '2 h'],
    [1e12, 'ns', '1000 s'],
    [64, 'bytes', '64 B'],
    [1500, 'bytes', '1.5 kB'],
    [0.5, 'count', '0.5'],
    [20_000, 'count', '20 k'],
    [3e6, 'count', '3 M'],
    [2e9, 'count', '2 G'],
    [4e12, 'count', '4 T'],
  ] as const;
  for (const [value, unit, text] of table) {
    it(`${value} ${unit}`, () => expect(formatTick(value, unit)).toBe(text));
  }
});

describe('scales', () => {
  it('linearBeginsAt0', () => {
    expect(labels(linearScale(extent(3, 9), wide, 'count', 5))).toEqual(['0', '2', '4', '6', '8', '10']);
    expect(labels(linearScale(extent(-4, -1), wide, 'count', 4))).toEqual(['-4', '-3', '-2', '-1']);
    expect(linearScale(extent(0, 0), wide, 'count', 4)).toMatchObject({ low: 0, high: 1 });
  });

  it('logarithmicReachesFromADecade', () => {
    const scale = logScale(extent(0, 30_000, 1200), wide, 'ns');
    expect(scale).toMatchObject({ low: 1000, high: 50_000 });
    expect(labels(scale)).toEqual(['1 µs', '2 µs', '5 µs', '10 µs', '20 µs', '50 µs']);
    expect(scale.place(0)).toBe(scale.place(1000));
    expect(scale.place(1e9)).toBe(1100);
    expect(labels(logScale(extent(0, 0, Number.POSITIVE_INFINITY), wide, 'count'))).toEqual(['1', '2', '5', '10']);
    expect(labels(logScale(extent(1, 1e15, 1), wide, 'count'))).toHaveLength(8);
    expect(logScale(extent(0, 1, 5e-324), wide, 'count').low).toBe(1e-20);
    expect(logScale(extent(1, 50, 1), wide, 'count', true).low).toBe(0.5);
  });

  it('percentilesHaveEqualStepsForEachNine', () => {
    const scale = percentileScale(10_000, wide);
    expect(labels(scale)).toEqual(['0 %', '50 %', '90 %', '99 %', '99.9 %', '99.99 %']);
    const [zero, , one, two, three] = scale.ticks.map(({ value }) => scale.place(value));
    expect(zero).toBe(100);
    expect(two - one).toBeCloseTo(one - zero, 6);
    expect(three - two).toBeCloseTo(one - zero, 6);
    expect(scale.place(100)).toBe(1100);
    expect(labels(percentileScale(1, wide))).toEqual(['0 %', '50 %', '90 %']);
  });
});

describe('time', () => {
  /** 09:30:00 in New York on 2026-01-05. */
  const origin = { epochSeconds: 1_767_623_400 };
  const at = (fromNs: number, toNs: number, where: typeof origin | null = origin) =>
    timeScale(fromNs, toNs, where, [0, 420]);

  it('isNewYorksTimeOfDay', () => {
    const table = [
      [0, 2 * 3.6e12, ['09:30', '10:00', '10:30', '11:00', '11:30']],
      [5e9, 65e9, ['09:30:15', '09:30:30', '09:30:45', '09:31:00']],
      [0.1e9, 0.5e9, ['09:30:00.1', '09:30:00.2', '09:30:00.3', '09:30:00.4', '09:30:00.5']],
      [2e6, 10e6, ['09:30:00.002', '09:30:00.004', '09:30:00.006', '09:30:00.008', '09:30:00.010']],
    ] as const;
    for (const [from, to, expected] of table) {
      const scale = at(from, to);
      expect(labels(scale)).toEqual(expected);
      expect(scale.label).toBe('New York time, 2026-01-05');
    }
  });

  it('goesOverMidnightAndDays', () => {
    const night = at(12 * 3.6e12, 20 * 3.6e12);
    expect(labels(night)).toEqual(['22:00', '00:00', '02:00', '04:00']);
    expect(night.label).toBe('New York time, 2026-01-05 to 2026-01-06');
    const days = at(0, 4 * 86_400e9);
    expect(labels(days)).toEqual(['2026-01-06', '2026-01-07', '2026-01-08', '2026-01-09']);
    expect(days.label).toBe('midnight in New York');
    // The last fifty years in nanoseconds: a stamp of 1970 beside one of 2026.
    expect(labels(at(-1.7e18, 0)).length).toBeLessThan(400);
  });

  it('countsFromTheStartWhereItMust', () => {
    expect(at(0, 400e6, null).label).toBe('time since the start');
    expect(labels(at(0, 400e6, null))).toEqual(['0', '100 ms', '200 ms', '300 ms', '400 ms']);
    expect(labels(at(0, 360e9, null))).toEqual(['0', '2 m', '4 m', '6 m']);
    const short = at(5000, 9000);
    expect(labels(short)).toEqual(['0', '1 µs', '2 µs', '3 µs', '4 µs']);
    expect(short.label).toBe('time since 2026-01-05 09:30:00.000005000 in New York');
    // A night that is an hour shorter has no time of day for both ends.
    expect(timeScale(0, 12 * 3.6e12, { epochSeconds: 1_772_942_400 }, [0, 420]).label).toMatch(
      /^time since 2026-03-07/,
    );
    expect(timeScale(0, 1e9, { epochSeconds: -1e6 }, [0, 420]).label).toBe('time since the start');
  });

  it('hasAWidthWhereNoTimePasses', () => {
    expect(at(7, 7).high).toBe(1007);
  });

  it('namesAMoment', () => {
    expect(newYorkMoment(origin.epochSeconds, -1)).toBe('2026-01-05 09:29:59.999999999');
    expect(newYorkMoment(0, 0)).toBeNull();
  });
});

describe('thin', () => {
  it('keepsFirstLastLowestAndHighestOfEachColumn', () => {
    const height = fc.oneof(
      { arbitrary: fc.integer({ min: 0, max: 300 }), weight: 9 },
      { arbitrary: fc.constant(Number.NaN), weight: 1 },
    );
    const points = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 9 }), height), { maxLength: 300 })
      .map((all) => all.sort(([a], [b]) => a - b) as Point[]);
    fc.assert(
      fc.property(points, (all) => {
        const kept = thin(all, 10);
        if (all.length <= 40) expect(kept).toBe(all);
        else expect(kept.length).toBeLessThanOrEqual(40);
        for (let column = 0; column < 10; column++) {
          const of = (some: readonly Point[]): number[] =>
            some.filter(([x, y]) => x === column && !Number.isNaN(y)).map(([, y]) => y);
          const [before, after] = [of(all), of(kept)];
          expect([after[0], after[after.length - 1]]).toEqual([before[0], before[before.length - 1]]);
          expect([Math.min(...after), Math.max(...after)]).toEqual([Math.min(...before), Math.max(...before)]);
        }
      }),
    );
  });
});
