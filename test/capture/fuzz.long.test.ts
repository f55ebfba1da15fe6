import { test } from 'vitest';
import { fuzzCaptures } from './fuzz.js';

test.each([1, 2, 3, 4, 5])('20,000 damaged captures, part %i', { timeout: 600_000 }, (part) => {
  fuzzCaptures(part * 1_000_000, 20_000);
});
