/** `tickreel listen`: receives a feed, checks its sequence, and says what was lost and how late it came. */
import { type Command, InvalidArgumentError } from 'commander';
import type { LineSpec } from '../analysis/line-names.js';
import type { EpochTime } from '../core/clock.js';
import { UsageError } from '../core/errors.js';
import { formatCount } from '../core/time.js';
import { type AckAddress, parseAckAddress, serveAckCounter } from '../io/ack-counter.js';
import { applyMachine } from '../io/native/machine.js';
import { defaultReceiveBufferBytes } from '../io/udp-receiver.js';
import { noFilter } from '../replay/filter.js';
import { Listener, type ListenSpec } from '../run/listen.js';
import { warmUpListener } from '../run/listen-warm-up.js';
import { parseReceiveAddress, type ReceiveAddressSpec } from '../run/receive-address.js';
import { type ReplaySpec, replayDefaults } from '../run/replay-spec.js';
import { describeListening } from './listen-text.js';
import { addMachineOptions, type MachineFlags, machineLine, machineOf, warnOfMachine } from './machine.js';
import {
  addInputOptions,
  addLineOptions,
  count,
  duration,
  type InputFlags,
  inputSpec,
  type LineFlags,
  lineSpec,
  refusing,
  type WindowFlags,
  when,
} from './options.js';
import { Output } from './output.js';
import { addRateOptions, loadOf, type RateFlags } from './rate-options.js';
import { showReceiving, warnOfSmallBuffer } from './receiving.js';
import { addPackingOptions } from './replay.js';
import { stopOnSignal } from './signals.js';
import { CaptureSummary, finish } from './summary.js';

interface ListenFlags extends MachineFlags, InputFlags, RateFlags, WindowFlags, LineFlags {
  arbitrate?: boolean;
  json?: boolean;
  strict?: boolean;
  duration?: number;
  limit?: number;
  idle?: number;
  buffer: number;
  ack?: AckAddress;
  reference?: string;
  origin?: EpochTime;
  maxGap?: number;
  session?: string;
  mtu: number;
  pack: 'timestamp' | 'mtu';
}

export function addListenCommand(program: Command): void {
  const command = program
    .command('listen')
    .summary('receive a feed: rate, gaps, kernel drops, latency')
    .description(
      'Receives datagrams on UDP addresses or multicast groups, decodes them, checks sequence numbers and reports ' +
        'rate, gaps, what the kernel dropped, and latency. Ends on SIGINT, a limit, or the end of every session.',
    )
    .argument(
      '<addresses...>',
      'udp://HOST:PORT[?via=PATH&busypoll=TIME&gro=off], or udp://GROUP:PORT?iface=ADDRESS for multicast; ' +
        'several are one feed',
    )
    .optionsGroup('Output:')
    .option('--json', 'one JSON object on standard output at the end')
    .option('--strict', 'exit with 4 where sequence numbers are missing')
    .option('--arbitrate', 'merge the lines A and B of each feed: what either has is decoded once, in order')
    .optionsGroup('How long:')
    .option('--duration <time>', 'end after so long, as in 10s', duration)
    .option('--limit <N>', 'end after N packets', count(1))
    .option('--idle <time>', 'end when nothing came for so long after the first packet', duration)
    .optionsGroup('Receiving:')
    .option('--buffer <bytes>', 'receive buffer to ask the kernel for', count(4096), defaultReceiveBufferBytes)
    .option(
      '--ack <where>',
      'serve the count of packets at tcp://HOST:PORT, unix:PATH or file:PATH, and go on after the end of sessions',
      refusing(parseAckAddress),
    )
    .optionsGroup('Latency against the schedule of a replay (its first loop, without filters):')
    .option('--reference <capture>', 'the capture that is replayed; give the rate options of the replay as well')
    .option('--origin <NS>', 'epoch ns that the replay printed as its origin (or its --start-at)', parseOrigin)
    .option('--from <WHEN>', 'as the replay was told', when)
    .option('--until <WHEN>', 'as the replay was told', when)
    .option('--max-gap <time>', 'as the replay was told', duration)
    .option('--session <NAME>', 'as the replay of a BinaryFILE was told');
  addMachineOptions(addPackingOptions(addInputOptions(addLineOptions(addRateOptions(command)))), 'receives')
    .addHelpText(
      'after',
      `
Examples:
  tickreel listen udp://127.0.0.1:26477 --duration 10s
  tickreel listen 'udp://239.1.2.3:26477?iface=127.0.0.1' --json --strict
  tickreel listen --arbitrate 'udp://239.1.2.3:26477?iface=127.0.0.1' 'udp://239.1.2.4:26477?iface=127.0.0.1'
  tickreel listen udp://127.0.0.1:26477 --reference session.pcap --origin 1767623400000000000 --speed 100kpps`,
    )
    .action((addresses: string[], flags: ListenFlags) => listen(addresses, flags));
}

async function listen(addresses: readonly string[], flags: ListenFlags): Promise<void> {
  const summary = new CaptureSummary();
  const spec = listenSpec(addresses, flags);
  const machine = applyMachine(machineOf(flags))?.report ?? null;
  warnOfMachine(machine);
  await warmUpListener(spec);
  const listener = await Listener.open(spec, (damage) => summary.onDamage(damage));
  const server = flags.ack && (await serveAckCounter(flags.ack, () => listener.packets));
  const release = stopOnSignal(() => listener.stop());
  const hideProgress = showListening(listener);
  if (listener.receiver) warnOfSmallBuffer(listener.receiver.buffer);
  process.stderr.write(`listening on ${addresses.join(' and ')}\n`);
  await listener.run();
  server?.close();
  hideProgress();
  release();
  const report = listener.report();
  const output = new Output();
  if (flags.json) output.writeLine(JSON.stringify({ ...report, machine }));
  else output.write(`${describeListening(report)}${machineLine(machine)}`);
  await output.end();
  finish({
    damaged: report.damageTotal > 0,
    gaps: flags.strict === true && report.sessions.some((session) => session.gaps.length > 0),
    interrupted: report.endReason === 'stopped',
  });
}

function listenSpec(texts: readonly string[], flags: ListenFlags): ListenSpec {
  if ((flags.reference === undefined) !== (flags.origin === undefined)) {
    throw new UsageError('reference', '--reference and --origin go together: the capture, and when its replay began');
  }
  const rate = loadOf(flags);
  const replay = (path: string): ReplaySpec => ({
    ...replayDefaults,
    input: inputSpec([path], flags),
    target: { kind: 'null' },
    filter: noFilter,
    ...rate,
    maxGapNs: flags.maxGap ?? Number.POSITIVE_INFINITY,
    from: flags.from,
    until: flags.until,
    session: flags.session ?? replayDefaults.session,
    mtu: flags.mtu,
    pack: flags.pack,
  });
  const addresses = texts.map(parseReceiveAddress);
  const [first, ...more] = addresses as [ReceiveAddressSpec, ...ReceiveAddressSpec[]];
  return {
    ...first,
    ...wayOf(addresses),
    more,
    arbitrate: flags.arbitrate ?? false,
    lines: linesOf(addresses, flags),
    bufferBytes: flags.buffer,
    input: inputSpec(['-'], flags),
    durationMs: (flags.duration ?? Number.POSITIVE_INFINITY) / 1e6,
    limit: flags.limit ?? Number.POSITIVE_INFINITY,
    outlivesSessions: flags.ack !== undefined,
    idleMs: (flags.idle ?? Number.POSITIVE_INFINITY) / 1e6,
    reference:
      flags.reference !== undefined && flags.origin !== undefined
        ? { replay: replay(flags.reference), origin: flags.origin }
        : null,
  };
}

/** Datagrams are taken from all sockets in one way. */
function wayOf(addresses: readonly ReceiveAddressSpec[]): Pick<ReceiveAddressSpec, 'via' | 'busyPollUs'> {
  const ways = addresses.map(({ via, busyPollUs, coalesce }) => JSON.stringify([via, busyPollUs, coalesce]));
  if (ways.every((way) => way === ways[0])) return {};
  throw new UsageError(
    'target',
    'via, busypoll and gro hold for all addresses: write the same behind each, or behind none',
  );
}

/** Two addresses are lines A and B, where nothing else is told. */
function linesOf(addresses: readonly ReceiveAddressSpec[], flags: ListenFlags): LineSpec {
  const told = lineSpec(flags);
  if (!flags.arbitrate && told.a.length + told.b.length > 0) {
    throw new UsageError('line', '--line-a and --line-b name the lines that --arbitrate merges: give that, too');
  }
  const [a, b, ...others] = addresses.map(({ host, port, iface }) => ({ address: host, port, iface }));
  const isTold = told.a.length + told.b.length > 0 || flags.channels !== undefined;
  return isTold || a === undefined || b === undefined || others.length > 0 ? told : { a: [a], b: [b] };
}

function parseOrigin(text: string): EpochTime {
  if (!/^\d{10,19}$/.test(text)) throw new InvalidArgumentError('nanoseconds since the epoch are needed.');
  return { seconds: Number(text.slice(0, -9)), nanoseconds: Number(text.slice(-9)) };
}

function showListening(listener: Listener): () => void {
  return showReceiving(
    () => listener.progress(),
    ({ packets, messages, missing, kernelDrops }, rate) =>
      `${formatCount(packets)} packets, ${formatCount(messages)} messages, ${rate}, ` +
      `${formatCount(missing)} missing, kernel drops ${kernelDrops ?? 'unknown'}`,
  );
}
