/** The cases of the wire bench that need two programs, or a day: receiving at a rate, and a BinaryFILE at any rate. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Report, runOf, type WireBench, type WireCase } from './wire-cases.js';

const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url));
/** Messages of the generated day, for each packet that the bench was told. */
const messagesPerPacket = 5;
/** A stage that is this near to the whole is what holds it up. */
const nearShare = 0.8;

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
    const replay = (to: string, speed: string): Report =>
      bench.tickreel([
        ...['replay', path, '--date', '2026-01-05', '--to', to, '--speed', speed, '--pack', 'mtu'],
        ...['--preload', '--report', '-'],
      ]);
    return {
      run: async () => {
        const whole = replay(`udp://127.0.0.1:${bench.port}`, '50Mmsg/s');
        const unsent = replay('null', '50Mmsg/s');
        const [reached, without] = [whole, unsent].map(({ rate }) => rate.messagesPerSecond as number);
        const share = (reached as number) / (without as number);
        const what = share > nearShare ? 'reading, packing and pacing' : 'sending';
        return { ...runOf(whole), limit: `${what} (${((without as number) / 1e6).toFixed(2)} M msg/s unsent)` };
      },
    };
  },
};

export const receiveCases: readonly WireCase[] = [received('300kpps'), received('500kpps'), day];
