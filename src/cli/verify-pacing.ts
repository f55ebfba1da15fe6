/** `tickreel verify-pacing`: a replay to its own receiver; scheduled, sent and received side by side, and a verdict. */
import { type Command, Option } from 'commander';
import { isStandardInput } from '../analysis/input.js';
import { UsageError } from '../core/errors.js';
import { formatDuration } from '../core/time.js';
import type { SendPath } from '../io/open-udp-sink.js';
import { defaultReceiveBufferBytes, type ReceivePath } from '../io/udp-receiver.js';
import { ReplayControl } from '../replay/control.js';
import { noFilter } from '../replay/filter.js';
import { parseShapedRate } from '../replay/shape-parser.js';
import { withGeneratedCapture } from '../run/generated-capture.js';
import { replayDefaults } from '../run/replay-spec.js';
import {
  bestBusyPollUs,
  defaultPacingLimits,
  type PacingLimits,
  type VerifyOutcome,
  type VerifySpec,
  verifyPacing,
} from '../run/verify-pacing.js';
import { defaultSeed } from '../sim/itch-session.js';
import { parseSeed } from './generate-spec.js';
import { addMachineOptions, type MachineFlags, machineOf, warnOfMachine } from './machine.js';
import {
  addInputOptions,
  addWindowOptions,
  captureArgument,
  count,
  duration,
  type InputFlags,
  inputSpec,
  type WindowFlags,
} from './options.js';
import { Output } from './output.js';
import { addPacingOptions, type PacingFlags, pacingOf } from './pacing.js';
import { showProgress } from './progress.js';
import { addRateOptions, type RateFlags } from './rate-options.js';
import { addPackingOptions } from './replay.js';
import { refusePlot, writeReportFile } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { CaptureSummary, finish, warn } from './summary.js';
import { describeBreach, describeVerification } from './verify-pacing-text.js';

interface VerifyFlags extends InputFlags, WindowFlags, RateFlags, PacingFlags, MachineFlags {
  generate?: number;
  seed: number | string;
  loop?: number;
  limit?: number;
  duration?: number;
  maxGap?: number;
  mtu: number;
  pack: 'timestamp' | 'mtu';
  host: string;
  via: SendPath;
  gso?: boolean;
  receive: ReceivePath;
  busypoll?: number;
  preload?: boolean;
  buffer: number;
  json?: boolean;
  plot?: string;
  maxP50?: number;
  maxP99?: number;
  maxReceivedP99?: number;
  maxDurationError?: number;
  maxLost?: number;
}

const generatedMessages = 20_000;

export function addVerifyPacingCommand(program: Command): void {
  const command = program
    .command('verify-pacing')
    .summary('prove how exactly this machine sends: replay to an own receiver and compare')
    .description(
      'Replays a capture, or a generated session, over loopback UDP to a receiver of its own, and prints side by ' +
        'side what was scheduled, what was sent by the clock of the sender, and what was received by the stamps of ' +
        'the kernel: durations, lateness, and the gaps between packets. Where a limit is not kept it says which and ' +
        'ends with 5.',
    )
    .argument('[captures...]', `${captureArgument}; none: a generated session`)
    .optionsGroup('A generated session:')
    .option('--generate <N>', `of so many messages of ITCH (default: ${generatedMessages})`, count(1))
    .option('--seed <SEED>', 'a number or a text', parseSeed, defaultSeed);
  addPacingOptions(addRateOptions(command))
    .optionsGroup('How long:')
    .option('--loop <N>', 'play N times; 0 = until --duration or --limit (default with them: 0, else 1)', count(0))
    .option('--limit <N>', 'end after N packets', count(1))
    .option('--duration <time>', 'end after so long, as in 60s', duration)
    .option('--max-gap <time>', 'cut idle gaps of the capture to this', duration);
  addLimits(command);
  addSockets(command);
  addMachineOptions(command, 'sends', 'auto').option('--preload', 'read the capture into memory before the run');
  addPackingOptions(addInputOptions(addWindowOptions(command)))
    .optionsGroup('Output:')
    .option('--json', 'one JSON object on standard output')
    .option('--plot <file>', 'draw gaps, lateness and errors by percentile as an SVG picture (- for standard output)')
    .addHelpText(
      'after',
      `
Examples:
  tickreel verify-pacing session.pcap
  tickreel verify-pacing --speed 100kpps --duration 60s --pacing spin --json
  tickreel verify-pacing session.pcap --max-p99 50us --max-received-p99 100us --plot pacing.svg`,
    )
    .action((paths: string[], flags: VerifyFlags) => verify(paths, flags));
}

function addLimits(command: Command): void {
  const { p50Ns, p99Ns, durationErrorNs, lost } = defaultPacingLimits;
  const most = (ns: number | null): string => `default: ${formatDuration(ns ?? 0)}`;
  command
    .optionsGroup('Limits; where one is not kept the exit code is 5:')
    .option('--max-p50 <time>', `median lateness at the send (${most(p50Ns)})`, duration)
    .option('--max-p99 <time>', `99th percentile of it (${most(p99Ns)})`, duration)
    .option('--max-received-p99 <time>', '99th percentile of the lateness at the receiver (default: any)', duration)
    .option(
      '--max-duration-error <time>',
      `by which first to last packet, sent or received, is off schedule (${most(durationErrorNs)})`,
      duration,
    )
    .option('--max-lost <N>', `packets that did not arrive (default: ${lost})`, count(0));
}

function addSockets(command: Command): void {
  command
    .optionsGroup('Sockets:')
    .option('--host <address>', 'loopback address to send over, of IPv4 or IPv6 (::1)', '127.0.0.1')
    .addOption(
      new Option('--via <path>', 'how datagrams are handed to the kernel')
        .choices(['auto', 'sendmmsg', 'dgram'])
        .default('auto'),
    )
    .option('--no-gso', 'send each datagram by itself: no trains that the kernel cuts')
    .addOption(
      new Option('--receive <path>', 'how they are taken from it')
        .choices(['auto', 'recvmmsg', 'dgram'])
        .default('auto'),
    )
    .option(
      '--busypoll <time>',
      'the receiver goes on asking for so long after each packet, so that no send has to wake it; 0ns: it sleeps at ' +
        'once (default: 100 us, with koffi and more than one processor)',
      duration,
    )
    .option('--buffer <bytes>', 'receive buffer to ask the kernel for', count(4096), defaultReceiveBufferBytes);
}

async function verify(paths: readonly string[], flags: VerifyFlags): Promise<void> {
  if (paths.length > 0 && flags.generate !== undefined) {
    throw new UsageError('generate', '--generate makes the packets that a capture would hold: give one of them');
  }
  if (paths.length > 0) return verifyCaptures(paths, flags);
  await withGeneratedCapture(flags.generate ?? generatedMessages, flags.seed, (path) => verifyCaptures([path], flags));
}

async function verifyCaptures(paths: readonly string[], flags: VerifyFlags): Promise<void> {
  const spec = verifySpec(paths, flags);
  refusePlot(flags.plot, spec.replay.input.paths, flags.json ? '--json' : null);
  const control = new ReplayControl();
  const release = stopOnSignal(() => control.stop());
  const hideProgress = showProgress(control, spec.replay);
  let outcome: VerifyOutcome;
  try {
    outcome = await verifyPacing(spec, control);
  } finally {
    hideProgress();
    release();
  }
  const { report } = outcome;
  const summary = new CaptureSummary();
  for (const damage of report.replay.damage) summary.onDamage(damage);
  const output = new Output();
  if (flags.json) output.writeLine(JSON.stringify(report));
  else (flags.plot === '-' ? process.stderr : output).write(describeVerification(report));
  const isUnwritten = flags.plot !== undefined && !(await draw(flags.plot, outcome, output));
  await output.end();
  warnOfMachine(report.replay.machine);
  for (const breach of report.breaches) warn(describeBreach(breach));
  const sendErrors = Object.entries(report.replay.sendErrors);
  for (const [code, errors] of sendErrors) warn(`${errors} sends failed: ${code}`);
  if (report.replay.packets === 0) warn('nothing was sent: the capture holds no datagram, or none in the window');
  finish({
    failure: sendErrors.length > 0 || isUnwritten,
    damaged: report.replay.damageTotal > 0,
    rateMissed: report.breaches.length > 0,
    interrupted: report.replay.endReason === 'stopped',
  });
}

/** False where the picture could not be written. */
async function draw(path: string, outcome: VerifyOutcome, output: Output): Promise<boolean> {
  const { pacingFigure } = await import('../run/pacing-figure.js');
  const { drawFigure } = await import('../plot/figure.js');
  const picture = drawFigure(pacingFigure(outcome));
  if (path !== '-') return writeReportFile(path, picture);
  output.write(picture);
  return true;
}

/** What is asked for; throws UsageError where it contradicts itself. */
function verifySpec(paths: readonly string[], flags: VerifyFlags): VerifySpec {
  const rate = parseShapedRate(flags);
  if (rate.rate.mode === 'max') {
    throw new UsageError('verify-max', 'verify-pacing needs a schedule to compare with; --speed max has none');
  }
  const isBounded = flags.duration !== undefined || flags.limit !== undefined;
  const isRepeatable = !paths.some(isStandardInput);
  const loops = flags.loop ?? (isBounded && isRepeatable ? 0 : 1);
  if (loops === 0 && !isBounded) throw new UsageError('endless', '--loop 0 never ends: add --duration or --limit');
  if (loops !== 1 && !isRepeatable) {
    throw new UsageError('loop-stdin', 'standard input cannot be read twice; save it to a file to use --loop');
  }
  return {
    replay: {
      ...replayDefaults,
      input: inputSpec(paths, flags),
      ...rate,
      ...pacingOf(flags),
      machine: machineOf(flags),
      preload: flags.preload ?? false,
      filter: noFilter,
      loops,
      limit: flags.limit ?? Number.POSITIVE_INFINITY,
      durationNs: flags.duration ?? Number.POSITIVE_INFINITY,
      maxGapNs: flags.maxGap ?? Number.POSITIVE_INFINITY,
      from: flags.from,
      until: flags.until,
      mtu: flags.mtu,
      pack: flags.pack,
    },
    host: flags.host,
    send: { via: flags.via, ...(flags.gso === false ? { gso: 'off' as const } : {}) },
    receive: {
      bufferBytes: flags.buffer,
      via: flags.receive,
      busyPollUs: flags.busypoll === undefined ? bestBusyPollUs(flags.receive) : flags.busypoll / 1000,
    },
    limits: limitsOf(flags),
  };
}

function limitsOf(flags: VerifyFlags): PacingLimits {
  return {
    p50Ns: flags.maxP50 ?? defaultPacingLimits.p50Ns,
    p99Ns: flags.maxP99 ?? defaultPacingLimits.p99Ns,
    receivedP99Ns: flags.maxReceivedP99 ?? defaultPacingLimits.receivedP99Ns,
    durationErrorNs: flags.maxDurationError ?? defaultPacingLimits.durationErrorNs,
    lost: flags.maxLost ?? defaultPacingLimits.lost,
  };
}
