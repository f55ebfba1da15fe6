import { expect, test } from 'vitest';
import { parseRate } from '../../src/replay/rate.js';
import { createSchedule } from '../../src/replay/schedule.js';
import { ShapeMeter } from '../../src/replay/shape-meter.js';
import { parseShape } from '../../src/replay/shape-parser.js';

const { rate, shape } = parseShape(
  'hold 1kpps for 2s; ramp 1kpps..3kpps over 1s; burst 10kpps for 100ms every 500ms at 250ms until 1s',
  parseRate({}),
  false,
);
/** 8 bits each, two messages. */
const [messages, lengthBytes] = [2, 1000 - 42];

/** What becomes of 10,000 packets that are sent `lateNs` after they were due. */
function measured(lateNs: (dueNs: number) => number) {
  const schedule = createSchedule(rate, shape);
  const told: string[] = [];
  const meter = new ShapeMeter(shape, {
    sent: (startNs) => told.push(`sent ${startNs}`),
    due: (dueNs) => told.push(`due ${dueNs}`),
  });
  for (let packet = 0; packet < 10_000; packet++) {
    const dueNs = schedule.next(0, messages, 8000);
    meter.due(dueNs, lateNs(dueNs), messages, lengthBytes);
    meter.sent(dueNs + lateNs(dueNs), messages, lengthBytes);
  }
  return { parts: meter.finish(), told };
}

test('a schedule that is kept: every part as asked, bursts behind the base', () => {
  const { parts, told } = measured(() => 0);
  const rounded = parts.map(({ part, seconds, asked, reached }) => [
    part,
    Number(seconds.toFixed(3)),
    Math.round(asked.packetsPerSecond / 10) * 10,
    reached.packetsPerSecond === asked.packetsPerSecond,
  ]);
  expect(rounded).toEqual([
    ['hold 1kpps for 2s', 1.8, 1000, true],
    ['ramp 1kpps..3kpps over 1s', 1, 2000, true],
    ['hold 3kpps', 1.4, 3000, true],
    ['burst 10kpps for 100ms every 500ms at 250ms until 1s', 0.2, 10_000, true],
  ]);
  const [{ asked }] = parts;
  expect(asked.messagesPerSecond).toBeCloseTo(2 * asked.packetsPerSecond, 6);
  expect(asked.bitsPerSecond).toBeCloseTo(8000 * asked.packetsPerSecond, 6);
  expect(told.slice(0, 4)).toEqual(['due 0', 'sent 0', 'due 1000000', 'sent 1000000']);
  expect(told).toHaveLength(20_000);
});

test('a burst that is sent too late is missing where it was asked for, and is too much behind it', () => {
  // Bursts of 100 ms take 200 ms, and what comes in the next 100 ms is held up.
  const late = (dueNs: number): number => {
    const sinceNs = (dueNs % 500e6) - 250e6;
    if (dueNs > 1e9 || sinceNs < 0) return 0;
    return sinceNs < 100e6 ? sinceNs : Math.max(0, 200e6 - sinceNs);
  };
  const parts = measured(late).parts;
  const share = (part: string): number => {
    const found = parts.find((each) => each.part.startsWith(part));
    return (found?.reached.packetsPerSecond ?? 0) / (found?.asked.packetsPerSecond ?? 1);
  };
  expect(share('burst')).toBeCloseTo(0.5, 2);
  expect(share('hold 1kpps')).toBeCloseTo(1 + 1000 / 1800, 2);
  expect(share('ramp')).toBe(1);
});

test('a run of one packet has no parts that held', () => {
  const meter = new ShapeMeter(shape);
  meter.due(0, 0, 1, 100);
  meter.sent(0, 1, 100);
  expect(meter.finish()).toEqual([]);
});
