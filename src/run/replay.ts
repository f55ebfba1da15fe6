/** One replay on this thread: opens source and sink, runs the engine, and makes the report. */
import { DamageLog } from '../analysis/damage-log.js';
import { openProtocols } from '../analysis/definitions.js';
import { inputName } from '../analysis/input.js';
import type { EpochTime } from '../core/clock.js';
import { SinkError } from '../core/errors.js';
import { formatEpochNs } from '../core/halves.js';
import { initHistograms } from '../core/histogram.js';
import type { Clock, Sink } from '../core/seams.js';
import { openTextFile } from '../io/text-file.js';
import type { CommandSource } from '../replay/command.js';
import { ReplayControl } from '../replay/control.js';
import { type LatencyName, LatencyRecorder } from '../replay/latency.js';
import type { PeakPlan } from '../replay/peak.js';
import { type PercentileCurve, percentileCurves, summaryCurve } from '../replay/percentile-curve.js';
import { formatRate } from '../replay/rate.js';
import { RunTrace } from '../replay/run-trace.js';
import { SendLog } from '../replay/send-log.js';
import type { EngineResult } from '../replay/send-record.js';
import { ShapeMeter } from '../replay/shape-meter.js';
import { type Assembly, assemble } from './assembly.js';
import { CaptureSource } from './capture-source.js';
import { headerBytesOf, refuseFrames } from './ethernet-target.js';
import { refuseKernelPacing } from './kernel-pacing.js';
import { distributions, LatencyLog } from './latency-logs.js';
import { peakReport, surveyPeak } from './peak-survey.js';
import { openReplayFaults } from './replay-faults.js';
import type { ReplayOutcome, ReplayReport, ReplaySpec } from './replay-spec.js';
import type { RunFaults } from './run-faults.js';
import { type OpenedTarget, openTarget } from './sink-of.js';
import { formatTarget } from './target.js';
import { type Timing, timingOf } from './timing.js';
import { WaitingCommands } from './waiting-commands.js';
import { warmUp } from './warm-up.js';

const nsPerMs = 1e6;
/** Warming up ends this long before a start that was asked for. */
const readyMs = 100;
/** The first packet is due so much later: what runs for the first time takes up to half of it. */
const leadNs = 3e6;

/** What a library caller may bring of its own. */
export interface ReplayHooks {
  control?: ReplayControl;
  /** Takes the place of the spec's target. */
  sink?: (clock: Clock, recorder: LatencyRecorder) => Sink;
  /** Told, as a line of text, what the run waits for before it begins, and what a seek has to do without. */
  say?: (text: string) => void;
  /** Tells the run what to do while it plays. */
  commands?: CommandSource;
}

/** Plays the capture to its end, a limit or a stop, and reports; rejects where source or sink cannot be opened. */
export async function runReplay(spec: ReplaySpec, hooks: ReplayHooks = {}): Promise<ReplayOutcome> {
  refuseFrames(spec);
  refuseKernelPacing(spec, hooks.sink !== undefined);
  await initHistograms();
  const control = hooks.control ?? new ReplayControl();
  const damage = new DamageLog(inputName(spec.input));
  const protocols = await openProtocols(spec.input, ({ file, ...entry }) => damage.add(entry, file));
  const { say = () => {} } = hooks;
  const commands = hooks.commands === undefined ? undefined : new WaitingCommands(hooks.commands, control);
  const seeks = commands === undefined ? null : { writes: spec.writesIndex, say };
  const source = await CaptureSource.open(spec, (entry, file) => damage.add(entry, file), protocols.mdp3, seeks);
  const timing = timingOf(spec, control);
  let log: LatencyLog | undefined;
  const recorder = new LatencyRecorder(
    spec.hlogPath === null ? undefined : (series, from, to) => log?.add(series, from, to),
  );
  let target: OpenedTarget | undefined;
  let faults: RunFaults | null = null;
  try {
    faults = await openReplayFaults(spec, protocols);
    if (spec.hlogPath !== null) log = new LatencyLog(openTextFile(spec.hlogPath, spec.input.paths));
    // A dry run sends nothing, to nobody.
    target =
      hooks.sink && !spec.dryRun
        ? { sink: hooks.sink(timing.clock, recorder), counters: () => ({}), errors: () => ({}) }
        : await openTarget(spec, protocols, timing.clock, recorder, faults);
    timing.takeMachine();
    const plan = spec.peak === null ? undefined : await surveyPeak(spec, spec.peak, protocols);
    const origin = new Origin(spec, source, target, timing, log);
    const trace = spec.keepPlot ? new RunTrace(spec.rate.mode, headerBytesOf(spec)) : undefined;
    const meter = spec.shape === null ? undefined : new ShapeMeter(spec.shape, trace, headerBytesOf(spec));
    const observer = meter ?? trace;
    const sends = spec.sendLog === null ? undefined : new SendLog(spec.sendLog.memory);
    if (sends) target.sink = sends.wrap(target.sink);
    const run = assemble(spec, protocols, source, target.sink, recorder, control, {
      ...timing,
      ...(observer ? { trace: observer } : {}),
      peak: plan,
      faults,
      ...(sends ? { log: sends } : {}),
      ...(commands ? { commands } : {}),
      chooseOrigin: (nowNs) => origin.choose(nowNs),
    });
    // Without deadlines only a handler's own time is worth warming for.
    const isTimed = spec.rate.mode !== 'max' || spec.target.kind === 'inproc';
    if (timing.kind === 'real' && isTimed && source.isRepeatable) {
      await warmUp(spec, protocols, { ...timing, faults, chooseOrigin: (nowNs) => nowNs }, msToStart(spec, timing));
    }
    if (target.ready) await (commands?.listenUntil(target.ready(commands, say)) ?? target.ready(control, say));
    const result = await run.engine.run();
    await target.sink.close?.();
    faults?.close(result.endReason === 'end');
    const report = makeReport(spec, result, run, source, target, origin, recorder, damage, meter, plan, faults);
    log?.close();
    return {
      report,
      hgrm: spec.keepDistributions ? distributions(recorder.series) : {},
      plot: trace ? { trace: trace.finish(), curves: curvesOf(recorder, target) } : null,
    };
  } catch (error) {
    throw await closeAfter(error, target, [log, { close: () => faults?.close(false) }]);
  } finally {
    timing.release();
    recorder.destroy();
    const closed = source.close();
    // A stop may have left a read of a pipe under way, which ends when the pipe does.
    if (control.stopped) closed.catch(() => {});
    else await closed;
  }
}

/** Of this thread's histograms, and of those that a worker sent summaries of. */
function curvesOf(recorder: LatencyRecorder, target: OpenedTarget): PercentileCurve[] {
  return [
    ...recorder.series.flatMap(({ name, total }) => percentileCurves(name, total)),
    ...Object.entries(target.histograms?.() ?? {}).map(([name, summary]) => summaryCurve(name as LatencyName, summary)),
  ];
}

/** Closes what a failed run has open and returns what to report: a sink that failed may learn why as it closes. */
async function closeAfter(
  error: unknown,
  target: OpenedTarget | undefined,
  logs: readonly ({ close(): void } | undefined)[],
): Promise<unknown> {
  let reason = error;
  try {
    await target?.sink.close?.();
  } catch (closing) {
    if (error instanceof SinkError) reason = closing;
  }
  for (const log of logs) {
    try {
      log?.close();
    } catch {
      // The run has failed of something else already.
    }
  }
  return reason;
}

/** Until the run must be ready: Infinity where it begins once it is. */
function msToStart(spec: ReplaySpec, timing: Timing): number {
  const aheadNs = spec.startAt === null ? -1 : timing.fromEpoch(spec.startAt) - timing.clock.nowNs();
  return aheadNs < 0 ? Number.POSITIVE_INFINITY : aheadNs / nsPerMs - readyMs;
}

/** When the first datagram is due: now, or as told; and the epoch time that this stands for. */
class Origin {
  /** On a virtual clock the capture's own time; of a run without datagrams, when it began. */
  epoch: EpochTime;

  constructor(
    private readonly spec: ReplaySpec,
    private readonly source: CaptureSource,
    private readonly target: OpenedTarget,
    readonly timing: Timing,
    private readonly log: LatencyLog | undefined,
  ) {
    this.epoch = timing.toEpoch(timing.clock.nowNs());
  }

  choose(nowNs: number): number {
    const { spec, source, timing } = this;
    source.begin();
    const { seconds, nanoseconds } = spec.startAt ?? source.reader;
    const startNs = spec.startAt === null ? Number.NEGATIVE_INFINITY : timing.fromEpoch(spec.startAt);
    const readyNs = timing.kind === 'real' && spec.rate.mode !== 'max' ? nowNs + leadNs : nowNs;
    const originNs = Math.max(readyNs, startNs);
    this.epoch = timing.kind === 'virtual' ? { seconds, nanoseconds } : timing.toEpoch(originNs);
    this.target.setBase?.(seconds, nanoseconds);
    this.log?.start(this.epoch);
    return originNs;
  }
}

function frameCounts({ framer }: Assembly): Record<string, number> {
  if (framer === null) return {};
  const { built, unframed } = framer;
  return { framesBuilt: built, ...(unframed > 0 ? { framesUnframed: unframed } : {}) };
}

function preloadedOf({ preload }: CaptureSource): ReplayReport['preloaded'] {
  if (preload === null) return null;
  const { bytes, hugePageBytes, lockedBytes } = preload;
  return { bytes, hugePageBytes, lockedBytes };
}

function makeReport(
  spec: ReplaySpec,
  result: EngineResult,
  run: Assembly,
  source: CaptureSource,
  target: OpenedTarget,
  origin: Origin,
  recorder: LatencyRecorder,
  damage: DamageLog,
  meter: ShapeMeter | undefined,
  plan: PeakPlan | undefined,
  faults: RunFaults | null,
): ReplayReport {
  const seconds = result.elapsedNs / 1e9;
  const perSecond = (amount: number): number => (seconds > 0 ? amount / seconds : 0);
  const asked = result.packets + result.dropped;
  const truncated = run.gate?.truncated ?? 0;
  return {
    capture: spec.input.paths.join(', '),
    target: target.name ?? formatTarget(spec.target),
    asked: formatRate(spec.rate),
    shape: spec.shape && { text: spec.shape.text, parts: meter?.finish() ?? [] },
    overlay: overlayReport(spec, run),
    peak: plan && run.peakTimeline ? peakReport(plan, run.peakTimeline) : null,
    clock: origin.timing.kind,
    pacing: origin.timing.pacing,
    machine: origin.timing.machine,
    preloaded: preloadedOf(source),
    endReason: result.endReason,
    failure: result.failure,
    packets: result.packets,
    bytes: result.bytes,
    messages: result.messages,
    seconds,
    rate: {
      packetsPerSecond: perSecond(result.packets),
      messagesPerSecond: perSecond(result.messages),
      bitsPerSecond: perSecond(result.wireBytes * 8),
    },
    late: {
      count: result.late.count,
      share: asked === 0 ? 0 : result.late.count / asked,
      maxNs: result.late.maxNs,
      thresholdNs: spec.lateAfterNs,
    },
    dropped: result.dropped,
    shiftedNs: result.shiftedNs,
    skipped: result.skipped - truncated,
    skippedPieces: source.skippedPieces,
    truncated,
    truncatedSent: run.gate?.truncatedPassed ?? 0,
    loops: result.loops,
    originNs: formatEpochNs(origin.epoch.seconds, origin.epoch.nanoseconds),
    faults: faults === null ? null : faults.report(),
    timeline: {
      backwardTimestamps: run.schedule.backward,
      farTimestamps: run.timeline.farStamps,
      squeezedGaps: run.timeline.squeezedGaps,
      squeezedNs: run.timeline.squeezedNs,
    },
    histograms: { ...recorder.summaries(), ...target.histograms?.() },
    path: target.path?.() ?? null,
    sendErrors: target.errors(),
    sink: { ...target.counters(), ...frameCounts(run) },
    steering: result.steering,
    damage: damage.kept,
    damageTotal: damage.total,
  };
}

function overlayReport({ input }: ReplaySpec, { overlay }: Assembly): ReplayReport['overlay'] {
  if (overlay === null) return null;
  const captures = input.paths.map((file, index) => ({ file, offsetNs: input.overlay?.[index] ?? 0 }));
  return { captures, renamed: overlay.renamed, sharedFeeds: overlay.sharedFeeds };
}
