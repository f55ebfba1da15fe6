/** Puts a replay together from its spec: what the engine needs, whatever the clock and the sink. */
import { ExchangeClock } from '../analysis/exchange-clock.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import type { Clock, DatagramReader, Sink } from '../core/seams.js';
import type { Waiter } from '../core/waiter.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { ReplayControl } from '../replay/control.js';
import { ReplayEngine } from '../replay/engine.js';
import type { LatencyRecorder } from '../replay/latency.js';
import { MoldLoopRewriter } from '../replay/loop.js';
import type { RunTrace } from '../replay/run-trace.js';
import { createSchedule, type Schedule } from '../replay/schedule.js';
import { Timeline } from '../replay/timeline.js';
import { CaptureWindow } from '../replay/window.js';
import { BLOCK_LENGTH_SIZE, HEADER_LENGTH } from '../session/moldudp64.js';
import { CaptureGate, packedGate } from './capture-gate.js';
import { type CaptureSource, windowOf } from './capture-source.js';
import { type ReplaySpec, replayDefaults } from './replay-spec.js';

/** A run put together: the engine, and the parts whose counts the report wants. */
export interface Assembly {
  engine: ReplayEngine;
  schedule: Schedule;
  timeline: Timeline;
  gate: CaptureGate | null;
}

/** What differs between a real run, one on a virtual clock, and a warm-up. */
export interface AssemblyTiming {
  clock: Clock;
  waiter: Waiter;
  rest(ns: number): Promise<void>;
  chooseOrigin(nowNs: number): number;
  trace?: RunTrace;
}

/** Puts schedule, timeline, gate and engine of a spec together. */
export function assemble(
  spec: ReplaySpec,
  source: CaptureSource,
  sink: Sink,
  recorder: LatencyRecorder,
  control: ReplayControl,
  timing: AssemblyTiming,
): Assembly {
  // On a virtual clock nothing is waited for, so `max` keeps the capture's own timing there.
  const isVirtual = spec.dryRun || spec.target.kind === 'pcap';
  const schedule = createSchedule(isVirtual && spec.rate.mode === 'max' ? replayDefaults.rate : spec.rate);
  const timeline = new Timeline({ maxGapNs: spec.maxGapNs });
  const gate =
    source.kind === 'datagrams'
      ? new CaptureGate(spec.input, spec.filter, new CaptureWindow(windowOf(spec)), spec.allowTruncated)
      : null;
  const engine = new ReplayEngine({
    source,
    gate: gate ?? packedGate,
    schedule,
    timeline,
    sink,
    ...timing,
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
    latePolicy: spec.latePolicy,
    lateAfterNs: spec.lateAfterNs,
    loops: spec.loops,
    limit: spec.limit,
    durationNs: spec.durationNs,
    ...(gate === null ? {} : { feedLatencyOf: feedLatency(gate) }),
  });
  return { engine, schedule, timeline, gate };
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
