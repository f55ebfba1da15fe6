/** A schedule whose rate can be changed while it is followed: deadlines go on from the datagram that is next. */
import { UsageError } from '../core/errors.js';
import type { Rate } from './rate.js';
import { createSchedule, type Schedule } from './schedule.js';
import type { Shape } from './shape.js';

/** The datagram that was scheduled last. */
export interface LastScheduled {
  readonly dueNs: number;
  readonly captureNs: number;
  readonly messages: number;
  readonly bits: number;
}

export class SteeredSchedule implements Schedule {
  rate: Rate;
  private readonly shape: Shape | null;
  private current: Schedule;
  /** Deadline of the datagram at which the current schedule began. */
  private baseNs = 0;
  private backwardBefore = 0;

  constructor(rate: Rate, shape: Shape | null = null) {
    this.rate = rate;
    this.shape = shape;
    this.current = createSchedule(rate, shape);
  }

  get paced(): boolean {
    return this.current.paced;
  }

  get backward(): number {
    return this.backwardBefore + this.current.backward;
  }

  next(captureNs: number, messages: number, bits: number): number {
    return this.baseNs + this.current.next(captureNs, messages, bits);
  }

  /**
   * Goes on at another rate: the last datagram's deadline stays, the next is due after it as the new rate says. Answers
   * by what a wait under way is to be multiplied; NaN where the two rates count different things. Throws UsageError
   * under a shape, which says itself how fast to be.
   */
  switchTo(rate: Rate, last: LastScheduled | null): number {
    if (this.shape !== null) throw new UsageError('speed', 'the rate follows --shape, and cannot be changed');
    const factor = waitFactor(this.rate, rate);
    this.backwardBefore += this.current.backward;
    this.current = createSchedule(rate);
    this.rate = rate;
    if (last !== null) {
      this.current.next(last.captureNs, last.messages, last.bits);
      this.baseNs = last.dueNs;
    }
    return factor;
  }
}

function waitFactor(from: Rate, to: Rate): number {
  if (from.mode !== to.mode || from.mode === 'max') return Number.NaN;
  return perSecondOf(from) / perSecondOf(to);
}

function perSecondOf(rate: Rate): number {
  if (rate.mode === 'max') return Number.NaN;
  const { numerator, denominator } = rate.mode === 'original' ? rate.speedup : rate.perSecond;
  return numerator / denominator;
}
