/** `tickreel index`: puts an index beside each capture, so that a replay can seek in it at once. */
import type { Command } from 'commander';
import { isStandardInput } from '../analysis/input.js';
import type { MessageFeed } from '../analysis/message-feed.js';
import { TickreelError, UsageError } from '../core/errors.js';
import { formatBytes, formatCount } from '../core/time.js';
import { expandPaths } from '../io/expand-paths.js';
import { buildColumns, type ColumnReport } from '../run/build-columns.js';
import { type IndexReport, indexCapture } from '../run/index-capture.js';
import { Output } from './output.js';
import { stopOnSignal } from './signals.js';
import { CaptureSummary, finish, warn } from './summary.js';

interface IndexFlags {
  columns?: boolean;
  date?: string;
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
    .option('--columns', 'put columns of its messages there instead (CAPTURE.trcol), by which decode finds them')
    .option('--date <YYYY-MM-DD>', 'with --columns: the day of a BinaryFILE, where its name does not tell')
    .option('--force', 'write anew what is up to date')
    .optionsGroup('Output:')
    .option('--json', 'one JSON object a capture on standard output')
    .addHelpText(
      'after',
      `
Examples:
  tickreel index day.pcap
  tickreel index 'feed-*.pcap' --json
  tickreel index --columns 01302020.NASDAQ_ITCH50`,
    )
    .action((paths: string[], flags: IndexFlags) => indexAll(expandPaths(paths), flags));
}

async function indexAll(paths: readonly string[], flags: IndexFlags): Promise<void> {
  if (flags.columns && flags.frameByType) {
    throw new UsageError('index', '--columns are of messages with whole lengths: leave --frame-by-type out');
  }
  if (paths.some(isStandardInput)) throw new UsageError('input', 'standard input has no place for an index beside it');
  const output = new Output();
  const summary = new CaptureSummary();
  let [failure, damaged, interrupted] = [false, false, false];
  for (const path of paths) {
    try {
      if (flags.columns) {
        const report = await writeColumns(path, flags.date ?? null, flags.force ?? false);
        if (report === null) {
          interrupted = true;
          break;
        }
        output.writeLine(flags.json ? JSON.stringify(report) : describeColumns(report));
        continue;
      }
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
  finish({ failure, damaged, interrupted });
}

function describe({ index, outcome, captureBytes, records, points }: IndexReport): string {
  const places = `${formatCount(points)} places in ${formatBytes(captureBytes)}`;
  if (outcome === 'kept') return `${index}: up to date, ${places}`;
  return `${index}: ${places}, ${formatCount(records ?? 0)} records`;
}

function describeColumns({ columns, outcome, captureBytes, bytes, messages }: ColumnReport): string {
  const what = `${formatCount(messages)} messages in ${formatBytes(captureBytes)}`;
  return outcome === 'kept' ? `${columns}: up to date, ${what}` : `${columns}: ${what}, ${formatBytes(bytes ?? 0)}`;
}

/** Writes columns; null where a signal came first, which leaves nothing behind. */
export async function writeColumns(path: string, date: string | null, force: boolean): Promise<ColumnReport | null> {
  let isStopped = false;
  let stop = (): void => {};
  const letGo = stopOnSignal(() => {
    isStopped = true;
    stop();
  });
  const onStart = (end: () => void): void => {
    stop = end;
    if (isStopped) end();
  };
  try {
    return await buildColumns(path, { date, force, notesOf, onStart });
  } catch (error) {
    if (!isStopped) throw error;
    warn((error as Error).message);
    return null;
  } finally {
    letGo();
  }
}

/** What reading a capture says once it is done, behind its name. */
export function notesOf(feed: MessageFeed): string[] {
  const notes: string[] = [];
  const { name } = feed.input;
  const summary = new CaptureSummary((text) =>
    notes.push(text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text),
  );
  for (const damage of feed.damage.kept) summary.onDamage(damage);
  summary.afterFeed(feed);
  return notes;
}
