import { test } from 'vitest';
import { fuzzGzip } from './fuzz.js';

test('500 damaged gzip captures: everything that inflates before the damage is delivered', {
  timeout: 30_000,
}, async () => {
  await fuzzGzip(1, 500);
});
