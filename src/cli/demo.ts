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
const mdp3 = 'mdp3-session.pcap';
const idleMs = 2000;
const maxGapNs = 1e9;

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .summary('replay the bundled fixtures over loopback UDP and in-process')
    .description(
      'Replays a bundled session of ITCH 5.0 (three seconds) and one of MDP 3.0 (two), each twice: over UDP on ' +
        'loopback at its original timing, into a listener that checks it, and into a decoder in this process as fast ' +
        'as it goes. Prints all reports.',
    )
    .argument('[capture]', 'a capture of your own to play instead; gaps over a second are cut')
    .addHelpText('after', '\nExamples:\n  tickreel demo\n  tickreel demo session.pcap')
    .action(demo);
}

async function demo(own?: string): Promise<void> {
  if (own !== undefined) await refuseUnplayable(own);
  const runs = own === undefined ? await playBundled() : await playOwn(own);
  const whole = runs.every(({ received, sent }) => received === sent);
  const same = runs.every(({ decoded, sent }) => decoded === sent);
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  print(
    whole && same
      ? `\nEvery one of the ${sum(({ sent }) => sent)} messages arrived and was decoded, both ways.\n`
      : `\nSomething was lost: ${sum(({ sent }) => sent)} sent, ${sum(({ received }) => received)} received.\n`,
  );
  finish({ failure: !same, gaps: !whole });
}

/** Messages of one capture: sent over UDP, received, and decoded in this process. */
interface Run {
  sent: number;
  received: number;
  decoded: number;
}

async function playBundled(): Promise<Run[]> {
  const itch = await playOverUdp(bundled(pcap), `1. fixtures/${pcap}`);
  const decoded = await playInProcess(bundled(binaryFile), `2. fixtures/${binaryFile}`);
  const cme = await playOverUdp(bundled(mdp3), `3. fixtures/${mdp3} (MDP 3.0)`);
  const decodedCme = await playInProcess(bundled(mdp3), `4. fixtures/${mdp3}`);
  return [
    { ...itch, decoded },
    { ...cme, decoded: decodedCme },
  ];
}

async function playOwn(path: string): Promise<Run[]> {
  const run = await playOverUdp(path, `1. ${path}`);
  return [{ ...run, decoded: await playInProcess(path, `2. ${path}`) }];
}

/** At its original timing, into a listener on loopback. */
async function playOverUdp(path: string, what: string): Promise<Omit<Run, 'decoded'>> {
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
  title(`${what}, original timing, over UDP to 127.0.0.1:${port}`);
  const sent = await play(path, to, '1x').catch((error: unknown) => {
    // Nothing more will come, and a listener left open would keep the process.
    listener.stop();
    throw error;
  });
  await listening;
  const received = listener.report();
  listener.destroy();
  print('\n   What the listener saw:\n');
  print(indented(describeListening(received)));
  return { sent: sent.messages, received: received.messages.total };
}

async function playInProcess(path: string, what: string): Promise<number> {
  title(`${what}, as fast as it goes, into this process`);
  const { sink } = await play(path, { kind: 'inproc', via: 'handler' }, 'max');
  return sink.messagesDecoded ?? 0;
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
    machine: { ...replayDefaults.machine, cpu: 'auto' },
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
