/** What a replay loop is made of: the parts of a run, and its bounds. */
import type { Clock, DatagramReader, Sink } from '../core/seams.js';
import type { Waiter } from '../core/waiter.js';
import type { ReplayControl } from './control.js';
import type { LatencyRecorder } from './latency.js';
import type { RunObserver } from './run-trace.js';
import type { Schedule } from './schedule.js';
import type { DatagramGate, LoopRewriter, ReplaySource, ScheduledSource } from './scheduled-reader.js';
import type { SendLog } from './send-log.js';
import type { LatePolicy } from './send-record.js';
import type { SteeringOptions } from './steering.js';
import type { Placement } from './timeline.js';

export interface EngineOptions {
  source: ReplaySource;
  gate: DatagramGate;
  schedule: Schedule;
  timeline: Placement;
  sink: Sink;
  clock: Clock;
  waiter: Waiter;
  /** Sleeps on a timer for so long at most; a virtual clock's moves on and returns at once. */
  rest(ns: number): Promise<void>;
  /** Gives the event loop one turn. */
  turn(): Promise<void>;
  control: ReplayControl;
  recorder: LatencyRecorder;
  /** Told of each packet, where a picture of the run is wanted, or what became of its shape. */
  trace?: RunObserver | undefined;
  /** Told of each packet, where what arrives is compared with it; the sink must be one that it wraps. */
  log?: SendLog | undefined;
  /** Called for late packets that are left out as well. */
  rewriter?: LoopRewriter | undefined;
  /** What changes datagrams on their way, with their times. */
  faults?: ((inner: ScheduledSource) => ScheduledSource) | undefined;
  /** Where whole frames are sent: what makes them, and how long the one of the datagram at hand will be. */
  framing?:
    | { frames(inner: ScheduledSource): ScheduledSource; wireBytesOf(reader: DatagramReader): number }
    | undefined;
  /** Called when the first datagram is at hand: the run's origin on the clock, in ns (now, or a later start). */
  chooseOrigin(nowNs: number): number;
  latePolicy: LatePolicy;
  lateAfterNs: number;
  /** How often the source is played; 0 = until stopped. */
  loops: number;
  /** Packets at most, over all loops. */
  limit: number;
  /** Nothing due later than this after the origin is sent; unpaced, nothing later than this. */
  durationNs: number;
  /** Feed latency of the datagram at hand in ns, or NaN where it has none. */
  feedLatencyOf?: ((reader: DatagramReader) => number) | undefined;
  /** Where the run is told what to do while it plays; `schedule` is a SteeredSchedule then. */
  steering?: SteeringOptions | undefined;
}

/**
 * The same with every member there, in one order: what was compiled while one run was played (a warm-up) is thrown away
 * by another whose options are an object of another shape.
 */
export function ofOneShape(options: EngineOptions): EngineOptions {
  return {
    source: options.source,
    gate: options.gate,
    schedule: options.schedule,
    timeline: options.timeline,
    sink: options.sink,
    clock: options.clock,
    waiter: options.waiter,
    rest: options.rest,
    turn: options.turn,
    control: options.control,
    recorder: options.recorder,
    trace: options.trace,
    log: options.log,
    rewriter: options.rewriter,
    faults: options.faults,
    framing: options.framing,
    chooseOrigin: options.chooseOrigin,
    latePolicy: options.latePolicy,
    lateAfterNs: options.lateAfterNs,
    loops: options.loops,
    limit: options.limit,
    durationNs: options.durationNs,
    feedLatencyOf: options.feedLatencyOf,
    steering: options.steering,
  };
}
