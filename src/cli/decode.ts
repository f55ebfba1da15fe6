/** `tickreel decode`: messages as NDJSON, CSV or a table on standard output, and nothing else there. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { MessageFeed } from '../analysis/message-feed.js';
import { messageWriter, type OutputFormat, outputFormats, type WriterFlags } from '../analysis/message-writer.js';
import { UsageError } from '../core/errors.js';
import { CaptureWindow } from '../replay/window.js';
import { windowOf } from '../run/capture-source.js';
import {
  addFilterOptions,
  addInputOptions,
  addWindowOptions,
  captureArgument,
  collect,
  count,
  type FilterFlags,
  filterSpec,
  type InputFlags,
  inputSpec,
  type WindowFlags,
} from './options.js';
import { Output } from './output.js';
import { CaptureSummary, finish } from './summary.js';

interface DecodeFlags extends InputFlags, FilterFlags, WindowFlags, Omit<WriterFlags, 'fields' | 'format'> {
  format?: OutputFormat;
  csv?: boolean;
  fields?: string[];
  limit?: number;
  strict?: boolean;
}

export function addDecodeCommand(program: Command): void {
  const command = program
    .command('decode')
    .summary('print the messages of a capture')
    .description(
      'Prints every ITCH 5.0 message of a capture, one JSON object a line, on standard output. ' +
        'What is damaged or of unknown layout is reported on standard error and skipped.',
    )
    .argument('<captures...>', captureArgument)
    .optionsGroup('Output:')
    .addOption(new Option('--format <format>', 'how to print').choices([...outputFormats]).default(undefined, 'ndjson'))
    .option('--csv', 'the same as --format csv')
    .option('--fields <names>', 'only these keys, as in timestampNs,type,stock,price', collect)
    .addOption(
      new Option('--int64 <form>', '64-bit integers as strings, or as JSON numbers')
        .choices(['string', 'number'])
        .default('string'),
    )
    .option('--decimal', 'prices as decimal strings ("12.3400") instead of integers')
    .option('--limit <N>', 'end after N messages', count(1))
    .option('--strict', 'exit with 4 where sequence numbers are missing');
  addInputOptions(addWindowOptions(addFilterOptions(command)))
    .addHelpText(
      'after',
      `
Examples:
  tickreel decode session.pcap | jq -c 'select(.type == "A") | {stock, price, shares}'
  tickreel decode 01302020.NASDAQ_ITCH50.gz --symbol AAPL --type A,F,E --csv > aapl.csv
  tickreel decode session.pcapng --from 09:30:00 --until 09:30:01 --format table | less`,
    )
    .action((paths: string[], flags: DecodeFlags) => decode(paths, flags));
}

async function decode(paths: readonly string[], flags: DecodeFlags): Promise<void> {
  const output = new Output();
  const input = inputSpec(paths, flags);
  const writer = messageWriter({
    ...flags,
    format: formatOf(flags),
    fields: flags.fields ?? [],
    fileName: () => feed.input.currentName,
    namesFile: input.paths.length > 1,
  });
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  let written = 0;
  const summary = new CaptureSummary();
  const feed = await MessageFeed.open(
    input,
    {
      onMessage(view, offset, _length, _timestampNs, sequence, stream, verdict) {
        if (verdict !== 'known' || written >= limit) return;
        const line = writer.line(feed.input.reader, view, offset, sequence, stream);
        if (line === '') return;
        written++;
        output.write(line);
      },
      onDamage: (damage) => summary.onDamage(damage),
      isDone: () => written >= limit,
      pause: () => (output.full ? output.drain() : undefined),
    },
    { filter: filterSpec(flags), window: new CaptureWindow(windowOf(flags)) },
  );
  if (writer.header !== '') output.write(writer.header);
  await feed.run();
  await output.end();
  summary.afterFeed(feed);
  summary.nothingPassed(feed, flags);
  finish({
    damaged: feed.damage.total > 0,
    gaps: flags.strict === true && feed.demux.sessions().some((session) => session.gaps.length > 0),
  });
}

function formatOf({ csv, format }: DecodeFlags): OutputFormat {
  if (csv && format !== undefined && format !== 'csv') {
    throw new UsageError('format', `--csv and --format ${format} contradict each other: give one of them`);
  }
  return csv ? 'csv' : (format ?? 'ndjson');
}
