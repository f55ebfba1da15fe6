/** The day's hours and how its messages spread over them: heavy after the open and before the close, light at lunch. */
import { UsageError } from '../core/errors.js';

const hourNs = 3600e9;
const minuteNs = 60e9;
/** The whole day, in nanoseconds since midnight. */
const firstMessageNs = 3 * hourNs;
const systemStartNs = 4 * hourNs;
const openNs = 9.5 * hourNs;
const closeNs = 16 * hourNs;
const systemEndNs = 20 * hourNs;
const lastMessageNs = 20 * hourNs + 5 * minuteNs;
/** In a shorter day every phase has at least this part of it. */
const leastPhase = 256;
/** The shortest day. */
export const leastDayNs = 1e9;

/** Nanoseconds since midnight of the events S, Q, M and E, between first and last message. */
export interface TradingDay {
  readonly startNs: number;
  readonly systemStartNs: number;
  readonly openNs: number;
  readonly closeNs: number;
  readonly systemEndNs: number;
  readonly endNs: number;
  /** Length of the market hours as a part of the usual six and a half. */
  readonly scale: number;
}

/** The part of the day asked for; times in nanoseconds since midnight. */
export interface DayOptions {
  /** Time of the first message; 03:00, or shortly before the open where a duration is given. */
  readonly fromNs?: number;
  /** Time of the last message; 20:05. */
  readonly untilNs?: number;
  /** Instead of `untilNs`: how long after the first. */
  readonly durationNs?: number;
}

/**
 * The day's hours. What would come before the first message or after the last moves inside: a day from 09:25 to 09:40
 * opens at 09:30 and closes before it ends. Throws UsageError where no market hours are left.
 */
export function tradingDay(options: DayOptions): TradingDay {
  const { durationNs } = options;
  if (durationNs !== undefined && options.untilNs !== undefined) {
    throw new UsageError('day', 'give the end of the day or its duration, not both');
  }
  const startNs = options.fromNs ?? (durationNs === undefined ? firstMessageNs : startOf(durationNs));
  const endNs = durationNs === undefined ? (options.untilNs ?? lastMessageNs) : startNs + durationNs;
  const spanNs = endNs - startNs;
  if (!(startNs >= 0 && endNs <= 24 * hourNs && spanNs >= leastDayNs)) {
    throw new UsageError('day', 'a session lies within one day of New York and lasts a second or more');
  }
  const least = Math.floor(spanNs / leastPhase);
  const starts = Math.max(systemStartNs, startNs + least);
  const opens = Math.max(openNs, starts + least);
  const ends = Math.min(systemEndNs, endNs - least);
  const closes = Math.min(closeNs, ends - least);
  if (closes - opens < 8 * least) {
    throw new UsageError('day', 'no market hours are left: begin before 16:00 and end after 09:30, New York time');
  }
  const scale = Math.min(1, (closes - opens) / (closeNs - openNs));
  return { startNs, systemStartNs: starts, openNs: opens, closeNs: closes, systemEndNs: ends, endNs, scale };
}

/** Where a day of a given length begins: two phases before the open, or earlier where it would end too late. */
function startOf(durationNs: number): number {
  const beforeOpenNs = 2 * Math.floor(durationNs / leastPhase);
  return Math.max(0, Math.min(openNs - beforeOpenNs, lastMessageNs - durationNs));
}

/** A stretch of the day with its share of the messages. */
export interface Slice {
  readonly startNs: number;
  readonly endNs: number;
  readonly weight: number;
}

/** Messages by part of the pre-market, of the market hours (in half hours) and of the hours after them. */
const beforeOpen = [2, 2, 3, 4, 6, 10, 18, 30];
const marketHours = [150, 112, 92, 80, 72, 66, 60, 57, 58, 62, 72, 96, 150];
const afterClose = [12, 6, 4, 3, 2, 2, 1, 1];
/** Of each half hour, in sixths; the first and the last have peaks at the open and the close. */
const withinFirst = [14, 10, 8, 7, 6, 6];
const withinOthers = [6, 6, 6, 6, 6, 6];
const withinLast = [6, 6, 7, 7, 9, 16];

/** The day from the start of system hours to their end in slices, and one more behind for what is deleted then. */
export function slicesOf(day: TradingDay): Slice[] {
  const weights = marketHours.flatMap((weight, index) => {
    const parts = index === 0 ? withinFirst : index === marketHours.length - 1 ? withinLast : withinOthers;
    return parts.map((part) => weight * part);
  });
  return [
    ...spread(day.systemStartNs, day.openNs, inSixths(beforeOpen)),
    ...spread(day.openNs, day.closeNs, weights),
    ...spread(day.closeNs, day.systemEndNs, inSixths(afterClose)),
    { startNs: day.systemEndNs, endNs: day.endNs, weight: 0 },
  ];
}

/** A half hour's weight is in 36ths. */
function inSixths(weights: readonly number[]): number[] {
  return weights.map((weight) => weight * 36);
}

function spread(fromNs: number, untilNs: number, weights: readonly number[]): Slice[] {
  const bound = (index: number) => fromNs + Math.floor(((untilNs - fromNs) * index) / weights.length);
  return weights.map((weight, index) => ({ startNs: bound(index), endNs: bound(index + 1), weight }));
}
