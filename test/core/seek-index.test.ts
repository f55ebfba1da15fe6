import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEarlier, maxPoints, PointProbe, SeekIndex, type SeekPoint, type Stamp } from '../../src/core/seek-index.js';
import { decodeSeekIndex, encodeSeekIndex, type IndexedFile } from '../../src/core/seek-index-bytes.js';

const file: IndexedFile = {
  format: 'pcapng',
  sizeBytes: 1e9,
  modifiedNs: 1_767_623_400_123_456_789n,
  samples: Uint8Array.from({ length: 32 }, (_, index) => index * 7),
  framedByType: false,
  midnightSeconds: 0,
};

/** Records of 100 bytes at these stamps, whole unless told. */
function learned(stamps: readonly Stamp[], spacing: number, isWhole = (_index: number) => true): SeekIndex {
  const index = new SeekIndex(spacing);
  index.noteBlock(0, 28, true);
  index.noteBlock(28, 20, false);
  for (const [at, { seconds, nanoseconds }] of stamps.entries()) {
    index.note(100 + at * 100, at + 1, seconds, nanoseconds, isWhole(at), at > 30);
  }
  index.finish();
  return index;
}

const stamp = fc.record({ seconds: fc.integer({ min: -5, max: 40 }), nanoseconds: fc.constantFrom(0, 1, 999_999_999) });
const stampsOf = fc.array(stamp, { minLength: 1, maxLength: 80 });

describe('the point before a target', () => {
  test('no record at or after the target lies before it, and it is the last such point', () =>
    fc.assert(
      fc.property(stampsOf, stamp, fc.integer({ min: 1, max: 900 }), (stamps, target, spacing) => {
        const index = learned(stamps, spacing);
        const point = index.pointBefore(target) as SeekPoint;
        const before = stamps.slice(0, point.records);
        expect(before.every((one) => isEarlier(one, target))).toBe(true);
        const next = index.after(point);
        if (next !== null) expect(stamps.slice(0, next.records).some((one) => !isEarlier(one, target))).toBe(true);
      }),
    ));

  test('says what a reader has to know there', () => {
    const stamps = [5, 9, 7, 8].map((seconds) => ({ seconds, nanoseconds: 1 }));
    expect(learned(stamps, 150).points).toMatchObject([
      { offset: 100, records: 0, seconds: 5, highest: { seconds: -Infinity }, previous: { seconds: 0 }, blockCount: 2 },
      { offset: 300, records: 2, seconds: 7, highest: { seconds: 9 }, previous: { seconds: 9 }, firstBlock: 0 },
    ]);
  });

  test('lies where nothing waits for more fragments', () => {
    const stamps = Array.from({ length: 10 }, (_, seconds) => ({ seconds, nanoseconds: 0 }));
    const index = learned(stamps, 1, (at) => at % 4 === 0);
    expect(index.points.map(({ records }) => records)).toEqual([0, 4, 8]);
  });

  test('of very many points every other one is let go', () => {
    const index = new SeekIndex(100);
    const records = maxPoints * 2 + 10;
    for (let at = 0; at < records; at++) index.note(at * 100, at + 1, at, 0, true, false);
    expect(index.points.length).toBeLessThanOrEqual(maxPoints);
    expect(index.points.length).toBeGreaterThan(maxPoints / 3);
    expect(index.pointBefore({ seconds: records, nanoseconds: 0 })?.records).toBeGreaterThan(records - 5);
    expect(index.pointBefore({ seconds: 7, nanoseconds: 0 })?.records).toBeLessThanOrEqual(7);
  });

  test('what is read again behind a seek teaches nothing', () => {
    const index = new SeekIndex(1);
    for (const at of [1, 2, 3, 2, 3, 4]) index.note(at * 10, at, at, 0, true, false);
    expect(index.points.map(({ records }) => records)).toEqual([0, 1, 2, 3]);
  });
});

describe('as bytes', () => {
  test('comes back as it was, stamps of a BinaryFILE on whatever day', () =>
    fc.assert(
      fc.property(stampsOf, fc.integer({ min: 1, max: 900 }), (stamps, spacing) => {
        const index = learned(stamps, spacing);
        expect(decodeSeekIndex(encodeSeekIndex(index, file), file)).toMatchObject({
          points: index.points,
          blocks: index.blocks,
          isComplete: true,
        });
        const dated = { ...file, format: 'BinaryFILE' as const, midnightSeconds: 1000 };
        const other = decodeSeekIndex(encodeSeekIndex(index, dated), { ...dated, midnightSeconds: 5000 }) as SeekIndex;
        expect(other.points.map(({ seconds }) => seconds)).toEqual(index.points.map(({ seconds }) => seconds + 4000));
      }),
    ));

  test('is no index of another file', () => {
    const bytes = encodeSeekIndex(learned([{ seconds: 1, nanoseconds: 2 }], 1), file);
    const others: Partial<IndexedFile>[] = [
      { format: 'pcap' },
      { sizeBytes: 5 },
      { modifiedNs: 1n },
      { samples: new Uint8Array(32) },
      { framedByType: true },
    ];
    for (const other of others) expect(decodeSeekIndex(bytes, { ...file, ...other })).toBe('the capture has changed');
  });

  test('no bytes make it throw, or give points outside the file', () =>
    fc.assert(
      fc.property(stampsOf, fc.nat(), fc.nat(255), fc.nat(), (stamps, at, value, length) => {
        const whole = encodeSeekIndex(learned(stamps, 100), file);
        const bytes = whole.slice(0, length % 2 === 0 ? whole.length : length % whole.length);
        if (bytes.length > 0) bytes[at % bytes.length] = value;
        const index = decodeSeekIndex(bytes, file);
        if (typeof index === 'string') return;
        for (const { offset, firstBlock, blockCount } of index.points) {
          expect(offset).toBeLessThan(file.sizeBytes);
          expect(firstBlock + blockCount).toBeLessThanOrEqual(index.blocks.length);
        }
      }),
    ));
});

describe('a probe', () => {
  const index = learned(
    Array.from({ length: 9 }, (_, seconds) => ({ seconds, nanoseconds: 3 })),
    200,
  );
  const [point, next] = [index.points[1] as SeekPoint, index.points[2] as SeekPoint];

  test.each([
    ['the very records', 0, 0, 0, 'right'],
    ['another stamp', 0, 0, 1, 'wrong'],
    ['another place', 3, 0, 0, 'wrong'],
    ['another number of records between', 0, 1, 0, 'wrong'],
  ] as const)('%s', (_name, offset, count, stamped, verdict) => {
    const probe = new PointProbe(point, next);
    for (let at = 2; at < 9 && probe.verdict === null; at++) {
      probe.note(100 + at * 100 + offset, at + 1 + (at > 2 ? count : 0), at + stamped, 3);
    }
    expect(probe.verdict).toBe(verdict);
  });

  test('an end before the next point', () => {
    const probe = new PointProbe(point, next);
    probe.note(point.offset, point.records + 1, point.seconds, point.nanoseconds);
    probe.finish();
    expect(probe.verdict).toBe('wrong');
  });
});
