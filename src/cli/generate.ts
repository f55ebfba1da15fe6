/** `tickreel generate`: a seeded ITCH 5.0 session into a file, with faults and the truth about them if asked. */
import { type Command, Option } from 'commander';
import { type Endpoint, parseEndpoint } from '../capture/endpoint.js';
import { SinkError, UsageError } from '../core/errors.js';
import { formatBytes, formatCount, formatRate, parseDate, parseDuration, parseWhen } from '../core/time.js';
import { type OutputFormat, type OutputFraming, outputFormats, outputFramings } from '../io/message-output.js';
import { openTextFile, type TextFile } from '../io/text-file.js';
import { defaultLineB, type GenerateSpec, type GenerateTruth, Generation, type LatencyRange } from '../run/generate.js';
import { type FaultShare, parseFaultShare } from '../sim/fault-draw.js';
import { defaultReorderDepth, type FaultTruth, maxReorderDepth } from '../sim/faults.js';
import { defaultDate, defaultSeed } from '../sim/itch-session.js';
import { count, duration, refusing } from './options.js';
import { refuseOutputs } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { finish, warn } from './summary.js';

interface PriceFlags {
  lowest: number;
  highest: number;
}

interface GenerateFlags {
  output: string;
  messages: number;
  symbols?: number;
  seed: number | string;
  date: string;
  from?: number;
  until?: number;
  duration?: number;
  prices?: PriceFlags;
  marketWideHalt?: boolean;
  format?: OutputFormat;
  framing?: OutputFraming;
  session?: string;
  source?: Endpoint;
  destination?: Endpoint;
  mtu?: number;
  pack?: 'timestamp' | 'mtu';
  latency?: LatencyRange;
  gaps?: FaultShare;
  dups?: FaultShare;
  reorder?: FaultShare;
  reorderDepth?: number;
  bLine?: Endpoint | true;
  truth?: string;
}

const defaultMessages = 1_000_000;
const progressEveryMs = 1000;

export function addGenerateCommand(program: Command): void {
  const command = program
    .command('generate')
    .summary('make a session from a seed')
    .description(
      'Makes a day of NASDAQ TotalView-ITCH 5.0: live order references, executions at the head of the best level, ' +
        'books that never cross, crosses, halts, and the type proportions and bursts of a real day. The same options ' +
        'give the same bytes everywhere. Faults of the network can be added, and told in --truth.',
    )
    .requiredOption('-o, --output <file>', 'the file to write, or - for standard output')
    .optionsGroup('Session:')
    .option('--messages <N>', 'exactly so many', count(1), defaultMessages)
    .option('--symbols <N>', 'so many are listed (default: in proportion to the messages)', count(1))
    .option('--seed <SEED>', 'a number or a text', parseSeed, defaultSeed)
    .option('--date <YYYY-MM-DD>', 'the day in New York', refusing(parseDate), defaultDate)
    .option('--from <TIME>', 'the day begins then, New York time (default: 03:00)', refusing(parseTimeOfDay))
    .option('--until <TIME>', 'the day ends then, crosses and all (default: 20:05)', refusing(parseTimeOfDay))
    .option('--duration <time>', 'the day lasts so long, from shortly before 09:30 unless --from says', duration)
    .option('--prices <LOW-HIGH>', 'dollars that symbols begin with (default: 0.5-600)', refusing(parsePrices))
    .option('--market-wide-halt', 'level 1 of the circuit breaker is breached in the middle of the day');
  addOutputOptions(command);
  addFaultOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  tickreel generate -o session.pcap
  tickreel generate -o session.NASDAQ_ITCH50 --messages 10000000 --symbols 500 --seed 7 --date 2026-01-05
  tickreel generate -o lossy.pcap --gaps 0.001 --reorder 20 --truth truth.json
  tickreel generate -o two-lines.pcapng --b-line --gaps 0.1% --latency 20us-80us --truth truth.json
  tickreel generate -o soup.pcap --framing soupbintcp --messages 100000
  tickreel generate -o open.pcap --duration 1m --messages 500000
  tickreel generate -o - --format binaryfile | gzip > session.NASDAQ_ITCH50.gz`,
    )
    .action(generate);
}

function addOutputOptions(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <format>', 'instead of what the extension of the output says').choices([...outputFormats]),
    )
    .addOption(
      new Option('--framing <framing>', 'of a pcap or pcapng (default: moldudp64)').choices([...outputFramings]),
    )
    .option('--session <NAME>', 'at most 10 characters (default: TICKREEL01)')
    .option('--source <ADDRESS:PORT>', 'the sender (default: 127.0.0.1:26400)', refusing(parseEndpoint))
    .option(
      '--destination <ADDRESS:PORT>',
      'group, or client of SoupBinTCP (default: 239.255.42.1:26477, 127.0.0.1:49152)',
      refusing(parseEndpoint),
    )
    .option('--mtu <BYTES>', 'largest IP packet (default: 1500)', count(1))
    .addOption(
      new Option('--pack <by>', 'a packet for each time stamp, or full packets (default: timestamp)').choices([
        'timestamp',
        'mtu',
      ]),
    )
    .option('--latency <TIME[-TIME]>', 'capture stamps come so long after the exchange', refusing(parseLatency))
    .option('--truth <file>', 'write counts, final books, crosses, halts and faults as JSON (- for standard output)');
}

function addFaultOptions(command: Command): Command {
  const share = 'a part (0.001, 0.1%) or a number of packets';
  return command
    .optionsGroup('Faults, of MoldUDP64:')
    .option('--gaps <RATE|N>', `packets that are lost: ${share}`, refusing(parseFaultShare))
    .option('--dups <RATE|N>', 'packets that come twice', refusing(parseFaultShare))
    .option('--reorder <RATE|N>', 'packets that later ones overtake', refusing(parseFaultShare))
    .option('--reorder-depth <N>', `by so many at most (default: ${defaultReorderDepth})`, count(1))
    .option(
      '--b-line [ADDRESS:PORT]',
      'the same again to another group, with faults of its own (default: 239.255.42.2:26477)',
      refusing(parseEndpoint),
    );
}

async function generate(flags: GenerateFlags): Promise<void> {
  refuse(flags);
  const startMs = performance.now();
  refuseOutputs([flags.truth], []);
  const generation = new Generation(specOf(flags));
  const truthFile = flags.truth === undefined || flags.truth === '-' ? null : openTextFile(flags.truth, []);
  const release = stopOnSignal(() => generation.stop(), flags.output === '-');
  const hideProgress = showProgress(generation);
  try {
    await generation.run();
  } catch (error) {
    // The reader of the pipe has what it wanted, as in `| head`.
    if (error instanceof SinkError && error.code === 'closed-pipe') return;
    throw error;
  } finally {
    hideProgress();
    release();
  }
  const truth = generation.truth();
  process.stderr.write(describe(flags.output, truth, (performance.now() - startMs) / 1000));
  if (generation.stopped) warn('ended early: the file has no end of session, and no truth was written');
  else writeTruth(flags, truthFile, truth);
  finish({ interrupted: generation.stopped });
}

function refuse(flags: GenerateFlags): void {
  if (flags.output === '-' && flags.truth === '-') {
    throw new UsageError('truth', '--truth - and -o - both want standard output: give a file to one of them');
  }
  if (flags.truth === flags.output) throw new UsageError('truth', '--truth and --output name one file');
  if (flags.output === '-' && process.stdout.isTTY) {
    throw new UsageError('terminal', 'standard output is a terminal: name a file with -o, or pipe into a program');
  }
  if (flags.reorderDepth !== undefined && flags.reorderDepth > maxReorderDepth) {
    throw new UsageError('reorder-depth', `--reorder-depth is at most ${maxReorderDepth}`);
  }
  if (flags.reorderDepth !== undefined && flags.reorder === undefined) {
    throw new UsageError('reorder-depth', '--reorder-depth goes with --reorder');
  }
}

function specOf(flags: GenerateFlags): GenerateSpec {
  const { output: path, format, framing, session, source, destination, mtu, pack } = flags;
  const { latency, gaps, dups, reorder, reorderDepth, bLine } = flags;
  return {
    session: {
      messages: flags.messages,
      seed: flags.seed,
      date: flags.date,
      marketWideHalt: flags.marketWideHalt ?? false,
      ...(flags.symbols === undefined ? {} : { symbols: flags.symbols }),
      ...(flags.from === undefined ? {} : { fromNs: flags.from }),
      ...(flags.until === undefined ? {} : { untilNs: flags.until }),
      ...(flags.duration === undefined ? {} : { durationNs: flags.duration }),
      ...(flags.prices === undefined ? {} : { lowestPrice: flags.prices.lowest, highestPrice: flags.prices.highest }),
    },
    output: { path, format, framing, session, source, destination, mtu, pack },
    latency,
    gaps,
    dups,
    reorder,
    reorderDepth,
    lineB: bLine === true ? defaultLineB : bLine,
  };
}

function writeTruth(flags: GenerateFlags, file: TextFile | null, truth: GenerateTruth): void {
  const text = `${JSON.stringify(truth)}\n`;
  if (flags.truth === '-') process.stdout.write(text);
  file?.append(text);
  file?.close();
}

/** What was written, in one line, and each line's faults in one more. */
function describe(path: string, truth: GenerateTruth, seconds: number): string {
  const { output, books, faults } = truth;
  const packets = output.packets === 0 ? '' : ` in ${formatCount(output.packets)} packets`;
  const lines = [
    `${path === '-' ? 'standard output' : path}: ${formatCount(output.messages)} messages of ${books.length} ` +
      `${books.length === 1 ? 'symbol' : 'symbols'}${packets}, ${formatBytes(output.bytes)}, ` +
      `made at ${formatRate(output.messages / seconds, 'msg/s')}`,
  ];
  for (const line of faults?.lines ?? []) {
    lines.push(
      `${line.flow}: ${formatCount(line.packets)} packets, ${faultText('lost', line.lost)}, ` +
        `${faultText('duplicated', line.duplicated)}, ${faultText('reordered', line.reordered)}`,
    );
  }
  if (faults !== null && faults.lines.length > 1)
    lines.push(`on both lines: ${faultText('lost', faults.lostOnAllLines)}`);
  return `${lines.join('\n')}\n`;
}

function faultText(what: string, { packets, messages }: FaultTruth): string {
  return `${formatCount(packets)} ${what}${packets === 0 ? '' : ` (${formatCount(messages)} messages)`}`;
}

/** Once a second on standard error, and only where that is a terminal; returns how to take it away. */
function showProgress({ session }: Generation, stream = process.stderr): () => void {
  if (!stream.isTTY) return () => {};
  const timer = setInterval(() => {
    const share = ((100 * session.count) / session.messages).toFixed(0);
    stream.write(`\r\x1b[K${formatCount(session.count)} messages, ${share} %`);
  }, progressEveryMs);
  return () => {
    clearInterval(timer);
    stream.write('\r\x1b[K');
  };
}

function parseSeed(text: string): number | string {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : text;
}

function parseTimeOfDay(text: string): number {
  const when = parseWhen(text);
  if (when.kind !== 'timeOfDay') throw new UsageError('when', `'${text}' is no time of day, as in 09:30:00`);
  return when.ns;
}

/** Reads `LOW-HIGH`. */
function parsePrices(text: string): PriceFlags {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) throw new UsageError('prices', `'${text}' is not LOW-HIGH in dollars, as in 0.5-600`);
  return { lowest: Number(match[1]), highest: Number(match[2]) };
}

/** Reads `20us`, or `20us-80us` for anything between. */
function parseLatency(text: string): LatencyRange {
  const [least, most = least, ...others] = text.split('-').map(parseDuration);
  if (others.length > 0 || most < least) throw new UsageError('latency', `'${text}' is not TIME or LEAST-MOST`);
  return { leastNs: least, mostNs: most };
}
