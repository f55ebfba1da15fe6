/** A bench against its baseline, with figures that are made up, and the picture of a report. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeBench } from '../../../src/cli/bench-text.js';
import { UsageError } from '../../../src/core/errors.js';
import { worstExitCode } from '../../../src/core/exit-code.js';
import { drawFigure } from '../../../src/plot/figure.js';
import { checkSameInput, compare, readBaseline } from '../../../src/run/bench/compare.js';
import { benchFigure } from '../../../src/run/bench/figure.js';
import { type BenchReport, type StageReport, times } from '../../../src/run/bench/report.js';
import { elementsOf, parseXml, type XmlElement } from '../../plot/xml.js';

const folder = mkdtempSync(join(tmpdir(), 'tickreel-compare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const messages = 1000;
/** How much slower the machine was in each round. */
const moods = [1, 1.02, 3, 0.98, 1.5, 1.01, 0.99, 2, 1.03];

function timesOf(nsPerMessage: number, mood = moods): ReturnType<typeof times> {
  return times(
    mood.map((factor) => ({ ns: nsPerMessage * messages * factor })),
    messages,
    32 * messages,
  );
}

function stage(name: string, nsPerMessage: number, mood = moods): StageReport {
  return {
    ...{ name, about: '', repeats: 1, bytes: 32_000, after: null, threads: null, ownNsPerMessage: nsPerMessage },
    ...timesOf(nsPerMessage, mood),
    ...{
      allocatedBytesPerMessage: 0,
      gcNsPerMessage: 0,
      gcShare: 0,
      collectionsPerRun: 0,
      waitedShare: 0,
      checksum: 5,
    },
  };
}

function report(stages: StageReport[], mood = moods): BenchReport {
  const machine = { cpu: 'a processor', cores: 2, memoryBytes: 1, platform: 'linux', node: 'v20', tickreel: '1' };
  const file = { file: 'a.pcap', format: 'pcap', compression: 'none', sizeBytes: 9, measuredBytes: 9, isWhole: true };
  return {
    report: 'tickreel-bench',
    version: 1,
    machine: { ...machine, date: '2026-01-05T00:00:00.000Z', command: 'tickreel bench a.pcap' },
    input: { files: [{ ...file, sha256: 'ab', records: 3 }], inflatedBytes: 9, messages },
    ...{ runs: mood.length, warmUpNs: 0, yardstick: timesOf(5, mood), stages },
    types: [
      {
        ...{ protocol: 'itch50', type: 'A', name: 'AddOrder', messages: 7, nsPerMessage: 10, bestNsPerMessage: 9 },
        ...{ worstNsPerMessage: 11, messagesPerSecond: 1e8 },
      },
    ],
    ...{
      skipped: { inflate: 'the input is not compressed' },
      failures: {},
      inflateShare: null,
      parsers: [],
      ownLatency: null,
      baseline: null,
    },
  };
}

function elementsNamed(root: XmlElement, wanted: string): XmlElement[] {
  return elementsOf(root).filter(({ name }) => name === wanted);
}

/** Each run a little off, so that there are no ties. */
const wobble = moods.map((factor, round) => factor * (1 + ((round * 7) % 5) / 1000));

describe('comparison', () => {
  const before = report([stage('decode', 10, wobble), stage('json', 300, wobble), stage('read-cold', 50)]);

  it('a stage that takes a tenth more is slower', () => {
    const now = report([stage('decode', 11, wobble.toReversed().toReversed()), stage('json', 300, wobble)]);
    const { slower, stages } = compare('old.json', before, now, 0.05);
    expect(slower).toEqual(['decode']);
    expect(stages.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['decode', 'slower'],
      ['json', 'same'],
    ]);
    expect(stages[0]?.timeRatio).toBeCloseTo(1.1, 6);
    expect(stages[0]?.chance).toBeLessThan(0.005);
  });

  it('a change below the least effect is none, however certain', () => {
    const now = report([stage('decode', 10.4, wobble)]);
    expect(compare('old.json', before, now, 0.05).slower).toEqual([]);
    expect(compare('old.json', before, now, 0.03).slower).toEqual(['decode']);
  });

  it('a machine that is half as fast today is no change', () => {
    const slowed = wobble.map((factor) => 2 * factor);
    const now = report(
      [stage('decode', 10, slowed), stage('json', 300, slowed)],
      moods.map((factor) => 2 * factor),
    );
    expect(compare('old.json', before, now, 0.05).stages.map(({ verdict }) => verdict)).toEqual(['same', 'same']);
  });

  it('noise is no change', () => {
    const noisy = [1.6, 0.7, 1.2, 0.9, 1.3, 0.8, 1.1, 1.5, 0.6];
    const then = report(
      [stage('decode', 10, noisy)],
      noisy.map(() => 1),
    );
    const now = report(
      [stage('decode', 11, noisy.toReversed())],
      noisy.map(() => 1),
    );
    expect(compare('old.json', then, now, 0.05).stages[0]?.verdict).toBe('same');
  });

  it('less time is faster, and no regression', () => {
    const { slower, stages } = compare('old.json', before, report([stage('decode', 5, wobble)]), 0.05);
    expect([slower, stages[0]?.verdict]).toEqual([[], 'faster']);
  });

  it('too few runs are said to be too few', () => {
    const three = [1, 1.01, 1.02];
    const then = report([stage('decode', 10, three)], three);
    const now = report([stage('decode', 20, three)], three);
    expect(compare('old.json', then, now, 0.05).stages[0]?.verdict).toBe('too-few-runs');
  });

  it('what the disk did is not held against anybody, and other stages neither', () => {
    const now = report([stage('read-cold', 500), stage('inflate', 1)]);
    expect(compare('old.json', before, now, 0.05).stages).toEqual([]);
  });

  it('another machine is named', () => {
    const now = report([stage('decode', 10, wobble)]);
    const elsewhere = { ...now, machine: { ...now.machine, node: 'v22', cores: 8 } };
    expect(compare('old.json', before, elsewhere, 0.05).differences).toEqual([
      'cores was 2, is 8',
      'node was v20, is v22',
    ]);
  });
});

describe('baseline file', () => {
  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it('is read back', () => {
    const written = report([stage('decode', 10)]);
    expect(readBaseline(file('good.json', JSON.stringify(written)))).toEqual(written);
  });

  it.each([
    ['no file', join(folder, 'none.json'), /There is no file/],
    ['no JSON', file('text.json', 'decode 10 ns'), /is no JSON/],
    ['another JSON', file('other.json', '{"stages":[]}'), /no report of tickreel bench/],
    ['null', file('null.json', 'null'), /no report of tickreel bench/],
    [
      'a report without its runs',
      file('cut.json', JSON.stringify({ ...report([]), stages: [{ name: 'decode' }] })),
      /no report of tickreel bench/,
    ],
    ['a later version', file('later.json', JSON.stringify({ ...report([]), version: 2 })), /of version 2/],
  ])('%s is refused', (_name, path, message) => {
    expect(() => readBaseline(path)).toThrow(UsageError);
    expect(() => readBaseline(path)).toThrow(message);
  });

  it('of other bytes is refused', () => {
    const before = report([]);
    const other = { ...before.input, files: before.input.files.map((one) => ({ ...one, sha256: 'cd' })) };
    expect(() => checkSameInput('old.json', before, other)).toThrow(/measured other bytes, of a\.pcap \(9 bytes\)/);
    expect(() => checkSameInput('old.json', before, before.input)).not.toThrow();
  });
});

describe('exit code', () => {
  it('of a regression is 6, behind failure, damage and a missed rate, before gaps and interruption', () => {
    expect(worstExitCode({ slower: true })).toBe(6);
    expect(worstExitCode({ slower: true, gaps: true, interrupted: true })).toBe(6);
    expect(worstExitCode({ slower: true, rateMissed: true })).toBe(5);
    expect(worstExitCode({ slower: true, damaged: true })).toBe(3);
    expect(worstExitCode({ slower: true, failure: true })).toBe(1);
  });
});

describe('picture', () => {
  it('is well-formed, with a bar a stage, each beginning where the one before ended', () => {
    const chain = [stage('read-warm', 2), stage('frames', 10), { ...stage('network', 30), ownNsPerMessage: 20 }];
    const root = parseXml(drawFigure(benchFigure(report([...chain, stage('end-to-end', 60)]))));
    expect(root.name).toBe('svg');
    const texts = elementsNamed(root, 'text').map(({ text }) => text);
    for (const text of ['read-warm', 'frames', 'network', '2.0 ns', '10.0 ns', '20.0 ns', 'AddOrder A']) {
      expect(texts).toContain(text);
    }
    const bars = elementsNamed(root, 'rect').filter(({ attributes }) => attributes.height === '15');
    const [read, frames, network] = bars.map(({ attributes }) => ({
      from: Number(attributes.x),
      to: Number(attributes.x) + Number(attributes.width),
    }));
    expect(frames?.from).toBeCloseTo(read?.to ?? 0, 1);
    expect(network?.from).toBeCloseTo(frames?.to ?? 0, 1);
    expect(bars).toHaveLength(4);
  });

  it('of nothing is well-formed too', () => {
    expect(parseXml(drawFigure(benchFigure({ ...report([]), types: [] }))).name).toBe('svg');
  });
});

describe('text', () => {
  it('names what was slower and why stages were left out', () => {
    const before = report([stage('decode', 10, wobble)]);
    const now = report([stage('decode', 20, wobble)]);
    const text = describeBench({ ...now, baseline: compare('old.json', before, now, 0.05) });
    expect(text).toMatch(/^decode {2,}20\.\d .* 5$/m);
    expect(text).toMatch(/^ {2}decode +\+100\.0 % {2}p 0\.0000\d+ +slower$/m);
    expect(text).toContain('inflate          left out: the input is not compressed');
  });
});
