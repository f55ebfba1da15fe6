/** Opens the sink that a spec's target names. */

import { forcedFraming } from '../analysis/input.js';
import type { Protocols } from '../analysis/protocols.js';
import type { BasedClock } from '../core/clock.js';
import { UsageError } from '../core/errors.js';
import type { HistogramSummary } from '../core/histogram.js';
import type { Clock, Sink } from '../core/seams.js';
import type { TransmitTimeOptions } from '../io/native/transmit-times.js';
import { openUdpSender, type UdpSendSink } from '../io/open-udp-sink.js';
import { openPcapSink } from '../io/pcap-sink.js';
import { openSoupServer, type StopSign } from '../io/soupbintcp-server.js';
import { refuseZeroDestination } from '../io/udp-sink.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { LatencyRecorder } from '../replay/latency.js';
import { HandlerSink, NullSink } from '../replay/sinks.js';
import { twoLineSink } from '../replay/two-line-sink.js';
import { openEthernetTarget } from './ethernet-target.js';
import { FeedHandler } from './feed-handler.js';
import { transmitTimesOf } from './kernel-pacing.js';
import type { ReplaySpec } from './replay-spec.js';
import { openRingTarget } from './ring-target.js';
import type { MadeLine, RunFaults } from './run-faults.js';
import { formatSoupAddress, type SoupTarget } from './soup-target.js';
import type { UdpTarget } from './target.js';

export interface OpenedTarget {
  sink: Sink;
  /** Figures of the sink's own for the report. */
  counters(): Record<string, number>;
  /** Failed sends by error code. */
  errors(): Record<string, number>;
  /** Which way datagrams took into the kernel, where there are several. */
  path?(): string;
  /** Histograms that were recorded elsewhere, complete once the sink is closed. */
  histograms?(): Record<string, HistogramSummary>;
  /**
   * Awaited before the run's origin is chosen: resolves once whoever is to receive is there, or the run is stopped.
   * `say` tells a person what is waited for.
   */
  ready?(stop: StopSign, say: (text: string) => void): Promise<void>;
  /** The target as others reach it, where that is known only once it is open. */
  name?: string;
  /** Told the epoch time that a datagram scheduled at 0 stands for. */
  setBase?(seconds: number, nanoseconds: number): void;
}

const noErrors = () => ({});
/** Unpaced, so many bytes are sent at a time: fewer writes. */
const unpacedWriteBytes = 1 << 16;

/** Rejects with SinkError where the destination cannot be opened. */
export async function openTarget(
  spec: ReplaySpec,
  protocols: Protocols,
  clock: Clock,
  recorder: LatencyRecorder,
  faults: RunFaults | null = null,
): Promise<OpenedTarget> {
  const { target } = spec;
  if (spec.dryRun && spec.keepDestinations) {
    const sink: Sink = { send: (_view, _offset, _length, _scheduledNs, flow) => refuseZeroDestination(flow) };
    return { sink, counters: noErrors, errors: noErrors };
  }
  if (spec.dryRun || target.kind === 'null') return { sink: new NullSink(), counters: noErrors, errors: noErrors };
  if (target.kind === 'pcap') {
    const sink = openPcapSink(target.path, spec.input.paths);
    if (faults !== null) sink.setPayloadSum(() => faults.payloadSum);
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
    return openUdpTarget(target, spec.lineB, faults?.madeLine ?? null, await transmitTimesOf(spec, clock));
  }
  if (target.kind === 'eth') return openEthernetTarget(target);
  if (target.kind === 'soupbintcp') return openSoupTarget(target, spec);
  if (target.via === 'ring') return openRingTarget(spec.input, clock as BasedClock);
  const handler = new FeedHandler(spec.input, protocols);
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

async function openUdpTarget(
  target: UdpTarget,
  lineB: UdpTarget | null,
  made: MadeLine | null,
  times: { txtime?: TransmitTimeOptions },
): Promise<OpenedTarget> {
  const one = await openUdpSender({ ...target, ...times });
  if (lineB === null || made === null) {
    return { ...one, errors: () => Object.fromEntries(one.sink.errors) };
  }
  let two: UdpSendSink;
  try {
    two = await openUdpSender({ ...lineB, ...times });
  } catch (error) {
    await one.sink.close?.();
    throw error;
  }
  return {
    sink: twoLineSink(one.sink, two.sink, (flow) => made.has(flow)),
    path: one.path,
    counters: () => summed(one.counters(), two.counters()),
    errors: () => summed(Object.fromEntries(one.sink.errors), Object.fromEntries(two.sink.errors)),
  };
}

function summed(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
  const sum = { ...one };
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

async function openSoupTarget(target: SoupTarget, spec: ReplaySpec): Promise<OpenedTarget> {
  if (spec.loops !== 1 && spec.loopSequence === 'keep') {
    throw new UsageError(
      'loop-sequence',
      'a SoupBinTCP session has each number once: loops that keep theirs are repeats; add --loop-sequence continue',
    );
  }
  const sink = await openSoupServer({
    ...target,
    session: spec.session,
    lengthOf: itch50.lengthOf,
    force: forcedFraming(spec.input),
    gatherBytes: spec.rate.mode === 'max' ? unpacedWriteBytes : 0,
  });
  const name = formatSoupAddress(target.host, sink.port);
  return {
    sink,
    name,
    counters: () => sink.counters(),
    errors: noErrors,
    ready(stop, say) {
      const { wait } = target;
      say(wait === 0 ? `listening on ${name}` : `waiting for ${wait} client${wait === 1 ? '' : 's'} on ${name}`);
      return sink.waitForClients(wait, stop);
    },
  };
}
