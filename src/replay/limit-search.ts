/**
 * The search for the highest rate that a receiver keeps up with: steps up by a factor until it falls behind (or down
 * until it does not), then halves the bracket, by ratio, until it is as narrow as asked for.
 *
 * After RFC 2544, section 26.1 (throughput: the fastest rate at which nothing is lost), with a sender whose own limit
 * is told apart from the receiver's.
 */

/** How a step went: the receiver kept up, it fell behind, or it kept up with what was sent, which was too little. */
export type StepOutcome = 'kept' | 'behind' | 'sender';

/** `knee`: the bracket is as narrow as asked for, or as the steps allowed. */
export type LimitVerdict = 'knee' | 'above' | 'below' | 'sender';

export interface LimitSearchOptions {
  /** Rates to begin and to end with, in whatever unit. */
  readonly lowest: number;
  readonly highest: number;
  /** From step to step on the way up, above 1. */
  readonly factor: number;
  /** The bracket's width, as a share of the lower rate. */
  readonly precision: number;
  readonly mostSteps: number;
}

/** Below this part of the lowest rate nothing more is tried. */
const deepest = 1 / 4096;
const digits = 3;
/** What was sent of a rate is the rate from this share on. */
export const keptShare = 0.98;

export class LimitSearch {
  /** The highest rate that was kept, and the lowest above it that was not; null before there is one. */
  kept: number | null = null;
  behind: number | null = null;
  steps = 0;
  private readonly o: LimitSearchOptions;
  private readonly asked = new Set<number>();
  private isSenderSpent = false;

  constructor(options: LimitSearchOptions) {
    this.o = options;
  }

  /** The rate to try next; null when the search is over. */
  next(): number | null {
    const { lowest, highest, factor, mostSteps } = this.o;
    const { kept, behind } = this;
    if (this.steps >= mostSteps || this.isSenderSpent) return null;
    if (behind === null) {
      if (kept === null) return lowest;
      return kept >= highest ? null : Math.min(highest, short(kept * factor));
    }
    if (kept === null) return behind / factor < lowest * deepest ? null : short(behind / factor);
    if (this.isNarrow) return null;
    const middle = short(Math.sqrt(kept * behind));
    return middle > kept && middle < behind && !this.asked.has(middle) ? middle : null;
  }

  /** Takes the outcome of a rate; `reached` is what was sent of it. */
  add(asked: number, reached: number, outcome: StepOutcome): void {
    this.steps++;
    this.asked.add(asked);
    const real = reached >= asked * keptShare ? asked : short(reached);
    if (outcome === 'behind') {
      // What was sent more slowly than it was kept before tells of what was asked.
      const limit = real > (this.kept ?? 0) ? real : asked;
      this.behind = Math.min(this.behind ?? limit, limit);
      return;
    }
    this.kept = Math.max(this.kept ?? 0, outcome === 'kept' ? asked : real);
    if (outcome === 'sender' && this.behind === null) this.isSenderSpent = true;
  }

  get verdict(): LimitVerdict {
    if (this.behind === null) return this.isSenderSpent ? 'sender' : 'above';
    return this.kept === null ? 'below' : 'knee';
  }

  /** Whether the bracket is as narrow as asked for. */
  get isNarrow(): boolean {
    return this.kept !== null && this.behind !== null && this.behind <= this.kept * (1 + this.o.precision);
  }
}

/** Rates with few digits, which read well and are exact. */
function short(rate: number): number {
  return Number(rate.toPrecision(digits));
}
