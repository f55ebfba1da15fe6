import { expect, test } from 'vitest';
import { nearest } from '../../src/cli/suggest.js';

const words = ['replay', 'inspect', 'listen', 'convert', 'times', 'targets'];

test.each([
  ['inspct', 'inspect'],
  ['repaly', 'replay'],
  ['listenn', 'listen'],
  ['conwert', 'convert'],
  ['time', 'times'],
  ['target', 'targets'],
  ['replay', 'replay'],
  ['nonsense', null],
  ['', null],
])('%j: %s', (word, meant) => {
  expect(nearest(word, words)).toBe(meant);
});
