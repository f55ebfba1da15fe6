import { test } from 'vitest';
import { fuzzCaptures } from './fuzz.js';

test('4,000 damaged captures: everything before the damage is delivered, nothing hangs or grows', () => {
  fuzzCaptures(1, 4000);
});
