/**
 * How a run went over time, for a picture: what was due in each bin and how late it was, and what was sent.
 *
 * Memory is taken at construction. A packet costs two look-ups of a bin and four additions; making bins wider, a few
 * times an hour, about 0.2 ms.
 */
import { TimeBins } from '../core/time-bins.js';
import type { Rate } from './rate.js';
import { headerBytes as payloadHeaderBytes } from './scheduled-reader.js';

const firstWidthNs = 1_000_000;
const mostBins = 1024;
/** More bins than this are not told apart on a page. */
const mostDrawnBins = 500;
/** So many at least, as long as there are `fullBin` packets for each: a percentile of fewer says little. */
const leastDrawnBins = 100;
const fullBin = 20;
/**
 * Buckets of lateness: four for each power of two ns up to 4.29 s, so that percentiles are within 12.5 %, and one for
 * what is later.
 */
const bucketCount = 125;
const bucketTopNs = 2 ** 32 - 1;
const askedColumn = 0;
const sentColumn = 1;
const firstBucketColumn = 2;

/** The trace as plain data: bin i reaches from `edgesNs[i]` to `edgesNs[i + 1]`, ns since the run's origin. */
export interface RunTraceData {
  edgesNs: number[];
  /** What `asked` and `sent` count: what the rate was given in. */
  counted: 'packets' | 'messages' | 'bits';
  /** Due in each bin. */
  asked: number[];
  sent: number[];
  /** Of the packets due in each bin, ns; NaN where none was. */
  lateness: { p50: number[]; p99: number[]; max: number[] };
}

/** Told of each packet while a run is under way. */
export interface RunObserver {
  /** A packet was sent; times in ns since the origin. */
  sent(startNs: number, messages: number, lengthBytes: number): void;
  /** A packet was due, and sent or dropped so much later. */
  due(dueNs: number, lateNs: number, messages: number, lengthBytes: number): void;
}

/** Keeps what a picture is drawn from. */
export class RunTrace implements RunObserver {
  private readonly counted: RunTraceData['counted'];
  private readonly bins = new TimeBins({
    sums: firstBucketColumn + bucketCount,
    maxima: 1,
    widthNs: firstWidthNs,
    capacity: mostBins,
  });
  private readonly headerBytes: number;
  private packets = 0;

  /** `headerBytes`: what a packet takes on layer 2 beside the bytes that are sent. */
  constructor(mode: Rate['mode'], headerBytes: number = payloadHeaderBytes) {
    this.headerBytes = headerBytes;
    this.counted = mode === 'messages' || mode === 'bits' ? mode : 'packets';
  }

  sent(startNs: number, messages: number, lengthBytes: number): void {
    const slot = this.bins.slotOf(startNs);
    this.bins.sums[sentColumn][slot] += this.amount(messages, lengthBytes);
  }

  due(dueNs: number, lateNs: number, messages: number, lengthBytes: number): void {
    const { sums, maxima } = this.bins;
    this.packets++;
    const slot = this.bins.slotOf(dueNs);
    sums[askedColumn][slot] += this.amount(messages, lengthBytes);
    sums[firstBucketColumn + bucketOf(lateNs)][slot]++;
    if (lateNs > maxima[0][slot]) maxima[0][slot] = lateNs;
  }

  /** Makes bins wider where there are too many, or too little in each, and ends the trace. */
  finish(): RunTraceData {
    const { bins } = this;
    const most = Math.max(leastDrawnBins, Math.min(mostDrawnBins, this.packets / fullBin));
    while (bins.count > most) bins.coarsen();
    const [asked, sent, ...buckets] = bins.sums.map((column) => bins.ordered(column));
    const max = bins.ordered(bins.maxima[0]).map((ns) => (ns === Number.NEGATIVE_INFINITY ? Number.NaN : ns));
    const quantiles = (share: number): number[] => max.map((most, bin) => quantile(buckets, bin, share, most));
    return {
      edgesNs: Array.from({ length: bins.count + 1 }, (_, i) => bins.fromNs + i * bins.widthNs),
      counted: this.counted,
      asked,
      sent,
      lateness: { p50: quantiles(0.5), p99: quantiles(0.99), max },
    };
  }

  private amount(messages: number, lengthBytes: number): number {
    if (this.counted === 'packets') return 1;
    return this.counted === 'messages' ? messages : (lengthBytes + this.headerBytes) * 8;
  }
}

function bucketOf(lateNs: number): number {
  if (lateNs > bucketTopNs) return bucketCount - 1;
  const ns = lateNs < 0 ? 0 : Math.round(lateNs);
  if (ns < 4) return ns;
  const exponent = 31 - Math.clz32(ns);
  return (exponent - 1) * 4 + ((ns >>> (exponent - 2)) & 3);
}

/** The middle of the bucket that holds the value of that rank, at most the highest; NaN where there is none. */
function quantile(buckets: readonly number[][], bin: number, share: number, most: number): number {
  const count = buckets.reduce((sum, bucket) => sum + bucket[bin], 0);
  if (count === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil(share * count));
  let below = 0;
  const index = buckets.findIndex((bucket) => {
    below += bucket[bin];
    return below >= rank;
  });
  return index === bucketCount - 1 ? most : Math.min(most, middleOf(index));
}

function middleOf(bucket: number): number {
  if (bucket < 4) return bucket;
  return (4.5 + (bucket & 3)) * 2 ** (Math.floor(bucket / 4) - 1);
}
