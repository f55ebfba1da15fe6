/** What `bench` prints for people: stages, types, parsers, and how it compares with a baseline. */
import { formatBytes, formatCount, formatCounted, formatDuration } from '../core/time.js';
import type { Comparison } from '../run/bench/compare.js';
import type { BenchReport, ParserReport, StageReport } from '../run/bench/report.js';
import { percentileHeading, percentileRows } from './percentile-table.js';

const nameWidth = 15;
const shownTypes = 30;

/** The report in lines. */
export function describeBench(report: BenchReport): string {
  const lines = [
    ...inputLines(report),
    '',
    stageRow('stage', ['ns/msg', 'adds', 'M msg/s', 'GB/s', 'spread', 'B/msg', 'GC', 'checksum']),
    ...report.stages.map(describeStage),
    ...report.stages.flatMap(threadsLine),
    ...Object.entries(report.skipped).map(([name, why]) => `${name.padEnd(nameWidth)}  left out: ${why}`),
    ...inflateLine(report),
    ...typeLines(report),
    ...parserLines(report),
    ...(report.baseline === null ? [] : ['', ...comparisonLines(report.baseline)]),
    ...Object.entries(report.failures).map(([name, why]) => `failed    ${failureText(name, why)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** What went wrong, with the name of what it went wrong with, once. */
export function failureText(name: string, why: string): string {
  return why.includes(name) ? why : `${name}: ${why}`;
}

function inputLines({ input, machine, runs, warmUpNs, yardstick, stages }: BenchReport): string[] {
  const files = input.files.map(({ file, format, compression, sizeBytes, measuredBytes, isWhole, sha256, records }) => {
    const how = compression === 'none' ? format : `${format}, ${compression}`;
    const part = isWhole
      ? formatBytes(sizeBytes)
      : `the first ${formatBytes(measuredBytes)} of ${formatBytes(sizeBytes)}`;
    return `file      ${file} (${how}): ${part}, ${formatCounted(records, 'record')}, SHA-256 ${sha256}`;
  });
  return [
    ...files,
    `input     ${formatCounted(input.messages, 'message')}, ${formatBytes(input.inflatedBytes)} inflated`,
    `machine   ${machine.cpu}, ${formatCounted(machine.cores, 'processor')}, Node ${machine.node}, ${machine.platform}`,
    `runs      ${runs} interleaved, after ${formatDuration(warmUpNs)} or more of each to warm up; medians, ` +
      'spread from the best to the worst',
    ...waitedLine(stages),
    `yardstick ${digits(yardstick.nsPerMessage)} ns a message, spread ${percent(yardstick.spread)}: a plain loop ` +
      'over the same bytes',
  ];
}

/** Said where other programs took much of the processors. */
function waitedLine(stages: readonly StageReport[]): string[] {
  const most = Math.max(0, ...stages.map(({ waitedShare }) => waitedShare));
  if (most < 0.1) return [];
  return [`busy      other programs had the processor for up to ${percent(most)} of a stage's time; that is taken out`];
}

function describeStage(stage: StageReport): string {
  const { name, nsPerMessage, ownNsPerMessage, after, messagesPerSecond, bytesPerSecond, spread } = stage;
  const { allocatedBytesPerMessage, gcShare, checksum } = stage;
  return stageRow(name, [
    digits(nsPerMessage),
    after === null || ownNsPerMessage === null ? '' : digits(ownNsPerMessage),
    (messagesPerSecond / 1e6).toFixed(2),
    (bytesPerSecond / 1e9).toFixed(2),
    percent(spread),
    digits(allocatedBytesPerMessage),
    percent(gcShare),
    String(checksum),
  ]);
}

function inflateLine({ inflateShare }: BenchReport): string[] {
  if (inflateShare === null) return [];
  return [`inflate   by itself takes ${percent(inflateShare)} of end to end, which does the rest meanwhile`];
}

function threadsLine({ name, threads }: StageReport): string[] {
  if (threads === null) return [];
  const { count, beside, speedup } = threads;
  return [`threads   ${name}: ${formatCounted(count, 'thread')}, ${speedup.toFixed(2)} times as fast as ${beside}`];
}

function stageRow(name: string, cells: readonly string[]): string {
  const widths = [10, 9, 9, 7, 8, 9, 7, 12];
  return `${name.padEnd(nameWidth)}${cells.map((cell, index) => cell.padStart(widths[index] ?? 9)).join('')}`;
}

function typeLines({ types }: BenchReport): string[] {
  if (types.length === 0) return [];
  const rows = types.slice(0, shownTypes).map(({ type, name, messages, nsPerMessage, messagesPerSecond }) => {
    const count = formatCount(messages).padStart(11);
    const rate = (messagesPerSecond / 1e6).toFixed(2).padStart(9);
    return `  ${type.padEnd(4)}${digits(nsPerMessage).padStart(9)}${rate}${count}  ${name}`;
  });
  const more = types.length > shownTypes ? [`  ${types.length - shownTypes} more types: --json lists them`] : [];
  return ['', '  type   ns/msg  M msg/s   messages', ...rows, ...more];
}

function parserLines({ parsers, stages, ownLatency }: BenchReport): string[] {
  if (parsers.length === 0) return [];
  const own = stages.find(({ name }) => name === 'decode');
  const lines = parsers.flatMap((parser) => parserRate(parser, own));
  const paced = parsers.filter(({ latency }) => latency !== null);
  if (paced.length === 0) return ['', ...lines];
  const [first] = paced;
  const { askedPerSecond = 0, messages = 0 } = first?.latency ?? {};
  const rate = formatCount(Math.round(askedPerSecond));
  return [
    '',
    ...lines,
    '',
    `latency at ${rate} messages a second (open loop: from the time at which each of ${formatCount(messages)} was due)`,
    percentileHeading(),
    ...(ownLatency === null ? [] : percentileRows('tickreel decode', ownLatency.latency)),
    ...paced.flatMap(({ name, latency }) =>
      latency === null
        ? []
        : [
            ...percentileRows(shortened(name), latency.latency),
            `  ${latency.includes}; reached: ${formatCount(Math.round(latency.reachedPerSecond))} messages a second`,
          ],
    ),
  ];
}

function parserRate(parser: ParserReport, own: StageReport | undefined): string[] {
  const { name, nsPerMessage, messagesPerSecond = 0, spread = 0, includes, checksum, lost, counted } = parser;
  if (nsPerMessage === undefined) return [`parser    ${name}: no figures`];
  const beside = own === undefined ? '' : `, ${(nsPerMessage / own.nsPerMessage).toFixed(2)} times tickreel's decode`;
  const said = [
    checksum === null ? '' : `, checksum ${checksum}`,
    counted === null ? '' : `, counted ${formatCount(counted)}`,
    lost === 0 ? '' : `, ${formatCount(lost)} packets lost`,
  ].join('');
  const rate = `${digits(nsPerMessage)} ns a message, ${(messagesPerSecond / 1e6).toFixed(2)} M msg/s`;
  return [`parser    ${name}: ${rate}, spread ${percent(spread)}${beside}${said}`, `  ${includes}`];
}

function comparisonLines({ file, date, leastEffect, significance, differences, stages }: Comparison): string[] {
  const rows = stages.map(({ name, timeRatio, chance, verdict }) => {
    const change = `${timeRatio >= 1 ? '+' : ''}${((timeRatio - 1) * 100).toFixed(1)} %`;
    const words = verdict === 'too-few-runs' ? 'too few runs to tell (--runs)' : verdict;
    return `  ${shortened(name).padEnd(18)}${change.padStart(9)}  p ${chance.toPrecision(2).padEnd(9)} ${words}`;
  });
  return [
    `baseline  ${file} of ${date}: time by the yardstick's; counts from ${percent(leastEffect)} on ` +
      `with p below ${significance.toPrecision(2)}`,
    ...differences.map((text) => `  ${text}`),
    ...rows,
  ];
}

function shortened(name: string): string {
  return name.length <= 16 ? name : `…${name.slice(-15)}`;
}

function digits(value: number): string {
  const size = Math.abs(value);
  return size >= 1000
    ? formatCount(Math.round(value))
    : size >= 100
      ? value.toFixed(0)
      : value.toFixed(size >= 10 ? 1 : 2);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
