/** What a recording came to, for people: one fact a line, units on every quantity. */
import { formatBytes, formatCount, formatCounted } from '../core/time.js';
import type { RecordReport } from '../run/record.js';
import { describeLines } from './lines-text.js';
import { describeSessions } from './session-text.js';

const shownFiles = 10;
const shownFlows = 10;

/** The report as text. */
export function describeRecording(report: RecordReport): string {
  const { packets, rate, seconds, endReason, interfaces, kernelDrops } = report;
  const text = [
    `recorded  ${formatCounted(packets.written, 'packet')}${report.lines === null ? '' : ', lines merged,'} of ` +
      `${formatCount(packets.total)} ` +
      `(${formatCounted(packets.bytes, 'byte')} of payload) in ${seconds.toFixed(6)} seconds, ended by ${endReason}`,
    `rate      ${rate.packetsPerSecond.toFixed(2)} pps`,
    ...describeFiles(report),
  ];
  for (const { address, name, packets: count, senders, stamps, path } of interfaces) {
    const by = stamps === 'program' ? 'stamped when read' : `stamped by the ${stamps}`;
    text.push(
      `address   ${address} on ${name}: ${formatCounted(count, 'packet')} of ` +
        `${formatCounted(senders, 'sender')}, ${by} (${path})`,
    );
  }
  text.push(...describeSessions(report.sessions, interfaces.length > 1));
  if (report.lines !== null) text.push(...describeLines(report.lines));
  const strange = report.flows.filter(({ recognisedAs }) => recognisedAs === null);
  for (const { source, destination, packets: count } of strange.slice(0, shownFlows)) {
    text.push(`flow      ${source} to ${destination}: ${formatCounted(count, 'packet')}, sequence not checked`);
  }
  if (strange.length > shownFlows) text.push(`flow      ${formatCount(strange.length - shownFlows)} more such flows`);
  text.push(`kernel drops  ${kernelDrops === null ? 'not told by this system' : formatCount(kernelDrops)}`);
  return `${text.join('\n')}\n`;
}

/** What a reader of the report must not miss. */
export function recordWarnings(report: RecordReport): string[] {
  const { packets, memory, outOfOrder, notRemoved, interfaces, damage, damageTotal } = report;
  const warnings: string[] = [];
  if (packets.missed > 0) {
    warnings.push(
      `${formatCounted(packets.missed, 'packet')} came while all ${formatBytes(memory.bytes)} of memory waited for ` +
        'the disk and are not in the file (--memory asks for more)',
    );
  }
  if (packets.unwritten > 0) {
    warnings.push(`${formatCounted(packets.unwritten, 'packet')} had not been written when the disk failed`);
  }
  if (outOfOrder > 0) {
    warnings.push(
      `${formatCounted(outOfOrder, 'packet')} are stamped earlier than the one before in the file: several ` +
        'addresses, or a clock that was set',
    );
  }
  for (const { address, unnamed } of interfaces) {
    if (unnamed > 0) {
      warnings.push(`${address}: ${formatCounted(unnamed, 'packet')} of more senders than are told apart`);
    }
  }
  if (notRemoved > 0) warnings.push(`${formatCounted(notRemoved, 'file')} beyond --keep could not be removed`);
  if (damageTotal > 0) {
    warnings.push(`${formatCounted(damageTotal, 'packet')} recorded as they came, but damaged: ${damage[0]?.message}`);
  }
  return warnings;
}

function describeFiles({ files, fileCount, format }: RecordReport): string[] {
  const lines = files.slice(-shownFiles).map(({ file, packets, bytes, isKept }) => {
    const name = file === '-' ? 'standard output' : file;
    const removed = isKept ? '' : ', removed';
    return `file      ${name}: ${formatCounted(packets, 'packet')}, ${formatBytes(bytes)} (${format})${removed}`;
  });
  const more = fileCount - lines.length;
  return more > 0 ? [`file      ${formatCounted(more, 'file')} before these`, ...lines] : lines;
}
