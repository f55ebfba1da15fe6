import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeBins } from '../../src/core/time-bins.js';

function binsOf(capacity = 16): TimeBins {
  return new TimeBins({ sums: 1, maxima: 1, widthNs: 10, capacity });
}

function add(bins: TimeBins, timeNs: number, value: number): void {
  const slot = bins.slotOf(timeNs);
  bins.sums[0][slot] += value;
  bins.maxima[0][slot] = Math.max(bins.maxima[0][slot], value);
}

describe('TimeBins', () => {
  it('isEmptyBeforeTheFirst', () => {
    const bins = binsOf();
    expect([bins.count, bins.ordered(bins.sums[0])]).toEqual([0, []]);
    bins.coarsen();
    expect([bins.count, bins.widthNs]).toEqual([0, 20]);
  });

  it('widensBy2And5', () => {
    const bins = binsOf();
    const widths = [0, 200, 400, 2000, 4000, 20_000].map((timeNs) => {
      add(bins, timeNs, 1);
      return bins.widthNs;
    });
    expect(widths).toEqual([10, 20, 100, 200, 1000, 2000]);
    expect(bins.ordered(bins.sums[0])).toEqual([3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('holdsTimesBeforeTheFirst', () => {
    const bins = binsOf();
    for (const timeNs of [5, -5, -95]) add(bins, timeNs, 7);
    expect(bins.fromNs).toBe(-100);
    expect(bins.ordered(bins.sums[0])).toEqual([7, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7]);
    expect(bins.ordered(bins.maxima[0])[1]).toBe(Number.NEGATIVE_INFINITY);
  });

  it('agreesWithBinsMadeAfterwards', () => {
    const event = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -50, max: 50 }));
    const near = fc.tuple(fc.integer({ min: -3000, max: 3000 }), fc.integer({ min: -50, max: 50 }));
    fc.assert(
      fc.property(fc.array(fc.oneof(event, near), { minLength: 1 }), (events) => {
        const bins = binsOf();
        for (const [timeNs, value] of events) add(bins, timeNs, value);
        expect(bins.count).toBeLessThanOrEqual(16);
        const sums = new Array<number>(bins.count).fill(0);
        const maxima = new Array<number>(bins.count).fill(Number.NEGATIVE_INFINITY);
        for (const [timeNs, value] of events) {
          const index = Math.floor(timeNs / bins.widthNs) - bins.fromNs / bins.widthNs;
          sums[index] += value;
          maxima[index] = Math.max(maxima[index], value);
        }
        expect(bins.ordered(bins.sums[0])).toEqual(sums);
        expect(bins.ordered(bins.maxima[0])).toEqual(maxima);
      }),
    );
  });
});
