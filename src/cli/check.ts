/** `tickreel check`: captures held against the parser under test, field by field. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { junitXml, tap } from '../compare/junit.js';
import { UsageError } from '../core/errors.js';
import { expandPaths } from '../io/expand-paths.js';
import { runCases } from '../run/check-cases.js';
import type { CheckReport } from '../run/check-spec.js';
import { noUpdate, readSuite, type Suite, suiteName, suiteOf, updateSuite } from '../run/check-suite.js';
import { caseLines, caseResult, isGood, shellWord, tableLines, totalLine } from '../run/check-text.js';
import { endAllParsers } from '../run/parser-feed.js';
import { type ParserOverrides, parserFeeds, parserSpecOf } from '../run/parser-spec.js';
import {
  addMutationOptions,
  type MutationCheckFlags,
  refuseMutationOptions,
  runMutationChecks,
} from './check-mutations.js';
import { addInputOptions, count, duration, type InputFlags, inputSpec, size } from './options.js';
import { Output } from './output.js';
import { refuseOutputs, writeReportFile } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { finish, warn } from './summary.js';

interface CheckFlags extends InputFlags, MutationCheckFlags {
  parser?: string;
  goldens?: string;
  accepted?: string;
  update?: boolean;
  feed?: ParserOverrides['feed'];
  map?: string;
  timeout?: number;
  maxMemory?: number;
  limit: number;
  jobs?: number;
  junit?: string;
  tap?: boolean;
  json?: boolean;
}

const suiteArgument =
  'pcap, pcapng or BinaryFILE, each by itself; a folder: all captures in it; a suite’s tickreel.yml or its folder ' +
  '(default: the one here)';

export function addCheckCommand(program: Command): void {
  const command = program
    .command('check')
    .summary('hold a parser against captures')
    .description(
      'Feeds captures to the parser under test and compares every field of what it decodes with our own decode. The ' +
        'first divergence is shown with its bytes, all of them are counted by cause; a parser that crashes, hangs, ' +
        'writes rubbish or too much is told. The exit code is 7 where any capture fails.',
    )
    .argument('[captures...]', suiteArgument)
    .option(
      '--parser <parser>',
      'a JavaScript or TypeScript module, a command in quotes, or a YAML file that says more (tickreel help parsers)',
    )
    .addOption(
      new Option('--feed <how>', 'how a command gets the capture; udp replays it to {port}').choices([...parserFeeds]),
    )
    .option('--map <file>', 'YAML: the names, scales and codes of the parser’s output, where they are not ours')
    .option('--timeout <DURATION>', 'the parser may be silent for so long (default: 10s)', duration)
    .option('--max-memory <SIZE>', 'the parser is ended where it takes more', size(1 << 20))
    .option('--goldens <folder>', 'golden records, PATH.golden for each capture: these are held against them too')
    .option('--accepted <file>', 'YAML: causes that are known and no failure, by capture')
    .option('--update', 'make golden records that differ or are missing anew, accept the causes of all else')
    .optionsGroup('Report:')
    .option('--limit <N>', 'divergences kept in full in reports', count(1), 20)
    .option('--jobs <N>', 'captures at a time (default: 2), or mutations (default: as many as processors)', count(1))
    .option('--junit <file>', 'write the results as JUnit XML')
    .option('--tap', 'print the results in the Test Anything Protocol')
    .option('--json', 'print one JSON object');
  addInputOptions(addMutationOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  tickreel check --parser ./parser.mjs session.pcap
  tickreel check --parser 'python3 parser.py' --map names.yml day.NASDAQ_ITCH50.gz
  tickreel check --parser parser.yml --junit results.xml captures/
  tickreel check regression/tickreel.yml --jobs 4 --junit results.xml
  tickreel check regression --update
  tickreel check --parser parser.yml --mutations --save failing session.pcap`,
    )
    .action((paths: string[], flags: CheckFlags) => check(paths, flags));
}

async function check(paths: readonly string[], flags: CheckFlags): Promise<void> {
  if (flags.tap && flags.json) throw new UsageError('output', '--tap and --json both want standard output; give one');
  refuseMutationOptions(flags);
  if (flags.mutations) return checkMutations(paths, flags);
  const suite = await suiteOfArguments(paths, flags);
  const { cases } = suite;
  const captures = cases.flatMap(({ input }) => input.paths);
  refuseOutputs([flags.junit], captures);
  const output = new Output();
  const isQuiet = flags.tap === true || flags.json === true;
  const progress = new ProgressLine();
  let isStopped = false;
  const letGo = stopOnSignal(() => {
    isStopped = true;
    endAllParsers();
  });
  const reports = await runCases(cases, {
    jobs: flags.jobs ?? suite.jobs ?? 2,
    limit: flags.limit,
    isStopped: () => isStopped,
    onReport: (report) => {
      progress.clear();
      if (!isQuiet) for (const line of caseLines(report)) output.writeLine(line);
    },
    onProgress: (now) => progress.show(now),
  });
  letGo();
  progress.clear();
  const isWritten = report(reports, flags, output);
  await output.end();
  const isUpdate = flags.update === true && !isStopped;
  const { done, settled } = isUpdate ? await updateSuite(suite, reports) : noUpdate;
  for (const text of done) warn(text);
  finish({
    failure: !isWritten,
    differs: reports.some((report) => !isGood(report.verdict) && !settled.has(report)),
    damaged: reports.some(
      ({ verdict, damage }) => verdict !== 'skipped' && damage.total > 0 && damage.isMeant !== true,
    ),
    interrupted: isStopped,
  });
}

/** The parser through mutations of the captures, in place of the captures themselves. */
async function checkMutations(paths: readonly string[], flags: CheckFlags): Promise<void> {
  if (flags.parser === undefined || paths.length === 0) {
    throw new UsageError('mutations', '--mutations wants a --parser, and the captures to be mutated');
  }
  const all = inputSpec(paths, flags);
  refuseOutputs([flags.junit], all.paths);
  const parser = await parserSpecOf(flags.parser, overridesOf(flags));
  return runMutationChecks(parser, all, { ...flags, optionsText: repeatingOptions(flags) }, new Output());
}

/** The options without which a saved case would be read or fed otherwise, as they are typed. */
function repeatingOptions(flags: CheckFlags): string {
  const { feed, map, timeout, maxMemory, protocol, portMap = new Map(), templates = [], channels } = flags;
  const options: readonly (readonly [name: string, value: string | boolean | undefined])[] = [
    ['feed', feed],
    ['map', map],
    ['timeout', timeout === undefined ? undefined : `${timeout / 1e6}ms`],
    ['max-memory', maxMemory === undefined ? undefined : `${maxMemory}B`],
    ['date', flags.date],
    ['frame-by-type', flags.frameByType],
    ['recover', flags.recover],
    ['timestamps', flags.timestamps],
    ['protocol', protocol],
    ['port-map', [...portMap].map((pair) => pair.join('=')).join(',') || undefined],
    ...templates.map((path) => ['templates', path] as const),
    ['channels', channels],
    ...(flags.definitions ?? []).map((path) => ['definitions', path] as const),
  ];
  const words = options.flatMap(([name, value]) =>
    typeof value === 'string' ? [`--${name} ${shellWord(value)}`] : value === true ? [`--${name}`] : [],
  );
  return words.join(' ');
}

function overridesOf({ feed, map, timeout, maxMemory }: CheckFlags): ParserOverrides {
  return { feed, map, timeoutNs: timeout, maxMemoryBytes: maxMemory };
}

/** What the arguments name: a suite's file, by itself or its folder, else captures and folders of them. */
async function suiteOfArguments(paths: readonly string[], flags: CheckFlags): Promise<Suite> {
  const { paths: _none, ...input } = inputSpec(['-'], flags);
  const options = {
    parser: flags.parser === undefined ? null : await parserSpecOf(flags.parser, overridesOf(flags)),
    goldens: flags.goldens ?? null,
    accepted: flags.accepted ?? null,
    isUpdate: flags.update ?? false,
    input,
  };
  const [first = '.'] = paths;
  const file = [first, join(first, suiteName)].find((path) => /\.ya?ml$/.test(path) && existsSync(path));
  if (paths.length <= 1 && file !== undefined) return readSuite(file, options);
  if (paths.length === 0) {
    throw new UsageError('suite', `name captures, a folder of them, or a suite: there is no ${suiteName} here`);
  }
  return suiteOf(expandPaths(paths), options);
}

/** Prints and writes what was asked for; false where a file could not be written. */
function report(reports: readonly CheckReport[], flags: CheckFlags, output: Output): boolean {
  const results = reports.map(caseResult);
  if (flags.json) output.writeLine(JSON.stringify({ cases: reports }));
  else if (flags.tap) output.write(tap(results));
  else {
    if (reports.length > 1) for (const line of tableLines(reports)) output.writeLine(line);
    output.writeLine(totalLine(reports));
  }
  return flags.junit === undefined || writeReportFile(flags.junit, junitXml('tickreel check', results));
}

/** One line on a terminal's standard error, a few times a second. */
class ProgressLine {
  private shownMs = 0;

  constructor(private readonly stream = process.stderr) {}

  show({ done, cases, messages }: { done: number; cases: number; messages: number }): void {
    const nowMs = performance.now();
    if (!this.stream.isTTY || nowMs - this.shownMs < 200) return;
    this.shownMs = nowMs;
    this.stream.write(`\r\x1b[K${done} of ${cases} done, ${messages} messages compared`);
  }

  clear(): void {
    if (this.shownMs > 0) this.stream.write('\r\x1b[K');
  }
}
