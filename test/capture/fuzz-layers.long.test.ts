import { test } from 'vitest';
import { fuzzLayers } from './fuzz-layers.js';

test.each([1, 2, 3, 4, 5])('5,000 captures of random layers, part %i', { timeout: 600_000 }, (part) => {
  fuzzLayers(part * 1_000_000, 5000);
});
