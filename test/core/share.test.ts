/** Parts of a whole as text. */
import { expect, it } from 'vitest';
import { parseShare } from '../../src/core/share.js';

it.each([
  ['0.001', 0.001],
  ['0.1%', 0.001],
  ['.5', 0.5],
  ['100%', 1],
  ['0%', 0],
  ['1.0', 1],
])('%s is %d', (text, share) => {
  expect(parseShare(text)).toBeCloseTo(share, 15);
});

it.each(['', '1', '5', '-0.1', '101%', '1.1', '0.1 %', 'x', '%', '1e-3', '.', '1.%'])('%s is none', (text) => {
  expect(parseShare(text)).toBeNull();
});
