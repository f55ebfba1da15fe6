/**
 * Deadlines: when each datagram is due, in integer nanoseconds since the run's origin.
 *
 * A deadline is the floor of an exact rational: capture time over the speed-up, or the units before the datagram times
 * 1e9 over the rate. Remainders are carried as integers, so no error builds up over any number of datagrams. Under a
 * shape the exact deadline, remainder and all, is the integral of the rate that `ShapeClock` inverts.
 */
import { type Rational, RationalSum, scaleRational } from '../core/rational.js';
import type { Rate } from './rate.js';
import type { Shape } from './shape.js';
import { ShapeClock } from './shape-clock.js';

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

/** A schedule that knows what the floors of its deadlines cut off. */
interface ExactSchedule extends Schedule {
  /** Of the latest deadline, in parts of `denominator`. */
  remainder: number;
  readonly denominator: number;
}

/** The schedule of `rate`, or of a shape that `rate` is 1x of; the first datagram is due at 0. */
export function createSchedule(rate: Rate, shape: Shape | null = null): Schedule {
  if (rate.mode === 'max') return new UnpacedSchedule();
  if (shape === null) return constantSchedule(rate);
  const fastest = atFastest(rate, shape) ?? { rate, shape };
  return new ShapedSchedule(constantSchedule(fastest.rate), new ShapeClock(fastest.shape));
}

type PacedRate = Exclude<Rate, { mode: 'max' }>;

function constantSchedule(rate: PacedRate): ExactSchedule {
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

/**
 * The same shape with its highest level as 1x, so that no constant deadline is later than the shaped one; null where
 * the rate's digits do not suffice.
 */
function atFastest(rate: PacedRate, shape: Shape): { rate: PacedRate; shape: Shape } | null {
  const levels = [...shape.lines.flatMap(({ from, to }) => [from, to]), ...shape.bursts.map(({ level }) => level)];
  const most = levels.reduce((a, b) => (b.numerator / b.denominator > a.numerator / a.denominator ? b : a));
  const over = (level: Rational) => scaleRational(level, most.denominator, most.numerator);
  const unit = rate.mode === 'original' ? rate.speedup : rate.perSecond;
  const fastest = scaleRational(unit, most.numerator, most.denominator);
  if (fastest === null || levels.some((level) => over(level) === null)) return null;
  const scaled = (level: Rational): Rational => over(level) ?? level;
  return {
    rate: rate.mode === 'original' ? { ...rate, speedup: fastest } : { ...rate, perSecond: fastest },
    shape: {
      ...shape,
      lines: shape.lines.map((line) => ({ ...line, from: scaled(line.from), to: scaled(line.to) })),
      bursts: shape.bursts.map((burst) => ({ ...burst, level: scaled(burst.level) })),
    },
  };
}

class ShapedSchedule implements Schedule {
  readonly paced = true;
  readonly #constant: ExactSchedule;
  readonly #clock: ShapeClock;

  constructor(constant: ExactSchedule, clock: ShapeClock) {
    this.#constant = constant;
    this.#clock = clock;
  }

  get backward(): number {
    return this.#constant.backward;
  }

  next(captureNs: number, messages: number, bits: number): number {
    const constant = this.#constant;
    const wholeNs = constant.next(captureNs, messages, bits);
    return this.#clock.at(wholeNs, constant.remainder / constant.denominator);
  }
}

class OriginalSchedule implements ExactSchedule {
  readonly paced = true;
  backward = 0;
  remainder = Number.NaN;
  readonly denominator: number;
  readonly #scaled: RationalSum;
  #previousNs = Number.NaN;
  #highestNs = Number.NEGATIVE_INFINITY;
  /** A double from the first on, as the timeline's. */
  #deadlineNs = Number.NaN;

  constructor(scaled: RationalSum) {
    this.#deadlineNs = 0;
    this.remainder = 0;
    this.#scaled = scaled;
    this.denominator = scaled.denominator;
  }

  next(captureNs: number): number {
    if (captureNs >= this.#highestNs) this.#highestNs = captureNs;
    else this.backward++;
    // NaN before the first datagram: its gap is 0.
    const gapNs = captureNs - this.#previousNs;
    this.#previousNs = captureNs;
    const exactNs = Number.isNaN(gapNs) ? 0 : this.#scaled.add(gapNs);
    if (exactNs > this.#deadlineNs) {
      this.#deadlineNs = saturate(exactNs);
      this.remainder = this.#scaled.carry;
    } else if (exactNs === this.#deadlineNs) {
      this.remainder = Math.max(this.remainder, this.#scaled.carry);
    }
    return this.#deadlineNs;
  }
}

class CountingSchedule implements ExactSchedule {
  readonly paced = true;
  readonly backward = 0;
  remainder = 0;
  readonly denominator: number;
  readonly #sum: RationalSum;
  /** 1 for what the rate counts, 0 for the other two. */
  readonly #perMessage: number;
  readonly #perPacket: number;
  readonly #perBit: number;

  constructor(nsPerUnit: RationalSum, counted: 'messages' | 'packets' | 'bits') {
    this.#sum = nsPerUnit;
    this.denominator = nsPerUnit.denominator;
    this.#perMessage = counted === 'messages' ? 1 : 0;
    this.#perPacket = counted === 'packets' ? 1 : 0;
    this.#perBit = counted === 'bits' ? 1 : 0;
  }

  next(_captureNs: number, messages: number, bits: number): number {
    const deadlineNs = this.#sum.floor;
    this.remainder = this.#sum.carry;
    this.#sum.add(messages * this.#perMessage + this.#perPacket + bits * this.#perBit);
    return saturate(deadlineNs);
  }
}

function saturate(ns: number): number {
  return Math.min(ns, Number.MAX_SAFE_INTEGER);
}
