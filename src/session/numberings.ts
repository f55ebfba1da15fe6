/** Of a sequence whose numbers begin anew: what numberings in a row have seen, their gaps within one bound. */
import { type Gap, MAX_GAPS, type SequenceReport } from './sequence-tracker.js';

/** Adds up what their trackers report. */
export class Numberings {
  private first = 0;
  private last = 0;
  private messages = 0;
  private readonly gaps: Gap[] = [];
  private gapsDropped = 0;
  missing = 0;
  private duplicates = 0;
  private outOfOrder = 0;

  add(report: SequenceReport, numbering: number): void {
    const kept = report.gaps.slice(0, MAX_GAPS - this.gaps.length);
    for (const gap of kept) this.gaps.push({ ...gap, numbering });
    if (this.first === 0) this.first = report.first;
    if (report.last > 0) this.last = report.last;
    this.messages += report.messages;
    this.gapsDropped += report.gapsDropped + report.gaps.length - kept.length;
    this.missing += report.missing;
    this.duplicates += report.duplicates;
    this.outOfOrder += report.outOfOrder;
  }

  copy(): Numberings {
    const { gaps, ...counts } = this;
    const copy = Object.assign(new Numberings(), counts);
    copy.gaps.push(...gaps);
    return copy;
  }

  report(): SequenceReport {
    const { first, last, messages, gaps, gapsDropped, missing, duplicates, outOfOrder } = this;
    return { first, last, messages, gaps, gapsDropped, missing, duplicates, outOfOrder };
  }
}
