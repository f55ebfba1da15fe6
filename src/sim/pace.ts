/**
 * When the next message of the order flow comes: bursts of messages nanoseconds to microseconds apart, with
 * heavy-tailed pauses between them, so many in each slice of the day as its weight is of what is left to send.
 *
 * Quantiles stand in tables: logarithms and powers are not the same to the last bit on every engine.
 */
import type { Random } from '../core/random.js';
import type { Slice } from './trading-day.js';

/** Quantiles of an exponential distribution, in thousandths of its mean. */
const pauses = [
  16, 48, 81, 116, 152, 189, 227, 267, 309, 352, 398, 445, 495, 548, 604, 662, 725, 792, 863, 940, 1023, 1114, 1214,
  1326, 1451, 1594, 1761, 1962, 2213, 2549, 3060, 4159,
];
/** Messages of a burst. */
const burstSizes = [1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 10, 14, 20, 32, 64];
const meanBurst = burstSizes.reduce((sum, size) => sum + size, 0) / burstSizes.length;
/** Nanoseconds between two messages of a burst. */
const burstGaps = [150, 180, 220, 260, 310, 380, 470, 600, 800, 1100, 1600, 2500, 4200, 8000, 18_000, 60_000];

export class Pace {
  /** When the next message is due; infinity where no more are to come. */
  nextNs = 0;
  /** True where that message begins a burst. */
  beginsBurst = true;
  private index = -1;
  private left = 0;
  private weightLeft: number;
  private burstLeft = 0;

  constructor(
    private readonly slices: readonly Slice[],
    private readonly random: Random,
  ) {
    this.weightLeft = slices.reduce((sum, slice) => sum + slice.weight, 0);
  }

  /** True in the slice behind the system hours. */
  get isAfterEnd(): boolean {
    return this.index >= this.slices.length - 1;
  }

  /**
   * Sets when the next message is due. `spare` messages may come in all, of which `kept` belong behind the system
   * hours; the last slice before their end, and the one behind, take whatever is left.
   */
  advance(nowNs: number, spare: number, kept: number): void {
    const { slices } = this;
    for (;;) {
      const slice = this.index < 0 ? undefined : slices[this.index];
      if (slice !== undefined) {
        const available = this.isAfterEnd ? spare : spare - kept;
        const takesAll = this.index >= slices.length - 2;
        const left = takesAll ? available : Math.min(this.left, available);
        // Behind its end a slice yields to those that follow, unless none does.
        if (left > 0 && (takesAll || nowNs < slice.endNs)) {
          this.left--;
          this.nextNs = this.timeIn(slice, Math.max(nowNs, slice.startNs), left);
          return;
        }
      }
      if (this.index >= slices.length - 1) {
        this.nextNs = Number.POSITIVE_INFINITY;
        return;
      }
      this.enterNext(spare - kept);
    }
  }

  /** Puts the next message off. */
  postpone(untilNs: number): void {
    this.nextNs = Math.max(this.nextNs, untilNs);
  }

  private enterNext(available: number): void {
    const { weight } = this.slices[++this.index];
    this.left = weight === 0 ? 0 : Math.round((available * weight) / this.weightLeft);
    this.weightLeft -= weight;
    this.burstLeft = 0;
  }

  private timeIn(slice: Slice, nowNs: number, left: number): number {
    const room = Math.max(0, slice.endNs - 1 - nowNs);
    const drawn = this.random.nextUint32();
    const mean = room / (left + 1);
    this.beginsBurst = this.burstLeft === 0;
    if (!this.beginsBurst) {
      this.burstLeft--;
      return nowNs + Math.floor(Math.min(burstGaps[drawn & 15], mean, room));
    }
    this.burstLeft = burstSizes[(drawn >>> 4) & 15] - 1;
    const pause = (mean * meanBurst * pauses[drawn >>> 27]) / 1000;
    return nowNs + Math.floor(Math.min(pause, room / 2));
  }
}
