/** The hours of a session, and moments as messages write them. */
import { UsageError } from '../../core/errors.js';
import { formatEpochNs } from '../../core/halves.js';
import { newYorkMidnight } from '../../core/time.js';
import type { Slice } from '../trading-day.js';

const hourNs = 3600e9;
/** The whole session, in nanoseconds since midnight in Chicago: an hour before the open at 08:30. */
const firstMessageNs = 8 * hourNs;
const lastMessageNs = 16 * hourNs;
/** Parts of the session before the open and behind the close, in 32nds: 08:30 and 15:15 of the whole one. */
const beforeOpen = 2;
const afterClose = 3;
const parts = 32;
/** The shortest session. */
export const leastSessionNs = 100e6;
/** Clocks in Chicago are an hour behind those in New York, all year. */
const chicagoBehindSeconds = 3600;
const millisecondsOfDay = 86_400_000;
/** Messages by thirteenths of the market's hours: heavy at both ends. */
const marketHours = [150, 112, 92, 80, 72, 66, 60, 57, 58, 62, 72, 96, 150];
const weightBeforeOpen = 40;

/** The part of the day asked for; times in nanoseconds since midnight in Chicago. */
export interface Mdp3HoursOptions {
  /** Time of the first message: 08:00. */
  readonly fromNs?: number;
  /** Time of the last message: 16:00. */
  readonly untilNs?: number;
  /** Instead of `untilNs`: how long after the first. */
  readonly durationNs?: number;
}

/** Nanoseconds since midnight. */
export interface Mdp3Hours {
  readonly startNs: number;
  readonly preOpenNs: number;
  readonly openNs: number;
  readonly closeNs: number;
  readonly endNs: number;
}

/** The hours of a session; throws UsageError for what is no part of a day. */
export function mdp3Hours(options: Mdp3HoursOptions): Mdp3Hours {
  const { durationNs } = options;
  if (durationNs !== undefined && options.untilNs !== undefined) {
    throw new UsageError('day', 'give the end of the session or its duration, not both');
  }
  const startNs = options.fromNs ?? firstMessageNs;
  const endNs = durationNs === undefined ? (options.untilNs ?? lastMessageNs) : startNs + durationNs;
  const spanNs = endNs - startNs;
  if (!(startNs >= 0 && endNs <= 24 * hourNs && spanNs >= leastSessionNs)) {
    throw new UsageError('day', 'a session lies within one day of Chicago and lasts 100 ms or more');
  }
  const at = (part: number) => startNs + Math.floor((spanNs * part) / parts);
  return { startNs, preOpenNs: at(beforeOpen / 8), openNs: at(beforeOpen), closeNs: at(parts - afterClose), endNs };
}

/** The session in slices with their shares of the messages, and one more behind the close without any. */
export function mdp3Slices({ preOpenNs, openNs, closeNs, endNs }: Mdp3Hours): Slice[] {
  const bound = (index: number) => openNs + Math.floor(((closeNs - openNs) * index) / marketHours.length);
  const quiet = Math.floor((openNs - preOpenNs) / 3);
  return [
    { startNs: preOpenNs + quiet, endNs: openNs - quiet, weight: weightBeforeOpen },
    ...marketHours.map((weight, index) => ({ startNs: bound(index), endNs: bound(index + 1), weight })),
    { startNs: closeNs, endNs, weight: 0 },
  ];
}

/** A date, its midnight, and moments of it. */
export class SessionClock {
  /** Epoch seconds of midnight in Chicago. */
  readonly midnight: number;
  /** Days since the epoch, as LocalMktDate counts. */
  readonly tradeDate: number;
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;

  /** `date` is one of the calendar, `YYYY-MM-DD`. */
  constructor(readonly date: string) {
    this.midnight = newYorkMidnight(date) + chicagoBehindSeconds;
    this.tradeDate = Date.parse(`${date}T00:00:00Z`) / millisecondsOfDay;
    this.year = Number(date.slice(0, 4));
    this.month = Number(date.slice(5, 7));
  }

  /** Nanoseconds since the epoch as a decimal. */
  epochNs(ns: number): string {
    const second = Math.floor(ns / 1e9);
    return formatEpochNs(this.midnight + second, ns - second * 1e9);
  }

  /** As `seconds.nanoseconds` since the epoch. */
  stamp(ns: number): string {
    const second = Math.floor(ns / 1e9);
    return `${this.midnight + second}.${String(ns - second * 1e9).padStart(9, '0')}`;
  }
}
