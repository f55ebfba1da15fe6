/** How far the time of day (CLOCK_REALTIME, which stamps datagrams) is ahead of CLOCK_MONOTONIC (which paces them). */
import type { ClockBase, EpochTime } from '../../core/clock.js';
import { type Libc, systemError } from './libc.js';
import { CLOCK_MONOTONIC } from './socket-numbers.js';

const clockRealtime = 0;
/** The closest of so many pairs of readings counts: within some 50 ns. */
const samples = 50;
const words = 4;

/** Reads both clocks; made once, asked often, since the time of day is slewed. */
export class RealtimeOffset {
  private readonly libc: Libc;
  private readonly base: ClockBase;
  private readonly times = new Uint32Array(3 * words);
  private readonly addresses: readonly [before: number, between: number, after: number];
  private readonly read: (clock: number, address: number) => number;

  /** `base` is the zero of the clock to which times of day are brought. */
  constructor(libc: Libc, base: ClockBase) {
    this.libc = libc;
    this.base = base;
    this.read = libc.declare('int clock_gettime(int clock, uintptr_t time)');
    const address = libc.addressOf(this.times.buffer);
    this.addresses = [address, address + 4 * words, address + 8 * words];
  }

  /** The time of day at the zero of the clock, as both clocks stand now. */
  atZero(): EpochTime {
    const { times, base } = this;
    let closestNs = Number.POSITIVE_INFINITY;
    let zero: EpochTime = { seconds: 0, nanoseconds: 0 };
    for (let sample = 0; sample < samples; sample++) {
      this.readAll();
      const apartNs = (times[8] - times[0]) * 1e9 + (times[10] - times[2]);
      if (apartNs >= closestNs) continue;
      closestNs = apartNs;
      const sinceBaseNs = (times[0] - base.seconds) * 1e9 + (times[2] - base.nanoseconds) + Math.round(apartNs / 2);
      const nanoseconds = times[6] - sinceBaseNs;
      const carry = Math.floor(nanoseconds / 1e9);
      zero = { seconds: times[4] + carry, nanoseconds: nanoseconds - carry * 1e9 };
    }
    return zero;
  }

  private readAll(): void {
    const { libc, addresses, read } = this;
    const failed =
      read(CLOCK_MONOTONIC, addresses[0]) | read(clockRealtime, addresses[1]) | read(CLOCK_MONOTONIC, addresses[2]);
    if (failed !== 0) throw systemError('clock_gettime', libc.errno());
  }
}
