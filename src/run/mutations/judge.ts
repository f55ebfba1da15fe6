/** What a parser made of a case, held against what a correct one makes of it: messages, gaps, rejections, memory. */
import type { Divergence } from '../../compare/divergence.js';
import { isAsked, type Mapping } from '../../compare/mapping.js';
import type { ParserReports } from '../../compare/reports.js';
import { formatCounted } from '../../core/time.js';
import { flattenedValues } from '../check-run.js';
import type { CheckReport } from '../check-spec.js';
import type { CaseExpectation, Range } from './expectation.js';

/** Mistakes that are told of a case. */
const mostTold = 5;
const ofReports = 'wrong reports: ';

/** A parser that takes so much more than on the capture as it was is taken to grow. */
const growthFactor = 4;
const growthBytes = 64 << 20;

/** What the parser was fed: packets with all that frames them, or messages alone. */
export type FedWith = 'packets' | 'messages';

/** Divergences that are to be kept of a case, so that it can be told whether all of them are allowed. */
export const caseDivergences = 1000;

/**
 * The report as the case has it: it passes where all that is missing are messages that a correct parser may leave out,
 * where gaps and rejections that the parser says it reports are those that there are, and it took no more memory than
 * it may.
 */
export function heldTo(report: CheckReport, expectation: CaseExpectation, fed: FedWith, mapping: Mapping): CheckReport {
  const held =
    report.counted === null ? tolerant(report, expectation, mapping) : countedWell(report, expectation, mapping);
  if (held.verdict !== 'pass') return held;
  const wrong = judgeReports(expectation, held.reports, fed);
  if (wrong.length > 0) return { ...held, verdict: 'differs', message: `${ofReports}${wrong.join('; ')}` };
  const { usualMemoryBytes: usual } = expectation;
  if (usual === null || held.peakMemoryBytes <= usual * growthFactor + growthBytes) return held;
  const text = `took ${mebibytes(held.peakMemoryBytes)} MiB, and ${mebibytes(usual)} on the capture as it is`;
  return { ...held, verdict: 'memory', message: text };
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}

/** Whether a case's message says that reports were wrong, and messages right. */
export function isOfReports(message: string): boolean {
  return message.startsWith(ofReports);
}

function tolerant(report: CheckReport, { optional }: CaseExpectation, { flatten }: Mapping): CheckReport {
  if (report.verdict !== 'differs' && report.verdict !== 'short') return report;
  const { kept, total } = report.divergences;
  const mayMiss = new Set(
    optional.flatMap((values) => flattenedValues(values, flatten)).map((values) => JSON.stringify(values)),
  );
  const isTolerated = kept.length === total && kept.every((divergence) => isOptional(divergence, mayMiss));
  return isTolerated ? { ...report, verdict: 'pass', message: '' } : report;
}

/** Of a program that is counted: what may be left out may be missing in its counts. */
function countedWell(report: CheckReport, { optional, doubtful }: CaseExpectation, mapping: Mapping): CheckReport {
  if (report.verdict !== 'differs') return report;
  const types = optional.map(({ type, name }) => [String(type), String(name)] as const);
  const asked = types.filter(([type, name]) => isAsked(mapping, type, name));
  const isTolerated = report.counted?.parts.every(({ name, expected, counted }) => {
    const ofType = asked.filter(([type, typeName]) => name === `${type} ${typeName}`).length;
    const most = name === 'messages' ? asked.length : name === 'packets' ? doubtful.length : ofType;
    return counted <= expected && counted >= expected - most;
  });
  return isTolerated === true ? { ...report, verdict: 'pass', message: '' } : report;
}

function isOptional({ kind, expected }: Divergence, mayMiss: ReadonlySet<string>): boolean {
  return kind === 'missing' && expected !== null && mayMiss.has(JSON.stringify(expected));
}

/**
 * What is wrong with the reports, in words; empty where nothing is, and of kinds that the parser does not make. A gap
 * is judged by its numbers, however the parser cuts them into reports; where messages may be left out, so may be or not
 * be the gap that they leave.
 */
export function judgeReports(
  expectation: CaseExpectation,
  reports: ParserReports | null,
  fed: FedWith,
): readonly string[] {
  if (reports === null) return [];
  const wrong: string[] = [];
  // Who is fed messages alone sees no numbers of packets, and so no gaps.
  if (reports.kinds.includes('gap') && fed === 'packets') wrong.push(...wrongGaps(expectation, reports));
  if (reports.kinds.includes('reject')) wrong.push(...wrongRejects(expectation, reports));
  return wrong.slice(0, mostTold);
}

function wrongGaps({ gaps: due, doubtful }: CaseExpectation, { gaps }: ParserReports): string[] {
  const told = gaps.map(({ sequence, count }): Range => [sequence, sequence + count - 1]);
  const missing = due.flatMap((gap) => {
    const first = uncovered(gap, [...told, ...doubtful]);
    if (first === null) return [];
    return [`${rangeText(gap)} missing, and ${first === gap[0] ? 'no gap' : `none from ${first} on`} reported`];
  });
  const extra = told.flatMap((gap) => {
    const first = uncovered(gap, [...due, ...doubtful]);
    if (first === null) return [];
    return [`${rangeText(gap)} reported missing, and number ${first} is not`];
  });
  return [...missing, ...extra];
}

/** The first number of a range that no other has; null where there is none. */
function uncovered([from, to]: Range, by: readonly Range[]): number | null {
  let next = from;
  for (const [start, end] of [...by].sort(([a], [b]) => a - b)) {
    if (start > next) break;
    next = Math.max(next, end + 1);
  }
  return next > to ? null : next;
}

function rangeText([from, to]: Range): string {
  return from === to ? `number ${from}` : `numbers ${from} to ${to}`;
}

function wrongRejects({ rejects: due, rejectable, isStream }: CaseExpectation, { rejects }: ParserReports): string[] {
  // Who tells no numbers, and streams, in which damage shows where it is met, are held to whether there is any.
  if (isStream || rejects.includes(null)) {
    if (due.length > 0 && rejects.length === 0) return [`nothing rejected: ${due.map(({ kind }) => kind).join(', ')}`];
    if (rejectable.length === 0 && rejects.length > 0) {
      return [`${formatCounted(rejects.length, 'packet')} rejected of none`];
    }
    return [];
  }
  const told = new Set(rejects);
  const may = new Set(rejectable);
  const missing = due.filter(({ packets }) => !packets.some((number) => told.has(number)));
  const extra = [...told].filter((number) => number !== null && !may.has(number));
  return [
    ...missing.map(({ packets, kind }) => `packet ${packets[0]} not rejected: ${kind}`),
    ...extra.map((number) => `packet ${number} rejected, which is right`),
  ];
}
