import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExactSum } from '../../src/core/exact-sum.js';

const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger().map((value) => Math.trunc(value / 2)),
  fc.constantFrom(2 ** 52, -(2 ** 52), 86_400_000_000_000, 0),
);

test('is what exact arithmetic gives, rounded once, in whatever parts and order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(integer, fc.integer({ min: 1, max: 50 })), { maxLength: 60 }),
      fc.nat(60),
      (all, cut) => {
        const exact = all.reduce((sum, [value, times]) => sum + BigInt(value) * BigInt(times), 0n);
        const [whole, one, other] = [new ExactSum(), new ExactSum(), new ExactSum()];
        for (const [value, times] of all) whole.addTimes(value, times);
        for (const [value, times] of all.slice(0, cut)) one.addTimes(value, times);
        for (const [value, times] of all.slice(cut).reverse())
          for (let time = 0; time < times; time++) other.add(value);
        other.addSum(one);
        expect(BigInt(whole.units) * 2n ** 50n + BigInt(whole.rest)).toBe(exact);
        expect(whole.value).toBe(Number(exact));
        expect(other.value).toBe(whole.value);
      },
    ),
  );
});

test('a cleared one is 0', () => {
  const sum = new ExactSum();
  sum.addTimes(2 ** 52, 9);
  sum.clear();
  expect(sum.value).toBe(0);
});
