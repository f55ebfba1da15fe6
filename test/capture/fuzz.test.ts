import { test } from 'vitest';
import { fuzzCaptures } from './fuzz.js';
import { fuzzFrames } from './fuzz-frames.js';
import { fuzzTcp } from './fuzz-tcp.js';

test('4,000 damaged captures: everything before the damage is delivered, nothing hangs or grows', () => {
  fuzzCaptures(1, 4000);
});

test('3,000 sequences of damaged TCP segments: what came before is as it was, and memory is bounded', () => {
  fuzzTcp(1, 3000);
});

test('20,000 damaged captures, frame by frame, with and without recovery', () => {
  fuzzFrames(1, 20_000);
});
