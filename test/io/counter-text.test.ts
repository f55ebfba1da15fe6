/** Counts in text: vectors of Prometheus' format, JSON and lines, right and wrong. */
import { describe, expect, it } from 'vitest';
import { countReader, metricNames } from '../../src/io/counter-text.js';

const text = [
  '# HELP a_total Something.',
  '# TYPE a_total counter',
  'a_total 3',
  'a_total_of_more 100',
  'b{x="1",y="two, \\"three\\" {4}\\\\"} 5 1767623400000',
  'b{x="2"} 1.5e2',
  'b{x="3",} 7',
  'c NaN',
  'd +Inf',
  'e -1',
  'f 1.5',
  '',
].join('\n');

it.each([
  ['a_total', 3],
  ['b', 162],
  ['b{x="2"}', 150],
  ['b{y="two, \\"three\\" {4}\\\\"}', 5],
  ['b { x = "3" }', 7],
  ['b{x="4"}', null],
  ['b{z=""}', null],
  ['a', null],
  ['/^a_total (\\d+)/', 3],
  ['/more \\d+/', 'no count'],
  ['c', 'c is NaN, which is no count'],
  ['d', 'no count'],
  ['e', 'no count'],
  ['f', 'f is 1.5, which is no count'],
])('%s', (selector, expected) => {
  const read = countReader(selector, 'here');
  if (typeof expected === 'string') expect(() => read(text)).toThrow(expected);
  else expect(read(text)).toBe(expected);
});

it.each([
  ['$.a.b[1].c', 12],
  ['$["a.b"]', 3],
  ['$.text', 10_000],
  ['$.a.b', 'no count'],
  ['$.a.b[7].c', null],
  ['$.none.of', null],
  ['$.nothing', 'no count'],
])('%s', (selector, expected) => {
  const json = '{"a": {"b": [1, {"c": 12}]}, "a.b": 3, "text": "10000", "nothing": null}';
  const read = countReader(selector, 'here');
  if (typeof expected === 'string') expect(() => read(json)).toThrow(expected);
  else expect(read(json)).toBe(expected);
  expect(read('no json')).toBeNull();
});

describe('a line', () => {
  it.each([
    ['12 packets', 12],
    ['  9,998', 9998],
    ['handled 12', null],
    ['', null],
  ])('%j', (line, expected) => {
    expect(countReader(null, 'here')(line)).toBe(expected);
  });

  it('the last match counts', () => {
    expect(countReader('/n=(\\d+)/', 'here')('n=1 n=2\nn=3')).toBe(3);
  });
});

it('names metrics that are there', () => {
  expect(metricNames(text)).toEqual(['a_total', 'a_total_of_more', 'b', 'c', 'd']);
});

it.each(['a b', '{x="1"}', 'b{x=1}', '$', '$x', '/[/'])('%s is refused', (selector) => {
  expect(() => countReader(selector, 'my.yml')).toThrow(/^my\.yml: /);
});
