import { test } from 'vitest';
import { fuzzLayers } from './fuzz-layers.js';

test('500 captures of random layers, half of them damaged: every packet has its count', () => {
  fuzzLayers(1, 500);
});
