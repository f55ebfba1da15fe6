/**
 * The busiest windows of a capture, and the capture's clock with only those compressed.
 *
 * A packet's window is the time of length W that ends with it. Busy are the windows that hold as many packets as those
 * of the busiest share of packets; where they overlap they are one span. The clock runs K times as fast in the spans
 * and as captured elsewhere, so everything behind a span comes earlier by what it saved. Since the busiest window lies
 * in a span whole, its packets come in W / K: the peak rate over W / K is K times the historic one over W, and as no
 * window of W / K covers more than W of the capture, it is no more either.
 */
import { UsageError } from '../core/errors.js';
import { type Rational, RationalSum } from '../core/rational.js';
import { SlidingCount } from '../core/sliding-count.js';
import type { Placement } from './timeline.js';

/** Spans that are told apart; 24 bytes each. */
const mostSpans = 2 ** 22;

export interface PeakOptions {
  /** How many times as fast spans go; above 1. */
  readonly factor: Rational;
  readonly windowNs: number;
  /** Of the packets, above 0 and at most 1. */
  readonly share: number;
}

/** First pass: how many packets have a window of so many. Positions must not go back. */
export class PeakCensus {
  packets = 0;
  /** Of the busiest window. */
  most = 0;
  /** Where it ends. */
  mostAtNs = 0;
  readonly #sliding: SlidingCount;
  #packetsBy = new Float64Array(1024);

  constructor(windowNs: number) {
    this.#sliding = new SlidingCount(windowNs);
  }

  add(positionNs: number): void {
    const inWindow = this.#sliding.add(positionNs);
    this.packets++;
    if (inWindow > this.most) {
      this.most = inWindow;
      this.mostAtNs = positionNs;
    }
    if (inWindow >= this.#packetsBy.length) {
      const larger = new Float64Array(this.#packetsBy.length * 2);
      larger.set(this.#packetsBy);
      this.#packetsBy = larger;
    }
    this.#packetsBy[inWindow]++;
  }

  /** The least number that at most `share` of the packets have in their window, or the most that any has. */
  threshold(share: number): number {
    let left = this.packets * share;
    let threshold = this.most;
    for (let inWindow = this.most; inWindow > 0; inWindow--) {
      left -= this.#packetsBy[inWindow];
      if (left < 0) break;
      threshold = inWindow;
    }
    return threshold;
  }
}

/** Second pass: the spans of windows that hold `threshold` packets. Positions must not go back. */
export class PeakSpans {
  count = 0;
  /** Packets in all of them. */
  packets = 0;
  starts = new Float64Array(64);
  ends = new Float64Array(64);
  packetsIn = new Float64Array(64);
  readonly threshold: number;
  readonly #windowNs: number;
  readonly #sliding: SlidingCount;
  #seen = 0;
  #seenAtEnd = 0;

  constructor(windowNs: number, threshold: number) {
    this.#windowNs = windowNs;
    this.threshold = threshold;
    this.#sliding = new SlidingCount(windowNs);
  }

  add(positionNs: number): void {
    const inWindow = this.#sliding.add(positionNs);
    this.#seen++;
    if (inWindow < this.threshold) return;
    const startNs = Math.max(0, positionNs - this.#windowNs);
    const joins = this.count > 0 && startNs <= this.ends[this.count - 1];
    if (!joins) this.#open(startNs);
    const added = joins ? this.#seen - this.#seenAtEnd : inWindow;
    this.ends[this.count - 1] = positionNs;
    this.packetsIn[this.count - 1] += added;
    this.packets += added;
    this.#seenAtEnd = this.#seen;
  }

  /** The busiest spans, most packets first. */
  busiest(most: number): { startNs: number; endNs: number; packets: number }[] {
    const order = Array.from({ length: this.count }, (_, index) => index);
    order.sort((a, b) => this.packetsIn[b] - this.packetsIn[a] || a - b);
    return order.slice(0, most).map((index) => ({
      startNs: this.starts[index],
      endNs: this.ends[index],
      packets: this.packetsIn[index],
    }));
  }

  #open(startNs: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count++] = startNs;
  }

  #grow(): void {
    if (this.count >= mostSpans) {
      throw new UsageError('peak', `--peak finds more than ${mostSpans} spans; take a longer --peak-window`);
    }
    const doubled = (array: Float64Array): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(array.length * 2);
      larger.set(array);
      return larger;
    };
    this.starts = doubled(this.starts);
    this.ends = doubled(this.ends);
    this.packetsIn = doubled(this.packetsIn);
  }
}

/** What a capture's two passes found. */
export interface PeakPlan extends PeakOptions {
  /** Stamp of the first datagram, from which spans count. */
  readonly first: { readonly seconds: number; readonly nanoseconds: number };
  readonly census: PeakCensus;
  readonly spans: PeakSpans;
}

/** A timeline on which the spans of a plan are compressed, in each loop alike. */
export class PeakTimeline implements Placement {
  /** The most packets that were placed in any window of `windowNs` / factor. */
  most = 0;
  /** By how much the latest loop came earlier so far. */
  savedNs = 0;
  readonly #inner: Placement;
  readonly #plan: PeakPlan;
  readonly #sliding: SlidingCount;
  #compressed: RationalSum;
  /** Busy time before the datagram at hand, in its loop. */
  #busyNs = 0;
  /** The span that it is in or before, and what those in front take together. */
  #span = 0;
  #passedNs = 0;
  #atLoopStart = true;
  /** How far behind the first datagram the loop began, and what was saved before. */
  #offsetNs = 0;
  #skippedNs = 0;
  #innerBaseNs = 0;
  #baseNs = 0;
  #highestNs = 0;

  constructor(inner: Placement, plan: PeakPlan) {
    this.#inner = inner;
    this.#plan = plan;
    const { numerator, denominator } = plan.factor;
    this.#sliding = new SlidingCount(Math.ceil((plan.windowNs * denominator) / numerator));
    this.#compressed = inverse(plan.factor);
  }

  place(seconds: number, nanoseconds: number): number {
    const innerNs = this.#inner.place(seconds, nanoseconds);
    if (this.#atLoopStart) this.#begin(innerNs, seconds, nanoseconds);
    const sinceNs = this.#offsetNs + innerNs - this.#innerBaseNs;
    this.#saveUpTo(sinceNs);
    const placedNs = this.#baseNs + (sinceNs - this.#offsetNs) - (this.savedNs - this.#skippedNs);
    if (placedNs > this.#highestNs) this.#highestNs = placedNs;
    const inWindow = this.#sliding.add(this.#highestNs);
    if (inWindow > this.most) this.most = inWindow;
    return placedNs;
  }

  startLoop(): void {
    this.#inner.startLoop();
    this.#atLoopStart = true;
  }

  /** Behind a seek a loop does not begin with the first datagram: then the stamps tell how far on it is. */
  #begin(innerNs: number, seconds: number, nanoseconds: number): void {
    this.#atLoopStart = false;
    const { first } = this.#plan;
    this.#offsetNs = (seconds - first.seconds) * 1e9 + (nanoseconds - first.nanoseconds);
    this.#innerBaseNs = innerNs;
    this.#baseNs = this.#highestNs;
    this.#compressed = inverse(this.#plan.factor);
    this.#busyNs = 0;
    this.#span = 0;
    this.#passedNs = 0;
    this.#saveUpTo(this.#offsetNs);
    this.#skippedNs = this.savedNs;
  }

  #saveUpTo(sinceNs: number): void {
    const busyNs = this.#busyBefore(sinceNs);
    this.savedNs = busyNs - this.#compressed.add(busyNs - this.#busyNs);
    this.#busyNs = busyNs;
  }

  /** How much of the time from 0 to `sinceNs` lies in spans; stamps may go back. */
  #busyBefore(sinceNs: number): number {
    const { starts, ends, count } = this.#plan.spans;
    while (this.#span < count && ends[this.#span] <= sinceNs) {
      this.#passedNs += ends[this.#span] - starts[this.#span];
      this.#span++;
    }
    while (this.#span > 0 && ends[this.#span - 1] > sinceNs) {
      this.#span--;
      this.#passedNs -= ends[this.#span] - starts[this.#span];
    }
    if (this.#span === count) return this.#passedNs;
    return this.#passedNs + Math.max(0, sinceNs - starts[this.#span]);
  }
}

function inverse({ numerator, denominator }: Rational): RationalSum {
  return new RationalSum({ numerator: denominator, denominator: numerator });
}
