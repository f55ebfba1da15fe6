import { test } from 'vitest';
import { fuzzFiles, fuzzPackets } from './fuzz.js';
import { fuzzMdp3, fuzzMdp3Tcp } from './fuzz-mdp3.js';
import { fuzzSoup } from './fuzz-soup.js';

test('mutated packets: what is valid is delivered, the rest is damage', () => fuzzPackets(1500, 20261120));
test('mutated files: what is before the damage is delivered, however the file is cut', () => fuzzFiles(1500, 20261121));
test('mutated TCP streams: what is before the damage is delivered, however cut', () => fuzzSoup(3000, 20261122));
test('mutated packets of MDP 3.0: what is valid is delivered, the rest is damage', () => fuzzMdp3(1500, 20261123));
test('mutated streams of MDP 3.0: what is before the damage is delivered, and what is behind found', () =>
  fuzzMdp3Tcp(500, 20261124));
