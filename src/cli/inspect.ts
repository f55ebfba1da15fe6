/** `tickreel inspect`: what a capture holds, for people or as one JSON object. */
import type { Command } from 'commander';
import { CapturePlot } from '../analysis/capture-plot.js';
import { Inspection, type InspectionReport } from '../analysis/inspection.js';
import { initHistograms } from '../core/histogram.js';
import { formatBytes, formatDuration } from '../core/time.js';
import { itch50 } from '../protocol/itch50/index.js';
import { CaptureWindow } from '../replay/window.js';
import { windowOf } from '../run/capture-source.js';
import {
  addFilterOptions,
  addInputOptions,
  addWindowOptions,
  captureArgument,
  type FilterFlags,
  filterSpec,
  type InputFlags,
  inputSpec,
  type WindowFlags,
} from './options.js';
import { Output } from './output.js';
import { refusePlot, writeReportFile } from './report-file.js';
import { CaptureSummary, finish } from './summary.js';

interface InspectFlags extends InputFlags, FilterFlags, WindowFlags {
  json?: boolean;
  plot?: string;
  strict?: boolean;
}

const shownGaps = 10;
const shownFlows = 20;

export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .summary('say what a capture holds')
    .description(
      'Reads a capture once and reports packets, messages by type, sessions with their gaps, flows, damage, ' +
        'the busiest windows and the feed latency (capture stamp less exchange stamp).',
    )
    .argument('<captures...>', captureArgument)
    .optionsGroup('Output:')
    .option('--json', 'one JSON object on standard output')
    .option('--plot <file>', 'draw rates, sizes and gaps as an SVG picture (- for standard output, with no report)')
    .option('--strict', 'exit with 4 where sequence numbers are missing');
  addInputOptions(addWindowOptions(addFilterOptions(command)))
    .addHelpText(
      'after',
      `
Examples:
  tickreel inspect session.pcap
  tickreel inspect session.pcap --json | jq '.sessions[].gaps'
  tickreel inspect day.NASDAQ_ITCH50.gz --symbol AAPL --json | jq .messages.byType
  tickreel inspect session.pcap --from 09:30 --until 09:31 --plot open.svg`,
    )
    .action((paths: string[], flags: InspectFlags) => inspect(paths, flags));
}

async function inspect(paths: readonly string[], flags: InspectFlags): Promise<void> {
  const input = inputSpec(paths, flags);
  refusePlot(flags.plot, input.paths, flags.json ? '--json' : null);
  await initHistograms();
  const options = {
    filter: filterSpec(flags),
    window: new CaptureWindow(windowOf(flags)),
  };
  const plot = flags.plot === undefined ? undefined : new CapturePlot();
  const inspection = await Inspection.open(input, options, plot);
  await inspection.run();
  const report = inspection.report();
  const output = new Output();
  const picture = plot && (await draw(report, plot, inspection.feed.baseSeconds));
  // A picture on standard output has it for itself.
  if (picture !== undefined && flags.plot === '-') output.write(picture);
  else if (flags.json) output.writeLine(JSON.stringify(report));
  else output.write(describe(report));
  await output.end();
  const isUnwritten =
    picture !== undefined && flags.plot !== undefined && flags.plot !== '-' && !writeReportFile(flags.plot, picture);
  const summary = new CaptureSummary();
  for (const damage of report.damage) summary.onDamage(damage);
  summary.messages(inspection.feed);
  summary.nothingPassed(inspection.feed, flags);
  finish({
    failure: isUnwritten,
    damaged: report.damageTotal > 0,
    gaps: flags.strict === true && report.sessions.some((session) => session.gaps.length > 0),
  });
}

/** What draws takes longer to load than most captures to read. */
async function draw(report: InspectionReport, plot: CapturePlot, baseSeconds: number): Promise<string> {
  const [{ captureFigure }, { drawFigure }] = await Promise.all([
    import('../analysis/capture-figure.js'),
    import('../plot/figure.js'),
  ]);
  const picture = drawFigure(captureFigure(report, plot, baseSeconds));
  plot.destroy();
  return picture;
}

/** The report as text: one fact a line, units on every quantity. */
function describe(report: InspectionReport): string {
  const { packets, messages, timeRange } = report;
  const lines = [
    `file      ${report.file} (${report.format}${report.compression === 'none' ? '' : `, ${report.compression}`})`,
    `packets   ${packets.total}${report.format === 'BinaryFILE' ? ' records' : `, ${packets.datagrams} datagrams`}` +
      `, ${formatBytes(packets.bytes)} of payload`,
  ];
  for (const [reason, count] of Object.entries(packets.skipped)) lines.push(`  skipped ${count}: ${reason}`);
  const { badIpChecksums = 0, badUdpChecksums = 0 } = packets.counts;
  if (badIpChecksums + badUdpChecksums > 0) {
    lines.push(`  bad checksums: ${badIpChecksums} IP, ${badUdpChecksums} UDP (counted, not dropped)`);
  }
  if (timeRange)
    lines.push(`time      ${timeRange.from} to ${timeRange.to} ns, ${formatDuration(timeRange.seconds * 1e9)}`);
  lines.push(`messages  ${messages.total}`);
  for (const [type, count] of Object.entries(messages.byType)) {
    const share = ((100 * count) / messages.total).toFixed(1);
    const name = itch50.nameOf(type.charCodeAt(0)) ?? 'unknown';
    lines.push(`  ${type} ${String(count).padStart(10)} ${share.padStart(5)} %  ${name}`);
  }
  for (const { type, count, length } of report.unknownLayouts) {
    const letter = JSON.stringify(type).slice(1, -1);
    lines.push(`  ${letter} ${String(count).padStart(10)}          unknown layout of ${length} bytes`);
  }
  if (messages.withheld > 0) lines.push(`  not decoded, in streams that are not ITCH 5.0: ${messages.withheld}`);
  if (messages.zeroLength > 0) lines.push(`  of zero length: ${messages.zeroLength}`);
  lines.push(...sessionLines(report), ...burstLines(report));
  lines.push(...flowLines(report));
  if (report.feedLatency) {
    const { p50, p99, max } = report.feedLatency;
    lines.push(`feed latency  p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)}, max ${formatDuration(max)}`);
  }
  if (report.damageTotal > 0) lines.push(`damage    ${report.damageTotal} reports`);
  return `${lines.join('\n')}\n`;
}

function sessionLines(report: InspectionReport): string[] {
  const lines: string[] = [];
  for (const session of report.sessions) {
    const range = session.first === null ? 'unsequenced' : `${session.first} to ${session.last}`;
    lines.push(
      `session   ${session.session ?? '-'} (${session.protocol}), ${range}, ${session.messages} messages, ` +
        `${session.gaps.length} gaps, ${session.duplicates} duplicates, ${session.outOfOrder} out of order`,
    );
    for (const { from, to, count } of session.gaps.slice(0, shownGaps)) {
      lines.push(`  gap ${from} to ${to}, ${count} messages missing`);
    }
    if (session.gaps.length > shownGaps) lines.push(`  ${session.gaps.length - shownGaps} more gaps`);
  }
  return lines;
}

function flowLines(report: InspectionReport): string[] {
  const lines = report.flows.slice(0, shownFlows).map(({ source, destination, packets, recognisedAs, application }) => {
    const framing = recognisedAs ?? 'framing not recognised';
    return `flow      ${source} > ${destination}, ${packets} packets, ${framing}, ${application ?? 'no messages'}`;
  });
  if (report.flows.length > shownFlows) lines.push(`  ${report.flows.length - shownFlows} more flows`);
  return lines;
}

function burstLines(report: InspectionReport): string[] {
  return Object.entries(report.busiest).map(([window, burst]) => {
    const { from, messages, packets } = burst;
    return `busiest ${window.padEnd(4)} ${messages} messages in ${packets} packets, from ${from} ns`;
  });
}
