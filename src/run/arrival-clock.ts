/** The time of day of arrivals that the kernel has not stamped, over hours: set by the system's clock now and then. */
import { MonotonicClock, WallClock } from '../core/clock.js';

/** How long the system's clock is trusted to have run evenly; slewed by 500 ppm it would be 30 ms off by then. */
const adjustEveryNs = 60e9;

/** Reads into its fields, so that a reading allocates nothing; never goes back. */
export class ArrivalClock {
  seconds = 0;
  nanoseconds = 0;
  private readonly clock = new MonotonicClock();
  private wall = new WallClock(this.clock);
  private adjustedNs = this.clock.nowNs();

  /** Takes the time. */
  read(): void {
    const { base } = this.wall;
    const sinceBaseNs = base.nanoseconds + this.clock.nowNs();
    const carry = Math.floor(sinceBaseNs / 1e9);
    const seconds = base.seconds + carry;
    const nanoseconds = sinceBaseNs - carry * 1e9;
    if (seconds < this.seconds || (seconds === this.seconds && nanoseconds < this.nanoseconds)) return;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
  }

  /** Sets the clock anew where that is due, which takes a millisecond or two. */
  adjust(): void {
    if (this.clock.nowNs() - this.adjustedNs < adjustEveryNs) return;
    this.wall = new WallClock(this.clock);
    this.adjustedNs = this.clock.nowNs();
  }

  /** Monotonic nanoseconds. */
  nowNs(): number {
    return this.clock.nowNs();
  }
}
