import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHistograms, SignedHistogram } from '../../src/core/histogram.js';
import { HistogramLog, percentileDistribution } from '../../src/core/histogram-log.js';
import { Random } from '../../src/core/random.js';

beforeAll(() => initHistograms());

const start = { seconds: 1_692_711_000, nanoseconds: 250_999_999 };

/** Lateness as it is: most of it small, a tail over many decades, now and then early. */
function sample(seed: string, count: number): SignedHistogram {
  const random = new Random(seed);
  const histogram = new SignedHistogram();
  for (let index = 0; index < count; index++) {
    const ns = Math.floor(50 / (random.float() + 1e-9));
    histogram.record(random.below(10) === 0 ? -ns : ns);
  }
  return histogram;
}

describe('interval log', () => {
  test('header, tagged lines, a second line for negatives, nothing for nothing', () => {
    const log = new HistogramLog();
    expect(log.header(start, 'tickreel replay\nof one.pcap')).toBe(
      [
        '#[tickreel replay of one.pcap]',
        '#[Histogram log format version 1.3]',
        '#[Values are in ns, Interval_Max in ms; a tag names the histogram]',
        '#[StartTime: 1692711000.250 (seconds since epoch), 2023-08-22T13:30:00.250Z]',
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        '',
      ].join('\n'),
    );
    const histogram = new SignedHistogram();
    expect(log.interval('sendLateness', histogram, 0, 1e9)).toBe('');
    histogram.record(-2_000_000);
    expect(log.interval('gapError', histogram, 1e9, 2.5e9)).toMatch(
      /^Tag=gapError-negative,1\.000,1\.500,2\.000,HIST[\w+/=]+\n$/,
    );
    histogram.record(5);
    const lines = log.interval('gapError', histogram, 2.5e9, 3e9).split('\n');
    expect(lines.map((line) => line.replace(/HIST.*/, ''))).toEqual([
      'Tag=gapError,2.500,0.500,0.000,',
      'Tag=gapError-negative,2.500,0.500,2.000,',
      '',
    ]);
    const decoded = decodeFromCompressedBase64(lines[0].slice(lines[0].indexOf('HIST')), 64);
    expect([decoded.totalCount, decoded.maxValue]).toEqual([1, 5]);
    histogram.destroy();
  });

  test.each(['', 'a,b', 'a b', 'a\nb', 'a"b'])('a name that would break the line is refused: %j', (name) => {
    const histogram = new SignedHistogram();
    expect(() => new HistogramLog().interval(name, histogram, 0, 1)).toThrow(
      expect.objectContaining({ code: 'histogram-name' }),
    );
    histogram.destroy();
  });
});

describe('percentile distribution', () => {
  test('values, percentiles, counts, and the unit', () => {
    const histogram = new SignedHistogram();
    for (const ns of [1005, 1005, 1005, 2040]) histogram.record(ns);
    expect(percentileDistribution(histogram.positive).split('\n')).toEqual([
      '       Value     Percentile TotalCount 1/(1-Percentile)',
      '',
      '       1.005 0.000000000000          3           1.00',
      '       1.005 0.100000000000          3           1.11',
      '       1.005 0.200000000000          3           1.25',
      '       1.005 0.300000000000          3           1.43',
      '       1.005 0.400000000000          3           1.67',
      '       1.005 0.500000000000          3           2.00',
      '       1.005 0.550000000000          3           2.22',
      '       1.005 0.600000000000          3           2.50',
      '       1.005 0.650000000000          3           2.86',
      '       1.005 0.700000000000          3           3.33',
      '       1.005 0.750000000000          3           4.00',
      '       2.040 0.775000000000          4           4.44',
      '       2.040 1.000000000000          4',
      '#[Mean    =        1.264, StdDeviation   =        0.448]',
      '#[Max     =        2.040, Total count    =            4]',
      '#[Buckets =           18, SubBuckets     =         2048]',
      '#[Values are in units of 1000 ns]',
      '',
    ]);
    histogram.destroy();
  });
});

/** Prints tag, start and end in ms, count, some percentiles and the whole distribution of every line of a log. */
const javaReader = `
import java.io.*;
import org.HdrHistogram.*;
public class Prog {
  public static void main(String[] args) throws Exception {
    HistogramLogReader reader = new HistogramLogReader(new File(args[0]));
    EncodableHistogram next;
    while ((next = reader.nextIntervalHistogram()) != null) {
      Histogram h = (Histogram) next;
      System.out.print(h.getTag() + " " + h.getStartTimeStamp() + " " + h.getEndTimeStamp() + " " + h.getTotalCount());
      for (double p : new double[] {50, 90, 99, 99.9, 99.99, 100}) System.out.print(" " + h.getValueAtPercentile(p));
      System.out.println();
      if (args.length > 1) h.outputPercentileDistribution(System.out, 1000.0);
    }
  }
}
`;

const jar = ['/usr/share/java/hdrhistogram.jar', '/usr/share/java/HdrHistogram.jar'].find((path) => existsSync(path));

function hasJava(): boolean {
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const missing = jar === undefined ? 'no hdrhistogram.jar (Debian: libhdrhistogram-java)' : hasJava() ? '' : 'no java';
if (missing) console.log(`skipped: interval logs read by the Java HdrHistogram: ${missing}`);

describe.skipIf(missing !== '')('the Java HdrHistogram', () => {
  function readWithJava(log: string, ...flags: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'tickreel-hlog-'));
    try {
      writeFileSync(join(folder, 'Prog.java'), javaReader);
      writeFileSync(join(folder, 'run.hlog'), log);
      const parts = ['-cp', jar ?? '', join(folder, 'Prog.java'), join(folder, 'run.hlog'), ...flags];
      return execFileSync('java', parts, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test('reads the interval log: tags, times, counts, percentiles', { timeout: 60_000 }, () => {
    const log = new HistogramLog();
    let text = log.header(start, 'three intervals of two histograms');
    const expected: string[] = [];
    for (let second = 0; second < 3; second++) {
      for (const name of ['sendLateness', 'gapError']) {
        const histogram = sample(`${name}${second}`, 20_000);
        text += log.interval(name, histogram, second * 1e9, (second + 1) * 1e9);
        for (const [tag, side] of [
          [name, histogram.positive] as const,
          [`${name}-negative`, histogram.negative] as const,
        ]) {
          if (side === null) throw new Error('the sample has values of both signs');
          const startMs = 1_692_711_000_250 + second * 1000;
          const values = [50, 90, 99, 99.9, 99.99, 100].map((percent) => side.getValueAtPercentile(percent));
          expected.push([tag, startMs, startMs + 1000, side.totalCount, ...values].join(' '));
        }
        histogram.destroy();
      }
    }
    expect(readWithJava(text).trim().split('\n')).toEqual(expected);
  });

  test('prints the same percentile distribution', { timeout: 60_000 }, () => {
    const log = new HistogramLog();
    const histogram = sample('distribution', 50_000);
    const text = log.header(start, 'one') + log.interval('sendLateness', histogram, 0, 1e9).replace(/\n.*/s, '\n');
    const printed = readWithJava(text, 'distribution').split('\n').slice(1).join('\n');
    // Ours says the unit in a last line of its own; Java's copy has only the room that it needs.
    const comparable = (lines: string) => lines.split('\n').filter((line) => !/^#\[(Buckets|Values)/.test(line));
    expect(comparable(percentileDistribution(histogram.positive))).toEqual(comparable(printed));
    histogram.destroy();
  });
});
