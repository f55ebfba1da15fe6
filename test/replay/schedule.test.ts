import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/core/clock.js';
import { Random } from '../../src/core/random.js';
import { RationalSum } from '../../src/core/rational.js';
import { VirtualWaiter } from '../../src/core/waiter.js';
import { createSchedule } from '../../src/replay/schedule.js';
import { Timeline } from '../../src/replay/timeline.js';
import { exactDeadline, hourNs, originalSpeeds, pacedSpeeds, rateOf, unitsOf } from './schedule-oracle.js';

describe('original timing', () => {
  test.each(originalSpeeds)('%s: 24 hours in 500,000 datagrams, each within a nanosecond', (speed) => {
    const rate = rateOf(speed);
    const schedule = createSchedule(rate);
    const random = new Random(speed);
    let captureNs = 12_345;
    let previous = 0;
    let datagrams = 0;
    while (captureNs < 24 * hourNs) {
      const deadline = schedule.next(captureNs, 1, 800);
      if (datagrams % 13 === 0) {
        const exact = exactDeadline(rate, BigInt(captureNs - 12_345), 0n);
        if (BigInt(deadline) !== exact) expect.fail(`datagram ${datagrams} at ${captureNs}: ${deadline}, not ${exact}`);
      }
      if (deadline < previous) expect.fail(`${deadline} after ${previous}`);
      previous = deadline;
      datagrams++;
      // Bursts of zero gaps, most gaps short, some of minutes.
      const kind = random.below(20);
      captureNs += kind < 6 ? 0 : kind < 19 ? random.below(150_000_000) : random.below(4_000_000_000);
    }
    expect(datagrams).toBeGreaterThan(300_000);
    expect(schedule.backward).toBe(0);
    expect(schedule.paced).toBe(true);
  });

  test('backward time stamps: held at the deadline before, and counted', () => {
    const schedule = createSchedule(rateOf('2x'));
    const deadlines = [100, 300, 200, 299, 300, 301, 50, 302].map((captureNs) => schedule.next(captureNs, 0, 0));
    expect(deadlines).toEqual([0, 100, 100, 100, 100, 100, 100, 101]);
    expect(schedule.backward).toBe(3);
  });

  test('any jumps, at any speed: the highest exact deadline so far', () => {
    const jump = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -24 * hourNs, max: 24 * hourNs }));
    fc.assert(
      fc.property(
        fc.constantFrom(...originalSpeeds),
        jump,
        fc.array(jump, { maxLength: 100 }),
        (speed, first, jumps) => {
          const rate = rateOf(speed);
          const schedule = createSchedule(rate);
          let captureNs = first;
          let highest = 0n;
          expect(schedule.next(captureNs, 1, 1)).toBe(0);
          for (const by of jumps) {
            if (Math.abs(captureNs + by - first) > 800 * hourNs) continue;
            captureNs += by;
            const exact = exactDeadline(rate, BigInt(captureNs - first), 0n);
            if (exact > highest) highest = exact;
            const capped = highest > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : highest;
            expect(BigInt(schedule.next(captureNs, 1, 1))).toBe(capped);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('loop boundaries: 300 loops of five minutes make 25 hours, without a gap or a nanosecond lost', () => {
    const rate = rateOf('1/3x');
    const schedule = createSchedule(rate);
    const timeline = new Timeline();
    const loopNs = 300_000_000_007n;
    for (let loop = 0n; loop < 300n; loop++) {
      if (loop > 0n) timeline.startLoop();
      const deadlines = [
        [50, 3],
        [150, 3],
        [150, 3],
        [350, 10],
      ].map(([seconds, nanoseconds]) => BigInt(schedule.next(timeline.place(seconds, nanoseconds), 1, 1)));
      const expected = [0n, 100_000_000_000n, 100_000_000_000n, loopNs].map((at) => (loop * loopNs + at) * 3n);
      expect(deadlines).toEqual(expected);
    }
  });
});

describe('rates', () => {
  test.each(pacedSpeeds)('%s: 24 hours or 10^9 units, each deadline within a nanosecond', (speed) => {
    const rate = rateOf(speed);
    const schedule = createSchedule(rate);
    const random = new Random(speed);
    let units = 0n;
    let deadline = 0;
    for (let datagram = 0; datagram < 200_000; datagram++) {
      // Strides that get to 10^9 messages, and to 24 h of bits at 1 Gbps.
      const messages = random.below(10_000);
      const bits = random.below(900_000_000);
      deadline = schedule.next(-datagram, messages, bits);
      if (datagram % 7 === 0) {
        const exact = exactDeadline(rate, 0n, units);
        const capped = exact > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : exact;
        if (BigInt(deadline) !== capped) expect.fail(`datagram ${datagram}: ${deadline}, not ${exact}`);
      }
      units += BigInt(unitsOf(rate, messages, bits));
    }
    expect(schedule.backward).toBe(0);
    if (rate.mode === 'messages') expect(units).toBeGreaterThan(900_000_000n);
    if (speed === '1Gbps') expect(deadline).toBeGreaterThan(24 * hourNs);
  });

  test.each(pacedSpeeds.filter((speed) => speed.endsWith('pps')))(
    '%s: one packet at a time is as much as strides to 10^9',
    (speed) => {
      const rate = rateOf(speed);
      if (rate.mode !== 'packets') throw new Error('a packet rate was asked for');
      const schedule = createSchedule(rate);
      const { numerator, denominator } = rate.perSecond;
      // What a packet rate counts with, wound forward: adding n is adding 1 n times (test of RationalSum).
      const sum = new RationalSum({ numerator: denominator, denominator: numerator }, 1e9);
      for (let packet = 0; packet < 300_000; packet++) {
        if (schedule.next(0, 0, 0) !== sum.floor) expect.fail(`packet ${packet}`);
        sum.add(1);
      }
      for (let packet = 300_000; packet < 1_000_000_000; packet += 99_999) {
        const exact = exactDeadline(rate, 0n, BigInt(packet));
        if (BigInt(sum.floor) !== exact) expect.fail(`packet ${packet}: ${sum.floor}, not ${exact}`);
        sum.add(99_999);
      }
    },
  );

  test('a datagram without messages is due with the next one, and rates ignore the capture time', () => {
    const schedule = createSchedule(rateOf('1kmsg/s'));
    const deadlines = [
      [500, 3],
      [-1e12, 0],
      [0, 0],
      [1e12, 2],
      [7, 1],
    ].map(([captureNs, messages]) => schedule.next(captureNs, messages, 1));
    expect(deadlines).toEqual([0, 3e6, 3e6, 3e6, 5e6]);
    expect(schedule.backward).toBe(0);
  });

  test('packets a second ignore messages and bits, bits a second ignore messages', () => {
    const packets = createSchedule(rateOf('1kpps'));
    expect([packets.next(0, 9, 9), packets.next(0, 0, 0), packets.next(5, 1e6, 1e6)]).toEqual([0, 1e6, 2e6]);
    const bits = createSchedule(rateOf('1Mbps'));
    expect([bits.next(0, 9, 1000), bits.next(0, 0, 500), bits.next(5, 1e6, 1)]).toEqual([0, 1e6, 1.5e6]);
  });

  test('what is due after 104 days is due at the end of the clock', () => {
    const slow = createSchedule(rateOf('0.000001pps'));
    const deadlines = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(() => slow.next(0, 0, 0));
    expect(deadlines.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => index * 1e15));
    expect(deadlines[10]).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('max', () => {
  test('is not paced, whatever comes', () => {
    const schedule = createSchedule({ mode: 'max' });
    const deadlines = [5, -5, 1e15].map((captureNs) => schedule.next(captureNs, 1e9, 1e12));
    expect([deadlines, schedule.paced, schedule.backward]).toEqual([[0, 0, 0], false, 0]);
  });
});

describe('on a virtual clock', () => {
  test.each([...pacedSpeeds, ...originalSpeeds, 'max'])(
    '%s: waiting through the schedule takes as long as it says',
    (speed) => {
      const rate = rateOf(speed);
      const schedule = createSchedule(rate);
      const timeline = new Timeline();
      const clock = new VirtualClock(1000);
      const waiter = new VirtualWaiter();
      let units = 0n;
      let last = 0n;
      for (let datagram = 0; datagram < 2000; datagram++) {
        const captureNs = timeline.place(datagram, (datagram * 7919) % 1_000_000_000);
        const dueNs = schedule.next(captureNs, 3, 4096);
        expect(waiter.waitUntil(1000 + dueNs, clock)).toBe(true);
        last = exactDeadline(rate, BigInt(captureNs), units);
        units += BigInt(unitsOf(rate, 3, 4096));
      }
      expect(BigInt(clock.nowNs())).toBe(1000n + last);
    },
  );
});
