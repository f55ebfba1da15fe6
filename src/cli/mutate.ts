/** `tickreel mutate`: a capture with things wrong in it on purpose, and what a correct parser makes of each. */
import type { Command } from 'commander';
import { UsageError } from '../core/errors.js';
import { formatCounted } from '../core/time.js';
import { type MutateReport, mutateCapture } from '../run/mutations/mutate.js';
import { mutationFormatOf } from '../run/mutations/write.js';
import { kindsNamed, type mutationKinds } from '../sim/mutations/kinds.js';
import { parseSeed } from './generate-spec.js';
import { defaultMutationSeed, parsePlaces } from './mutation-options.js';
import { addInputOptions, captureArgument, collect, count, type InputFlags, inputSpec, refusing } from './options.js';
import { Output } from './output.js';
import { refuseOutputs } from './report-file.js';
import { finish, warn } from './summary.js';

interface MutateFlags extends InputFlags {
  output?: string;
  seed: number | string;
  kind?: string[];
  count: number;
  packets?: (source: number) => boolean;
  manifest?: string | false;
  verify?: boolean;
  list?: boolean;
  json?: boolean;
}

const shownDifferences = 20;

export function addMutateCommand(program: Command): void {
  const command = program
    .command('mutate')
    .summary('break a capture on purpose, with what a correct parser makes of it')
    .description(
      'Writes the capture with mutations in it, each of one packet: field boundaries and nulls, unknown types, ' +
        'templates and versions, block and group lengths, lengths and counts that lie at every layer, truncations, ' +
        'numbers, sessions, order, times, checksums, fragments. Each is labelled in the comment of its packet ' +
        '(pcapng) and in a manifest with the verdict expected: deliver, skip, gap or reject, and the messages. The ' +
        'same seed gives the same mutations.',
    )
    .argument('[captures...]', captureArgument)
    .option('-o, --output <file>', '.pcapng, .pcap, - (a pcap), else a BinaryFILE')
    .optionsGroup('Mutations:')
    .option('--seed <SEED>', 'a number or a text', parseSeed, defaultMutationSeed)
    .option('--kind <names>', 'only these kinds or layers, as in count-high,field; may repeat', collect)
    .option('--count <N>', 'each kind so often', count(1), 1)
    .option('--packets <list>', 'only these packets of the capture, as in 10-20,31', refusing(parsePlaces))
    .option('--list', 'list the kinds, and read no capture')
    .optionsGroup('Output:')
    .option('--manifest <file>', 'NDJSON, a line for each mutation (default: the output’s name with .ndjson)')
    .option('--no-manifest', 'write none')
    .option('--verify', 'read the result with tickreel’s own reader, and exit with 1 where it differs')
    .option('--json', 'the report as one JSON object, on standard output; of --list an object a line');
  addInputOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  tickreel mutate session.pcap -o broken.pcapng --seed 7 --verify
  tickreel mutate session.pcap -o lies.pcapng --kind session,transport --count 10
  tickreel mutate cme.pcap -o groups.pcapng --kind group-maximum,group-count-high --packets 100-2000
  tickreel mutate 01302020.NASDAQ_ITCH50.gz -o broken.NASDAQ_ITCH50
  tickreel mutate --list`,
    )
    .action((paths: string[], flags: MutateFlags) => run(paths, flags));
}

async function run(paths: readonly string[], flags: MutateFlags): Promise<void> {
  const output = new Output();
  if (flags.list) {
    for (const kind of kindsNamed(flags.kind ?? [])) output.writeLine(describeKind(kind, flags.json === true));
    await output.end();
    return;
  }
  if (paths.length === 0) throw new UsageError('mutate-input', 'no capture is given; --list lists the kinds');
  if (flags.output === undefined) throw new UsageError('mutate-output', 'no output is given: -o FILE.pcapng');
  const manifest = manifestOf(flags.output, flags.manifest);
  const input = inputSpec(paths, flags);
  refuseOutputs([flags.output, manifest ?? undefined], input.paths);
  if (flags.verify && flags.output === '-') {
    throw new UsageError('mutate-verify', '--verify reads the output again: give it a file');
  }
  if (flags.json && flags.output === '-') {
    throw new UsageError('mutate-output', '--json and -o - both want standard output; give one of them a file');
  }
  const report = await mutateCapture({
    ...{ input, output: flags.output, manifest, seed: flags.seed, kinds: kindsNamed(flags.kind ?? []) },
    ...{ count: flags.count, verifies: flags.verify === true },
    ...(flags.packets === undefined ? {} : { mayChange: flags.packets }),
  });
  if (flags.json) output.writeLine(JSON.stringify({ ...report, manifest }));
  else if (flags.output !== '-') output.writeLine(describe(report, flags.output, manifest));
  await output.end();
  tellRest(report);
  const differs = (report.differences ?? []).length > 0;
  finish({ failure: differs || report.mutations === 0, damaged: report.damaged });
}

function manifestOf(output: string, given: string | false | undefined): string | null {
  if (given === false) return null;
  return given ?? (output === '-' ? null : `${output}.ndjson`);
}

function describe(report: MutateReport, output: string, manifest: string | null): string {
  const kinds = formatCounted(Object.keys(report.kinds).length, 'kind');
  const what = `${formatCounted(report.mutations, 'mutation')} of ${kinds}`;
  const format = mutationFormatOf(output) === 'binaryfile' ? 'record' : 'packet';
  const where = manifest === null ? '' : `, told in ${manifest}`;
  const checked =
    report.differences === null ? '' : `; read as expected: ${report.differences.length === 0 ? 'yes' : 'no'}`;
  return `${output}: ${what} in ${formatCounted(report.packets, format)}${where}${checked}`;
}

function tellRest({ unplaced, leftOut, differences, mutations }: MutateReport): void {
  if (unplaced.length > 0) warn(`no packet has a place for ${unplaced.join(', ')}`);
  if (leftOut > 0)
    warn(`${formatCounted(leftOut, 'piece')} of TCP streams left out, which are no messages of SoupBinTCP or MDP`);
  if (mutations === 0) warn('nothing was changed: no packet of the capture has a place for what was asked');
  for (const difference of (differences ?? []).slice(0, shownDifferences)) warn(`verify: ${difference}`);
}

function describeKind(kind: (typeof mutationKinds)[number], asJson: boolean): string {
  const { name, layer, framings, verdict, summary } = kind;
  if (asJson) return JSON.stringify({ kind: name, layer, framings, verdict, summary });
  return `${name.padEnd(24)} ${layer.padEnd(9)} ${verdict.padEnd(7)} ${framings.join(',').padEnd(32)} ${summary}`;
}
