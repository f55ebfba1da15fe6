/** What arbiters in a row have done for one feed: their counts, and the first gaps that they declared. */
import type { Arbiter } from './arbiter.js';
import { MAX_LISTED_GAPS, type MergedReport } from './line-report.js';
import type { Gap } from './sequence-tracker.js';

const countNames = ['messages', 'unsequenced', 'duplicates', 'late', 'heldBack', 'gaps', 'missing'] as const;

/** Adds up; the counts have the names that they have in an `Arbiter`. */
export class MergedCounts {
  messages = 0;
  unsequenced = 0;
  duplicates = 0;
  late = 0;
  heldBack = 0;
  gaps = 0;
  missing = 0;
  private readonly listed: Gap[] = [];

  add(other: Pick<Arbiter, (typeof countNames)[number]>): void {
    for (const name of countNames) this[name] += other[name];
  }

  /** Lists a gap; it is counted by the arbiter that declared it. */
  list(gap: Gap): void {
    if (this.listed.length < MAX_LISTED_GAPS) this.listed.push(gap);
  }

  /** The report of what was added and of `arbiter`, the current one. */
  report(arbiter: Arbiter | null): MergedReport {
    const sum = new MergedCounts();
    sum.add(this);
    if (arbiter !== null) sum.add(arbiter);
    const { messages: passed, duplicates, late, heldBack, missing, gaps: gapsTotal } = sum;
    return { passed, duplicates, late, heldBack, missing, gaps: this.listed, gapsTotal };
  }
}
