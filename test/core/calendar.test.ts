import { describe, expect, test } from 'vitest';
import {
  isOnCalendar,
  newYorkDate,
  newYorkMidnight,
  newYorkSecondOfDay,
  newYorkTime,
  parseDate,
} from '../../src/core/calendar.js';

/** As GNU `TZ=America/New_York date -d "<date> 00:00:00" +%s` prints them. */
const midnights: [string, number][] = [
  ['1970-01-01', 18000],
  ['1999-12-31', 946616400],
  // Daylight saving from the first Sunday in April to the last in October, until 2006 …
  ['2006-04-02', 1143954000],
  ['2006-04-03', 1144036800],
  ['2006-10-29', 1162094400],
  ['2006-10-30', 1162184400],
  // … and from the second in March to the first in November since.
  ['2007-03-11', 1173589200],
  ['2007-03-12', 1173672000],
  ['2020-01-30', 1580360400],
  ['2020-02-29', 1582952400],
  ['2023-03-12', 1678597200],
  ['2023-03-13', 1678680000],
  ['2023-08-22', 1692676800],
  ['2023-11-05', 1699156800],
  ['2023-11-06', 1699246800],
  ['2024-03-10', 1710046800],
  ['2024-11-04', 1730696400],
  ['2026-11-20', 1795150800],
  ['2038-01-19', 2147490000],
];

describe('New York', () => {
  test.each(midnights)('midnight of %s is %d', (date, seconds) => {
    expect(newYorkMidnight(date)).toBe(seconds);
    expect(newYorkDate(seconds)).toBe(date);
    expect(newYorkDate(seconds + 22 * 3600)).toBe(date);
    expect(newYorkDate(seconds - 1)).not.toBe(date);
  });

  test('the second of the day is what clocks show', () => {
    // The clock goes from 02:00 to 03:00 on the first of these days, from 02:00 back to 01:00 on the second.
    for (const [date, before] of [
      ['2023-03-12', 7199],
      ['2023-11-05', 7199],
    ] as const) {
      const midnight = newYorkMidnight(date);
      expect(newYorkSecondOfDay(midnight)).toBe(0);
      expect(newYorkSecondOfDay(midnight + before)).toBe(before);
    }
    expect(newYorkSecondOfDay(newYorkMidnight('2023-03-12') + 7200)).toBe(3 * 3600);
    expect(newYorkSecondOfDay(newYorkMidnight('2023-11-05') + 7200)).toBe(3600);
  });

  test('days have 24 hours but for the two that change the clock', () => {
    expect(newYorkMidnight('2023-03-13') - newYorkMidnight('2023-03-12')).toBe(23 * 3600);
    expect(newYorkMidnight('2023-11-06') - newYorkMidnight('2023-11-05')).toBe(25 * 3600);
    expect(newYorkMidnight('2023-11-07') - newYorkMidnight('2023-11-06')).toBe(24 * 3600);
  });

  test.each([
    ['2023-08-22', 9.5 * 3600, 1692711000],
    ['2023-11-06', 9.5 * 3600, 1699281000],
    ['2023-03-12', 2 * 3600 - 1, 1678604399],
    ['2023-03-12', 3 * 3600, 1678604400],
    // Skipped: read as an hour later.
    ['2023-03-12', 2.5 * 3600, 1678604400 + 1800],
    // Repeated: the first pass.
    ['2023-11-05', 3600 - 1, 1699160399],
    ['2023-11-05', 3600, 1699160400],
    ['2023-11-05', 2 * 3600, 1699167600],
  ])('on %s, %d s of the day is %d', (date, secondsOfDay, seconds) => {
    expect(newYorkTime(date, secondsOfDay)).toBe(seconds);
  });

  test('every second on the calendar has a date with a midnight, and so has the day after', () => {
    const first = 18_000;
    const last = Date.UTC(2200, 11, 30) / 1000 - 1;
    expect([first - 1, first, last, last + 1].map(isOnCalendar)).toEqual([false, true, true, false]);
    expect([0, -1, Number.NaN, 2 ** 53].map(isOnCalendar)).toEqual([false, false, false, false]);
    expect([first, last].map((seconds) => newYorkMidnight(newYorkDate(seconds)))).toEqual([18_000, 7_289_413_200]);
    expect(newYorkMidnight(newYorkDate(last + 86_400))).toBe(7_289_499_600);
  });

  test('a stamp before 1970 has a date', () => {
    expect(newYorkDate(-1)).toBe('1969-12-31');
    expect(newYorkDate(17_999)).toBe('1969-12-31');
  });
});

describe('dates', () => {
  test.each(['1970-01-01', '2024-02-29', ' 2200-12-31 '])('%j is one', (text) => {
    expect(parseDate(text)).toBe(text.trim());
  });

  test.each([
    '',
    '2023-02-29',
    '2023-13-01',
    '2023-00-10',
    '2023-06-31',
    '01-30-2020',
    '20200130',
    '2023-1-2',
    '1969-12-31',
    '2201-01-01',
    '2023-01-01T00:00:00Z',
  ])('%j is none', (text) => {
    expect(() => parseDate(text)).toThrow(expect.objectContaining({ code: 'date' }));
    expect(() => newYorkMidnight(text)).toThrow(expect.objectContaining({ code: 'date' }));
  });
});
