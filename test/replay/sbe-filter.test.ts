import { describe, expect, test } from 'vitest';
import { type FilterSpec, noFilter } from '../../src/replay/filter.js';
import { SbeFilter, type SbeLandmarks } from '../../src/replay/sbe-filter.js';
import type { SbeMessage } from '../../src/schema/sbe/schema.js';

/** A message here is its template id and the SecurityIDs of its entries, a byte each; template 0 is unknown. */
const templates = new Map(
  [
    [46, 'MDIncrementalRefreshBook46'],
    [48, 'MDIncrementalRefreshTradeSummary48'],
  ].map(([id, name]) => [id, { id, name } as unknown as SbeMessage]),
);
const symbols: Record<number, string> = { 1: 'ESZ5', 2: 'NQZ5', 3: 'ESZ5-ESH6' };
let looked: number[] = [];
const landmarks: SbeLandmarks = {
  messageAt: (view, offset) => templates.get(view.getUint8(offset)),
  anySecurityId(_message, view, offset, length, visit) {
    for (let at = offset + 1; at < offset + length; at++) {
      looked.push(view.getUint8(at));
      if (visit(view.getUint8(at))) return true;
    }
    return false;
  },
  symbolOf: (securityId) => symbols[securityId],
};
const messages = [[46, 1, 2], [46, 3], [48, 2], [48, 9], [46], [0, 1]];

function verdicts(spec: Partial<FilterSpec>): boolean[] {
  looked = [];
  const filter = new SbeFilter({ ...noFilter, ...spec }, landmarks);
  return messages.map((bytes) => {
    const view = new DataView(Uint8Array.from([0xff, ...bytes]).buffer);
    return filter.acceptsMessage(view, 1, bytes.length);
  });
}

describe('messages of MDP', () => {
  test.each<[string, Partial<FilterSpec>, number[]]>([
    ['no filter takes all, the unknown too', {}, [1, 1, 1, 1, 1, 1]],
    ['a template by its id', { types: ['46'] }, [1, 1, 0, 0, 1, 0]],
    ['by its name', { types: ['MDIncrementalRefreshTradeSummary48'] }, [0, 0, 1, 1, 0, 0]],
    ['alternatives', { types: ['48', '46'] }, [1, 1, 1, 1, 1, 0]],
    ['a type of ITCH matches none', { types: ['A'] }, [0, 0, 0, 0, 0, 0]],
    ['a symbol in any entry', { symbols: ['NQZ5'] }, [1, 0, 1, 0, 0, 0]],
    ['a SecurityID in any entry', { securityIds: [9, 1] }, [1, 0, 0, 1, 0, 0]],
    ['symbol and SecurityID of one entry', { symbols: ['ESZ5'], securityIds: [2] }, [0, 0, 0, 0, 0, 0]],
    ['all lists must match', { types: ['48'], symbols: ['NQZ5'] }, [0, 0, 1, 0, 0, 0]],
    ['a symbol that no definition names', { symbols: ['CLZ5'] }, [0, 0, 0, 0, 0, 0]],
    ['stock locates are of ITCH', { locates: [1] }, [0, 0, 0, 0, 0, 0]],
  ])('%s', (_name, spec, expected) => {
    expect(verdicts(spec)).toEqual(expected.map(Boolean));
  });

  test('entries are looked at only where they matter, and no further than the first that is wanted', () => {
    verdicts({ types: ['46'] });
    expect(looked).toEqual([]);
    verdicts({ securityIds: [1] });
    expect(looked).toEqual([1, 3, 2, 9]);
  });

  test('says what it needs', () => {
    const of = (spec: Partial<FilterSpec>) => new SbeFilter({ ...noFilter, ...spec }, landmarks);
    expect([of({}), of({ types: ['46'] }), of({ symbols: ['X'] })].map((f) => [f.readsMessages, f.learns])).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
  });
});
