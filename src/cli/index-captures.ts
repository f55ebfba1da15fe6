/** `tickreel index`: puts an index beside each capture, so that a replay can seek in it at once. */
import type { Command } from 'commander';
import { isStandardInput } from '../analysis/input.js';
import { TickreelError, UsageError } from '../core/errors.js';
import { formatBytes, formatCount } from '../core/time.js';
import { expandPaths } from '../io/expand-paths.js';
import { type IndexReport, indexCapture } from '../run/index-capture.js';
import { Output } from './output.js';
import { CaptureSummary, finish, warn } from './summary.js';

interface IndexFlags {
  frameByType?: boolean;
  force?: boolean;
  json?: boolean;
}

export function addIndexCommand(program: Command): void {
  program
    .command('index')
    .summary('put an index beside captures, by which a replay seeks in them at once')
    .description(
      'Reads each capture to its end and writes CAPTURE.tridx beside it: places where reading can begin, and what ' +
        'time it is there. A replay that is told to go to a time uses it where it is of the very file, and checks ' +
        'each place before it begins there; without one it makes its own as it reads. Compressed captures have none.',
    )
    .argument('<captures...>', 'pcap, pcapng or BinaryFILE, not compressed')
    .option('--frame-by-type', "frame BinaryFILE messages by their type's length where length prefixes are 0 or absent")
    .option('--force', 'write anew what is up to date')
    .optionsGroup('Output:')
    .option('--json', 'one JSON object a capture on standard output')
    .addHelpText(
      'after',
      `
Examples:
  tickreel index day.pcap
  tickreel index 'feed-*.pcap' --json`,
    )
    .action((paths: string[], flags: IndexFlags) => indexAll(expandPaths(paths), flags));
}

async function indexAll(paths: readonly string[], flags: IndexFlags): Promise<void> {
  if (paths.some(isStandardInput)) throw new UsageError('input', 'standard input has no place for an index beside it');
  const output = new Output();
  const summary = new CaptureSummary();
  let [failure, damaged] = [false, false];
  for (const path of paths) {
    try {
      const report = await indexCapture(path, {
        frameByType: flags.frameByType ?? false,
        force: flags.force ?? false,
        onDamage: (damage) => {
          damaged = true;
          summary.onDamage({ file: path, ...damage });
        },
      });
      output.writeLine(flags.json ? JSON.stringify(report) : describe(report));
    } catch (error) {
      if (!(error instanceof TickreelError)) throw error;
      failure = true;
      warn(error.message);
    }
  }
  await output.end();
  finish({ failure, damaged });
}

function describe({ index, outcome, captureBytes, records, points }: IndexReport): string {
  const places = `${formatCount(points)} places in ${formatBytes(captureBytes)}`;
  if (outcome === 'kept') return `${index}: up to date, ${places}`;
  return `${index}: ${places}, ${formatCount(records ?? 0)} records`;
}
