/**
 * Sleeping to absolute times of CLOCK_MONOTONIC: `clock_nanosleep` with TIMER_ABSTIME, by a thread whose timers the
 * kernel does not gather (a timer slack of 1 ns in place of 50 us).
 *
 * Sleeps of 1 ms ended late by 102 us at p50 as the kernel has it and by 55 us with this slack (3,000 each, two virtual
 * cores, busy); so did those of `Atomics.wait` on the same thread.
 */
import type { ClockBase } from '../../core/clock.js';
import type { Sleeper } from '../../core/waiter.js';
import { libc } from './libc.js';

const clockMonotonic = 1;
const timerAbsoluteTime = 1;
const setTimerSlack = 29;
const slackNs = 1;

/**
 * A sleeper by the clock with this base (`MonotonicClock`), for the calling thread, whose timers are exact from then
 * on; null where the C library cannot be called.
 */
export function openSleeper(base: ClockBase): Sleeper | null {
  const library = libc();
  // Elsewhere a `timespec` has two words of 32 bits.
  if (library === null || ['arm', 'ia32'].includes(process.arch)) return null;
  const sleep = library.declare('int clock_nanosleep(int clock, int flags, uintptr_t request, uintptr_t remain)');
  const control = library.declare('int prctl(int option, unsigned long, unsigned long, unsigned long, unsigned long)');
  control(setTimerSlack, slackNs, 0, 0, 0);
  const memory = new ArrayBuffer(16);
  const timespec = new Uint32Array(memory);
  const address = library.addressOf(memory);
  return {
    sleepUntil(ns) {
      const sinceSecondNs = base.nanoseconds + ns;
      const carry = Math.floor(sinceSecondNs / 1e9);
      timespec[0] = base.seconds + carry;
      timespec[2] = sinceSecondNs - carry * 1e9;
      // Cut short by a signal it returns early: whoever sleeps looks at the clock.
      sleep(clockMonotonic, timerAbsoluteTime, address, 0);
    },
  };
}
