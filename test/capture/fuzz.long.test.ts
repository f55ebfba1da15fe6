import { test } from 'vitest';
import { fuzzCaptures } from './fuzz.js';
import { fuzzFrames } from './fuzz-frames.js';
import { fuzzTcp } from './fuzz-tcp.js';

test.each([1, 2, 3, 4, 5])('20,000 damaged captures, part %i', { timeout: 600_000 }, (part) => {
  fuzzCaptures(part * 1_000_000, 20_000);
});

test('500,000 sequences of damaged TCP segments', { timeout: 600_000 }, () => fuzzTcp(10_000_000, 500_000));

test.each([1, 2, 3, 4])('150,000 damaged captures, frame by frame, part %i', { timeout: 600_000 }, (part) => {
  fuzzFrames(part * 1_000_000, 150_000);
});
