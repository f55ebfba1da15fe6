import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceOfHigher, leastChance, median } from '../../src/core/rank-test.js';

describe('median', () => {
  it.each([
    [[3], 3],
    [[4, 1], 2.5],
    [[9, 1, 5], 5],
    [[1, 2, 3, 100], 2.5],
  ])('of %j', (values, expected) => expect(median(values)).toBe(expected));

  it('of nothing is no number', () => expect(median([])).toBeNaN());
});

describe('chance of higher ranks', () => {
  it('is one in all ways of dividing where every later one is higher', () => {
    expect(chanceOfHigher([1, 2, 3], [4, 5, 6])).toBeCloseTo(1 / 20, 12);
    expect(chanceOfHigher([4, 5, 6], [1, 2, 3])).toBe(1);
    expect(leastChance(3, 3)).toBeCloseTo(1 / 20, 12);
    expect(leastChance(9, 9)).toBeCloseTo(1 / 48_620, 12);
  });

  it('isOneWhereAllAreEqual', () => expect(chanceOfHigher([5, 5, 5], [5, 5])).toBe(1));

  it('ofNothingIsOne', () => {
    expect(chanceOfHigher([], [1])).toBe(1);
    expect(chanceOfHigher([1], [])).toBe(1);
  });

  it('is what counting every division gives, ties included', () => {
    const values = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(values, values, (earlier, later) => {
        expect(chanceOfHigher(earlier, later)).toBeCloseTo(byCounting(earlier, later), 10);
      }),
    );
  });

  it('does not change under a stretching of the scale', () => {
    const values = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 9 });
    fc.assert(
      fc.property(values, values, (earlier, later) => {
        const stretched = (ns: number): number => ns ** 3 + 7;
        expect(chanceOfHigher(earlier.map(stretched), later.map(stretched))).toBe(chanceOfHigher(earlier, later));
      }),
    );
  });

  it('of many runs is near to what counting gives', () => {
    const runs = (shift: number): number[] => Array.from({ length: 45 }, (_, index) => ((index * 37) % 45) + shift);
    const counted = (shift: number) => chanceOfHigher(runs(0).slice(0, 40), runs(shift).slice(0, 40));
    const estimated = (shift: number) => chanceOfHigher(runs(0), runs(shift));
    for (const shift of [0, 3, 6]) expect(Math.abs(counted(shift) - estimated(shift))).toBeLessThan(0.06);
    expect(estimated(30)).toBeLessThan(1e-6);
    expect(estimated(-30)).toBeGreaterThan(1 - 1e-6);
    expect(chanceOfHigher(new Array(50).fill(3), new Array(50).fill(3))).toBe(1);
  });
});

/** Over all choices of as many values: how many have ranks that sum as high. */
function byCounting(earlier: readonly number[], later: readonly number[]): number {
  const all = [...earlier, ...later];
  const rank = (value: number): number =>
    all.filter((other) => other < value).length + (all.filter((other) => other === value).length + 1) / 2;
  const found = later.reduce((sum, value) => sum + rank(value), 0);
  let [ways, higher] = [0, 0];
  for (let choice = 0; choice < 2 ** all.length; choice++) {
    const chosen = all.filter((_, index) => (choice >> index) & 1);
    if (chosen.length !== later.length) continue;
    ways++;
    if (chosen.reduce((sum, value) => sum + rank(value), 0) >= found - 1e-9) higher++;
  }
  return higher / ways;
}
