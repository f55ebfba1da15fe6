import { expect, test } from 'vitest';
import { dateFromName } from '../../src/io/file-date.js';

test.each([
  ['01302020.NASDAQ_ITCH50', '2020-01-30'],
  ['/data/2019-01-01/01302020.NASDAQ_ITCH50.gz', '2020-01-30'],
  ['aapl-20200130-10k.bin', '2020-01-30'],
  ['20200130', '2020-01-30'],
  ['day_2020-01-30.itch', '2020-01-30'],
  ['2020_01_30.itch', '2020-01-30'],
  ['2020.01.30.itch', '2020-01-30'],
  ['S013020-v50.txt.gz', '2020-01-30'],
  ['s013020.itch', '2020-01-30'],
  ['10122011.itch', '2011-10-12'],
  ['20111012.itch', '2011-10-12'],
  ['20200229', '2020-02-29'],
])('%s is of %s', (name, date) => {
  expect(dateFromName(name)).toBe(date);
});

test.each([
  '-',
  'day-prefix-35k.itch',
  '/2020-01-30/day.itch',
  '20210229',
  '20201301',
  '13302020',
  '120200130',
  '202001301',
  '2020-01_30',
  'ITCHS013020',
  'S133020',
])('%s tells no day', (name) => {
  expect(dateFromName(name)).toBeNull();
});
