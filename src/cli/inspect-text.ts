/** What captures hold, for people: one fact a line, units on every quantity. */
import type { InspectionReport } from '../analysis/inspection.js';
import { formatBytes, formatCount, formatCounted, formatDuration } from '../core/time.js';
import { newYorkMoment } from '../plot/time-scale.js';
import { describeLines } from './lines-text.js';

const shownGaps = 10;
const shownFlows = 20;
const shownComments = 5;

/** The report as text. */
export function describeInspection(report: InspectionReport): string {
  const { packets, messages, timeRange } = report;
  const lines = [
    `file      ${report.file} (${report.format}${report.compression === 'none' ? '' : `, ${report.compression}`})`,
    report.format === 'BinaryFILE'
      ? `records   ${formatCount(packets.total)}, ${formatBytes(packets.bytes)} of payload`
      : `packets   ${formatCount(packets.total)}, ${datagramsOf(report)}, ${formatBytes(packets.bytes)} of payload`,
  ];
  lines.push(...fileLines(report), ...packetLines(report));
  if (timeRange) {
    const { from, to, seconds } = timeRange;
    const moments = [from, to].map(momentOf);
    if (!moments.includes(null)) lines.push(`time      ${moments.join(' to ')} in New York`);
    lines.push(
      `${moments.includes(null) ? 'time' : ''.padEnd(4)}      ${from} to ${to} ns, ${formatDuration(seconds * 1e9)}`,
    );
  }
  lines.push(`messages  ${formatCount(messages.total)}`);
  for (const { type, name, count } of messages.types) {
    const share = ((100 * count) / messages.total).toFixed(1);
    lines.push(`  ${type} ${formatCount(count).padStart(14 - type.length)} ${share.padStart(5)} %  ${name}`);
  }
  for (const { type, count, length, schemaId, version } of report.unknownLayouts) {
    const letter = JSON.stringify(type).slice(1, -1);
    const what =
      schemaId === undefined
        ? `unknown layout of ${length} bytes`
        : `no template for it (schema ${schemaId}, version ${version})`;
    lines.push(`  ${letter} ${formatCount(count).padStart(14 - letter.length)}          ${what}`);
  }
  if (messages.damaged > 0) lines.push(`  contradicting their layout: ${formatCount(messages.damaged)}`);
  if (messages.withheld > 0)
    lines.push(`  not decoded, in streams that are not ITCH 5.0: ${formatCount(messages.withheld)}`);
  if (messages.zeroLength > 0) lines.push(`  of zero length: ${formatCount(messages.zeroLength)}`);
  lines.push(...sessionLines(report), ...describeLines(report.lines), ...burstLines(report));
  lines.push(...flowLines(report));
  lines.push(...latencyLine('feed latency', report.feedLatency));
  lines.push(...latencyLine('SendingTime less TransactTime', report.transactLatency));
  if (report.damageTotal > 0) lines.push(`damage    ${formatCounted(report.damageTotal, 'report')}`);
  return `${lines.join('\n')}\n`;
}

function latencyLine(what: string, latency: InspectionReport['feedLatency']): string[] {
  if (latency === null) return [];
  const { p50, p99, max } = latency;
  return [`${what}  p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)}, max ${formatDuration(max)}`];
}

/** Of several files each with its own figures, and what a pcapng says of itself. */
function fileLines({ files }: InspectionReport): string[] {
  const lines: string[] = [];
  for (const { file, format, compression, first, counts, description } of files) {
    if (files.length > 1) {
      const how = compression === 'none' ? format : `${format}, ${compression}`;
      const held = counts === null ? '' : `, ${formatCounted(counts.packets, 'packet')}`;
      lines.push(`  ${file} (${how})${held}${first === null ? '' : `, from ${momentOf(first) ?? `${first} ns`}`}`);
    }
    if (description === null) continue;
    const { sections, interfaceCount, interfaces, comments, commentCount, droppedPackets } = description;
    if (sections > 1 || interfaceCount > 1) {
      lines.push(`  ${formatCounted(sections, 'section')}, ${formatCounted(interfaceCount, 'interface')}`);
    }
    const lost = interfaces.reduce((sum, { dropped, osDropped }) => sum + (dropped ?? 0) + (osDropped ?? 0), 0);
    if (lost + droppedPackets > 0) {
      lines.push(`  dropped while capturing: ${lost} by the interfaces' statistics, ${droppedPackets} between packets`);
    }
    for (const comment of comments.slice(0, shownComments)) lines.push(`  comment   ${printable(comment)}`);
    if (commentCount > shownComments) lines.push(`  ${formatCounted(commentCount - shownComments, 'more comment')}`);
  }
  return lines;
}

/** What became of packets that are not a datagram each. */
function packetLines({ packets: { skipped, counts } }: InspectionReport): string[] {
  const lines = Object.entries(skipped).map(([reason, count]) => `  skipped ${formatCount(count)}: ${reason}`);
  const { badIpChecksums = 0, badUdpChecksums = 0, fragmentsMerged = 0, tcp, trailers = {}, tunnels = {} } = counts;
  for (const [kind, count] of Object.entries(tunnels))
    lines.push(`  inside ${kind}: ${formatCounted(count, 'packet')}`);
  if (fragmentsMerged > 0) {
    lines.push(`  fragments: ${formatCount(fragmentsMerged)} joined to the packets that completed their datagrams`);
  }
  if (tcp !== undefined && tcp.segments > 0) {
    const { segments, bytes, retransmitted, outOfOrder, lostBytes } = tcp;
    lines.push(
      `  TCP: ${formatCounted(segments, 'segment')}, ${formatBytes(bytes)} in order, ` +
        `${formatCount(retransmitted)} retransmitted, ${formatCount(outOfOrder)} out of order, ` +
        `${formatBytes(lostBytes)} lost`,
    );
  }
  for (const [kind, count] of Object.entries(trailers)) {
    lines.push(`  hardware time stamps: ${formatCount(count)} of ${kind} (--timestamps trailer goes by them)`);
  }
  if (badIpChecksums + badUdpChecksums > 0) {
    lines.push(`  bad checksums: ${badIpChecksums} IP, ${badUdpChecksums} UDP (counted, not dropped)`);
  }
  return lines;
}

function sessionLines(report: InspectionReport): string[] {
  const lines: string[] = [];
  for (const one of report.sessions) {
    const { protocol, session, first, last, messages, gaps, duplicates, outOfOrder } = one;
    const held = formatCounted(messages, 'message');
    if (!first) {
      lines.push(`session   ${session?.trim() || '-'} (${protocol}), no sequence numbers, ${held}`);
      continue;
    }
    const isOfPackets = numbersPackets(protocol);
    const of = isOfPackets && 'destination' in one ? `to ${one.destination}` : session?.trim() || '-';
    const range = `${isOfPackets ? 'packets ' : ''}${first} to ${last}`;
    const restarts = 'restarts' in one && one.restarts ? `, numbered anew ${formatCounted(one.restarts, 'time')}` : '';
    lines.push(
      `session   ${of} (${protocol}), ${range}, ${held}, ${formatCounted(gaps.length, 'gap')}, ` +
        `${formatCounted(duplicates, 'duplicate')}, ${formatCount(outOfOrder)} out of order${restarts}`,
    );
    for (const { from, to, count } of gaps.slice(0, shownGaps)) {
      lines.push(`  gap ${from} to ${to}, ${formatCounted(count, isOfPackets ? 'packet' : 'message')} missing`);
    }
    if (gaps.length > shownGaps) lines.push(`  ${formatCounted(gaps.length - shownGaps, 'more gap')}`);
  }
  return lines;
}

/** Whether it is packets that have numbers, and not messages. */
export function numbersPackets(protocol: string): boolean {
  return protocol === 'MDP3' || protocol === 'MDP3-TCP';
}

function flowLines(report: InspectionReport): string[] {
  const lines = report.flows.slice(0, shownFlows).map((flow) => {
    const { transport, source, destination, packets, recognisedAs, direction, application, line } = flow;
    const what =
      transport === 'TCP' ? formatCounted(packets, 'piece of TCP', 'pieces of TCP') : formatCounted(packets, 'packet');
    const framing = recognisedAs ?? 'framing not recognised';
    const side = direction ? ` (${direction})` : '';
    const speaks = application ?? 'no messages';
    const channel = line ? `, channel ${line.channel} ${line.feedName} ${line.feed}` : '';
    return `flow      ${source} > ${destination}, ${what}, ${framing}${side}, ${speaks}${channel}`;
  });
  if (report.flows.length > shownFlows) {
    lines.push(`  ${formatCounted(report.flows.length - shownFlows, 'more flow')}`);
  }
  return lines;
}

/** Windows begin at whole multiples of their length. */
function burstLines(report: InspectionReport): string[] {
  if (report.timeRange === null) return [];
  return Object.entries(report.busiest).map(([window, burst]) => {
    const { from, messages, packets } = burst;
    const held = `${formatCounted(messages, 'message')} in ${formatCounted(packets, 'packet')}`;
    return `busiest ${window.padEnd(4)} ${held}, from ${momentOf(from) ?? `${from} ns`}`;
  });
}

/** Datagrams of the whole capture, or those of them that filters and window let pass. */
function datagramsOf({ packets: { datagrams, counts } }: InspectionReport): string {
  const all = counts.datagrams ?? datagrams;
  const text = formatCounted(all, 'datagram');
  return datagrams === all ? text : `${text}, ${formatCount(datagrams)} of them within window and filters`;
}

/** Nanoseconds since the epoch as New York's date and time; null for a clock that had no date. */
function momentOf(epochNs: string): string | null {
  return newYorkMoment(Number(epochNs.slice(0, -9)), Number(epochNs.slice(-9)));
}

/** Text from a file never reaches a terminal as control characters. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
