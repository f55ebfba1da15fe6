/**
 * Raw Ethernet through the packet ring, `npm run bench:eth -- [bytes a frame …]`: frames into one end of a virtual
 * cable, in a network namespace of the bench's own, for half a second by turns with a loop in C that does the same.
 *
 * What the kernel does for each frame, up to receiving it at the other end, is most of the time, and the same in all
 * rows: the ratio to the C loop says what is lost to TypeScript. `counted` are the frames that arrived.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEthernetSink } from 'tickreel';
import { type Cable, layCable } from './cable.js';

const batchFrames = 128;
const memoryBytes = 1 << 20;
const defaultFrameBytes = [162, 1514];
const commandMs = 60_000;

export interface EthernetRun {
  sent: number;
  /** Frames that came out of the other end. */
  arrived: number;
  packetsPerSecond: number;
}

/** Best runs of each, of as many as were asked for; null where there is no C compiler. */
export interface EthernetBench {
  frameBytes: number;
  tickreel: EthernetRun;
  /** The same in C … */
  c: EthernetRun | null;
  /** … and as the kernel's documentation has it, without frames copied whole. */
  plainC: EthernetRun | null;
}

export interface EthernetBenchOptions {
  frameBytes: number;
  seconds: number;
  /** Runs of each, by turns; the best counts. */
  rounds: number;
}

/** Measures, or says why it cannot be done here. */
export async function measureEthernet(options: EthernetBenchOptions): Promise<EthernetBench | { reason: string }> {
  const cable = await layCable();
  if ('reason' in cable) return cable;
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-bench-'));
  try {
    const program = compile(folder);
    const { frameBytes, seconds, rounds } = options;
    const own = [process.execPath, fileURLToPath(import.meta.url), 'send'];
    const best: EthernetBench = { frameBytes, tickreel: none, c: null, plainC: null };
    for (let round = 0; round < rounds; round++) {
      best.tickreel = faster(best.tickreel, sent(cable, [...own, cable.near, `${seconds}`, `${frameBytes}`]));
      if (program === null) continue;
      const loop = [program, cable.near, `${seconds}`, `${frameBytes}`, `${batchFrames}`];
      best.c = faster(best.c ?? none, sent(cable, [...loop, '1']));
      best.plainC = faster(best.plainC ?? none, sent(cable, [...loop, '0']));
    }
    return best;
  } catch (error) {
    return { reason: (error as Error).message };
  } finally {
    cable.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const none: EthernetRun = { sent: 0, arrived: 0, packetsPerSecond: 0 };

function faster(one: EthernetRun, other: EthernetRun): EthernetRun {
  return other.packetsPerSecond > one.packetsPerSecond ? other : one;
}

/** The C loop as a program; null without a compiler. */
function compile(folder: string): string | null {
  const source = fileURLToPath(new URL('../../bench/ring-loop.c', import.meta.url));
  const program = join(folder, 'ring-loop');
  if (!existsSync(source)) return null;
  try {
    execFileSync('cc', ['-O2', '-o', program, source], { stdio: 'pipe', timeout: commandMs });
    return program;
  } catch {
    return null;
  }
}

/** Runs a command within the namespace that prints frames, seconds, and frames that it sent to warm up. */
function sent(cable: Cable, command: string[]): EthernetRun {
  const before = arrivedAt(cable);
  const [file, args] = cable.within(...(command as [string, ...string[]]));
  const printed = execFileSync(file, args, { encoding: 'utf8', timeout: commandMs });
  const [frames = 0, seconds = 1, warm = 0] = printed.trim().split(' ').map(Number);
  return { sent: frames + warm, arrived: arrivedAt(cable) - before, packetsPerSecond: frames / seconds };
}

/** Frames that the far end has received so far. */
function arrivedAt(cable: Cable): number {
  const [file, args] = cable.within('cat', '/proc/net/dev');
  const line = execFileSync(file, args, { encoding: 'utf8', timeout: commandMs })
    .split('\n')
    .find((each) => each.trim().startsWith(`${cable.far}:`));
  return Number(line?.trim().split(/[:\s]+/)[2] ?? Number.NaN);
}

/** Sends frames for so long, after a fifth of that to warm up. */
async function send(iface: string, seconds: number, frameBytes: number): Promise<void> {
  const sink = openEthernetSink({ iface, bypassQdisc: true });
  const frames = new DataView(new ArrayBuffer(memoryBytes));
  for (let at = 0; at + frameBytes <= memoryBytes; at += frameBytes) {
    // To a locally administered address, of the ethertype for experiments (IEEE 802 section 9.2.3).
    frames.setUint16(at, 0x0200);
    frames.setUint16(at + 6, 0x0200);
    frames.setUint16(at + 12, 0x88b5);
  }
  let at = 0;
  const sendFor = (forSeconds: number): [frames: number, seconds: number] => {
    const startMs = performance.now();
    let count = 0;
    let tookMs = 0;
    do {
      while (sink.room > 0) {
        sink.stage(frames, at, frameBytes);
        count++;
        at = at + 2 * frameBytes <= memoryBytes ? at + frameBytes : 0;
      }
      sink.flush();
      tookMs = performance.now() - startMs;
    } while (tookMs < forSeconds * 1000);
    return [count, tookMs / 1000];
  };
  const [warm] = sendFor(seconds / 5);
  const [count, took] = sendFor(seconds);
  await sink.close();
  const failed = [...sink.errors].map(([code, errors]) => `${errors} ${code}`);
  if (failed.length > 0) throw new Error(`sends failed: ${failed.join(', ')}`);
  process.stdout.write(`${count} ${took} ${warm}\n`);
}

/** The rows of a measurement as text. */
export function describeEthernet({ frameBytes, tickreel, c, plainC }: EthernetBench): string {
  const row = (name: string, run: EthernetRun | null): string[] => {
    if (run === null) return [`${name.padEnd(28)} not measured: no C compiler`];
    const rate = `${(run.packetsPerSecond / 1e6).toFixed(2)} M packets/s`;
    const bits = `${((run.packetsPerSecond * frameBytes * 8) / 1e9).toFixed(2)} Gbit/s`;
    const ratio =
      run === tickreel ? '' : `, tickreel at ${(tickreel.packetsPerSecond / run.packetsPerSecond).toFixed(2)}`;
    return [`${name.padEnd(28)} ${rate}, ${bits}, ${run.sent - run.arrived} of ${run.sent} lost${ratio}`];
  };
  return [
    `raw Ethernet over veth, ${frameBytes} bytes a frame:`,
    ...row('  tickreel', tickreel),
    ...row('  C, the same way', c),
    ...row('  C, frames not copied whole', plainC),
  ].join('\n');
}

async function main(words: readonly string[]): Promise<void> {
  const sizes = words.length > 0 ? words.map(Number) : defaultFrameBytes;
  for (const frameBytes of sizes) {
    const measured = await measureEthernet({ frameBytes, seconds: 0.5, rounds: 5 });
    console.log('reason' in measured ? `not measured: ${measured.reason}` : describeEthernet(measured));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [mode, iface = '', seconds, frameBytes] = process.argv.slice(2);
  if (mode === 'send') await send(iface, Number(seconds), Number(frameBytes));
  else await main(process.argv.slice(2));
}
