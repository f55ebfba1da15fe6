/** The two passes over a capture that `--peak` needs before the first packet is sent, and what is reported of them. */
import type { Protocols } from '../analysis/protocols.js';
import { UsageError } from '../core/errors.js';
import { formatRational } from '../core/rational.js';
import { PeakCensus, type PeakOptions, type PeakPlan, PeakSpans, type PeakTimeline } from '../replay/peak.js';
import { Timeline } from '../replay/timeline.js';
import { CaptureSource } from './capture-source.js';
import { gateOf, walk } from './capture-walk.js';
import type { ReplaySpec } from './replay-spec.js';

const listedSpans = 10;

/** Times are nanoseconds of the capture since the first packet that takes part, before `--speed` and `--shape`. */
export interface PeakReport {
  factor: string;
  windowNs: number;
  share: number;
  /** Packets that a window must hold to be compressed. */
  threshold: number;
  /** Windows that overlap are one span. */
  spans: { count: number; packets: number; ns: number };
  /** By how much the capture became shorter, each time it was played. */
  savedNs: number;
  /** The busiest window of the capture … */
  before: { packets: number; packetsPerSecond: number; endsAtNs: number };
  /** … what it was to become … */
  asked: { packetsPerSecond: number };
  /** … and the busiest of `windowNs` / factor that was scheduled. */
  scheduled: { packets: number; packetsPerSecond: number };
  /** The spans with the most packets. */
  busiest: { startNs: number; endNs: number; packets: number }[];
}

/** Reads the capture twice; rejects with UsageError where it cannot be read so often. */
export async function surveyPeak(spec: ReplaySpec, peak: PeakOptions, protocols: Protocols): Promise<PeakPlan> {
  const census = new PeakCensus(peak.windowNs);
  const first = await placeAll(spec, protocols, (positionNs) => census.add(positionNs));
  const spans = new PeakSpans(peak.windowNs, census.threshold(peak.share));
  await placeAll(spec, protocols, (positionNs) => spans.add(positionNs));
  return { ...peak, first, census, spans };
}

/**
 * Gives the place of every datagram on the timeline, of one that is stamped back that of the one that it is due with;
 * resolves with the first stamp.
 */
async function placeAll(
  spec: ReplaySpec,
  protocols: Protocols,
  add: (positionNs: number) => void,
): Promise<PeakPlan['first']> {
  // Damage is told when the capture is played.
  const source = await CaptureSource.open(spec, () => {}, protocols.mdp3);
  try {
    if (!source.isRepeatable) throw notRepeatable(source.name);
    const timeline = new Timeline({ maxGapNs: spec.maxGapNs });
    let highestNs = 0;
    let first: PeakPlan['first'] | undefined;
    await walk(source, gateOf(spec, protocols, source), ({ seconds, nanoseconds }) => {
      first ??= { seconds, nanoseconds };
      highestNs = Math.max(highestNs, timeline.place(seconds, nanoseconds));
      add(highestNs);
    });
    return first ?? { seconds: 0, nanoseconds: 0 };
  } finally {
    await source.close();
  }
}

export function notRepeatable(name: string): UsageError {
  return new UsageError(
    'peak-input',
    `--peak must know the busiest windows before it sends, and ${name} cannot be read twice; save it to a file`,
  );
}

export function peakReport(plan: PeakPlan, timeline: PeakTimeline): PeakReport {
  const { factor, windowNs, share, census, spans } = plan;
  const shortNs = (windowNs * factor.denominator) / factor.numerator;
  let ns = 0;
  for (let index = 0; index < spans.count; index++) ns += spans.ends[index] - spans.starts[index];
  return {
    factor: `${formatRational(factor)}x`,
    windowNs,
    share,
    threshold: spans.threshold,
    spans: { count: spans.count, packets: spans.packets, ns },
    savedNs: timeline.savedNs,
    before: {
      packets: census.most,
      packetsPerSecond: (census.most * 1e9) / windowNs,
      endsAtNs: census.mostAtNs,
    },
    asked: { packetsPerSecond: (census.most * 1e9) / shortNs },
    scheduled: { packets: timeline.most, packetsPerSecond: (timeline.most * 1e9) / shortNs },
    busiest: spans.busiest(listedSpans),
  };
}
