/** `tickreel find-limit`: how fast a receiver can be fed before it falls behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isStandardInput } from '../analysis/input.js';
import { SinkError, UsageError } from '../core/errors.js';
import { formatCount, formatDuration } from '../core/time.js';
import { type AckAddress, formatAckAddress, openAckCounter, parseAckAddress } from '../io/ack-counter.js';
import { temporaryFolder } from '../io/temporary-folder.js';
import { ReplayControl } from '../replay/control.js';
import { parseSpeed, type Rate } from '../replay/rate.js';
import { type FindLimitOptions, findLimit, type LimitResult, type LimitTry, levelOf } from '../run/find-limit.js';
import { type ReplaySpec, replayDefaults } from '../run/replay-spec.js';
import { runReplayThread } from '../run/replay-thread.js';
import { parseUdpTarget, type UdpTarget } from '../run/target.js';
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
  refusing,
  type WindowFlags,
} from './options.js';
import { refuseRemote } from './remote.js';
import { addPackingOptions } from './replay.js';
import { requireOption } from './required.js';
import { stopOnSignal } from './signals.js';
import { finish, warn } from './summary.js';

interface FindLimitFlags extends InputFlags, FilterFlags, WindowFlags {
  to: string;
  ack?: AckAddress;
  listen?: boolean;
  lowest: string;
  highest: string;
  factor: number;
  precision: number;
  step: number;
  steps: number;
  tries: number;
  loss: number;
  maxLag: number;
  within: number;
  allowRemote?: boolean;
  mtu: number;
  pack: 'timestamp' | 'mtu';
}

const program = fileURLToPath(new URL('./main.js', import.meta.url));

export function addFindLimitCommand(root: Command): void {
  const begun = root
    .command('find-limit')
    .summary('raise the rate until a receiver falls behind, and report the knee')
    .description(
      'Replays a capture to a receiver under test in steps, faster and faster, until the receiver loses packets or ' +
        'lags behind by its own count, then narrows down where that begins. One JSON object a try on standard ' +
        'output, the verdict last. Loopback only, unless --allow-remote is given.',
    )
    .argument('<captures...>', captureArgument);
  const command = requireOption(
    begun,
    '--to <target>',
    'udp://HOST:PORT[?ttl=N&iface=IF], where the receiver under test listens',
  )
    .optionsGroup("The receiver's count of packets (one of them):")
    .option(
      '--ack <where>',
      'tcp://HOST:PORT, unix:PATH or file:PATH with lines of packets received so far, or http://HOST:PORT/PATH#METRIC',
      refusing(parseAckAddress),
    )
    .option('--listen', 'start tickreel listen there, and find its limit')
    .optionsGroup('Rates:')
    .option('--lowest <rate>', 'begin with this: 1kpps, 10kmsg/s, 1Mbps, or 1x of the capture', '1kpps')
    .option('--highest <rate>', 'end at this (default: a million times the lowest)')
    .addOption(preset('--factor <F>', 'from step to step on the way up', factor, '2'))
    .addOption(preset('--precision <percent>', 'how narrow the bracket is to become', percent(), '5%'))
    .optionsGroup('A step:')
    .addOption(preset('--step <time>', 'how long a rate is held', duration, '2s'))
    .addOption(preset('--tries <N>', 'how often a rate must fail to count as too high', count(1), '2'))
    .addOption(preset('--loss <percent>', 'what may be lost', percent(100), '0%'))
    .addOption(preset('--max-lag <time>', 'how long the count may take after the last packet', duration, '100ms'))
    .optionsGroup('An end:')
    .addOption(preset('--steps <N>', 'steps at most', count(1), '40'))
    .addOption(preset('--within <time>', 'begin no step after so long', duration, '5m'))
    .option('--allow-remote', 'send to other machines too');
  addInputOptions(addWindowOptions(addFilterOptions(command)));
  addPackingOptions(command).addHelpText(
    'after',
    `
Examples:
  tickreel find-limit session.pcap --to udp://127.0.0.1:26477 --listen
  tickreel find-limit session.pcap --to udp://127.0.0.1:26477 --ack unix:/tmp/receiver.sock --lowest 20kpps
  tickreel find-limit session.pcap --to udp://127.0.0.1:26477 --ack file:count.txt --step 5s --precision 2%

Exit codes:
  0 the knee was found, or every rate was kept · 1 failure · 2 usage · 5 no knee: the sender could go no faster, the
  receiver fell behind at every rate, or time was up · 130 interrupted`,
  );
  command.action((paths: string[], flags: FindLimitFlags) => run(paths, flags));
}

/** An option whose default is read as if it were typed. */
function preset<T>(flags: string, description: string, parse: (text: string) => T, text: string): Option {
  return new Option(flags, description).argParser(parse).default(parse(text), text);
}

async function run(paths: readonly string[], flags: FindLimitFlags): Promise<void> {
  const target = parseUdpTarget(flags.to);
  const options = searchOptions(flags);
  const spec = stepSpec(paths, flags, target, options);
  if ((flags.ack === undefined) === (flags.listen === undefined)) {
    throw new UsageError('ack', "say how to learn the receiver's count: --ack WHERE, or --listen to start tickreel's");
  }
  if (!flags.allowRemote) await refuseRemote(target, 'find-limit sends faster and faster');
  const folder = flags.listen ? temporaryFolder('tickreel-limit-') : null;
  const address = flags.ack ?? { kind: 'unix' as const, path: join(folder?.path ?? '', 'ack') };
  const receiver = flags.listen ? await startListener(target, address) : null;
  let control = new ReplayControl();
  let isStopped = false;
  const release = stopOnSignal(() => {
    isStopped = true;
    control.stop();
  });
  try {
    const counter = await openAckCounter(address);
    try {
      const result = await findLimit(options, {
        counter,
        play: async (rate) => {
          control = new ReplayControl();
          if (isStopped) control.stop();
          return (await runReplayThread({ ...spec, rate }, control)).report;
        },
        onTry: (step) => {
          process.stdout.write(`${JSON.stringify(step)}\n`);
          process.stderr.write(`${describeTry(step)}\n`);
        },
        stopped: () => isStopped,
      });
      process.stdout.write(`${JSON.stringify(result)}\n`);
      conclude(result);
    } finally {
      counter.close();
    }
  } finally {
    release();
    receiver?.kill('SIGTERM');
    folder?.remove();
  }
}

function conclude(result: LimitResult): void {
  process.stderr.write(`${describeResult(result)}\n`);
  const { verdict, received } = result;
  const unheard = received === 0 && verdict !== 'interrupted';
  if (unheard) warn('the receiver counted no packet at all: does it receive there, and is this its counter?');
  finish({
    failure: unheard,
    rateMissed: verdict === 'sender' || verdict === 'below' || verdict === 'time',
    interrupted: verdict === 'interrupted',
  });
}

function describeTry({
  step,
  asked,
  packets,
  lost,
  lagNs,
  outcome,
  reachedPerSecond,
  askedPerSecond,
}: LimitTry): string {
  const share = `${((100 * reachedPerSecond) / askedPerSecond).toFixed(1)} % of it sent`;
  const what = {
    kept: 'kept up',
    behind: 'fell behind',
    sender: 'kept up, but the sender could go no faster',
  }[outcome];
  return (
    `${String(step).padStart(3)}  ${asked.padEnd(12)} ${formatCount(packets)} packets, ${share}, ` +
    `${formatCount(lost)} lost, lag ${formatDuration(lagNs)}: ${what}`
  );
}

function describeResult({ verdict, kept, behind, steps, seconds }: LimitResult): string {
  const took = `(${steps} steps, ${seconds.toFixed(0)} s)`;
  if (verdict === 'knee') return `Knee: it keeps up with ${kept} and falls behind at ${behind} ${took}`;
  if (verdict === 'above') return `No knee: it keeps up with ${kept}, the highest rate asked for ${took}`;
  if (verdict === 'sender') {
    return `No knee: it keeps up with ${kept}, and the sender can go no faster here ${took}`;
  }
  if (verdict === 'below') return `No knee: it falls behind at ${behind} already, and at all rates tried below ${took}`;
  const bracket = `keeps up with ${kept ?? 'no rate tried'}, falls behind at ${behind ?? 'no rate tried'}`;
  return `${verdict === 'time' ? 'Time is up' : 'Interrupted'}: so far it ${bracket} ${took}`;
}

function searchOptions(flags: FindLimitFlags): FindLimitOptions {
  const lowest = pacedRate('--lowest', flags.lowest);
  const highest = flags.highest === undefined ? timesAMillion(lowest) : pacedRate('--highest', flags.highest);
  if (lowest.mode !== highest.mode) {
    throw new UsageError('rate', `--lowest ${flags.lowest} and --highest ${flags.highest} must be in one unit`);
  }
  if (levelOf(highest) < levelOf(lowest)) {
    throw new UsageError('rate', `--highest ${flags.highest} is below --lowest ${flags.lowest}`);
  }
  if (flags.step < 1e8) throw new UsageError('step', '--step must be at least 100ms, for a rate to show');
  const { factor, precision, steps: mostSteps, step: stepNs, tries, loss, maxLag: maxLagNs, within: withinNs } = flags;
  return { lowest, highest, factor, precision, mostSteps, stepNs, tries, loss, maxLagNs, withinNs };
}

function pacedRate(option: string, text: string): Exclude<Rate, { mode: 'max' }> {
  const rate = parseSpeed(text, `${option} ${text}`);
  if (rate.mode === 'max') throw new UsageError('rate', `${option} max is no rate to begin or end with; name one`);
  return rate;
}

function timesAMillion(rate: Exclude<Rate, { mode: 'max' }>): Rate {
  const times = { numerator: Math.ceil(levelOf(rate) * 1e6), denominator: 1 };
  return rate.mode === 'original' ? { ...rate, speedup: times } : { ...rate, perSecond: times };
}

function stepSpec(
  paths: readonly string[],
  flags: FindLimitFlags,
  target: UdpTarget,
  { stepNs }: FindLimitOptions,
): ReplaySpec {
  if (paths.some(isStandardInput)) {
    throw new UsageError('limit-stdin', 'find-limit plays the capture again and again; save standard input to a file');
  }
  return {
    ...replayDefaults,
    input: inputSpec(paths, flags),
    target,
    filter: filterSpec(flags),
    from: flags.from,
    until: flags.until,
    loops: 0,
    durationNs: stepNs,
    session: flags.session?.[0] ?? replayDefaults.session,
    mtu: flags.mtu,
    pack: flags.pack,
  };
}

/** Starts a listener and resolves once it listens. */
function startListener({ host, port, iface }: UdpTarget, ack: AckAddress): Promise<ChildProcess> {
  const where = `udp://${host?.includes(':') ? `[${host}]` : host}:${port}${iface === null ? '' : `?iface=${iface}`}`;
  const child = spawn(process.execPath, [program, 'listen', where, '--ack', formatAckAddress(ack)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('listening on')) resolve(child);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new SinkError('listen', `tickreel listen ended: ${said.trim()}`)));
  });
}

function factor(text: string): number {
  const value = Number(text.replace(/x$/, ''));
  if (!(value > 1 && value <= 1000)) throw new InvalidArgumentError('a factor above 1 is needed, such as 2.');
  return value;
}

function percent(most = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
    if (match !== null && Number(match[1]) <= most) return Number(match[1]) / 100;
    throw new InvalidArgumentError('a percentage is needed, such as 5%.');
  };
}
