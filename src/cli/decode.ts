/** `tickreel decode`: messages as NDJSON, CSV or a table on standard output, and nothing else there. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { MessageFeed } from '../analysis/message-feed.js';
import {
  type MessageWriter,
  messageWriter,
  type OutputFormat,
  outputFormats,
  type WriterFlags,
} from '../analysis/message-writer.js';
import { isMdp3 } from '../analysis/protocols.js';
import { UsageError } from '../core/errors.js';
import { formatCount, formatCounted } from '../core/time.js';
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
import { CaptureSummary, finish, warn } from './summary.js';

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
      'Prints every message of ITCH 5.0 and MDP 3.0 in a capture, one JSON object a line, on standard output. ' +
        'What is damaged or of unknown layout is reported on standard error and skipped; a message of MDP for which ' +
        'there is no template is printed with its bytes.',
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
    .option('--decimal', 'prices of ITCH as decimal strings ("12.3400") instead of integers; those of MDP always are')
    .addOption(
      new Option('--enums <form>', 'enumerations of MDP with value and name, or by name alone')
        .choices(['object', 'name'])
        .default('object'),
    )
    .option('--limit <N>', 'end after N messages', count(1))
    .option('--strict', 'exit with 4 where sequence numbers are missing');
  addInputOptions(addWindowOptions(addFilterOptions(command)))
    .addHelpText(
      'after',
      `
Examples:
  tickreel decode session.pcap | jq -c 'select(.type == "A") | {stock, price, shares}'
  tickreel decode 01302020.NASDAQ_ITCH50.gz --symbol AAPL --type A,F,E --csv > aapl.csv
  tickreel decode session.pcapng --from 09:30:00 --until 09:30:01 --format table | less
  tickreel decode cme.pcap --type 46 --symbol ESZ5 | jq -c '.NoMDEntries[] | {symbol, MDEntryPx, MDEntrySize}'
  tickreel decode cme.pcap --templates templates_FixBinary.xml --channels config.xml --channel 310 --feed A`,
    )
    .action((paths: string[], flags: DecodeFlags) => decode(paths, flags));
}

async function decode(paths: readonly string[], flags: DecodeFlags): Promise<void> {
  const output = new Output();
  const input = inputSpec(paths, flags);
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  let written = 0;
  let writer: MessageWriter | undefined;
  const summary = new CaptureSummary();
  const feed = await MessageFeed.open(
    input,
    {
      onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
        if (verdict === 'withheld' || verdict === 'damaged' || written >= limit) return;
        // What no template of MDP knows has a header all the same.
        if (verdict === 'unknown' && !isMdp3(stream)) return;
        if (!writer?.write(output.text, feed.input.reader, view, offset, length, sequence, stream, verdict)) return;
        written++;
        output.flushFull();
      },
      onDamage: (damage) => summary.onDamage(damage),
      isDone: () => written >= limit,
      pause: () => (output.full ? output.drain() : undefined),
    },
    { filter: filterSpec(flags), window: new CaptureWindow(windowOf(flags)), learnsSymbols: true },
  );
  try {
    writer = writerOf(flags, feed, input.paths.length > 1);
  } catch (error) {
    await feed.input.close();
    throw error;
  }
  if (writer.header !== '') output.write(writer.header);
  await feed.run();
  output.write(writer.end());
  await output.end();
  summary.afterFeed(feed);
  if (writer.misplaced > 0) {
    const text = `${formatCounted(writer.misplaced, 'message')} without a place in this CSV`;
    const why = 'of another protocol than its columns, or without a template';
    warn(`${feed.input.name}: ${text} (${why}): NDJSON has them; --type or --destination choose`);
  }
  summary.nothingPassed(feed, flags);
  if (flags.fields !== undefined && written === 0 && feed.messagesPassed > 0) {
    const text = `no message had any of --fields ${flags.fields.join(',')}`;
    warn(`${feed.input.name}: ${text}; fields of groups are written NoMDEntries.MDEntryPx`);
  }
  const gaps = feed.demux.sessions().reduce((sum, session) => sum + session.missing, 0);
  if (flags.strict && gaps > 0) warn(`${feed.input.name}: ${formatCount(gaps)} numbers missing (inspect lists them)`);
  finish({
    damaged: feed.damage.total > 0,
    gaps: flags.strict === true && feed.demux.sessions().some((session) => session.gaps.length > 0),
  });
}

function writerOf(flags: DecodeFlags, feed: MessageFeed, namesFile: boolean): MessageWriter {
  return messageWriter(
    {
      ...flags,
      format: formatOf(flags),
      fields: flags.fields ?? [],
      fileName: () => feed.input.currentName,
      namesFile,
    },
    feed.protocols,
  );
}

function formatOf({ csv, format }: DecodeFlags): OutputFormat {
  if (csv && format !== undefined && format !== 'csv') {
    throw new UsageError('format', `--csv and --format ${format} contradict each other: give one of them`);
  }
  return csv ? 'csv' : (format ?? 'ndjson');
}
