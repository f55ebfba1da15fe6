/** The report of a replay for people: the two lines that tcpreplay prints, then the latencies as a table. */
import type { HistogramSummary } from '../core/histogram.js';
import { formatCount, formatDuration } from '../core/time.js';
import { type LatencyName, latencyLabels, latencyNames } from '../replay/latency.js';
import type { ReplayReport, ReplaySpec } from '../run/replay-spec.js';

const columns = ['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'] as const;
const labelWidth = 18;
const cellWidth = 11;

/** The report as text, every quantity with its unit. */
export function describeReplay(report: ReplayReport, spec: ReplaySpec): string {
  const { packets, bytes, messages, seconds, rate } = report;
  const verb = spec.dryRun ? 'would be sent' : spec.target.kind === 'pcap' ? 'written' : 'sent';
  const took = report.clock === 'virtual' ? 'seconds of schedule' : 'seconds';
  const lines = [
    `Actual: ${packets} packets (${bytes} bytes, ${messages} messages) ${verb} in ${seconds.toFixed(6)} ${took}`,
    `Rated: ${(seconds > 0 ? bytes / seconds : 0).toFixed(1)} Bps, ${(rate.bitsPerSecond / 1e6).toFixed(3)} Mbps, ` +
      `${rate.packetsPerSecond.toFixed(2)} pps, ${rate.messagesPerSecond.toFixed(2)} msg/s (asked: ${report.asked})`,
  ];
  if (report.clock === 'real') lines.push(`Origin: ${report.originNs} ns since the epoch (for listen --origin)`);
  if (report.clock === 'real' && spec.rate.mode !== 'max') lines.push(lateLine(report, spec));
  lines.push(...remarks(report));
  if (report.clock === 'real') lines.push(...table(report.histograms));
  for (const [name, value] of Object.entries(report.sink)) lines.push(`${name}: ${formatCount(value)}`);
  return `${lines.join('\n')}\n`;
}

function lateLine(report: ReplayReport, spec: ReplaySpec): string {
  const { count, share, maxNs, thresholdNs } = report.late;
  const policy =
    spec.latePolicy === 'drop'
      ? `; ${report.dropped} left out`
      : spec.latePolicy === 'shift'
        ? `; schedule moved by ${formatDuration(report.shiftedNs)}`
        : '';
  return (
    `Late: ${count} packets (${(share * 100).toFixed(3)} %) by more than ${formatDuration(thresholdNs)}, ` +
    `longest lag ${formatDuration(maxNs)}${policy}`
  );
}

function remarks(report: ReplayReport): string[] {
  const { timeline, endReason } = report;
  const lines: string[] = [];
  if (endReason !== 'end') lines.push(`Ended: ${endReason}`);
  if (report.loops > 1) lines.push(`Loops: ${report.loops}`);
  if (report.skipped > 0) lines.push(`Skipped: ${report.skipped} datagrams outside window or filters`);
  if (timeline.backwardTimestamps > 0) {
    lines.push(`Time stamps that go back: ${timeline.backwardTimestamps} packets, due with the one before`);
  }
  if (timeline.farTimestamps > 0) {
    lines.push(`Time stamps over 104 days off: ${timeline.farTimestamps} packets, due with the one before`);
  }
  if (timeline.squeezedGaps > 0) {
    lines.push(`Idle gaps cut: ${timeline.squeezedGaps}, by ${formatDuration(timeline.squeezedNs)} in all`);
  }
  return lines;
}

function table(histograms: Record<string, HistogramSummary>): string[] {
  const entries = Object.entries(histograms);
  if (entries.length === 0) return [];
  const lines = [`${''.padEnd(labelWidth)}${columns.map((name) => name.padStart(cellWidth)).join('')}`];
  for (const [name, summary] of entries) {
    lines.push(row(latencyLabels[name as LatencyName] ?? name, summary));
    const { negative, count } = summary;
    if (negative.count > 0 && negative.count < count) {
      lines.push(row(`  early, ${((100 * negative.count) / count).toFixed(1)} %`, negative, '-'));
    }
  }
  lines.push(
    ...entries.map(([name]) => `  ${latencyLabels[name as LatencyName]}: ${latencyNames[name as LatencyName]}`),
  );
  return lines;
}

type Percentiles = Pick<HistogramSummary, 'p50' | 'p90' | 'p99' | 'p999' | 'p9999' | 'max'>;

function row(label: string, { p50, p90, p99, p999, p9999, max }: Percentiles, sign = ''): string {
  const cells = [p50, p90, p99, p999, p9999, max].map((ns) =>
    `${ns === 0 ? '' : sign}${formatDuration(ns)}`.padStart(cellWidth),
  );
  return `${label.padEnd(labelWidth)}${cells.join('')}`;
}
