import { beforeAll, describe, expect, test } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import { createRing, RingWriter } from '../../src/core/ring.js';
import { PacingProof } from '../../src/replay/pacing-proof.js';

beforeAll(initHistograms);

const nothing = new DataView(new ArrayBuffer(0));

/** Sends one datagram for each row: when it is due, when it goes, and when it arrives (null: it never does). */
function prove(rows: readonly (readonly [dueNs: number, startNs: number, stampNs: number | null])[]) {
  const memory = createRing(1 << 16);
  const writer = new RingWriter(memory, { full: 'drop' });
  const pairs: number[][] = [];
  const proof = new PacingProof(memory, (...pair) => pairs.push(pair));
  for (const [index, [dueNs, startNs, stampNs]] of rows.entries()) {
    writer.write(nothing, 0, 0, index, dueNs, startNs);
    if (stampNs !== null) proof.arrivals.add(index, stampNs);
  }
  proof.arrivals.match(true);
  return { proof, pairs };
}

describe('PacingProof', () => {
  test('lateness, gaps and durations at both ends', () => {
    const { proof, pairs } = prove([
      [1000, 1010, 1100],
      [2000, 2005, null],
      [2000, 2005, 2200],
      [5000, 5040, 5300],
    ]);
    expect(pairs).toEqual([
      [1000, 1010, 1100],
      [2000, 2005, 2200],
      [5000, 5040, 5300],
    ]);
    expect(proof.durations()).toEqual({
      scheduledNs: 4000,
      sentNs: 4030,
      receivedNs: 4200,
      sentErrorNs: 30,
      receivedErrorNs: 200,
      lastSentLateNs: 40,
      lastReceivedLateNs: 300,
    });
    const of = Object.fromEntries(
      Object.entries(proof.summaries()).map(([name, { count, min, p50, max }]) => [name, [count, min, p50, max]]),
    );
    expect(of).toEqual({
      sendLateness: [4, 5, 5, 40],
      receiveLateness: [3, 100, 200, 300],
      transit: [3, 90, 195, 260],
      sendGapError: [3, -5, 0, 35],
      receiveGapError: [2, 100, 100, 100],
      scheduledGap: [3, 0, 1000, 3000],
      sentGap: [3, 0, 995, 3035],
      receivedGap: [2, 1100, 1100, 3100],
    });
    expect(proof.gapQuantiles().filter(({ percent }) => percent === 1 || percent === 100)).toEqual([
      { percent: 1, scheduledNs: 0, sentNs: 0, receivedNs: 1100 },
      { percent: 100, scheduledNs: 3000, sentNs: 3035, receivedNs: 3100 },
    ]);
    proof.destroy();
  });

  test('one that was overtaken counts for lateness, and for no error of a gap', () => {
    const memory = createRing(1 << 16);
    const writer = new RingWriter(memory, { full: 'drop' });
    const proof = new PacingProof(memory);
    for (const index of [0, 1, 2]) writer.write(nothing, 0, 0, index, index * 1000, index * 1000);
    for (const [index, stampNs] of [
      [1, 1100],
      [0, 1150],
      [2, 2100],
    ] as const) {
      proof.arrivals.add(index, stampNs);
    }
    proof.arrivals.match(true);
    const { receiveLateness, receivedGap, receiveGapError } = proof.summaries();
    expect([receiveLateness.count, receiveLateness.max]).toEqual([3, 1150]);
    expect([receivedGap.count, receiveGapError.count]).toEqual([2, 1]);
    proof.destroy();
  });

  test('nothing sent, nothing received: no figure is NaN', () => {
    const { proof } = prove([]);
    expect(Object.values(proof.durations())).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(JSON.stringify([proof.summaries(), proof.gapQuantiles()])).not.toContain('null');
    proof.destroy();
  });
});
