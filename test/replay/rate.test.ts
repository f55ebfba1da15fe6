import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatRate, parseRate, parseSpeed, type Rate } from '../../src/replay/rate.js';

const original = (numerator: number, denominator = 1): Rate => ({
  mode: 'original',
  speedup: { numerator, denominator },
});
const paced = (mode: 'messages' | 'packets' | 'bits', numerator: number, denominator = 1): Rate => ({
  mode,
  perSecond: { numerator, denominator },
});

describe('--speed', () => {
  test.each<[string, Rate, string]>([
    ['10x', original(10), '10x'],
    ['0.5x', original(1, 2), '0.5x'],
    ['.1x', original(1, 10), '0.1x'],
    ['1/3x', original(1, 3), '1/3x'],
    ['1.000x', original(1), '1x'],
    ['1 x', original(1), '1x'],
    ['50Mmsg/s', paced('messages', 50e6), '50Mmsg/s'],
    ['50Mps', paced('messages', 50e6), '50Mmsg/s'],
    ['0.5Mps', paced('messages', 500_000), '500kmsg/s'],
    ['50msg/s', paced('messages', 50), '50msg/s'],
    ['1msgs/s', paced('messages', 1), '1msg/s'],
    ['2.5kmsgs/s', paced('messages', 2500), '2.5kmsg/s'],
    ['1/3msg/s', paced('messages', 1, 3), '1/3msg/s'],
    ['100kpps', paced('packets', 100_000), '100kpps'],
    ['99.5kpps', paced('packets', 99_500), '99.5kpps'],
    ['0.1pps', paced('packets', 1, 10), '0.1pps'],
    ['3packets/s', paced('packets', 3), '3pps'],
    ['1Gpps', paced('packets', 1e9), '1Gpps'],
    ['1Gbps', paced('bits', 1e9), '1Gbps'],
    ['1.2345Gbps', paced('bits', 1_234_500_000), '1.2345Gbps'],
    ['10Mbit/s', paced('bits', 10e6), '10Mbps'],
    ['9600bits/s', paced('bits', 9600), '9.6kbps'],
    ['1000000Gbps', paced('bits', 1e15), '1000000Gbps'],
    [' max ', { mode: 'max' }, 'max'],
  ])('%s', (text, rate, formatted) => {
    expect(parseSpeed(text)).toEqual(rate);
    expect(formatRate(rate)).toBe(formatted);
    expect(parseSpeed(formatted)).toEqual(rate);
  });

  test.each([
    [
      '50mps',
      '--speed 50mps: "mps" reads as 50 messages a second (write 50msg/s) or 50 million (write 50Mmsg/s or 50Mps)',
    ],
    ['50MPS', 'reads as 50 messages a second'],
    ['10', '10 of what? Write 10x, 10pps, 10msg/s or 10bps'],
    ['', 'not a rate, write 10x'],
    ['x', 'not a rate'],
    ['fast', 'not a rate'],
    ['MAX', 'not a rate'],
    ['-5x', 'a rate cannot be negative'],
    ['−5pps', 'a rate cannot be negative'],
    ['0x', 'a rate of zero would never end'],
    ['0.000kpps', 'a rate of zero would never end'],
    ['NaNx', 'not a rate'],
    ['1e6pps', 'not a rate'],
    ['1,000pps', 'not a rate'],
    ['10%', 'not a rate'],
    ['1/0x', '"1/0" is not a plain number or fraction above 0'],
    ['1..5x', '"1..5" is not a plain number'],
    ['1/3.5pps', 'is not a plain number'],
    ['9999999999999999x', 'of at most 15 digits'],
    ['1000001Gbps', 'at most 15 digits (after the unit is multiplied out)'],
    ['0.0000001pps', 'less than one in 104 days cannot be scheduled'],
    ['1gbps', '"gbps" is not a unit, did you mean 1Gbps?'],
    ['100Kpps', '"Kpps" is not a unit, did you mean 100kpps?'],
    ['5mbps', 'did you mean 5Mbps?'],
    ['100PPS', 'did you mean 100pps?'],
    ['10X', 'did you mean 10x?'],
    ['2kx', '"kx" is not a unit, write 10x'],
    ['1GBps', 'rates are in bits, write 1 × 8 with Gbps'],
    ['50kps', '"kps" is not a unit, write'],
    ['50Mmps', '"Mmps" is not a unit'],
    ['5Tbps', '"Tbps" is not a unit'],
    ['5kMpps', '"kMpps" is not a unit'],
    ['5toString', '"toString" is not a unit'],
  ])('%j is refused', (text, reason) => {
    expect(() => parseSpeed(text)).toThrow(reason);
    expect(() => parseSpeed(text)).toThrow(
      expect.objectContaining({ name: 'UsageError', code: expect.stringMatching(/^rate/) }),
    );
  });

  test('any text is a rate or a UsageError', () => {
    const piece = fc.constantFrom(
      '1',
      '0',
      '.',
      '/',
      'x',
      'k',
      'M',
      'G',
      'm',
      'p',
      's',
      'b',
      'msg',
      ' ',
      '-',
      'e',
      'max',
      'B',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            const rate = parseSpeed(text);
            expect(parseSpeed(formatRate(rate))).toEqual(rate);
          } catch (error) {
            expect(error).toMatchObject({ name: 'UsageError' });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('rate options', () => {
  test.each<[Parameters<typeof parseRate>[0], Rate]>([
    [{}, original(1)],
    [{ speed: '10x' }, original(10)],
    [{ multiplier: '10' }, original(10)],
    [{ multiplier: '0.25x' }, original(1, 4)],
    [{ pps: '100000' }, paced('packets', 100_000)],
    [{ pps: '0.5' }, paced('packets', 1, 2)],
    [{ mbps: '1000' }, paced('bits', 1e9)],
    [{ mbps: '0.1' }, paced('bits', 100_000)],
    [{ topspeed: true }, { mode: 'max' }],
    [{ topspeed: false, pps: '1' }, paced('packets', 1)],
  ])('%j', (options, rate) => {
    expect(parseRate(options)).toEqual(rate);
  });

  test.each([
    [{ speed: '10x', pps: '5' }, '--speed 10x and --pps 5 each set the rate: give one of them'],
    [{ multiplier: '2', mbps: '1' }, '--multiplier 2 and --mbps 1 each set'],
    [{ speed: 'max', topspeed: true }, '--speed max and --topspeed each set'],
    // Both named although one of them is wrong as well.
    [{ speed: 'nonsense', multiplier: '2' }, '--speed nonsense and --multiplier 2 each set'],
    [{ speed: '1x', multiplier: '2', pps: '3' }, '--speed 1x and --multiplier 2 and --pps 3 each set'],
    [{ multiplier: '0' }, '--multiplier 0: a rate of zero'],
    [{ multiplier: '10pps' }, '--multiplier 10pps: "10pps" is not a plain number'],
    [{ multiplier: '' }, '--multiplier : the number is missing'],
    [{ pps: '-1' }, '--pps -1: "-1" is not a plain number'],
    [{ pps: '10k' }, '--pps 10k: "10k" is not a plain number'],
    [{ mbps: 'NaN' }, '--mbps NaN: "NaN" is not a plain number'],
    [{ mbps: 'Infinity' }, '"Infinity" is not a plain number'],
    [{ mbps: '99999999999' }, 'at most 15 digits'],
  ])('%j is refused', (options, reason) => {
    expect(() => parseRate(options)).toThrow(reason);
  });
});
