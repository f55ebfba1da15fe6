/** `tickreel record`: what comes to UDP addresses and multicast groups, into capture files. */
import { type Command, Option } from 'commander';
import type { LineEndpoint, LineSpec } from '../analysis/line-names.js';
import { UsageError } from '../core/errors.js';
import { formatBytes, formatCount } from '../core/time.js';
import { interfaceName } from '../io/address.js';
import type { CaptureFormat } from '../io/capture-output.js';
import { refuseUnwritable } from '../io/file-error.js';
import { applyMachine } from '../io/native/machine.js';
import { defaultReceiveBufferBytes } from '../io/udp-receiver.js';
import { parseReceiveAddress } from '../run/receive-address.js';
import { Recorder, type RecordReport } from '../run/record.js';
import type { RecordInterface } from '../run/record-interface.js';
import { defaultRecordMemoryBytes, type RecordSpec, recordFormatOf } from '../run/record-spec.js';
import { addMachineOptions, type MachineFlags, machineOf, warnOfMachine } from './machine.js';
import {
  addLineOptions,
  addProtocolOptions,
  count,
  duration,
  type InputFlags,
  inputSpec,
  type LineFlags,
  lineSpec,
  size,
} from './options.js';
import { Output } from './output.js';
import { showReceiving, warnOfSmallBuffer } from './receiving.js';
import { describeRecording, recordWarnings } from './record-text.js';
import { refuseOutputs, writeReportFile } from './report-file.js';
import { requireOption } from './required.js';
import { stopOnSignal } from './signals.js';
import { finish, warn } from './summary.js';

interface RecordFlags extends MachineFlags, InputFlags, LineFlags {
  arbitrate?: boolean;
  output: string;
  format?: CaptureFormat;
  force?: boolean;
  json?: boolean;
  report?: string;
  strict?: boolean;
  rotateSize?: number;
  rotateTime?: number;
  keep?: number;
  duration?: number;
  limit?: number;
  idle?: number;
  buffer: number;
  memory: number;
}

const leastRotateBytes = 4096;

export function addRecordCommand(program: Command, version: string): void {
  const begun = program
    .command('record')
    .summary('write what comes to UDP addresses into a capture')
    .description(
      'Receives datagrams on UDP addresses and multicast groups and writes them into a pcapng (or pcap), each with ' +
        'its time of arrival in nanoseconds, in a frame built anew around it. Checks the sequence numbers of what it ' +
        'recognises, and reports what the network, the kernel and the disk lost. Ends on SIGINT, SIGTERM or a limit.',
    )
    .argument(
      '<addresses...>',
      'udp://HOST:PORT[?via=PATH&busypoll=TIME&gro=on], or udp://GROUP:PORT?iface=ADDRESS (else on loopback); with ' +
        'gro=on trains of packets come as one, which is less work for the sender on this machine, and share one time',
    );
  const command = requireOption(begun, '-o, --output <file>', 'the file to write, or - for standard output')
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <format>', 'instead of what the extension of the output says').choices(['pcap', 'pcapng']),
    )
    .option('--force', 'write over files that are there')
    .option('--json', 'the report as one JSON object on standard output')
    .option('--report <file>', 'write the report as JSON')
    .option('--strict', 'exit with 4 where sequence numbers are missing or packets were dropped')
    .optionsGroup('Several files, numbered and named for the time that each begins:')
    .option('--rotate-size <bytes>', 'begin another before one grows larger, as in 1GB', size(leastRotateBytes))
    .option('--rotate-time <time>', 'begin another after so long, as in 1h', duration)
    .option('--keep <N>', 'remove the oldest of this recording when there are more', count(1))
    .optionsGroup('How long:')
    .option('--duration <time>', 'end after so long, as in 10s', duration)
    .option('--limit <N>', 'end after N packets', count(1))
    .option('--idle <time>', 'end when nothing came for so long after the first packet', duration)
    .optionsGroup('Receiving:')
    .option(
      '--buffer <bytes>',
      'receive buffer to ask the kernel for, of each address',
      size(4096),
      defaultReceiveBufferBytes,
    )
    .option('--memory <bytes>', 'for packets that wait for the disk', size(3 << 20), defaultRecordMemoryBytes)
    .optionsGroup('Sequences:')
    .option('--arbitrate', 'write the lines of each feed (A and B) as one, what several of them brought once');
  addProtocolOptions(command).option('--channels <file>', "CME's config.xml: names channels and their lines A and B");
  addMachineOptions(addLineOptions(command), 'receives')
    .addHelpText(
      'after',
      `
Examples:
  tickreel record udp://127.0.0.1:26477 -o feed.pcapng --duration 10s
  tickreel record 'udp://239.1.2.3:26477?iface=127.0.0.1' 'udp://239.1.2.4:26477?iface=127.0.0.1' -o lines.pcapng
  tickreel record udp://127.0.0.1:26477 udp://127.0.0.1:26478 -o whole.pcapng --arbitrate --strict
  tickreel record udp://127.0.0.1:26477 -o day.pcapng --rotate-size 1GB --rotate-time 1h --keep 24`,
    )
    .action((addresses: string[], flags: RecordFlags) => record(addresses, flags, version));
}

async function record(addresses: readonly string[], flags: RecordFlags, version: string): Promise<void> {
  const spec = recordSpec(addresses, flags, version);
  refuse(spec, flags);
  const toStandardOutput = spec.path === '-';
  const machine = applyMachine(machineOf(flags))?.report ?? null;
  warnOfMachine(machine);
  const recorder = await Recorder.open(spec);
  // Writing what is in memory may take a slow disk longer than a stop is given elsewhere; a second signal ends it.
  const release = stopOnSignal(() => recorder.stop(), false, Number.POSITIVE_INFINITY);
  for (const { url, name, stampsText } of recorder.interfaces) {
    process.stderr.write(`recording ${url} on ${name}, ${stampsText}\n`);
  }
  const [{ receiver }] = recorder.interfaces as [RecordInterface];
  warnOfSmallBuffer(receiver.buffer);
  const hideProgress = showRecording(recorder);
  await recorder.run();
  hideProgress();
  release();
  const report = { ...recorder.report(), machine };
  for (const text of recordWarnings(report)) warn(text);
  const { failure } = recorder;
  const isPipeClosed = failure?.code === 'closed-pipe';
  if (failure !== null && !isPipeClosed) warn(failure.message);
  const isReported = await writeReport(report, flags, toStandardOutput);
  const { packets, kernelDrops, sessions } = report;
  // What the kernel dropped of one line the other may have brought.
  const lost = packets.missed + (spec.arbitrate ? 0 : (kernelDrops ?? 0));
  const isIncomplete = lost > 0 || sessions.some(({ gaps }) => gaps.length > 0);
  finish({
    failure: (failure !== null && !isPipeClosed) || !isReported,
    gaps: flags.strict === true && isIncomplete,
    interrupted: report.endReason === 'stopped',
  });
}

function recordSpec(addresses: readonly string[], flags: RecordFlags, application: string): RecordSpec {
  const { output } = flags;
  return {
    addresses: addresses.map(parseReceiveAddress),
    bufferBytes: flags.buffer,
    input: inputSpec(['-'], flags),
    arbitrate: flags.arbitrate ?? false,
    lines: linesOf(flags),
    path: output,
    format: flags.format ?? recordFormatOf(output),
    force: flags.force ?? false,
    rotateBytes: flags.rotateSize ?? Number.POSITIVE_INFINITY,
    rotateNs: flags.rotateTime ?? Number.POSITIVE_INFINITY,
    keep: flags.keep ?? Number.POSITIVE_INFINITY,
    memoryBytes: flags.memory,
    application: `tickreel ${application}`,
    durationMs: (flags.duration ?? Number.POSITIVE_INFINITY) / 1e6,
    limit: flags.limit ?? Number.POSITIVE_INFINITY,
    idleMs: (flags.idle ?? Number.POSITIVE_INFINITY) / 1e6,
  };
}

/** Interfaces are told apart by their names, however they were written. */
function linesOf(flags: LineFlags): LineSpec {
  const named = (one: LineEndpoint): LineEndpoint => ({
    ...one,
    iface: one.iface === null ? null : interfaceName(one.iface),
  });
  const { a, b } = lineSpec(flags);
  return { a: a.map(named), b: b.map(named) };
}

/** Throws where options contradict each other, or a file could not be written. */
function refuse(spec: RecordSpec, flags: RecordFlags): void {
  const isRotated = Number.isFinite(spec.rotateBytes) || Number.isFinite(spec.rotateNs);
  if (spec.rotateNs < 1e9) throw new UsageError('rotate-time', '--rotate-time is at least 1s');
  if (flags.keep !== undefined && !isRotated) {
    throw new UsageError('keep', '--keep chooses among several files; add --rotate-size or --rotate-time');
  }
  if (spec.path === '-') {
    if (isRotated) throw new UsageError('rotate', 'standard output is one file: rotation wants a name with -o');
    if (flags.json) throw new UsageError('json', '--json and -o - both want standard output: give -o a file');
    if (process.stdout.isTTY) {
      throw new UsageError('terminal', 'standard output is a terminal: name a file with -o, or pipe into a program');
    }
  } else if (isRotated) refuseUnwritable(spec.path);
  refuseOutputs([flags.report, spec.path], []);
}

/** False where the file that was asked for could not be written. */
async function writeReport(report: RecordReport, flags: RecordFlags, toStandardOutput: boolean): Promise<boolean> {
  const json = JSON.stringify(report, null, 2);
  const isWritten = flags.report === undefined || writeReportFile(flags.report, `${json}\n`);
  if (toStandardOutput) {
    process.stderr.write(describeRecording(report));
    return isWritten;
  }
  const output = new Output();
  if (flags.json) output.writeLine(JSON.stringify(report));
  else output.write(describeRecording(report));
  await output.end();
  return isWritten;
}

function showRecording(recorder: Recorder): () => void {
  return showReceiving(
    () => recorder.progress(),
    ({ packets, missing, missed, kernelDrops, bytes, files }, rate) =>
      `${formatCount(packets)} packets, ${rate}, file ${files}, ${formatBytes(bytes)} in all, ` +
      `${formatCount(missing)} missing, kernel drops ${formatCount(kernelDrops)}, not kept ${formatCount(missed)}`,
  );
}
