/**
 * Runs the code of a replay before its first deadline, so that the first packets are not late by what compiling takes.
 *
 * The capture's beginning is played a few times over, on the real clock and into a sink of the same kind: what the
 * compiler learned from other objects than the run's it throws away when the run begins. Cold, the first 4,000 packets
 * at 100 kpps took three times as long as they should and the run lagged by 100 ms here; after one round on a virtual
 * clock it was the same.
 *
 * It is played from memory and as if it were the whole capture, since the end of one is a path of its own: taken for
 * the first time it threw compiled code away when the last packets were due, which left 0.3 to 1.5 ms late.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Protocols } from '../analysis/protocols.js';
import { copyBytes, copyInto } from '../core/copy.js';
import { createRing } from '../core/ring.js';
import type { Sink } from '../core/seams.js';
import { idleEthernetSink } from '../io/ethernet-sink.js';
import { openUdpSender } from '../io/open-udp-sink.js';
import { PreloadStore } from '../io/preload.js';
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

/** What is warmed: waiting, sending what is long past, sending what is due together, and pauses between sends. */
const kinds = ['paced', 'behind', 'together', 'sparse'] as const;
type Kind = (typeof kinds)[number];

const rounds = 16;
const packetsPerRound = { paced: 1000, behind: 3000, together: 3000, sparse: 40 } as const;
const loopsPerRound = 50;
/** Of each file, so that a round comes to its end several times. */
const beginningBytes = 128 << 10;
/** The most time for all rounds: a filter that nothing passes must not read a whole day. */
const longestMs = 600;
/** Waiting is warmed at this rate, which leaves something to wait for, … */
const pacedRate: Rate = { mode: 'packets', perSecond: { numerator: 100_000, denominator: 1 } };
/** … as are pauses that leave time for a turn of the event loop, … */
const sparseRate: Rate = { mode: 'packets', perSecond: { numerator: 1500, denominator: 1 } };
/** … what is past at the run's own, begun so long ago, … */
const behindNs = 1e13;
/** … and what is due together at the run's own so many times over. */
const fast = { numerator: 1_000_000_000, denominator: 1 };
/** Longer than what is copied word by word; the first datagrams of a capture may all be short. */
const longBytes = 1000;
const copies = 200;
/** A log of sends that nobody reads. */
const scrapLogBytes = 1 << 16;

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
  copyLong();
  const beginnings = new PreloadStore(false, Number.POSITIVE_INFINITY, beginningBytes);
  try {
    for (let round = 0; round < rounds && !control.stopped; round++) {
      const asked = kinds[round % kinds.length] as Kind;
      // Where what is late is left out, or moves the rest, nothing can be behind.
      const kind = asked === 'behind' && spec.latePolicy !== 'catch-up' ? 'together' : asked;
      const originBehindNs = kind === 'behind' ? behindNs : 0;
      const chooseOrigin = (nowNs: number): number => nowNs - originBehindNs;
      await playRound(warmSpec(spec, kind), protocols, beginnings, receiver, control, { ...timing, chooseOrigin });
    }
  } finally {
    clearTimeout(timer);
    receiver?.close();
  }
}

function warmSpec(spec: ReplaySpec, kind: Kind): ReplaySpec {
  return {
    ...spec,
    ...(kind === 'paced' ? { rate: pacedRate, shape: null } : {}),
    ...(kind === 'sparse' ? { rate: sparseRate, shape: null } : {}),
    ...(kind === 'together' ? { rate: atSpeed(spec.rate) } : {}),
    limit: Math.min(packetsPerRound[kind], spec.limit),
    durationNs: Number.POSITIVE_INFINITY,
    loops: loopsPerRound,
    // What rewrites loops is no part of a run without.
    loopSequence: spec.loops === 1 ? 'keep' : spec.loopSequence,
    startAt: null,
    preload: false,
    keepDestinations: false,
  };
}

function atSpeed(rate: Rate): Rate {
  if (rate.mode === 'max') return rate;
  return rate.mode === 'original' ? { ...rate, speedup: fast } : { ...rate, perSecond: fast };
}

async function playRound(
  spec: ReplaySpec,
  protocols: Protocols,
  beginnings: PreloadStore,
  receiver: Socket | null,
  control: ReplayControl,
  timing: AssemblyTiming,
): Promise<void> {
  const source = await CaptureSource.open(spec, () => {}, protocols.mdp3, null, beginnings);
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

function copyLong(): void {
  const [from, to] = [new DataView(new ArrayBuffer(longBytes)), new DataView(new ArrayBuffer(longBytes))];
  const array = new Uint8Array(to.buffer);
  for (let copy = 0; copy < copies; copy++) {
    copyBytes(from, 0, to, 0, longBytes);
    copyInto(from, 0, to, array, 0, longBytes);
  }
}

/** A socket that nobody reads, on loopback; null where there is none to be had. */
function bindScrap(): Promise<Socket | null> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(null)).bind(0, '127.0.0.1', () => resolve(socket));
  });
}
