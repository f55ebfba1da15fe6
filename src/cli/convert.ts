/** `tickreel convert`: captures into other captures. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { formatEndpoint } from '../capture/endpoint.js';
import { SinkError, UsageError } from '../core/errors.js';
import { formatBytes, formatCount, formatCounted, formatDuration, parseDuration, type When } from '../core/time.js';
import { type OutputFormat, outputFormats } from '../io/message-output.js';
import { Conversion } from '../run/convert.js';
import {
  type ConvertFraming,
  type ConvertReport,
  type ConvertSpec,
  convertFramings,
  convertSpecOf,
} from '../run/convert-spec.js';
import { parseRemapping, type Remapping } from '../run/remap.js';
import { addFaultOptions, type FaultFlags, faultSpec } from './fault-options.js';
import { describeFaults, faultWarnings } from './fault-text.js';
import { describeLines } from './lines-text.js';
import {
  addFilterOptions,
  addInputOptions,
  addLineOptions,
  addWindowOptions,
  captureArgument,
  count,
  type FilterFlags,
  filterSpec,
  type InputFlags,
  inputSpec,
  type LineFlags,
  lineSpec,
  refusing,
  type WindowFlags,
  when,
} from './options.js';
import { Output } from './output.js';
import { refuseOutputs } from './report-file.js';
import { requireOption } from './required.js';
import { stopOnSignal } from './signals.js';
import { CaptureSummary, finish, givenChoices, warn } from './summary.js';
import { addThreadsOptions, sayThreads, type ThreadsFlags, threadCount } from './threads.js';

interface ConvertFlags
  extends InputFlags,
    FilterFlags,
    WindowFlags,
    LineFlags,
    ThreadsFlags,
    Omit<FaultFlags, 'lineA' | 'lineB'> {
  output: string;
  format?: OutputFormat;
  framing?: ConvertFraming;
  sessionName?: string;
  mtu?: number;
  pack?: 'timestamp' | 'mtu';
  keepSequence?: boolean;
  resequence?: number | true;
  restamp?: 'exchange';
  shift?: number;
  start?: When;
  speed?: number;
  remapDestination?: Remapping[];
  remapSource?: Remapping[];
  allowTruncated?: boolean;
  strict?: boolean;
  json?: boolean;
}

const shownGaps = 10;
const shownSessions = 10;
const progressEveryMs = 1000;
/** The day of a BinaryFILE that tells none. */
const noDate = '1970-01-01';

export function addConvertCommand(program: Command): void {
  const begun = program
    .command('convert')
    .summary('turn captures into other captures')
    .description(
      'Converts between BinaryFILE, MoldUDP64 in pcap or pcapng, and SoupBinTCP in pcap or pcapng. Datagrams that go ' +
        'from capture to capture keep payload, stamp and addresses, their headers made anew, unless filters, numbers ' +
        'or framing ask otherwise; else the messages of one session are taken from all lines that carry it, put in ' +
        'order, and framed anew. Of MDP 3.0 it is then the packets of every channel, from all of its lines.',
    )
    .argument('<captures...>', captureArgument);
  const command = requireOption(begun, '-o, --output <file>', 'the file to write, or - for standard output')
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <format>', 'instead of what the extension of the output says').choices([...outputFormats]),
    )
    .addOption(
      new Option('--framing <framing>', 'frame the messages of a pcap or pcapng anew as this').choices([
        ...convertFramings,
      ]),
    )
    .option('--json', 'the report as one JSON object on standard output')
    .option('--strict', 'exit with 4 where sequence numbers are missing')
    .option('--allow-truncated', 'keep datagrams that the capture holds only a part of');
  addFramingOptions(addStampOptions(command));
  addFaultOptions(command);
  const sessionHelp = 'only this session (default: the first where one fits)';
  addThreadsOptions(addInputOptions(addLineOptions(addWindowOptions(addFilterOptions(command, sessionHelp)))))
    .addHelpText(
      'after',
      `
Examples:
  tickreel convert 01302020.NASDAQ_ITCH50.gz -o day.pcap --date 2020-01-30
  tickreel convert session.pcap -o session.pcapng --from 09:30:00 --until 10:00:00
  tickreel convert session.pcap -o aapl.itch --symbol AAPL
  tickreel convert a-line.pcap b-line.pcap -o whole.pcap --framing moldudp64
  tickreel convert session.pcap -o soup.pcap --framing soupbintcp
  tickreel convert cme.pcap -o whole.pcap --framing mdp3 --channels config.xml --channel 310
  tickreel convert session.pcap -o lab.pcap --start 2026-01-05T14:30:00Z --remap-destination 239.255.42.1:26477
  tickreel convert session.pcap -o lossy.pcap --fault 'loss 0.1%; jitter normal 20us 5us'
  tickreel convert session.pcap -o - --format binaryfile | gzip > session.NASDAQ_ITCH50.gz`,
    )
    .action((paths: string[], flags: ConvertFlags) => convert(paths, flags));
}

function addFramingOptions(command: Command): Command {
  return command
    .optionsGroup('Framing of messages:')
    .option('--session-name <NAME>', "at most 10 characters (default: the input's, else TICKREEL01)")
    .option('--mtu <BYTES>', 'largest IP packet (default: 1500)', count(1))
    .addOption(
      new Option('--pack <by>', 'a packet for each time stamp, or full packets (default: timestamp)').choices([
        'timestamp',
        'mtu',
      ]),
    )
    .option('--keep-sequence', 'where filters leave messages out, the others keep their numbers (default: from 1)')
    .option('--resequence [N]', 'number the messages anew from N (default: 1)', count(1))
    .option('--remap-destination <[OLD=]NEW>', 'ADDRESS:PORT for all, or OLD=NEW; may be repeated', collectRemapping)
    .option('--remap-source <[OLD=]NEW>', 'the same for the sender', collectRemapping);
}

function addStampOptions(command: Command): Command {
  return command
    .optionsGroup('Time stamps:')
    .addOption(
      new Option(
        '--restamp <clock>',
        "each message's own time, on the New York day of its capture; of MDP 3.0 each packet's SendingTime",
      ).choices(['exchange']),
    )
    .option('--shift <±DURATION>', 'add this, as in -1h30m or 250us', refusing(parseShift))
    .option(
      '--start <WHEN>',
      'the first packet gets this time, differences kept: ISO 8601, epoch ns, New York time',
      when,
    )
    .option('--speed <F>', 'time goes F times as fast, as in 10x', refusing(parseSpeedup));
}

async function convert(paths: readonly string[], flags: ConvertFlags): Promise<void> {
  const spec = await specOf(paths, flags);
  const toStandardOutput = spec.output === '-';
  if (flags.faultLog !== undefined) refuseOutputs([spec.output, flags.faultLog], spec.input.paths);
  if (toStandardOutput && flags.json) {
    throw new UsageError('json', '--json and -o - both want standard output: give a file to one of them');
  }
  if (toStandardOutput && process.stdout.isTTY) {
    throw new UsageError('terminal', 'standard output is a terminal: name a file with -o, or pipe into a program');
  }
  const summary = new CaptureSummary();
  const conversion = await Conversion.open(spec, (damage) => summary.onDamage(damage), threadCount(flags, 'copy'));
  const release = stopOnSignal(() => conversion.stop(), toStandardOutput);
  const hideProgress = showProgress(conversion);
  let report: ConvertReport;
  try {
    report = await conversion.run();
  } catch (error) {
    // The reader of the pipe has what it wanted, as in `| head`.
    if (error instanceof SinkError && error.code === 'closed-pipe') return;
    throw error;
  } finally {
    hideProgress();
    release();
  }
  summary.afterFeed(conversion.feed);
  sayThreads(flags, conversion.feed.input);
  const isNothing = report.messages + report.packets === 0;
  if (isNothing) warn(`nothing was written: ${reasonOfNothing(report, conversion, flags)}`);
  warnings(report, conversion, flags);
  if (conversion.stopped) warn('ended early: the rest of the input was not converted');
  if (report.format !== 'binaryfile') warnOfNoDay(conversion);
  const faults = report.faults ?? null;
  for (const text of faults === null ? [] : faultWarnings(faults)) warn(text);
  const faultLines = faults === null ? [] : describeFaults(faults);
  const text = [describe(report), ...faultLines, ...describeLines(report.lines)];
  if (!isNothing) process.stderr.write(`${text.join('\n')}\n`);
  if (flags.json) {
    const output = new Output();
    output.writeLine(JSON.stringify(report));
    await output.end();
  }
  const { otherSessions, late, truncated, tcpPieces, tooLong, zeroLength } = report;
  const leftOut = otherSessions.length + late + truncated + tcpPieces + tooLong + zeroLength;
  finish({
    failure: isNothing && !conversion.stopped,
    damaged: report.damageTotal + leftOut > 0,
    gaps: flags.strict === true && report.gapsTotal > 0,
    interrupted: conversion.stopped,
  });
}

async function specOf(paths: readonly string[], flags: ConvertFlags): Promise<ConvertSpec> {
  return convertSpecOf(inputSpec(paths, flags), flags.output, {
    ...(flags.format === undefined ? {} : { format: flags.format }),
    framing: flags.framing ?? null,
    lines: lineSpec(flags),
    from: flags.from,
    until: flags.until,
    filter: filterSpec(flags),
    keepSequence: flags.keepSequence ?? false,
    resequence: flags.resequence === true ? 1 : (flags.resequence ?? null),
    restamp: {
      exchange: flags.restamp === 'exchange',
      shiftNs: flags.shift ?? 0,
      start: flags.start ?? null,
      speed: flags.speed ?? 1,
    },
    remapSources: flags.remapSource ?? [],
    remapDestinations: flags.remapDestination ?? [],
    sessionName: flags.sessionName ?? null,
    mtu: flags.mtu ?? null,
    pack: flags.pack ?? null,
    allowTruncated: flags.allowTruncated ?? false,
    faults: await faultSpec(flags),
  });
}

/** What was written, in one line. */
function describe(report: ConvertReport): string {
  const { output, messages, packets, bytes, seconds, framing, session } = report;
  const how = {
    verbatim: `datagrams as they were${report.faults ? ' but for faults' : ''}, headers made anew`,
    moldudp64: 'MoldUDP64',
    soupbintcp: 'SoupBinTCP',
    mdp3: 'MDP 3.0',
  };
  const kind = framing === null ? '' : `, ${how[framing]}`;
  return (
    `${output}: ${formatCounted(messages, 'message')}${session === null ? '' : ` of session ${session}`}` +
    `${packets === 0 ? '' : ` in ${formatCounted(packets, 'packet')}`}, ${formatBytes(bytes)}, ` +
    `${formatDuration(seconds * 1e9)} of capture (${report.format}${kind})`
  );
}

function reasonOfNothing({ truncated }: ConvertReport, { feed, stopped }: Conversion, flags: ConvertFlags): string {
  if (stopped) return 'it ended before there was anything';
  const given = givenChoices(flags);
  if (given.length > 0) return `no message passed ${given.join(' and ')}`;
  const packetsOver = (transport: 'UDP' | 'TCP'): number =>
    feed.demux
      .flows()
      .filter((flow) => flow.recognisedAs === null && flow.transport === transport)
      .reduce((sum, { packets }) => sum + packets, 0);
  const [pieces, datagrams] = [packetsOver('TCP'), packetsOver('UDP')];
  const there = [
    ...(pieces > 0 ? [`${formatCounted(pieces, 'piece')} of TCP streams`] : []),
    ...(datagrams > 0 ? [formatCounted(datagrams, 'datagram')] : []),
  ];
  if (truncated > 0) return 'the capture holds only a part of its datagrams';
  if (there.length === 0) return 'the capture holds no messages';
  return `the capture holds ${there.join(' and ')} of unrecognised framing`;
}

function warnings(report: ConvertReport, conversion: Conversion, flags: ConvertFlags): void {
  const { feed } = conversion;
  const { gaps, gapsTotal, missing, framing } = report;
  const isOfMdp3 = framing === 'mdp3';
  const unit = gaps.every(({ destination }) => destination === undefined) ? 'messages' : 'packets';
  warnOfSessions(report, flags);
  warnOfOneFlow(report, conversion, flags);
  const isOneOfSeveral = feed.input.fileCount > 1 || new Set(feed.demux.sessions().map((one) => one.session)).size > 1;
  for (const { from, to, count: lost, session, destination } of gaps.slice(0, shownGaps)) {
    const ofSession = isOneOfSeveral && session !== null ? ` of session ${session}` : '';
    const of = destination === undefined ? ofSession : `, sent to ${destination}`;
    warn(`gap ${from} to ${to}${of}, ${lost} ${destination === undefined ? 'messages' : 'packets'} missing`);
  }
  if (gapsTotal > shownGaps) warn(`${gapsTotal - shownGaps} more gaps, ${missing} ${unit} missing in all`);
  const left = (number: number, what: string) => {
    if (number > 0) warn(`${number} ${what}`);
  };
  if (isOfMdp3) left(report.late, 'packets left out: they came when their gap had been given up or numbers begun anew');
  else left(report.late, 'messages left out: they came when their gap had been given up');
  left(report.truncated, 'datagrams left out: the capture holds only a part of them (--allow-truncated keeps them)');
  left(
    report.tcpPieces,
    'pieces of TCP streams left out: --framing moldudp64 or soupbintcp (mdp3 of MDP 3.0) converts their messages',
  );
  left(report.otherFlows, 'datagrams of flows beyond the limit: their addresses were lost');
  left(report.tooLong, 'messages or datagrams left out: too long for the output');
  if (!isOfMdp3)
    left(report.unsequenced, 'unsequenced messages of SoupBinTCP left out: they are no part of the session');
  left(report.zeroLength, 'messages of no bytes left out: a BinaryFILE cannot hold them');
  left(report.clampedTimestamps, `packets stamped with the nearest time that ${report.format} can hold`);
}

function warnOfSessions({ otherSessions }: ConvertReport, flags: ConvertFlags): void {
  for (const { session, messages } of otherSessions.slice(0, shownSessions)) {
    const what = session === null ? 'other streams without a session name' : `session ${session}`;
    const isOfItch = flags.framing === 'mdp3';
    const byFlow = isOfItch
      ? 'it is of ITCH: choose its flow with --destination, without --framing mdp3'
      : 'give each its own run, chosen by file or --destination';
    const how = session === null || isOfItch ? byFlow : `--session ${session}`;
    warn(`${what}: ${messages} messages left out, one session is converted at a time (${how})`);
  }
  if (otherSessions.length > shownSessions) warn(`${otherSessions.length - shownSessions} more sessions left out`);
}

/** Feeds of MDP 3.0 that all go to one address are one flow for whoever reads them, and their numbers contradict. */
function warnOfOneFlow(
  { channels }: ConvertReport,
  { feed }: Conversion,
  { remapDestination = [] }: ConvertFlags,
): void {
  const one = remapDestination.findIndex(({ from }) => from === null);
  if (one < 0) return;
  const named = remapDestination.slice(0, one).map(({ from }) => from && formatEndpoint(from.address, from.port));
  const sessions = feed.demux.sessions().filter(({ protocol }) => protocol === 'MDP3' || protocol === 'MDP3-TCP');
  const flows = new Set(sessions.map(({ destination }) => destination).filter((to) => !named.includes(to))).size;
  const feeds = Math.min(flows, channels ?? flows);
  if (feeds < 2) return;
  const what = channels === undefined ? 'flows' : 'feeds';
  warn(
    `${feeds} ${what} of MDP 3.0 go to one address, where their numbers mix: give each its own with ` +
      '--remap-destination OLD=NEW, or choose one with --channel, --feed or --destination',
  );
}

function warnOfNoDay({ feed }: Conversion): void {
  const undated = feed.input.files().find(({ date }) => date === noDate);
  if (undated) warn(`${undated.file} tells no day, so its packets are stamped in 1970: give its day with --date`);
}

/** Once a second on standard error, and only where that is a terminal; returns how to take it away. */
function showProgress({ feed }: Conversion, stream = process.stderr): () => void {
  if (!stream.isTTY) return () => {};
  const timer = setInterval(() => {
    const { position, sizeBytes } = feed.input;
    const share = sizeBytes === null || sizeBytes === 0 ? '' : `, ${((100 * position) / sizeBytes).toFixed(0)} %`;
    stream.write(`\r\x1b[K${formatCount(feed.messagesRead)} messages, ${formatBytes(position)} read${share}`);
  }, progressEveryMs);
  return () => {
    clearInterval(timer);
    stream.write('\r\x1b[K');
  };
}

function parseShift(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  return sign * parseDuration(text.replace(/^[+-]/, ''));
}

function parseSpeedup(text: string): number {
  const value = Number(text.replace(/x$/, ''));
  if (!/^\d*\.?\d+x?$/.test(text) || !(value > 0)) {
    throw new UsageError('speed', `'${text}' is no number above 0, as in 10x or 0.5`);
  }
  return value;
}

function collectRemapping(text: string, before: Remapping[] = []): Remapping[] {
  try {
    return [...before, parseRemapping(text)];
  } catch (error) {
    if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
