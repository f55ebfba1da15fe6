/**
 * Which part of a capture takes part: from, until, for so long, so many datagrams.
 *
 * A predicate over time stamps and a count; whoever reads the capture decides what to do with the verdict.
 */
import { isOnCalendar } from '../core/calendar.js';
import { UsageError } from '../core/errors.js';
import { formatDuration, newYorkDate, newYorkTime, type When } from '../core/time.js';

export interface WindowOptions {
  /** The first moment inside; an offset counts from the first datagram checked. */
  readonly from?: When;
  /** The first moment outside again. */
  readonly until?: When;
  /** Capture time from the first datagram inside; one exactly so long after it is outside. */
  readonly durationNs?: number;
  /** Datagrams at most, over all loops, as counted by `take`. */
  readonly limit?: number;
}

export type WindowVerdict = 'before' | 'in' | 'after';

/**
 * A window over a capture's time stamps.
 *
 * A time of day is New York's, on the day of the first datagram checked. All bounds are fixed by the first datagrams
 * and stay for later loops. With stamps out of order an `after` can be followed by an `in`.
 */
export class CaptureWindow {
  readonly #options: WindowOptions;
  /** Whole seconds and nanoseconds of the bounds. */
  #fromSeconds = Number.NEGATIVE_INFINITY;
  #fromNanoseconds = 0;
  #untilSeconds = Number.POSITIVE_INFINITY;
  #untilNanoseconds = 0;
  #isResolved = false;
  #isEntered = false;
  #left: number;

  constructor(options: WindowOptions = {}) {
    this.#options = options;
    this.#left = options.limit ?? Number.POSITIVE_INFINITY;
    if (!(this.#left >= 0)) throw new UsageError('window-limit', `limit ${options.limit}: must be 0 or more`);
  }

  /** Whether nothing is outside, whatever comes. */
  get isOpen(): boolean {
    return Object.values(this.#options).every((bound) => bound === undefined);
  }

  /** Where the stamp lies; `after` for all once the limit is used up. */
  check(seconds: number, nanoseconds: number): WindowVerdict {
    if (this.#left <= 0) return 'after';
    if (!this.#isResolved) this.#resolve(seconds, nanoseconds);
    if (!isAtOrAfter(seconds, nanoseconds, this.#fromSeconds, this.#fromNanoseconds)) return 'before';
    if (isAtOrAfter(seconds, nanoseconds, this.#untilSeconds, this.#untilNanoseconds)) return 'after';
    if (!this.#isEntered) this.#enter(seconds, nanoseconds);
    // A duration of 0 ends where it begins.
    return isAtOrAfter(seconds, nanoseconds, this.#untilSeconds, this.#untilNanoseconds) ? 'after' : 'in';
  }

  /** Counts one datagram (that was `in` and passed every other filter) against the limit. */
  take(): void {
    this.#left--;
  }

  #resolve(seconds: number, nanoseconds: number): void {
    this.#isResolved = true;
    const { from, until } = this.#options;
    if (from) [this.#fromSeconds, this.#fromNanoseconds] = moment(from, seconds, nanoseconds);
    if (until) [this.#untilSeconds, this.#untilNanoseconds] = moment(until, seconds, nanoseconds);
    if (
      from &&
      until &&
      !isAtOrAfter(this.#untilSeconds, this.#untilNanoseconds, this.#fromSeconds, this.#fromNanoseconds)
    ) {
      throw new UsageError(
        'window-empty',
        `until (${textOf(until)}) lies before from (${textOf(from)}): nothing is left`,
      );
    }
  }

  #enter(seconds: number, nanoseconds: number): void {
    this.#isEntered = true;
    const { durationNs } = this.#options;
    if (durationNs === undefined) return;
    const [endSeconds, endNanoseconds] = later(seconds, nanoseconds, durationNs);
    if (isAtOrAfter(endSeconds, endNanoseconds, this.#untilSeconds, this.#untilNanoseconds)) return;
    this.#untilSeconds = endSeconds;
    this.#untilNanoseconds = endNanoseconds;
  }
}

function moment(when: When, firstSeconds: number, firstNanoseconds: number): [number, number] {
  if (when.kind === 'absolute') return [when.seconds, when.nanoseconds];
  if (when.kind === 'offset') return later(firstSeconds, firstNanoseconds, when.ns);
  if (!isOnCalendar(firstSeconds)) {
    const text = `the first packet is stamped ${firstSeconds} s since the epoch, so its day in New York is not known`;
    throw new UsageError('window-day', `${text}; write a time with its date, or an offset such as +10s`);
  }
  const nanoseconds = when.ns % 1e9;
  return [newYorkTime(newYorkDate(firstSeconds), (when.ns - nanoseconds) / 1e9), nanoseconds];
}

/** As `parseWhen` reads it. */
function textOf(when: When): string {
  if (when.kind === 'offset') return `+${formatDuration(when.ns)}`;
  const nanoseconds = when.kind === 'absolute' ? when.nanoseconds : when.ns % 1e9;
  const seconds = when.kind === 'absolute' ? when.seconds : (when.ns - nanoseconds) / 1e9;
  const whole = new Date(seconds * 1000).toISOString().slice(when.kind === 'absolute' ? 0 : 11, 19);
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0')}`;
  return `${whole}${fraction}${when.kind === 'absolute' ? 'Z' : ''}`;
}

function later(seconds: number, nanoseconds: number, ns: number): [number, number] {
  const carry = Math.floor(ns / 1e9);
  const rest = nanoseconds + (ns - carry * 1e9);
  return rest >= 1e9 ? [seconds + carry + 1, rest - 1e9] : [seconds + carry, rest];
}

function isAtOrAfter(seconds: number, nanoseconds: number, boundSeconds: number, boundNanoseconds: number): boolean {
  return seconds > boundSeconds || (seconds === boundSeconds && nanoseconds >= boundNanoseconds);
}
