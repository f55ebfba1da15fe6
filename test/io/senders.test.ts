import { expect, test } from 'vitest';
import { maxSenders, SenderTable } from '../../src/io/senders.js';

test('one object a sender and group, numbered as they appear', () => {
  const table = new SenderTable();
  const first = table.of('10.0.0.1', 1, 0);
  expect(table.of('10.0.0.1', 1, 0)).toBe(first);
  const others = [table.of('10.0.0.1', 2, 0), table.of('10.0.0.2', 1, 0), table.of('10.0.0.1', 1, 1)];
  expect(others.map(({ index }) => index)).toEqual([1, 2, 3]);
  expect(table.of('10.0.0.1', 1, 0)).toBe(first);
  expect(table.list).toEqual([first, ...others]);
});

test('beyond the most there is one more for each group', () => {
  const table = new SenderTable();
  for (let port = 1; port <= maxSenders; port++) table.of('10.0.0.1', port, 0);
  const rest = [table.of('10.0.0.2', 1, 0), table.of('10.0.0.2', 2, 0), table.of('10.0.0.2', 3, 1)];
  expect(rest[0]).toEqual({ address: 'others', port: 0, index: maxSenders, group: 0 });
  expect(rest[1]).toBe(rest[0]);
  expect(rest[2]).toMatchObject({ group: 1, index: maxSenders + 1 });
  expect(table.of('10.0.0.1', 7, 0).index).toBe(6);
});
