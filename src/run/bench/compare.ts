/**
 * Whether a bench has become slower than an earlier one, stage by stage.
 *
 * What is compared is each run's time as a multiple of the yardstick's in the same round: a machine that is slower
 * today, or was for a minute, is so for both. A stage has become slower where its median multiple is higher by the
 * least effect, and the exact rank-sum test (see `core/rank-test.ts`) gives that less than one chance in a hundred,
 * divided by the number of stages that are tested (Bonferroni), if nothing had changed.
 */
import { readFileSync } from 'node:fs';
import { UsageError } from '../../core/errors.js';
import { chanceOfHigher, leastChance, median } from '../../core/rank-test.js';
import { unreadable } from '../../io/raw-bytes.js';
import type { BenchReport } from './report.js';

/** One stage against its baseline. */
export interface StageComparison {
  readonly name: string;
  /** The medians' ratio, each by its yardstick: 1.1 is a tenth slower. */
  readonly timeRatio: number;
  /** Of this or a clearer difference, if nothing had changed. */
  readonly chance: number;
  readonly verdict: 'slower' | 'faster' | 'same' | 'too-few-runs';
}

export interface Comparison {
  readonly file: string;
  readonly date: string;
  readonly test: string;
  readonly leastEffect: number;
  /** A chance below it counts: one in a hundred by the number of stages. */
  readonly significance: number;
  /** What of machine and Node differs, in words: the comparison is of them too then. */
  readonly differences: readonly string[];
  readonly stages: readonly StageComparison[];
  /** Names of the stages that have become slower. */
  readonly slower: readonly string[];
}

const chanceOfError = 0.01;
/** It depends on the disk and what else is done with it. */
const untested = ['read-cold'];

/** What a baseline must have. */
type Baseline = Pick<BenchReport, 'machine' | 'input' | 'yardstick' | 'stages' | 'parsers'>;

/** Reads an earlier report; throws UsageError where it is none. */
export function readBaseline(path: string): Baseline {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError('baseline', `--baseline: ${unreadable(path, error as NodeJS.ErrnoException).message}`);
  }
  let report: Partial<BenchReport>;
  try {
    report = JSON.parse(text) as Partial<BenchReport>;
  } catch (error) {
    throw new UsageError('baseline', `--baseline ${path} is no JSON: ${(error as Error).message}`);
  }
  const isReport = report !== null && typeof report === 'object' && report.report === 'tickreel-bench';
  const hasRuns = isReport && isTimes(report.yardstick) && Array.isArray(report.stages) && report.stages.every(isTimes);
  if (!hasRuns || !report.machine || !report.input?.files) {
    throw new UsageError('baseline', `--baseline ${path} is no report of tickreel bench --json`);
  }
  if (report.version !== 1) {
    throw new UsageError('baseline', `--baseline ${path} is of version ${report.version}, and this reads version 1`);
  }
  return { parsers: [], ...report } as Baseline;
}

function isTimes(value: unknown): boolean {
  const runs = (value as { runsNs?: unknown } | undefined)?.runsNs;
  return Array.isArray(runs) && runs.length > 0 && runs.every((ns) => typeof ns === 'number' && ns > 0);
}

/** Before anything is measured: throws UsageError where the baseline is of another input. */
export function checkSameInput(path: string, baseline: Baseline, now: BenchReport['input']): void {
  const hashes = (input: BenchReport['input']): string => input.files.map(({ sha256 }) => sha256).join(' ');
  if (hashes(baseline.input) === hashes(now)) return;
  const names = baseline.input.files.map(({ file, measuredBytes }) => `${file} (${measuredBytes} bytes)`).join(', ');
  throw new UsageError(
    'baseline-input',
    `--baseline ${path} measured other bytes, of ${names}: measure the same input, with the same --sample`,
  );
}

/** Compares; `leastEffect` is a share, as in 0.05. */
export function compare(path: string, baseline: Baseline, now: BenchReport, leastEffect: number): Comparison {
  const before = new Map(timed(baseline).map((one) => [one.name, one.runsNs]));
  const both = timed(now).filter(({ name }) => before.has(name) && !untested.includes(name));
  const significance = chanceOfError / Math.max(1, both.length);
  const stages = both.map(({ name, runsNs }): StageComparison => {
    const earlier = scaled(before.get(name) as readonly number[], baseline.yardstick.runsNs);
    const later = scaled(runsNs, now.yardstick.runsNs);
    const timeRatio = median(later) / median(earlier);
    const [slower, faster] = [chanceOfHigher(earlier, later), chanceOfHigher(later, earlier)];
    const sound = { name, timeRatio, chance: Math.min(slower, faster) };
    if (leastChance(earlier.length, later.length) >= significance) return { ...sound, verdict: 'too-few-runs' };
    if (timeRatio >= 1 + leastEffect && slower < significance) return { ...sound, verdict: 'slower' };
    if (timeRatio <= 1 / (1 + leastEffect) && faster < significance) return { ...sound, verdict: 'faster' };
    return { ...sound, verdict: 'same' };
  });
  return {
    file: path,
    date: baseline.machine.date,
    test: 'exact rank-sum test (Wilcoxon, Mann and Whitney) of times by the yardstick of their round',
    leastEffect,
    significance,
    differences: differencesOf(baseline.machine, now.machine),
    stages,
    slower: stages.filter(({ verdict }) => verdict === 'slower').map(({ name }) => name),
  };
}

function timed({ stages, parsers }: Pick<BenchReport, 'stages' | 'parsers'>) {
  return [...stages, ...parsers].flatMap(({ name, runsNs }) => (runsNs === undefined ? [] : [{ name, runsNs }]));
}

/** Each run by the yardstick of its round; of a run that was cut short the last rounds may lack one. */
function scaled(runsNs: readonly number[], yardstickNs: readonly number[]): number[] {
  return runsNs.slice(0, yardstickNs.length).map((ns, round) => ns / yardstickNs[round]);
}

function differencesOf(before: BenchReport['machine'], now: BenchReport['machine']): string[] {
  const keys = ['cpu', 'cores', 'platform', 'node', 'tickreel'] as const;
  return keys.filter((key) => before[key] !== now[key]).map((key) => `${key} was ${before[key]}, is ${now[key]}`);
}
