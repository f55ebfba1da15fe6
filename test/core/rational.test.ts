import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatRational,
  largestTerm,
  parseRational,
  RationalSum,
  rational,
  scaleRational,
} from '../../src/core/rational.js';

function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

describe('fractions', () => {
  test.each([
    ['10', 1, 10, 1],
    ['0.5', 1, 1, 2],
    ['.5', 1, 1, 2],
    ['007.10', 1, 71, 10],
    ['1/3', 1, 1, 3],
    ['6/4', 1, 3, 2],
    ['0', 1, 0, 1],
    ['0.000', 1, 0, 1],
    ['99.5', 1e3, 99_500, 1],
    ['1.2345', 1e9, 1_234_500_000, 1],
    ['0.1234567891', 1e9, 1_234_567_891, 10],
    ['1000000000000000', 1, 1e15, 1],
    ['0.123456789012345', 1, 24691357802469, 200000000000000],
    ['1/1000000000000000', 1e9, 1, 1_000_000],
  ])('%s times %d is %d/%d', (text, scale, numerator, denominator) => {
    expect(parseRational(text, scale)).toEqual({ numerator, denominator });
  });

  test.each([
    '',
    '.',
    '5.',
    '-1',
    '+1',
    '1e6',
    '1,000',
    '1.5/2',
    '1/0',
    '1/',
    '/3',
    '1/2/3',
    'NaN',
    'Infinity',
    '1.2.3',
    '1000000000000001',
    '0.1234567890123456',
    '1234567890.1234567',
    `0.${'0'.repeat(30)}1`,
    '1'.repeat(400),
  ])('%j is refused', (text) => {
    expect(parseRational(text)).toBeNull();
  });

  test('a scale past 15 digits is refused', () => {
    expect(parseRational('1000001', 1e9)).toBeNull();
    expect(parseRational('1000000', 1e9)).toEqual({ numerator: 1e15, denominator: 1 });
    expect(scaleRational({ numerator: 1, denominator: 1e15 }, 1, 10)).toBeNull();
    expect(rational(1, 0)).toBeNull();
    expect(rational(1.5, 2)).toBeNull();
    expect(rational(-1, 2)).toBeNull();
  });

  test.each([
    [3, 1, '3'],
    [1, 2, '0.5'],
    [199, 2, '99.5'],
    [1, 3, '1/3'],
    [71, 10, '7.1'],
    [1, 1e15, '0.000000000000001'],
    [1, 2 ** 40, `1/${2 ** 40}`],
    [1e15, 7, '1000000000000000/7'],
  ])('%d/%d prints as %s', (numerator, denominator, text) => {
    expect(formatRational({ numerator, denominator })).toBe(text);
    expect(parseRational(text)).toEqual({ numerator, denominator });
  });
});

describe('RationalSum', () => {
  const term = fc.oneof(
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    fc.maxSafeNat().map((value) => 1 + (value % largestTerm)),
    fc.constantFrom(largestTerm, largestTerm - 1),
  );
  const count = fc.oneof(
    fc.integer({ min: -20_000, max: 20_000 }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER),
  );

  test('is the floor of the exact sum, whatever is added', () => {
    fc.assert(
      fc.property(term, term, fc.constantFrom(1, 1e9), fc.array(count, { maxLength: 50 }), (a, b, scale, counts) => {
        const step = rational(a, b);
        if (step === null || (step.numerator / step.denominator) * scale >= Number.MAX_SAFE_INTEGER) return;
        const sum = new RationalSum(step, scale);
        let units = 0n;
        for (const value of counts) {
          const next = units + BigInt(value);
          const exact = floorDivide(next * BigInt(step.numerator) * BigInt(scale), BigInt(step.denominator));
          const wholePart = BigInt(value) * BigInt(Math.trunc((step.numerator / step.denominator) * scale) + 1);
          // Outside of 2^53 nothing is promised.
          if (abs(exact) > BigInt(Number.MAX_SAFE_INTEGER) || abs(wholePart) > BigInt(Number.MAX_SAFE_INTEGER))
            continue;
          units = next;
          expect(BigInt(sum.add(value))).toBe(exact);
          expect(BigInt(sum.floor)).toBe(exact);
        }
      }),
      { numRuns: 4000 },
    );
  });

  test('many ones are as much as one count of them', () => {
    fc.assert(
      fc.property(term, term, fc.integer({ min: 0, max: 3000 }), (a, b, times) => {
        const step = rational(Math.min(a, b), Math.max(a, b));
        if (step === null) return;
        const ones = new RationalSum(step, 1);
        for (let index = 0; index < times; index++) ones.add(1);
        expect(ones.floor).toBe(new RationalSum(step, 1).add(times));
      }),
    );
  });

  test.each([
    [1e15, 1, 1e9],
    [1, 0, 1],
    [Number.NaN, 1, 1],
  ])('refuses %d/%d times %d', (numerator, denominator, scale) => {
    expect(() => new RationalSum({ numerator, denominator }, scale)).toThrow(
      expect.objectContaining({ code: 'rational-range' }),
    );
  });
});

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
