import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration, parseWhen } from '../../src/core/time.js';

describe('durations', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['1ns', 1],
    ['500us', 500_000],
    ['500µs', 500_000],
    ['500 us', 500_000],
    ['1.5s', 1_500_000_000],
    ['0.000000001s', 1],
    ['.5ms', 500_000],
    ['2m', 120_000_000_000],
    ['2min', 120_000_000_000],
    ['6.5h', 23_400_000_000_000],
    ['1h30m', 5_400_000_000_000],
    ['1h 30m 0.5s', 5_400_500_000_000],
    ['1d', 86_400_000_000_000],
    ['0.1us', 100],
    // Not exact in floating point: 0.3 * 1e9 is, 1.1 * 1e9 is not.
    ['1.1s', 1_100_000_000],
    ['8.3s', 8_300_000_000],
    ['104d', 8_985_600_000_000_000],
  ])('%s is %d ns', (text, ns) => {
    expect(parseDuration(text)).toBe(ns);
  });

  test.each([
    ['', 'not a duration'],
    ['5', 'the unit is missing, write 5s'],
    ['-1s', 'not a duration'],
    ['1.5ns', 'finer than a nanosecond'],
    ['0.1ns', 'finer than a nanosecond'],
    ['1.2.3s', 'not a number'],
    ['5 parsecs', '"parsecs" is not one of ns'],
    ['5S', 'not a duration'],
    ['5s6', 'not a duration'],
    ['1e3s', '"e" is not one of'],
    ['Infinitys', 'not a duration'],
    ['105d', 'longer than 104 days'],
    ['60d60d', 'longer than 104 days'],
    ['9999999999999999999s', 'not a number of at most 15 digits'],
    ['999999999999999s', 'longer than 104 days'],
    ['1s'.repeat(100), 'not a duration'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseDuration(text)).toThrow(reason);
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'duration' }));
  });

  test.each([
    [0, '0 ns'],
    [850, '850 ns'],
    [999.4, '999 ns'],
    [999.6, '1.00 us'],
    [1234, '1.23 us'],
    [12_345, '12.3 us'],
    [99_960, '100 us'],
    [999_400, '999 us'],
    [999_600, '1.00 ms'],
    [1.5e9, '1.50 s'],
    [59.94e9, '59.9 s'],
    [59.96e9, '1 m 00 s'],
    [125e9, '2 m 05 s'],
    [3599.6e9, '1 h 00 m'],
    [7500e9, '2 h 05 m'],
    [86_400e9 * 3, '3 d 00 h'],
    [-1234, '-1.23 us'],
  ])('%d ns prints as %s', (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });

  test('every whole number of nanoseconds up to an hour survives as decimal seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000_000_000 }), (ns) => {
        const text = `${Math.floor(ns / 1e9)}.${String(ns % 1e9).padStart(9, '0')}s`;
        expect(parseDuration(text)).toBe(ns);
      }),
    );
  });
});

describe('moments', () => {
  test.each([
    ['+10s', { kind: 'offset', ns: 10_000_000_000 }],
    ['+0', { kind: 'offset', ns: 0 }],
    ['09:30:00.123456789', { kind: 'timeOfDay', ns: 34_200_123_456_789 }],
    ['9:30', { kind: 'timeOfDay', ns: 34_200_000_000_000 }],
    ['00:00:00.1', { kind: 'timeOfDay', ns: 100_000_000 }],
    ['23:59:59.999999999', { kind: 'timeOfDay', ns: 86_399_999_999_999 }],
    ['2023-08-22T13:30:00Z', { kind: 'absolute', seconds: 1692711000, nanoseconds: 0 }],
    ['2023-08-22T09:30:00.000000001-04:00', { kind: 'absolute', seconds: 1692711000, nanoseconds: 1 }],
    ['2023-08-22 19:00+0530', { kind: 'absolute', seconds: 1692711000, nanoseconds: 0 }],
    ['2023-08-22T13:30:00.999999999z', { kind: 'absolute', seconds: 1692711000, nanoseconds: 999_999_999 }],
    ['1692711000123456789', { kind: 'absolute', seconds: 1692711000, nanoseconds: 123_456_789 }],
    [' 1692711000000000001 ', { kind: 'absolute', seconds: 1692711000, nanoseconds: 1 }],
    ['1000000000000000', { kind: 'absolute', seconds: 1_000_000, nanoseconds: 0 }],
    ['1970-01-01T00:00:00.5+01:00', { kind: 'absolute', seconds: -3600, nanoseconds: 500_000_000 }],
  ])('%s', (text, when) => {
    expect(parseWhen(text)).toEqual(when);
  });

  test.each([
    ['', 'not understood'],
    ['noon', 'not understood'],
    ['9', 'not understood'],
    ['1692711000123', '1692711000000000000 (epoch ns)'],
    ['16927110001234567890', 'not understood'],
    ['24:00', 'hours end at 23'],
    ['09:60', 'minutes and seconds at 59'],
    ['09:30:60', 'minutes and seconds at 59'],
    ['09:30:00.1234567890', 'not understood'],
    ['2023-08-22', 'not understood'],
    ['2023-08-22T13:30:00', 'say which zone'],
    ['2023-02-30T13:30:00Z', 'there is no such day'],
    ['2023-08-22T25:30:00Z', 'hours end at 23'],
    ['2023-08-22T13:30:00+19:00', "is not a zone's offset"],
    ['2023-08-22T13:30:00+01:99', "is not a zone's offset"],
    ['+10', 'the unit is missing'],
    ['-10s', 'not understood'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseWhen(text)).toThrow(reason);
  });
});
