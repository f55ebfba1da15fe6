/** The day that a file's name tells: a BinaryFILE's own time stamps count from midnight and carry no date. */
import { basename } from 'node:path';

/** Tried in turn. Eight digits are unambiguous, since no month is 19 or 20. */
const PATTERNS = [
  /(?<!\d)(?<year>(?:19|20)\d\d)(?<mark>[-_.]?)(?<month>\d\d)\k<mark>(?<day>\d\d)(?!\d)/g,
  /(?<!\d)(?<month>\d\d)(?<day>\d\d)(?<year>(?:19|20)\d\d)(?!\d)/g,
  /(?<![A-Za-z\d])S(?<month>\d\d)(?<day>\d\d)(?<year>\d\d)(?!\d)/gi,
];

/**
 * The day in a file's name as `YYYY-MM-DD`, or null: `2020-01-30`, `20200130`, `01302020` (as NASDAQ names its
 * day files) or `S013020` (month, day, year).
 */
export function dateFromName(path: string): string | null {
  for (const pattern of PATTERNS) {
    for (const match of basename(path).matchAll(pattern)) {
      const { year = '', month = '', day = '' } = match.groups ?? {};
      const date = `${year.length === 2 ? '20' : ''}${year}-${month}-${day}`;
      if (isDay(date)) return date;
    }
  }
  return null;
}

function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}
