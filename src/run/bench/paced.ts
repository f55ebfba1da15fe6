/**
 * Latency at a rate, by an open loop: every message has a time of its own, whether the one before it is done or not,
 * and its latency counts from there to the return of the call. What a slow message makes the next ones wait is in
 * theirs.
 */
import { type HistogramSummary, initHistograms, SignedHistogram } from '../../core/histogram.js';

/** What a paced run gave, in ns. */
export interface PacedResult {
  readonly askedPerSecond: number;
  /** Messages over the time from the first one's schedule to the last one's return. */
  readonly reachedPerSecond: number;
  readonly messages: number;
  readonly latency: HistogramSummary;
}

/** Ahead of the first message's time. */
const leadNs = 1_000_000;

/** Calls `call` for `messages` messages at the rate, by a clock that is read until the time has come. */
export async function runPaced(
  call: (message: number) => void,
  messages: number,
  perSecond: number,
): Promise<PacedResult> {
  await initHistograms();
  const histogram = new SignedHistogram();
  const gapNs = 1e9 / perSecond;
  const originNs = performance.now() * 1e6 + leadNs;
  let nowNs = 0;
  for (let message = 0; message < messages; message++) {
    const dueNs = originNs + message * gapNs;
    do nowNs = performance.now() * 1e6;
    while (nowNs < dueNs);
    call(message);
    nowNs = performance.now() * 1e6;
    histogram.record(nowNs - dueNs);
  }
  const latency = histogram.summary();
  return { askedPerSecond: perSecond, reachedPerSecond: (messages / (nowNs - originNs)) * 1e9, messages, latency };
}
