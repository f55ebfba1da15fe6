/** What a replay did to the load, as text: the parts of its shape, the windows that it compressed. */
import { formatCounted, formatDuration, formatRate } from '../core/time.js';
import type { Rate } from '../replay/rate.js';
import type { AmountsPerSecond } from '../replay/shape-meter.js';
import type { ReplayReport } from '../run/replay-spec.js';

const widestPart = 48;
const cellWidth = 14;
/** A part is named as missed below this share of what was asked … */
const keptShare = 0.99;
/** … if it had so many packets at least: of fewer the ends count. */
const fewPackets = 200;

/** The shape's parts, a row each: how long, what was asked of it, what was reached. */
export function shapeLines({ shape }: ReplayReport, mode: Rate['mode']): string[] {
  if (shape === null) return [];
  const width = Math.min(widestPart, Math.max(5, ...shape.parts.map(({ part }) => part.length))) + 2;
  const head = ['time', 'asked', 'reached'].map((name) => name.padStart(cellWidth)).join('');
  return [
    `${'Shape'.padEnd(width)}${head}`,
    ...shape.parts.map(({ part, seconds, asked, reached }) => {
      const cells = [formatDuration(seconds * 1e9), rateText(asked, mode), rateText(reached, mode)];
      return `${part.padEnd(width)}${cells.map((cell) => cell.padStart(cellWidth)).join('')}`;
    }),
  ];
}

/** Which captures were overlaid, and which sessions renamed. */
export function overlayLines({ overlay }: ReplayReport): string[] {
  if (overlay === null) return [];
  const { captures, renamed, sharedFeeds } = overlay;
  const begins = captures.map(
    ({ file, offsetNs }) => `${file}${offsetNs > 0 ? ` at ${formatDuration(offsetNs)}` : ''}`,
  );
  return [
    `Overlaid: ${begins.join(', ')}`,
    ...renamed.map(({ capture, session, sentAs }) => {
      return `Session ${session} of ${captures[capture]?.file} sent as ${sentAs}: another capture has one of that name`;
    }),
    ...sharedFeeds.map(({ destination, captures: owners }) => {
      const files = owners.map((owner) => captures[owner]?.file).join(' and ');
      return (
        `Packets of MDP 3.0 to ${destination} are of ${files}: their numbers collide, and a receiver tells them ` +
        'apart by their senders alone (or give one other destinations: convert --remap-destination)'
      );
    }),
  ];
}

/** What became of the busiest windows. */
export function peakLines({ peak }: ReplayReport): string[] {
  if (peak === null) return [];
  const { factor, windowNs, threshold, spans, savedNs, before, asked, scheduled } = peak;
  const pps = ({ packetsPerSecond }: { packetsPerSecond: number }): string => formatRate(packetsPerSecond, 'pps');
  return [
    `Peak ${factor}: ${formatCounted(spans.count, 'span')} of ${formatDuration(spans.ns)} compressed, with ` +
      `${formatCounted(spans.packets, 'packet')}: windows of ${formatDuration(windowNs)} that hold ` +
      `${formatCounted(threshold, 'packet')} or more; all behind them ${formatDuration(savedNs)} earlier`,
    `Busiest window: ${formatCounted(before.packets, 'packet')} (${pps(before)}) in the capture, ` +
      `${pps(asked)} asked, ${formatCounted(scheduled.packets, 'packet')} (${pps(scheduled)}) scheduled`,
  ];
}

/** What to warn of: parts whose rate was not reached. */
export function missedParts({ shape }: ReplayReport, mode: Rate['mode']): string[] {
  const missed: string[] = [];
  for (const { part, seconds, asked, reached } of shape?.parts ?? []) {
    const share = amount(reached, mode) / amount(asked, mode);
    if (!(share < keptShare) || seconds * asked.packetsPerSecond < fewPackets) continue;
    missed.push(`the rate was missed: ${(100 * share).toFixed(1)} % of what "${part}" asked for was reached`);
  }
  return missed;
}

/** In the unit that the rate was given in; of the capture's own timing in packets. */
function rateText(rate: AmountsPerSecond, mode: Rate['mode']): string {
  const unit = mode === 'messages' ? 'msg/s' : mode === 'bits' ? 'bps' : 'pps';
  return formatRate(amount(rate, mode), unit);
}

function amount(rate: AmountsPerSecond, mode: Rate['mode']): number {
  if (mode === 'messages') return rate.messagesPerSecond;
  return mode === 'bits' ? rate.bitsPerSecond : rate.packetsPerSecond;
}
