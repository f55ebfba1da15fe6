/**
 * The histograms of one run, by name, each with a second one for the interval now open where intervals are wanted:
 * folding a run's intervals takes some 60 us a histogram and second, in which packets are late.
 *
 * Every latency counts from the *scheduled* time of a packet, so a stall of the sender counts against each packet that
 * it held up (no coordinated omission).
 */
import { type HistogramSummary, SignedHistogram } from '../core/histogram.js';

/** What a histogram of a run measures, in nanoseconds; the key is its name in reports. */
export const latencyNames = {
  sendLateness: 'scheduled time to the start of the send call',
  sendTime: 'time inside the send call',
  gapError: 'gap between two sends less the scheduled gap (negative: sent closer together)',
  handOver: 'send call to the start of the handler (this is a bare call: what two clock readings cost)',
  handlerTime: 'time inside the handler',
  ringHop: 'written to the ring until read by the worker',
  feedLatency: "capture time stamp less the exchange's own (negative: clocks differ)",
} as const;

/** The names as people read them. */
export const latencyLabels: Readonly<Record<LatencyName, string>> = {
  sendLateness: 'send lateness',
  sendTime: 'time in send',
  gapError: 'gap error',
  handOver: 'hand-over',
  handlerTime: 'handler time',
  ringHop: 'ring hop',
  feedLatency: 'feed latency',
};

export type LatencyName = keyof typeof latencyNames;

/** One histogram over the whole run and one over the interval that is open. */
export class LatencySeries {
  readonly name: LatencyName;
  readonly total = new SignedHistogram();
  /** The same as `total` where no intervals are kept. */
  readonly interval: SignedHistogram;

  constructor(name: LatencyName, keepsIntervals: boolean) {
    this.name = name;
    this.interval = keepsIntervals ? new SignedHistogram() : this.total;
  }

  /** Records the value so many times. */
  record(valueNs: number, times = 1): void {
    this.interval.recordTimes(valueNs, times);
  }

  /** Adds the interval to the total; call before reading either, and `interval.reset()` after. */
  fold(): void {
    this.total.add(this.interval);
  }
}

/** A closed interval, as an interval log or a progress line wants it. */
export type IntervalListener = (series: readonly LatencySeries[], fromNs: number, toNs: number) => void;

/** Holds a run's series and closes an interval when told that one is over; `initHistograms` must have resolved. */
export class LatencyRecorder {
  readonly series: LatencySeries[] = [];
  private readonly onInterval: IntervalListener | undefined;
  private intervalStartNs = 0;

  constructor(onInterval?: IntervalListener) {
    this.onInterval = onInterval;
  }

  add(name: LatencyName): LatencySeries {
    const series = new LatencySeries(name, this.onInterval !== undefined);
    this.series.push(series);
    return series;
  }

  start(nowNs: number): void {
    this.intervalStartNs = nowNs;
  }

  /** Ends the open interval at `nowNs` and opens the next. */
  closeInterval(nowNs: number): void {
    if (this.onInterval === undefined) return;
    for (const series of this.series) series.fold();
    this.onInterval(this.series, this.intervalStartNs, nowNs);
    for (const series of this.series) series.interval.reset();
    this.intervalStartNs = nowNs;
  }

  /** Summaries of every series that recorded anything, by name. */
  summaries(): Record<string, HistogramSummary> {
    const out: Record<string, HistogramSummary> = {};
    for (const series of this.series) if (series.total.count > 0) out[series.name] = series.total.summary();
    return out;
  }

  /** Frees the histograms' memory; nothing may be recorded or read after. */
  destroy(): void {
    for (const series of this.series) {
      series.total.destroy();
      if (series.interval !== series.total) series.interval.destroy();
    }
  }
}
