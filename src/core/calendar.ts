/**
 * Calendar dates, and the calendar of America/New_York, where NASDAQ's days begin, in epoch seconds.
 *
 * Rules for daylight saving come from the runtime (`Intl`), not from a table here.
 */
import { UsageError } from './errors.js';

const zone = 'America/New_York';
/** Eastern time is one of these behind UTC; daylight saving first, so that a repeated hour means its first pass. */
const hoursBehind = [4, 5];
/** Midnight of 1970-01-01 in New York: what is earlier lies in 1969 there. */
const firstSecond = 5 * 3600;
/** A day before the end of the years that are understood, so that the day after has a midnight too. */
const lastSecond = Date.UTC(2200, 11, 30) / 1000;

/** The date as given where it is one, `YYYY-MM-DD`, years 1970 to 2200; throws `UsageError`. */
export function parseDate(text: string): string {
  const trimmed = text.trim();
  if (!/^\d{4}-\d{2}-\d{2}$/.test(trimmed)) throw new UsageError('date', `date "${text}": write YYYY-MM-DD`);
  const ms = Date.parse(`${trimmed}T00:00:00Z`);
  // Date.parse takes 31 June for 1 July.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== trimmed) {
    throw new UsageError('date', `date "${text}": there is no such day`);
  }
  if (trimmed < '1970-01-01' || trimmed > '2200-12-31') {
    throw new UsageError('date', `date "${text}": only years 1970 to 2200 are understood`);
  }
  return trimmed;
}

/** Epoch seconds of midnight in New York on the date, `YYYY-MM-DD`; throws `UsageError` where there is no such date. */
export function newYorkMidnight(date: string): number {
  return newYorkTime(date, 0);
}

/**
 * Epoch seconds at which clocks in New York show so many seconds of the day. A time that daylight saving skips is read
 * as an hour later, one that it repeats as the first.
 */
export function newYorkTime(date: string, secondsOfDay: number): number {
  const wallSeconds = Date.parse(`${parseDate(date)}T00:00:00Z`) / 1000 + secondsOfDay;
  const format = wallFormat();
  for (const hours of hoursBehind) {
    const seconds = wallSeconds + hours * 3600;
    if (wallSecondsAt(format, seconds) === wallSeconds) return seconds;
  }
  return wallSeconds + 5 * 3600;
}

/** Whether an epoch second, which may be any number, lies on New York's 1970-01-01 to 2200-12-29. */
export function isOnCalendar(seconds: number): boolean {
  return seconds >= firstSecond && seconds < lastSecond;
}

/** The date in New York at an epoch second, `YYYY-MM-DD`; the second is to be on the calendar. */
export function newYorkDate(seconds: number): string {
  return new Date(wallSecondsAt(wallFormat(), seconds) * 1000).toISOString().slice(0, 10);
}

/** What clocks in New York show at an epoch second, in seconds of the day; the second is to be on the calendar. */
export function newYorkSecondOfDay(seconds: number): number {
  return wallSecondsAt(wallFormat(), seconds) % 86_400;
}

let wall: Intl.DateTimeFormat | undefined;

/** Made once: that takes a third of a millisecond. */
function wallFormat(): Intl.DateTimeFormat {
  wall ??= new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return wall;
}

/** What clocks in New York show, as if it were UTC. */
function wallSecondsAt(format: Intl.DateTimeFormat, seconds: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(seconds * 1000)) part[type] = Number(value);
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) / 1000;
}
