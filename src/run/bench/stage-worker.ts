/** The thread that measures one stage, or one parser: prepares and warms it up, then answers each question. */
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { InputSpec } from '../../analysis/input.js';
import { TickreelError } from '../../core/errors.js';
import { median } from '../../core/rank-test.js';
import { waitedForCpuNs } from '../../io/thread-time.js';
import { messageSum } from './decode-stage.js';
import { type PacedResult, runPaced } from './paced.js';
import { indexMessages, loadParser, type ParserModule, parserCall, parserStage } from './parser-module.js';
import type { Sample } from './sample.js';
import { contextOf, type PreparedStage, stages, yardstick } from './stages.js';

/** What the thread is to measure. */
export interface StageJob {
  readonly input: InputSpec;
  readonly sample: Sample;
  /** A stage by name, or a parser by its module's path. */
  readonly stage: string | null;
  readonly parser: string | null;
  /** How many threads a stage by several has. */
  readonly threads: number;
  /** How long it runs before it counts, in ns. */
  readonly warmUpNs: number;
  /** The number of the message that the parser is at, for who waits. */
  readonly progress: SharedArrayBuffer;
}

export type StageQuestion =
  | { readonly ask: 'run' }
  | { readonly ask: 'paced'; readonly perSecond: number; readonly messages: number };

/** One run, or the mean of as many as it was repeated. */
export interface StageFigures {
  readonly ns: number;
  readonly checksum: number;
  /** What the thread waited meanwhile for a processor that others had, which is not in `ns`. */
  readonly waitedNs: number;
  /** Bytes allocated on the JavaScript heap. */
  readonly allocatedBytes: number;
  readonly gcNs: number;
  readonly collections: number;
  readonly partNs: number[];
}

export type StageAnswer =
  | { readonly kind: 'ready'; readonly repeats: number; readonly parserHasChecksum: boolean }
  | { readonly kind: 'absent'; readonly reason: string }
  | ({ readonly kind: 'run' } & StageFigures)
  | { readonly kind: 'paced'; readonly result: PacedResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** What is timed at once lasts so long at least: short runs are repeated. */
const leastRunNs = 50e6;
const mostRepeats = 10_000;
/** Warm is what has run as long as asked for, and whose best of so many last runs is hardly better than before. */
const steadyRuns = 5;
const steadyShare = 0.9;
/** It is measured as it is after so long. */
const mostWarmUpMs = 4000;

const job = workerData as StageJob;
const port = parentPort as MessagePort;

/** Time less what the thread waited for a processor, where the system tells that. */
class Stopwatch {
  private startMs = 0;
  private waitedBeforeNs = 0;

  constructor() {
    this.restart();
  }

  restart(): void {
    this.startMs = performance.now();
    this.waitedBeforeNs = waitedForCpuNs() ?? 0;
  }

  read(): { busyNs: number; waitedNs: number } {
    // Within the time on either side, so that it is never more.
    const waited = (waitedForCpuNs() ?? 0) - this.waitedBeforeNs;
    const wallNs = (performance.now() - this.startMs) * 1e6;
    const waitedNs = Math.max(0, Math.min(waited, wallNs - 1));
    return { busyNs: wallNs - waitedNs, waitedNs };
  }
}

class Timed {
  repeats = 1;
  private readonly profiler = new GCProfiler();

  constructor(
    private readonly prepared: PreparedStage,
    private readonly isRepeatable: boolean,
  ) {}

  /** Warms up, and finds how often a run is to be repeated; returns why it cannot run, or null. */
  async warmUp(leastNs: number): Promise<string | null> {
    const ns: number[] = [];
    let spentNs = 0;
    const untilMs = performance.now() + mostWarmUpMs;
    const isWarm = (): boolean => {
      if (ns.length === 0) return false;
      if (!this.isRepeatable || leastNs === 0 || performance.now() > untilMs) return true;
      const before = Math.min(...ns.slice(0, -steadyRuns));
      return spentNs > leastNs && ns.length > steadyRuns && Math.min(...ns.slice(-steadyRuns)) > before * steadyShare;
    };
    while (!isWarm()) {
      const reason = this.prepared.before?.() ?? null;
      if (reason !== null) return reason;
      const stopwatch = new Stopwatch();
      await this.prepared.run();
      const { busyNs } = stopwatch.read();
      spentNs += busyNs;
      ns.push(busyNs);
    }
    const lastNs = median(ns.slice(-steadyRuns));
    if (this.isRepeatable) this.repeats = Math.min(mostRepeats, Math.max(1, Math.ceil(leastRunNs / lastNs)));
    return null;
  }

  async measure(): Promise<StageFigures> {
    const { prepared, repeats } = this;
    let ns = 0;
    let waitedNs = 0;
    let checksum = -1;
    const stopwatch = new Stopwatch();
    const partNs = new Float64Array(prepared.partNs?.length ?? 0);
    this.profiler.start();
    const heapBefore = getHeapStatistics().used_heap_size;
    for (let time = 0; time < repeats; time++) {
      prepared.before?.();
      // Reading what the thread waited takes some us: of runs that need nothing before them it is read once for all.
      if (time === 0 || prepared.before !== undefined) stopwatch.restart();
      const answer = prepared.run();
      const sum = typeof answer === 'number' ? answer : await answer;
      if (time === repeats - 1 || prepared.before !== undefined) {
        const { busyNs, waitedNs: waited } = stopwatch.read();
        ns += busyNs;
        waitedNs += waited;
      }
      if (checksum !== -1 && checksum !== sum) throw changed(checksum, sum);
      checksum = sum;
      for (const [index, part] of prepared.partNs?.entries() ?? []) partNs[index] += part;
    }
    let allocatedBytes = getHeapStatistics().used_heap_size - heapBefore;
    const { statistics } = this.profiler.stop();
    let gcNs = 0;
    for (const { cost, beforeGC, afterGC } of statistics) {
      gcNs += cost * 1000;
      allocatedBytes += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
    }
    return {
      ns: ns / repeats,
      waitedNs: waitedNs / repeats,
      checksum,
      allocatedBytes: Math.max(0, allocatedBytes / repeats),
      gcNs: gcNs / repeats,
      collections: statistics.length / repeats,
      partNs: [...partNs].map((part) => part / repeats),
    };
  }
}

function changed(before: number, after: number): TickreelError {
  const name = job.parser ?? job.stage;
  const text = `the checksum of ${name} changed from one run to the next over the same bytes: ${before}, then ${after}`;
  return new TickreelError('checksum', text);
}

interface Opened {
  readonly timed: Timed;
  readonly call: ((message: number) => void) | null;
  readonly reset: () => void;
  readonly parserHasChecksum: boolean;
}

async function openStage(name: string): Promise<Opened> {
  const stage = name === yardstick.name ? yardstick : stages.find((one) => one.name === name);
  if (stage === undefined) throw new Error(`no stage "${name}"`);
  const context = contextOf(job.input, job.sample, job.threads);
  const timed = new Timed(await stage.prepare(context), stage.isRepeatable);
  if (name !== 'decode') return { timed, call: null, reset: () => {}, parserHasChecksum: false };
  const { views, view, offset, length } = indexMessages(job.sample.regions, job.sample.messages);
  const sum = messageSum(context.protocols);
  const isMdp3 = job.sample.regions.map(({ protocol }) => protocol === 'mdp3');
  const call = (message: number): void => {
    const region = view[message];
    if (isMdp3[region]) sum.mdp3(views[region], offset[message], length[message]);
    else sum.itch50(views[region], offset[message], length[message]);
  };
  return { timed, call, reset: sum.reset, parserHasChecksum: false };
}

async function openParser(path: string): Promise<Opened> {
  const parser: ParserModule = await loadParser(path);
  const index = indexMessages(job.sample.regions, job.sample.messages);
  const prepared = parserStage(path, parser, index, new Int32Array(job.progress));
  return {
    timed: new Timed(prepared, true),
    call: parserCall(path, parser, index),
    reset: () => void parser.reset?.(),
    parserHasChecksum: typeof parser.checksum === 'function',
  };
}

async function answer(question: StageQuestion, { timed, call, reset }: Opened): Promise<StageAnswer> {
  if (question.ask === 'run') return { kind: 'run', ...(await timed.measure()) };
  if (call === null) throw new Error('a stage is not paced');
  for (let message = 0; message < Math.min(question.messages, 20_000); message++) call(message);
  reset();
  return { kind: 'paced', result: await runPaced(call, question.messages, question.perSecond) };
}

function failed(error: unknown): StageAnswer {
  const { code, message } = error as Partial<TickreelError>;
  const isOurs = error instanceof TickreelError;
  return {
    kind: 'failed',
    code: isOurs ? (code ?? '') : 'error',
    message: isOurs ? (message ?? '') : `${(error as Error).stack}`,
  };
}

function say(text: StageAnswer): void {
  port.postMessage(text);
}

async function serve(): Promise<void> {
  try {
    const opened = await (job.parser === null ? openStage(job.stage ?? '') : openParser(job.parser));
    const reason = await opened.timed.warmUp(job.warmUpNs);
    if (reason !== null) say({ kind: 'absent', reason });
    else {
      port.on('message', (question: StageQuestion) => {
        answer(question, opened).then(say, (error) => say(failed(error)));
      });
      say({ kind: 'ready', repeats: opened.timed.repeats, parserHasChecksum: opened.parserHasChecksum });
    }
  } catch (error) {
    say(failed(error));
  }
}

void serve();
