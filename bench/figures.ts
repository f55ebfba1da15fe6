/** From the times of a bench's runs to its report and its table. */
import { execFileSync } from 'node:child_process';
import type { BenchCase } from './cases.js';
import type { Input } from './corpus.js';
import { type Goal, goals } from './goals.js';
import { type Machine, machineOf } from './machine.js';
import { mdpSeed } from './mdp-session.js';
import { sessionSeed } from './session.js';

/** What was measured of a case: a time a round. */
export interface Measured {
  readonly name: string;
  readonly per: BenchCase['per'];
  readonly input: Omit<Input, 'bytes'>;
  readonly bytes: number;
  readonly ns: readonly number[];
  readonly checksum: number;
}

/** The figures of a case; times are the best of the rounds where they don't say otherwise. */
export interface Figures {
  readonly entriesPerSecond?: number;
  readonly nsPerEntry?: number;
  readonly medianNsPerEntry?: number;
  readonly worstNsPerEntry?: number;
  readonly msPerStart?: number;
  readonly medianMsPerStart?: number;
  readonly worstMsPerStart?: number;
  readonly messagesPerSecond: number;
  readonly nsPerMessage: number;
  readonly bytesPerSecond: number;
  readonly checksum: number;
  readonly input: {
    readonly name: string;
    readonly messages: number;
    readonly entries?: number;
    readonly sha256: string;
  };
  readonly medianNsPerMessage: number;
  readonly worstNsPerMessage: number;
  readonly rounds: number;
}

/** How a case stands to its goal. */
export interface Standing {
  readonly name: string;
  readonly unit: Goal['unit'];
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What was reached; null where it was not measured in this run. */
  readonly value: number | null;
  readonly isReached: boolean | null;
  /** The time of the C loop divided by the case's: above 1 the case is ahead of it. Null where there is none. */
  readonly aheadOfC: number | null;
}

export interface BenchReport {
  readonly machine: Machine & {
    readonly compiler: string | null;
    readonly seed: number;
    readonly mdpSeed: number;
  };
  readonly cases: Readonly<Record<string, Figures>>;
  readonly goals: readonly Standing[];
  /** Why a case was left out, by its name. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** The report of a run, as `--json` writes it. */
export function benchReport(measured: readonly Measured[], skipped: Readonly<Record<string, string>>): BenchReport {
  const cases = Object.fromEntries(measured.map((one) => [one.name, figuresOf(one)]));
  return {
    machine: { ...machineOf('bench'), compiler: compilerVersion(), seed: sessionSeed, mdpSeed },
    cases,
    goals: goals.map((goal) => standing(goal, cases)),
    skipped,
  };
}

/** Best, median and worst of the rounds. */
export function figuresOf({ per, input, bytes, ns, checksum }: Measured): Figures {
  const sorted = ns.toSorted((a, b) => a - b);
  const best = sorted[0] as number;
  const { name, messages: count, entries, sha256 } = input;
  const [medianNs, worstNs] = [sorted[sorted.length >> 1] as number, sorted.at(-1) as number];
  const perEntry = {
    entriesPerSecond: (entries / best) * 1e9,
    nsPerEntry: best / entries,
    medianNsPerEntry: medianNs / entries,
    worstNsPerEntry: worstNs / entries,
  };
  const perStart = { msPerStart: best / 1e6, medianMsPerStart: medianNs / 1e6, worstMsPerStart: worstNs / 1e6 };
  return {
    ...(per === 'entry' ? perEntry : {}),
    ...(per === 'start' ? perStart : {}),
    messagesPerSecond: (count / best) * 1e9,
    nsPerMessage: best / count,
    bytesPerSecond: (bytes / best) * 1e9,
    checksum,
    input: { name, messages: count, ...(per === 'entry' ? { entries } : {}), sha256 },
    medianNsPerMessage: medianNs / count,
    worstNsPerMessage: worstNs / count,
    rounds: sorted.length,
  };
}

/** Holds a goal to what was measured. */
export function standing(goal: Goal, cases: Readonly<Record<string, Figures>>): Standing {
  const { name, unit, atLeast, atMost } = goal;
  const found = cases[name];
  const than = goal.than === undefined ? undefined : cases[goal.than];
  const floor = goal.floor === undefined ? undefined : cases[goal.floor];
  const value = found === undefined ? null : valueIn(unit, found, than);
  const sound = {
    name,
    unit,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
  };
  return {
    ...sound,
    value,
    isReached: value === null ? null : value >= (atLeast ?? 0) && value <= (atMost ?? Number.POSITIVE_INFINITY),
    aheadOfC: found === undefined || floor === undefined ? null : floor.nsPerMessage / found.nsPerMessage,
  };
}

function valueIn(unit: Goal['unit'], found: Figures, than: Figures | undefined): number | null {
  switch (unit) {
    case 'M messages/s':
      return found.messagesPerSecond / 1e6;
    case 'ns an entry':
      return found.nsPerEntry ?? null;
    case 'ms a start':
      return found.msPerStart ?? null;
    case 'times as fast':
      return than === undefined ? null : than.nsPerMessage / found.nsPerMessage;
  }
}

/** The columns of a case: rate, best, median and worst time in ns (of starts, ms), GB/s and checksum. */
export function rowOf(name: string, figures: Figures): string[] {
  const { nsPerEntry, medianNsPerEntry, worstNsPerEntry, msPerStart, medianMsPerStart, worstMsPerStart } = figures;
  const { nsPerMessage, medianNsPerMessage, worstNsPerMessage, bytesPerSecond, checksum } = figures;
  if (msPerStart !== undefined) {
    const ms = [msPerStart, medianMsPerStart ?? 0, worstMsPerStart ?? 0].map((value) => `${value.toFixed(1)} ms`);
    return [name, 'start', '', ...ms, '', String(checksum)];
  }
  const ns =
    nsPerEntry === undefined
      ? [nsPerMessage, medianNsPerMessage, worstNsPerMessage]
      : [nsPerEntry, medianNsPerEntry ?? 0, worstNsPerEntry ?? 0];
  const rate = (1e3 / (ns[0] as number)).toFixed(2);
  const per = nsPerEntry === undefined ? 'message' : 'entry';
  return [name, per, rate, ...ns.map((value) => value.toFixed(1)), (bytesPerSecond / 1e9).toFixed(2), String(checksum)];
}

/** The table for people. */
export function tableOf({ cases, goals: standings }: Pick<BenchReport, 'cases' | 'goals'>): string {
  const head = ['case', 'per', 'M/s', 'best ns', 'median', 'worst', 'GB/s', 'checksum', 'goal'];
  const rows = Object.entries(cases).map(([name, figures]) => {
    const goal = standings.find((one) => one.name === name);
    return [...rowOf(name, figures), goal === undefined ? '' : goalText(goal)];
  });
  return [head, ...rows]
    .map((row) =>
      row.map((cell, index) => (index === 0 ? cell.padEnd(24) : index === 8 ? `  ${cell}` : cell.padStart(11))),
    )
    .map((cells) => `${cells.join('').trimEnd()}\n`)
    .join('');
}

/** A goal in words: `at least 100 M messages/s: reached`. */
export function goalText({ atLeast, atMost, unit, value, isReached }: Standing): string {
  const asked = atLeast === undefined ? `at most ${atMost} ${unit}` : `at least ${atLeast} ${unit}`;
  if (value === null) return asked;
  return `${asked}: ${isReached ? 'reached' : 'not reached'}`;
}

function compilerVersion(): string | null {
  try {
    return execFileSync('gcc', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0];
  } catch {
    return null;
  }
}
