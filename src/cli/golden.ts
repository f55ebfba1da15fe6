/** `tickreel golden make` and `tickreel golden check`: what a capture decodes to, kept and held against. */
import type { Command } from 'commander';
import { defaultBlock } from '../compare/golden.js';
import { junitXml, tap } from '../compare/junit.js';
import { UsageError } from '../core/errors.js';
import { formatBytes, formatCounted } from '../core/time.js';
import { caseLines, caseResult, isGood } from '../run/check-text.js';
import { checkGolden, goldenInput } from '../run/golden-check.js';
import { makeGolden } from '../run/golden-make.js';
import { addInputOptions, captureArgument, count, type InputFlags, inputSpec } from './options.js';
import { Output } from './output.js';
import { refuseOutputs, writeReportFile } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { CaptureSummary, finish, warn } from './summary.js';

interface MakeFlags extends InputFlags {
  output: string;
  full?: boolean;
  block: number;
}

interface CheckFlags extends InputFlags {
  limit: number;
  json?: boolean;
  tap?: boolean;
  junit?: string;
}

export function addGoldenCommand(program: Command): void {
  const golden = program
    .command('golden')
    .summary('keep what a capture decodes to, and hold it against that')
    .description(
      'A golden record has a digest of each message that a capture decodes to, counts, and the hashes of capture and ' +
        'schemas, in lines of text: four characters a message. Later it tells whether capture and decoder still say ' +
        'the same, and where they first do not.',
    );
  addMake(golden);
  addCheck(golden);
  golden.addHelpText(
    'after',
    `
Examples:
  tickreel golden make session.pcap -o session.golden --full
  tickreel golden check session.golden`,
  );
}

function addMake(golden: Command): void {
  const make = golden
    .command('make')
    .summary('make a golden record of captures')
    .description('Decodes the captures, as one where there are several, and writes their golden record.')
    .argument('<captures...>', captureArgument)
    .requiredOption('-o, --output <file>', 'where to write it')
    .option('--full', 'keep the whole decode beside it (FILE.ndjson.gz), so that a check knows what was expected')
    .option('--block <N>', 'numbers of a block, which has a line', count(1), defaultBlock);
  addInputOptions(make)
    .addHelpText('after', '\nExamples:\n  tickreel golden make session.pcap -o session.golden --full')
    .action((paths: string[], flags: MakeFlags) => runMake(paths, flags));
}

function addCheck(golden: Command): void {
  const check = golden
    .command('check')
    .summary('hold captures against their golden record')
    .description(
      'Decodes the captures and compares every message with the record. The first divergence is shown in full, all ' +
        'are counted by cause; the exit code is 7 where there are any.',
    )
    .argument('<golden>', 'the record')
    .argument('[captures...]', 'what to hold against it (default: the captures that it was made of)')
    .option('--limit <N>', 'divergences kept in full in reports', count(1), 20)
    .option('--json', 'print one JSON object')
    .option('--tap', 'print the result in the Test Anything Protocol')
    .option('--junit <file>', 'write the result as JUnit XML');
  addInputOptions(check)
    .addHelpText(
      'after',
      '\nExamples:\n  tickreel golden check session.golden\n  tickreel golden check a.golden b.pcap',
    )
    .action((path: string, captures: string[], flags: CheckFlags) => runCheck(path, captures, flags));
}

async function runMake(paths: readonly string[], flags: MakeFlags): Promise<void> {
  const input = inputSpec(paths, flags);
  refuseOutputs([flags.output, ...(flags.full ? [`${flags.output}.ndjson.gz`] : [])], input.paths);
  const summary = new CaptureSummary();
  let isStopped = false;
  const letGo = stopOnSignal(() => {
    isStopped = true;
  });
  const report = await makeGolden(input, flags.output, {
    blockSize: flags.block,
    full: flags.full ?? false,
    onDamage: (damage) => summary.onDamage(damage),
    isStopped: () => isStopped,
  }).catch((error: unknown) => {
    if (isStopped && error instanceof UsageError && error.code === 'stopped') return error.message;
    throw error;
  });
  letGo();
  if (typeof report === 'string') {
    warn(report);
    return finish({ interrupted: true });
  }
  const { golden, full, messages, bytes, fullBytes, damage } = report;
  const beside = full === null ? '' : `, ${full}: ${formatBytes(fullBytes)}`;
  warn(`${golden}: ${formatCounted(messages, 'message')}, ${formatBytes(bytes)}${beside}`);
  if (messages === 0) warn(`${paths.join(', ')}: there is no message that we can read: inspect says what there is`);
  finish({ damaged: damage > 0 });
}

async function runCheck(path: string, captures: readonly string[], flags: CheckFlags): Promise<void> {
  if (flags.tap && flags.json) throw new UsageError('output', '--tap and --json both want standard output; give one');
  const paths = captures.length > 0 ? captures : goldenInput(path).paths;
  const input = inputSpec(paths, flags);
  refuseOutputs([flags.junit], [...input.paths, path]);
  const report = await checkGolden(path, { input, limit: flags.limit });
  const output = new Output();
  if (flags.json) output.writeLine(JSON.stringify(report));
  else if (flags.tap) output.write(tap([caseResult(report)]));
  else for (const line of caseLines(report)) output.writeLine(line);
  await output.end();
  const isWritten =
    flags.junit === undefined || writeReportFile(flags.junit, junitXml('tickreel golden check', [caseResult(report)]));
  finish({ failure: !isWritten, differs: !isGood(report.verdict), damaged: report.damage.total > 0 });
}
