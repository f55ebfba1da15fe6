/** What faults did, for people: a line for each line of the feed, and what asked for nothing that was there. */
import { formatCount, formatCounted } from '../core/time.js';
import type { Amount, LineFaults } from '../replay/faults/counts.js';
import type { FaultsReport } from '../run/run-faults.js';

/** Counts in the order in which they are told, with what they say of packets. */
const told: readonly (readonly [keyof LineFaults, string])[] = [
  ['lost', 'lost'],
  ['tailDropped', 'dropped by a full queue'],
  ['overflowed', 'lost for want of room'],
  ['held', 'still held back'],
  ['duplicated', 'repeated'],
  ['reordered', 'reordered'],
  ['outOfOrder', 'sent out of order'],
  ['queued', 'queued'],
  ['delayed', 'delayed'],
  ['truncated', 'truncated'],
  ['corrupted', 'corrupted'],
];
/** With these the messages matter as well. */
const withMessages = new Set<keyof LineFaults>(['lost', 'tailDropped', 'overflowed', 'duplicated', 'outOfOrder']);

/** The lines of text. */
export function describeFaults({ lines, lostOnBothLines, replayed }: FaultsReport): string[] {
  const text = lines.map((line) => {
    const facts = told.flatMap(([key, words]) => factOf(line[key] as Amount, words, withMessages.has(key)));
    const counts = facts.length === 0 ? 'nothing befell them' : facts.join(', ');
    const packets = `${formatCounted(line.in.packets, 'packet')}, ${formatCount(line.out.packets)} sent`;
    return `Line ${line.line}: ${packets}: ${counts}`;
  });
  if (lostOnBothLines !== null && lostOnBothLines.packets > 0) {
    text.push(
      `Lost on both lines: ${formatCounted(lostOnBothLines.packets, 'packet')} (${messagesOf(lostOnBothLines)})`,
    );
  }
  if (replayed !== null) text.push(`Faults as in ${replayed}`);
  return text;
}

/** What a user should know: faults that never came to anything, and packets that tickreel itself could not hold. */
export function faultWarnings({ faults, lines, replayed }: FaultsReport): string[] {
  const idle = replayed !== null ? [] : faults.filter(({ hit }) => hit === 0);
  const names = lines.map(({ line }) => line).join(', ');
  const overflowed = lines.reduce((sum, line) => sum + line.overflowed.packets, 0);
  return [
    ...idle.map(({ fault, seen }) =>
      seen === 0 || seen === null
        ? `"${fault}" met no packet: lines here are ${names || 'none'} (tickreel help faults says how they are told)`
        : `"${fault}" befell none of ${formatCounted(seen, 'packet')}`,
    ),
    ...(overflowed > 0
      ? [`${formatCounted(overflowed, 'packet')} were lost since too many were held back at once: ask for less delay`]
      : []),
  ];
}

function factOf(amount: Amount, words: string, tellsMessages: boolean): string[] {
  if (amount.packets === 0) return [];
  return [`${formatCount(amount.packets)} ${words}${tellsMessages ? ` (${messagesOf(amount)})` : ''}`];
}

function messagesOf({ messages }: Amount): string {
  return formatCounted(messages, 'message');
}
