/** Lines of feeds, for people: who was first, by how much, and what each lost. */
import type { LinesReport } from '../analysis/lines-report.js';
import { formatCount, formatCounted, formatDuration } from '../core/time.js';
import type { LineReport, MissingReport } from '../session/line-report.js';

const shownGaps = 10;

/** One fact a line; none where no feed came on several lines. */
export function describeLines(feeds: readonly LinesReport[]): string[] {
  return feeds.flatMap((feed) => [
    ...headOf(feed),
    ...feed.lines.flatMap((line) => lineText(line, feed)),
    ...gapsOf(feed),
  ]);
}

function headOf(feed: LinesReport): string[] {
  const { protocol, session, channel, numbers, unit, restarts, merged, otherPackets, missingOnAll, lines } = feed;
  const name = channel === null ? (session ?? lines[0]?.destination) : `channel ${channel.channel} ${channel.feedName}`;
  const anew = restarts > 0 ? `, numbered anew ${formatCounted(restarts, 'time')}` : '';
  const others = otherPackets > 0 ? `, ${formatCounted(otherPackets, 'packet')} of further lines` : '';
  const lost = missingOnAll.missing === 0 ? 'nothing' : formatCounted(missingOnAll.missing, unit);
  const held = `${formatCounted(numbers, unit)}${anew}`;
  const text = `lines     ${name} (${protocol}), ${held}: ${lost} missing on all lines${others}`;
  if (merged === null) return [text];
  const { passed, missing, late, heldBack } = merged;
  const gone = missing === 0 ? 'without a gap' : `${formatCounted(missing, unit)} missing`;
  const tooLate = late > 0 ? `, ${formatCount(late)} came too late` : '';
  return [text, `  merged  ${formatCounted(passed, unit)}, ${gone}${tooLate}, ${formatCount(heldBack)} had to wait`];
}

function lineText(one: LineReport, { lines, numbers, unit }: LinesReport): string[] {
  const { line, destination, source, first, missing, packets, duplicates, outOfOrder, late, lead } = one;
  const isAlone = lines.filter((other) => other.destination === destination).length === 1;
  const share = numbers === 0 ? '0' : ((100 * first) / numbers).toFixed(1);
  const by =
    lead === null
      ? ''
      : ` by p50 ${formatDuration(lead.p50)}, p99 ${formatDuration(lead.p99)}, max ${formatDuration(lead.max)}`;
  const ofPackets =
    unit === 'message' && missing > 0 ? ` (${formatCounted(packets.missing, 'packet')} that another has)` : '';
  return [
    `  ${line} ${isAlone ? destination : `from ${source}`}: first with ${formatCount(first)} (${share} %)${by}`,
    `    ${missing === 0 ? 'nothing' : formatCounted(missing, unit)} missing${ofPackets}, ` +
      `${formatCounted(duplicates, 'duplicate')}, ${formatCount(outOfOrder)} out of order, ${formatCount(late)} late`,
  ];
}

function gapsOf({ missingOnAll, merged, unit }: LinesReport): string[] {
  const { gaps, gapsTotal }: MissingReport = merged ?? missingOnAll;
  const lines = gaps
    .slice(0, shownGaps)
    .map(({ from, to, count }) => `  gap ${from} to ${to}, ${formatCounted(count, unit)} missing on all lines`);
  if (gapsTotal > shownGaps) lines.push(`  ${formatCounted(gapsTotal - shownGaps, 'more gap')}`);
  return lines;
}
