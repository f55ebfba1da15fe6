/** Decimals as exact text, and back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalOf, decimalText, parseDecimal, signedHalves } from '../../../src/schema/sbe/decimal.js';
import * as sbe from '../../../src/schema/sbe/table.js';

describe('text', () => {
  it.each([
    ['0', -9, '0'],
    ['1', -9, '0.000000001'],
    ['-1', -9, '-0.000000001'],
    ['2077750000000', -9, '2077.75'],
    ['-500000000', -9, '-0.5'],
    ['15230000000000', -9, '15230'],
    ['1000', -3, '1'],
    ['-1000', -3, '-1'],
    ['9223372036854775807', -9, '9223372036.854775807'],
    ['-9223372036854775808', -4, '-922337203685477.5808'],
    ['18446744073709551615', 0, '18446744073709551615'],
    ['7', 3, '7000'],
    ['0', 3, '0'],
    ['-7', 2, '-700'],
  ])('%s × 10^%i is %s', (digits, exponent, text) => {
    expect(decimalText(digits, exponent)).toBe(text);
    expect(mantissa(text, exponent)).toBe(BigInt(digits));
  });

  it('comes back whatever it is', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        fc.integer({ min: -18, max: 18 }),
        (value, exponent) => {
          expect(mantissa(decimalText(String(value), exponent), exponent)).toBe(value);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('comes from numbers as JavaScript prints them, where they fit', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 33), max: 2 ** 33 }), fc.integer({ min: 0, max: 9 }), (value, decimals) => {
        const number = Number(`${value}e-${decimals}`);
        expect(mantissa(String(number), -9)).toBe(BigInt(value) * 10n ** BigInt(9 - decimals));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('refused', () => {
  it.each([
    ['', -2],
    ['-', -2],
    ['.', -2],
    ['.5', -2],
    ['5.', -2],
    ['1.2.3', -2],
    ['1,5', -2],
    [' 1', -2],
    ['+1', -2],
    ['--1', -2],
    ['1-', -2],
    ['NaN', -2],
    ['Infinity', -2],
    ['0x10', -2],
    ['1e', -2],
    ['0.001', -2],
    ['0.0000000001', -9],
    ['5', 1],
    ['18446744073709551616', 0],
    ['1e999', -2],
    [`1${'0'.repeat(2000)}`, -2],
  ])('%j with exponent %i', (text, exponent) => {
    expect(parseDecimal(text, exponent)).toBeNull();
  });
});

describe("two's complement", () => {
  it.each([
    [true, 0x8000_0000, 0, { high: 0x8000_0000, low: 0 }],
    [false, 0x8000_0000, 0, null],
    [true, 0x8000_0000, 1, null],
    [false, 0x7fff_ffff, 0xffff_ffff, { high: 0x7fff_ffff, low: 0xffff_ffff }],
    [true, 0, 1, { high: 0xffff_ffff, low: 0xffff_ffff }],
  ])('%s %i:%i', (negative, high, low, halves) => {
    expect(signedHalves(negative, { high, low })).toEqual(halves);
  });
});

describe('what is a decimal', () => {
  const exponent = sbe.constant('exponent', 'int8', -9);
  const mantissaType = sbe.encoding('mantissa', 'int64');
  const composite = (parts: Parameters<typeof sbe.composite>[1]) => sbe.composite('Decimal', parts);
  it.each([
    ['mantissa and constant exponent', composite({ mantissa: mantissaType, exponent }), true],
    ['in the other order', composite({ exponent, mantissa: mantissaType }), true],
    [
      'an exponent on the wire',
      composite({ mantissa: mantissaType, exponent: sbe.encoding('exponent', 'int8') }),
      false,
    ],
    ['a third member', composite({ mantissa: mantissaType, exponent, more: mantissaType }), false],
    ['a floating mantissa', composite({ mantissa: sbe.encoding('mantissa', 'double'), exponent }), false],
    ['a constant mantissa', composite({ mantissa: sbe.constant('mantissa', 'int8', 1), exponent }), false],
    [
      'an exponent beyond an int8',
      composite({ mantissa: mantissaType, exponent: sbe.constant('exponent', 'int16', -129) }),
      false,
    ],
    ['no composite', mantissaType, false],
  ])('%s', (_, type, isDecimal) => {
    expect(decimalOf(type) !== null).toBe(isDecimal);
  });
});

function mantissa(text: string, exponent: number): bigint | null {
  const parsed = parseDecimal(text, exponent);
  if (parsed === null) return null;
  const magnitude = (BigInt(parsed.magnitude.high) << 32n) | BigInt(parsed.magnitude.low);
  return parsed.negative ? -magnitude : magnitude;
}
