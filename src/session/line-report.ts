/** What is told of the lines of feeds: of each line by itself, of all together, and of what they made when merged. */
import type { HistogramSummary } from '../core/histogram.js';
import type { Flow } from '../core/seams.js';
import { endpoint } from './demux-report.js';
import type { LineCounts, LineStatistics } from './line-statistics.js';
import type { Gap } from './sequence-tracker.js';

/** Gaps that a report lists one by one. */
export const MAX_LISTED_GAPS = 1000;

/** Numbers that did not come: the first gaps in full, and how many there are. */
export interface MissingReport {
  readonly missing: number;
  readonly gaps: readonly Gap[];
  readonly gapsTotal: number;
}

/** One line. `received` to `unmeasured` count numbers: of messages or packets, as the feed's `unit` says. */
export interface LineReport extends MissingReport {
  /** `A`, `B`, …: as told or configured, else in the order of the addresses. */
  readonly line: string;
  /** `address:port` of its first flow. */
  readonly destination: string;
  readonly source: string;
  /** Those that it brought, repeated ones included. */
  readonly received: number;
  /** Those that it brought before any other line. */
  readonly first: number;
  readonly duplicates: number;
  readonly outOfOrder: number;
  /** Those that it brought more than a second after another line had, or a later number had shown that they exist. */
  readonly late: number;
  /** Those that came when so many others had come that nothing tells by how much. */
  readonly unmeasured: number;
  /** By how much it was before the next line, ns, of what was first; null where it never was. */
  readonly lead: HistogramSummary | null;
  /** Packets, known by their first number. */
  readonly packets: {
    readonly received: number;
    readonly first: number;
    readonly missing: number;
    readonly duplicates: number;
  };
}

/** What came out of arbitration, in numbers as `unit` says. */
export interface MergedReport extends MissingReport {
  /** Numbers that came out. */
  readonly passed: number;
  /** Copies of what had come already. */
  readonly duplicates: number;
  /** What came when its gap had been declared, left out. */
  readonly late: number;
  /** What had to wait for others. */
  readonly heldBack: number;
}

/** One feed that came on several lines. */
export interface FeedLinesReport {
  readonly protocol: 'MoldUDP64' | 'MDP3';
  /** Of MoldUDP64. */
  readonly session: string | null;
  readonly unit: 'message' | 'packet';
  /** Numbers that any line has shown to exist. */
  readonly numbers: number;
  /** How often they began anew. */
  readonly restarts: number;
  readonly lines: readonly LineReport[];
  readonly missingOnAll: MissingReport;
  /** Packets of lines beyond the most that are told apart. */
  readonly otherPackets: number;
  /** Packets of MoldUDP64 whose number leapt ahead while their line went on before it, left out; null of MDP. */
  readonly wrongNumbers: number | null;
  /** Null where lines were compared and not merged. */
  readonly merged: MergedReport | null;
}

/** The report of a feed; null where it came on one line only. */
export function reportFeed(
  {
    protocol,
    session,
    merged,
    wrongNumbers,
  }: Pick<FeedLinesReport, 'protocol' | 'session' | 'merged' | 'wrongNumbers'>,
  statistics: LineStatistics,
): FeedLinesReport | null {
  const { lines, numbers, restarts, otherPackets } = statistics;
  if (lines.length < 2) return null;
  const names = namesOf(lines);
  const reports = lines.map((counts, index) => reportLine(names[index] as string, index, counts, statistics));
  return {
    protocol,
    session,
    unit: protocol === 'MDP3' ? 'packet' : 'message',
    numbers,
    restarts,
    lines: reports.sort((one, other) => (one.line < other.line ? -1 : 1)),
    missingOnAll: missingOf(statistics.reportAll()),
    otherPackets,
    wrongNumbers,
    merged,
  };
}

function reportLine(line: string, index: number, counts: LineCounts, statistics: LineStatistics): LineReport {
  const { flow, first, late, unmeasured, lead } = counts;
  const sequence = statistics.reportLine(index);
  return {
    line,
    destination: endpoint(flow.destination, flow.destinationPort),
    source: endpoint(flow.source, flow.sourcePort),
    received: sequence.messages,
    first,
    ...missingOf(sequence),
    duplicates: sequence.duplicates,
    outOfOrder: sequence.outOfOrder,
    late,
    unmeasured,
    lead: lead?.summary() ?? null,
    packets: {
      received: counts.packets,
      first: counts.packetsFirst,
      missing: statistics.packetsDistinct - counts.packetsDistinct,
      duplicates: counts.packetsDuplicate,
    },
  };
}

function missingOf({ missing, gaps, gapsDropped }: { missing: number; gaps: readonly Gap[]; gapsDropped: number }) {
  return { missing, gaps: gaps.slice(0, MAX_LISTED_GAPS), gapsTotal: gaps.length + gapsDropped };
}

/** Letters: those that lines have by name, and the free ones in the order of addresses. */
function namesOf(lines: readonly LineCounts[]): string[] {
  const taken = new Set(lines.map(({ name }) => name));
  const free = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index)).filter(
    (one) => !taken.has(one),
  );
  const unnamed = lines
    .filter(({ name }) => name === null)
    .sort((one, other) => (placeOf(one.flow) < placeOf(other.flow) ? -1 : 1));
  return lines.map((line) => line.name ?? (free[unnamed.indexOf(line)] as string));
}

/** Text that sorts as the addresses of a flow do. */
function placeOf({ destination, destinationPort, source, sourcePort }: Flow): string {
  return [destination, destinationPort, source, sourcePort]
    .map((part) => String(part).replace(/\d+/g, (digits) => digits.padStart(5, '0')))
    .join(' ');
}
