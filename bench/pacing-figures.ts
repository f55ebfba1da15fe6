/** Figures of a paced run, the same for every program that is measured, in nanoseconds. */
import { SignedHistogram } from 'tickreel';

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Measured {
  readonly packets: number;
  readonly lost: number;
  /** Scheduled time to the call that sends; null where only the receiver is ours. */
  readonly sent: Percentiles | null;
  /** Scheduled time to the stamp of receipt. */
  readonly received: Percentiles;
  /** First to last receipt less the scheduled span. */
  readonly durationErrorNs: number;
}

/** Of times on one clock; a datagram that was lost has NaN for its stamp. */
export function measuredOf(duesNs: Float64Array, startsNs: Float64Array | null, stampsNs: Float64Array): Measured {
  const there = [...stampsNs.keys()].filter((index) => !Number.isNaN(stampsNs[index]));
  const [first = 0, last = 0] = [there[0], there.at(-1)];
  const span = (times: Float64Array): number => (times[last] as number) - (times[first] as number);
  return {
    packets: duesNs.length,
    lost: duesNs.length - there.length,
    sent: startsNs === null ? null : percentilesOf(startsNs, duesNs, [...startsNs.keys()]),
    received: percentilesOf(stampsNs, duesNs, there),
    durationErrorNs: there.length === 0 ? 0 : span(stampsNs) - span(duesNs),
  };
}

function percentilesOf(timesNs: Float64Array, duesNs: Float64Array, indexes: readonly number[]): Percentiles {
  const lateness = new SignedHistogram();
  for (const index of indexes) lateness.record((timesNs[index] as number) - (duesNs[index] as number));
  const { p50, p99, p999, max } = lateness.summary();
  lateness.destroy();
  return { p50, p99, p999, max };
}
