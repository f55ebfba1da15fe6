/**
 * A replay to a receiver of its own on loopback: what was scheduled, what the sender says it sent and what arrived, by
 * the kernel's stamps where there are such, side by side.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BasedClock, type EpochTime, takeBase } from '../core/clock.js';
import { UsageError } from '../core/errors.js';
import { type HistogramSummary, initHistograms } from '../core/histogram.js';
import { createRing } from '../core/ring.js';
import { isLoopback, resolveHost } from '../io/address.js';
import { batchedSockets } from '../io/native/batched-sockets.js';
import { libc } from '../io/native/libc.js';
import { openClock } from '../io/native/native-clock.js';
import { RealtimeOffset } from '../io/native/realtime.js';
import { openUdpReceiver, type ReceivePath, type UdpReceiver } from '../io/udp-receiver.js';
import { ReplayControl } from '../replay/control.js';
import {
  type DurationFigures,
  type GapQuantile,
  PacingProof,
  type PairHandler,
  type ProofName,
} from '../replay/pacing-proof.js';
import { type PercentileCurve, percentileCurves } from '../replay/percentile-curve.js';
import { fingerprint } from '../replay/send-log.js';
import type { ReplayReport, ReplaySpec } from './replay-spec.js';
import { runReplayThread } from './replay-thread.js';
import type { Target } from './target.js';
import { runClockSeconds } from './timing.js';

/** Half a million datagrams that the receiver has not heard of yet. */
const logBytes = 1 << 24;
const matchEveryMs = 20;
/** So many matches between two looks at how the time of day has been slewed. */
const matchesPerLook = 5;
/** After the last send it must be quiet for so long. */
const quietMs = 100;
const longestQuietMs = 2000;

/** Packets at 100 kpps are a tenth of it apart. */
const pollUs = 100;
/** Where the receiver is, unless told. */
const defaultHost = '127.0.0.1';

/** What a run is held to; null: it is not. Times in ns. */
export interface PacingLimits {
  /** Of the lateness at the send. */
  readonly p50Ns: number | null;
  readonly p99Ns: number | null;
  /** Of the lateness at the receiver. */
  readonly receivedP99Ns: number | null;
  /** Of the time from the first datagram to the last, at either end. */
  readonly durationErrorNs: number | null;
  readonly lost: number | null;
}

/** What is promised of an otherwise quiet processor. */
export const defaultPacingLimits: PacingLimits = {
  p50Ns: 500,
  p99Ns: 20_000,
  receivedP99Ns: null,
  durationErrorNs: 1_000_000,
  lost: 0,
};

export interface VerifySpec {
  /** Its target is the receiver. */
  readonly replay: Omit<ReplaySpec, 'target'>;
  /** Of this machine itself, of IPv4 or IPv6; 127.0.0.1 where absent. */
  readonly host?: string;
  readonly send: Pick<Target & { kind: 'udp' }, 'via' | 'gso'>;
  readonly receive: {
    readonly bufferBytes: number;
    readonly via: ReceivePath;
    /** How long it goes on asking after each datagram, so that no send has to wake it; 0 where absent. */
    readonly busyPollUs?: number;
  };
  readonly limits: PacingLimits;
}

/** A limit that was not kept. */
export interface PacingBreach {
  readonly limit: keyof PacingLimits;
  readonly most: number;
  readonly was: number;
}

/** The object that `verify-pacing --json` prints. */
export interface VerifyReport {
  /** What the stamps of receipt are: the kernel's, or readings of the clock when the datagram was handed over. */
  readonly stamps: 'kernel' | 'program';
  readonly receivePath: string;
  readonly packets: {
    readonly sent: number;
    readonly received: number;
    readonly lost: number;
    readonly overtaken: number;
    /** Received, and not sent by this run. */
    readonly strange: number;
    /** What the kernel had no room for, where a train of datagrams is one; null where it does not say. */
    readonly kernelDrops: number | null;
    /** Sent, and not compared, since the receiver had fallen behind too far. */
    readonly unlogged: number;
  };
  readonly duration: DurationFigures;
  readonly histograms: Record<ProofName, HistogramSummary>;
  readonly gaps: readonly GapQuantile[];
  /** How far the time of day, by which the kernel stamps, was slewed during the run; it is taken into account. */
  readonly slewNs: number;
  readonly limits: PacingLimits;
  readonly breaches: readonly PacingBreach[];
  readonly replay: ReplayReport;
}

/** The report, and the distributions that a picture is drawn from. */
export interface VerifyOutcome {
  readonly report: VerifyReport;
  readonly curves: readonly PercentileCurve<ProofName>[];
}

/** As long as pays where a processor is left for the receiver: 0 elsewhere, and where it cannot be had. */
export function bestBusyPollUs(via: ReceivePath): number {
  return via !== 'dgram' && batchedSockets().libc !== null && availableParallelism() > 1 ? pollUs : 0;
}

/** Replays and compares; rejects as `runReplayThread` does. `onPair` is told of each datagram that was received. */
export async function verifyPacing(
  spec: VerifySpec,
  control = new ReplayControl(),
  onPair?: PairHandler,
): Promise<VerifyOutcome> {
  const host = await loopbackOf(spec.host ?? defaultHost);
  await initHistograms();
  const memory = createRing(logBytes);
  const clock = openClock(takeBase(runClockSeconds));
  const proof = new PacingProof(memory, onPair);
  const stamps = new Stamps(clock);
  const receiver = await openUdpReceiver(
    { host, port: 0, iface: null, ...spec.receive },
    (view, offset, length, _from, seconds, nanoseconds) =>
      proof.arrivals.add(fingerprint(view, offset, length), stamps.onClock(seconds, nanoseconds)),
  );
  const timer = setInterval(() => {
    proof.arrivals.match();
    stamps.look();
  }, matchEveryMs);
  try {
    const target: Target = {
      kind: 'udp',
      host,
      port: receiver.port,
      ttl: 1,
      iface: null,
      loopback: true,
      ...spec.send,
    };
    const replay: ReplaySpec = { ...spec.replay, target, sendLog: { memory, base: clock.base } };
    const { report } = await runReplayThread(replay, control);
    await untilQuiet(proof);
    proof.arrivals.match(true);
    const curves = Object.entries(proof.histograms).flatMap(([name, of]) => percentileCurves(name as ProofName, of));
    return { report: reportOf(spec, proof, stamps, receiver, report), curves };
  } finally {
    clearInterval(timer);
    await receiver.close();
    proof.destroy();
  }
}

/** The address of a host, which may be in brackets; rejects with UsageError where that is not this machine's own. */
async function loopbackOf(host: string): Promise<string> {
  const address = await resolveHost(host.replace(/^\[(.*)\]$/, '$1'));
  if (isLoopback(address)) return address;
  throw new UsageError('verify-host', `${host} is no loopback address: the receiver is here, at 127.0.0.1 or ::1`);
}

/** Brings stamps of receipt to the run's clock. */
class Stamps {
  /** Whether any datagram came with a stamp of the kernel's. */
  areKernels = false;
  slewNs = 0;
  private readonly offset: RealtimeOffset | null;
  private zero: EpochTime;
  private looks = 0;

  constructor(private readonly clock: BasedClock) {
    const library = libc();
    this.offset = library === null ? null : new RealtimeOffset(library, clock.base);
    this.zero = this.offset?.atZero() ?? { seconds: 0, nanoseconds: 0 };
  }

  onClock(seconds: number, nanoseconds: number): number {
    if (seconds === 0 || this.offset === null) return this.clock.nowNs();
    this.areKernels = true;
    return (seconds - this.zero.seconds) * 1e9 + (nanoseconds - this.zero.nanoseconds);
  }

  /** Follows the time of day, now and then. */
  look(): void {
    if (this.offset === null || this.looks++ % matchesPerLook !== 0) return;
    const { seconds, nanoseconds } = this.zero;
    this.zero = this.offset.atZero();
    this.slewNs += (this.zero.seconds - seconds) * 1e9 + (this.zero.nanoseconds - nanoseconds);
  }
}

/** Datagrams may be under way, or in the receive buffer, when the replay has ended. */
async function untilQuiet({ arrivals }: PacingProof): Promise<void> {
  for (let waitedMs = 0; waitedMs < longestQuietMs; waitedMs += quietMs) {
    const { received } = arrivals;
    await sleep(quietMs);
    arrivals.match();
    if (arrivals.lost === 0 || arrivals.received === received) return;
  }
}

function reportOf(
  { limits }: VerifySpec,
  proof: PacingProof,
  stamps: Stamps,
  receiver: UdpReceiver,
  replay: ReplayReport,
): VerifyReport {
  const { sent, received, lost, overtaken, strange, unlogged } = proof.arrivals;
  const figures = {
    packets: { sent, received, lost, overtaken, strange, kernelDrops: receiver.kernelDrops(), unlogged },
    duration: proof.durations(),
    histograms: proof.summaries(),
  };
  return {
    stamps: stamps.areKernels ? 'kernel' : 'program',
    receivePath: receiver.path,
    ...figures,
    gaps: proof.gapQuantiles(),
    slewNs: stamps.slewNs,
    limits,
    breaches: breachesOf(limits, figures),
    replay,
  };
}

function breachesOf(
  limits: PacingLimits,
  { packets, duration, histograms }: Pick<VerifyReport, 'packets' | 'duration' | 'histograms'>,
): PacingBreach[] {
  const was: Record<keyof PacingLimits, number> = {
    p50Ns: histograms.sendLateness.p50,
    p99Ns: histograms.sendLateness.p99,
    receivedP99Ns: histograms.receiveLateness.p99,
    durationErrorNs: Math.max(Math.abs(duration.sentErrorNs), Math.abs(duration.receivedErrorNs)),
    lost: packets.lost,
  };
  return (Object.entries(limits) as [keyof PacingLimits, number | null][]).flatMap(([limit, most]) =>
    most !== null && was[limit] > most ? [{ limit, most, was: was[limit] }] : [],
  );
}
