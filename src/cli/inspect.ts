/** `tickreel inspect`: what a capture holds, for people or as one JSON object. */
import type { Command } from 'commander';
import { CapturePlot } from '../analysis/capture-plot.js';
import { Inspection, type InspectionReport } from '../analysis/inspection.js';
import { initHistograms } from '../core/histogram.js';
import { CaptureWindow } from '../replay/window.js';
import { windowOf } from '../run/capture-source.js';
import { describeInspection } from './inspect-text.js';
import {
  addFilterOptions,
  addInputOptions,
  addLineOptions,
  addWindowOptions,
  captureArgument,
  type FilterFlags,
  filterSpec,
  type InputFlags,
  inputSpec,
  type LineFlags,
  lineSpec,
  type WindowFlags,
} from './options.js';
import { Output } from './output.js';
import { refusePlot, writeReportFile } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { CaptureSummary, finish } from './summary.js';
import { addThreadsOptions, needsAllBefore, sayThreads, type ThreadsFlags, threadsOf } from './threads.js';

interface InspectFlags extends InputFlags, FilterFlags, WindowFlags, LineFlags, ThreadsFlags {
  json?: boolean;
  plot?: string;
  strict?: boolean;
}

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
  addThreadsOptions(addInputOptions(addLineOptions(addWindowOptions(addFilterOptions(command)))))
    .addHelpText(
      'after',
      `
Examples:
  tickreel inspect session.pcap
  tickreel inspect session.pcap --json | jq '.sessions[].gaps'
  tickreel inspect day.NASDAQ_ITCH50.gz --symbol AAPL --json | jq .messages.byType
  tickreel inspect two-lines.pcapng --line-a 239.255.42.1:26477 --line-b 239.255.42.2:26477 --json | jq '.lines[]'
  tickreel inspect session.pcap --from 09:30 --until 09:31 --plot open.svg`,
    )
    .action((paths: string[], flags: InspectFlags) => inspect(paths, flags));
}

async function inspect(paths: readonly string[], flags: InspectFlags): Promise<void> {
  const input = inputSpec(paths, flags);
  refusePlot(flags.plot, input.paths, flags.json ? '--json' : null);
  await initHistograms();
  const filter = filterSpec(flags);
  // A picture is drawn of every record.
  const needsAll = needsAllBefore(flags) || flags.plot !== undefined;
  const options = {
    filter,
    window: new CaptureWindow(windowOf(flags)),
    lines: lineSpec(flags),
    threads: threadsOf(flags, needsAll ? { kind: 'none' } : { kind: 'count', filter }),
  };
  const plot = flags.plot === undefined ? undefined : new CapturePlot();
  const inspection = await Inspection.open(input, options, plot);
  const release = stopOnSignal(() => inspection.feed.stop());
  await inspection.run();
  release();
  const report = inspection.report();
  const output = new Output();
  const picture = plot && (await draw(report, plot, inspection.feed.baseSeconds));
  // A picture on standard output has it for itself.
  if (picture !== undefined && flags.plot === '-') output.write(picture);
  else if (flags.json) output.writeLine(JSON.stringify(report));
  else output.write(describeInspection(report));
  await output.end();
  const isUnwritten =
    picture !== undefined && flags.plot !== undefined && flags.plot !== '-' && !writeReportFile(flags.plot, picture);
  const summary = new CaptureSummary();
  for (const damage of report.damage) summary.onDamage(damage);
  summary.messages(inspection.feed);
  summary.nothingPassed(inspection.feed, flags);
  sayThreads(flags, inspection.feed.input);
  finish({
    failure: isUnwritten,
    damaged: report.damageTotal > 0,
    gaps: flags.strict === true && report.sessions.some((session) => session.gaps.length > 0),
    interrupted: inspection.feed.isStopped,
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
