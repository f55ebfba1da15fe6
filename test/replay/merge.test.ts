import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordReader } from '../../src/core/seams.js';
import { MergedReader } from '../../src/replay/merge.js';

/** A reader of stamps alone, which starves where the list says so. */
class Stamps implements RecordReader {
  view = new DataView(new ArrayBuffer(1));
  offset = 0;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  private at = 0;
  private isFed = false;

  constructor(private readonly items: readonly (number | 'starve')[]) {}

  push(): void {
    this.isFed = true;
  }

  end(): void {
    this.isFed = true;
  }

  next(): boolean {
    const item = this.items[this.at];
    if (item === 'starve') {
      if (!this.isFed) return false;
      this.isFed = false;
      this.at++;
      return this.next();
    }
    if (item === undefined) {
      this.done = true;
      return false;
    }
    this.at++;
    this.packetNumber++;
    this.seconds = Math.floor(item / 10);
    this.nanoseconds = item % 10;
    return true;
  }
}

const chunk = new Uint8Array(1);

/** All records as `reader:stamp`, feeding whoever waits. */
function readAll(merged: MergedReader, wake: (index: number) => RecordReader | null = () => null): string[] {
  const seen: string[] = [];
  for (let turns = 0; turns < 10_000; turns++) {
    while (merged.next()) seen.push(`${merged.current}:${merged.seconds * 10 + merged.nanoseconds}`);
    if (merged.done) return seen;
    const reader = merged.isAsleep(merged.waiting) ? wake(merged.waiting) : null;
    if (reader !== null) merged.wake(merged.waiting, reader);
    else merged.push(chunk);
  }
  throw new Error('it never ends');
}

describe('MergedReader', () => {
  test.each<[string, (number | 'starve')[][], string[]]>([
    ['no reader', [], []],
    ['an empty one', [[]], []],
    ['one', [[1, 2, 2]], ['0:1', '0:2', '0:2']],
    [
      'two by turns',
      [
        [1, 4],
        [2, 3],
      ],
      ['0:1', '1:2', '1:3', '0:4'],
    ],
    [
      'equal stamps: the one given first, all of them',
      [
        [5, 5],
        [5, 5],
      ],
      ['0:5', '0:5', '1:5', '1:5'],
    ],
    [
      'a stamp that goes back stays in its place',
      [
        [5, 1, 6],
        [2, 5],
      ],
      ['1:2', '0:5', '0:1', '1:5', '0:6'],
    ],
    ['one that ends early', [[1], [2, 3], []], ['0:1', '1:2', '1:3']],
    [
      'starving at the start, between and at the end',
      [
        ['starve', 1, 'starve', 3],
        [2, 'starve'],
      ],
      ['0:1', '1:2', '0:3'],
    ],
    [
      'all starving',
      [
        ['starve', 2],
        ['starve', 1],
      ],
      ['1:1', '0:2'],
    ],
  ])('%s', (_name, lists, expected) => {
    expect(readAll(new MergedReader(lists.map((items) => ({ reader: new Stamps(items) }))))).toEqual(expected);
  });

  test('a sleeping reader is asked for when its time has come, and not before', () => {
    const woken: string[] = [];
    const merged = new MergedReader([
      { reader: new Stamps([1, 30]) },
      { reader: null, seconds: 2, nanoseconds: 0 },
      { reader: null, seconds: 1, nanoseconds: 0 },
    ]);
    const seen = readAll(merged, (index) => {
      woken.push(`${index} after ${merged.seconds * 10 + merged.nanoseconds}`);
      return new Stamps(index === 1 ? [20, 21] : [10, 25]);
    });
    expect(seen).toEqual(['0:1', '2:10', '1:20', '1:21', '2:25', '0:30']);
    expect(woken).toEqual(['2 after 1', '1 after 10']);
    expect([0, 1, 2].map((index) => merged.isOver(index))).toEqual([true, true, true]);
  });

  test('bytes and the end go to the reader that waits', () => {
    const first = new Stamps([1]);
    const second = new Stamps(['starve', 2, 'starve']);
    const merged = new MergedReader([{ reader: first }, { reader: second }]);
    expect(merged.next()).toBe(false);
    expect([merged.waiting, merged.done]).toEqual([1, false]);
    merged.push(chunk);
    expect([merged.next(), merged.next(), merged.next()]).toEqual([true, true, false]);
    merged.end();
    expect([merged.next(), merged.done]).toEqual([false, true]);
  });

  test('any sorted lists come out as one stable sort', () => {
    const list = fc.array(fc.oneof({ weight: 4, arbitrary: fc.nat(60) }, fc.constant('starve' as const)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(list, { maxLength: 6 }), (lists) => {
        const sorted = lists.map((items) => {
          const stamps = items.filter((item) => item !== 'starve').sort((a, b) => a - b);
          return items.map((item) => (item === 'starve' ? item : (stamps.shift() as number)));
        });
        const expected = sorted
          .flatMap((items, index) => items.flatMap((item) => (item === 'starve' ? [] : [{ index, item }])))
          .sort((a, b) => a.item - b.item || a.index - b.index)
          .map(({ index, item }) => `${index}:${item}`);
        const merged = new MergedReader(sorted.map((items) => ({ reader: new Stamps(items) })));
        expect(readAll(merged)).toEqual(expected);
      }),
    );
  });
});
