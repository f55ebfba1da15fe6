import { expect, test } from 'vitest';
import { MAX_SKIP_REASONS, OTHER_REASONS, SkipCounts } from '../../src/capture/skip-counts.js';

test('reasons beyond the limit share one, and the sum stays', () => {
  const skips = new SkipCounts();
  for (let turn = 0; turn < 2; turn++) {
    for (let value = 0; value < MAX_SKIP_REASONS + 5; value++) skips.addNumber('link', value);
  }
  const counts = skips.toObject();
  expect(Object.keys(counts).length).toBe(MAX_SKIP_REASONS + 1);
  expect([counts['link type 0'], counts[`link type ${MAX_SKIP_REASONS - 1}`]]).toEqual([2, 2]);
  expect([counts[OTHER_REASONS], skips.total]).toEqual([10, 2 * MAX_SKIP_REASONS + 10]);
});

test('so do those of all kinds together, in tunnels and outside', () => {
  const skips = new SkipCounts();
  for (let value = 0; value < MAX_SKIP_REASONS; value++) skips.addNumber('ipv4', value, value % 2 === 0 ? 'GRE' : '');
  skips.addNumber('ipv6', 1);
  skips.add('another', 'VXLAN', 3);
  skips.addNumber('ipv4', 0, 'GRE');
  const counts = skips.toObject();
  expect([counts['GRE: IPv4 protocol 0'], counts['IPv4 protocol 1 (ICMP)']]).toEqual([2, 1]);
  expect([counts[OTHER_REASONS], skips.total]).toEqual([4, MAX_SKIP_REASONS + 5]);
});
