import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRing, RingWriter } from '../../src/core/ring.js';
import { Arrivals } from '../../src/replay/arrivals.js';

const nothing = new DataView(new ArrayBuffer(0));
const gapNs = 10_000;

/** A log and what is told of it: pairs as [number of the entry, stamp, whether in order]. */
class Rig {
  readonly pairs: [entry: number, stampNs: number, isInOrder: boolean][] = [];
  readonly arrivals: Arrivals;
  private readonly writer: RingWriter;
  private count = 0;

  constructor(capacityBytes = 1 << 20) {
    const memory = createRing(capacityBytes);
    this.writer = new RingWriter(memory, { full: 'drop' });
    this.arrivals = new Arrivals(memory, {
      onArrival: (dueNs, _startNs, stampNs, isInOrder) => this.pairs.push([dueNs / gapNs, stampNs, isInOrder]),
    });
  }

  /** Sends datagrams with these fingerprints, one every 10 us. */
  send(...prints: number[]): this {
    for (const print of prints) {
      const dueNs = this.count++ * gapNs;
      this.writer.write(nothing, 0, 0, print, dueNs, dueNs + 1);
    }
    return this;
  }

  arrive(...arrived: [print: number, stampNs: number][]): this {
    for (const [print, stampNs] of arrived) this.arrivals.add(print, stampNs);
    return this;
  }

  match(isFinal = false): this {
    this.arrivals.match(isFinal);
    return this;
  }

  get counts(): [sent: number, received: number, lost: number, overtaken: number, strange: number] {
    const { sent, received, lost, overtaken, strange } = this.arrivals;
    return [sent, received, lost, overtaken, strange];
  }
}

describe('Arrivals', () => {
  test('all arrive in order', () => {
    const rig = new Rig().send(7, 8, 9).arrive([7, 5], [8, 15_000], [9, 25_000]).match();
    expect(rig.pairs).toEqual([
      [0, 5, true],
      [1, 15_000, true],
      [2, 25_000, true],
    ]);
    expect(rig.counts).toEqual([3, 3, 0, 0, 0]);
  });

  test('one that arrives before the log tells of it waits', () => {
    const rig = new Rig().arrive([7, 5]).match();
    expect(rig.counts).toEqual([0, 0, 0, 0, 0]);
    rig.send(7).match();
    expect(rig.counts).toEqual([1, 1, 0, 0, 0]);
  });

  test('losses at the beginning, in the middle and at the end', () => {
    const rig = new Rig().send(1, 2, 3, 4, 5, 6).arrive([2, 1], [5, 2]).match(true);
    expect(rig.pairs.map(([entry]) => entry)).toEqual([1, 4]);
    expect(rig.counts).toEqual([6, 2, 4, 0, 0]);
  });

  test('one that is overtaken is not lost', () => {
    const rig = new Rig().send(1, 2, 3).arrive([2, 15_000], [1, 16_000], [3, 25_000]).match();
    expect(rig.pairs).toEqual([
      [1, 15_000, true],
      [0, 16_000, false],
      [2, 25_000, true],
    ]);
    expect(rig.counts).toEqual([3, 3, 0, 1, 0]);
  });

  test('in loops of the same bytes a loss stays one loss', () => {
    const loop = [1, 2, 3, 4];
    const rig = new Rig().send(...loop, ...loop, ...loop);
    const stamped = [...loop, 1, 3, 4, ...loop].map((print, index): [number, number] => [print, index]);
    rig.arrive(...stamped).match(true);
    expect(rig.pairs.map(([entry]) => entry)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
    expect(rig.counts).toEqual([12, 11, 1, 0, 0]);
  });

  test('what was missing long ago is not what arrives now', () => {
    const rig = new Rig().send(1, 2).arrive([2, 20_000]).match();
    rig.send(3, 1).arrive([1, 200e6]).match(true);
    expect(rig.pairs.map(([entry]) => entry)).toEqual([1, 3]);
    expect(rig.counts).toEqual([4, 2, 2, 0, 0]);
  });

  test('what nobody sent is strange: at the end, or once the log has gone on for a second', () => {
    const rig = new Rig(1 << 23).send(1).arrive([99, 0], [1, 5]).match();
    expect(rig.counts).toEqual([1, 0, 1, 0, 0]);
    rig.send(...new Array<number>(100_001).fill(2)).match();
    expect(rig.counts).toEqual([100_002, 1, 100_001, 0, 1]);
    expect(new Rig().send(1).arrive([99, 0], [1, 5]).match(true).counts).toEqual([1, 1, 0, 0, 1]);
  });

  test('a receiver that gets nothing reads the whole log all the same', () => {
    const rig = new Rig(1 << 15);
    for (let round = 0; round < 600; round++) rig.send(...new Array<number>(1000).fill(round)).match();
    expect(rig.counts).toEqual([600_000, 0, 600_000, 0, 0]);
    rig.send(-1).arrive([-1, 6e9]).match();
    expect(rig.counts).toEqual([600_001, 1, 600_000, 0, 0]);
  });

  test('a log that ran over says how much it did not take', () => {
    const rig = new Rig(1024).send(...new Array<number>(40).fill(1)).match(true);
    expect([rig.arrivals.sent, rig.arrivals.unlogged]).toEqual([32, 8]);
  });

  test('whatever is lost, and whenever it is matched: pairs are those that arrived', () => {
    const runs = fc.array(fc.record({ isLost: fc.boolean(), matches: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(runs, (run) => {
        const rig = new Rig();
        for (const [entry, { isLost, matches }] of run.entries()) {
          rig.send(entry * 7 + 1);
          if (!isLost) rig.arrive([entry * 7 + 1, entry * gapNs + 5]);
          if (matches) rig.match();
        }
        rig.match(true);
        expect(rig.pairs.map(([entry]) => entry)).toEqual(run.flatMap(({ isLost }, entry) => (isLost ? [] : [entry])));
        expect(rig.arrivals.lost).toBe(run.filter(({ isLost }) => isLost).length);
      }),
    );
  });
});
