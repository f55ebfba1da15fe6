/**
 * What the lines of one feed, such as A and B, did to the same numbers: who was first and by how much, what was missing
 * on one, on all, what came twice, out of order, or late.
 *
 * Numbers are those of messages (MoldUDP64) or of packets (MDP 3.0). Every count but the leads is exact, as far as gaps
 * fit `MAX_GAPS` a line: a number belongs to the feed once any line has shown that it exists, and is missing on each
 * line that never brought it, those in front of its first packet and behind its last included. Leads are measured while
 * a number is in the `LineWindow`. Where numbers begin anew, the numbering before goes on beside the current one, since
 * lines that are behind still bring it; that before is closed.
 *
 * Memory: 19 bytes a number of two windows at the most, the gaps, and a histogram (140 kB) for each line that won.
 */
import { SignedHistogram } from '../core/histogram.js';
import type { Flow } from '../core/seams.js';
import { BEYOND, FIRST, LineWindow, MAX_LINES, SECOND } from './line-window.js';
import { Numberings } from './numberings.js';
import { type SequenceReport, SequenceTracker } from './sequence-tracker.js';

/** What a line has counted over all numberings; `flow` is its first. */
export class LineCounts {
  packets = 0;
  /** Packets that no other line had brought, by their first numbers, … */
  packetsFirst = 0;
  /** … those that it had brought before, … */
  packetsDuplicate = 0;
  /** … and those that it brought once at least, and in the window. */
  packetsDistinct = 0;
  /** Numbers that it was the first to bring. */
  first = 0;
  /** Numbers that it brought more than `LINE_WINDOW_NS` after they were known of, … */
  late = 0;
  /** … and those whose place in the window had gone to others, so that nothing tells by how much. */
  unmeasured = 0;
  /** By how much it was first, in ns; null where it never was, of what was measured. */
  lead: SignedHistogram | null = null;
  readonly closed = new Numberings();

  constructor(
    readonly flow: Flow,
    readonly name: string | null,
  ) {}
}

/** One sequence of numbers. */
class Numbering {
  readonly all = new SequenceTracker();
  readonly lines: SequenceTracker[] = [];

  constructor(readonly window: LineWindow) {}

  lineOf(index: number): SequenceTracker {
    while (this.lines.length <= index) this.lines.push(new SequenceTracker());
    return this.lines[index] as SequenceTracker;
  }
}

export class LineStatistics {
  /** In order of first appearance. */
  readonly lines: LineCounts[] = [];
  /** Packets of flows beyond `MAX_LINES`, left out. */
  otherPackets = 0;
  /** How often numbers began anew. */
  restarts = 0;
  /** Packets by their first numbers, those of any line. */
  packetsDistinct = 0;
  private readonly closed = new Numberings();
  /** Numbers of closed numberings. */
  private closedNumbers = 0;
  private readonly byFlow = new Map<Flow, number>();
  private current: Numbering;
  private previous: Numbering | null = null;
  private allLines = 0;
  private lastFlow: Flow | null = null;
  private lastLine = 0;
  private baseSeconds: number | null = null;
  /** Of leads that are equal, how many were not recorded yet. */
  private pending = 0;
  private pendingWinner = 0;
  private pendingNs = 0;
  /** Of the number at hand: the line whose copy had come before but bears the later stamp; −1: none. */
  private overtaken = -1;

  /** `maxNumbers`, a power of two, bounds the window; `nameOf` makes flows of one name one line. */
  constructor(
    private readonly maxNumbers: number,
    private readonly nameOf: (flow: Flow) => string | null = () => null,
  ) {
    this.current = new Numbering(new LineWindow(maxNumbers));
  }

  /** Takes a packet of `count` numbers from `from` on; `isOfPrevious` where it is of the numbering before. */
  packet(flow: Flow, from: number, count: number, seconds: number, nanoseconds: number, isOfPrevious = false): void {
    const line = this.lineOf(flow);
    if (line < 0) {
      this.otherPackets++;
      return;
    }
    const counts = this.lines[line] as LineCounts;
    counts.packets++;
    if (count === 0) return;
    const numbering = isOfPrevious ? (this.previous ?? this.current) : this.current;
    const tracker = numbering.lineOf(line);
    const ns = this.sinceBase(seconds, nanoseconds);
    const isInOrder = from === tracker.next;
    if (isInOrder) tracker.extend(count);
    else tracker.open(from, count);
    const { all, window } = numbering;
    if (isInOrder && from === all.next && window.takeNext(from, count, line, ns, this.allLines)) {
      // No line has brought any of them, which is how most packets come.
      all.extend(count);
      counts.first += count;
      this.recordPending();
      this.takePacket(from, line, -1, counts, window);
      return;
    }
    let overtaken = -1;
    for (let number = from; number < from + count; number++) {
      if (isInOrder || tracker.accept(number)) this.take(number, line, ns, counts, numbering);
      if (number === from) overtaken = this.overtaken;
      this.overtaken = -1;
    }
    this.recordPending();
    this.takePacket(from, line, overtaken, counts, window);
  }

  /** Says by a packet without numbers that those before `next` exist. */
  expect(flow: Flow, next: number, seconds: number, nanoseconds: number): void {
    const line = this.lineOf(flow);
    if (line < 0) return;
    this.current.lineOf(line).expect(next);
    this.current.all.expect(next);
    this.current.window.expect(next, this.sinceBase(seconds, nanoseconds), this.allLines);
  }

  /** Says that numbers begin anew, at `first` where that is known. */
  restart(first = 0): void {
    const { previous, current } = this;
    if (previous !== null) this.close(previous, this.restarts - 1);
    this.restarts++;
    this.previous = current;
    const window = previous?.window ?? new LineWindow(this.maxNumbers);
    window.clear();
    this.current = new Numbering(window);
    if (first > 0) this.current.all.expect(first);
  }

  /** What is missing on all lines, and the whole range. */
  reportAll(): SequenceReport {
    return this.sum(this.closed, ({ all }) => all.report());
  }

  /** Numbers that are known of. */
  get numbers(): number {
    return this.closedNumbers + (this.previous === null ? 0 : countOf(this.previous)) + countOf(this.current);
  }

  reportLine(index: number): SequenceReport {
    const { closed } = this.lines[index] as LineCounts;
    return this.sum(closed, (numbering) => within(numbering.lineOf(index), numbering.all));
  }

  /** Gives the histograms' memory back; there is no report after. */
  destroy(): void {
    for (const { lead } of this.lines) lead?.destroy();
  }

  /** A line's first copy of a number. */
  private take(number: number, line: number, ns: number, counts: LineCounts, { all, window }: Numbering): void {
    const arrival = window.take(number, line, ns, this.allLines);
    if (window.isLate) counts.late++;
    if (arrival === FIRST || arrival === BEYOND) {
      if (arrival === BEYOND) counts.unmeasured++;
      if (number === all.next) all.extend(1);
      else if (!all.accept(number)) return;
      counts.first++;
    } else if (arrival === SECOND) {
      if (window.isOvertaken) {
        this.overtaken = window.loser;
        (this.lines[window.loser] as LineCounts).first--;
        counts.first++;
      }
      this.recordLead(window.winner, window.leadNs);
    }
  }

  /** Counts a packet by its first number; `overtaken` is the line whose copy of that bears a later stamp. */
  private takePacket(from: number, line: number, overtaken: number, counts: LineCounts, window: LineWindow): void {
    const before = window.takePacket(from, line);
    if (before < 0) return;
    if ((before & (1 << line)) !== 0) {
      counts.packetsDuplicate++;
      return;
    }
    counts.packetsDistinct++;
    if (before === 0) this.packetsDistinct++;
    else if (before !== 1 << overtaken) return;
    else (this.lines[overtaken] as LineCounts).packetsFirst--;
    counts.packetsFirst++;
  }

  /** Messages of one packet have one lead: they are recorded together. */
  private recordLead(winner: number, leadNs: number): void {
    if (this.pending > 0 && (winner !== this.pendingWinner || leadNs !== this.pendingNs)) this.recordPending();
    this.pendingWinner = winner;
    this.pendingNs = leadNs;
    this.pending++;
  }

  private recordPending(): void {
    if (this.pending === 0) return;
    const counts = this.lines[this.pendingWinner] as LineCounts;
    counts.lead ??= new SignedHistogram();
    counts.lead.recordTimes(this.pendingNs, this.pending);
    this.pending = 0;
  }

  /** The line of a flow; −1 beyond `MAX_LINES`. */
  private lineOf(flow: Flow): number {
    if (flow === this.lastFlow) return this.lastLine;
    let line = this.byFlow.get(flow);
    if (line === undefined) {
      const name = this.nameOf(flow);
      line = name === null ? -1 : this.lines.findIndex((one) => one.name === name);
      if (line < 0) line = this.lines.length < MAX_LINES ? this.add(flow, name) : -1;
      this.byFlow.set(flow, line);
    }
    this.lastFlow = flow;
    this.lastLine = line;
    return line;
  }

  private add(flow: Flow, name: string | null): number {
    const counts = new LineCounts(flow, name);
    this.lines.push(counts);
    this.allLines = (1 << this.lines.length) - 1;
    const { closedNumbers: missing } = this;
    if (missing > 0)
      counts.closed.add({ ...new SequenceTracker().report(), missing, gapsDropped: this.restarts - 1 }, 0);
    return this.lines.length - 1;
  }

  private close(numbering: Numbering, index: number): void {
    this.closed.add(numbering.all.report(), index);
    this.closedNumbers += countOf(numbering);
    for (const [line, { closed }] of this.lines.entries()) {
      closed.add(within(numbering.lineOf(line), numbering.all), index);
    }
  }

  private sum(closed: Numberings, reportOf: (numbering: Numbering) => SequenceReport): SequenceReport {
    const { previous, current, restarts } = this;
    if (previous === null) return reportOf(current);
    const all = closed.copy();
    all.add(reportOf(previous), restarts - 1);
    all.add(reportOf(current), restarts);
    return all.report();
  }

  private sinceBase(seconds: number, nanoseconds: number): number {
    this.baseSeconds ??= seconds;
    return (seconds - this.baseSeconds) * 1e9 + nanoseconds;
  }
}

function within(line: SequenceTracker, all: SequenceTracker): SequenceReport {
  return line.reportWithin(all.floor, all.next);
}

function countOf({ all }: Numbering): number {
  return all.next - all.floor;
}
