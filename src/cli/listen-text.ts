/** What a listener saw, for people: one fact a line, units on every quantity. */
import type { HistogramSummary } from '../core/histogram.js';
import { formatCount, formatCounted, formatDuration } from '../core/time.js';
import type { ListenReport } from '../run/listen.js';
import { numbersPackets } from './inspect-text.js';
import { describeLines } from './lines-text.js';
import { describeSessions } from './session-text.js';

const shownLayouts = 10;
/** A feed is not this late: its messages are of another time of day, as a replay's are. */
const plausibleLatencyNs = 600e9;

/** The report as text. */
export function describeListening(report: ListenReport): string {
  const { packets, messages, rate, latency, line } = report;
  const lines = [
    `received  ${formatCounted(packets.total, 'packet')} (${formatCounted(packets.bytes, 'byte')} of payload, ` +
      `${formatCounted(messages.total, 'message')}) in ` +
      `${report.seconds.toFixed(6)} seconds, ended by ${report.endReason}`,
    `rate      ${rate.packetsPerSecond.toFixed(2)} pps, ${rate.messagesPerSecond.toFixed(2)} msg/s`,
  ];
  if (line !== null) lines.push(`channel   ${line.channel} ${line.feedName} ${line.feed}`);
  lines.push(...describeSessions(report.sessions), ...describeLines(report.lines));
  for (const { type, length, count, schemaId, version } of report.unknownLayouts.slice(0, shownLayouts)) {
    const what = schemaId === undefined ? `of ${length} bytes` : `of schema ${schemaId}, version ${version}`;
    lines.push(`unknown   type ${JSON.stringify(type)} ${what}: ${formatCounted(count, 'message')}`);
  }
  for (const flow of report.flows) {
    if (flow.recognisedAs === null)
      lines.push(`flow      ${flow.source}: ${formatCounted(flow.packets, 'packet')} not understood`);
  }
  lines.push(`kernel drops  ${dropsText(report)}`);
  lines.push(`path          ${pathText(report)}`);
  const isOfAnotherDay = latency.exchange === null && report.sessions.some(({ protocol }) => numbersPackets(protocol));
  if (isOfAnotherDay || (latency.exchange && Math.abs(latency.exchange.p50) > plausibleLatencyNs)) {
    lines.push('messages of another time of day: a replay, whose schedule --reference measures against');
  } else lines.push(...latencyLine('arrival less exchange time', latency.exchange));
  lines.push(...latencyLine('SendingTime less TransactTime', latency.transact));
  lines.push(...latencyLine('arrival less scheduled time', latency.schedule));
  lines.push(...latencyLine("this program's receipt less the kernel's", latency.delivery));
  if (report.reference) {
    const { matched, unmatched } = report.reference;
    lines.push(`reference     ${formatCounted(matched, 'packet')} matched, ${formatCount(unmatched)} not in it`);
  }
  return `${lines.join('\n')}\n`;
}

/** The kernel drops a train whole, and counts it as one. */
function dropsText({ kernelDrops, receiving }: ListenReport): string {
  if (kernelDrops === null) return 'not told by this system';
  const isOfTrains = kernelDrops > 0 && receiving !== null && receiving.coalesced > 0;
  return `${kernelDrops}${isOfTrains ? ' (a train counts as one; the gaps tell how many packets)' : ''}`;
}

function pathText({ path, receiving }: ListenReport): string {
  if (receiving === null || receiving.calls === 0) return `${path}`;
  const { calls, coalesced, coalescedDatagrams, hardwareStamps, softwareStamps } = receiving;
  const stamps = hardwareStamps > 0 ? 'stamped by the network card' : softwareStamps > 0 ? 'stamped by the kernel' : '';
  const runs =
    coalesced > 0 ? `${formatCount(coalescedDatagrams)} packets in ${formatCounted(coalesced, 'train')}` : '';
  return [path, formatCounted(calls, 'call'), runs, stamps].filter((text) => text !== '').join(', ');
}

function latencyLine(label: string, summary: HistogramSummary | null): string[] {
  if (summary === null) return [];
  const { p50, p90, p99, p999, max } = summary;
  const cells = Object.entries({ p50, p90, p99, 'p99.9': p999, max }).map(
    ([name, ns]) => `${name} ${formatDuration(ns)}`,
  );
  return [`${label}: ${cells.join(', ')}`];
}
