/** Gives a conversion's packets and messages other time stamps. */
import { ExchangeClock } from '../analysis/exchange-clock.js';
import { isOnCalendar } from '../core/calendar.js';
import { UsageError } from '../core/errors.js';
import { formatEpochNs } from '../core/halves.js';
import type { Stamp } from '../core/seek-index.js';
import { newYorkDate, newYorkTime, type When } from '../core/time.js';

/** What is to become of time stamps; with none of it they stay. In this order: exchange, speed, start or shift. */
export interface RestampSpec {
  /** A message's own time, on the New York day of its stamp; a message whose layout is unknown keeps its stamp. */
  exchange: boolean;
  /** How many times as fast time goes: differences from the first stamp are divided by it. */
  speed: number;
  /** What the first stamp becomes, differences kept; null: what it is. */
  start: When | null;
  /** Added to each, ns, at most 104 days. */
  shiftNs: number;
}

export const noRestamp: RestampSpec = { exchange: false, speed: 1, start: null, shiftNs: 0 };

/** Changes one stamp after another; the result stands in `seconds` and `nanoseconds`. */
export class Restamper {
  seconds = 0;
  nanoseconds = 0;
  private readonly spec: RestampSpec;
  private readonly clock = new ExchangeClock();
  private hasFirst = false;
  private firstSeconds = 0;
  private firstNanoseconds = 0;
  private startSeconds = 0;
  private startNanoseconds = 0;

  constructor(spec: RestampSpec) {
    if (!(spec.speed > 0 && Number.isFinite(spec.speed))) {
      throw new UsageError('speed', `a speed is a number above 0, not ${spec.speed}`);
    }
    if (spec.start?.kind === 'offset') {
      throw new UsageError('start', '--start is a time; to add to all stamps, say --shift');
    }
    if (spec.start !== null && spec.shiftNs !== 0) {
      throw new UsageError('start', '--start and --shift contradict each other: give one of them');
    }
    this.spec = spec;
  }

  /** What differences are counted from; null before the first stamp. */
  get origin(): Stamp | null {
    const { hasFirst, firstSeconds: seconds, firstNanoseconds: nanoseconds } = this;
    return hasFirst ? { seconds, nanoseconds } : null;
  }

  /** Takes another's origin for its own, before any stamp. */
  beginAt({ seconds, nanoseconds }: Stamp): void {
    this.set(seconds, nanoseconds);
    this.begin();
  }

  /** `ownNs`: the message's own time since midnight; negative where it is not known. */
  apply(seconds: number, nanoseconds: number, ownNs: number): void {
    this.set(seconds, nanoseconds);
    const { exchange, speed, start, shiftNs } = this.spec;
    if (exchange && ownNs >= 0) this.toExchange(ownNs);
    if (!this.hasFirst) this.begin();
    if (speed !== 1) {
      const sinceNs = (this.seconds - this.firstSeconds) * 1e9 + (this.nanoseconds - this.firstNanoseconds);
      this.set(this.firstSeconds, this.firstNanoseconds, Math.round(sinceNs / speed));
    }
    if (start !== null) {
      const nanosecondsAfter = this.nanoseconds - this.firstNanoseconds;
      this.set(this.startSeconds + this.seconds - this.firstSeconds, this.startNanoseconds + nanosecondsAfter);
    }
    if (shiftNs !== 0) this.set(this.seconds, this.nanoseconds, shiftNs);
  }

  /** The stamp `ns` after this one; exact for any safe integer. */
  private set(seconds: number, nanoseconds: number, ns = 0): void {
    const whole = Math.floor(ns / 1e9);
    const rest = nanoseconds + (ns - whole * 1e9);
    const carry = Math.floor(rest / 1e9);
    this.seconds = seconds + whole + carry;
    this.nanoseconds = rest - carry * 1e9;
  }

  private toExchange(ownNs: number): void {
    const sinceNs = this.clock.sinceMidnightNs(this.seconds, this.nanoseconds);
    if (Number.isNaN(sinceNs)) return;
    this.set(this.seconds - (sinceNs - this.nanoseconds) / 1e9, 0, ownNs);
  }

  private begin(): void {
    this.hasFirst = true;
    this.firstSeconds = this.seconds;
    this.firstNanoseconds = this.nanoseconds;
    const { start } = this.spec;
    if (start?.kind === 'absolute') {
      this.startSeconds = start.seconds;
      this.startNanoseconds = start.nanoseconds;
    }
    if (start?.kind !== 'timeOfDay') return;
    if (!isOnCalendar(this.seconds)) {
      const text = `the first packet is stamped ${this.seconds} s since the epoch, so its day in New York is not known`;
      throw new UsageError('start', `${text}; write --start with its date`);
    }
    this.startNanoseconds = start.ns % 1e9;
    this.startSeconds = newYorkTime(newYorkDate(this.seconds), (start.ns - this.startNanoseconds) / 1e9);
  }
}

/** Restamps, and notes the first stamp that was written and the last. */
export class StampSpan {
  private hasFirst = false;
  private firstSeconds = 0;
  private firstNanoseconds = 0;
  private readonly restamper: Restamper;

  constructor(restamper: Restamper) {
    this.restamper = restamper;
  }

  /** The stamp made of the last one. */
  get stampSeconds(): number {
    return this.restamper.seconds;
  }

  get stampNanoseconds(): number {
    return this.restamper.nanoseconds;
  }

  /** `ownNs`: the message's own time since midnight; negative where it is not known. */
  apply(seconds: number, nanoseconds: number, ownNs: number): void {
    this.restamper.apply(seconds, nanoseconds, ownNs);
    if (this.hasFirst) return;
    this.hasFirst = true;
    this.firstSeconds = this.restamper.seconds;
    this.firstNanoseconds = this.restamper.nanoseconds;
  }

  /** What differences are counted from. */
  get origin(): Stamp | null {
    return this.restamper.origin;
  }

  get firstStamp(): Stamp | null {
    return this.hasFirst ? { seconds: this.firstSeconds, nanoseconds: this.firstNanoseconds } : null;
  }

  get lastStamp(): Stamp | null {
    return this.hasFirst ? { seconds: this.stampSeconds, nanoseconds: this.stampNanoseconds } : null;
  }

  /** Takes stamps that another has made behind those made here. */
  goOn(first: Stamp, last: Stamp): void {
    if (!this.hasFirst) {
      this.hasFirst = true;
      this.firstSeconds = first.seconds;
      this.firstNanoseconds = first.nanoseconds;
    }
    this.restamper.seconds = last.seconds;
    this.restamper.nanoseconds = last.nanoseconds;
  }

  get first(): string | null {
    return this.hasFirst ? formatEpochNs(this.firstSeconds, this.firstNanoseconds) : null;
  }

  get last(): string | null {
    return this.hasFirst ? formatEpochNs(this.restamper.seconds, this.restamper.nanoseconds) : null;
  }

  get seconds(): number {
    const { seconds, nanoseconds } = this.restamper;
    return this.hasFirst ? seconds - this.firstSeconds + (nanoseconds - this.firstNanoseconds) / 1e9 : 0;
  }
}
