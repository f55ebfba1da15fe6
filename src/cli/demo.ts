/** `tickreel demo`: the main job on the bundled fixtures, in a few seconds and without leaving this machine. */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { CaptureInput } from '../analysis/capture-input.js';
import { isStandardInput } from '../analysis/input.js';
import { UsageError } from '../core/errors.js';
import { defaultReceiveBufferBytes } from '../io/udp-receiver.js';
import { noFilter } from '../replay/filter.js';
import { parseSpeed } from '../replay/rate.js';
import { Listener } from '../run/listen.js';
import { type ReplayReport, type ReplaySpec, replayDefaults } from '../run/replay-spec.js';
import { runReplayThread } from '../run/replay-thread.js';
import type { Target } from '../run/target.js';
import { describeListening } from './listen-text.js';
import { inputSpec } from './options.js';
import { describeReplay } from './replay-text.js';
import { finish } from './summary.js';

const fixtures = new URL('../../fixtures/', import.meta.url);
const pcap = 'itch50-session.pcap';
const binaryFile = 'itch50-session.NASDAQ_ITCH50.gz';
const idleMs = 2000;
const maxGapNs = 1e9;

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .summary('replay the bundled fixtures over loopback UDP and in-process')
    .description(
      'Replays a bundled session of three seconds twice: over UDP on loopback at its original timing, into a ' +
        'listener that checks it, and into a decoder in this process as fast as it goes. Prints both reports.',
    )
    .argument('[capture]', 'a capture of your own to play instead; gaps over a second are cut')
    .addHelpText('after', '\nExamples:\n  tickreel demo\n  tickreel demo session.pcap')
    .action(demo);
}

async function demo(own?: string): Promise<void> {
  if (own !== undefined) await refuseUnplayable(own);
  const [first, second] = own === undefined ? [bundled(pcap), bundled(binaryFile)] : [own, own];
  const listener = await Listener.open({
    host: '127.0.0.1',
    port: 0,
    iface: null,
    bufferBytes: defaultReceiveBufferBytes,
    input: inputSpec(['-'], {}),
    durationMs: Number.POSITIVE_INFINITY,
    limit: Number.POSITIVE_INFINITY,
    idleMs,
    reference: null,
  });
  const listening = listener.run();
  const port = listener.receiver?.port ?? 0;
  const to = { kind: 'udp', host: '127.0.0.1', port, ttl: 1, iface: null, loopback: true } as const;
  title(`1. ${own ?? `fixtures/${pcap}`}, original timing, over UDP to 127.0.0.1:${port}`);
  const sent = await play(first, to, '1x').catch((error: unknown) => {
    // Nothing more will come, and a listener left open would keep the process.
    listener.stop();
    throw error;
  });
  await listening;
  const received = listener.report();
  print('\n   What the listener saw:\n');
  print(indented(describeListening(received)));
  title(`2. ${own ?? `fixtures/${binaryFile}`}, as fast as it goes, into this process`);
  const decoded = await play(second, { kind: 'inproc', via: 'handler' }, 'max');
  const whole = received.messages.total === sent.messages;
  const same = decoded.sink.messagesDecoded === sent.messages;
  print(
    whole && same
      ? `\nEvery one of the ${sent.messages} messages arrived and was decoded, both ways.\n`
      : `\nSomething was lost: ${sent.messages} sent, ${received.messages.total} received.\n`,
  );
  finish({ failure: !same, gaps: !whole });
}

/** Before anything is printed: rejects where the capture cannot be read, or not twice. */
async function refuseUnplayable(path: string): Promise<void> {
  const once = new UsageError(
    'demo-twice',
    `demo plays its capture twice, and ${path} can be read once: save it first`,
  );
  if (isStandardInput(path)) throw once;
  const input = await CaptureInput.open(inputSpec([path], {}), () => {});
  const { isRepeatable } = input;
  await input.close();
  if (!isRepeatable) throw once;
}

async function play(path: string, target: Target, speed: string): Promise<ReplayReport> {
  const spec: ReplaySpec = {
    ...replayDefaults,
    input: inputSpec([path], {}),
    maxGapNs,
    target,
    rate: parseSpeed(speed),
    filter: noFilter,
  };
  const { report } = await runReplayThread(spec);
  print(indented(describeReplay(report, spec)));
  return report;
}

function bundled(name: string): string {
  return fileURLToPath(new URL(name, fixtures));
}

function title(text: string): void {
  print(`\n${text}\n\n`);
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '   ');
}

function print(text: string): void {
  process.stdout.write(text);
}
