import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import { RunTrace } from '../../src/replay/run-trace.js';
import { datagramsAt, FakeSource, LogSink, play, type RigOptions } from './rig.js';

const ms = 1e6;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('RunTrace', () => {
  test('quantiles of a bin are within an eighth of the values', () => {
    const late = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(fc.array(late, { minLength: 1, maxLength: 50 }), (values) => {
        const trace = new RunTrace('original');
        for (const value of values) trace.due(500, value, 1, 20);
        const { lateness, asked } = trace.finish();
        const sorted = values.toSorted((a, b) => a - b);
        const at = (share: number): number => sorted[Math.ceil(share * values.length) - 1];
        expect(lateness.max).toEqual([Math.max(...values)]);
        expect(asked).toEqual([values.length]);
        expect(Math.abs(lateness.p50[0] - at(0.5))).toBeLessThanOrEqual(at(0.5) / 8);
        expect(Math.abs(lateness.p99[0] - at(0.99))).toBeLessThanOrEqual(at(0.99) / 8);
      }),
      { examples: [[[3758096384, 4227858433]]] },
    );
  });

  test('lateness beyond the buckets is the highest, early is 0', () => {
    const trace = new RunTrace('original');
    trace.due(0, 9e12, 1, 20);
    expect(trace.finish().lateness).toEqual({ p50: [9e12], p99: [9e12], max: [9e12] });
    const early = new RunTrace('original');
    early.due(0, -5, 1, 20);
    expect(early.finish().lateness).toEqual({ p50: [-5], p99: [-5], max: [-5] });
  });

  test('bins in which nothing was due interrupt the lateness', () => {
    const trace = new RunTrace('packets');
    for (const at of [0, 2 * ms]) trace.due(at, 7, 1, 20);
    trace.sent(1 * ms, 1, 20);
    expect(trace.finish()).toEqual({
      edgesNs: [0, 1 * ms, 2 * ms, 3 * ms],
      counted: 'packets',
      asked: [1, 0, 1],
      sent: [0, 1, 0],
      lateness: { p50: [7, Number.NaN, 7], p99: [7, Number.NaN, 7], max: [7, Number.NaN, 7] },
    });
  });

  test.each([
    ['original', 'packets', 1],
    ['max', 'packets', 1],
    ['messages', 'messages', 3],
    ['bits', 'bits', (100 + 42) * 8],
  ] as const)('%s counts %s', (mode, counted, amount) => {
    const trace = new RunTrace(mode);
    trace.sent(0, 3, 100);
    expect(trace.finish()).toMatchObject({ counted, sent: [amount] });
  });

  test('a long run has a bounded number of bins that hold everything', () => {
    const trace = new RunTrace('original');
    for (let second = 0; second < 36_000; second++) {
      trace.due(second * 1e9, 100, 1, 20);
      trace.sent(second * 1e9, 1, 20);
    }
    const { asked, sent, edgesNs } = trace.finish();
    expect(asked.length).toBeLessThanOrEqual(500);
    expect([sum(asked), sum(sent), edgesNs.length]).toEqual([36_000, 36_000, asked.length + 1]);
  });
});

describe('in the engine', () => {
  beforeAll(initHistograms);
  const tenMs = datagramsAt([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => at * ms));
  const stall = new Map([[2, 4.5 * ms]]);

  const stalled = (options: RigOptions) => play(new FakeSource(tenMs), (clock) => new LogSink(clock, stall), options);

  test('a stall shows where packets were due, and when they were sent', async () => {
    const trace = new RunTrace('original');
    await stalled({ trace });
    const { asked, sent, lateness } = trace.finish();
    expect(asked).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(sent).toEqual([1, 1, 1, 0, 0, 0, 4, 1, 1, 1]);
    expect(lateness.max).toEqual([0, 0, 0, 3.5 * ms, 2.5 * ms, 1.5 * ms, 0.5 * ms, 0, 0, 0]);
  });

  test('dropped packets were due and not sent', async () => {
    const trace = new RunTrace('original');
    await stalled({ trace, latePolicy: 'drop', lateAfterNs: 1 * ms });
    const { asked, sent, lateness } = trace.finish();
    expect([sum(asked), sum(sent)]).toEqual([10, 7]);
    expect(lateness.max[3]).toBe(3.5 * ms);
  });

  test('unpaced nothing is due', async () => {
    const trace = new RunTrace('max');
    await stalled({ trace, speed: 'max' });
    const { asked, sent, lateness } = trace.finish();
    expect([sum(asked), sum(sent)]).toEqual([0, 10]);
    expect(lateness.max.every(Number.isNaN)).toBe(true);
  });
});
