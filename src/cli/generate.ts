/** `tickreel generate`: a seeded session into a file, with faults and the truth about them if asked. */
import { type Command, Option } from 'commander';
import { parseEndpoint } from '../capture/endpoint.js';
import { SinkError } from '../core/errors.js';
import { formatBytes, formatCount, formatCounted, formatRate, parseDate } from '../core/time.js';
import { outputFormats, outputFramings } from '../io/message-output.js';
import { openTextFile, type TextFile } from '../io/text-file.js';
import { type GenerateTruth, Generation } from '../run/generate.js';
import { type Mdp3GenerateTruth, Mdp3Generation } from '../run/generate-mdp3.js';
import { parseFaultShare } from '../sim/fault-draw.js';
import { defaultReorderDepth, type FaultsTruth, type FaultTruth, type LineTruth } from '../sim/faults.js';
import { defaultDate, defaultSeed } from '../sim/itch-session.js';
import { defaultChannel, defaultSchemaVersion } from '../sim/mdp3/session.js';
import {
  type GenerateFlags,
  itchSpecOf,
  mdp3SpecOf,
  parseLatency,
  parsePrices,
  parseSeed,
  parseTimeOfDay,
  refuse,
} from './generate-spec.js';
import { count, duration, refusing } from './options.js';
import { refuseOutputs } from './report-file.js';
import { requireOption } from './required.js';
import { stopOnSignal } from './signals.js';
import { finish, warn } from './summary.js';

const defaultMessages = 1_000_000;
const progressEveryMs = 1000;

export function addGenerateCommand(program: Command): void {
  const begun = program
    .command('generate')
    .summary('make a session from a seed')
    .description(
      'Makes a day of NASDAQ TotalView-ITCH 5.0: live order references, executions at the head of the best level, ' +
        'books that never cross, crosses, halts, and the type proportions and bursts of a real day. With --protocol ' +
        'mdp3, a channel of CME MDP 3.0: its incremental feed by price and by order, three feeds for recovery. ' +
        'The same options give the same bytes everywhere. Faults of the network can be added, and told in --truth.',
    );
  const command = requireOption(begun, '-o, --output <file>', 'the file to write, or - for standard output')
    .optionsGroup('Session:')
    .addOption(new Option('--protocol <name>', 'of the messages').choices(['itch50', 'mdp3']).default('itch50'))
    .option('--messages <N>', 'exactly so many, of all feeds together', count(1), defaultMessages)
    .option('--symbols <N>', 'so many are listed (default: in proportion to the messages)', count(1))
    .option('--seed <SEED>', 'a number or a text', parseSeed, defaultSeed)
    .option('--date <YYYY-MM-DD>', "the exchange's day", refusing(parseDate), defaultDate)
    .option(
      '--from <TIME>',
      "the day begins then, the exchange's time (default: 03:00 in New York, 08:00 in Chicago)",
      refusing(parseTimeOfDay),
    )
    .option(
      '--until <TIME>',
      'the day ends then, crosses and all (default: 20:05 in New York, 16:00 in Chicago)',
      refusing(parseTimeOfDay),
    )
    .option(
      '--duration <time>',
      'the day lasts so long; of ITCH from shortly before 09:30 unless --from says',
      duration,
    );
  addProtocolOptions(command);
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
  tickreel generate -o - --format binaryfile | gzip > session.NASDAQ_ITCH50.gz
  tickreel generate -o mdp.pcap --protocol mdp3 --messages 500000 --symbols 40
  tickreel generate -o lines.pcap --protocol mdp3 --b-line --channels-file config.xml
  tickreel generate -o old.pcap --protocol mdp3 --schema-version 9 --b-line --gaps 0.1% --truth truth.json`,
    )
    .action(generate);
}

function addProtocolOptions(command: Command): Command {
  return command
    .optionsGroup('Session of ITCH:')
    .option('--prices <LOW-HIGH>', 'dollars that symbols begin with (default: 0.5-600)', refusing(parsePrices))
    .option('--market-wide-halt', 'level 1 of the circuit breaker is breached in the middle of the day')
    .optionsGroup('Session of MDP:')
    .option('--schema-version <N>', `5, 6 or 8 to 13 (default: ${defaultSchemaVersion})`, count(1))
    .option('--channel <N>', `the channel's number, told in messages and ports (default: ${defaultChannel})`, count(1))
    .option('--channels-file <file>', "write a configuration of the channel in CME's form, for --channels elsewhere")
    .option('--channel-reset', 'the channel is reset behind the middle of the day, and told anew');
}

function addOutputOptions(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <format>', 'instead of what the extension of the output says').choices([...outputFormats]),
    )
    .addOption(
      new Option('--framing <framing>', 'of ITCH in a pcap or pcapng (default: moldudp64)').choices([
        ...outputFramings,
      ]),
    )
    .option('--session <NAME>', 'of ITCH, at most 10 characters (default: TICKREEL01)')
    .option(
      '--source <ADDRESS:PORT>',
      'the sender (default: 127.0.0.1:26400, of MDP 127.0.0.1:26410)',
      refusing(parseEndpoint),
    )
    .option(
      '--destination <ADDRESS:PORT>',
      'group, or client of SoupBinTCP (default: 239.255.42.1:26477, 127.0.0.1:49152); of MDP where the incremental ' +
        'feed goes, the others to the ports behind it (default: 239.255.42.31, .41, .51, .61, port 14000 + channel)',
      refusing(parseEndpoint),
    )
    .option('--mtu <BYTES>', 'largest IP packet (default: 1500)', count(1))
    .addOption(
      new Option('--pack <by>', 'of ITCH: a packet for each time stamp, or full packets (default: timestamp)').choices([
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
    .optionsGroup('Faults, of MoldUDP64 and MDP:')
    .option('--gaps <RATE|N>', `packets that are lost: ${share}, of MDP's incremental feed`, refusing(parseFaultShare))
    .option('--dups <RATE|N>', 'packets that come twice', refusing(parseFaultShare))
    .option('--reorder <RATE|N>', 'packets that later ones overtake', refusing(parseFaultShare))
    .option('--reorder-depth <N>', `by so many at most (default: ${defaultReorderDepth})`, count(1))
    .option(
      '--b-line [ADDRESS:PORT]',
      'the same again to another group, with faults of its own (default: 239.255.42.2:26477; of MDP ' +
        '239.255.42.32, .42, .52, .62, port 15000 + channel)',
      refusing(parseEndpoint),
    )
    .option('--skew <TIME[-TIME]>', 'how far that line is behind (default: 20us-120us)', refusing(parseLatency));
}

async function generate(flags: GenerateFlags): Promise<void> {
  refuse(flags);
  const startMs = performance.now();
  refuseOutputs([flags.truth, flags.channelsFile], []);
  const generation =
    flags.protocol === 'mdp3' ? new Mdp3Generation(mdp3SpecOf(flags)) : new Generation(itchSpecOf(flags));
  if (generation instanceof Mdp3Generation) writeChannels(flags, generation);
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
  if (generation.stopped) {
    const what = flags.protocol === 'mdp3' ? 'the session is not whole' : 'the file has no end of session';
    warn(`ended early: ${what}, and no truth was written`);
  } else writeTruth(flags, truthFile, truth);
  finish({ interrupted: generation.stopped });
}

/** Before the session, since it is known before. */
function writeChannels({ channelsFile }: GenerateFlags, generation: Mdp3Generation): void {
  if (channelsFile === undefined) return;
  const file = openTextFile(channelsFile, []);
  file.append(generation.channels());
  file.close();
}

function writeTruth(flags: GenerateFlags, file: TextFile | null, truth: GenerateTruth | Mdp3GenerateTruth): void {
  const text = `${JSON.stringify(truth)}\n`;
  if (flags.truth === '-') process.stdout.write(text);
  file?.append(text);
  file?.close();
}

/** What was written, in one line, and each line's faults in one more. */
function describe(path: string, truth: GenerateTruth | Mdp3GenerateTruth, seconds: number): string {
  const { output } = truth;
  const isMdp = 'instruments' in truth;
  const listed = isMdp ? formatCounted(truth.instruments.length, 'instrument') : symbols(truth.books.length);
  const packets = output.packets === 0 ? '' : ` in ${formatCounted(output.packets, 'packet')}`;
  const lines = [
    `${path === '-' ? 'standard output' : path}: ${formatCounted(output.messages, 'message')} of ` +
      `${listed}${packets}, ${formatBytes(output.bytes)}, made at ${formatRate(output.messages / seconds, 'msg/s')}`,
  ];
  if (isMdp) {
    for (const { feed, ...faults } of truth.faults ?? []) {
      if (feed === 'I' || faults.lines.some(hasFaults)) lines.push(...faultLines(faults, `${feed} `));
    }
  }
  if (!isMdp && truth.faults !== null) lines.push(...faultLines(truth.faults, ''));
  return `${lines.join('\n')}\n`;
}

function symbols(listed: number): string {
  return `${listed} ${listed === 1 ? 'symbol' : 'symbols'}`;
}

function faultLines({ lines, lostOnAllLines }: FaultsTruth, feed: string): string[] {
  const told = lines.map(
    (line) =>
      `${feed}${line.flow}: ${formatCounted(line.packets, 'packet')}, ${faultText('lost', line.lost)}, ` +
      `${faultText('duplicated', line.duplicated)}, ${faultText('reordered', line.reordered)}`,
  );
  return lines.length > 1 ? [...told, `${feed}on both lines: ${faultText('lost', lostOnAllLines)}`] : told;
}

function hasFaults({ lost, duplicated, reordered }: LineTruth): boolean {
  return lost.packets + duplicated.packets + reordered.packets > 0;
}

function faultText(what: string, { packets, messages }: FaultTruth): string {
  return `${formatCount(packets)} ${what}${packets === 0 ? '' : ` (${formatCount(messages)} messages)`}`;
}

/** Once a second on standard error, and only where that is a terminal; returns how to take it away. */
function showProgress({ session }: Generation | Mdp3Generation, stream = process.stderr): () => void {
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
