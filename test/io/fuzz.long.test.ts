import { test } from 'vitest';
import { fuzzGzip } from './fuzz.js';

test('10,000 damaged gzip captures', { timeout: 600_000 }, async () => {
  await fuzzGzip(1_000_000, 10_000);
});
