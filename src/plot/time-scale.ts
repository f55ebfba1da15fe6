/**
 * The axis of time: New York's time of day where stamps are on the calendar, as exchanges give it, else the time since
 * the first stamp.
 */
import { scaleLinear } from 'd3-scale';
import { isOnCalendar, newYorkDate, newYorkMidnight, newYorkSecondOfDay } from '../core/calendar.js';
import type { Range, Scale, Tick } from './scale.js';
import { formatTick } from './units.js';

/** Where 0 ns of an axis lies; null where times only count from a start. */
export type TimeOrigin = { readonly epochSeconds: number } | null;

export interface TimeScale extends Scale {
  readonly label: string;
}

const ms = 1e6;
const second = 1e9;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** What lies between ticks of a time of day; finer than 1 ms labels would be too long. */
const clockSteps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * ms),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
];
const daySteps = [1, 2, 5, 10, 20, 50, 100];
/** Room for a label, in pixels. */
const labelPitch = 105;
/** Longer spans have dates for ticks. */
const longestOfDay = 2 * day;

export function timeScale(fromNs: number, toNs: number, origin: TimeOrigin, range: Range): TimeScale {
  const to = toNs > fromNs ? toNs : fromNs + 1000;
  const scale = scaleLinear([fromNs, to], range);
  const place = (value: number): number => scale(Math.min(to, Math.max(fromNs, value)));
  const written = (origin && calendar(origin.epochSeconds, fromNs, to, range)) ?? elapsed(fromNs, to, origin, range);
  return { low: fromNs, high: to, place, minor: [], ...written };
}

/** A moment in New York as `2020-01-30 09:30:00.000012345`; null off the calendar. */
export function newYorkMoment(epochSeconds: number, ns: number): string | null {
  const seconds = epochSeconds + Math.floor(ns / second);
  if (!isOnCalendar(seconds)) return null;
  const date = newYorkDate(seconds);
  const wholeSeconds = newYorkSecondOfDay(seconds);
  const decimals = String(ns - Math.floor(ns / second) * second).padStart(9, '0');
  return `${date} ${timeOfDay(wholeSeconds * second, second)}.${decimals}`;
}

type Written = Pick<TimeScale, 'ticks' | 'label'>;

function calendar(epochSeconds: number, fromNs: number, toNs: number, range: Range): Written | null {
  const firstSecond = epochSeconds + Math.floor(fromNs / second);
  const lastSecond = epochSeconds + Math.floor(toNs / second);
  if (!isOnCalendar(firstSecond) || !isOnCalendar(lastSecond)) return null;
  const date = newYorkDate(firstSecond);
  if (toNs - fromNs > longestOfDay) return days(epochSeconds, firstSecond, lastSecond, range);
  const lastDate = newYorkDate(lastSecond);
  const midnight = firstSecond - newYorkSecondOfDay(firstSecond);
  // Daylight saving begins or ends between: no clock holds for both ends.
  if ((lastSecond - midnight) % 86_400 !== newYorkSecondOfDay(lastSecond)) return null;
  const wanted = (toNs - fromNs) / roomFor(range);
  const step = clockSteps.find((ns) => ns >= wanted);
  if (step === undefined || wanted < clockSteps[0] / 2) return null;
  const midnightNs = (midnight - epochSeconds) * second;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((fromNs - midnightNs) / step) * step; at + midnightNs <= toNs; at += step) {
    ticks.push({ value: at + midnightNs, label: timeOfDay(at % day, step) });
  }
  return { ticks, label: `New York time, ${date === lastDate ? date : `${date} to ${lastDate}`}` };
}

function days(epochSeconds: number, firstSecond: number, lastSecond: number, range: Range): Written {
  const wanted = (lastSecond - firstSecond) / 86_400 / roomFor(range);
  const step = daySteps.find((count) => count >= wanted) ?? daySteps[daySteps.length - 1];
  const ticks: Tick[] = [];
  // From noon to noon, so that a day of 23 hours is not counted twice.
  const noon = newYorkMidnight(newYorkDate(firstSecond)) + 43_200;
  for (let count = 0; ; count += step) {
    const date = newYorkDate(noon + count * 86_400);
    const midnight = newYorkMidnight(date);
    if (midnight > lastSecond) break;
    if (midnight >= firstSecond) ticks.push({ value: (midnight - epochSeconds) * second, label: date });
  }
  return { ticks, label: 'midnight in New York' };
}

function elapsed(fromNs: number, toNs: number, origin: TimeOrigin, range: Range): Written {
  const spanNs = toNs - fromNs;
  const room = roomFor(range);
  const step = clockSteps.find((ns) => ns >= spanNs / room);
  const since =
    spanNs < 2 * minute || step === undefined ? scaleLinear([0, spanNs], [0, 1]).ticks(room) : steps(spanNs, step);
  const ticks = since.map((ns) => ({ value: fromNs + ns, label: formatTick(ns, 'ns') }));
  const start = origin === null ? null : newYorkMoment(origin.epochSeconds, fromNs);
  return { ticks, label: start === null ? 'time since the start' : `time since ${start} in New York` };
}

function steps(spanNs: number, step: number): number[] {
  return Array.from({ length: Math.floor(spanNs / step) + 1 }, (_, i) => i * step);
}

function roomFor([low, high]: Range): number {
  return Math.max(2, Math.floor((high - low) / labelPitch));
}

/** As fine as the step needs: `09:30`, `09:30:05`, `09:30:05.250`. */
function timeOfDay(ns: number, stepNs: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(ns / minute);
  const hours = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  if (stepNs >= minute) return hours;
  const seconds = `${hours}:${two(Math.floor((ns % minute) / second))}`;
  if (stepNs >= second) return seconds;
  const decimals = stepNs >= 100 * ms ? 1 : stepNs >= 10 * ms ? 2 : 3;
  return `${seconds}.${String(Math.floor((ns % second) / ms))
    .padStart(3, '0')
    .slice(0, decimals)}`;
}
