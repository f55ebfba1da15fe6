/** Distributions as the lines of a table: percentiles with their units, of what is below 0 a line of its own. */
import type { HistogramSummary } from '../core/histogram.js';
import { formatDuration } from '../core/time.js';

const columns = ['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'] as const;
const cellWidth = 11;
export const labelWidth = 18;

/** The heading of the columns. */
export function percentileHeading(width = labelWidth): string {
  return `${''.padEnd(width)}${columns.map((name) => name.padStart(cellWidth)).join('')}`;
}

/** One line, or two where some values are below 0 and some are not. */
export function percentileRows(label: string, summary: HistogramSummary, width = labelWidth): string[] {
  const { negative, count } = summary;
  if (negative.count === 0 || negative.count === count) return [row(label, summary, width)];
  const early = `  early, ${((100 * negative.count) / count).toFixed(1)} %`;
  return [row(label, summary, width), row(early, negative, width, '-')];
}

/** Cells of one width after a label. */
export function tableRow(label: string, cells: readonly string[], width = labelWidth): string {
  return `${label.padEnd(width)}${cells.map((cell) => cell.padStart(cellWidth)).join('')}`;
}

type Percentiles = Pick<HistogramSummary, 'p50' | 'p90' | 'p99' | 'p999' | 'p9999' | 'max'>;

function row(label: string, { p50, p90, p99, p999, p9999, max }: Percentiles, width: number, sign = ''): string {
  const cells = [p50, p90, p99, p999, p9999, max].map((ns) => `${ns === 0 ? '' : sign}${formatDuration(ns)}`);
  return tableRow(label, cells, width);
}
