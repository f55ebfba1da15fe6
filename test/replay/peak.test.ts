import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingCount } from '../../src/core/sliding-count.js';
import { PeakCensus, type PeakPlan, PeakSpans, PeakTimeline } from '../../src/replay/peak.js';
import { parsePeak } from '../../src/replay/peak-parser.js';
import { Timeline } from '../../src/replay/timeline.js';
import { rateOf } from './schedule-oracle.js';

/** Whole multiples of this stay whole under every factor that is tried. */
const unitNs = 30;
const factors = [
  { numerator: 2, denominator: 1 },
  { numerator: 3, denominator: 1 },
  { numerator: 5, denominator: 2 },
];

function planOf(positions: readonly number[], options: Pick<PeakPlan, 'factor' | 'windowNs' | 'share'>): PeakPlan {
  const census = new PeakCensus(options.windowNs);
  for (const position of positions) census.add(position);
  const spans = new PeakSpans(options.windowNs, census.threshold(options.share));
  for (const position of positions) spans.add(position);
  return { ...options, first: { seconds: 0, nanoseconds: 0 }, census, spans };
}

/** How many of the positions lie in the window that ends with each. */
function inWindows(positions: readonly number[], windowNs: number): number[] {
  return positions.map((end, index) => {
    return positions.slice(0, index + 1).filter((position) => position > end - windowNs).length;
  });
}

/** From 0 on, the first gap left out. */
function timesOf(gaps: readonly number[]): number[] {
  const times = [0];
  for (const gap of gaps.slice(1)) times.push((times.at(-1) ?? 0) + gap);
  return times;
}

function place(timeline: PeakTimeline, positionNs: number): number {
  return timeline.place(Math.floor(positionNs / 1e9), positionNs % 1e9);
}

const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 60 })), {
  minLength: 1,
  maxLength: 120,
});

describe('the busiest windows', () => {
  test('any capture: counted, chosen and compressed as brute force does it', () => {
    fc.assert(
      fc.property(
        gaps,
        fc.constantFrom(...factors),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0.01, 0.1, 0.5, 1),
        (steps, factor, windowUnits, share) => {
          const windowNs = windowUnits * unitNs;
          const positions = timesOf(steps).map((units) => units * unitNs);
          const plan = planOf(positions, { factor, windowNs, share });
          const counts = inWindows(positions, windowNs);
          const most = Math.max(...counts);
          expect(plan.census).toMatchObject({ packets: positions.length, most });

          const { threshold } = plan.spans;
          const among = (least: number): number => counts.filter((count) => count >= least).length;
          if (threshold < most) expect(among(threshold)).toBeLessThanOrEqual(positions.length * share);
          const next = Math.max(0, ...counts.filter((count) => count < threshold));
          if (next > 0) expect(among(next)).toBeGreaterThan(positions.length * share);

          // Each unit of time is busy or is not.
          const busyUnits = new Set<number>();
          for (const [index, end] of positions.entries()) {
            if (counts[index] < threshold) continue;
            for (let unit = Math.max(0, end - windowNs) / unitNs; unit < end / unitNs; unit++) busyUnits.add(unit);
          }
          const saved = (position: number): number => {
            const busyNs = [...busyUnits].filter((unit) => unit * unitNs < position).length * unitNs;
            return busyNs - (busyNs * factor.denominator) / factor.numerator;
          };
          const timeline = new PeakTimeline(new Timeline(), plan);
          const placed = positions.map((position) => place(timeline, position));
          expect(placed).toEqual(positions.map((position) => position - saved(position)));
          expect(timeline.savedNs).toBe(saved(positions.at(-1) ?? 0));

          // What the whole is for: the peak is exactly so many times as high.
          const shortNs = (windowNs * factor.denominator) / factor.numerator;
          expect(Math.max(...inWindows(placed, shortNs))).toBe(most);
          expect(timeline.most).toBe(most);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('packets of a span are counted once, the busiest span first', () => {
    const ms = (each: number): number => each * 1e6;
    const positions = [0, 100, 101, 102, 103, 109, 110, 300, 301, 302, 303, 304, 900].map(ms);
    const plan = planOf(positions, { factor: factors[0], windowNs: ms(5), share: 0.5 });
    expect(plan.spans).toMatchObject({ count: 2, threshold: 3, packets: 9 });
    expect(plan.spans.busiest(9)).toEqual([
      { startNs: ms(297), endNs: ms(304), packets: 5 },
      { startNs: ms(97), endNs: ms(103), packets: 4 },
    ]);
  });

  test('a steady capture is busy everywhere', () => {
    const positions = Array.from({ length: 100 }, (_, index) => index * 1000);
    const plan = planOf(positions, { factor: factors[0], windowNs: 1000, share: 0.01 });
    expect(plan.spans).toMatchObject({ count: 1, threshold: 1, packets: 100 });
  });

  test('nothing at all has no windows', () => {
    expect(planOf([], { factor: factors[0], windowNs: 1000, share: 0.01 }).spans.count).toBe(0);
  });
});

describe('the compressed timeline', () => {
  const windowNs = 100 * unitNs;
  const positions = [0, 50, 5000, 5001, 5002, 5003, 5050, 9000].map((units) => units * unitNs);
  const plan = planOf(positions, { factor: factors[0], windowNs, share: 0.3 });

  test('is the same in every loop, each behind the one before', () => {
    const timeline = new PeakTimeline(new Timeline(), plan);
    const once = positions.map((position) => place(timeline, position));
    const lengthNs = Math.max(...once);
    for (let loop = 1; loop < 4; loop++) {
      timeline.startLoop();
      expect(positions.map((position) => place(timeline, position))).toEqual(once.map((ns) => ns + loop * lengthNs));
    }
  });

  test('goes on behind a seek as it would have without', () => {
    const timeline = new PeakTimeline(new Timeline(), plan);
    const once = positions.map((position) => place(timeline, position));
    for (const from of [3, 1, 6]) {
      const sought = new PeakTimeline(new Timeline(), plan);
      const rest = positions.slice(from).map((position) => place(sought, position));
      expect(rest).toEqual(once.slice(from).map((ns) => ns - once[from]));
    }
  });

  test('goes back where stamps do', () => {
    const timeline = new PeakTimeline(new Timeline(), plan);
    const placed = positions.map((position) => place(timeline, position));
    for (const [index, position] of [...positions.entries()].reverse()) {
      expect(place(timeline, position)).toBe(placed[index]);
    }
  });
});

describe('SlidingCount', () => {
  test('any times, any window', () => {
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 200 }), (steps, windowNs) => {
        const times = timesOf(steps);
        const sliding = new SlidingCount(windowNs);
        expect(times.map((time) => sliding.add(time))).toEqual(inWindows(times, windowNs));
      }),
    );
  });

  test('grows while it is full anywhere in its ring', () => {
    const sliding = new SlidingCount(5000);
    for (let time = 0; time < 3000; time++) expect(sliding.add(time)).toBe(time + 1);
    expect(sliding.add(7000)).toBe(1000);
    for (let time = 0; time < 4000; time++) sliding.add(7000 + time / 1e6);
    expect(sliding.add(7001)).toBe(5000);
  });
});

describe('parsePeak', () => {
  test('has a window of 10 ms and one percent of the packets', () => {
    expect(parsePeak({ peak: '2x' }, rateOf('1x'))).toEqual({ factor: factors[0], windowNs: 10e6, share: 0.01 });
    expect(parsePeak({ peak: '2.5x', peakWindow: 1e6, peakShare: '0.5%' }, rateOf('3x'))).toEqual({
      factor: factors[2],
      windowNs: 1e6,
      share: 0.005,
    });
    expect(parsePeak({}, rateOf('max'))).toBeNull();
  });

  test.each<[Parameters<typeof parsePeak>[0], string, RegExp]>([
    [{ peak: '2' }, '1x', /--peak 2: how many times the peak rate, above 1x, as in 2x/],
    [{ peak: '1x' }, '1x', /above 1x/],
    [{ peak: '0x' }, '1x', /above 1x/],
    [{ peak: '2x', peakWindow: 999 }, '1x', /--peak-window must be at least 1us/],
    [{ peak: '2x', peakShare: '1' }, '1x', /--peak-share 1: a share of the packets is needed, above 0% and up to 100%/],
    [{ peak: '2x', peakShare: '0%' }, '1x', /above 0%/],
    [{ peak: '2x', peakShare: '101%' }, '1x', /up to 100%/],
    [{ peak: '2x' }, '10kpps', /timing, which --speed 10kpps does not keep; give a multiple, such as 1x/],
    [{ peak: '2x' }, 'max', /which --speed max does not keep/],
    [{ peakWindow: 1e6 }, '1x', /--peak-window goes with --peak, as in --peak 2x/],
    [{ peakShare: '1%' }, '1x', /--peak-share goes with --peak/],
  ])('refuses %j at %s', (texts, speed, message) => {
    expect(() => parsePeak(texts, rateOf(speed))).toThrow(message);
  });
});
