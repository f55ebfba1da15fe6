import { beforeAll, describe, expect, test } from 'vitest';
import { initHistograms, SignedHistogram } from '../../src/core/histogram.js';
import { percentileCurves, summaryCurve } from '../../src/replay/percentile-curve.js';

beforeAll(initHistograms);

function curvesOf(values: readonly number[]) {
  const histogram = new SignedHistogram();
  for (const value of values) histogram.record(value);
  const curves = percentileCurves('gapError', histogram);
  histogram.destroy();
  return curves;
}

const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

describe('percentileCurves', () => {
  test('of an empty histogram there is none', () => expect(curvesOf([])).toEqual([]));

  test('of one value is a level line', () => {
    const [{ percents, valuesNs, ...rest }] = curvesOf([7]);
    expect(rest).toEqual({ name: 'gapError', side: 'whole', count: 1 });
    expect([percents[0], percents[percents.length - 1]]).toEqual([0, 50]);
    expect(new Set(valuesNs)).toEqual(new Set([7]));
  });

  test('rises to the highest value, at half a rank below 100', () => {
    const [{ percents, valuesNs, side }] = curvesOf(hundred);
    expect(side).toBe('whole');
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(valuesNs).toEqual(valuesNs.toSorted((a, b) => a - b));
    expect([percents[percents.length - 1], valuesNs[valuesNs.length - 1]]).toEqual([99.5, 100]);
    expect(valuesNs[percents.indexOf(50)]).toBe(50);
    expect(valuesNs[0]).toBe(1);
  });

  test('has magnitudes of the values below 0 apart', () => {
    const curves = curvesOf([...hundred, -3, -9]);
    expect(curves.map(({ side, count }) => [side, count])).toEqual([
      ['positive', 100],
      ['negative', 2],
    ]);
    expect(curves.map(({ valuesNs }) => valuesNs[valuesNs.length - 1])).toEqual([100, 9]);
    expect(curvesOf([-3, -9]).map(({ side }) => side)).toEqual(['negative']);
  });

  test('of a summary has the points that it knows', () => {
    const summary = { count: 500, p50: 1, p90: 2, p99: 3, p999: 4, p9999: 5, max: 6, min: 0, mean: 1 };
    expect(summaryCurve('ringHop', summary)).toEqual({
      name: 'ringHop',
      side: 'whole',
      count: 500,
      percents: [50, 90, 99, 99.9],
      valuesNs: [1, 2, 3, 6],
    });
  });
});
