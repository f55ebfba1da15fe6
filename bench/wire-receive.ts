/** The cases of the wire bench that need two programs, or a day: receiving at a rate, and a BinaryFILE at any rate. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BinaryFileReader, type Flow, itch50, MoldUDP64Packer } from 'tickreel';
import { type Report, runOf, type WireBench, type WireCase } from './wire-cases.js';

const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url));
/** Messages of the generated day, for each packet that the bench was told. */
const messagesPerPacket = 5;
const packingPasses = 5;
/** As a file is read. */
const chunkBytes = 1 << 20;

/** `listen` decodes while `replay` sends, each a process of its own. */
function received(rate: string): WireCase {
  return {
    name: `listen-${rate}`,
    about: `tickreel listen decodes what tickreel replay sends at ${rate}; lost is what did not arrive`,
    open: async (bench) => ({
      run: async () => {
        const port = await freePort();
        const listener = spawn(process.execPath, [cli, 'listen', `udp://127.0.0.1:${port}`, '--json', '--idle', '1s'], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const heard = textOf(listener.stdout);
        await firstLine(listener.stderr);
        const sent = await replayTo(bench, port, rate);
        const report: Report = JSON.parse(await heard);
        const { packets, rate: reached, path, messages } = report;
        return {
          packets: packets.total,
          bytes: packets.bytes,
          seconds: packets.total / reached.packetsPerSecond,
          messages: messages.total,
          lost: sent.packets - packets.total,
          path,
        };
      },
    }),
  };
}

/** Beside this process, which must go on reading what the listener says. */
async function replayTo(bench: WireBench, port: number, rate: string): Promise<Report> {
  const to = `udp://127.0.0.1:${port}`;
  const args = [cli, 'replay', bench.capture, '--to', to, '--speed', rate, '--preload', '--report', '-'];
  const sender = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(await textOf(sender.stdout));
}

function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.once('end', () => resolve(text)).once('error', reject);
  });
}

function firstLine(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
      if (text.includes('listening on')) resolve();
    });
  });
}

/** A port that is free on both protocols, most likely. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The flow of the packets that are made of the day. */
const dayFlow: Flow = {
  index: 0,
  transport: 'UDP',
  source: '127.0.0.1',
  sourcePort: 1,
  destination: '127.0.0.1',
  destinationPort: 2,
  name: 'day',
};

/** Nanoseconds a message that reading and packing take by themselves, from memory: the best of some passes. */
function packingNs(path: string): number {
  const bytes = readFileSync(path);
  let best = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < packingPasses; pass++) {
    const reader = new BinaryFileReader({
      midnightSeconds: 0,
      timestampOf: itch50.timestampOf,
      lengthOf: itch50.lengthOf,
    });
    const packer = new MoldUDP64Packer(reader, { session: 'DAY', mtu: 1500, pack: 'mtu', flow: dayFlow });
    const start = performance.now();
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      packer.push(bytes.subarray(at, at + chunkBytes));
      while (packer.next());
    }
    packer.end();
    while (packer.next());
    best = Math.min(best, ((performance.now() - start) * 1e6) / packer.messages);
  }
  return best;
}

/** The same for a loop in C that hands datagrams of such a size to the kernel, one a message; null without a compiler. */
function kernelNs({ program, port }: WireBench, { packets, bytes, messages }: Report): number | null {
  if (typeof program !== 'string') return null;
  const args = [port, Math.round(bytes / packets), packets, 1, 'connect'].map(String);
  return (Number(execFileSync(program, args, { encoding: 'utf8' })) * 1e9) / messages;
}

/** A generated session through every stage, asked for at more than any machine does: what was reached, what holds it. */
const day: WireCase = {
  name: 'day-50M',
  about: 'a generated BinaryFILE, --pack mtu, trains, 50 M messages a second asked for; and what limits it',
  async open(bench) {
    const path = join(bench.folder, 'day.NASDAQ_ITCH50');
    if (!existsSync(path)) {
      const messages = String(bench.packets * messagesPerPacket);
      execFileSync(process.execPath, [cli, 'generate', '-o', path, '--messages', messages], { stdio: 'ignore' });
    }
    const replay = (to: string): Report =>
      bench.tickreel([
        ...['replay', path, '--date', '2026-01-05', '--to', to, '--speed', '50Mmsg/s', '--pack', 'mtu'],
        ...['--preload', '--report', '-'],
      ]);
    return {
      run: async () => {
        const whole = replay(`udp://127.0.0.1:${bench.port}`);
        const unsent = replay('null');
        const [wholeNs, unsentNs] = [whole, unsent].map(({ rate }) => 1e9 / rate.messagesPerSecond) as [number, number];
        const packing = packingNs(path);
        const inC = kernelNs(bench, whole);
        const stages: [name: string, ns: number][] = [
          ['reading and packing', packing],
          ['pacing and counting', Math.max(0, unsentNs - packing)],
          ['sending', Math.max(0, wholeNs - unsentNs)],
        ];
        const [slowest] = stages.toSorted(([, a], [, b]) => b - a) as [[string, number]];
        const parts = stages.map(([name, ns]) => `${name} ${ns.toFixed(1)}`).join(', ');
        const floor = inC === null ? '' : ` (C's sendmmsg of such datagrams alone: ${inC.toFixed(1)})`;
        return { ...runOf(whole), limit: `${slowest[0]}; ns a message: ${parts}${floor}` };
      },
    };
  },
};

export const receiveCases: readonly WireCase[] = [received('300kpps'), received('500kpps'), day];
