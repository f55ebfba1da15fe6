/** `tickreel bench`: what reading a capture costs on this machine, stage by stage, and the user's own parser beside. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../core/errors.js';
import { type AckAddress, parseAckAddress } from '../io/ack-counter.js';
import { parseSpeed } from '../replay/rate.js';
import type { BenchOutcome, BenchSpec } from '../run/bench/measure.js';
import type { CommandSpec } from '../run/bench/parser-command.js';
import type { FeedKind } from '../run/bench/program-feed.js';
import type { BenchReport } from '../run/bench/report.js';
import { parseUdpTarget } from '../run/target.js';
import {
  addInputOptions,
  captureArgument,
  count,
  duration,
  type InputFlags,
  inputSpec,
  refusing,
  size,
} from './options.js';
import { Output } from './output.js';
import { refuseRemote } from './remote.js';
import { refusePlot, writeReportFile } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { CaptureSummary, finish, warn } from './summary.js';
import { defaultThreads, threads } from './threads.js';

interface BenchFlags extends InputFlags {
  runs: number;
  threads?: number;
  warmUp: number;
  sample: number;
  stages?: RegExp;
  parser?: string[];
  parserCmd?: string[];
  parserFeed: FeedKind;
  parserAck?: AckAddress;
  parserTimeout: number;
  latencyRate?: number;
  latencyFor: number;
  allowRemote?: boolean;
  baseline?: string;
  minEffect: number;
  json?: boolean;
  plot?: string;
}

/** Places in memory are numbers of 32 bits. */
const mostSampleBytes = 2 ** 31;
const leastRuns = 3;

export function addBenchCommand(program: Command, version: string): void {
  const command = program
    .command('bench')
    .summary('measure what reading a capture costs here, stage by stage, and your own parser')
    .description(
      'Measures on your capture and machine: reading the file (cold and warm), inflating, capture framing, network ' +
        'layers, session framing, scanning and decoding messages (of each type as well), JSON, and all of it from ' +
        'file to fields; time, allocation and garbage collection of each. Your own parser is measured on the same ' +
        'messages beside. With an earlier report as --baseline it says what has become slower, and ends with 6.',
    )
    .argument('<captures...>', captureArgument.replace(/ are merged.*$/, ' are read one after another'))
    .optionsGroup('Measuring:')
    .option('--runs <N>', `runs of each stage, in turns; at least ${leastRuns}`, count(leastRuns), 9)
    .addOption(preset('--warm-up <time>', 'how long each runs before it counts, at least', duration, '300ms'))
    .addOption(preset('--sample <bytes>', 'of inflated bytes measure the first so many', sampleSize, '64MiB'))
    .option(
      '--threads <N>',
      'of the stages that several threads share (default: 2, where there are two processors)',
      threads,
    )
    .option('--stages <regex>', 'only stages whose name matches: read-cold, read-warm, inflate, frames, …', pattern);
  addParserOptions(command)
    .optionsGroup('An earlier report:')
    .option('--baseline <file>', 'compare with what --json printed; exit code 6 where a stage has become slower')
    .addOption(preset('--min-effect <percent>', 'a smaller change is none', percent, '5%'));
  addInputOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'one JSON object on standard output, with every run')
    .option('--plot <file>', 'draw the stages as a waterfall, an SVG picture (- for standard output)')
    .addHelpText(
      'after',
      `
Examples:
  tickreel bench session.pcap
  tickreel bench session.pcap --stages 'decode|json' --runs 15 --plot cost.svg
  tickreel bench session.pcap --parser ./mine.js --latency-rate 200kmsg/s
  tickreel bench session.pcap --parser-cmd './my_parser --stdin'
  tickreel bench session.pcap --json > baseline.json
  tickreel bench session.pcap --baseline baseline.json

The topic measuring says what is in each figure: tickreel help measuring`,
    )
    .action((paths: string[], flags: BenchFlags) => run(paths, flags, version));
}

function addParserOptions(command: Command): Command {
  return command
    .optionsGroup('Your own parser:')
    .option(
      '--parser <module>',
      'a module with onMessage(view, offset, length), or a class with it; may repeat',
      several,
    )
    .option('--parser-cmd <command>', 'a program that reads the messages from its standard input; may repeat', several)
    .addOption(
      new Option('--parser-feed <what>', 'what a program is fed: binaryfile, capture (as it is), or udp://HOST:PORT')
        .argParser(feedKind)
        .default('auto', 'binaryfile of ITCH, capture of MDP'),
    )
    .option(
      '--parser-ack <where>',
      'where a program tells its count: tcp://HOST:PORT, unix:PATH, file:PATH, http://HOST:PORT/PATH#METRIC ' +
        '(default: lines on its standard output)',
      refusing(parseAckAddress),
    )
    .addOption(preset('--parser-timeout <time>', 'end a parser that takes longer', duration, '60s'))
    .option('--latency-rate <rate>', 'messages a second, as in 100kmsg/s (default: half of the slowest)', messageRate)
    .addOption(preset('--latency-for <time>', 'how long, at most; 0s: no latencies', duration, '2s'))
    .option('--allow-remote', 'send datagrams to other machines too');
}

/** An option whose default is read as if it were typed. */
function preset<T>(flags: string, description: string, parse: (text: string) => T, text: string): Option {
  return new Option(flags, description).argParser(parse).default(parse(text), text);
}

async function run(paths: readonly string[], flags: BenchFlags, version: string): Promise<void> {
  const spec = await benchSpec(paths, flags);
  refusePlot(flags.plot, spec.input.paths, flags.json ? '--json' : null);
  // Only who measures loads what it takes.
  const { measureBench } = await import('../run/bench/measure.js');
  const { benchReport, inputReport } = await import('../run/bench/report.js');
  const { checkSameInput, compare, readBaseline } = await import('../run/bench/compare.js');
  const baseline = flags.baseline === undefined ? null : readBaseline(flags.baseline);
  const summary = new CaptureSummary();
  let damage = 0;
  let isStopped = false;
  const release = stopOnSignal(
    () => {
      isStopped = true;
    },
    false,
    Number.POSITIVE_INFINITY,
  );
  let outcome: BenchOutcome;
  try {
    outcome = await measureBench(spec, {
      onDamage(found) {
        damage++;
        summary.onDamage(found);
      },
      onSample: (sample) => {
        if (baseline !== null) checkSameInput(flags.baseline ?? '', baseline, inputReport(sample));
      },
      onProgress: showProgress,
      stopped: () => isStopped,
    });
  } finally {
    release();
    clearProgress();
  }
  if (outcome.yardstick === null) {
    warn('interrupted before anything was measured');
    return finish({ damaged: damage > 0, interrupted: true });
  }
  const command = ['tickreel', ...process.argv.slice(2)].join(' ');
  const measured = benchReport(outcome, outcome.yardstick, spec, version, command);
  const report: BenchReport = {
    ...measured,
    baseline: baseline === null ? null : compare(flags.baseline ?? '', baseline, measured, flags.minEffect),
  };
  const isUnwritten = !(await print(report, flags));
  await tell(outcome, report);
  finish({
    failure: isUnwritten || Object.keys(report.failures).length > 0,
    damaged: damage > 0,
    slower: (report.baseline?.slower.length ?? 0) > 0,
    interrupted: outcome.isInterrupted,
  });
}

/** Prints the report and draws the picture; false where that could not be written. */
async function print(report: BenchReport, flags: BenchFlags): Promise<boolean> {
  const output = new Output();
  if (flags.json) output.writeLine(JSON.stringify(report));
  else {
    const { describeBench } = await import('./bench-text.js');
    (flags.plot === '-' ? process.stderr : output).write(describeBench(report));
  }
  let isWritten = true;
  if (flags.plot !== undefined) {
    const { benchFigure } = await import('../run/bench/figure.js');
    const { drawFigure } = await import('../plot/figure.js');
    const picture = drawFigure(benchFigure(report));
    if (flags.plot === '-') output.write(picture);
    else isWritten = writeReportFile(flags.plot, picture);
  }
  await output.end();
  return isWritten;
}

/** What people should know whether they asked for JSON or not. */
async function tell(
  { commands, isInterrupted }: BenchOutcome,
  { failures, baseline, runs, stages }: BenchReport,
): Promise<void> {
  const { failureText } = await import('./bench-text.js');
  for (const [name, why] of Object.entries(failures)) warn(failureText(name, why));
  for (const { spec, rubbish } of commands) {
    if (rubbish === null) continue;
    warn(`${spec.command} printed what is no count: ${rubbish}`);
  }
  for (const name of baseline?.slower ?? []) {
    const found = baseline?.stages.find((one) => one.name === name);
    const more = (((found?.timeRatio ?? 1) - 1) * 100).toFixed(1);
    warn(`${name} has become slower: ${more} % more time than in ${baseline?.file}, p ${found?.chance.toPrecision(2)}`);
  }
  if (baseline?.stages.some(({ verdict }) => verdict === 'too-few-runs')) {
    warn(`${runs} runs are too few to tell a difference from chance in ${baseline.stages.length} stages: raise --runs`);
  }
  if (isInterrupted) warn(`interrupted after ${stages[0]?.runsNs.length ?? 0} of ${runs} runs: figures are of these`);
}

/** What is asked for; throws UsageError where it contradicts itself. */
async function benchSpec(paths: readonly string[], flags: BenchFlags): Promise<BenchSpec> {
  const { parser = [], parserCmd = [], parserFeed: feed, parserAck: ack = null } = flags;
  const isUdp = typeof feed === 'object';
  if (parserCmd.length === 0 && (feed !== 'auto' || ack !== null)) {
    throw new UsageError('parser', '--parser-feed and --parser-ack are for a program: name it with --parser-cmd');
  }
  if (ack !== null && parserCmd.length > 1) {
    throw new UsageError('parser', '--parser-ack is one counter: measure programs that have it one by one');
  }
  if (isUdp && !flags.allowRemote) await refuseRemote(feed, 'bench sends as fast as it can');
  const names = [...parser, ...parserCmd];
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new UsageError('parser', `the parser ${twice} is named twice`);
  return {
    input: inputSpec(paths, flags),
    mostBytes: flags.sample,
    runs: flags.runs,
    threads: flags.threads ?? defaultThreads(),
    warmUpNs: flags.warmUp,
    stages: flags.stages ?? null,
    parsers: parser,
    commands: parserCmd.map((command): CommandSpec => ({ command, feed, ack })),
    pacePerSecond: flags.latencyRate ?? null,
    paceForNs: flags.latencyFor,
    withinMs: flags.parserTimeout / 1e6,
  };
}

function several(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function feedKind(text: string): FeedKind {
  if (text === 'binaryfile' || text === 'capture' || text === 'auto') return text;
  if (text.startsWith('udp://')) return refusing(parseUdpTarget)(text);
  throw new InvalidArgumentError('it is binaryfile, capture or udp://HOST:PORT.');
}

function messageRate(text: string): number {
  const rate = refusing((given) => parseSpeed(given, `--latency-rate ${given}`))(text);
  if (rate.mode !== 'messages') throw new InvalidArgumentError('messages a second are needed, as in 100kmsg/s.');
  return rate.perSecond.numerator / rate.perSecond.denominator;
}

function sampleSize(text: string): number {
  const bytes = size(1)(text);
  if (bytes > mostSampleBytes) throw new InvalidArgumentError('at most 2GiB are held in memory.');
  return bytes;
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(`it is no regular expression: ${(error as Error).message}.`);
  }
}

function percent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (match !== null && Number(match[1]) <= 1000) return Number(match[1]) / 100;
  throw new InvalidArgumentError('a percentage is needed, such as 5%.');
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
