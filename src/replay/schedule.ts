/**
 * Deadlines: when each datagram is due, in integer nanoseconds since the run's origin.
 *
 * A deadline is the floor of an exact rational: capture time over the speed-up, or the units before the datagram times
 * 1e9 over the rate. Remainders are carried as integers, so no error builds up over any number of datagrams.
 */
import { RationalSum } from '../core/rational.js';
import type { Rate } from './rate.js';

/** Says when datagrams are due; asked once for each, in the order of sending. */
export interface Schedule {
  /** False where nothing is waited for (`max`): every deadline is then 0. */
  readonly paced: boolean;
  /** Datagrams stamped earlier than one before them: due with that one, for deadlines never go back. */
  readonly backward: number;
  /**
   * The deadline of the next datagram, which is then counted: `captureNs` on the timeline, its messages, its bits on
   * layer 2. Saturates at 2^53 - 1, 104 days.
   */
  next(captureNs: number, messages: number, bits: number): number;
}

/** The schedule of `rate`, the first datagram being due at 0. */
export function createSchedule(rate: Rate): Schedule {
  if (rate.mode === 'max') return new UnpacedSchedule();
  if (rate.mode === 'original') {
    const { numerator, denominator } = rate.speedup;
    return new OriginalSchedule(new RationalSum({ numerator: denominator, denominator: numerator }));
  }
  const { numerator, denominator } = rate.perSecond;
  const nsPerUnit = new RationalSum({ numerator: denominator, denominator: numerator }, 1e9);
  return new CountingSchedule(nsPerUnit, rate.mode);
}

class UnpacedSchedule implements Schedule {
  readonly paced = false;
  readonly backward = 0;

  next(): number {
    return 0;
  }
}

class OriginalSchedule implements Schedule {
  readonly paced = true;
  backward = 0;
  readonly #scaled: RationalSum;
  #previousNs = Number.NaN;
  #highestNs = Number.NEGATIVE_INFINITY;
  #deadlineNs = 0;

  constructor(scaled: RationalSum) {
    this.#scaled = scaled;
  }

  next(captureNs: number): number {
    if (captureNs >= this.#highestNs) this.#highestNs = captureNs;
    else this.backward++;
    // NaN before the first datagram: its gap is 0.
    const gapNs = captureNs - this.#previousNs;
    this.#previousNs = captureNs;
    const exactNs = Number.isNaN(gapNs) ? 0 : this.#scaled.add(gapNs);
    if (exactNs > this.#deadlineNs) this.#deadlineNs = saturate(exactNs);
    return this.#deadlineNs;
  }
}

class CountingSchedule implements Schedule {
  readonly paced = true;
  readonly backward = 0;
  readonly #sum: RationalSum;
  /** 1 for what the rate counts, 0 for the other two. */
  readonly #perMessage: number;
  readonly #perPacket: number;
  readonly #perBit: number;

  constructor(nsPerUnit: RationalSum, counted: 'messages' | 'packets' | 'bits') {
    this.#sum = nsPerUnit;
    this.#perMessage = counted === 'messages' ? 1 : 0;
    this.#perPacket = counted === 'packets' ? 1 : 0;
    this.#perBit = counted === 'bits' ? 1 : 0;
  }

  next(_captureNs: number, messages: number, bits: number): number {
    const deadlineNs = this.#sum.floor;
    this.#sum.add(messages * this.#perMessage + this.#perPacket + bits * this.#perBit);
    return saturate(deadlineNs);
  }
}

function saturate(ns: number): number {
  return Math.min(ns, Number.MAX_SAFE_INTEGER);
}
