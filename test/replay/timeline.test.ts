import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { farthestSeconds, Timeline } from '../../src/replay/timeline.js';

type Stamp = readonly [seconds: number, nanoseconds: number];

function places(timeline: Timeline, stamps: readonly Stamp[]): number[] {
  return stamps.map(([seconds, nanoseconds]) => timeline.place(seconds, nanoseconds));
}

const ns = ([seconds, nanoseconds]: Stamp) => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);

describe('Timeline', () => {
  test('counts from the first datagram, exactly, also backwards', () => {
    const timeline = new Timeline();
    const stamps: Stamp[] = [
      [1_692_711_000, 999_999_999],
      [1_692_711_001, 0],
      [1_692_711_001, 0],
      [1_692_711_000, 999_999_998],
      [1_692_797_400, 999_999_999],
    ];
    expect(places(timeline, stamps)).toEqual([0, 1, 1, -1, 86_400_000_000_000]);
    expect([timeline.farStamps, timeline.squeezedGaps]).toEqual([0, 0]);
  });

  test('is exact for any stamps within 104 days of the first', () => {
    const nanoseconds = fc.integer({ min: 0, max: 999_999_999 });
    const base = fc.tuple(fc.integer({ min: -2_000_000_000, max: 4_000_000_000 }), nanoseconds);
    const further = fc.array(fc.tuple(fc.integer({ min: -farthestSeconds, max: farthestSeconds }), nanoseconds));
    fc.assert(
      fc.property(base, further, (first, others) => {
        const stamps: Stamp[] = [first, ...others.map(([after, rest]) => [first[0] + after, rest] as const)];
        const timeline = new Timeline();
        expect(places(timeline, stamps).map(BigInt)).toEqual(stamps.map((stamp) => ns(stamp) - ns(first)));
        expect(timeline.farStamps).toBe(0);
      }),
    );
  });

  test('a stamp more than 104 days off stays with the datagram before, and is counted', () => {
    const timeline = new Timeline();
    const now = 1_692_711_000;
    const stamps: Stamp[] = [
      [now, 0],
      [now + 5, 0],
      [0, 123],
      [now + farthestSeconds + 1, 0],
      [now + 6, 0],
      [now + farthestSeconds, 0],
    ];
    expect(places(timeline, stamps)).toEqual([0, 5e9, 5e9, 5e9, 6e9, farthestSeconds * 1e9]);
    expect(timeline.farStamps).toBe(2);
  });

  test('a 1970 clock throughout is as good as any', () => {
    const timeline = new Timeline();
    expect(
      places(timeline, [
        [0, 5],
        [0, 6],
        [1, 0],
      ]),
    ).toEqual([0, 1, 999_999_995]);
    expect(timeline.farStamps).toBe(0);
  });

  test('max-gap squeezes idle gaps and nothing else', () => {
    const timeline = new Timeline({ maxGapNs: 1e9 });
    const stamps: Stamp[] = [
      [100, 0],
      [100, 500],
      [101, 500],
      [101, 501],
      [3701, 501],
      [3701, 502],
      [3703, 0],
    ];
    expect(places(timeline, stamps)).toEqual([0, 500, 1e9 + 500, 1e9 + 501, 2e9 + 501, 2e9 + 502, 3e9 + 502]);
    expect([timeline.squeezedGaps, timeline.squeezedNs]).toEqual([2, 3599e9 + 999_999_498 - 1e9 + 1e9]);
  });

  test('max-gap: one wrong stamp, ahead or back, leaves the rest where it was, but for its own gap', () => {
    for (const wrong of [86_400, -86_400]) {
      const timeline = new Timeline({ maxGapNs: 1e9 });
      const stamps: Stamp[] = [
        [1000, 0],
        [1000, 10],
        [1000 + wrong, 20],
        [1000, 20],
        [1000, 30],
      ];
      expect(places(timeline, stamps)).toEqual([0, 10, 10 + Math.sign(wrong) * 1e9, 10, 20]);
    }
  });

  test('max-gap 0: everything at once', () => {
    const timeline = new Timeline({ maxGapNs: 0 });
    expect(
      places(timeline, [
        [5, 0],
        [6, 0],
        [5, 9],
        [7, 0],
      ]),
    ).toEqual([0, 0, 0, 0]);
  });

  test('a gap of exactly max-gap is kept', () => {
    const timeline = new Timeline({ maxGapNs: 1e9 });
    expect(
      places(timeline, [
        [5, 0],
        [6, 0],
        [5, 0],
      ]),
    ).toEqual([0, 1e9, 0]);
    expect(timeline.squeezedGaps).toBe(0);
  });

  test('a loop begins where the one before ended, gap 0, whatever its stamps', () => {
    const timeline = new Timeline();
    const loop: Stamp[] = [
      [100, 7],
      [101, 7],
      [100, 500_000_007],
    ];
    expect(places(timeline, loop)).toEqual([0, 1e9, 5e8]);
    timeline.startLoop();
    expect(places(timeline, loop)).toEqual([1e9, 2e9, 1.5e9]);
    timeline.startLoop();
    timeline.startLoop();
    expect(
      places(timeline, [
        [5, 0],
        [6, 0],
      ]),
    ).toEqual([2e9, 3e9]);
  });

  test('a loop starts a new base: far stamps are judged against it', () => {
    const timeline = new Timeline();
    expect(
      places(timeline, [
        [0, 0],
        [1_692_711_000, 0],
      ]),
    ).toEqual([0, 0]);
    timeline.startLoop();
    expect(
      places(timeline, [
        [1_692_711_000, 0],
        [1_692_711_001, 0],
        [0, 0],
      ]),
    ).toEqual([0, 1e9, 1e9]);
    expect(timeline.farStamps).toBe(2);
  });

  test('max-gap and loops together: 100 loops of a squeezed day', () => {
    const timeline = new Timeline({ maxGapNs: 1000 });
    for (let loop = 0; loop < 100; loop++) {
      if (loop > 0) timeline.startLoop();
      expect(
        places(timeline, [
          [0, 0],
          [43_200, 0],
          [86_399, 999_999_999],
          [86_400, 0],
        ]),
      ).toEqual([loop * 2001, loop * 2001 + 1000, loop * 2001 + 2000, loop * 2001 + 2001]);
    }
    expect([timeline.squeezedGaps, timeline.squeezedNs]).toEqual([200, 100 * (86_399_999_999_999 - 2000)]);
  });
});
