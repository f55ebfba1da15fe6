/**
 * `bench`: measures every stage of reading a capture on the user's file and machine, and the user's own parsers beside.
 *
 * Each has a thread of its own; a round runs each once, so that a change of the machine's mood meets all of them. The
 * yardstick is measured in every round too: what two benches of different minutes are compared by.
 */
import type { FileDamage } from '../../analysis/damage-log.js';
import { openProtocols } from '../../analysis/definitions.js';
import type { InputSpec } from '../../analysis/input.js';
import { UsageError } from '../../core/errors.js';
import type { PacedResult } from './paced.js';
import { type CommandFigures, CommandParser, type CommandSpec, type LatencyBy } from './parser-command.js';
import { readSample, type Sample } from './sample.js';
import { StageFailure, StageThread } from './stage-thread.js';
import type { StageFigures } from './stage-worker.js';
import { type Stage, stages, yardstick } from './stages.js';

export interface BenchSpec {
  readonly input: InputSpec;
  /** Of inflated bytes, in all files, at most so many are measured. */
  readonly mostBytes: number;
  readonly runs: number;
  /** How many threads the stages by several have; 1 leaves them out. */
  readonly threads: number;
  /** How long each stage runs before it counts, at least. */
  readonly warmUpNs: number;
  /** Which stages, by name; null for all. */
  readonly stages: RegExp | null;
  /** Paths of modules. */
  readonly parsers: readonly string[];
  readonly commands: readonly CommandSpec[];
  /** Messages a second of the paced runs; null: half of what the slowest parser can. */
  readonly pacePerSecond: number | null;
  /** How long a paced run is at most; 0 for none. */
  readonly paceForNs: number;
  /** How long a parser may take without an answer. */
  readonly withinMs: number;
}

export interface BenchListener {
  onDamage(damage: FileDamage): void;
  /** Before anything is measured; what it throws ends the bench. */
  onSample(sample: Sample): void;
  /** What is being done, for people who wait. */
  onProgress(text: string): void;
  stopped(): boolean;
}

/** What was measured of a stage or parser module. */
export interface MeasuredStage {
  readonly name: string;
  /** Null of a parser. */
  readonly stage: Stage | null;
  readonly repeats: number;
  readonly runs: readonly StageFigures[];
  readonly hasChecksum: boolean;
  paced: PacedResult | null;
}

export interface MeasuredCommand {
  readonly spec: CommandSpec;
  readonly runs: readonly CommandFigures[];
  paced: PacedResult | null;
  readonly latencyBy: LatencyBy;
  /** Of what it was fed. */
  readonly bytes: number;
  /** The first line that it printed and that is no count; null where there was none. */
  readonly rubbish: string | null;
}

export interface BenchOutcome {
  readonly sample: Sample;
  /** Null where the bench was interrupted before its first run. */
  readonly yardstick: MeasuredStage | null;
  readonly stages: readonly MeasuredStage[];
  readonly parsers: readonly MeasuredStage[];
  readonly commands: readonly MeasuredCommand[];
  /** Why a stage was left out, by name. */
  readonly skipped: Readonly<Record<string, string>>;
  /** What went wrong with a stage or parser, by name: it has no figures then, or not all. */
  readonly failures: Readonly<Record<string, string>>;
  readonly isInterrupted: boolean;
}

/** Rejects with CaptureError or UsageError where there is nothing to measure, or a parser cannot be had. */
export async function measureBench(spec: BenchSpec, listener: BenchListener): Promise<BenchOutcome> {
  const { input } = spec;
  const protocols = await openProtocols(input, (damage) => listener.onDamage(damage));
  listener.onProgress('reading the input');
  const sample = await readSample(input, protocols, spec.mostBytes, (damage) => listener.onDamage(damage));
  listener.onSample(sample);
  if (spec.stages !== null && spec.parsers.length + spec.commands.length === 0) refuseUnknown(spec.stages);
  const bench = new Bench(spec, sample, listener);
  try {
    await bench.start();
    await bench.rounds();
    bench.compareSums();
    await bench.pace();
    return bench.outcome();
  } finally {
    await bench.end();
  }
}

function refuseUnknown(pattern: RegExp): void {
  if (stages.some(({ name }) => pattern.test(name))) return;
  const names = stages.map(({ name }) => name).join(', ');
  throw new UsageError('stages', `no stage matches --stages ${pattern.source}; there are ${names}`);
}

interface Running {
  readonly name: string;
  readonly stage: Stage | null;
  readonly thread: StageThread;
  readonly runs: StageFigures[];
  paced: PacedResult | null;
}

interface RunningCommand {
  readonly spec: CommandSpec;
  readonly program: CommandParser;
  readonly runs: CommandFigures[];
  paced: PacedResult | null;
}

class Bench {
  private readonly running: Running[] = [];
  private readonly programs: RunningCommand[] = [];
  private readonly skipped: Record<string, string> = {};
  private readonly failures: Record<string, string> = {};

  constructor(
    private readonly spec: BenchSpec,
    private readonly sample: Sample,
    private readonly listener: BenchListener,
  ) {}

  async start(): Promise<void> {
    const { spec, sample, listener } = this;
    // A parser that cannot be had is told before anything is measured.
    for (const path of spec.parsers) await this.open(path, null);
    for (const command of spec.commands) {
      const program = await CommandParser.open(command, sample, spec.input, spec.withinMs);
      this.programs.push({ spec: command, program, runs: [], paced: null });
    }
    for (const stage of [yardstick, ...stages]) {
      const { name } = stage;
      if (stage !== yardstick && spec.stages !== null && !spec.stages.test(name)) continue;
      const reason = stage.absence(sample, spec.threads);
      if (reason !== null) {
        this.skipped[name] = reason;
        continue;
      }
      if (listener.stopped()) return;
      await this.open(name, stage);
    }
  }

  async rounds(): Promise<void> {
    const { runs } = this.spec;
    for (let round = 0; round < runs; round++) {
      this.listener.onProgress(`run ${round + 1} of ${runs}`);
      for (const one of this.running) {
        if (this.listener.stopped()) return;
        await this.guard(one.name, async () => void one.runs.push(await one.thread.run()));
      }
      for (const { spec, program, runs: figures } of this.programs) {
        if (this.listener.stopped()) return;
        await this.guard(spec.command, async () => void figures.push(await program.runOnce()));
      }
    }
  }

  /** The paced runs of parsers, and of every-field decoding beside them at the same rate. */
  async pace(): Promise<void> {
    const { spec, sample } = this;
    if (spec.paceForNs === 0 || this.listener.stopped()) return;
    const parsers = this.running.filter(({ stage, name }) => stage === null && this.failures[name] === undefined);
    const programs = this.programs.filter(({ spec: { command } }) => this.failures[command] === undefined);
    if (parsers.length + programs.length === 0) return;
    const perSecond = spec.pacePerSecond ?? this.halfOfSlowest([...parsers, ...programs]);
    const messages = Math.min(sample.messages, Math.max(1, Math.floor((perSecond * spec.paceForNs) / 1e9)));
    this.listener.onProgress(`at ${Math.round(perSecond)} messages a second`);
    const decode = this.running.find(({ name, stage }) => stage !== null && name === 'decode');
    for (const one of [...parsers, ...(decode === undefined ? [] : [decode])]) {
      await this.guard(one.name, async () => {
        one.paced = await one.thread.paced(perSecond, messages);
      });
    }
    for (const one of programs) {
      await this.guard(one.spec.command, async () => {
        one.paced = await one.program.paced(perSecond, messages);
      });
    }
  }

  outcome(): BenchOutcome {
    const { sample, skipped, failures, programs } = this;
    const measured = this.running.map(
      ({ name, stage, thread, runs, paced }): MeasuredStage => ({
        ...{ name, stage, runs, paced },
        repeats: thread.repeats,
        hasChecksum: stage !== null || thread.parserHasChecksum,
      }),
    );
    return {
      sample,
      yardstick: measured.find(({ stage, runs }) => stage === yardstick && runs.length > 0) ?? null,
      stages: measured.filter(({ stage }) => stage !== null && stage !== yardstick),
      parsers: measured.filter(({ stage }) => stage === null),
      commands: programs.map(({ spec, program, runs, paced }) => {
        const { latencyBy, rubbish, feed } = program;
        return { spec, runs, paced, latencyBy, rubbish, bytes: feed.bytes.length };
      }),
      skipped,
      failures,
      isInterrupted: this.listener.stopped(),
    };
  }

  async end(): Promise<void> {
    for (const { thread } of this.running) await thread.end();
    for (const { program } of this.programs) await program.close();
  }

  private async open(name: string, stage: Stage | null): Promise<void> {
    const { spec, sample } = this;
    this.listener.onProgress(`warming up ${name}`);
    const job = {
      ...{ input: spec.input, sample, warmUpNs: spec.warmUpNs, threads: spec.threads },
      stage: stage?.name ?? null,
      parser: stage === null ? name : null,
    };
    await this.guard(name, async () => {
      const thread = await StageThread.start(job, spec.withinMs);
      if (typeof thread === 'string') this.skipped[name] = thread;
      else this.running.push({ name, stage, thread, runs: [], paced: null });
    });
  }

  /** Does it, unless something went wrong with it before; notes what goes wrong now. */
  private async guard(name: string, act: () => Promise<void>): Promise<void> {
    if (this.failures[name] !== undefined) return;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof StageFailure)) throw error;
      this.failures[name] = error.message;
    }
  }

  private halfOfSlowest(parsers: readonly { readonly runs: readonly { readonly ns: number }[] }[]): number {
    const slowestNs = Math.max(...parsers.map(({ runs }) => Math.min(...runs.map(({ ns }) => ns))));
    return Math.max(1, Math.min(1e6, (this.sample.messages / slowestNs) * 1e9 * 0.5));
  }

  /** A stage must yield one sum in all runs, and all that sum up the same fields the same one: else it has failed. */
  compareSums(): void {
    let first: { name: string; checksum: number } | null = null;
    for (const { name, stage, runs } of this.running) {
      const different = runs.find(({ checksum }) => checksum !== runs[0]?.checksum);
      if (different !== undefined) {
        const text = `${runs[0]?.checksum}, then ${different.checksum}`;
        this.failures[name] ??= `the checksum of ${name} changed from run to run over the same bytes: ${text}`;
      }
      if (stage?.sumsFields !== true || runs.length === 0) continue;
      const checksum = (runs[0] as StageFigures).checksum;
      first ??= { name, checksum };
      if (checksum === first.checksum) continue;
      const text = `${first.name} has the checksum ${first.checksum}, ${name} ${checksum}`;
      this.failures[name] ??= `two ways to every field of the same messages differ: ${text}`;
    }
  }
}
