/**
 * Durations and moments as people write them, exact to the nanosecond: `500us`, `1h30m`, `09:30:00.000000001`,
 * `2023-08-22T13:30:00Z` (ISO 8601, up to nine decimals), `+10s`.
 */
import { parseDate } from './calendar.js';
import { UsageError } from './errors.js';
import { parseRational, type Rational } from './rational.js';
import { threeDigits } from './units.js';

export { newYorkDate, newYorkMidnight, newYorkTime, parseDate } from './calendar.js';
export { formatBytes, formatCount, formatCounted, formatRate, parseBytes } from './units.js';

/** A moment as written: on its own, on the capture's day in New York, or counted from a start. */
export type When =
  | { readonly kind: 'absolute'; readonly seconds: number; readonly nanoseconds: number }
  | { readonly kind: 'timeOfDay'; readonly ns: number }
  | { readonly kind: 'offset'; readonly ns: number };

const nsPer: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  min: 6e10,
  h: 3.6e12,
  d: 8.64e13,
};
const unitsText = 'ns, us, ms, s, m, h or d';

/** Nanoseconds of `500us`, `1.5s`, `1h30m` …, or of a plain `0`; throws `UsageError`, also above 104 days. */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  const wrong = `duration "${text}"`;
  if (/^[\d.]+$/.test(trimmed))
    throw new UsageError('duration', `${wrong}: the unit is missing, write ${trimmed}s or another of ${unitsText}`);
  if (trimmed.length > 80 || !/^(?:[\d.]+\s*[a-zµμ]+\s*)+$/.test(trimmed)) {
    throw new UsageError('duration', `${wrong}: not a duration, write a number and one of ${unitsText}, such as 500us`);
  }
  let totalNs = 0;
  for (const [, digits, unit] of trimmed.matchAll(/([\d.]+)\s*([a-zµμ]+)/g)) {
    if (!(unit in nsPer)) throw new UsageError('duration', `${wrong}: "${unit}" is not one of ${unitsText}`);
    totalNs += nanosecondsOf(wrong, parseRational(digits), nsPer[unit]);
  }
  if (totalNs > Number.MAX_SAFE_INTEGER) throw new UsageError('duration', `${wrong}: longer than 104 days`);
  return totalNs;
}

/** Such as `850 ns`, `12.3 us`, `1.50 s`, `2 h 05 m`; three significant digits below a minute. */
export function formatDuration(ns: number): string {
  const size = Math.abs(ns);
  const sign = ns < 0 ? '-' : '';
  if (size < 999.5) return `${sign}${Math.round(size)} ns`;
  if (size < 999.5e3) return `${sign}${threeDigits(size / 1e3)} us`;
  if (size < 999.5e6) return `${sign}${threeDigits(size / 1e6)} ms`;
  if (size < 59.95e9) return `${sign}${threeDigits(size / 1e9)} s`;
  const seconds = Math.round(size / 1e9);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${sign}${minutes} m ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${sign}${hours} h ${two(minutes % 60)} m`;
  return `${sign}${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** Reads an absolute moment (ISO 8601 or epoch ns), a time of day or an offset (`+10s`); throws `UsageError`. */
export function parseWhen(text: string): When {
  const trimmed = text.trim();
  // Epoch ns from 1970-04-26 to 2286: fewer digits would rather be seconds or milliseconds.
  if (/^\d{16,19}$/.test(trimmed)) {
    return { kind: 'absolute', seconds: Number(trimmed.slice(0, -9)), nanoseconds: Number(trimmed.slice(-9)) };
  }
  if (trimmed.startsWith('+')) return { kind: 'offset', ns: parseDuration(trimmed.slice(1)) };
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(trimmed);
  if (clock) return { kind: 'timeOfDay', ns: clockNs(text, clock) };
  const full =
    /^(\d{4}-\d{2}-\d{2})[Tt ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|z|[+-]\d{2}:?\d{2})?$/.exec(trimmed);
  if (full === null) {
    const forms = '2023-08-22T13:30:00Z, 1692711000000000000 (epoch ns), 09:30:00.000000001 (New York) or +10s';
    throw new UsageError('when', `time "${text}": not understood, write ${forms}`);
  }
  const [, date, hour, minute, second, decimals, zone] = full;
  if (zone === undefined) {
    throw new UsageError('when', `time "${text}": say which zone, with Z (UTC) or an offset such as -04:00 at the end`);
  }
  const ns = clockNs(text, [trimmed, hour, minute, second, decimals]);
  const nanoseconds = ns % 1e9;
  const midnight = Date.parse(`${parseDate(date)}T00:00:00Z`) / 1000;
  return { kind: 'absolute', seconds: midnight + (ns - nanoseconds) / 1e9 - zoneSeconds(text, zone), nanoseconds };
}

function nanosecondsOf(wrong: string, value: Rational | null, nsPerUnit: number): number {
  if (value === null) throw new UsageError('duration', `${wrong}: not a number of at most 15 digits`);
  // In lowest terms, so the denominator would have to divide the unit.
  if (nsPerUnit % value.denominator !== 0) throw new UsageError('duration', `${wrong}: finer than a nanosecond`);
  return value.numerator * (nsPerUnit / value.denominator);
}

function clockNs(text: string, parts: readonly (string | undefined)[]): number {
  const [, hour, minute, second, decimals] = parts;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second ?? 0);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) {
    throw new UsageError('when', `time "${text}": hours end at 23, minutes and seconds at 59`);
  }
  return seconds * 1e9 + Number((decimals ?? '').padEnd(9, '0'));
}

function zoneSeconds(text: string, zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 14 || minutes > 59) throw new UsageError('when', `time "${text}": ${zone} is not a zone's offset`);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
