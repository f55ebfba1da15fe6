/** Everything that a replay is told, as plain data that can be posted to a worker, and what it reports. */
import type { FileDamage } from '../analysis/damage-log.js';
import type { InputSpec } from '../analysis/input.js';
import { noRewriting, type RewriteRules } from '../capture/rewrite-rules.js';
import type { ClockBase, EpochTime } from '../core/clock.js';
import type { HistogramSummary } from '../core/histogram.js';
import type { When } from '../core/time.js';
import { type Pacing, spinBelowNs } from '../core/waiter.js';
import { type MachineReport, type MachineSpec, noMachine } from '../io/native/machine.js';
import type { FilterSpec } from '../replay/filter.js';
import type { LoopSequence } from '../replay/loop.js';
import type { RenamedSession, SharedFeed } from '../replay/overlay.js';
import type { PeakOptions } from '../replay/peak.js';
import type { PercentileCurve } from '../replay/percentile-curve.js';
import type { Rate } from '../replay/rate.js';
import type { RunTraceData } from '../replay/run-trace.js';
import type { EndReason, LatePolicy } from '../replay/send-record.js';
import type { Shape } from '../replay/shape.js';
import type { ShapeShare } from '../replay/shape-meter.js';
import type { SteeringCounts } from '../replay/steering.js';
import type { PeakReport } from './peak-survey.js';
import type { FaultSpec, FaultsReport } from './run-faults.js';
import type { Target, UdpTarget } from './target.js';

export interface ReplaySpec {
  input: InputSpec;
  target: Target;
  /** Send to the captured addresses and ports. */
  keepDestinations: boolean;
  rate: Rate;
  /** How the rate changes over the run; `rate` is its 1x. Null: it does not. */
  shape: Shape | null;
  /** Compress the capture's busiest windows; null: play them as captured. */
  peak: PeakOptions | null;
  /** How deadlines are waited for. */
  pacing: Pacing;
  /** Of hybrid pacing: the rest of a wait that is spun, ns. */
  spinBelowNs: number;
  /** How often the capture is played; 0 = until stopped. */
  loops: number;
  loopSequence: LoopSequence;
  /** Packets at most. */
  limit: number;
  /** Time of the run at most, ns. */
  durationNs: number;
  from?: When | undefined;
  until?: When | undefined;
  /** Send also what the capture holds only a part of (snap length). */
  allowTruncated: boolean;
  /** Longer idle gaps of the capture count as this long, ns. */
  maxGapNs: number;
  /** When the first packet is due; null: at once. */
  startAt: EpochTime | null;
  filter: FilterSpec;
  /** What befalls packets on their way; null: nothing. */
  faults: FaultSpec | null;
  /** Sends each packet to this address as well, as line B; the capture's is line A then. */
  lineB: UdpTarget | null;
  latePolicy: LatePolicy;
  /** A packet sent later than this after its time counts as late, ns. */
  lateAfterNs: number;
  /** Session name of the MoldUDP64 packets built from a BinaryFILE. */
  session: string;
  /** Largest IP packet built from a BinaryFILE, bytes. */
  mtu: number;
  pack: 'timestamp' | 'mtu';
  /** Of raw Ethernet: send every packet of the capture, also those that hold no datagram … */
  allFrames: boolean;
  /** … and what is changed in the headers of frames. */
  rewrite: RewriteRules;
  /** Read the capture into memory before the run. */
  preload: boolean;
  /** What the pacing thread asks of the machine. */
  machine: MachineSpec;
  /** Compute the whole schedule on a virtual clock and send nothing. */
  dryRun: boolean;
  /** The file that gets the histograms of each second as it ends (`--hlog`). */
  hlogPath: string | null;
  /** Return percentile distributions (`--hgrm`). */
  keepDistributions: boolean;
  /** Return what a picture of the run is drawn from (`--plot`). */
  keepPlot: boolean;
  /** Where another thread is told of each packet (a ring's memory), and the clock that both go by. */
  sendLog: { memory: SharedArrayBuffer; base: ClockBase } | null;
  /** Of a run that can be told what to do while it plays: stand still before the first packet. */
  paused: boolean;
  /** Of such a run: put a seek index beside each capture that was read to its end. */
  writesIndex: boolean;
}

/** The defaults of every option but input and target. */
export const replayDefaults: Omit<ReplaySpec, 'input' | 'target' | 'filter'> = {
  keepDestinations: false,
  rate: { mode: 'original', speedup: { numerator: 1, denominator: 1 } },
  shape: null,
  peak: null,
  pacing: 'hybrid',
  spinBelowNs,
  loops: 1,
  loopSequence: 'keep',
  limit: Number.POSITIVE_INFINITY,
  durationNs: Number.POSITIVE_INFINITY,
  allowTruncated: false,
  maxGapNs: Number.POSITIVE_INFINITY,
  startAt: null,
  faults: null,
  lineB: null,
  latePolicy: 'catch-up',
  lateAfterNs: 100_000,
  session: 'TICKREEL01',
  mtu: 1500,
  pack: 'timestamp',
  allFrames: false,
  rewrite: noRewriting,
  preload: false,
  machine: noMachine,
  dryRun: false,
  hlogPath: null,
  keepDistributions: false,
  keepPlot: false,
  sendLog: null,
  paused: false,
  writesIndex: false,
};

/** How a run on the real clock waited. */
export interface PacingReport {
  mode: Pacing;
  /** The rest of a wait that was spun, ns; null where all was, or nothing. */
  spinBelowNs: number | null;
  /** How far ahead datagrams were handed to the kernel, ns; null where it did not keep the time. */
  horizonNs: number | null;
  /** What the thread slept with; null where it never did. */
  sleep: 'clock_nanosleep' | 'Atomics.wait' | null;
}

/** The object that `replay --report` writes: stable keys, units in their names. */
export interface ReplayReport {
  capture: string;
  target: string;
  /** The rate asked for, as `--speed` reads it. */
  asked: string;
  /** The shape as written, and how its parts were kept; null where none was asked for. */
  shape: { text: string; parts: ShapeShare[] } | null;
  /** Captures laid over each other, and sessions that another of them has too; null where they were merged. */
  overlay: {
    captures: { file: string; offsetNs: number }[];
    renamed: readonly RenamedSession[];
    sharedFeeds: readonly SharedFeed[];
  } | null;
  /** The windows that were compressed and what became of the peak; null where that was not asked for. */
  peak: PeakReport | null;
  clock: 'real' | 'virtual';
  /** Null on a virtual clock. */
  pacing: PacingReport | null;
  endReason: EndReason;
  /** Why the capture could not be played again, where `endReason` is `failed`. */
  failure: string | null;
  packets: number;
  /** UDP payload bytes; of raw Ethernet whole frames' (without frame check sequence). */
  bytes: number;
  messages: number;
  /** From the run's origin to the end of the last send. */
  seconds: number;
  /** Of what was sent; bits are those of layer 2 without the frame check sequence. */
  rate: { packetsPerSecond: number; messagesPerSecond: number; bitsPerSecond: number };
  late: { count: number; share: number; maxNs: number; thresholdNs: number };
  /** Packets left out by `--on-late drop`. */
  dropped: number;
  /** By how much `--on-late shift` moved the schedule. */
  shiftedNs: number;
  /** Datagrams that filters or the window left out. */
  skipped: number;
  /** Datagrams that the capture holds only a part of, not sent … */
  truncated: number;
  /** … and sent as far as they are there, with `allowTruncated`; loops count anew. */
  truncatedSent: number;
  /** Pieces of TCP streams that are not SoupBinTCP, in the last loop. */
  skippedPieces: number;
  loops: number;
  /** Epoch time of the run's origin, ns as a decimal string: what `listen --origin` wants. */
  originNs: string;
  /** What befell packets, by line; null where nothing was asked for. Counts up to here are of what was sent. */
  faults: FaultsReport | null;
  timeline: { backwardTimestamps: number; farTimestamps: number; squeezedGaps: number; squeezedNs: number };
  histograms: Record<string, HistogramSummary>;
  /** Which way datagrams took into the kernel: `sendmmsg+gso`, `sendmmsg` or `dgram`; null of other targets. */
  path: string | null;
  /** What of `--cpu`, `--mlock` and `--realtime` took effect; null where none was asked for. */
  machine: MachineReport | null;
  /** What `--preload` read into memory, and of that memory what is asked to be in huge pages, and what is locked. */
  preloaded: { bytes: number; hugePageBytes: number; lockedBytes: number } | null;
  /** Failed sends by error code. */
  sendErrors: Record<string, number>;
  sink: Record<string, number>;
  /** What the run was told while it played; null where it could not be told anything. */
  steering: SteeringCounts | null;
  damage: FileDamage[];
  damageTotal: number;
}

/**
 * The report and, where `keepDistributions` and `keepPlot` ask for them, percentile distributions by the histogram's
 * name and what a picture needs.
 */
export interface ReplayOutcome {
  report: ReplayReport;
  hgrm: Record<string, string>;
  plot: ReplayPlot | null;
}

/** What `replayFigure` draws. */
export interface ReplayPlot {
  trace: RunTraceData;
  curves: PercentileCurve[];
}
