/** New York wall time of capture stamps: what ITCH's nanoseconds since midnight are compared with. */
import { isOnCalendar, newYorkDate, newYorkMidnight } from '../core/calendar.js';

const daySeconds = 86_400;

/** Converts epoch stamps to nanoseconds since New York's midnight; days are looked up once each. */
export class ExchangeClock {
  private midnight = Number.POSITIVE_INFINITY;
  private nextMidnight = Number.NEGATIVE_INFINITY;

  /** NaN where a capture's clock was so wrong that its day has no date. */
  sinceMidnightNs(seconds: number, nanoseconds: number): number {
    if (seconds < this.midnight || seconds >= this.nextMidnight) {
      if (!isOnCalendar(seconds)) return Number.NaN;
      this.lookUp(seconds);
    }
    return (seconds - this.midnight) * 1e9 + nanoseconds;
  }

  /** A day that changes to or from daylight saving has 23 or 25 hours; noon of the next is always in the next. */
  private lookUp(seconds: number): void {
    this.midnight = newYorkMidnight(newYorkDate(seconds));
    this.nextMidnight = newYorkMidnight(newYorkDate(this.midnight + 1.5 * daySeconds));
  }
}
