/** `tickreel conformance`: captures of the whole specification, for "does my parser know all of it". */
import type { Command } from 'commander';
import { Option } from 'commander';
import { UsageError } from '../core/errors.js';
import { formatCount, formatCounted } from '../core/time.js';
import { mdp3Versions } from '../protocol/mdp3/index.js';
import { type PackFile, writeConformancePack } from '../run/conformance.js';
import { Output } from './output.js';

interface ConformanceFlags {
  output: string;
  protocol?: 'itch50' | 'mdp3';
  schemaVersion?: number[];
  json?: boolean;
}

export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .summary('write captures of every message of the specification, with what they decode to')
    .description(
      'Writes a pack of captures made from the tables: every type of ITCH 5.0 and every template of MDP 3.0, version ' +
        'by version, with every field at its least, its most, its null value and every code that it has, groups of ' +
        'no, one, several and the most entries; one message a packet, and packed. Beside each capture stands what a ' +
        'correct parser decodes, as decode prints it, and its golden record; pack.json lists them all.',
    )
    .requiredOption('-o, --output <folder>', 'where the pack goes; made where it is missing')
    .addOption(new Option('--protocol <name>', 'only this one').choices(['itch50', 'mdp3']))
    .option('--schema-version <N>', 'only these versions of MDP, as in 9,13; may repeat', collectVersions)
    .option('--json', 'one JSON object a capture on standard output')
    .addHelpText(
      'after',
      `
Examples:
  tickreel conformance -o pack
  tickreel conformance -o pack --protocol mdp3 --schema-version 9,13`,
    )
    .action(run);
}

async function run(flags: ConformanceFlags): Promise<void> {
  const { protocol, schemaVersion } = flags;
  if (protocol === 'itch50' && schemaVersion !== undefined) {
    throw new UsageError('conformance', '--schema-version is of MDP: leave it out, or --protocol itch50');
  }
  const output = new Output();
  const files = await writeConformancePack({
    folder: flags.output,
    itch: protocol !== 'mdp3',
    versions: protocol === 'itch50' ? [] : (schemaVersion ?? mdp3Versions),
  });
  for (const file of files) output.writeLine(flags.json ? JSON.stringify(file) : describe(file));
  await output.end();
}

function describe({ capture, types, messages, packets, protocol }: PackFile): string {
  const what = formatCounted(types, protocol === 'mdp3' ? 'template' : 'type');
  return `${capture.padEnd(22)} ${what}, ${formatCount(messages)} messages in ${formatCounted(packets, 'packet')}`;
}

function collectVersions(text: string, before: number[] = []): number[] {
  const versions = text.split(',').map((part) => {
    const version = Number(part);
    if (mdp3Versions.includes(version)) return version;
    throw new UsageError('mdp3-version', `MDP 3.0 version '${part}' is not built in: ${mdp3Versions.join(', ')} are`);
  });
  return [...new Set([...before, ...versions])];
}
