/** The cases of the wire bench: each sends the same datagrams, or receives them, another way. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { batchedSockets, type Flow, openUdpSender, type Sink, type StagingSink } from 'tickreel';
import { type Cable, layCable } from './cable.js';
import { datagram, datagramBytes, type WireInput } from './wire-input.js';

/** What one run of a case gave. */
export interface WireRun {
  /** Sent, or of a case that receives, received. */
  packets: number;
  bytes: number;
  seconds: number;
  /** Of what was sent, what did not arrive or was not sent for an error. */
  lost?: number;
  messages?: number;
  latenessNs?: { p50: number; p99: number; p999: number; max: number };
  /** Which way datagrams took. */
  path?: string;
  /** What held the run up, where the case looks into that. */
  limit?: string;
}

export interface OpenCase {
  run(): Promise<WireRun>;
  close?(): void;
}

export interface WireCase {
  readonly name: string;
  readonly about: string;
  /** Opens what the case needs, or says why it cannot run here. */
  open(bench: WireBench): Promise<OpenCase | { reason: string }>;
}

const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const source = fileURLToPath(new URL('../../bench/send.c', import.meta.url));
/** A socket whose thread sleeps for good: what arrives there is dropped once its small buffer is full. */
const deafSocket = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.bind(0, '127.0.0.1', () => {
    socket.setRecvBufferSize(4096);
    process.stdout.write(socket.address().port + '\\n', () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  });`;

/** What all cases share: the input, the socket that they send to, a compiled yardstick, a virtual cable. */
export class WireBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'tickreel-wire-'));
  readonly capture = join(this.folder, 'wire.pcap');
  readonly program: string | { reason: string };
  private constructor(
    readonly packets: number,
    readonly input: WireInput,
    readonly port: number,
    readonly cable: Cable | { reason: string },
    private readonly deaf: ReturnType<typeof spawn>,
  ) {
    writeFileSync(this.capture, input.bytes);
    this.program = compile(join(this.folder, 'send'));
  }

  static async open(packets: number, input: WireInput): Promise<WireBench> {
    const deaf = spawn(process.execPath, ['-e', deafSocket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise<number>((resolve) => deaf.stdout.once('data', (text) => resolve(Number(text))));
    return new WireBench(packets, input, port, await layCable(), deaf);
  }

  close(): void {
    this.deaf.kill();
    if (!('reason' in this.cable)) this.cable.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a command of tickreel prints as JSON. */
  tickreel(args: readonly string[], within: Cable['within'] = (program, ...rest) => [program, rest]): Report {
    const [program, all] = within(process.execPath, cli, ...args);
    const { stdout, stderr, status } = spawnSync(program, all, { encoding: 'utf8', maxBuffer: 1 << 26 });
    if (stdout === '') throw new Error(`tickreel ${args.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: reports of several commands
export type Report = any;

function compile(to: string): string | { reason: string } {
  try {
    execFileSync('cc', ['-O2', '-o', to, source], { stdio: 'pipe' });
    return to;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { reason: isMissing ? 'no C compiler (cc)' : `cc: ${(error as Error).message.split('\n')[0]}` };
  }
}

function yardstick(name: string, about: string, segments: number, ...more: string[]): WireCase {
  return {
    name,
    about,
    async open({ program, port, packets }) {
      if (typeof program !== 'string') return program;
      const args = [port, datagramBytes, packets, segments, ...more].map(String);
      return {
        run: async () => {
          const seconds = Number(execFileSync(program, args, { encoding: 'utf8' }));
          // Whole trains, as many as it takes.
          const sent = Math.ceil(packets / segments) * segments;
          return { packets: sent, bytes: sent * datagramBytes, seconds };
        },
      };
    },
  };
}

function sink(name: string, about: string, options: { via: 'dgram' | 'sendmmsg'; gso?: 'off' }): WireCase {
  return {
    name,
    about,
    async open({ port, packets }) {
      const { absence } = batchedSockets();
      if (options.via === 'sendmmsg' && absence !== null) return { reason: absence };
      const sender = await openUdpSender({ host: '127.0.0.1', port, ttl: 1, iface: null, loopback: true, ...options });
      // Different bytes each time, as a capture has them.
      const views = Array.from({ length: 1024 }, (_, index) => new DataView(datagram(index).buffer as ArrayBuffer));
      return {
        run: async () => {
          const start = performance.now();
          if (isStaging(sender.sink)) sendStaged(sender.sink, views, packets);
          else await sendEach(sender.sink, views, packets);
          const seconds = (performance.now() - start) / 1000;
          const lost = [...sender.sink.errors.values()].reduce((sum, count) => sum + count, 0);
          return { packets, bytes: packets * datagramBytes, seconds, lost, path: sender.path() };
        },
        close: () => void sender.sink.close?.(),
      };
    },
  };
}

const flow: Flow = {
  index: 0,
  transport: 'UDP',
  source: '127.0.0.1',
  sourcePort: 0,
  destination: '127.0.0.1',
  destinationPort: 0,
  name: 'bench',
};

function isStaging(sender: Sink): sender is StagingSink {
  return 'stage' in sender;
}

type Sender = Awaited<ReturnType<typeof openUdpSender>>['sink'];

async function sendEach(sender: Sender, views: readonly DataView[], packets: number): Promise<void> {
  for (let index = 0; index < packets; index++) {
    sender.send(views[index & 1023] as DataView, 0, datagramBytes, 0, flow);
    if (index % 512 === 511 || sender.unsettled) await sender.settle?.();
  }
  await sender.settle?.();
}

function sendStaged(sender: StagingSink, views: readonly DataView[], packets: number): void {
  for (let index = 0; index < packets; index++) {
    if (sender.room === 0) sender.flush();
    sender.stage(views[index & 1023] as DataView, 0, datagramBytes, 0, flow);
  }
  sender.flush();
}

/** The whole command, from the file to the socket. */
function replayed(name: string, about: string, query: string, ...more: string[]): WireCase {
  return {
    name,
    about,
    open: async (bench) => ({
      run: async () => {
        const to = `udp://127.0.0.1:${bench.port}${query}`;
        return runOf(bench.tickreel(['replay', bench.capture, '--to', to, '--preload', ...more, '--report', '-']));
      },
    }),
  };
}

export function runOf(report: Report): WireRun {
  const { packets, bytes, seconds, messages, histograms, sendErrors, path } = report;
  const lateness = histograms.sendLateness;
  const lost = Object.values<number>(sendErrors).reduce((sum, count) => sum + count, 0);
  const { p50, p99, p999, max } = lateness ?? {};
  return {
    packets,
    bytes,
    seconds,
    messages,
    lost,
    ...(lateness ? { latenessNs: { p50, p99, p999, max } } : {}),
    ...(path === null ? {} : { path }),
  };
}

const rawRing: WireCase = {
  name: 'replay-eth',
  about: 'tickreel replay --to eth://: frames through a packet ring into a virtual cable',
  async open(bench) {
    const { cable } = bench;
    if ('reason' in cable) return cable;
    const { absence } = batchedSockets();
    if (absence !== null) return { reason: absence };
    const args = ['replay', bench.capture, '--to', `eth://${cable.near}`, '--speed', 'max', '--preload'];
    return {
      run: async () => {
        const run = runOf(bench.tickreel([...args, '--report', '-'], cable.within));
        // The report counts frames; payloads are what the other cases count.
        return { ...run, bytes: run.packets * datagramBytes };
      },
    };
  },
};

const tcpreplay: WireCase = {
  name: 'tcpreplay',
  about: 'tcpreplay --topspeed --preload-pcap into a virtual cable',
  async open({ cable, capture, packets }) {
    if ('reason' in cable) return cable;
    if (spawnSync('tcpreplay', ['--version']).error) return { reason: 'tcpreplay is not installed' };
    const [program, args] = cable.within('tcpreplay', '--topspeed', '--preload-pcap', '-i', cable.near, capture);
    return {
      run: async () => {
        const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
        const [, sent, seconds] = /Actual: (\d+) packets.* sent in ([\d.]+) seconds/.exec(text) ?? [];
        return { packets: Number(sent), bytes: packets * datagramBytes, seconds: Number(seconds) };
      },
    };
  },
};

export const sendCases: readonly WireCase[] = [
  yardstick('c-sendmmsg', 'a loop in C: sendmmsg, 64 datagrams a call', 1),
  yardstick('c-sendmmsg-connected', 'the same through a connected socket', 1, 'connect'),
  yardstick('c-gso', 'the same with trains of 64 datagrams (UDP_SEGMENT)', 64),
  sink('dgram', "the sink alone, through Node's sockets", { via: 'dgram' }),
  sink('sendmmsg', 'the sink alone, sendmmsg without trains', { via: 'sendmmsg', gso: 'off' }),
  sink('sendmmsg-gso', 'the sink alone, sendmmsg with trains', { via: 'sendmmsg' }),
  replayed('replay-dgram', 'tickreel replay --speed max, dgram', '?via=dgram', '--speed', 'max'),
  replayed('replay-sendmmsg', 'tickreel replay --speed max, sendmmsg without trains', '?gso=off', '--speed', 'max'),
  replayed('replay-gso', 'tickreel replay --speed max, sendmmsg with trains', '', '--speed', 'max'),
  rawRing,
  tcpreplay,
  replayed('paced-dgram', 'tickreel replay --speed 100kpps, dgram', '?via=dgram', '--speed', '100kpps'),
  replayed('paced-sendmmsg', 'tickreel replay --speed 100kpps, sendmmsg', '', '--speed', '100kpps'),
];
