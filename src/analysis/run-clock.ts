/** The time base of a run: stamps as nanoseconds since the first record's second. */
import type { RecordReader } from '../core/seams.js';

/** Nanoseconds in 104 days: further from the base a number of ns is no longer exact. */
export const farNs = 2 ** 53;

export class RunClock {
  /** Seconds since the epoch; 0 before the first stamp. */
  baseSeconds = 0;
  /** Stamps too far from the base: such a record goes by the time of the one before. */
  farStamps = 0;
  private hasBase = false;
  private latestNs = 0;

  sinceBase({ seconds, nanoseconds }: RecordReader): number {
    if (!this.hasBase) {
      this.hasBase = true;
      this.baseSeconds = seconds;
    }
    const sinceNs = (seconds - this.baseSeconds) * 1e9 + nanoseconds;
    if (Math.abs(sinceNs) > farNs) this.farStamps++;
    else this.latestNs = sinceNs;
    return this.latestNs;
  }
}
