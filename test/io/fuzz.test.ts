import { test } from 'vitest';
import { fuzzGzip } from './fuzz.js';
import { fuzzZstd } from './fuzz-zstd.js';

test('500 damaged gzip captures: everything that inflates before the damage is delivered', {
  timeout: 30_000,
}, async () => {
  await fuzzGzip(1, 500);
});

test('300 damaged Zstandard files: every block before the damage is delivered, in bounded pieces', async () => {
  await fuzzZstd(1, 300);
});
