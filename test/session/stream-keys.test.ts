import { describe, expect, test } from 'vitest';
import { maxStreamKeys, noStreamKey, StreamKeys } from '../../src/session/stream-keys.js';
import { embed, makeFlow, mold } from './support.js';

function keyOf(keys: StreamKeys, session: string, flow = makeFlow()): number {
  const { view, offset } = embed(mold(1, [], { session }));
  return keys.keyOf(view, offset, flow);
}

describe('StreamKeys', () => {
  test('a session on a flow has one number, from 0 in order of appearance', () => {
    const keys = new StreamKeys();
    const other = makeFlow(7);
    const seen: [string, typeof other | undefined][] = [
      ['A', undefined],
      ['B', undefined],
      ['A', other],
      ['C', undefined],
      ['A', undefined],
      ['B', undefined],
      ['C', undefined],
      ['B', undefined],
      ['A', other],
    ];
    expect(seen.map(([session, flow]) => keyOf(keys, session, flow))).toEqual([0, 1, 2, 3, 0, 1, 3, 1, 2]);
  });

  test('every byte of the session counts', () => {
    const keys = new StreamKeys();
    const names = Array.from({ length: 10 }, (_, index) => `${'0'.repeat(index)}1${'0'.repeat(9 - index)}`);
    expect(names.map((name) => keyOf(keys, name))).toEqual(names.map((_, index) => index));
    expect(names.map((name) => keyOf(keys, name))).toEqual(names.map((_, index) => index));
  });

  test('those beyond the bound share none, and those within keep theirs', () => {
    const keys = new StreamKeys();
    for (let index = 0; index < maxStreamKeys; index++) expect(keyOf(keys, `S${index}`)).toBe(index);
    expect([keyOf(keys, 'LATE'), keyOf(keys, 'S0', makeFlow(1))]).toEqual([noStreamKey, noStreamKey]);
    expect([keyOf(keys, 'S0'), keyOf(keys, `S${maxStreamKeys - 1}`)]).toEqual([0, maxStreamKeys - 1]);
  });
});
