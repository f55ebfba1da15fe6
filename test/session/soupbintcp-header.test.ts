import { expect, test } from 'vitest';
import {
  isSoupPacket,
  MAX_SOUP_SEQUENCE,
  readSoupSequence,
  readSoupText,
} from '../../src/session/soupbintcp-header.js';
import { embed, text } from './support.js';

test.each([
  ['   S1', 'S1'],
  ['S1   ', 'S1'],
  ['S 1\0\0', 'S 1'],
  ['\0 \0', ''],
  ['a\x7f\xa0', 'a\\x7f\\xa0'],
  ['', ''],
])('text %j', (raw, expected) => {
  const { view, offset, length } = embed(text(raw));
  expect(readSoupText(view, offset, length)).toBe(expected);
});

test.each([
  ['135'.padStart(20), 135],
  ['135'.padEnd(20), 135],
  ['135'.padStart(20, '0'), 135],
  ['0'.padStart(20), 0],
  [String(MAX_SOUP_SEQUENCE).padStart(20), MAX_SOUP_SEQUENCE],
  [String(MAX_SOUP_SEQUENCE + 1).padStart(20), -1],
  ['9'.repeat(20), -1],
  [' '.repeat(20), -1],
  ['-1'.padStart(20), -1],
  ['1 2'.padStart(20), -1],
  ['1e3'.padStart(20), -1],
])('sequence number %j', (raw, expected) => {
  const { view, offset } = embed(text(raw));
  expect(readSoupSequence(view, offset)).toBe(expected);
});

test('each type has its length', () => {
  const lengths = (type: string) =>
    [0, 1, 2, 30, 31, 32, 46, 47, 48, 65_535].filter((one) => isSoupPacket(one, type.charCodeAt(0)));
  const any = [1, 2, 30, 31, 32, 46, 47, 48, 65_535];
  expect(['S', 'U', '+'].map(lengths)).toEqual([any, any, any]);
  expect(['A', 'J', 'H', 'Z', 'L', 'R', 'O'].map(lengths)).toEqual([[31], [2], [1], [1], [47], [1], [1]]);
  expect(['X', '\0', 's', '\xff'].map(lengths)).toEqual([[], [], [], []]);
});
