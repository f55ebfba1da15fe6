/** What a listener saw, for people: one fact a line, units on every quantity. */
import type { HistogramSummary } from '../core/histogram.js';
import { formatDuration } from '../core/time.js';
import type { ListenReport } from '../run/listen.js';

const shownGaps = 10;
/** A feed is not this late: its messages are of another time of day, as a replay's are. */
const plausibleLatencyNs = 600e9;

/** The report as text. */
export function describeListening(report: ListenReport): string {
  const { packets, messages, rate, kernelDrops, latency } = report;
  const lines = [
    `received  ${packets.total} packets (${packets.bytes} bytes, ${messages.total} messages) in ` +
      `${report.seconds.toFixed(6)} seconds, ended by ${report.endReason}`,
    `rate      ${rate.packetsPerSecond.toFixed(2)} pps, ${rate.messagesPerSecond.toFixed(2)} msg/s`,
  ];
  for (const session of report.sessions) {
    const missing = session.missing;
    const verdict = missing === 0 ? 'nothing lost' : `${missing} messages lost in ${session.gaps.length} gaps`;
    lines.push(
      `session   ${session.session ?? '-'} from ${session.source}, ${session.first} to ${session.last}: ${verdict}, ` +
        `${session.duplicates} duplicates, ${session.outOfOrder} out of order`,
    );
    for (const gap of session.gaps.slice(0, shownGaps)) {
      lines.push(`  gap ${gap.from} to ${gap.to}, ${gap.count} messages`);
    }
  }
  for (const flow of report.flows) {
    if (flow.recognisedAs === null) lines.push(`flow      ${flow.source}: ${flow.packets} packets not understood`);
  }
  lines.push(`kernel drops  ${kernelDrops ?? 'not told by this system'}`);
  lines.push(...latencyLine('arrival less exchange time', latency.exchange));
  if (latency.exchange && Math.abs(latency.exchange.p50) > plausibleLatencyNs) {
    lines.push('  (messages of another time of day: a replay; --reference measures against its schedule)');
  }
  lines.push(...latencyLine('arrival less scheduled time', latency.schedule));
  if (report.reference) {
    const { matched, unmatched } = report.reference;
    lines.push(`reference     ${matched} packets matched, ${unmatched} not in it`);
  }
  return `${lines.join('\n')}\n`;
}

function latencyLine(label: string, summary: HistogramSummary | null): string[] {
  if (summary === null) return [];
  const { p50, p90, p99, p999, max } = summary;
  const cells = Object.entries({ p50, p90, p99, 'p99.9': p999, max }).map(
    ([name, ns]) => `${name} ${formatDuration(ns)}`,
  );
  return [`${label}: ${cells.join(', ')}`];
}
