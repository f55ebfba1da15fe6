/**
 * How a run kept its schedule, seen from both ends: lateness, gaps and durations of what was sent by the sender's clock
 * readings and of what was received by the stamps of receipt, each against the schedule.
 */
import { type HistogramSummary, SignedHistogram } from '../core/histogram.js';
import { Arrivals } from './arrivals.js';

/** What each distribution measures, in nanoseconds. */
export const proofNames = {
  sendLateness: 'scheduled time to the start of the send call',
  receiveLateness: 'scheduled time to the stamp of receipt',
  transit: 'start of the send call to the stamp of receipt',
  sendGapError: 'gap between two sends less the scheduled gap',
  receiveGapError: 'gap between two receipts less the scheduled gap',
  scheduledGap: 'gap between two scheduled times',
  sentGap: 'gap between two sends',
  receivedGap: 'gap between two receipts',
} as const;

export type ProofName = keyof typeof proofNames;

/** Percentiles of the gaps' table; 100 is the longest. */
export const gapPercents = [1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100] as const;

/** First and last of something, and how much there was. */
class Span {
  firstNs = Number.NaN;
  lastNs = Number.NaN;

  /** The gap to the one before; NaN for the first. */
  add(ns: number): number {
    const gapNs = ns - this.lastNs;
    if (Number.isNaN(this.firstNs)) this.firstNs = ns;
    this.lastNs = ns;
    return gapNs;
  }

  /** 0 where nothing was added. */
  get ns(): number {
    return Number.isNaN(this.firstNs) ? 0 : this.lastNs - this.firstNs;
  }
}

export interface DurationFigures {
  /** From the first datagram to the last. */
  readonly scheduledNs: number;
  readonly sentNs: number;
  /** Of what was received. */
  readonly receivedNs: number;
  readonly sentErrorNs: number;
  /** Against the schedule of the datagrams that were received. */
  readonly receivedErrorNs: number;
  /** How late the last datagram was sent, and the last that was received came. */
  readonly lastSentLateNs: number;
  readonly lastReceivedLateNs: number;
}

/** One row of the table of gaps. */
export interface GapQuantile {
  readonly percent: number;
  readonly scheduledNs: number;
  readonly sentNs: number;
  readonly receivedNs: number;
}

/** Told of each datagram that was received, with its times on the run's clock. */
export type PairHandler = (dueNs: number, startNs: number, stampNs: number) => void;

/** Reads a `SendLog`, is told of arrivals, and keeps the figures; `initHistograms` must have resolved. */
export class PacingProof {
  readonly arrivals: Arrivals;
  readonly histograms: Readonly<Record<ProofName, SignedHistogram>>;
  private readonly due = new Span();
  private readonly sent = new Span();
  private readonly received = new Span();
  private readonly receivedDue = new Span();
  private readonly onPair: PairHandler;

  constructor(memory: SharedArrayBuffer, onPair: PairHandler = () => {}) {
    this.onPair = onPair;
    const names = Object.keys(proofNames) as ProofName[];
    this.histograms = Object.fromEntries(names.map((name) => [name, new SignedHistogram()])) as Record<
      ProofName,
      SignedHistogram
    >;
    this.arrivals = new Arrivals(memory, {
      onSent: (dueNs, startNs) => this.onSent(dueNs, startNs),
      onArrival: (dueNs, startNs, stampNs, isInOrder) => this.onArrival(dueNs, startNs, stampNs, isInOrder),
    });
  }

  durations(): DurationFigures {
    const { due, sent, received, receivedDue } = this;
    const late = (of: Span, schedule: Span): number => (Number.isNaN(of.firstNs) ? 0 : of.lastNs - schedule.lastNs);
    return {
      scheduledNs: due.ns,
      sentNs: sent.ns,
      receivedNs: received.ns,
      sentErrorNs: sent.ns - due.ns,
      receivedErrorNs: received.ns - receivedDue.ns,
      lastSentLateNs: late(sent, due),
      lastReceivedLateNs: late(received, receivedDue),
    };
  }

  summaries(): Record<ProofName, HistogramSummary> {
    const entries = Object.entries(this.histograms).map(([name, histogram]) => [name, histogram.summary()]);
    return Object.fromEntries(entries) as Record<ProofName, HistogramSummary>;
  }

  gapQuantiles(): GapQuantile[] {
    const { scheduledGap, sentGap, receivedGap } = this.histograms;
    return gapPercents.map((percent) => ({
      percent,
      scheduledNs: scheduledGap.percentile(percent),
      sentNs: sentGap.percentile(percent),
      receivedNs: receivedGap.percentile(percent),
    }));
  }

  /** Frees the histograms' memory. */
  destroy(): void {
    for (const histogram of Object.values(this.histograms)) histogram.destroy();
  }

  private onSent(dueNs: number, startNs: number): void {
    const { sendLateness, scheduledGap, sentGap, sendGapError } = this.histograms;
    sendLateness.record(startNs - dueNs);
    const scheduledNs = this.due.add(dueNs);
    const sentNs = this.sent.add(startNs);
    if (Number.isNaN(sentNs)) return;
    scheduledGap.record(scheduledNs);
    sentGap.record(sentNs);
    sendGapError.record(sentNs - scheduledNs);
  }

  private onArrival(dueNs: number, startNs: number, stampNs: number, isInOrder: boolean): void {
    const { receiveLateness, transit, receivedGap, receiveGapError } = this.histograms;
    receiveLateness.record(stampNs - dueNs);
    transit.record(stampNs - startNs);
    this.onPair(dueNs, startNs, stampNs);
    const gapNs = this.received.add(stampNs);
    // One that was overtaken has no scheduled gap to the one before it.
    const scheduledNs = isInOrder ? this.receivedDue.add(dueNs) : Number.NaN;
    if (Number.isNaN(gapNs)) return;
    receivedGap.record(gapNs);
    if (!Number.isNaN(scheduledNs)) receiveGapError.record(gapNs - scheduledNs);
  }
}
