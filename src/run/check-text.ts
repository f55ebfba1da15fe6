/** What `check` prints: each case that failed in full, a table of all, and the same as TAP. */
import type { CaseResult } from '../compare/junit.js';
import { formatBytes, formatCount, formatCounted } from '../core/time.js';
import type { CheckReport, CheckVerdict } from './check-spec.js';
import { causeLines, divergenceLines } from './divergence-text.js';

/** Verdicts that leave a run green. */
export function isGood(verdict: CheckVerdict): boolean {
  return verdict === 'pass' || verdict === 'skipped';
}

/** One case; a good one in one line. */
export function caseLines(report: CheckReport): string[] {
  const { verdict, name, against, message, counts, divergences, damage, errorText } = report;
  const what = against === '' ? name : `${name} against ${against}`;
  const unit = report.counted?.unit === 'packets' ? 'packet' : 'message';
  if (verdict === 'pass') return [`pass     ${what}: ${formatCounted(counts.left, unit)}${notesOf(report)}`];
  const lines = [`${verdict.padEnd(8)} ${what}: ${message}`];
  if (verdict === 'skipped') return lines;
  lines.push(...divergenceLines(divergences.first, report.around).map((line) => `  ${line}`));
  if (divergences.causes.length > 0 && report.counted === null)
    lines.push('  by cause:', ...causeLines(divergences.causes).map(indented));
  if (damage.total > 0) lines.push(`  the capture itself is damaged: ${formatCounted(damage.total, 'report')}`);
  if (errorText !== '')
    lines.push('  its standard error ended with:', ...errorText.split('\n').slice(-5).map(indented));
  return lines;
}

/** The summary of several cases. */
export function tableLines(reports: readonly CheckReport[]): string[] {
  const rows = reports.map(({ verdict, counts, divergences, seconds, name, against }) => [
    verdict,
    formatCount(counts.left),
    formatCount(divergences.total),
    seconds.toFixed(2),
    against === '' ? name : `${name} against ${against}`,
  ]);
  const head = ['verdict', 'messages', 'diverging', 'seconds', 'capture'];
  const widths = head.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] as string).length)),
  );
  return [head, ...rows].map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] as number;
        return index === 0 ? cell.padEnd(width) : index === row.length - 1 ? cell : cell.padStart(width);
      })
      .join('  '),
  );
}

/** How many passed, in one line. */
export function totalLine(reports: readonly CheckReport[]): string {
  const passed = reports.filter(({ verdict }) => verdict === 'pass').length;
  const skipped = reports.filter(({ verdict }) => verdict === 'skipped').length;
  const failed = reports.length - passed - skipped;
  const messages = reports.reduce((sum, { counts }) => sum + counts.left, 0);
  const seconds = reports.reduce((sum, report) => sum + report.seconds, 0);
  const more = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${passed} passed, ${failed} failed${more}: ${formatCounted(messages, 'message')} in ${seconds.toFixed(2)} s`;
}

function notesOf({ divergences, damage, peakMemoryBytes }: CheckReport): string {
  const notes = [
    ...(divergences.accepted > 0 ? [`${formatCounted(divergences.accepted, 'accepted divergence')}`] : []),
    ...(damage.total > 0 ? [`${formatCounted(damage.total, 'report')} of damage in the capture`] : []),
    ...(peakMemoryBytes > 0 ? [`parser's memory ${formatBytes(peakMemoryBytes)}`] : []),
  ];
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./:=,@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function indented(line: string): string {
  return `  ${line}`;
}

/** The same for JUnit and TAP. */
export function caseResult(report: CheckReport): CaseResult {
  const { verdict, name, against, message, seconds } = report;
  const isFailure = verdict === 'differs' || verdict === 'short';
  const outcome = verdict === 'pass' ? null : verdict === 'skipped' ? 'skipped' : isFailure ? 'failure' : 'error';
  const text = outcome === null ? '' : caseLines(report).join('\n');
  return { suite: `tickreel check ${against}`.trim(), name, seconds, outcome, kind: verdict, message, text };
}
