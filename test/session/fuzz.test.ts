import { test } from 'vitest';
import { fuzzFiles, fuzzPackets } from './fuzz.js';
import { fuzzSoup } from './fuzz-soup.js';

test('mutated packets: what is valid is delivered, the rest is damage', () => fuzzPackets(1500, 20261120));
test('mutated files: what is before the damage is delivered, however the file is cut', () => fuzzFiles(1500, 20261121));
test('mutated TCP streams: what is before the damage is delivered, however cut', () => fuzzSoup(3000, 20261122));
