/** The report of `tickreel verify-pacing` for people: scheduled, sent and received side by side, then breaches. */
import { formatCount, formatCounted, formatDuration } from '../core/time.js';
import { proofNames } from '../replay/pacing-proof.js';
import type { PacingBreach, PacingLimits, VerifyReport } from '../run/verify-pacing.js';
import { machineText } from './machine.js';
import { percentileHeading, percentileRows, tableRow } from './percentile-table.js';

const width = 20;
/** The distributions of the table, by their names there; gaps have one of their own. */
const rows = [
  ['sent late', 'sendLateness'],
  ['received late', 'receiveLateness'],
  ['send to receipt', 'transit'],
  ['gap error sent', 'sendGapError'],
  ['gap error received', 'receiveGapError'],
] as const;
const limitNames: Readonly<Record<keyof PacingLimits, readonly [what: string, flag: string]>> = {
  p50Ns: ['send lateness p50', '--max-p50'],
  p99Ns: ['send lateness p99', '--max-p99'],
  receivedP99Ns: ['received lateness p99', '--max-received-p99'],
  durationErrorNs: ['the error of the duration', '--max-duration-error'],
  lost: ['packets lost', '--max-lost'],
};

export function describeVerification(report: VerifyReport): string {
  const { histograms, gaps } = report;
  const present = rows.filter(([, name]) => histograms[name].count > 0);
  const lines = [
    ...spans(report),
    percentileHeading(width),
    ...present.flatMap(([label, name]) => percentileRows(label, histograms[name], width)),
    ...present.map(([label, name]) => `  ${label}: ${proofNames[name]}`),
    ...(histograms.scheduledGap.count > 0 ? gapRows(gaps) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function gapRows(gaps: VerifyReport['gaps']): string[] {
  return [
    tableRow('gaps', ['scheduled', 'sent', 'received'], width),
    ...gaps.map(({ percent, scheduledNs, sentNs, receivedNs }) =>
      tableRow(
        percent === 100 ? '  longest' : `  p${percent}`,
        [scheduledNs, sentNs, receivedNs].map((ns) => formatDuration(ns)),
        width,
      ),
    ),
  ];
}

function spans(report: VerifyReport): string[] {
  const { duration, packets, replay, stamps, receivePath } = report;
  const seconds = (ns: number): string => `${(ns / 1e9).toFixed(9)} s`;
  const stamped = `stamped by ${stamps === 'kernel' ? 'the kernel' : 'this program'}`;
  const drops = packets.kernelDrops === null ? '' : `, ${formatCount(packets.kernelDrops)} dropped by the kernel`;
  return [
    `scheduled  ${formatCounted(packets.sent, 'packet')} in ${seconds(duration.scheduledNs)} (asked: ${replay.asked})`,
    `sent       ${formatCounted(replay.packets, 'packet')} in ${seconds(duration.sentNs)}, ` +
      `${signed(duration.sentErrorNs)}; the last ${signed(duration.lastSentLateNs)}; by ${sentBy(report)}`,
    `received   ${formatCounted(packets.received, 'packet')} in ${seconds(duration.receivedNs)}, ` +
      `${signed(duration.receivedErrorNs)}; the last ${signed(duration.lastReceivedLateNs)}; by ${receivePath}, ` +
      stamped,
    `lost       ${formatCount(packets.lost)}${drops}${remarks(report)}`,
  ];
}

function sentBy({ replay: { path, pacing, machine } }: VerifyReport): string {
  const { mode = 'virtual', sleep = null } = pacing ?? {};
  const thread = machine === null ? '' : machineText(machine);
  const slept = sleep === null ? '' : ` (${sleep})`;
  return `${path ?? 'a sink of its own'}, pacing ${mode}${slept}${thread === '' ? '' : `, ${thread}`}`;
}

function remarks({ packets: { overtaken, strange, unlogged } }: VerifyReport): string {
  const said = [
    [overtaken, 'overtaken on the way'],
    [strange, 'from somebody else'],
    [unlogged, 'not compared: the receiver had fallen behind'],
  ] as const;
  return said
    .filter(([count]) => count > 0)
    .map(([count, what]) => `, ${formatCount(count)} ${what}`)
    .join('');
}

/** What was not kept, as a line each. */
export function describeBreach({ limit, most, was }: PacingBreach): string {
  const [what, flag] = limitNames[limit];
  const text = (value: number): string => (limit === 'lost' ? formatCount(value) : formatDuration(value));
  return `not kept: ${what} ${limit === 'lost' ? 'were' : 'was'} ${text(was)}, at most ${text(most)} (${flag})`;
}

function signed(ns: number): string {
  return `${ns < 0 ? '' : '+'}${formatDuration(ns)}`;
}
