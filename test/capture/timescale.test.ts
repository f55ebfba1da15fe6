import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Timescale } from '../../src/capture/timescale.js';

const BILLION = 1_000_000_000n;

/** Seconds and nanoseconds in exact arithmetic. */
function oracle(stamp: bigint, resolution: number): [bigint, number] {
  const units = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f);
  const seconds = stamp / units;
  return [seconds, Number(((stamp - seconds * units) * BILLION) / units)];
}

function split(scale: Timescale, stamp: bigint): [number, number] {
  scale.split(Number(stamp >> 32n), Number(stamp & 0xffffffffn));
  return [scale.seconds, scale.nanoseconds];
}

const stamps = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  // Around whole seconds of the usual units, where a quotient off by one would show.
  fc
    .tuple(fc.bigInt({ min: 0n, max: 20_000_000_000n }), fc.constantFrom(6n, 9n, 12n), fc.integer({ min: -2, max: 2 }))
    .map(([seconds, digits, delta]) => (seconds * 10n ** digits + BigInt(delta)) & (2n ** 64n - 1n)),
);

test('splits any stamp of any resolution exactly', () => {
  const resolutions = fc.oneof(fc.constantFrom(6, 9, 3, 0, 12), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(stamps, resolutions, (stamp, resolution) => {
      const scale = new Timescale(resolution);
      const [seconds, nanoseconds] = split(scale, stamp);
      const [expectedSeconds, expectedNs] = oracle(stamp, resolution);
      if (expectedSeconds > BigInt(Number.MAX_SAFE_INTEGER)) {
        expect(scale.outOfRange).toBe(true);
        expect(seconds).toBe(Number.MAX_SAFE_INTEGER);
      } else {
        expect(scale.outOfRange).toBe(false);
        expect([BigInt(seconds), nanoseconds]).toEqual([expectedSeconds, expectedNs]);
      }
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  [6, 1_692_711_000_000_086n, 1_692_711_000, 86_000],
  [9, 1_692_711_000_000_086_608n, 1_692_711_000, 86_608],
  [9, 2n ** 64n - 1n, 18_446_744_073, 709_551_615],
  [3, 1_692_711_000_001n, 1_692_711_000, 1_000_000],
  [0, 1_692_711_000n, 1_692_711_000, 0],
  [12, 1_692_711_000_000_086_999n, 1_692_711, 86],
  [0x80 + 10, 1025n, 1, 976_562],
  [0x80 + 32, 0x64e4c158_80000000n, 0x64e4c158, 500_000_000],
  [0xff, 2n ** 64n - 1n, 0, 0],
  [127, 2n ** 64n - 1n, 0, 0],
])('resolution %i: %i is %i s and %i ns', (resolution, stamp, seconds, nanoseconds) => {
  expect(split(new Timescale(resolution), stamp)).toEqual([seconds, nanoseconds]);
});

test('if_tsoffset moves the seconds, also before 1970', () => {
  expect(split(new Timescale(6, -10), 3_000_001n)).toEqual([-7, 1000]);
  expect(split(new Timescale(9, 1_700_000_000), 5n)).toEqual([1_700_000_000, 5]);
});

test('an offset beyond what a number tells exactly stands at the limit', () => {
  const scale = new Timescale(6, -(2 ** 60));
  expect(split(scale, 0n)).toEqual([-Number.MAX_SAFE_INTEGER, 0]);
  expect(scale.outOfRange).toBe(true);
});
