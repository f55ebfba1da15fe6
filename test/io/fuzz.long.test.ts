import { test } from 'vitest';
import { fuzzGzip } from './fuzz.js';
import { fuzzZstd } from './fuzz-zstd.js';

test('5,000 damaged gzip captures', { timeout: 600_000 }, async () => {
  await fuzzGzip(1_000_000, 5000);
});

test('5,000 damaged Zstandard files', { timeout: 600_000 }, async () => {
  await fuzzZstd(1_000_000, 5000);
});
