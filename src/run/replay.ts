/** One replay on this thread: opens source and sink, runs the engine, and makes the report. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DamageLog } from '../analysis/damage-log.js';
import { type EpochTime, MonotonicClock, VirtualClock, WallClock } from '../core/clock.js';
import { formatEpochNs } from '../core/halves.js';
import { initHistograms } from '../core/histogram.js';
import type { Clock, Sink } from '../core/seams.js';
import { SpinWaiter, VirtualWaiter, type Waiter } from '../core/waiter.js';
import { ReplayControl } from '../replay/control.js';
import type { EngineResult } from '../replay/engine.js';
import { LatencyRecorder } from '../replay/latency.js';
import { formatRate } from '../replay/rate.js';
import { type Assembly, assemble } from './assembly.js';
import { CaptureSource } from './capture-source.js';
import { LatencyLogs } from './latency-logs.js';
import type { ReplayOutcome, ReplayReport, ReplaySpec } from './replay-spec.js';
import { type OpenedTarget, openTarget } from './sink-of.js';
import { formatTarget } from './target.js';
import { warmUp } from './warm-up.js';

const nsPerMs = 1e6;
/** The longest sleep on a timer before the stop word is looked at. */
const longestRestNs = 100_000_000;

/** What a library caller may bring of its own. */
export interface ReplayHooks {
  control?: ReplayControl;
  /** Takes the place of the spec's target. */
  sink?: (clock: Clock, recorder: LatencyRecorder) => Sink;
}

interface Timing {
  clock: Clock;
  waiter: Waiter;
  kind: 'real' | 'virtual';
  rest(ns: number): Promise<void>;
  toEpoch(ns: number): EpochTime;
  fromEpoch(time: EpochTime): number;
}

/** Plays the capture to its end, a limit or a stop, and reports; rejects where source or sink cannot be opened. */
export async function runReplay(spec: ReplaySpec, hooks: ReplayHooks = {}): Promise<ReplayOutcome> {
  await initHistograms();
  const control = hooks.control ?? new ReplayControl();
  const damage = new DamageLog(spec.input.path === '-' ? 'standard input' : spec.input.path);
  const source = await CaptureSource.open(spec, (entry) => damage.add(entry));
  const timing = timingOf(spec, control);
  const logs = spec.keepLogs ? new LatencyLogs() : null;
  const recorder = new LatencyRecorder(logs === null ? undefined : (series, from, to) => logs.add(series, from, to));
  let target: OpenedTarget | undefined;
  try {
    target = hooks.sink
      ? { sink: hooks.sink(timing.clock, recorder), counters: () => ({}), errors: () => ({}) }
      : await openTarget(spec, timing.clock, recorder, source.kind);
    const run = assemble(spec, source, target.sink, recorder, control, {
      ...timing,
      chooseOrigin: originOf(spec, source, target, timing),
    });
    if (timing.kind === 'real') await warmUp(spec, timing.clock);
    logs?.start(timing.toEpoch(timing.clock.nowNs()));
    const result = await run.engine.run();
    await target.sink.close?.();
    const report = makeReport(spec, result, run, target, timing, recorder, damage);
    return { report, hgrm: logs?.hgrm(recorder.series) ?? {}, hlog: logs?.hlog() ?? '' };
  } catch (error) {
    await target?.sink.close?.().catch(() => {});
    throw error;
  } finally {
    recorder.destroy();
    await source.close();
  }
}

/** Virtual where nothing waits for the datagrams: a dry run and a file. */
function timingOf(spec: ReplaySpec, control: ReplayControl): Timing {
  if (spec.dryRun || spec.target.kind === 'pcap') {
    const clock = new VirtualClock();
    return {
      clock,
      waiter: new VirtualWaiter(control.stopWord),
      kind: 'virtual',
      rest: async (ns) => clock.advance(ns),
      toEpoch: (ns) => ({ seconds: Math.floor(ns / 1e9), nanoseconds: ns % 1e9 }),
      fromEpoch: () => 0,
    };
  }
  const clock = new MonotonicClock();
  const wall = new WallClock(clock);
  return {
    clock,
    waiter: new SpinWaiter(control.stopWord),
    kind: 'real',
    rest: (ns) => sleep(Math.min(ns, longestRestNs) / nsPerMs),
    toEpoch: (ns) => wall.toEpoch(ns),
    fromEpoch: ({ seconds, nanoseconds }) => wall.fromEpoch(seconds, nanoseconds),
  };
}

/** The origin: now or as told; the target learns which epoch time it stands for. */
function originOf(spec: ReplaySpec, source: CaptureSource, target: OpenedTarget, timing: Timing) {
  return (nowNs: number): number => {
    const { seconds, nanoseconds } = spec.startAt ?? source.reader;
    target.setBase?.(seconds, nanoseconds);
    return spec.startAt === null ? nowNs : Math.max(nowNs, timing.fromEpoch(spec.startAt));
  };
}

function makeReport(
  spec: ReplaySpec,
  result: EngineResult,
  run: Assembly,
  target: OpenedTarget,
  timing: Timing,
  recorder: LatencyRecorder,
  damage: DamageLog,
): ReplayReport {
  const seconds = result.elapsedNs / 1e9;
  const perSecond = (amount: number): number => (seconds > 0 ? amount / seconds : 0);
  const origin = timing.toEpoch(result.originNs);
  return {
    capture: spec.input.path,
    target: formatTarget(spec.target),
    asked: formatRate(spec.rate),
    clock: timing.kind,
    endReason: result.endReason,
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
      share: result.packets === 0 ? 0 : result.late.count / (result.packets + result.dropped),
      maxNs: result.late.maxNs,
      thresholdNs: spec.lateAfterNs,
    },
    dropped: result.dropped,
    shiftedNs: result.shiftedNs,
    skipped: result.skipped,
    truncated: run.gate?.truncated ?? 0,
    loops: result.loops,
    originNs: formatEpochNs(origin.seconds, origin.nanoseconds),
    timeline: {
      backwardTimestamps: run.schedule.backward,
      farTimestamps: run.timeline.farStamps,
      squeezedGaps: run.timeline.squeezedGaps,
      squeezedNs: run.timeline.squeezedNs,
    },
    histograms: { ...recorder.summaries(), ...target.histograms?.() },
    sendErrors: target.errors(),
    sink: target.counters(),
    damage: damage.kept,
    damageTotal: damage.total,
  };
}
