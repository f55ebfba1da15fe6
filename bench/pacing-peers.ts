/**
 * Others that send by the clock, to be measured beside tickreel: a spin loop in C, which the bench compiles, tcpreplay
 * and udpreplay where they are installed. Each sends to a receiver of the bench's own.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bestBusyPollUs, openUdpReceiver } from 'tickreel';
import { type Measured, measuredOf } from './pacing-figures.js';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const source = fileURLToPath(new URL('../../bench/pacing-spin.c', import.meta.url));
const bufferBytes = 32 << 20;
const quietMs = 200;
/** As long as the datagrams of small messages are. */
const payloadBytes = 120;
const nsPerSecond = 1_000_000_000n;

/** The C spin loop's program, or why there is none. */
export function compileSpin(folder: string): { program: string } | { reason: string } {
  const program = join(folder, 'pacing-spin');
  const compiled = spawnSync('cc', ['-O2', '-o', program, source], { encoding: 'utf8' });
  if (compiled.error) return { reason: 'there is no C compiler (cc)' };
  return compiled.status === 0 ? { program } : { reason: `cc: ${compiled.stderr.split('\n', 1)[0]}` };
}

/** Sends at these offsets (ns) from C, on one processor where `cpu` says so, and compares with the stamps of receipt. */
export async function measureSpin(
  program: string,
  folder: string,
  offsetsNs: Float64Array,
  cpu: number | null,
): Promise<Measured> {
  const [schedule, result] = [join(folder, 'schedule'), join(folder, 'result')];
  writeFileSync(
    schedule,
    BigInt64Array.from(offsetsNs, (ns) => BigInt(ns)),
  );
  const arrived = new Map<number, Stamp>();
  const receiver = await openReceiver((view, offset, stamp) => arrived.set(view.getUint32(offset, true), stamp));
  try {
    const own = cpu === null ? [] : [String(cpu)];
    await run(program, [String(receiver.port), String(payloadBytes), schedule, result, ...own]);
    await new Promise((resolve) => setTimeout(resolve, quietMs));
  } finally {
    await receiver.close();
  }
  const bytes = readFileSync(result);
  const [ahead, origin, ...starts] = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const zero = (ahead as bigint) + (origin as bigint);
  const stamps = Float64Array.from(offsetsNs, (_, index) => sinceNs(arrived.get(index), zero));
  return measuredOf(
    offsetsNs,
    Float64Array.from(starts, (start) => Number(start - (origin as bigint))),
    stamps,
  );
}

/** When a datagram was received, since the epoch. */
interface Stamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

function sinceNs(stamp: Stamp | undefined, zeroNs: bigint): number {
  if (stamp === undefined) return Number.NaN;
  return Number(BigInt(stamp.seconds) * nsPerSecond + BigInt(stamp.nanoseconds) - zeroNs);
}

/**
 * Programs that play a capture at its own timing. What writes whole frames to the loopback interface reaches its
 * multicast group: frames to 127.0.0.1 that the kernel has not routed itself it takes for forged.
 */
const players: Readonly<Record<string, { arguments(path: string): string[]; host: string; source: string }>> = {
  tcpreplay: {
    arguments: (path) => ['--intf1', 'lo', path],
    host: '239.255.42.99',
    source: '192.0.2.1:26400',
  },
  udpreplay: { arguments: (path) => [path], host: '127.0.0.1', source: '127.0.0.1:26400' },
};

/** The installed of them, and why the others are not measured. */
export function findPlayers(): { name: string; reason: string | null }[] {
  return Object.keys(players).map((name) => {
    const isThere = spawnSync(name, ['--version']).error === undefined;
    return { name, reason: isThere ? null : 'is not installed' };
  });
}

/** Plays a capture with another program; lateness counts from the first receipt, for nothing else is known of it. */
export async function measurePlayer(
  name: string,
  folder: string,
  capture: string,
  offsetsNs: Float64Array,
): Promise<Measured> {
  const stamps: Stamp[] = [];
  const player = players[name] as (typeof players)[string];
  const receiver = await openReceiver((_view, _offset, stamp) => stamps.push(stamp), player.host);
  try {
    const path = join(folder, 'addressed.pcap');
    const remap = ['--remap-destination', `${player.host}:${receiver.port}`, '--remap-source', player.source];
    execFileSync(process.execPath, [main, 'convert', capture, '-o', path, ...remap], { stdio: 'ignore' });
    writeFileSync(path, withoutMacs(readFileSync(path)));
    await run(name, player.arguments(path));
    await new Promise((resolve) => setTimeout(resolve, quietMs));
  } finally {
    await receiver.close();
  }
  const zeroNs = BigInt(stamps[0]?.seconds ?? 0) * nsPerSecond + BigInt(stamps[0]?.nanoseconds ?? 0);
  return measuredOf(
    offsetsNs,
    null,
    Float64Array.from(offsetsNs, (_, index) => sinceNs(stamps[index], zeroNs)),
  );
}

/** The loopback interface takes no frame for its own but one to the address that it has: zeros. */
function withoutMacs(pcap: Buffer): Buffer {
  const fileHeader = 24;
  const recordHeader = 16;
  const macs = 12;
  for (let at = fileHeader; at + recordHeader <= pcap.length; ) {
    const length = pcap.readUInt32LE(at + 8);
    at += recordHeader;
    pcap.fill(0, at, at + macs);
    at += length;
  }
  return pcap;
}

/** Without stamps of the kernel's the time of day has to do, in whole milliseconds. */
function openReceiver(onDatagram: (view: DataView, offset: number, stamp: Stamp) => void, host = '127.0.0.1') {
  return openUdpReceiver(
    {
      host,
      port: 0,
      iface: host === '127.0.0.1' ? null : '127.0.0.1',
      bufferBytes,
      busyPollUs: bestBusyPollUs('auto'),
    },
    (view, offset, _length, _from, seconds, nanoseconds) => {
      const nowMs = Date.now();
      const now = { seconds: Math.floor(nowMs / 1000), nanoseconds: (nowMs % 1000) * 1e6 };
      onDatagram(view, offset, seconds === 0 ? now : { seconds, nanoseconds });
    },
  );
}
