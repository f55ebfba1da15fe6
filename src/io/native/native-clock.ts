/**
 * CLOCK_MONOTONIC read through the C library, into memory of ours.
 *
 * It takes as long as `performance.now()`, 50 ns, and leaves nothing for the collector: that one's answer is an object
 * of 16 bytes even in compiled code, so that a thread which spins on it fills 16 MB in an eighth of a second and stands
 * still for half a millisecond while they are collected.
 */
import { type BasedClock, type ClockBase, MonotonicClock } from '../../core/clock.js';
import { type Libc, libc, systemError } from './libc.js';
import { CLOCK_MONOTONIC } from './socket-numbers.js';

/** Monotonic nanoseconds since `base`, as integers, exact for 104 days; of one thread. */
export class NativeClock implements BasedClock {
  readonly base: ClockBase;
  private readonly baseSeconds: number;
  private readonly baseNanoseconds: number;
  private readonly read: (clock: number, time: number) => number;
  /** A `timespec`: the low words of seconds and of nanoseconds are 0 and 2. */
  private readonly time = new Uint32Array(4);
  private readonly address: number;

  /** Throws where the system has no such clock. */
  constructor(here: Libc, base: ClockBase) {
    this.base = base;
    this.baseSeconds = base.seconds;
    this.baseNanoseconds = base.nanoseconds;
    this.read = here.declare('int clock_gettime(int clock, uintptr_t time)');
    this.address = here.addressOf(this.time.buffer);
    if (this.read(CLOCK_MONOTONIC, this.address) !== 0) throw systemError('clock_gettime', here.errno());
  }

  nowNs(): number {
    const { time } = this;
    this.read(CLOCK_MONOTONIC, this.address);
    return ((time[0] as number) - this.baseSeconds) * 1e9 + ((time[2] as number) - this.baseNanoseconds);
  }

  spinUntil(ns: number): number {
    const { time, read, address, baseSeconds, baseNanoseconds } = this;
    for (;;) {
      read(CLOCK_MONOTONIC, address);
      const nowNs = ((time[0] as number) - baseSeconds) * 1e9 + ((time[2] as number) - baseNanoseconds);
      // Not `nowNs < ns` negated: a NaN must not be waited for.
      if (!(nowNs < ns)) return nowNs;
    }
  }
}

/** The clock with this base that is best read here. */
export function openClock(base: ClockBase): BasedClock {
  const here = libc();
  return here === null ? new MonotonicClock(base) : new NativeClock(here, base);
}
