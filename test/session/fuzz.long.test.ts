import { test } from 'vitest';
import { fuzzFiles, fuzzPackets } from './fuzz.js';
import { fuzzSoup } from './fuzz-soup.js';

const minutes = 60_000;

test('mutated packets, at length', { timeout: 5 * minutes }, () => fuzzPackets(60_000, 1));
test('mutated files, at length', { timeout: 5 * minutes }, () => fuzzFiles(60_000, 2));
test('mutated TCP streams, at length', { timeout: 15 * minutes }, () => fuzzSoup(300_000, 3));
