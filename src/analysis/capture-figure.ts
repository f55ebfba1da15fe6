/** The picture of `inspect --plot`: message and packet rates, message types, packet sizes, gaps between packets. */
import { formatBytes, formatCount, formatCounted, formatDuration } from '../core/time.js';
import type { Chart, Figure, Layer, Mark, Panel } from '../plot/model.js';
import { filesTitle } from '../plot/svg.js';
import { colours } from '../plot/theme.js';
import { newYorkMoment } from '../plot/time-scale.js';
import { formatTick } from '../plot/units.js';
import { type CapturePlot, peakWindowNs, type RateSeries } from './capture-plot.js';
import type { InspectionReport } from './inspection.js';

const mostSizeBins = 80;
const namedSessions = 3;
const perSecond = 1e9;
/** Epoch nanoseconds of the first day of 1970 are no longer than this. */
const dayLessDigits = 15;
/** In the order of the report's windows. */
const windowColours = [colours.orange, colours.pink, colours.green];

/** `baseSeconds`: the epoch second that the plot's times count from. */
export function captureFigure(report: InspectionReport, plot: CapturePlot, baseSeconds: number): Figure {
  const isBinaryFile = holdsMessages(report);
  const rates = plot.rates();
  const timePasses = plot.positiveGaps.count + plot.negativeGaps > 0;
  const messageRate = rateChart(rates, 'messages', timePasses, baseSeconds);
  const packetRate = rateChart(rates, 'packets', timePasses, baseSeconds);
  return {
    title: filesTitle(report.files.map(({ file }) => file)),
    subtitle: subtitle(report, baseSeconds),
    description: describe(report),
    rows: [
      [[{ ...messageRate, height: 330, marks: busiestMarks(report, baseSeconds) }]],
      ...(isBinaryFile ? [] : [[[{ ...packetRate, height: 230 }]]]),
      [[types(report)], [sizes(plot, isBinaryFile)]],
      [[gaps(plot, isBinaryFile)]],
    ],
  };
}

function rateChart(rates: RateSeries, what: 'messages' | 'packets', timePasses: boolean, baseSeconds: number): Chart {
  const x = rates.edgesNs;
  const total = rates[what].reduce((sum, count) => sum + count, 0);
  const widthNs = x[1] - x[0];
  const average = rates[what].map((count) => (count * perSecond) / widthNs);
  const name = `average in bins of ${formatTick(widthNs, 'ns')}`;
  const layers: Layer[] = [{ kind: 'area', name, colour: colours.blue, x, y: average }];
  if (rates.peak !== null && widthNs > peakWindowNs) {
    const y = rates.peak[what].map((count) => (count * perSecond) / peakWindowNs);
    layers.unshift({ kind: 'area', name: 'busiest 1 ms in each bin, as a rate', colour: colours.yellow, x, y });
  }
  return {
    kind: 'chart',
    title: `${what === 'messages' ? 'Messages' : 'Packets'} per second`,
    notes: [],
    height: 0,
    x: { kind: 'time', origin: { epochSeconds: baseSeconds } },
    y: { unit: 'count', label: `${what} per second`, scale: 'auto' },
    layers: total === 0 || !timePasses ? [] : layers,
    marks: [],
    empty: total === 0 ? `there are no ${what} to draw` : 'all time stamps are equal: there is no rate',
  };
}

function busiestMarks(report: InspectionReport, baseSeconds: number): Mark[] {
  return Object.entries(report.busiest).flatMap(([window, burst], index) => {
    if (burst.messages === 0) return [];
    const at = sinceBaseNs(burst.from, baseSeconds);
    // Windows are aligned to 1 ms at least.
    const moment = newYorkMoment(baseSeconds, at)?.slice(11, -6);
    const packets = holdsMessages(report) ? '' : ` in ${formatCounted(burst.packets, 'packet')}`;
    const counts = `${formatCounted(burst.messages, 'message')}${packets}`;
    const rate = `${formatTick(burst.messagesPerSecond, 'count')}/s`;
    const from = moment === undefined ? '' : `, from ${moment}`;
    const colour = windowColours[index % windowColours.length];
    return [{ at, text: `busiest ${window.replace(/(?=m?s$)/, ' ')}: ${counts} (${rate})${from}`, colour }];
  });
}

function types(report: InspectionReport): Panel {
  const { types: counts, total, withheld } = report.messages;
  const known = counts.map(({ protocol, type, name, count }) => ({
    // A template's name ends in its id.
    name: protocol === 'mdp3' && name.endsWith(type) ? name : `${name} ${type}`,
    value: count,
  }));
  const unknown = report.unknownLayouts.map(({ type, length, schemaId, count }) => ({
    name: schemaId === undefined ? `unknown layout, ${length} bytes: ${type}` : `no template ${type}`,
    value: count,
  }));
  const rows = [...known, ...unknown]
    .sort((a, b) => b.value - a.value)
    .map((row) => ({ ...row, text: `${formatCount(row.value)} (${((100 * row.value) / total).toFixed(1)} %)` }));
  const notes = withheld > 0 ? [`${formatCount(withheld)} more in streams that are not ITCH 5.0`] : [];
  return { kind: 'bar-list', title: 'Messages by type', notes, rows, empty: 'no message was decoded' };
}

function sizes(plot: CapturePlot, isBinaryFile: boolean): Chart {
  const { edges, counts } = plot.sizes(mostSizeBins);
  const what = isBinaryFile ? 'messages' : 'packets';
  return {
    kind: 'chart',
    title: isBinaryFile ? 'Message sizes' : 'Packet sizes (payload)',
    notes: [],
    height: 235,
    x: { kind: 'value', unit: 'bytes', isLog: false, label: edges.length > 1 ? binLabel(edges) : '' },
    y: { unit: 'count', label: what, scale: 'auto' },
    layers: [{ kind: 'bars', name: 'size', colour: colours.blue, x: edges, y: counts }],
    marks: [],
    empty: `there are no ${what}`,
  };
}

function binLabel(edges: readonly number[]): string {
  const width = edges[1] - edges[0];
  return width === 1 ? 'bytes, each size a bar' : `bytes, in bins of ${width}`;
}

function gaps(plot: CapturePlot, isBinaryFile: boolean): Chart {
  const { edges, counts } = plot.gaps();
  const { positiveGaps, zeroGaps, negativeGaps } = plot;
  const what = isBinaryFile ? 'messages' : 'packets';
  const mark = (name: string, ns: number, colour: string): Mark => ({
    at: ns,
    text: `${name} ${formatDuration(ns).replace(/us$/, 'µs')}`,
    colour,
  });
  const marks = [
    mark('p50', positiveGaps.percentile(50), colours.green),
    mark('p99', positiveGaps.percentile(99), colours.pink),
    mark('max', positiveGaps.max, colours.orange),
  ];
  return {
    kind: 'chart',
    title: `Gaps between ${what}`,
    notes: [
      `drawn: ${formatCount(positiveGaps.count)} above 0; not drawn: ${formatCount(zeroGaps)} of 0 (equal stamps), ` +
        `${formatCount(negativeGaps)} below 0 (stamps go back)`,
    ],
    height: 285,
    x: { kind: 'value', unit: 'ns', isLog: true, label: 'gap (log), ten bins a decade' },
    y: { unit: 'count', label: 'gaps', scale: 'linear' },
    layers: [{ kind: 'bars', name: 'gap', colour: colours.blue, x: edges, y: counts }],
    marks: positiveGaps.count === 0 ? [] : marks,
    empty: 'no gap above 0 between time stamps',
  };
}

function subtitle(report: InspectionReport, baseSeconds: number): string[] {
  const { packets, messages, timeRange, compression, format } = report;
  const compressed = compression === 'none' ? '' : `, ${compression}`;
  const held = holdsMessages(report)
    ? formatCounted(packets.total, 'record')
    : `${formatCounted(packets.total, 'packet')}, ${formatCounted(packets.datagrams, 'datagram')}`;
  const lines = [
    `${format}${compressed}: ${held}, ${formatBytes(packets.bytes)} of payload, ` +
      formatCounted(messages.total, 'message'),
  ];
  if (timeRange !== null) {
    const from = newYorkMoment(baseSeconds, sinceBaseNs(timeRange.from, baseSeconds));
    const to = newYorkMoment(baseSeconds, sinceBaseNs(timeRange.to, baseSeconds));
    const span = formatDuration(timeRange.seconds * 1e9).replace(/us$/, 'µs');
    lines.push(
      from !== null && to !== null
        ? `${from} to ${to} in New York, ${span}`
        : `${timeRange.from} to ${timeRange.to} ns since the epoch, ${span}`,
    );
  }
  lines.push(...sessionLine(report), ...remarks(report));
  return lines;
}

function sessionLine({ sessions }: InspectionReport): string[] {
  const named = sessions.filter(({ session }) => session !== null);
  if (named.length === 0) return [];
  const texts = named.slice(0, namedSessions).map(({ session, gaps }) => {
    const missing = gaps.reduce((sum, { count }) => sum + count, 0);
    return gaps.length === 0 ? `${session}` : `${session} (${formatCount(missing)} messages missing)`;
  });
  const more = named.length > namedSessions ? `, ${named.length - namedSessions} more` : '';
  return [`${named.length === 1 ? 'session' : 'sessions'} ${texts.join(', ')}${more}`];
}

function remarks(report: InspectionReport): string[] {
  const { backwardTimestamps, farTimestamps, damageTotal, timeRange } = report;
  const said: string[] = [];
  if (holdsMessages(report) && timeRange !== null && timeRange.from.length <= dayLessDigits) {
    said.push('the file names no day: 1970-01-01 stands for it');
  }
  if (backwardTimestamps > 0) said.push(`time stamps go back ${formatCounted(backwardTimestamps, 'time')}`);
  if (farTimestamps > 0) {
    said.push(`${formatCounted(farTimestamps, 'stamp')} over 104 days from the first, drawn with the one before`);
  }
  if (damageTotal > 0) said.push(`${formatCounted(damageTotal, 'report')} of damage`);
  return said.length === 0 ? [] : [said.join('; ')];
}

function describe(report: InspectionReport): string {
  const busiest = Object.entries(report.busiest).map(([window, burst]) => `${burst.messages} in ${window}`);
  return (
    `Message and packet rates over time, messages by type, packet sizes and gaps between packets of ${report.file}: ` +
    `${report.messages.total} messages, busiest ${busiest.join(', ')}.`
  );
}

/** Whether records are messages, as in BinaryFILEs, and not packets. */
function holdsMessages({ files }: InspectionReport): boolean {
  return files.every(({ format }) => format === 'BinaryFILE');
}

/** An epoch time in ns, which a double does not hold, less the base. */
function sinceBaseNs(epochNs: string, baseSeconds: number): number {
  const sign = epochNs.startsWith('-') ? -1 : 1;
  const digits = epochNs.replace('-', '').padStart(10, '0');
  return (sign * Number(digits.slice(0, -9)) - baseSeconds) * 1e9 + sign * Number(digits.slice(-9));
}
