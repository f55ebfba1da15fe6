/** A bench's report as `--json` prints it: every figure with its unit, and every run, so that it can be a baseline. */
import { cpus, release, totalmem } from 'node:os';
import { median } from '../../core/rank-test.js';
import type { Comparison } from './compare.js';
import type { BenchOutcome, BenchSpec, MeasuredCommand, MeasuredStage } from './measure.js';
import type { PacedResult } from './paced.js';
import type { LatencyBy } from './parser-command.js';
import type { Sample } from './sample.js';

/** Times of repeated runs; the rates are those of the median. */
export interface Times {
  readonly medianNs: number;
  readonly bestNs: number;
  readonly worstNs: number;
  /** From the best to the worst, as a share of the median. */
  readonly spread: number;
  readonly nsPerMessage: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Of each run, in the order of the rounds. */
  readonly runsNs: readonly number[];
}

export interface StageReport extends Times {
  readonly name: string;
  readonly about: string;
  /** How often a run went over the input. */
  readonly repeats: number;
  readonly bytes: number;
  /** Without the stage that is contained in it; null where that was not measured. */
  readonly ownNsPerMessage: number | null;
  readonly after: string | null;
  /** Of a stage by several threads: how many, and how many times as fast it is as the same by one. */
  readonly threads: { readonly count: number; readonly beside: string; readonly speedup: number } | null;
  readonly allocatedBytesPerMessage: number;
  readonly gcNsPerMessage: number;
  /** Of its time. */
  readonly gcShare: number;
  readonly collectionsPerRun: number;
  /** What its thread waited for a processor that others had, as a share of all; that is not in its times. */
  readonly waitedShare: number;
  readonly checksum: number;
}

export interface TypeReport {
  readonly protocol: 'itch50' | 'mdp3';
  readonly type: string;
  readonly name: string;
  readonly messages: number;
  readonly nsPerMessage: number;
  readonly bestNsPerMessage: number;
  readonly worstNsPerMessage: number;
  readonly messagesPerSecond: number;
}

export interface ParserReport extends Partial<Times> {
  readonly name: string;
  readonly kind: 'module' | 'command';
  /** What the time includes, in words. */
  readonly includes: string;
  /** Of a module that has one. */
  readonly checksum: number | null;
  readonly allocatedBytesPerMessage: number | null;
  readonly gcShare: number | null;
  /** What a command counted in its last run; null of one that doesn't count, and of modules. */
  readonly counted: number | null;
  /** Packets that did not arrive, of one fed over UDP, in all runs. */
  readonly lost: number;
  readonly latency: (PacedResult & { readonly includes: string }) | null;
  readonly failure: string | null;
}

export interface BenchReport {
  readonly report: 'tickreel-bench';
  readonly version: 1;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly platform: string;
    readonly node: string;
    readonly tickreel: string;
    readonly date: string;
    readonly command: string;
  };
  readonly input: {
    readonly files: readonly {
      readonly file: string;
      readonly format: string;
      readonly compression: string;
      readonly sizeBytes: number;
      /** Of the part that was measured, as stored; the hash is of it. */
      readonly measuredBytes: number;
      readonly isWhole: boolean;
      readonly sha256: string;
      readonly records: number;
    }[];
    readonly inflatedBytes: number;
    readonly messages: number;
  };
  readonly runs: number;
  readonly warmUpNs: number;
  readonly yardstick: Times;
  readonly stages: readonly StageReport[];
  /**
   * What inflating takes by itself, as a share of end to end: near 1 where it bounds the whole, for the rest is done
   * meanwhile. Null where the input is not compressed, or one of the two was not measured.
   */
  readonly inflateShare: number | null;
  readonly types: readonly TypeReport[];
  readonly skipped: Readonly<Record<string, string>>;
  readonly failures: Readonly<Record<string, string>>;
  readonly parsers: readonly ParserReport[];
  /** Our own decoding of every field at the same pace as the parsers; null where nothing was paced. */
  readonly ownLatency: PacedResult | null;
  /** Null where there was no baseline. */
  readonly baseline: Comparison | null;
}

/** The report, without a comparison; `yardstick` is the outcome's. */
export function benchReport(
  outcome: BenchOutcome,
  yardstick: MeasuredStage,
  spec: BenchSpec,
  version: string,
  command: string,
): BenchReport {
  const { sample, skipped, failures } = outcome;
  const stages = stageReports(outcome, spec.threads);
  return {
    report: 'tickreel-bench',
    version: 1,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch} ${release()}`,
      node: process.version,
      tickreel: version,
      date: new Date().toISOString(),
      command,
    },
    input: inputReport(sample),
    runs: spec.runs,
    warmUpNs: spec.warmUpNs,
    yardstick: times(yardstick.runs, sample.messages, bytesOf(yardstick, outcome)),
    stages,
    inflateShare: inflateShareOf(stages),
    types: typeReports(outcome),
    skipped,
    failures,
    parsers: [
      ...outcome.parsers.map((one) => moduleReport(one, outcome)),
      ...outcome.commands.map((one) => commandReport(one, outcome)),
    ],
    ownLatency: outcome.stages.find(({ name }) => name === 'decode')?.paced ?? null,
    baseline: null,
  };
}

const typesStage = 'decode-types';

/** What was measured over. */
export function inputReport({ files, messages, byteCount }: Sample): BenchReport['input'] {
  return {
    files: files.map(({ path, format, compression, sizeBytes, storedBytes, isWhole, sha256, records }) => ({
      ...{ file: path, format, compression, sizeBytes, measuredBytes: storedBytes, isWhole, sha256, records },
    })),
    inflatedBytes: byteCount,
    messages,
  };
}

/** Median, best and worst of runs. */
export function times(runs: readonly { readonly ns: number }[], messages: number, bytes: number): Times {
  const runsNs = runs.map(({ ns }) => ns);
  const medianNs = median(runsNs);
  const [bestNs, worstNs] = [Math.min(...runsNs), Math.max(...runsNs)];
  return {
    medianNs,
    bestNs,
    worstNs,
    spread: (worstNs - bestNs) / medianNs,
    nsPerMessage: medianNs / messages,
    messagesPerSecond: (messages / medianNs) * 1e9,
    bytesPerSecond: (bytes / medianNs) * 1e9,
    runsNs,
  };
}

function bytesOf({ stage }: MeasuredStage, { sample }: BenchOutcome): number {
  const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);
  if (stage?.bytes === 'stored') return sum(sample.files.map(({ storedBytes }) => storedBytes));
  if (stage?.bytes === 'inflated') return sample.byteCount;
  return sum(sample.regions.map(({ byteCount }) => byteCount));
}

function stageReports(outcome: BenchOutcome, threads: number): StageReport[] {
  const { messages } = outcome.sample;
  // What is told of types is in `types`: repetitions make the whole of their runs say nothing.
  const measured = outcome.stages.filter(({ runs, stage }) => runs.length > 0 && stage?.name !== typesStage);
  const medians = new Map(measured.map(({ name, runs }) => [name, median(runs.map(({ ns }) => ns))]));
  return measured.map((one) => {
    const { name, stage, repeats, runs } = one;
    const after = containedIn(stage?.after ?? null, outcome);
    const contained = after === null ? 0 : medians.get(after);
    const own = contained === undefined ? null : ((medians.get(name) as number) - contained) / messages;
    const bytes = bytesOf(one, outcome);
    return {
      name,
      about: stage?.about ?? '',
      ...{ repeats, bytes, after },
      ...times(runs, messages, bytes),
      ownNsPerMessage: own,
      threads: besideOf(one, threads, medians),
      ...memoryOf(runs, messages),
      collectionsPerRun: median(runs.map(({ collections }) => collections)),
      waitedShare: median(runs.map(({ waitedNs, ns }) => waitedNs / (waitedNs + ns))),
      checksum: runs[0]?.checksum ?? 0,
    };
  });
}

/** What one thread took for the same; without batches, as of MDP, `decode` is that. */
function besideOf(
  { name, stage }: MeasuredStage,
  count: number,
  medians: ReadonlyMap<string, number>,
): StageReport['threads'] {
  if (stage?.beside === undefined) return null;
  const beside = medians.has(stage.beside) ? stage.beside : 'decode';
  const alone = medians.get(beside);
  return alone === undefined ? null : { count, beside, speedup: alone / (medians.get(name) as number) };
}

/** Where a stage was left out because there is nothing to it, the one before it is contained. */
function containedIn(after: string | null, { skipped, stages }: BenchOutcome): string | null {
  if (after === null || skipped[after] === undefined) return after;
  return containedIn(stages.find(({ name }) => name === after)?.stage?.after ?? null, {
    skipped,
    stages,
  } as BenchOutcome);
}

function memoryOf(runs: MeasuredStage['runs'], messages: number) {
  return {
    allocatedBytesPerMessage: median(runs.map(({ allocatedBytes }) => allocatedBytes)) / messages,
    gcNsPerMessage: median(runs.map(({ gcNs }) => gcNs)) / messages,
    gcShare: median(runs.map(({ gcNs, ns }) => gcNs / ns)),
  };
}

function typeReports({ sample, stages }: BenchOutcome): TypeReport[] {
  const runs = stages.find(({ name }) => name === typesStage)?.runs ?? [];
  if (runs.length === 0) return [];
  return sample.types.map(({ protocol, type, name, messages }, index) => {
    const each = runs.map(({ partNs }) => partNs[index] / messages);
    const nsPerMessage = median(each);
    return {
      protocol,
      type: protocol === 'itch50' ? String.fromCharCode(type ?? 0) : String(type),
      name,
      messages,
      nsPerMessage,
      bestNsPerMessage: Math.min(...each),
      worstNsPerMessage: Math.max(...each),
      messagesPerSecond: 1e9 / nsPerMessage,
    };
  });
}

const ofModules = 'the call of onMessage for every message in memory, nothing else';
const ofModuleLatency = "from a message's scheduled time to the return of onMessage: waiting behind others is in it";

function moduleReport({ name, runs, paced, hasChecksum }: MeasuredStage, outcome: BenchOutcome): ParserReport {
  const { messages, regions } = outcome.sample;
  const bytes = regions.reduce((sum, { byteCount }) => sum + byteCount, 0);
  const memory = runs.length === 0 ? null : memoryOf(runs, messages);
  return {
    name,
    kind: 'module',
    includes: ofModules,
    ...(runs.length === 0 ? {} : times(runs, messages, bytes)),
    checksum: hasChecksum && runs.length > 0 ? runs[0].checksum : null,
    allocatedBytesPerMessage: memory?.allocatedBytesPerMessage ?? null,
    gcShare: memory?.gcShare ?? null,
    counted: null,
    lost: 0,
    latency: paced === null ? null : { ...paced, includes: ofModuleLatency },
    failure: outcome.failures[name] ?? null,
  };
}

function commandReport({ spec, runs, paced, latencyBy, bytes }: MeasuredCommand, outcome: BenchOutcome): ParserReport {
  const isUdp = typeof spec.feed === 'object';
  const counted = runs.at(-1)?.counted ?? null;
  return {
    name: spec.command,
    kind: 'command',
    includes: commandIncludes(isUdp, counted !== null),
    ...(runs.length === 0 ? {} : times(runs, outcome.sample.messages, bytes)),
    checksum: null,
    allocatedBytesPerMessage: null,
    gcShare: null,
    counted,
    lost: runs.reduce((sum, { lost }) => sum + lost, 0),
    latency: paced === null ? null : { ...paced, includes: latencyIncludes(isUdp, latencyBy) },
    failure: outcome.failures[spec.command] ?? null,
  };
}

function commandIncludes(isUdp: boolean, counts: boolean): string {
  if (isUdp)
    return 'from the first datagram sent to the last that it counted: sending, sockets and its count are in it';
  const end = counts ? 'its count of the last message' : 'its end';
  return `from the start of the process to ${end}: starting, the pipe and its printing are in it`;
}

function latencyIncludes(isUdp: boolean, by: LatencyBy): string {
  const from = `from a ${isUdp ? "packet's" : "message's"} scheduled time to`;
  if (by === 'pipe') {
    return `${from} when the kernel took it into the pipe: it printed no counts, so this is not when it was handled`;
  }
  const path = isUdp ? 'sockets' : 'the pipe';
  return `${from} our reading of a count that covers it: waiting, ${path} and its counting are in it`;
}

function inflateShareOf(stages: readonly StageReport[]): number | null {
  const of = (wanted: string) => stages.find(({ name }) => name === wanted)?.nsPerMessage;
  const [inflate, whole] = [of('inflate'), of('end-to-end')];
  return inflate === undefined || whole === undefined ? null : inflate / whole;
}
