/** `tickreel decode`: messages as NDJSON, CSV or a table on standard output, and nothing else there. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { type InputSpec, isStandardInput } from '../analysis/input.js';
import { MessageFeed } from '../analysis/message-feed.js';
import { isWritten } from '../analysis/message-lines.js';
import {
  type MessageWriter,
  messageWriter,
  type OutputFormat,
  outputFormats,
  type WriterFlags,
} from '../analysis/message-writer.js';
import type { Protocols } from '../analysis/protocols.js';
import { ThreadedLines } from '../analysis/threads/lines.js';
import type { StageSpec } from '../analysis/threads/part.js';
import { UsageError } from '../core/errors.js';
import { formatCount } from '../core/time.js';
import type { FilterSpec } from '../replay/filter.js';
import { CaptureWindow } from '../replay/window.js';
import { windowOf } from '../run/capture-source.js';
import { countFromColumns, decodeFromColumns, openColumns } from './decode-columns.js';
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
import { CaptureSummary, finish, tellUnwritten, warn } from './summary.js';
import { addThreadsOptions, needsAllBefore, sayThreads, type ThreadsFlags, threadsOf } from './threads.js';

interface DecodeFlags
  extends InputFlags,
    FilterFlags,
    WindowFlags,
    ThreadsFlags,
    Omit<WriterFlags, 'fields' | 'format'> {
  format?: OutputFormat;
  csv?: boolean;
  fields?: string[];
  limit?: number;
  strict?: boolean;
  count?: boolean;
  columns?: boolean;
  index?: boolean;
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
    .option('--count', 'print only how many messages there are, as {"messages":N}')
    .option('--strict', 'exit with 4 where sequence numbers are missing');
  addThreadsOptions(addInputOptions(addWindowOptions(addFilterOptions(command))))
    .optionsGroup('Columns (what chooses messages is answered from CAPTURE.trcol where that is there):')
    .option('--columns', 'write them first where they are missing or out of date, as index --columns does')
    .option('--no-index', 'leave them alone and read the capture')
    .addHelpText(
      'after',
      `
Examples:
  tickreel decode session.pcap | jq -c 'select(.type == "A") | {stock, price, shares}'
  tickreel decode 01302020.NASDAQ_ITCH50.gz --symbol AAPL --type A,F,E --csv > aapl.csv
  tickreel decode session.pcapng --from 09:30:00 --until 09:30:01 --format table | less
  tickreel decode cme.pcap --type 46 --symbol ESZ5 | jq -c '.NoMDEntries[] | {symbol, MDEntryPx, MDEntrySize}'
  tickreel decode day.NASDAQ_ITCH50 --columns --symbol AAPL --type P --count
  tickreel decode cme.pcap --templates templates_FixBinary.xml --channels config.xml --channel 310 --feed A`,
    )
    .action((paths: string[], flags: DecodeFlags) => decode(paths, flags));
}

async function decode(paths: readonly string[], flags: DecodeFlags): Promise<void> {
  const output = new Output();
  const input = inputSpec(paths, flags);
  checkCount(flags);
  const window = windowOf(flags);
  const [isLimited, countsOnly, isStrict] = [flags.limit !== undefined, flags.count === true, flags.strict === true];
  const question = { input, filter: filterSpec(flags), window, isLimited, isStrict, countsOnly };
  const query = await openColumns(question, flags);
  if (query !== null) {
    if (countsOnly) return countFromColumns(query, question, flags, output);
    const make = (protocols: Protocols, fileName: () => string) => writerOf(flags, protocols, fileName, false);
    return decodeFromColumns(query, question, flags, output, make);
  }
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  let counted = 0;
  let lines: ThreadedLines | undefined;
  const { filter } = question;
  const format = formatOf(flags);
  const summary = new CaptureSummary();
  const feed = await MessageFeed.open(
    input,
    {
      onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
        if (countsOnly) counted += isWritten(verdict, stream) ? 1 : 0;
        else lines?.take(feed.input.reader, view, offset, length, sequence, stream, verdict);
        output.flushFull();
      },
      mayPass: (judged) => countsOnly || (lines?.fits(judged) ?? false),
      onJudged(judged) {
        counted += judged.counted?.printed ?? 0;
        const text = lines?.add(judged);
        if (text !== undefined) output.writeBytes(text, feed.input.giveBack);
      },
      onDamage: (damage) => summary.onDamage(damage),
      isDone: () => (lines?.count ?? 0) >= limit,
      pause: () => (output.full ? output.drain() : undefined),
    },
    {
      filter,
      window: new CaptureWindow(window),
      learnsSymbols: true,
      threads: threadsOf(flags, stageOf(flags, filter, format, input), { seed: () => lines?.seed() ?? null }),
    },
  );
  let writer: MessageWriter;
  try {
    writer = writerOf(flags, feed.protocols, () => feed.input.currentName, input.paths.length > 1);
    lines = new ThreadedLines(output.text, writer, feed.protocols.mdp3.securities, limit);
  } catch (error) {
    await feed.input.close();
    throw error;
  }
  if (!countsOnly) output.write(writer.header);
  await feed.run();
  if (countsOnly) output.writeLine(JSON.stringify({ messages: counted }));
  else output.write(writer.end());
  await output.end();
  summary.afterFeed(feed);
  summary.nothingPassed(feed, flags);
  if (!flags.count) tellUnwritten(writer, feed.input.name, flags.fields, lines.count, feed.messagesPassed);
  const gaps = feed.demux.sessions().reduce((sum, session) => sum + session.missing, 0);
  sayThreads(flags, feed.input);
  if (flags.strict && gaps > 0) warn(`${feed.input.name}: ${formatCount(gaps)} numbers missing (inspect lists them)`);
  finish({
    damaged: feed.damage.total > 0,
    gaps: flags.strict === true && feed.demux.sessions().some((session) => session.gaps.length > 0),
  });
}

function writerOf(flags: DecodeFlags, protocols: Protocols, fileName: () => string, namesFile: boolean): MessageWriter {
  return messageWriter({ ...writerFlags(flags, formatOf(flags), namesFile), fileName }, protocols);
}

/** What other threads are to make of messages. */
function stageOf(flags: DecodeFlags, filter: FilterSpec, format: OutputFormat, { paths }: InputSpec): StageSpec {
  if (needsAllBefore(flags)) return { kind: 'none' };
  if (flags.count === true) return { kind: 'count', filter };
  const [path = ''] = paths;
  const fileName = isStandardInput(path) ? 'standard input' : path;
  return { kind: 'text', filter, writer: { ...writerFlags(flags, format, paths.length > 1), fileName } };
}

function writerFlags(flags: DecodeFlags, format: OutputFormat, namesFile: boolean): Omit<WriterFlags, 'fileName'> {
  const { fields = [], int64, decimal, enums } = flags;
  return {
    format,
    fields,
    int64,
    ...(decimal === undefined ? {} : { decimal }),
    ...(enums === undefined ? {} : { enums }),
    namesFile,
  };
}

/** A number has no form. */
function checkCount({ count: counts, csv, format, fields, limit }: DecodeFlags): void {
  if (!counts || (csv ?? format ?? fields ?? limit) === undefined) return;
  throw new UsageError(
    'count',
    '--count prints a number, no messages: leave --csv, --format, --fields and --limit out',
  );
}

function formatOf({ csv, format }: DecodeFlags): OutputFormat {
  if (csv && format !== undefined && format !== 'csv') {
    throw new UsageError('format', `--csv and --format ${format} contradict each other: give one of them`);
  }
  return csv ? 'csv' : (format ?? 'ndjson');
}
