/**
 * Damaged inputs over every reader, together with those of the other rooms: 600,000 frame by frame, 500,000 of TCP
 * segments, 25,000 captures with all their layers, 25,000 of layers within layers (half of them damaged), 5,000 of gzip,
 * 5,000 of Zstandard, 60,000 packets and 60,000 files of sessions, 300,000 streams of SoupBinTCP: 1,580,000.
 */
import { test } from 'vitest';
import { fuzzCaptures } from './fuzz.js';
import { fuzzFrames } from './fuzz-frames.js';
import { fuzzTcp } from './fuzz-tcp.js';

test.each([1, 2, 3, 4, 5])('5,000 damaged captures, part %i', { timeout: 600_000 }, (part) => {
  fuzzCaptures(part * 1_000_000, 5000);
});

test('500,000 sequences of damaged TCP segments', { timeout: 600_000 }, () => fuzzTcp(10_000_000, 500_000));

test.each([1, 2, 3, 4])('150,000 damaged captures, frame by frame, part %i', { timeout: 600_000 }, (part) => {
  fuzzFrames(part * 1_000_000, 150_000);
});
