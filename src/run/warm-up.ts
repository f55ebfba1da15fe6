/**
 * Runs the code of a replay before its first deadline, so that the first packets are not late by what compiling takes.
 *
 * The capture's beginning is played a few times over, on the real clock and into a sink of the same kind: what the
 * compiler learned from other objects than the run's it throws away when the run begins. Cold, the first 4,000 packets
 * at 100 kpps took three times as long as they should and the run lagged by 100 ms here; after one round on a virtual
 * clock it was the same.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Protocols } from '../analysis/protocols.js';
import { createRing } from '../core/ring.js';
import type { Sink } from '../core/seams.js';
import { idleEthernetSink } from '../io/ethernet-sink.js';
import { openUdpSender } from '../io/open-udp-sink.js';
import { ReplayControl } from '../replay/control.js';
import { LatencyRecorder } from '../replay/latency.js';
import type { Rate } from '../replay/rate.js';
import { RunTrace } from '../replay/run-trace.js';
import { SendLog } from '../replay/send-log.js';
import { ShapeMeter } from '../replay/shape-meter.js';
import { HandlerSink, NullSink } from '../replay/sinks.js';
import { type AssemblyTiming, assemble } from './assembly.js';
import { CaptureSource } from './capture-source.js';
import { headerBytesOf } from './ethernet-target.js';
import { FeedHandler } from './feed-handler.js';
import type { ReplaySpec } from './replay-spec.js';
import { rehearseFaults } from './run-faults.js';

const rounds = 8;
const packetsPerRound = 3000;
const loopsPerRound = 50;
/** The most time for all rounds: a filter that nothing passes must not read a whole day. */
const longestMs = 600;
/** Every other round is paced by this, so that waiting is warm too; the rest by the run's own schedule, far behind. */
const pacedRate: Rate = { mode: 'packets', perSecond: { numerator: 300_000, denominator: 1 } };
/** A log of sends that nobody reads. */
const scrapLogBytes = 1 << 16;
const fast = { numerator: 1_000_000_000, denominator: 1 };

/**
 * Warms reading, scheduling and sending, for `mostMs` at most; nothing leaves this machine, nothing is reported. Only
 * for a capture that can be read twice, and a run that has deadlines to keep.
 */
export async function warmUp(
  spec: ReplaySpec,
  protocols: Protocols,
  timing: AssemblyTiming,
  mostMs: number,
): Promise<void> {
  if (mostMs <= 0) return;
  const receiver = spec.target.kind === 'udp' ? await bindScrap() : null;
  const control = new ReplayControl();
  const timer = setTimeout(() => control.stop(), Math.min(mostMs, longestMs));
  try {
    for (let round = 0; round < rounds && !control.stopped; round++) {
      await playRound(warmSpec(spec, round), protocols, receiver, control, timing);
    }
  } finally {
    clearTimeout(timer);
    receiver?.close();
  }
}

function warmSpec(spec: ReplaySpec, round: number): ReplaySpec {
  const { rate } = spec;
  const own: Rate =
    rate.mode === 'original' ? { ...rate, speedup: fast } : rate.mode === 'max' ? rate : { ...rate, perSecond: fast };
  return {
    ...spec,
    rate: round % 2 === 0 ? pacedRate : own,
    shape: round % 2 === 0 ? null : spec.shape,
    limit: Math.min(packetsPerRound, spec.limit),
    loops: loopsPerRound,
    startAt: null,
    preload: false,
    keepDestinations: false,
  };
}

async function playRound(
  spec: ReplaySpec,
  protocols: Protocols,
  receiver: Socket | null,
  control: ReplayControl,
  timing: AssemblyTiming,
): Promise<void> {
  const source = await CaptureSource.open(spec, () => {}, protocols.mdp3);
  const recorder = new LatencyRecorder();
  let sink: Sink | undefined;
  try {
    sink = await sinkLike(spec, protocols, receiver, recorder, timing);
    const plot = spec.keepPlot ? new RunTrace(spec.rate.mode, headerBytesOf(spec)) : undefined;
    const trace = spec.shape === null ? plot : new ShapeMeter(spec.shape, plot, headerBytesOf(spec));
    const faults =
      spec.faults === null ? null : rehearseFaults(spec.faults, protocols, timing.faults?.madeLine ?? null);
    const log = spec.sendLog === null ? undefined : new SendLog(createRing(scrapLogBytes));
    if (log) sink = log.wrap(sink);
    await assemble(spec, protocols, source, sink, recorder, control, {
      ...timing,
      ...(trace ? { trace } : {}),
      faults,
      ...(log ? { log } : {}),
    }).engine.run();
  } finally {
    await sink?.close?.();
    recorder.destroy();
    await source.close();
  }
}

async function sinkLike(
  { target, input }: ReplaySpec,
  protocols: Protocols,
  receiver: Socket | null,
  recorder: LatencyRecorder,
  { clock }: AssemblyTiming,
): Promise<Sink> {
  if (target.kind === 'udp' && receiver !== null) {
    const { port } = receiver.address();
    const { sink } = await openUdpSender({ ...target, host: '127.0.0.1', port, ttl: 1, iface: null, loopback: true });
    return sink;
  }
  if (target.kind === 'eth') return idleEthernetSink();
  if (target.kind !== 'inproc') return new NullSink();
  return new HandlerSink(new FeedHandler(input, protocols).onDatagram, clock, recorder);
}

/** A socket that nobody reads, on loopback; null where there is none to be had. */
function bindScrap(): Promise<Socket | null> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(null)).bind(0, '127.0.0.1', () => resolve(socket));
  });
}
