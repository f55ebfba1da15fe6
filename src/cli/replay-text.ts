/** The report of a replay for people: the two lines that tcpreplay prints, then the latencies as a table. */
import type { HistogramSummary } from '../core/histogram.js';
import { formatBytes, formatCount, formatCounted, formatDuration } from '../core/time.js';
import { type LatencyName, latencyLabels, latencyNames } from '../replay/latency.js';
import type { PacingReport, ReplayReport, ReplaySpec } from '../run/replay-spec.js';
import { describeFaults } from './fault-text.js';
import { overlayLines, peakLines, shapeLines } from './load-text.js';
import { machineText } from './machine.js';
import { percentileHeading, percentileRows } from './percentile-table.js';
import { steeringLines } from './steering-text.js';

/** Counters of sinks whose names alone do not say it. */
const sinkLabels: Readonly<Record<string, string>> = {
  fileBytes: 'file',
  bytesSent: 'sent to clients',
  messages: 'messages served',
  rejected: 'logins rejected',
  loggedOut: 'clients logged out',
  disconnectedSlow: 'clients disconnected for reading too slowly',
  timedOut: 'clients that fell silent',
  malformed: 'clients that sent what is no SoupBinTCP',
  refused: 'connections refused, over the limit',
  undrained: 'clients that had not read all at the end',
  unsequenced: 'unsequenced messages from clients',
  systemCalls: 'calls into the kernel',
  trains: 'trains cut by the kernel (UDP_SEGMENT)',
  trainDatagrams: 'packets in trains',
  trainsRefused: 'trains refused, sent packet by packet',
  waits: 'waits for a full send buffer or queue',
  gaps: 'gaps in the capture',
  missing: 'messages missing in the capture',
  repeats: 'repeated messages left out',
  late: 'messages too late to be put in order',
  notMold: 'datagrams that are not MoldUDP64',
  tooLong: 'messages too long',
  mtuBytes: 'MTU of the interface',
  ringSlots: 'slots of the packet ring',
  kicks: 'calls to send',
  framesTooLong: 'frames too long for the interface',
  longestFrameBytes: 'the longest of them',
  framesBuilt: 'frames with headers built for them',
  framesUnframed: 'packets that no Ethernet frame can carry',
  ringWaitedForCpuNs: "the ring's reader waited for a processor",
};
/** Counters that say something when nothing was counted. */
const shownAtZero = new Set(['messagesDecoded', 'messagesUnknown', 'messages', 'gaps', 'clients']);

/** The report as text, every quantity with its unit. */
export function describeReplay(report: ReplayReport, spec: ReplaySpec): string {
  const { packets, bytes, messages, rate, seconds } = report;
  const verb = spec.dryRun ? 'would be sent' : spec.target.kind === 'pcap' ? 'written' : 'sent';
  const what = spec.target.kind === 'eth' ? 'frames' : 'payload';
  const took = report.clock === 'virtual' ? 'seconds of schedule' : 'seconds';
  const lines = [
    `${spec.dryRun ? 'Planned' : 'Actual'}: ${formatCounted(packets, 'packet')} ` +
      `(${formatCounted(bytes, 'byte')} of ${what}, ${formatCounted(messages, 'message')}) ` +
      `${verb} in ${seconds.toFixed(6)} ${took}`,
    `Rated: ${(rate.bitsPerSecond / 8).toFixed(1)} Bps, ${(rate.bitsPerSecond / 1e6).toFixed(3)} Mbps (layer 2), ` +
      `${rate.packetsPerSecond.toFixed(2)} pps, ${rate.messagesPerSecond.toFixed(2)} msg/s ` +
      `(asked: ${report.asked}${report.shape ? ', shaped' : ''})`,
  ];
  if (report.clock === 'real') lines.push(`Origin: ${report.originNs} ns since the epoch (for listen --origin)`);
  if (report.clock === 'real' && spec.rate.mode !== 'max') lines.push(lateLine(report, spec));
  if (report.pacing !== null && spec.rate.mode !== 'max') lines.push(pacingLine(report.pacing));
  lines.push(...remarks(report));
  lines.push(...overlayLines(report), ...peakLines(report), ...shapeLines(report, spec.rate.mode));
  if (report.faults !== null) lines.push(...describeFaults(report.faults));
  if (report.clock === 'real') lines.push(...table(report.histograms));
  lines.push(...machineLines(report));
  if (report.path !== null) lines.push(`Path: ${report.path}`);
  lines.push(...sinkLines(report));
  return `${lines.join('\n')}\n`;
}

function lateLine(report: ReplayReport, spec: ReplaySpec): string {
  const { count, share, maxNs, thresholdNs } = report.late;
  const policy =
    spec.latePolicy === 'drop'
      ? `; ${formatCount(report.dropped)} left out`
      : spec.latePolicy === 'shift'
        ? `; schedule moved by ${formatDuration(report.shiftedNs)}`
        : '';
  return (
    `Late: ${formatCounted(count, 'packet')} (${(share * 100).toFixed(3)} %) ` +
    `by more than ${formatDuration(thresholdNs)}, longest lag ${formatDuration(maxNs)}${policy}`
  );
}

function pacingLine({ mode, spinBelowNs, horizonNs, sleep }: PacingReport): string {
  if (horizonNs !== null) return `Pacing: kernel, handed over ${formatDuration(horizonNs)} ahead`;
  const spun = spinBelowNs === null ? '' : ` until ${formatDuration(spinBelowNs)} before a deadline, the rest spun`;
  return `Pacing: ${mode}${sleep === null ? '' : `, slept with ${sleep}${spun}`}`;
}

function machineLines({ machine, preloaded }: ReplayReport): string[] {
  const text = machine === null ? '' : machineText(machine);
  const memory = preloaded && `Preloaded: ${formatBytes(preloaded.bytes)}`;
  return [...(text === '' ? [] : [`Thread: ${text}`]), ...(memory === null ? [] : [memory])];
}

function remarks(report: ReplayReport): string[] {
  const { timeline, endReason } = report;
  const lines: string[] = [];
  if (endReason !== 'end') lines.push(`Ended: ${endReason}`);
  if (report.loops > 1) lines.push(`Loops: ${formatCount(report.loops)}`);
  if (report.skipped > 0) lines.push(`Skipped: ${report.skipped} datagrams outside window or filters`);
  if (timeline.backwardTimestamps > 0) {
    lines.push(
      `Time stamps that go back: ${formatCounted(timeline.backwardTimestamps, 'packet')}, due with the one before`,
    );
  }
  if (timeline.farTimestamps > 0) {
    lines.push(
      `Time stamps over 104 days off: ${formatCounted(timeline.farTimestamps, 'packet')}, due with the one before`,
    );
  }
  if (timeline.squeezedGaps > 0) {
    lines.push(
      `Idle gaps cut: ${formatCount(timeline.squeezedGaps)}, by ${formatDuration(timeline.squeezedNs)} in all`,
    );
  }
  lines.push(...steeringLines(report.steering));
  return lines;
}

/** What the sink counted: a line each for what happened, none for what did not. */
function sinkLines({ sink }: ReplayReport): string[] {
  return Object.entries(sink)
    .filter(([name, value]) => value !== 0 || shownAtZero.has(name))
    .map(([name, value]) => {
      const label = sinkLabels[name] ?? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      return `${label}: ${sinkValue(name, value)}`;
    });
}

function sinkValue(name: string, value: number): string {
  if (name.endsWith('Ns')) return formatDuration(value);
  return /bytes/i.test(name) ? formatBytes(value) : formatCount(value);
}

function table(histograms: Record<string, HistogramSummary>): string[] {
  const entries = Object.entries(histograms);
  if (entries.length === 0) return [];
  const lines = [percentileHeading()];
  for (const [name, summary] of entries) {
    lines.push(...percentileRows(latencyLabels[name as LatencyName] ?? name, summary));
  }
  lines.push(
    ...entries.map(([name]) => `  ${latencyLabels[name as LatencyName]}: ${latencyNames[name as LatencyName]}`),
  );
  return lines;
}
