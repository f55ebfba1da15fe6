/** The picture of `replay --plot`: lateness and rate over time, percentiles of every histogram of the run. */
import { formatCount, formatDuration, formatRate } from '../core/time.js';
import type { Chart, Figure, Layer } from '../plot/model.js';
import { filesTitle } from '../plot/svg.js';
import { colours, palette } from '../plot/theme.js';
import { formatTick } from '../plot/units.js';
import { latencyLabels } from '../replay/latency.js';
import type { PercentileCurve } from '../replay/percentile-curve.js';
import type { ReplayPlot, ReplayReport } from './replay-spec.js';

const perSecond = 1e9;

export function replayFigure(report: ReplayReport, plot: ReplayPlot): Figure {
  return {
    title: `Replay of ${filesTitle(report.capture.split(', '))} to ${report.target}`,
    subtitle: subtitle(report),
    description:
      `Lateness and rate over the time of a replay, and percentiles of its latencies: ${report.packets} packets in ` +
      `${report.seconds} s, ${report.late.count} late, longest lag ${formatDuration(report.late.maxNs)}.`,
    rows: [[[lateness(report, plot)]], [[rate(report, plot)]], [[percentiles(report, plot)]]],
  };
}

function lateness(report: ReplayReport, { trace }: ReplayPlot): Chart {
  const x = trace.edgesNs;
  const { p50, p99, max } = trace.lateness;
  const layers: Layer[] = [
    { kind: 'area', name: 'max', colour: colours.sand, x, y: max },
    { kind: 'line', name: 'p99', colour: colours.orange, x, y: p99 },
    { kind: 'line', name: 'p50', colour: colours.blue, x, y: p50 },
  ];
  const isVirtual = report.clock === 'virtual';
  const width = x.length > 1 ? formatTick(x[1] - x[0], 'ns') : '';
  return {
    kind: 'chart',
    title: 'Send lateness',
    notes: [`by the time at which packets were due, in bins of ${width}; p50 and p99 of a bin within 12.5 %`],
    height: 320,
    x: { kind: 'time', origin: null },
    y: { unit: 'ns', label: 'lateness', scale: 'log' },
    layers: isVirtual ? [] : layers,
    marks: [],
    empty: isVirtual ? onVirtualClock : 'there was no schedule to be late against (--speed max)',
  };
}

const onVirtualClock = 'nothing to draw: on a virtual clock (--dry-run, pcap:) each packet goes when it is due';

const countedLabels = { packets: 'packets', messages: 'messages', bits: 'bits of layer 2' };

function rate(report: ReplayReport, { trace }: ReplayPlot): Chart {
  const x = trace.edgesNs;
  const widthNs = x[1] - x[0];
  const rateOf = (amounts: number[]): number[] => amounts.map((amount) => (amount * perSecond) / widthNs);
  const isPaced = report.asked !== 'max' || report.clock === 'virtual';
  const got = report.clock === 'virtual' ? 'scheduled' : 'sent';
  const layers: Layer[] = [{ kind: 'area', name: got, colour: colours.sky, x, y: rateOf(trace.sent) }];
  if (report.clock === 'real' && isPaced) {
    layers.push({ kind: 'line', name: 'asked', colour: colours.black, isDashed: true, x, y: rateOf(trace.asked) });
  }
  const counted = countedLabels[trace.counted];
  return {
    kind: 'chart',
    title: `${counted[0].toUpperCase()}${counted.slice(1)} per second`,
    notes: x.length > 1 ? [`averages over ${formatTick(widthNs, 'ns')}; asked: ${report.asked}`] : [],
    height: 270,
    x: { kind: 'time', origin: null },
    y: { unit: 'count', label: `${counted} per second`, scale: 'auto' },
    layers,
    marks: [],
    empty: 'nothing was sent',
  };
}

function percentiles(report: ReplayReport, { curves }: ReplayPlot): Chart {
  const names = [...new Set(curves.map(({ name }) => name))];
  const layers = curves.map((curve): Layer => {
    const colour = palette[names.indexOf(curve.name) % palette.length];
    const isDashed = curve.side === 'negative';
    return { kind: 'line', name: curveName(curve), colour, isDashed, x: curve.percents, y: curve.valuesNs };
  });
  const isVirtual = report.clock === 'virtual';
  return {
    kind: 'chart',
    title: 'Latencies by percentile',
    notes: ['each line ends at the highest value; dashed: magnitudes of values below 0'],
    height: 440,
    x: { kind: 'percentile', count: Math.max(1, ...curves.map(({ count }) => count)), label: 'percentile' },
    y: { unit: 'ns', label: 'latency', scale: 'log' },
    layers: isVirtual ? [] : layers,
    marks: [],
    empty: isVirtual ? onVirtualClock : 'nothing was measured',
  };
}

function curveName({ name, side, percents, valuesNs }: PercentileCurve): string {
  const at = (wanted: number): string => {
    const index = percents.findIndex((percent) => percent >= wanted - 1e-9);
    return formatTick(Number(valuesNs[index < 0 ? valuesNs.length - 1 : index].toPrecision(3)), 'ns');
  };
  const below = side === 'negative' ? ' below 0' : '';
  return `${latencyLabels[name]}${below}: p50 ${at(50)}, p99 ${at(99)}, max ${at(100)}`;
}

function subtitle(report: ReplayReport): string[] {
  const { packets, messages, seconds, late, dropped, shiftedNs, endReason, loops, rate, clock, asked } = report;
  const said = [
    `${formatCount(packets)} packets, ${formatCount(messages)} messages in ${formatDuration(seconds * 1e9)}` +
      `${clock === 'virtual' ? ' of schedule' : ''}, ${formatRate(rate.packetsPerSecond, 'pps')} (asked: ${asked})`,
  ];
  if (clock === 'real' && asked !== 'max') {
    said.push(
      `${formatCount(late.count)} late by more than ${formatDuration(late.thresholdNs)}, ` +
        `longest lag ${formatDuration(late.maxNs)}`,
    );
  }
  if (dropped > 0) said.push(`${formatCount(dropped)} left out as too late`);
  if (shiftedNs > 0) said.push(`schedule moved by ${formatDuration(shiftedNs)}`);
  if (loops > 1) said.push(`${formatCount(loops)} loops`);
  if (endReason !== 'end') said.push(`ended: ${endReason}`);
  return [said[0], ...(said.length > 1 ? [said.slice(1).join('; ')] : [])].map((line) => line.replace(/ us\b/g, ' µs'));
}
