/** What `inspect --plot` collects beside the report: rates over time, sizes and gaps, in memory that does not grow. */
import { SignedHistogram } from '../core/histogram.js';
import { TimeBins } from '../core/time-bins.js';

/** Finer than anything that a capture of more than 2 ms is drawn with. */
const firstWidthNs = 1000;
const mostBins = 2048;
/** More bins than this are not told apart on a page. */
const mostDrawnBins = 600;
/** So many at least, as long as there are `fullBin` records for each. */
const leastDrawnBins = 100;
const fullBin = 5;
/** What the peak rate of a bin is taken over. */
export const peakWindowNs = 1_000_000;
/** Peak windows open at once, so that time stamps may go back by that many; a power of two. */
const openPeakWindows = 1024;
/** Payloads of UDP end here; what is longer, such as a run of a TCP stream, is counted with the longest. */
const longestSize = 65_535;
const gapBinsPerDecade = 10;
/** From 1 ns to 11 days; what is longer is counted in the last. */
const gapBins = 15 * gapBinsPerDecade;

/** Counts of packets and of messages in one bin of time each. */
export interface RateSeries {
  /** One more than bins. */
  edgesNs: number[];
  packets: number[];
  messages: number[];
  /** In the busiest aligned 1 ms that begins or goes on in the bin; null where bins are shorter than that. */
  peak: { packets: number[]; messages: number[] } | null;
}

/** Bins of a histogram: bin i reaches from `edges[i]` to `edges[i + 1]`. */
export interface Distribution {
  edges: number[];
  counts: number[];
}

/** Collects while an `Inspection` runs; `initHistograms` must have resolved. */
export class CapturePlot {
  /** Gaps above 0, of which percentiles are wanted. */
  readonly positiveGaps = new SignedHistogram();
  zeroGaps = 0;
  negativeGaps = 0;
  packets = 0;
  messages = 0;
  private readonly bins = new TimeBins({ sums: 2, maxima: 2, widthNs: firstWidthNs, capacity: mostBins });
  private readonly sizeCounts = new Float64Array(longestSize + 1);
  private readonly gapCounts = new Float64Array(gapBins);
  private readonly peakTags = new Float64Array(openPeakWindows).fill(Number.NaN);
  private readonly peakPackets = new Float64Array(openPeakWindows);
  private readonly peakMessages = new Float64Array(openPeakWindows);
  private previousNs = Number.NaN;

  /** A datagram, or a message of a BinaryFILE, before its messages. */
  onRecord(length: number, timestampNs: number): void {
    this.packets++;
    this.sizeCounts[Math.min(length, longestSize)]++;
    const slot = this.bins.slotOf(timestampNs);
    const peakSlot = this.peakSlotOf(timestampNs);
    this.bins.sums[0][slot]++;
    this.bins.maxima[0][slot] = Math.max(this.bins.maxima[0][slot], ++this.peakPackets[peakSlot]);
    if (!Number.isNaN(this.previousNs)) this.addGap(timestampNs - this.previousNs);
    this.previousNs = timestampNs;
  }

  onMessage(timestampNs: number): void {
    this.messages++;
    const slot = this.bins.slotOf(timestampNs);
    const peakSlot = this.peakSlotOf(timestampNs);
    this.bins.sums[1][slot]++;
    this.bins.maxima[1][slot] = Math.max(this.bins.maxima[1][slot], ++this.peakMessages[peakSlot]);
  }

  /** Bins of time, made wider first where there are too many, or too little in each; ends the collecting. */
  rates(): RateSeries {
    const { bins } = this;
    const most = Math.max(leastDrawnBins, Math.min(mostDrawnBins, Math.max(this.packets, this.messages) / fullBin));
    while (bins.count > most) bins.coarsen();
    const [packets, messages] = bins.sums.map((column) => bins.ordered(column));
    const [peakPackets, peakMessages] = bins.maxima.map((column) =>
      bins.ordered(column).map((most) => Math.max(0, most)),
    );
    const edgesNs = Array.from({ length: bins.count + 1 }, (_, i) => bins.fromNs + i * bins.widthNs);
    const peak = bins.widthNs < peakWindowNs ? null : { packets: peakPackets, messages: peakMessages };
    return { edgesNs, packets, messages, peak };
  }

  /** Sizes in bytes, in at most `mostSizeBins` bins of 1, 2 or 5 times a power of ten. */
  sizes(mostSizeBins: number): Distribution {
    const first = this.sizeCounts.findIndex((count) => count > 0);
    const last = this.sizeCounts.findLastIndex((count) => count > 0);
    if (first < 0) return { edges: [], counts: [] };
    let width = 1;
    for (const [decade, step] of [1, 10, 100, 1000].flatMap((ten) => [1, 2, 5].map((digit) => [ten, digit]))) {
      width = decade * step;
      if (last < width * mostSizeBins) break;
    }
    const firstBin = Math.floor(first / width);
    const counts = new Array<number>(Math.floor(last / width) - firstBin + 1).fill(0);
    for (let size = first; size <= last; size++) counts[Math.floor(size / width) - firstBin] += this.sizeCounts[size];
    return { edges: edges(counts.length, (i) => (firstBin + i) * width), counts };
  }

  /** Gaps above 0 in ns, ten bins a decade. */
  gaps(): Distribution {
    const first = this.gapCounts.findIndex((count) => count > 0);
    const last = this.gapCounts.findLastIndex((count) => count > 0);
    if (first < 0) return { edges: [], counts: [] };
    const counts = Array.from(this.gapCounts.subarray(first, last + 1));
    return { edges: edges(counts.length, (i) => 10 ** ((first + i) / gapBinsPerDecade)), counts };
  }

  /** Gives the histogram's memory back; nothing may be asked after. */
  destroy(): void {
    this.positiveGaps.destroy();
  }

  private addGap(gapNs: number): void {
    if (gapNs === 0) this.zeroGaps++;
    else if (gapNs < 0) this.negativeGaps++;
    else {
      this.positiveGaps.record(gapNs);
      // The slack puts whole powers of ten into the bin that begins with them.
      const bin = Math.floor(Math.log10(gapNs) * gapBinsPerDecade + 1e-9);
      this.gapCounts[Math.min(gapBins - 1, bin)]++;
    }
  }

  private peakSlotOf(timestampNs: number): number {
    const window = Math.floor(timestampNs / peakWindowNs);
    const slot = window & (openPeakWindows - 1);
    if (this.peakTags[slot] !== window) {
      this.peakTags[slot] = window;
      this.peakPackets[slot] = 0;
      this.peakMessages[slot] = 0;
    }
    return slot;
  }
}

function edges(bins: number, at: (index: number) => number): number[] {
  return Array.from({ length: bins + 1 }, (_, index) => at(index));
}
