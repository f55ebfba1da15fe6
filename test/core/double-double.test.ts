import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DoubleDouble, productError } from '../../src/core/double-double.js';

/** The exact value in units of 2^-400. */
function exact(high: number, low = 0): bigint {
  return scaled(high) + scaled(low);
}

function scaled(value: number): bigint {
  let [mantissa, exponent] = [value, 400];
  while (!Number.isInteger(mantissa)) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  return BigInt(mantissa) * 2n ** BigInt(exponent);
}

const value = fc.tuple(
  fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((parts) => parts / 2 ** 60),
);

function near(result: DoubleDouble, wanted: bigint, size: bigint): void {
  const error = exact(result.high, result.low) - wanted;
  expect((error < 0n ? -error : error) * 2n ** 100n).toBeLessThanOrEqual(size < 0n ? -size : size);
}

test('sumsProductsAndQuotientsHaveAHundredBits', () => {
  fc.assert(
    fc.property(value, value, fc.integer({ min: 1, max: 2 ** 53 - 1 }), ([a, b], [c, d], by) => {
      const of = (): DoubleDouble => new DoubleDouble().add(a, b);
      const first = exact(a, b);
      const other = new DoubleDouble().add(c, d);
      const second = exact(c, d);
      near(of().add(other.high, other.low), first + second, 2n ** 453n);
      near(
        of().multiply(other.high, other.low),
        (first * second) / 2n ** 400n,
        (first * second) / 2n ** 400n + 2n ** 300n,
      );
      near(of().divide(by), first / BigInt(by), first / BigInt(by) + 2n ** 300n);
    }),
  );
});

test('productErrorIsExact', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
      const product = a * b;
      expect(BigInt(product) + BigInt(productError(a, b, product))).toBe(BigInt(a) * BigInt(b));
    }),
  );
});

test('aThirdOfAFraction', () => {
  const third = DoubleDouble.of({ numerator: 1, denominator: 3 });
  expect(third.multiply(3)).toMatchObject({ high: 1, low: 0 });
});
