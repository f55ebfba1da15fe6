/** Puts a replay together from its spec: what the engine needs, whatever the clock and the sink. */
import { ExchangeClock } from '../analysis/exchange-clock.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import { nearNs } from '../analysis/latency-histogram.js';
import type { Protocols } from '../analysis/protocols.js';
import type { Framer } from '../capture/framer.js';
import type { Clock, DatagramReader, Sink } from '../core/seams.js';
import type { Waiter } from '../core/waiter.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { CommandSource } from '../replay/command.js';
import type { ReplayControl } from '../replay/control.js';
import { ReplayEngine } from '../replay/engine.js';
import type { LatencyRecorder } from '../replay/latency.js';
import { FeedLoopRewriter, type FramingOf } from '../replay/loop.js';
import { OverlayRewriter } from '../replay/overlay.js';
import { type PeakPlan, PeakTimeline } from '../replay/peak.js';
import type { RunObserver } from '../replay/run-trace.js';
import { createSchedule, type Schedule } from '../replay/schedule.js';
import type { SendLog } from '../replay/send-log.js';
import { SteeredSchedule } from '../replay/steered-schedule.js';
import type { SteeringOptions } from '../replay/steering.js';
import { Timeline } from '../replay/timeline.js';
import { nanosecondsOf, readTimeHigh, readTimeLow, SENDING_TIME_OFFSET, secondsOf } from '../session/mdp3-header.js';
import { BLOCK_LENGTH_SIZE, HEADER_LENGTH } from '../session/moldudp64.js';
import { type CaptureGate, packedGate } from './capture-gate.js';
import type { CaptureSource } from './capture-source.js';
import { gateOf } from './capture-walk.js';
import { ethernetFramingOf } from './ethernet-target.js';
import { type ReplaySpec, replayDefaults } from './replay-spec.js';
import type { RunFaults } from './run-faults.js';
import { stepMatcher } from './step-matcher.js';

/** A run put together: the engine, and the parts whose counts the report wants. */
export interface Assembly {
  engine: ReplayEngine;
  schedule: Schedule;
  timeline: Timeline;
  peakTimeline: PeakTimeline | null;
  overlay: OverlayRewriter | null;
  gate: CaptureGate | null;
  /** What makes frames of datagrams; null where payloads are sent. */
  framer: Framer | null;
}

/** What differs between a real run, one on a virtual clock, and a warm-up. */
export interface AssemblyTiming {
  clock: Clock;
  waiter: Waiter;
  rest(ns: number): Promise<void>;
  chooseOrigin(nowNs: number): number;
  trace?: RunObserver;
  /** The busiest windows, where they are to be compressed. */
  peak?: PeakPlan | undefined;
  /** What the run is told while it plays. */
  commands?: CommandSource;
  faults?: RunFaults | null;
  log?: SendLog;
}

/** Puts schedule, timeline, gate and engine of a spec together. */
export function assemble(
  spec: ReplaySpec,
  protocols: Protocols,
  source: CaptureSource,
  sink: Sink,
  recorder: LatencyRecorder,
  control: ReplayControl,
  timing: AssemblyTiming,
): Assembly {
  // On a virtual clock nothing is waited for, so `max` keeps the capture's own timing there.
  const isVirtual = spec.dryRun || spec.target.kind === 'pcap';
  const rate = isVirtual && spec.rate.mode === 'max' ? replayDefaults.rate : spec.rate;
  const { commands } = timing;
  const schedule = commands === undefined ? createSchedule(rate, spec.shape) : new SteeredSchedule(rate, spec.shape);
  const timeline = new Timeline({ maxGapNs: spec.maxGapNs });
  const peakTimeline = timing.peak === undefined ? null : new PeakTimeline(timeline, timing.peak);
  const gate = gateOf(spec, protocols, source);
  const framingOf: FramingOf =
    gate === null ? () => 'moldudp64' : (view, offset, length, flow) => gate.framingOf(view, offset, length, flow);
  const { faults = null, commands: _commands, ...clock } = timing;
  const framed = ethernetFramingOf(spec, () => faults?.payloadSum ?? -1);
  const looping =
    spec.loops === 1 || spec.loopSequence === 'keep'
      ? null
      : new FeedLoopRewriter(spec.loopSequence, spec.loops, framingOf);
  const overlay =
    spec.input.overlay === null ? null : new OverlayRewriter(looping, framingOf, (flow) => source.captureOf(flow));
  const rewriter = overlay ?? looping;
  const engine = new ReplayEngine({
    source,
    gate: gate ?? packedGate,
    schedule,
    timeline: peakTimeline ?? timeline,
    sink,
    ...clock,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    control,
    recorder,
    ...(rewriter === null ? {} : { rewriter }),
    ...(faults === null ? {} : { faults: (inner) => faults.before(inner, framingOf) }),
    latePolicy: spec.latePolicy,
    lateAfterNs: spec.lateAfterNs,
    loops: spec.loops,
    limit: spec.limit,
    durationNs: spec.durationNs,
    ...(gate === null ? {} : { feedLatencyOf: feedLatency(gate) }),
    ...(framed === null ? {} : { framing: framed.framing }),
    ...(commands === undefined ? {} : { steering: steeringOf(commands, spec, protocols, framingOf, source) }),
  });
  return { engine, schedule, timeline, peakTimeline, overlay, gate, framer: framed?.framer ?? null };
}

function steeringOf(
  commands: CommandSource,
  spec: ReplaySpec,
  protocols: Protocols,
  framingOf: FramingOf,
  source: CaptureSource,
): SteeringOptions {
  return {
    commands,
    isPaused: spec.paused,
    matcherOf: (filter) => stepMatcher(filter, spec, protocols, framingOf, source),
    ...(spec.peak === null ? {} : { noSeek: '--peak has planned the whole capture in its order: a run cannot seek' }),
  };
}

/** In place of a latency; a property looked up for the first time, `Number.NaN`, would throw compiled code away. */
const none = Number.NaN;

/**
 * Capture stamp less the exchange's own: of MDP the packet's SendingTime, of ITCH the first message's stamp, where the
 * datagram begins with a known layout.
 */
function feedLatency(gate: CaptureGate): (reader: DatagramReader) => number {
  const exchange = new ExchangeClock();
  const first = HEADER_LENGTH + BLOCK_LENGTH_SIZE;
  return (reader) => {
    const { view, offset, length, flow, seconds, nanoseconds } = reader;
    const framing = gate.framingOf(view, offset, length, flow);
    if (framing === 'mdp3') return sinceSending(reader);
    if (length <= first || framing === null) return none;
    const messageLength = view.getUint16(offset + HEADER_LENGTH);
    const fits = messageLength > 0 && first + messageLength <= length;
    if (!fits || itch50Landmarks.lengthOf(view, offset + first) !== messageLength) return none;
    return exchange.sinceMidnightNs(seconds, nanoseconds) - itch50.timestampOf(view, offset + first);
  };
}

/** NaN where the two clocks are of different days. */
function sinceSending({ view, offset, seconds, nanoseconds }: DatagramReader): number {
  const high = readTimeHigh(view, offset + SENDING_TIME_OFFSET);
  const low = readTimeLow(view, offset + SENDING_TIME_OFFSET);
  return nearNs(seconds - secondsOf(high, low), nanoseconds - nanosecondsOf(high, low));
}
