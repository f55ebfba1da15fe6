import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatEpochNs, formatI64, formatU64, parseI64, parseU64 } from '../../src/core/halves.js';

const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 0x1f_ffff, 0x20_0000, 0xffff_ffff),
);

describe('64-bit halves', () => {
  test.each([
    [0, 0, '0'],
    [0, 0xffff_ffff, '4294967295'],
    [1, 0, '4294967296'],
    [0x1f_ffff, 0xffff_ffff, '9007199254740991'],
    [0x20_0000, 0, '9007199254740992'],
    [0x20_0000, 1, '9007199254740993'],
    [0x7fff_ffff, 0xffff_ffff, '9223372036854775807'],
    [0xffff_ffff, 0xffff_ffff, '18446744073709551615'],
    // 10^19: the lower six digits are all zeros.
    [0x8ac7_2304, 0x89e8_0000, '10000000000000000000'],
  ])('%i:%i is %s', (high, low, text) => {
    expect(formatU64(high, low)).toBe(text);
    expect(parseU64(text)).toEqual({ high, low });
  });

  test('agrees with BigInt both ways', () => {
    fc.assert(
      fc.property(word, word, (high, low) => {
        const text = String((BigInt(high) << 32n) | BigInt(low));
        expect(formatU64(high, low)).toBe(text);
        expect(parseU64(text)).toEqual({ high, low });
        expect(parseU64(`000${text}`)).toEqual({ high, low });
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    '',
    ' ',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '18446744073709551616',
    '99999999999999999999',
    '100000000000000000000',
  ])('refuses %j', (text) => {
    expect(() => parseU64(text)).toThrow(expect.objectContaining({ code: 'u64' }));
  });
});

describe('signed 64-bit halves', () => {
  test('agree with BigInt both ways, whichever sign the high half has', () => {
    fc.assert(
      fc.property(word, word, (high, low) => {
        const text = String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
        expect(formatI64(high, low)).toBe(text);
        expect(formatI64(high | 0, low)).toBe(text);
        expect(parseI64(text)).toEqual({ high, low });
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['-9223372036854775808', { high: 0x8000_0000, low: 0 }],
    ['9223372036854775807', { high: 0x7fff_ffff, low: 0xffff_ffff }],
    ['-0', { high: 0, low: 0 }],
    ['-4294967296', { high: 0xffff_ffff, low: 0 }],
  ])('reads %s', (text, halves) => {
    expect(parseI64(text)).toEqual(halves);
  });

  test.each([
    ['-9223372036854775809', 'i64'],
    ['9223372036854775808', 'i64'],
    ['--1', 'u64'],
    ['+1', 'u64'],
    ['-', 'u64'],
    ['-18446744073709551616', 'u64'],
  ])('refuses %j', (text, code) => {
    expect(() => parseI64(text)).toThrow(expect.objectContaining({ code }));
  });
});

describe('epoch nanoseconds', () => {
  test.each([
    [0, 0, '0'],
    [-0, 0, '0'],
    [0, 7, '7'],
    [1, 0, '1000000000'],
    [1692720000, 1, '1692720000000000001'],
    [-1, 999_999_999, '-1'],
    [-1, 1, '-999999999'],
    [-1, 0, '-1000000000'],
    [-2, 999_999_999, '-1000000001'],
  ])('%d s %d ns is %s', (seconds, nanoseconds, text) => {
    expect(formatEpochNs(seconds, nanoseconds)).toBe(text);
  });

  test('agrees with BigInt', () => {
    const seconds = fc.integer({ min: -4_294_967_296, max: 99_999_999_999 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 999_999_999 }), (whole, rest) => {
        expect(formatEpochNs(whole, rest)).toBe(String(BigInt(whole) * 1_000_000_000n + BigInt(rest)));
      }),
      { numRuns: 5000 },
    );
  });
});
