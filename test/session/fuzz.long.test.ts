import { test } from 'vitest';
import { fuzzFiles, fuzzPackets } from './fuzz.js';
import { fuzzMdp3, fuzzMdp3Tcp } from './fuzz-mdp3.js';
import { fuzzSoup } from './fuzz-soup.js';

const minutes = 60_000;

test('mutated packets, at length', { timeout: 5 * minutes }, () => fuzzPackets(60_000, 1));
test('mutated files, at length', { timeout: 5 * minutes }, () => fuzzFiles(60_000, 2));
test('mutated TCP streams, at length', { timeout: 15 * minutes }, () => fuzzSoup(300_000, 3));
test('mutated packets of MDP 3.0, at length', { timeout: 5 * minutes }, () => fuzzMdp3(60_000, 4));
test('mutated streams of MDP 3.0, at length', { timeout: 15 * minutes }, () => fuzzMdp3Tcp(20_000, 5));
