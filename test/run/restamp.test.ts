import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { parseWhen } from '../../src/core/time.js';
import { noRestamp, Restamper, type RestampSpec, StampSpan } from '../../src/run/restamp.js';
import { midnightSeconds, openSeconds } from './support.js';

type Stamp = [seconds: number, nanoseconds: number, ownNs?: number];

function restamped(stamps: Stamp[], spec: Partial<RestampSpec>): string[] {
  const restamper = new Restamper({ ...noRestamp, ...spec });
  return stamps.map(([seconds, nanoseconds, ownNs = -1]) => {
    restamper.apply(seconds, nanoseconds, ownNs);
    return `${restamper.seconds}.${restamper.nanoseconds}`;
  });
}

const start = parseWhen('2026-01-05T14:30:00.5Z');

const vectors: Record<string, [Stamp[], Partial<RestampSpec>, string[]]> = {
  nothing: [
    [
      [5, 6],
      [-7, 999_999_999],
    ],
    {},
    ['5.6', '-7.999999999'],
  ],
  shiftForward: [[[5, 999_999_999]], { shiftNs: 2 }, ['6.1']],
  shiftBack: [
    [
      [5, 0],
      [0, 1],
    ],
    { shiftNs: -1_500_000_000 },
    ['3.500000000', '-2.500000001'],
  ],
  startKeepsDifferences: [
    [
      [100, 900_000_000],
      [102, 100_000_000],
      [99, 0],
    ],
    { start },
    [`${openSeconds}.500000000`, `${openSeconds + 1}.700000000`, `${openSeconds - 2}.600000000`],
  ],
  startFromFarAway: [
    [
      [0, 1],
      [2 ** 40, 2],
    ],
    { start },
    [`${openSeconds}.500000000`, `${openSeconds + 2 ** 40}.500000001`],
  ],
  startOnTheCapturesDay: [[[openSeconds + 7, 0]], { start: parseWhen('09:30:00.000000001') }, [`${openSeconds}.1`]],
  faster: [
    [
      [10, 0],
      [12, 500_000_000],
    ],
    { speed: 2 },
    ['10.0', '11.250000000'],
  ],
  slower: [
    [
      [10, 0],
      [12, 500_000_000],
    ],
    { speed: 0.5 },
    ['10.0', '15.0'],
  ],
  fasterFromAStart: [
    [
      [10, 0],
      [14, 0],
    ],
    { speed: 4, start },
    [`${openSeconds}.500000000`, `${openSeconds + 1}.500000000`],
  ],
  exchange: [
    [
      [openSeconds, 25_000, 34_200e9 - 1],
      [openSeconds + 1, 0, -1],
      [openSeconds, 0, 34_200e9 + 3],
    ],
    { exchange: true },
    [`${openSeconds - 1}.999999999`, `${openSeconds + 1}.0`, `${openSeconds}.3`],
  ],
  exchangeThenShift: [[[openSeconds, 9, 0]], { exchange: true, shiftNs: 5 }, [`${midnightSeconds}.5`]],
  exchangeWithoutADay: [[[2 ** 45, 9, 7]], { exchange: true }, [`${2 ** 45}.9`]],
};

test.each(Object.entries(vectors))('%s', (_, [stamps, spec, expected]) => {
  expect(restamped(stamps, spec)).toEqual(expected);
});

test('a shift there and back is nothing', () => {
  const ns = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });
  fc.assert(
    fc.property(fc.integer(), fc.nat(999_999_999), ns, (seconds, nanoseconds, shiftNs) => {
      const there = new Restamper({ ...noRestamp, shiftNs });
      const back = new Restamper({ ...noRestamp, shiftNs: -shiftNs });
      there.apply(seconds, nanoseconds, -1);
      const sum = BigInt(there.seconds) * 1_000_000_000n + BigInt(there.nanoseconds);
      expect(sum).toBe(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) + BigInt(shiftNs));
      back.apply(there.seconds, there.nanoseconds, -1);
      expect([back.seconds, back.nanoseconds]).toEqual([seconds, nanoseconds]);
    }),
  );
});

test('the span of what was stamped', () => {
  const span = new StampSpan(new Restamper(noRestamp));
  expect([span.first, span.last, span.seconds]).toEqual([null, null, 0]);
  for (const [seconds, nanoseconds] of [
    [5, 900_000_000],
    [7, 400_000_000],
  ])
    span.apply(seconds, nanoseconds, -1);
  expect([span.first, span.last, span.seconds]).toEqual(['5900000000', '7400000000', 1.5]);
});

describe('refused', () => {
  test.each<[Partial<RestampSpec>, RegExp]>([
    [{ speed: 0 }, /above 0/],
    [{ speed: Number.POSITIVE_INFINITY }, /above 0/],
    [{ start: parseWhen('+10s') }, /--shift/],
    [{ start, shiftNs: 5 }, /contradict/],
  ])('%j', (spec, text) => {
    expect(() => new Restamper({ ...noRestamp, ...spec })).toThrow(UsageError);
    expect(() => new Restamper({ ...noRestamp, ...spec })).toThrow(text);
  });

  test('a time of day where the capture has no day', () => {
    expect(() => restamped([[2 ** 45, 0]], { start: parseWhen('09:30:00') })).toThrow(/with its date/);
  });
});
