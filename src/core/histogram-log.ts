/**
 * Histograms as text: the percentile distribution that HdrHistogram's plotFiles reads (`.hgrm`) and the interval log,
 * format version 1.3 with V2 compressed histograms (`.hlog`). Both describe magnitudes of one sign: values below 0 get
 * a distribution, or a tag, of their own.
 */
import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
  HistogramLogWriter,
} from 'hdr-histogram-js';
import type { EpochTime } from './clock.js';
import { UsageError } from './errors.js';
import type { SignedHistogram } from './histogram.js';

/** Ends the tag under which an interval log has the values below 0. */
export const negativeSuffix = '-negative';
const ticksPerHalfDistance = 5;
/** The column of maxima in an interval log is in milliseconds, as in other tools' logs. */
const nsPerMaximum = 1e6;

/**
 * The percentile distribution of one side of a `SignedHistogram`, in units of `unitNs` (1000: microseconds), stated in
 * its last line.
 */
export function percentileDistribution(side: Histogram, unitNs = 1000): string {
  // The WebAssembly build prints 1.005 as 1.5: let the plain one print.
  const plain = decodeFromCompressedBase64(encodeIntoCompressedBase64(side), 64);
  const text = plain.outputPercentileDistribution(ticksPerHalfDistance, unitNs);
  return `${text}#[Values are in units of ${unitNs} ns]\n`;
}

/** Writes an interval log; what is returned is to be appended to the file, in order. */
export class HistogramLog {
  readonly #writer: HistogramLogWriter;
  #text = '';

  constructor() {
    this.#writer = new HistogramLogWriter((line) => {
      this.#text += line;
    });
  }

  /** The first lines of the file; `start` is the moment that intervals count their seconds from. */
  header(start: EpochTime, comment: string): string {
    const milliseconds = Math.floor(start.nanoseconds / 1e6);
    const seconds = `${start.seconds}.${String(milliseconds).padStart(3, '0')}`;
    const date = new Date(start.seconds * 1000 + milliseconds).toISOString();
    this.#writer.outputComment(`[${comment.replace(/[\r\n]+/g, ' ')}]`);
    this.#writer.outputLogFormatVersion();
    this.#writer.outputComment('[Values are in ns, Interval_Max in ms; a tag names the histogram]');
    this.#writer.outputComment(`[StartTime: ${seconds} (seconds since epoch), ${date}]`);
    this.#writer.outputLegend();
    return this.#take();
  }

  /** The lines of one interval: none where nothing was recorded, a second one for values below 0. */
  interval(name: string, histogram: SignedHistogram, fromNs: number, toNs: number): string {
    if (!/^[\w.-]+$/.test(name)) {
      throw new UsageError('histogram-name', `histogram name "${name}": letters, digits, ".", "_" and "-" only`);
    }
    if (histogram.count > histogram.negativeCount) this.#line(name, histogram.positive, fromNs, toNs);
    if (histogram.negative !== null && histogram.negativeCount > 0) {
      this.#line(name + negativeSuffix, histogram.negative, fromNs, toNs);
    }
    return this.#take();
  }

  #line(tag: string, side: Histogram, fromNs: number, toNs: number): void {
    side.tag = tag;
    this.#writer.outputIntervalHistogram(side, fromNs / 1e9, toNs / 1e9, nsPerMaximum);
  }

  #take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}
