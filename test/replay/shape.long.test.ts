import { expect, test } from 'vitest';
import { createSchedule } from '../../src/replay/schedule.js';
import { parseShape } from '../../src/replay/shape-parser.js';
import { rateOf, unitsOf } from './schedule-oracle.js';
import { exactAtOne, ShapeIntegral } from './shape-oracle.js';

/** Loads that never rest over the literal 10^9 datagrams, and over the same two hours: nothing may drift. */
const cases: [string, string, number, number][] = [
  ['ramp 1x..4x over 30s; ramp 4x..1/3x over 90s; repeat', '140kpps', 1_000_000_000, 0],
  ['burst 10x for 100ms every 5s; ramp 1/3x..4x over 1h', '0.9999999x', 200_000_000, 36_000],
];

test.each(cases)('%s at %s for %d datagrams', { timeout: 600_000 }, (text, speed, datagrams, gapNs) => {
  const checkEvery = Math.floor(datagrams / 200) + 11;
  const { rate, shape } = parseShape(text, rateOf(speed), true);
  const schedule = createSchedule(rate, shape);
  const integral = new ShapeIntegral(shape, 10_000e9);
  const unitsEach = BigInt(unitsOf(rate, 3, 1000));
  let checks = 0;
  let dueNs = 0;
  for (let datagram = 0; datagram < datagrams; datagram++) {
    dueNs = schedule.next(datagram * gapNs, 3, 1000);
    if (datagram % checkEvery !== 0 && datagram !== datagrams - 1) continue;
    checks++;
    const exact = exactAtOne(rate, BigInt(datagram) * BigInt(gapNs), BigInt(datagram) * unitsEach);
    const wrong = integral.refute(dueNs, exact);
    if (wrong !== null) expect.fail(`datagram ${datagram}: ${wrong}`);
  }
  expect(checks).toBeGreaterThanOrEqual(200);
  expect(dueNs).toBeGreaterThan(1_000e9);
});
