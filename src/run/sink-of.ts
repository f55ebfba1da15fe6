/** Opens the sink that a spec's target names. */

import type { MonotonicClock } from '../core/clock.js';
import type { HistogramSummary } from '../core/histogram.js';
import type { Clock, Sink } from '../core/seams.js';
import { openPcapSink } from '../io/pcap-sink.js';
import { openUdpSink, refuseZeroDestination } from '../io/udp-sink.js';
import type { LatencyRecorder } from '../replay/latency.js';
import { HandlerSink, NullSink } from '../replay/sinks.js';
import { ItchHandler } from './itch-handler.js';
import type { ReplaySpec } from './replay-spec.js';
import { openRingTarget } from './ring-target.js';

export interface OpenedTarget {
  sink: Sink;
  /** Figures of the sink's own for the report. */
  counters(): Record<string, number>;
  /** Failed sends by error code. */
  errors(): Record<string, number>;
  /** Histograms that were recorded elsewhere, complete once the sink is closed. */
  histograms?(): Record<string, HistogramSummary>;
  /** Told the epoch time that a datagram scheduled at 0 stands for. */
  setBase?(seconds: number, nanoseconds: number): void;
}

const noErrors = () => ({});

/** Rejects with SinkError where the destination cannot be opened. */
export async function openTarget(spec: ReplaySpec, clock: Clock, recorder: LatencyRecorder): Promise<OpenedTarget> {
  const { target } = spec;
  if (spec.dryRun && spec.keepDestinations) {
    const sink: Sink = { send: (_view, _offset, _length, _scheduledNs, flow) => refuseZeroDestination(flow) };
    return { sink, counters: noErrors, errors: noErrors };
  }
  if (spec.dryRun || target.kind === 'null') return { sink: new NullSink(), counters: noErrors, errors: noErrors };
  if (target.kind === 'pcap') {
    const sink = openPcapSink(target.path, spec.input.paths);
    return {
      sink,
      counters: (): Record<string, number> => ({
        fileBytes: sink.bytes,
        ...(sink.clampedTimestamps > 0 ? { clampedTimestamps: sink.clampedTimestamps } : {}),
      }),
      errors: (): Record<string, number> => (sink.tooLong > 0 ? { EMSGSIZE: sink.tooLong } : {}),
      setBase: (seconds, nanoseconds) => sink.setBase(seconds, nanoseconds),
    };
  }
  if (target.kind === 'udp') {
    const sink = await openUdpSink(target);
    return { sink, counters: noErrors, errors: () => Object.fromEntries(sink.errors) };
  }
  if (target.via === 'ring') return openRingTarget(spec.input, clock as MonotonicClock);
  const handler = new ItchHandler(spec.input);
  return {
    sink: new HandlerSink(handler.onDatagram, clock, recorder),
    counters: () => ({
      messagesDecoded: handler.messages - handler.unknown,
      messagesUnknown: handler.unknown,
      gaps: handler.gaps,
    }),
    errors: noErrors,
  };
}
