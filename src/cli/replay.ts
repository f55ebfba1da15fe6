/** `tickreel replay`: a capture into a socket, a file or this process, at a chosen rate, with its latencies. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isStandardInput } from '../analysis/input.js';
import type { EpochTime } from '../core/clock.js';
import { UsageError } from '../core/errors.js';
import { formatDuration } from '../core/time.js';
import { ReplayControl } from '../replay/control.js';
import type { LoopSequence } from '../replay/loop.js';
import type { LatePolicy } from '../replay/send-record.js';
import { notRepeatable } from '../run/peak-survey.js';
import { type ReplayOutcome, type ReplayReport, type ReplaySpec, replayDefaults } from '../run/replay-spec.js';
import { runReplayThread } from '../run/replay-thread.js';
import { parseTarget, targetForms } from '../run/target.js';
import {
  addFaultOptions,
  addReplayLineOptions,
  type FaultFlags,
  faultSpec,
  madeLineOf,
  refuseIdleLines,
} from './fault-options.js';
import { faultWarnings } from './fault-text.js';
import { missedParts } from './load-text.js';
import { addMachineOptions, type MachineFlags, machineOf, warnOfMachine } from './machine.js';
import {
  addFilterOptions,
  addInputOptions,
  addWindowOptions,
  captureArgument,
  count,
  duration,
  type FilterFlags,
  filterSpec,
  type InputFlags,
  inputSpec,
  type WindowFlags,
  when,
} from './options.js';
import { addPacingOptions, type PacingFlags, pacingOf } from './pacing.js';
import { showProgress } from './progress.js';
import {
  addOverlayOptions,
  addRateOptions,
  loadOf,
  type OverlayFlags,
  overlayOf,
  type RateFlags,
} from './rate-options.js';
import { addEthernetOptions, type EthernetFlags, ethernetSpec, warnOfFrames } from './replay-ethernet.js';
import { describeReplay } from './replay-text.js';
import { refuseOutputs, refusePlot, writeReportFile } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { addSteeringOptions, openSteering, type SteeringFlags } from './steering.js';
import { CaptureSummary, finish, givenChoices, warn } from './summary.js';

interface ReplayFlags
  extends MachineFlags,
    OverlayFlags,
    InputFlags,
    FilterFlags,
    WindowFlags,
    RateFlags,
    PacingFlags,
    FaultFlags,
    EthernetFlags,
    SteeringFlags {
  to?: string;
  keepDestinations?: boolean;
  loop: number;
  loopSequence: LoopSequence;
  limit?: number;
  duration?: number;
  maxGap?: number;
  startAt?: EpochTime;
  onLate: LatePolicy;
  lateAfter: number;
  maxLateP99?: number;
  mtu: number;
  pack: 'timestamp' | 'mtu';
  preload?: boolean;
  allowTruncated?: boolean;
  dryRun?: boolean;
  report?: string;
  hgrm?: string;
  hlog?: string;
  plot?: string;
}

/** The report names a rate as missed below this share of what was asked. */
const keptShare = 0.99;

export function addReplayCommand(program: Command): void {
  const command = program
    .command('replay')
    .summary('send a capture at a chosen rate and measure how well it was kept')
    .description(
      'Sends the datagrams of a capture to a UDP address, a file or into this process: each at an absolute deadline, ' +
        'slept on while far and spun on when near. A BinaryFILE is packed into MoldUDP64 datagrams. ' +
        'Latencies count from the scheduled time. Nothing leaves this machine unless --to names another.',
    )
    .argument('<captures...>', captureArgument)
    .optionsGroup('Where to:')
    .option(
      '--to <target>',
      'udp://HOST:PORT[?ttl=N&iface=IF&loopback=BOOL&via=PATH&gso=off], soupbintcp://HOST:PORT[?…], ' +
        'eth://INTERFACE[?…], inproc, inproc:ring, pcap:FILE or null (tickreel help targets)',
    )
    .option('--keep-destinations', 'send to the captured addresses and ports (--to udp:// may name a host alone)')
    .option('--allow-truncated', 'send also packets that the capture holds only a part of (snap length)')
    .option('--dry-run', 'compute the whole schedule, send nothing');
  addPacingOptions(addOverlayOptions(addRateOptions(command)));
  addReplayTiming(command);
  addSteeringOptions(command);
  addReplayLineOptions(addFaultOptions(command));
  addInputOptions(addWindowOptions(addFilterOptions(command, 'only this session; of a BinaryFILE: name it so')));
  addPackingOptions(command);
  addEthernetOptions(command);
  addMachineOptions(command, 'paces').option(
    '--preload',
    'read the capture into memory first, inflated, and in huge pages where the kernel has them',
  );
  command
    .optionsGroup('Reports:')
    .option('--report <file>', 'write the report as JSON (- for standard output)')
    .option('--hgrm <prefix>', 'write PREFIX.NAME.hgrm, a percentile distribution for each histogram')
    .option('--hlog <file>', 'write a histogram interval log, one interval a second (V2 compressed)')
    .option('--plot <file>', 'draw lateness, rate and percentiles as an SVG picture (- for standard output)')
    .option('--max-late-p99 <duration>', 'exit with 5 where the 99th percentile of send lateness is above', duration)
    .addHelpText(
      'after',
      `
Examples:
  tickreel replay session.pcap --to udp://127.0.0.1:26477
  tickreel replay session.pcap --to 'udp://239.1.2.3:26477?iface=127.0.0.1' --speed 100kpps --loop 0
  tickreel replay session.pcap --to udp://127.0.0.1:26477 --speed 50kpps --plot run.svg
  tickreel replay session.pcap --to udp://127.0.0.1:26477 --loop 0 --shape 'ramp 1kpps..50kpps over 30s' --duration 40s
  tickreel replay session.pcap --to udp://127.0.0.1:26477 --line-b udp://127.0.0.1:26478 --fault 'A: loss 0.1%'
  tickreel replay day.NASDAQ_ITCH50.gz --to inproc --speed max --report -
  tickreel replay day.NASDAQ_ITCH50.gz --to pcap:aapl.pcap --symbol AAPL --date 2020-01-30
  sudo tickreel replay session.pcap --to eth://eth1 --rewrite-ip 10.1.0.0/16=10.2.0.0 --rewrite-vlan any=none
  tickreel replay session.pcap --to 'soupbintcp://127.0.0.1:26400?wait=2&slow=wait' --speed max`,
    )
    .action((paths: string[], flags: ReplayFlags) => replay(paths, flags));
}

/** How a BinaryFILE becomes datagrams. */
export function addPackingOptions(command: Command): Command {
  return command
    .optionsGroup('Datagrams from a BinaryFILE:')
    .option('--mtu <bytes>', 'largest IP packet', count(68), replayDefaults.mtu)
    .addOption(
      new Option('--pack <how>', 'share a packet among messages of one time stamp, or fill packets')
        .choices(['timestamp', 'mtu'])
        .default('timestamp'),
    );
}

function addReplayTiming(command: Command): void {
  command
    .optionsGroup('How long, and what when late:')
    .option('--loop <N>', 'play N times; 0 = until stopped', count(0), 1)
    .addOption(
      new Option(
        '--loop-sequence <how>',
        'session and numbers in loops: of MoldUDP64, and of MDP (numbers and SendingTime; TransactTime stays)',
      )
        .choices(['keep', 'continue', 'new-session'])
        .default('keep'),
    )
    .option('--limit <N>', 'end after N packets', count(1))
    .option('--duration <time>', 'end after so long, as in 10s', duration)
    .option('--max-gap <time>', 'cut idle gaps of the capture to this', duration)
    .option('--start-at <WHEN>', 'the first packet is due then: ISO 8601 time, epoch ns, or +5s from now', parseStart)
    .addOption(
      new Option('--on-late <how>', 'after a stall: send all that is due, move the schedule, or leave packets out')
        .choices(['catch-up', 'shift', 'drop'])
        .default('catch-up'),
    )
    .addOption(
      new Option('--late-after <time>', 'a packet is late when sent more than this after its time')
        .argParser(duration)
        .default(replayDefaults.lateAfterNs, formatDuration(replayDefaults.lateAfterNs)),
    );
}

/** What is asked for, as the replay takes it; rejects with UsageError where options contradict each other. */
async function replaySpec(paths: readonly string[], flags: ReplayFlags): Promise<ReplaySpec> {
  const keepDestinations = flags.keepDestinations ?? false;
  const to = flags.to ?? (keepDestinations ? 'udp://' : flags.dryRun ? 'null' : undefined);
  if (to === undefined) {
    throw new UsageError('target', `say where to with --to: ${targetForms}`);
  }
  const target = parseTarget(to, keepDestinations);
  if (keepDestinations && target.kind !== 'udp') {
    throw new UsageError('keep-destinations', `--keep-destinations goes with --to udp://, not with ${to}`);
  }
  const input = inputSpec(paths, flags);
  return {
    ...replayDefaults,
    input: { ...input, overlay: overlayOf(flags, input.paths) },
    target,
    keepDestinations,
    ...loadOf(flags),
    ...pacingOf(flags),
    machine: machineOf(flags),
    preload: flags.preload ?? false,
    loops: flags.loop,
    loopSequence: flags.loopSequence,
    limit: flags.limit ?? Number.POSITIVE_INFINITY,
    durationNs: flags.duration ?? Number.POSITIVE_INFINITY,
    from: flags.from,
    until: flags.until,
    allowTruncated: flags.allowTruncated ?? false,
    maxGapNs: flags.maxGap ?? Number.POSITIVE_INFINITY,
    startAt: flags.startAt ?? null,
    filter: filterSpec(flags),
    faults: await faultSpec(flags),
    lineB: madeLineOf(flags),
    latePolicy: flags.onLate,
    lateAfterNs: flags.lateAfter,
    session: flags.session?.[0] ?? replayDefaults.session,
    mtu: flags.mtu,
    pack: flags.pack,
    ...ethernetSpec(flags),
    dryRun: flags.dryRun ?? false,
    hlogPath: flags.hlog ?? null,
    keepDistributions: flags.hgrm !== undefined,
    keepPlot: flags.plot !== undefined,
    paused: flags.paused ?? false,
    writesIndex: flags.index && (flags.control !== undefined || flags.paused === true),
  };
}

/** Throws UsageError for what could not end, or could not mean what it says. */
function refuse(spec: ReplaySpec, flags: ReplayFlags): void {
  refuseIdleLines(flags);
  if (spec.loops !== 1 && spec.input.paths.some(isStandardInput)) {
    throw new UsageError('loop-stdin', 'standard input cannot be read twice; save it to a file to use --loop');
  }
  if (spec.input.overlay !== null && spec.target.kind === 'eth') {
    throw new UsageError('overlay', '--overlay keeps flows apart by their ports, which frames keep; use --to udp://');
  }
  if (spec.peak !== null && spec.input.paths.some(isStandardInput)) throw notRepeatable('standard input');
  const isVirtual = spec.dryRun || spec.target.kind === 'pcap';
  const isBounded = spec.loops > 0 || Number.isFinite(spec.limit) || Number.isFinite(spec.durationNs);
  if (isVirtual && !isBounded) {
    throw new UsageError('endless', '--loop 0 into a file or a dry run never ends; add --limit or --duration');
  }
  if (flags.maxLateP99 !== undefined && spec.rate.mode === 'max') {
    throw new UsageError('late-max', '--max-late-p99 needs a schedule to be late against; --speed max has none');
  }
  if (spec.startAt !== null && !isVirtual && spec.startAt.seconds + 1 < Date.now() / 1000) {
    throw new UsageError('start-at', '--start-at has passed; name a moment to come, such as +5s');
  }
}

async function replay(paths: readonly string[], flags: ReplayFlags): Promise<void> {
  const spec = await replaySpec(paths, flags);
  refuse(spec, flags);
  refusePlot(flags.plot, spec.input.paths, flags.report === '-' ? '--report -' : null);
  const captured = spec.target.kind === 'pcap' ? spec.target.path : undefined;
  // One of the files that the prefix begins stands for all.
  const distribution = flags.hgrm === undefined ? undefined : hgrmPath(flags.hgrm, 'sendLateness');
  const outputs = [flags.plot, flags.report, flags.hlog, flags.faultLog, captured, distribution];
  refuseOutputs(outputs, spec.input.paths);
  const control = new ReplayControl();
  const steering = await openSteering(spec, flags, control);
  const release = stopOnSignal(() => control.stop());
  const hideProgress = showProgress(control, spec);
  let outcome: ReplayOutcome;
  try {
    outcome = await runReplayThread(spec, control, warn, steering.port);
  } finally {
    hideProgress();
    release();
    await steering.release();
  }
  const { report } = outcome;
  const summary = new CaptureSummary();
  for (const damage of report.damage) summary.onDamage(damage);
  process.stderr.write(describeReplay(report, spec));
  warnings(report, spec, flags);
  if (spec.target.kind === 'eth') warnOfFrames(report);
  const unwritten = await writeReports(flags, outcome);
  const isUnserved = servedNothing(report, spec);
  const sendErrors = Object.values(report.sendErrors).reduce((sum, errors) => sum + errors, 0);
  const lateness = report.histograms.sendLateness;
  finish({
    failure: sendErrors > 0 || unwritten || isUnserved || report.failure !== null,
    damaged: report.damageTotal > 0,
    rateMissed: flags.maxLateP99 !== undefined && lateness !== undefined && lateness.p99 > flags.maxLateP99,
    interrupted: report.endReason === 'stopped',
  });
}

/** Whether SoupBinTCP clients got nothing since there are no messages for them; says so. */
function servedNothing({ sink: { messages = 0, notMold = 0 }, endReason }: ReplayReport, spec: ReplaySpec): boolean {
  if (spec.target.kind !== 'soupbintcp' || messages > 0 || notMold === 0 || endReason === 'stopped') return false;
  warn(
    `no client was sent a message: none of the ${notMold} datagrams is MoldUDP64, and packets of MDP 3.0 have no ` +
      'place in SoupBinTCP (send them with --to udp://HOST:PORT)',
  );
  return true;
}

function hgrmPath(prefix: string, name: string): string {
  return `${prefix}.${name}.hgrm`;
}

/** Writes what was asked for, each file whatever became of the others; true where one could not be written. */
async function writeReports(flags: ReplayFlags, { report, hgrm, plot }: ReplayOutcome): Promise<boolean> {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (flags.report === '-') process.stdout.write(text);
  const files: [string, string][] = [];
  if (flags.report !== undefined && flags.report !== '-') files.push([flags.report, text]);
  for (const [name, distribution] of Object.entries(hgrm)) {
    files.push([hgrmPath(flags.hgrm ?? '', name), distribution]);
  }
  if (flags.plot !== undefined && plot !== null) {
    // What draws takes longer to load than the rest of the command.
    const { replayFigure } = await import('../run/replay-figure.js');
    const { drawFigure } = await import('../plot/figure.js');
    const picture = drawFigure(replayFigure(report, plot));
    if (flags.plot === '-') process.stdout.write(picture);
    else files.push([flags.plot, picture]);
  }
  return files.map(([path, content]) => writeReportFile(path, content)).includes(false);
}

function warnings(report: ReplayOutcome['report'], spec: ReplaySpec, flags: ReplayFlags): void {
  warnOfMachine(report.machine);
  for (const [code, errors] of Object.entries(report.sendErrors)) warn(`${errors} sends failed: ${code}`);
  if (report.truncated > 0) {
    warn(
      `${report.truncated} datagrams were left out: the capture holds a part of each (--allow-truncated sends them)`,
    );
  }
  if (report.truncatedSent > 0) warn(`${report.truncatedSent} datagrams were sent cut, as the capture holds them`);
  if (report.skippedPieces > 0) {
    warn(`${report.skippedPieces} pieces of TCP streams were left out: they are not SoupBinTCP`);
  }
  for (const text of report.faults === null ? [] : faultWarnings(report.faults)) warn(text);
  if (report.failure !== null) warn(`ended early: ${report.failure}`);
  if (report.packets === 0 && report.dropped === 0 && report.endReason === 'end') {
    warn(`nothing was sent: ${reasonOfNothing(report, flags)}`);
  }
  const { rate } = spec;
  for (const missed of missedParts(report, rate.mode)) warn(missed);
  if (rate.mode === 'max' || rate.mode === 'original' || spec.shape !== null || report.packets < 2) return;
  const asked = rate.perSecond.numerator / rate.perSecond.denominator;
  const { packetsPerSecond, messagesPerSecond, bitsPerSecond } = report.rate;
  const got = { packets: packetsPerSecond, messages: messagesPerSecond, bits: bitsPerSecond }[rate.mode];
  if (got < asked * keptShare) {
    warn(`the rate was missed: ${((100 * got) / asked).toFixed(1)} % of ${report.asked} was reached`);
  }
}

function reasonOfNothing(report: ReplayOutcome['report'], flags: ReplayFlags): string {
  const given = givenChoices(flags);
  if (given.length > 0) return `no datagram of the capture passed ${given.join(' and ')}`;
  const isElse = report.truncated + report.skippedPieces > 0;
  return isElse ? 'the capture holds nothing else' : 'the capture holds no datagram';
}

function parseStart(text: string): EpochTime {
  const start = when(text);
  if (start.kind === 'absolute') return { seconds: start.seconds, nanoseconds: start.nanoseconds };
  if (start.kind === 'timeOfDay') throw new InvalidArgumentError('a date is needed, as in 2026-01-05T09:30:00-05:00.');
  const startMs = Date.now() + start.ns / 1e6;
  return { seconds: Math.floor(startMs / 1000), nanoseconds: Math.round((startMs % 1000) * 1e6) };
}
