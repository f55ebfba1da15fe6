/** What captures hold, for people: one fact a line, units on every quantity. */
import type { InspectionReport } from '../analysis/inspection.js';
import { formatBytes, formatDuration } from '../core/time.js';
import { itch50 } from '../protocol/itch50/index.js';

const shownGaps = 10;
const shownFlows = 20;
const shownComments = 5;

/** The report as text. */
export function describeInspection(report: InspectionReport): string {
  const { packets, messages, timeRange } = report;
  const lines = [
    `file      ${report.file} (${report.format}${report.compression === 'none' ? '' : `, ${report.compression}`})`,
    `packets   ${packets.total}${report.format === 'BinaryFILE' ? ' records' : `, ${packets.datagrams} datagrams`}` +
      `, ${formatBytes(packets.bytes)} of payload`,
  ];
  lines.push(...fileLines(report), ...packetLines(report));
  if (timeRange) {
    lines.push(`time      ${timeRange.from} to ${timeRange.to} ns, ${formatDuration(timeRange.seconds * 1e9)}`);
  }
  lines.push(`messages  ${messages.total}`);
  for (const [type, count] of Object.entries(messages.byType)) {
    const share = ((100 * count) / messages.total).toFixed(1);
    const name = itch50.nameOf(type.charCodeAt(0)) ?? 'unknown';
    lines.push(`  ${type} ${String(count).padStart(10)} ${share.padStart(5)} %  ${name}`);
  }
  for (const { type, count, length } of report.unknownLayouts) {
    const letter = JSON.stringify(type).slice(1, -1);
    lines.push(`  ${letter} ${String(count).padStart(10)}          unknown layout of ${length} bytes`);
  }
  if (messages.withheld > 0) lines.push(`  not decoded, in streams that are not ITCH 5.0: ${messages.withheld}`);
  if (messages.zeroLength > 0) lines.push(`  of zero length: ${messages.zeroLength}`);
  lines.push(...sessionLines(report), ...burstLines(report));
  lines.push(...flowLines(report));
  if (report.feedLatency) {
    const { p50, p99, max } = report.feedLatency;
    lines.push(`feed latency  p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)}, max ${formatDuration(max)}`);
  }
  if (report.damageTotal > 0) lines.push(`damage    ${report.damageTotal} reports`);
  return `${lines.join('\n')}\n`;
}

/** Of several files each with its own figures, and what a pcapng says of itself. */
function fileLines({ files }: InspectionReport): string[] {
  const lines: string[] = [];
  for (const { file, format, compression, first, counts, description } of files) {
    if (files.length > 1) {
      const how = compression === 'none' ? format : `${format}, ${compression}`;
      const held = counts === null ? '' : `, ${counts.packets} packets`;
      lines.push(`  ${file} (${how})${held}${first === null ? '' : `, from ${first} ns`}`);
    }
    if (description === null) continue;
    const { sections, interfaceCount, interfaces, comments, commentCount, droppedPackets } = description;
    if (sections > 1 || interfaceCount > 1) lines.push(`  ${sections} sections, ${interfaceCount} interfaces`);
    const lost = interfaces.reduce((sum, { dropped, osDropped }) => sum + (dropped ?? 0) + (osDropped ?? 0), 0);
    if (lost + droppedPackets > 0) {
      lines.push(`  dropped while capturing: ${lost} by the interfaces' statistics, ${droppedPackets} between packets`);
    }
    for (const comment of comments.slice(0, shownComments)) lines.push(`  comment   ${printable(comment)}`);
    if (commentCount > shownComments) lines.push(`  ${commentCount - shownComments} more comments`);
  }
  return lines;
}

/** What became of packets that are not a datagram each. */
function packetLines({ packets: { skipped, counts } }: InspectionReport): string[] {
  const lines = Object.entries(skipped).map(([reason, count]) => `  skipped ${count}: ${reason}`);
  const { badIpChecksums = 0, badUdpChecksums = 0, fragmentsMerged = 0, tcp, trailers = {}, tunnels = {} } = counts;
  for (const [kind, count] of Object.entries(tunnels)) lines.push(`  inside ${kind}: ${count} packets`);
  if (fragmentsMerged > 0)
    lines.push(`  fragments: ${fragmentsMerged} joined to the packets that completed their datagrams`);
  if (tcp !== undefined && tcp.segments > 0) {
    const { segments, bytes, retransmitted, outOfOrder, lostBytes } = tcp;
    lines.push(
      `  TCP: ${segments} segments, ${formatBytes(bytes)} in order, ${retransmitted} retransmitted, ` +
        `${outOfOrder} out of order, ${formatBytes(lostBytes)} lost`,
    );
  }
  for (const [kind, count] of Object.entries(trailers)) {
    lines.push(`  hardware time stamps: ${count} of ${kind} (--timestamps trailer goes by them)`);
  }
  if (badIpChecksums + badUdpChecksums > 0) {
    lines.push(`  bad checksums: ${badIpChecksums} IP, ${badUdpChecksums} UDP (counted, not dropped)`);
  }
  return lines;
}

function sessionLines(report: InspectionReport): string[] {
  const lines: string[] = [];
  for (const session of report.sessions) {
    const range = session.first ? `${session.first} to ${session.last}` : 'no sequence numbers';
    lines.push(
      `session   ${session.session ?? '-'} (${session.protocol}), ${range}, ${session.messages} messages, ` +
        `${session.gaps.length} gaps, ${session.duplicates} duplicates, ${session.outOfOrder} out of order`,
    );
    for (const { from, to, count } of session.gaps.slice(0, shownGaps)) {
      lines.push(`  gap ${from} to ${to}, ${count} messages missing`);
    }
    if (session.gaps.length > shownGaps) lines.push(`  ${session.gaps.length - shownGaps} more gaps`);
  }
  return lines;
}

function flowLines(report: InspectionReport): string[] {
  const lines = report.flows.slice(0, shownFlows).map((flow) => {
    const { transport, source, destination, packets, recognisedAs, direction, application } = flow;
    const what = transport === 'TCP' ? 'pieces of TCP' : 'packets';
    const framing = recognisedAs ?? 'framing not recognised';
    const side = direction ? ` (${direction})` : '';
    const held = `${packets} ${what}, ${framing}${side}, ${application ?? 'no messages'}`;
    return `flow      ${source} > ${destination}, ${held}`;
  });
  if (report.flows.length > shownFlows) lines.push(`  ${report.flows.length - shownFlows} more flows`);
  return lines;
}

function burstLines(report: InspectionReport): string[] {
  if (report.timeRange === null) return [];
  return Object.entries(report.busiest).map(([window, burst]) => {
    const { from, messages, packets } = burst;
    return `busiest ${window.padEnd(4)} ${messages} messages in ${packets} packets, from ${from} ns`;
  });
}

/** Text from a file never reaches a terminal as control characters. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
