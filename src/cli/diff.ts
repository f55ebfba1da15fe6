/** `tickreel diff`: two captures or decodes, compared message by message; the exit code says whether they are equal. */
import type { Command } from 'commander';
import { defaultWindow } from '../compare/align.js';
import { formatCount, formatCounted } from '../core/time.js';
import { noFilter } from '../replay/filter.js';
import { type DiffReport, type DiffSide, diffCaptures } from '../run/diff.js';
import { causeLines, divergenceLines } from '../run/divergence-text.js';
import { addInputOptions, collect, count, type InputFlags, inputSpec } from './options.js';
import { Output } from './output.js';
import { CaptureSummary, finish, warn } from './summary.js';

interface DiffFlags extends InputFlags {
  ignore?: string[];
  ignoreSession?: boolean;
  ignoreOrder?: boolean;
  destinationA?: string[];
  destinationB?: string[];
  window: number;
  limit: number;
  json?: boolean;
}

export function addDiffCommand(program: Command): void {
  const command = program
    .command('diff')
    .summary('compare two captures or decodes message by message')
    .description(
      'Compares what two captures decode to, or two decodes in NDJSON, or one with the other: messages are matched ' +
        'by session and number, those of MDP by their packet’s number and SendingTime. Tells what is missing, extra, ' +
        'repeated, in another order or has other values; capture stamps and addresses are not compared. The exit ' +
        'code is 0 where both are the same and 7 where they differ.',
    )
    .argument('<a>', 'a capture, or NDJSON as decode writes it; a quoted pattern is several captures as one')
    .argument('<b>', 'the like')
    .option('--ignore <fields>', 'fields that may differ, as in trackingNumber,NoMDEntries.RptSeq', collect)
    .option('--ignore-session', 'match by number alone; so it is where either side names no session')
    .option('--ignore-order', 'another order is no difference')
    .option('--destination-a <ADDRESS[:PORT]>', 'of A only what was sent there: line A of a capture of both', collect)
    .option('--destination-b <ADDRESS[:PORT]>', 'the same of B', collect)
    .option('--window <N>', 'messages that may wait on either side for their like', count(1), defaultWindow)
    .option('--limit <N>', 'differences that --json tells in full', count(1), 20)
    .option('--json', 'print one JSON object');
  addInputOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  tickreel diff monday.pcap again.pcap
  tickreel diff before.ndjson after.ndjson --ignore timestamp
  tickreel diff both.pcap both.pcap --destination-a 233.54.12.111 --destination-b 233.86.230.111`,
    )
    .action((a: string, b: string, flags: DiffFlags) => diff(a, b, flags));
}

async function diff(a: string, b: string, flags: DiffFlags): Promise<void> {
  const summary = new CaptureSummary();
  const report = await diffCaptures(sideOf(a, flags.destinationA, flags), sideOf(b, flags.destinationB, flags), {
    ignore: flags.ignore ?? [],
    ...(flags.ignoreSession === undefined ? {} : { ignoreSession: flags.ignoreSession }),
    ignoreOrder: flags.ignoreOrder ?? false,
    window: flags.window,
    limit: flags.limit,
    onDamage: (damage) => summary.onDamage(damage),
  });
  const output = new Output();
  if (flags.json) output.writeLine(JSON.stringify(report));
  else for (const line of linesOf(report)) output.writeLine(line);
  await output.end();
  if (report.beyondWindow > 0) {
    warn(
      `${formatCounted(report.beyondWindow, 'message')} had waited for ${formatCount(flags.window)} others and were ` +
        'given up: what is missing may come later (a larger --window waits longer)',
    );
  }
  if (report.counts.left + report.counts.right === 0) warn('neither side has a message that we can read');
  finish({ differs: !report.equal, damaged: report.damage > 0 });
}

function sideOf(path: string, destinations: string[] | undefined, flags: InputFlags): DiffSide {
  const input = inputSpec([path], flags);
  return destinations === undefined ? { input } : { input, filter: { ...noFilter, destinations } };
}

function linesOf({ a, b, equal, counts, causes, first, around }: DiffReport): string[] {
  const { left, right, same, missing, extra, duplicates, reordered, changed } = counts;
  if (equal) return [`equal: ${formatCounted(same, 'message')} on both sides`];
  return [
    `A  ${formatCounted(left, 'message')} (${a})`,
    `B  ${formatCounted(right, 'message')} (${b})`,
    `same ${formatCount(same)}, changed ${formatCount(changed)}, only in A ${formatCount(missing)}, ` +
      `only in B ${formatCount(extra)}, repeated in B ${formatCount(duplicates)}, ` +
      `in another order ${formatCount(reordered)}`,
    ...divergenceLines(first, around, { expected: 'A has', actual: 'B has' }),
    'by cause:',
    ...causeLines(causes),
  ];
}
