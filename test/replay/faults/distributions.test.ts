/** Draws follow their distributions, on large samples of a fixed seed. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.js';
import { createChooser } from '../../../src/replay/faults/choose.js';
import { createDelayDraw } from '../../../src/replay/faults/delay.js';
import { readDelayTable } from '../../../src/replay/faults/delay-table.js';
import { type Delay, maxDelayNs } from '../../../src/replay/faults/fault.js';
import { parseFaults } from '../../../src/replay/faults/parse.js';

const packets = 400_000;

/** Lengths of the runs of chosen packets. */
function bursts(text: string): { share: number; lengths: number[] } {
  const [{ which }] = parseFaults(`loss ${text}`, '--fault');
  const chooses = createChooser(which, new Random(7));
  const lengths: number[] = [];
  let chosen = 0;
  let length = 0;
  for (let place = 1; place <= packets; place++) {
    if (chooses(place, place, place)) {
      chosen++;
      length++;
    } else if (length > 0) {
      lengths.push(length);
      length = 0;
    }
  }
  return { share: chosen / packets, lengths };
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

function drawn(delay: Delay, count = packets): Float64Array {
  const draw = createDelayDraw(delay, new Random(11));
  return Float64Array.from({ length: count }, () => draw());
}

describe('choosing', () => {
  it('takes a share', () => {
    const { share, lengths } = bursts('2%');
    expect(Math.abs(share - 0.02)).toBeLessThan(0.001);
    expect(Math.abs(mean(lengths) - 1 / 0.98)).toBeLessThan(0.02);
    expect(bursts('0%').share).toBe(0);
    expect(bursts('100%').share).toBe(1);
  });

  it('takes exactly every Nth', () => {
    expect(bursts('every 16').share * packets).toBe(packets / 16);
    expect(bursts('every 7').share * packets).toBeCloseTo(Math.floor(packets / 7), 6);
  });

  it('takes bursts of a mean length that make up a share', () => {
    const { share, lengths } = bursts('burst 5 4%');
    expect(Math.abs(share / 0.04 - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(lengths) / 5 - 1)).toBeLessThan(0.05);
    // Lengths are geometric: a fifth of them is 1, and of those beyond k a fifth ends at k + 1.
    const ones = lengths.filter((length) => length === 1).length;
    const beyond = lengths.filter((length) => length > 4);
    expect(Math.abs(ones / lengths.length - 0.2)).toBeLessThan(0.02);
    expect(Math.abs(beyond.filter((length) => length === 5).length / beyond.length - 0.2)).toBeLessThan(0.03);
  });

  it("follows Gilbert's and Elliott's chain", () => {
    // A third of the time bad: 0.1 / (0.1 + 0.2); 60 % are chosen there, 3 % elsewhere.
    const { share } = bursts('gemodel 10% 20% 60% 3%');
    expect(Math.abs(share - (0.6 / 3 + (0.03 * 2) / 3))).toBeLessThan(0.004);
    expect(bursts('gemodel 0% 50%').share).toBe(0);
    expect(bursts('burst 3 100%').share).toBeGreaterThan(0.9999);
  });
});

describe('delays', () => {
  it('are constant, or evenly spread', () => {
    expect(new Set(drawn({ kind: 'span', span: { least: 5, most: 5 } }, 10))).toEqual(new Set([5]));
    const spread = drawn({ kind: 'span', span: { least: 10, most: 19 } });
    const counts = new Array<number>(20).fill(0);
    for (const value of spread) counts[value]++;
    expect(counts.slice(0, 10)).toEqual(new Array(10).fill(0));
    for (const count of counts.slice(10)) expect(Math.abs(count / (packets / 10) - 1)).toBeLessThan(0.03);
  });

  it('are normal', () => {
    const values = drawn({ kind: 'normal', meanNs: 1_000_000, deviationNs: 100_000 });
    expect(Math.abs(mean(values) / 1e6 - 1)).toBeLessThan(0.001);
    const deviation = Math.sqrt(mean(values.map((value) => (value - 1e6) ** 2)));
    expect(Math.abs(deviation / 1e5 - 1)).toBeLessThan(0.01);
    const within = (deviations: number) =>
      values.filter((value) => Math.abs(value - 1e6) <= deviations * 1e5).length / packets;
    expect(Math.abs(within(1) - 0.6827)).toBeLessThan(0.003);
    expect(Math.abs(within(2) - 0.9545)).toBeLessThan(0.002);
    // Skewed neither way.
    expect(Math.abs(values.filter((value) => value > 1e6).length / packets - 0.5)).toBeLessThan(0.003);
    // What would be below 0 is 0.
    const cut = drawn({ kind: 'normal', meanNs: 0, deviationNs: 1000 });
    expect(Math.min(...cut.slice(0, 1000))).toBe(0);
    expect(Math.abs(cut.filter((value) => value === 0).length / packets - 0.5)).toBeLessThan(0.003);
  });

  it("are Pareto's", () => {
    const values = drawn({ kind: 'pareto', leastNs: 50_000, shape: 3 });
    expect(values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(
      50_000,
    );
    // shape × least / (shape - 1); beyond twice the least 2^-3.
    expect(Math.abs(mean(values) / 75_000 - 1)).toBeLessThan(0.01);
    expect(Math.abs(values.filter((value) => value > 100_000).length / packets - 0.125)).toBeLessThan(0.002);
    // However heavy the tail, none is longer than an hour.
    const heavy = drawn({ kind: 'pareto', leastNs: 1000, shape: 0.1 }, 10_000);
    expect(heavy.reduce((most, value) => Math.max(most, value), 0)).toBe(maxDelayNs);
  });

  it('follow two columns', () => {
    const table = readDelayTable('# delay weight\n100us 3\n2000 1\n\n1ms, 0\n', 'delays.txt');
    const values = drawn({ kind: 'histogram', path: 'delays.txt', table });
    expect(new Set(values)).toEqual(new Set([2000, 100_000]));
    expect(Math.abs(values.filter((value) => value === 2000).length / packets - 0.25)).toBeLessThan(0.003);
  });

  it('follow a percentile distribution', () => {
    const text = `       Value     Percentile TotalCount 1/(1-Percentile)

      10.000 0.000000000000          1           1.00
      20.000 0.500000000000         50           2.00
      20.000 0.600000000000         60           2.50
      60.000 1.000000000000        100
#[Mean    =       25.000, StdDeviation   =       10.000]
#[Values are in units of 1000 ns]
`;
    const table = readDelayTable(text, 'lateness.hgrm');
    const values = drawn({ kind: 'histogram', path: 'lateness.hgrm', table });
    const upTo = (ns: number) => values.filter((value) => value <= ns).length / packets;
    expect(upTo(9999)).toBe(0);
    expect(Math.abs(upTo(15_000) - 0.25)).toBeLessThan(0.003);
    expect(Math.abs(upTo(19_999) - 0.5)).toBeLessThan(0.003);
    expect(Math.abs(upTo(20_000) - 0.6)).toBeLessThan(0.003);
    expect(Math.abs(upTo(40_000) - 0.8)).toBeLessThan(0.003);
    expect(upTo(60_000)).toBe(1);
  });

  it.each([
    ['       Value     Percentile TotalCount\n 1.0 0.5 1\n', 'a percentile distribution without its unit'],
    ['Value Percentile\n 2.0 0.5 1\n 1.0 0.6 2\n#[Values are in units of 1 ns]\n', "line 3: '1.0 0.6 2' is no value"],
    ['Value Percentile\n#[Values are in units of 1 ns]\n', 'no line of values: nothing was recorded'],
    ['100us\n', "line 1: '100us' is not a delay and its weight"],
    ['100us x\n', "line 1: '100us x' is not a delay and its weight"],
    ['1.5 3\n', 'line 1: duration "1.5": the unit is missing'],
    ['2h 1\n', 'line 1: longer than an hour'],
    ['# nothing\n', 'no delay has a weight'],
    ['1us 0\n', 'no delay has a weight'],
  ])('refuse a histogram such as %j', (text, message) => {
    expect(() => readDelayTable(text, 'delays.txt')).toThrow(`delays.txt: ${message}`);
  });
});
