import { describe, expect, test } from 'vitest';
import { formatBytes, formatCount, formatRate, parseBytes } from '../../src/core/units.js';

describe('quantities for people', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [12_345, '12.3 kB'],
    [999_499, '999 kB'],
    [999_501, '1.00 MB'],
    [1.5e9, '1.50 GB'],
    [2e15, '2000 TB'],
  ])('%d bytes print as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [100_000, 'pps', '100 kpps'],
    [1_254_999, 'msg/s', '1.25 Mmsg/s'],
    [0.5, 'pps', '0.50 pps'],
    [999.7, 'bps', '1.00 kbps'],
    [99.96, 'bps', '100 bps'],
    [-1500, 'bps', '-1.50 kbps'],
  ])('%d %s print as %s', (perSecond, unit, text) => {
    expect(formatRate(perSecond, unit)).toBe(text);
  });

  test.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%d prints as %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });
});

test.each([
  ['4096', 4096],
  ['0B', 0],
  ['100kB', 100_000],
  ['1GB', 1e9],
  ['64MiB', 64 * 2 ** 20],
  ['2Ti', 2 ** 41],
  ['1.5MB', Number.NaN],
  ['1XB', Number.NaN],
  ['', Number.NaN],
  ['999999999999999T', Number.NaN],
])('%s is so many bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});
