/** One replay on this thread: opens source and sink, runs the engine, and makes the report. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DamageLog } from '../analysis/damage-log.js';
import { ExchangeClock } from '../analysis/exchange-clock.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import { type EpochTime, MonotonicClock, VirtualClock, WallClock } from '../core/clock.js';
import { formatEpochNs } from '../core/halves.js';
import { initHistograms } from '../core/histogram.js';
import type { Clock, DatagramReader, Sink } from '../core/seams.js';
import { SpinWaiter, VirtualWaiter, type Waiter } from '../core/waiter.js';
import { itch50 } from '../protocol/itch50/index.js';
import { ReplayControl } from '../replay/control.js';
import { type EngineResult, ReplayEngine } from '../replay/engine.js';
import { LatencyRecorder } from '../replay/latency.js';
import { MoldLoopRewriter } from '../replay/loop.js';
import { formatRate } from '../replay/rate.js';
import { createSchedule, type Schedule } from '../replay/schedule.js';
import { Timeline } from '../replay/timeline.js';
import { CaptureWindow } from '../replay/window.js';
import { BLOCK_LENGTH_SIZE, HEADER_LENGTH } from '../session/moldudp64.js';
import { CaptureGate, packedGate } from './capture-gate.js';
import { CaptureSource, windowOf } from './capture-source.js';
import { LatencyLogs } from './latency-logs.js';
import { type ReplayOutcome, type ReplayReport, type ReplaySpec, replayDefaults } from './replay-spec.js';
import { type OpenedTarget, openTarget } from './sink-of.js';
import { formatTarget } from './target.js';

const nsPerMs = 1e6;

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
    const run = assemble(spec, source, target, timing, recorder, control);
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

interface Assembly {
  engine: ReplayEngine;
  schedule: Schedule;
  timeline: Timeline;
  gate: CaptureGate | null;
}

function assemble(
  spec: ReplaySpec,
  source: CaptureSource,
  target: OpenedTarget,
  timing: Timing,
  recorder: LatencyRecorder,
  control: ReplayControl,
): Assembly {
  // A file is not waited for, so `max` keeps the capture's stamps there.
  const toFile = spec.target.kind === 'pcap' && spec.rate.mode === 'max';
  const schedule = createSchedule(toFile ? replayDefaults.rate : spec.rate);
  const timeline = new Timeline({ maxGapNs: spec.maxGapNs });
  const gate =
    source.kind === 'datagrams' ? new CaptureGate(spec.input, spec.filter, new CaptureWindow(windowOf(spec))) : null;
  const engine = new ReplayEngine({
    source,
    gate: gate ?? packedGate,
    schedule,
    timeline,
    sink: target.sink,
    clock: timing.clock,
    waiter: timing.waiter,
    rest: timing.rest,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    control,
    recorder,
    ...(spec.loops === 1 || spec.loopSequence === 'keep'
      ? {}
      : {
          rewriter: new MoldLoopRewriter(
            spec.loopSequence,
            spec.loops,
            gate === null ? () => true : (view, offset, length, flow) => gate.isMold(view, offset, length, flow),
          ),
        }),
    chooseOrigin: (nowNs) => {
      const { seconds, nanoseconds } = spec.startAt ?? source.reader;
      target.setBase?.(seconds, nanoseconds);
      return spec.startAt === null ? nowNs : Math.max(nowNs, timing.fromEpoch(spec.startAt));
    },
    latePolicy: spec.latePolicy,
    lateAfterNs: spec.lateAfterNs,
    loops: spec.loops,
    limit: spec.limit,
    durationNs: spec.durationNs,
    ...(gate === null ? {} : { feedLatencyOf: feedLatency(gate) }),
  });
  return { engine, schedule, timeline, gate };
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
    rest: (ns) => sleep(ns / nsPerMs),
    toEpoch: (ns) => wall.toEpoch(ns),
    fromEpoch: ({ seconds, nanoseconds }) => wall.fromEpoch(seconds, nanoseconds),
  };
}

/** Capture stamp less the first message's own stamp, where the datagram begins with a known layout. */
function feedLatency(gate: CaptureGate): (reader: DatagramReader) => number {
  const exchange = new ExchangeClock();
  const first = HEADER_LENGTH + BLOCK_LENGTH_SIZE;
  return (reader) => {
    const { view, offset, length, flow, seconds, nanoseconds } = reader;
    if (length <= first || !gate.isMold(view, offset, length, flow)) return Number.NaN;
    const messageLength = view.getUint16(offset + HEADER_LENGTH);
    const fits = messageLength > 0 && first + messageLength <= length;
    if (!fits || itch50Landmarks.lengthOf(view, offset + first) !== messageLength) return Number.NaN;
    return exchange.sinceMidnightNs(seconds, nanoseconds) - itch50.timestampOf(view, offset + first);
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
