/** Capture stamps of generated messages: so long after the exchange's own, drawn for each from a range. */
import type { Random } from '../core/random.js';

/** Nanoseconds between exchange and capture, drawn for each stamp from the least to less than the most. */
export interface LatencyRange {
  readonly leastNs: number;
  readonly mostNs: number;
}

/** Messages of one exchange stamp share one, and none is before the one ahead of it. */
export class CaptureStamps {
  seconds = 0;
  nanoseconds = 0;
  private ofSeconds = Number.NaN;
  private ofNanoseconds = 0;

  constructor(
    private readonly range: LatencyRange,
    private readonly random: Random,
  ) {}

  stamp(seconds: number, nanoseconds: number): void {
    if (seconds === this.ofSeconds && nanoseconds === this.ofNanoseconds) return;
    this.ofSeconds = seconds;
    this.ofNanoseconds = nanoseconds;
    const { leastNs, mostNs } = this.range;
    const sum = nanoseconds + leastNs + Math.floor(this.random.float() * (mostNs - leastNs));
    const carried = Math.floor(sum / 1e9);
    const stampSeconds = seconds + carried;
    const stampNs = sum - carried * 1e9;
    if (stampSeconds < this.seconds || (stampSeconds === this.seconds && stampNs < this.nanoseconds)) return;
    this.seconds = stampSeconds;
    this.nanoseconds = stampNs;
  }
}
