/** What a run that is steered says for people. */
import { formatDuration } from '../core/time.js';
import { formatCounted } from '../core/units.js';
import type { Answer } from '../replay/command.js';
import type { SteeringCounts } from '../replay/steering.js';

/** A line for an answer: where the run is and how it goes on. */
export function statusLine(answer: Answer & { ok: true }): string {
  const { status, sent } = answer;
  const at = status.timeNs === null ? 'before the first packet' : `at ${timeOf(status.timeNs)}`;
  const stepped = sent === undefined ? '' : `, ${counted(sent)} sent`;
  return `${status.state} ${at}, speed ${status.speed}${stepped}`;
}

function counted({ packets, messages }: { packets: number; messages: number }): string {
  return `${formatCounted(packets, 'packet')} and ${formatCounted(messages, 'message')}`;
}

/** Lines of a report: what the run was told, if anything. */
export function steeringLines(counts: SteeringCounts | null): string[] {
  if (counts === null) return [];
  const { pauses, steps, seeks, speedChanges, pausedNs } = counts;
  if (pauses + steps + seeks + speedChanges === 0 && pausedNs === 0) return [];
  const told = `${pauses} pauses (${formatDuration(pausedNs)} in all), ${steps} steps, ${seeks} seeks`;
  return [`Told while it played: ${told}, ${speedChanges} changes of speed`];
}

/** Epoch ns as ISO 8601, to the nanosecond. */
function timeOf(timeNs: string): string {
  const padded = timeNs.padStart(10, '0');
  const iso = new Date(Number(padded.slice(0, -9)) * 1000).toISOString().slice(0, 19);
  return `${iso}.${padded.slice(-9)}Z`;
}
