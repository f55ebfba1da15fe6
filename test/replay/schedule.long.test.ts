import { expect, test } from 'vitest';
import { createSchedule } from '../../src/replay/schedule.js';
import { exactDeadline, rateOf, unitsOf } from './schedule-oracle.js';

/** The literal 10^9 datagrams: nothing may drift, not even where the remainders have been round many times. */
const datagrams = 1_000_000_000;
const checkEvery = 1_000_003;

test.each(['7Mmsg/s', '99.5kpps', '1.2345Gbps', '1/3x', '3.7x'])(
  '%s for 10^9 datagrams',
  { timeout: 600_000 },
  (speed) => {
    const rate = rateOf(speed);
    const schedule = createSchedule(rate);
    // 24 h of capture in 10^9 datagrams are gaps of 86,400 ns.
    const gapNs = 86_400;
    const unitsEach = BigInt(unitsOf(rate, 3, 1000));
    let nextCheck = 0;
    for (let datagram = 0; datagram < datagrams; datagram++) {
      const deadline = schedule.next(datagram * gapNs, 3, 1000);
      if (datagram === nextCheck || datagram === datagrams - 1) {
        nextCheck += checkEvery;
        const exact = exactDeadline(rate, BigInt(datagram) * BigInt(gapNs), BigInt(datagram) * unitsEach);
        if (BigInt(deadline) !== exact) expect.fail(`datagram ${datagram}: ${deadline}, not ${exact}`);
      }
    }
    expect(nextCheck).toBeGreaterThan(datagrams - checkEvery);
  },
);
