import { describe, expect, test } from 'vitest';
import { parseWhen } from '../../src/core/time.js';
import { CaptureWindow, type WindowOptions } from '../../src/replay/window.js';

/** 2023-08-22, 09:30 in New York. */
const open = 1692711000;

function verdicts(options: WindowOptions, stamps: readonly [number, number][]): string[] {
  const window = new CaptureWindow(options);
  return stamps.map(([seconds, nanoseconds]) => window.check(seconds, nanoseconds));
}

describe('CaptureWindow', () => {
  test('without bounds everything is in', () => {
    expect(
      verdicts({}, [
        [-5, 0],
        [0, 0],
        [open, 999_999_999],
      ]),
    ).toEqual(['in', 'in', 'in']);
  });

  test('absolute: from is in, until is after, to the nanosecond', () => {
    const from = parseWhen('2023-08-22T09:30:00.000000005-04:00');
    const until = parseWhen('2023-08-22T13:30:01.000000001Z');
    const stamps: [number, number][] = [
      [open - 1, 999_999_999],
      [open, 4],
      [open, 5],
      [open, 999_999_999],
      [open + 1, 0],
      [open + 1, 1],
      [open + 2, 0],
      [open + 1, 0],
    ];
    expect(verdicts({ from, until }, stamps)).toEqual(['before', 'before', 'in', 'in', 'in', 'after', 'after', 'in']);
  });

  test("time of day: 1970-01-01 is a day, what lies before New York's is none", () => {
    const midnight = 18_000;
    const from = parseWhen('09:30:00');
    const stamps: [number, number][] = [
      [midnight, 0],
      [midnight + 34_199, 999_999_999],
      [midnight + 34_200, 0],
    ];
    expect(verdicts({ from }, stamps)).toEqual(['before', 'before', 'in']);
    for (const seconds of [midnight - 1, 0, -1, -14_182_980, 8.64e12, Number.NaN]) {
      expect(() => verdicts({ from }, [[seconds, 0]])).toThrow(/its day in New York is not known/);
    }
  });

  test("time of day: New York's, on the first datagram's day", () => {
    const options = { from: parseWhen('09:30:00.000000001'), until: parseWhen('16:00') };
    const close = open + 6.5 * 3600;
    const stamps: [number, number][] = [
      [open - 19_800, 0],
      [open, 0],
      [open, 1],
      [close - 1, 999_999_999],
      [close, 0],
      // The next morning is after, not in again.
      [open + 86_400, 5],
    ];
    expect(verdicts(options, stamps)).toEqual(['before', 'before', 'in', 'in', 'after', 'after']);
    // In winter the same clock time is an hour later in UTC.
    const winter = 1699281000;
    expect(
      verdicts(options, [
        [winter - 1, 999_999_999],
        [winter, 0],
        [winter, 1],
      ]),
    ).toEqual(['before', 'before', 'in']);
    // On the day that the clocks go back, 09:30 is 10.5 hours after midnight.
    const sunday = 1699156800;
    expect(
      verdicts(options, [
        [sunday, 0],
        [sunday + 9.5 * 3600, 1],
        [sunday + 10.5 * 3600, 1],
      ]),
    ).toEqual(['before', 'before', 'in']);
  });

  test('offsets count from the first datagram, wherever its nanoseconds are', () => {
    const options = { from: parseWhen('+1.5s'), until: parseWhen('+2s') };
    const stamps: [number, number][] = [
      [100, 700_000_000],
      [102, 199_999_999],
      [102, 200_000_000],
      [102, 699_999_999],
      [102, 700_000_000],
    ];
    expect(verdicts(options, stamps)).toEqual(['before', 'before', 'in', 'in', 'after']);
  });

  test('an offset that ends on a whole second', () => {
    const options = { from: parseWhen('+0.5s') };
    const stamps: [number, number][] = [
      [100, 500_000_000],
      [100, 999_999_999],
      [101, 0],
    ];
    expect(verdicts(options, stamps)).toEqual(['before', 'before', 'in']);
  });

  test('duration counts from the first datagram inside', () => {
    const options = { from: parseWhen('+1s'), durationNs: 500_000_000 };
    const stamps: [number, number][] = [
      [10, 0],
      [11, 250_000_000],
      [11, 749_999_999],
      [11, 750_000_000],
      [11, 0],
    ];
    expect(verdicts(options, stamps)).toEqual(['before', 'in', 'in', 'after', 'in']);
    expect(
      verdicts({ durationNs: 0 }, [
        [10, 0],
        [11, 0],
      ]),
    ).toEqual(['after', 'after']);
    // The earlier end counts.
    expect(
      verdicts({ until: parseWhen('+1s'), durationNs: 5e9 }, [
        [10, 0],
        [10, 999_999_999],
        [11, 0],
      ]),
    ).toEqual(['in', 'in', 'after']);
  });

  test('the limit counts what is taken, not what is checked', () => {
    const window = new CaptureWindow({ limit: 2 });
    const seen: string[] = [];
    for (let index = 0; index < 5; index++) {
      const verdict = window.check(10, index);
      seen.push(verdict);
      if (verdict === 'in' && index % 2 === 0) window.take();
    }
    expect(seen).toEqual(['in', 'in', 'in', 'after', 'after']);
    expect(verdicts({ limit: 0 }, [[10, 0]])).toEqual(['after']);
  });

  test('bounds stay for the next loop', () => {
    const window = new CaptureWindow({ from: parseWhen('+1s'), until: parseWhen('+2s') });
    const loop = () => [window.check(10, 0), window.check(11, 0), window.check(12, 0)];
    expect([loop(), loop()]).toEqual([
      ['before', 'in', 'after'],
      ['before', 'in', 'after'],
    ]);
  });

  test('a window that ends before it begins is a wrong call', () => {
    const window = new CaptureWindow({ from: parseWhen('+2s'), until: parseWhen('+1s') });
    expect(() => window.check(10, 0)).toThrow(expect.objectContaining({ code: 'window-empty' }));
    expect(() => new CaptureWindow({ limit: -1 })).toThrow(expect.objectContaining({ code: 'window-limit' }));
    expect(() => new CaptureWindow({ limit: Number.NaN })).toThrow(expect.objectContaining({ code: 'window-limit' }));
  });
});
