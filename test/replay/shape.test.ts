import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRate, type Rate } from '../../src/replay/rate.js';
import { createSchedule } from '../../src/replay/schedule.js';
import { ShapePieces } from '../../src/replay/shape.js';
import { parseShape } from '../../src/replay/shape-parser.js';
import { Timeline } from '../../src/replay/timeline.js';
import { hourNs, rateOf, unitsOf } from './schedule-oracle.js';
import { exactAtOne, ShapeIntegral } from './shape-oracle.js';

const original = parseRate({});

function shaped(text: string, speed?: string) {
  return parseShape(text, speed === undefined ? original : rateOf(speed), speed !== undefined);
}

/** Lines as `start–end from→to`, in seconds and multiples. */
function linesOf(text: string, speed?: string): string[] {
  const level = ({ numerator, denominator }: { numerator: number; denominator: number }) => numerator / denominator;
  const { lines, bursts, periodNs } = shaped(text, speed).shape;
  return [
    ...lines.map(({ startNs, endNs, from, to, text }) => {
      return `${startNs / 1e9}-${endNs / 1e9} ${level(from)}..${level(to)} ${text}`;
    }),
    ...bursts.map(({ startNs, lengthNs, everyNs, untilNs, level: each }) => {
      return `burst ${level(each)} at ${startNs / 1e9} for ${lengthNs / 1e9} every ${everyNs / 1e9} until ${untilNs / 1e9}`;
    }),
    ...(Number.isFinite(periodNs) ? [`repeat ${periodNs / 1e9}`] : []),
  ];
}

describe('parseShape', () => {
  test.each<[string, string | undefined, string[]]>([
    ['ramp 1x..4x over 30s', undefined, ['0-30 1..4 ramp 1x..4x over 30s', '30-Infinity 4..4 hold 4x']],
    [
      'ramp 1x..4x over 30s; burst 10x for 100ms every 5s',
      '2x',
      ['0-30 1..4 ramp 1x..4x over 30s', '30-Infinity 4..4 hold 4x', 'burst 10 at 5 for 0.1 every 5 until Infinity'],
    ],
    [
      'step 2x at 10s for 20s',
      undefined,
      ['0-10 1..1 hold 1x', '10-30 2..2 step 2x at 10s for 20s', '30-Infinity 1..1 hold 1x'],
    ],
    [
      'hold 0.5x for 1s ;step 3x at 2s; ramp 3x .. 1/2x over 500ms at 4s;',
      undefined,
      [
        '0-1 0.5..0.5 hold 0.5x for 1s',
        '1-2 0.5..0.5 hold 0.5x',
        '2-4 3..3 step 3x at 2s',
        '4-4.5 3..0.5 ramp 3x .. 1/2x over 500ms at 4s',
        '4.5-Infinity 0.5..0.5 hold 1/2x',
      ],
    ],
    ['hold 3x', undefined, ['0-Infinity 3..3 hold 3x']],
    [
      'burst 0x for 1s at 5s',
      undefined,
      ['0-Infinity 1..1 hold 1x', 'burst 0 at 5 for 1 every Infinity until Infinity'],
    ],
    [
      'burst 5x for 1ms every 1s at 2s until 10s',
      undefined,
      ['0-Infinity 1..1 hold 1x', 'burst 5 at 2 for 0.001 every 1 until 10'],
    ],
    [
      'ramp 0x..2x over 1m; ramp 2x..0x over 1m; repeat',
      '10kpps',
      ['0-60 0..2 ramp 0x..2x over 1m', '60-120 2..0 ramp 2x..0x over 1m', 'repeat 120'],
    ],
    [
      'ramp 10kpps..200kpps over 30s; hold 2x',
      '100kpps',
      ['0-30 0.1..2 ramp 10kpps..200kpps over 30s', '30-Infinity 2..2 hold 2x'],
    ],
    [
      'ramp 10kpps..200kpps over 30s; hold 0pps for 1s; step 50kpps',
      undefined,
      ['0-30 1..20 ramp 10kpps..200kpps over 30s', '30-31 0..0 hold 0pps for 1s', '31-Infinity 5..5 step 50kpps'],
    ],
  ])('%s at %s', (text, speed, lines) => {
    expect(linesOf(text, speed)).toEqual(lines);
  });

  test('absolute rates alone set the rate', () => {
    expect(shaped('ramp 1Gbps..2Gbps over 1s').rate).toEqual(rateOf('1Gbps'));
    expect(shaped('ramp 1x..2x over 1s').rate).toEqual(original);
  });

  test.each<[string, string | undefined, RegExp]>([
    ['', undefined, /"": a part between semicolons is empty; write ramp 1x\.\.4x over 30s/],
    ['ramp 1x..4x over 30s;; hold 1x', undefined, /a part between semicolons is empty/],
    [
      'brst 10x for 1s',
      undefined,
      /"brst 10x for 1s": there is no "brst"; there are ramp, hold, step, burst and repeat/,
    ],
    ['ramp', undefined, /"ramp": the rate is missing; write ramp 1x\.\.4x over 30s/],
    ['ramp 1x over 3s', undefined, /"1x" is not from where to where/],
    ['hold 1x..2x', undefined, /"1x\.\.2x" is a range, which only a ramp has; write hold 2x for 20s/],
    ['ramp 1..4x over 3s', undefined, /--shape "ramp 1\.\.4x over 3s": 1 of what\? Write 1x, 1pps, 1msg\/s or 1bps/],
    ['ramp 1x..4y over 3s', undefined, /"y" is not a unit/],
    ['ramp 1x..max over 3s', undefined, /"max" is no rate to be shaped/],
    ['ramp 1x..4x', undefined, /"over" and a length of time are missing/],
    ['ramp 1x..4x over', undefined, /"over" needs a time behind it/],
    ['ramp 1x..4x over 30', undefined, /behind "over": duration "30": the unit is missing, write 30s/],
    ['ramp 1x..4x over 100ns', undefined, /less than a microsecond/],
    ['ramp 1x..4x in 30s', undefined, /"in" is not understood here; behind the rate ramp takes over, at, as in ramp/],
    ['ramp 1x..4x over 1s over 2s', undefined, /"over" is there twice/],
    ['hold 1x; hold 2x', undefined, /"hold 1x": its end is missing: add "for 20s", or "at 20s" to "hold 2x"/],
    ['hold 1x; repeat', undefined, /"hold 1x": its end is missing: add "for 20s"$/],
    ['repeat; hold 1x', undefined, /repeat stands alone, at the end/],
    ['repeat', undefined, /there is nothing to repeat; write/],
    ['burst 2x for 1s every 5s; repeat', undefined, /nothing to repeat but bursts/],
    ['hold 1x for 30s; step 2x at 10s', undefined, /"step 2x at 10s": at 10.0 s the part before it goes on, to 30.0 s/],
    ['burst 10x for 1s', undefined, /when is missing: add "every 5s", or "at 5s" for a single burst/],
    ['burst 10x for 5s every 5s', undefined, /bursts of 5.00 s every 5.00 s never end; write hold/],
    ['burst 10x for 1s at 5s until 6s', undefined, /"until" ends what comes "every" so often/],
    ['burst 10x for 1s every 5s until 5s', undefined, /"until" is before the first burst/],
    ['ramp 4x..0x over 10s', undefined, /at its end the rate is 0 for good; add a part such as hold 1x/],
    ['hold 0x for 1s; repeat', undefined, /nothing but a rate of 0 is repeated/],
    ['hold 2x', 'max', /--speed max has none; give another/],
    ['hold 2kpps', '10x', /2kpps is not in the unit of the rate, 10x \(the capture's own timing\)/],
    ['hold 2Mbps', '10kpps', /2Mbps is not in the unit of the rate, 10kpps \(packets\); write multiples of it/],
    ['ramp 1x..20kpps over 1s', undefined, /1x of what\? Give it with --speed, as in --speed 20kpps/],
    ['burst 20kpps for 1s every 5s', undefined, /the rate between bursts is not said/],
    ['ramp 1x..2x over 100d; ramp 2x..1x over 5d; hold 1x', undefined, /longer than 104 days/],
  ])('refuses %s', (text, speed, message) => {
    expect(() => shaped(text, speed)).toThrow(message);
  });
});

describe('pieces', () => {
  test('bursts lie above the base, the last one written on top', () => {
    const pieces = new ShapePieces(
      shaped('hold 1x for 3s; hold 2x for 3s; burst 5x for 2s every 4s at 2s; burst 9x for 500ms at 3s').shape,
    );
    const seen: [number, number, string][] = [];
    for (let at = 0; at < 12e9; at = pieces.toNs) {
      pieces.moveTo(at);
      seen.push([at / 1e9, pieces.offsetNs / 1e9, pieces.text]);
    }
    expect(seen).toEqual([
      [0, 0, 'hold 1x for 3s'],
      [2, 0, 'burst 5x for 2s every 4s at 2s'],
      [3, 0, 'burst 9x for 500ms at 3s'],
      [3.5, 1.5, 'burst 5x for 2s every 4s at 2s'],
      [4, 1, 'hold 2x for 3s'],
      [6, 0, 'burst 5x for 2s every 4s at 2s'],
      [8, 2, 'hold 2x'],
      [10, 0, 'burst 5x for 2s every 4s at 2s'],
    ]);
  });
});

const times = fc.integer({ min: 1, max: 5_000_000 }).map((us) => `${us}us`);
const level = fc.constantFrom('0x', '0.01x', '1/3x', '0.9999999x', '1x', '2.5x', '7x', '100x');
const baseParts = fc.oneof(
  fc.tuple(level, level, times).map(([from, to, over]) => `ramp ${from}..${to} over ${over}`),
  fc.tuple(level, times).map(([each, length]) => `hold ${each} for ${length}`),
  fc.tuple(level, times).map(([each, length]) => `step ${each} for ${length}`),
);
const burstParts = fc
  .tuple(level, fc.integer({ min: 1, max: 400_000 }), fc.integer({ min: 400_001, max: 3_000_000 }), fc.boolean())
  .map(([each, us, every, once]) => `burst ${each} for ${us}us ${once ? 'at' : 'every'} ${every}us`);
const shapeTexts = fc
  .tuple(
    fc.array(baseParts, { minLength: 1, maxLength: 5 }),
    fc.array(burstParts, { maxLength: 2 }),
    fc.constantFrom('hold 1x', 'hold 1/7x', 'hold 1x for 1s; repeat'),
  )
  .map(([base, bursts, last]) => [...bursts, ...base, last].join('; '));

describe('deadlines under a shape', () => {
  test.each<[string, string | undefined, [number, number][]]>([
    // 1x to 3x in 2 s: after t the integral is t + t²/2.
    [
      'ramp 1x..3x over 2s',
      '1x',
      [
        [0, 0],
        [1.5e9, 1e9],
        [4e9, 2e9],
        [7e9, 3e9],
      ],
    ],
    [
      'ramp 3x..1x over 2s',
      '1x',
      [
        [0, 0],
        [2.5e9, 1e9],
        [4e9, 2e9],
        [5e9, 3e9],
      ],
    ],
    [
      'ramp 0x..2x over 2s',
      '2x',
      [
        [0, 0],
        [2e9, Math.SQRT2 * 1e9],
        [8e9, 3e9],
      ],
    ],
    [
      'hold 1x for 1s; hold 0x for 5s; hold 1x',
      '1x',
      [
        [0, 0],
        [1e9, 1e9],
        [1e9 + 1, 6e9 + 1],
        [3e9, 8e9],
      ],
    ],
    [
      'burst 10x for 100ms every 1s',
      '1x',
      [
        [0, 0],
        [1e9, 1e9],
        [1.5e9, 1.05e9],
        [2e9, 1.1e9],
        [2.9e9, 2e9],
      ],
    ],
    [
      'hold 2x for 1s; hold 1x for 1s; repeat',
      '1x',
      [
        [0, 0],
        [2e9, 1e9],
        [3e9, 2e9],
        [5e9, 3e9],
        [30e9, 20e9],
      ],
    ],
  ])('%s at %s, by hand', (text, speed, rows) => {
    const { rate, shape } = shaped(text, speed);
    const schedule = createSchedule(rate, shape);
    const due = rows.map(([captureNs]) => schedule.next(captureNs, 1, 800));
    expect(due).toEqual(rows.map(([, dueNs]) => Math.floor(dueNs)));
    expect(schedule).toMatchObject({ paced: true, backward: 0 });
  });

  test('backward stamps are due with the one before', () => {
    const { rate, shape } = shaped('ramp 1x..4x over 30s');
    const schedule = createSchedule(rate, shape);
    const due = [0, 5e9, 3e9, 5e9, 6e9].map((captureNs) => schedule.next(captureNs, 0, 0));
    expect(due[2]).toBe(due[1]);
    expect(due[3]).toBe(due[1]);
    expect(due[4]).toBeGreaterThan(due[3]);
    expect(schedule.backward).toBe(1);
  });

  test('any shape, any rate: the floor of the exact time, which never goes back', () => {
    fc.assert(
      fc.property(
        shapeTexts,
        fc.constantFrom('1x', '1/3x', '3.7x', '7Mmsg/s', '99.5kpps', '1.2345Gbps', '1/3pps'),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 }),
        (text, speed, steps) => {
          const { rate, shape } = shaped(text, speed);
          const schedule = createSchedule(rate, shape);
          const integral = new ShapeIntegral(shape, 100e9);
          let previous = 0;
          let captureNs = 0;
          let units = 0;
          for (const step of steps) {
            const dueNs = schedule.next(captureNs, 3, 7_000_000);
            if (dueNs > 99e9) break;
            expect(integral.refute(dueNs, exactAtOne(rate, BigInt(captureNs), BigInt(units)))).toBeNull();
            expect(dueNs).toBeGreaterThanOrEqual(previous);
            previous = dueNs;
            units += unitsOf(rate, 3, 7_000_000);
            captureNs += step * 1_000_003;
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test.each<[string, Rate]>([
    ['burst 10x for 100ms every 5s; ramp 0.1x..4x over 1h; ramp 4x..0.1x over 7h; repeat', rateOf('1/3x')],
    ['burst 0x for 1s every 17s; ramp 0x..1/7x over 13h', rateOf('2x')],
  ])('%s for days: within a nanosecond at the end as at the start', (text, rate) => {
    const { shape } = parseShape(text, rate, true);
    const schedule = createSchedule(rate, shape);
    const integral = new ShapeIntegral(shape, 75 * hourNs);
    let checked = 0;
    for (let captureNs = 0; ; captureNs += 7_919_000_003) {
      const dueNs = schedule.next(captureNs, 1, 1);
      if (dueNs > 72 * hourNs) break;
      if (checked++ % 50 === 0) {
        expect(integral.refute(dueNs, exactAtOne(rate, BigInt(captureNs), 0n))).toBeNull();
      }
    }
    expect(checked).toBeGreaterThan(1000);
  });

  test('an absolute ramp keeps its end however slow it begins', () => {
    const { rate, shape } = shaped('ramp 1pps..100kpps over 10s');
    const schedule = createSchedule(rate, shape);
    let dueNs = 0;
    for (let datagram = 0; datagram <= 1_000_005; datagram++) dueNs = schedule.next(0, 1, 1);
    // The ramp brings 500,005 datagrams in 10 s, then ten microseconds each.
    expect(dueNs).toBe(10e9 + 500_000 * 10_000);
  });

  test('loops and squeezed gaps: the shape goes on over both', () => {
    const { rate, shape } = shaped('ramp 1x..3x over 2s');
    const schedule = createSchedule(rate, shape);
    const timeline = new Timeline({ maxGapNs: 1.5e9 });
    const due: number[] = [];
    for (let loop = 0; loop < 3; loop++) {
      if (loop > 0) timeline.startLoop();
      for (const seconds of [100, 160]) due.push(schedule.next(timeline.place(seconds, 0), 1, 1));
    }
    expect(due).toEqual(
      [0, 1e9, 1e9, Math.floor((Math.sqrt(7) - 1) * 1e9), Math.floor((Math.sqrt(7) - 1) * 1e9), 2e9 + 5e8 / 3].map(
        Math.floor,
      ),
    );
  });

  test('what never comes is told by the last deadline there is', () => {
    const { rate, shape } = shaped('hold 1x for 1us; hold 0x for 1us; burst 0x for 1us every 2us; repeat');
    const schedule = createSchedule(rate, shape);
    expect([0, 1000, 1e9].map((captureNs) => schedule.next(captureNs, 1, 1))).toEqual([
      0,
      1000,
      Number.MAX_SAFE_INTEGER,
    ]);
  });
});
