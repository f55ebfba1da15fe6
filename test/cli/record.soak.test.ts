/** 300 000 packets a second for five seconds over loopback, into a recorder that must account for each, and miss none. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, freePort, lines, run, start, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const packetsPerSecond = 300_000;
const packets = 5 * packetsPerSecond;
const attempts = 4;
/** A sender that was itself held up for so long, or had not reached its rate, shows nothing of the recorder. */
const heldUpNs = 20e6;
const reachedShare = 0.98;
/** The sender ends then, with however many packets. */
const within = '8s';
/** What a kernel gives to whoever asks for it; with less the buffer is not what is tested. */
const bufferBytes = `${32 << 20}`;

interface Recorded {
  packets: { total: number; written: number; missed: number; unwritten: number };
  kernelDrops: number;
  interfaces: { path: string; receiveBuffer: { grantedBytes: number } }[];
  memory: { mostWaitingBytes: number };
  sessions: { messages: number; missing: number; duplicates: number }[];
}

interface Sent {
  packets: number;
  messages: number;
  rate: { packetsPerSecond: number };
  late: { maxNs: number };
}

/** One run, whose counts and file must agree whatever was lost. */
async function replayAndRecord(query = ''): Promise<{ sent: Sent; kept: Recorded; isLossless: boolean }> {
  const output = join(folder, 'feed.pcapng');
  const address = `udp://127.0.0.1:${await freePort()}`;
  const flags = ['-o', output, '--json', '--idle', '2s', '--force', '--buffer', bufferBytes];
  const recorder = start(['record', `${address}${query}`, ...flags]);
  await new Promise<void>((resolve) =>
    recorder.child.stderr?.on('data', (text: string) => {
      if (text.includes('recording')) resolve();
    }),
  );
  const long = ['--loop', '0', '--loop-sequence', 'continue', '--limit', `${packets}`, '--duration', within];
  const how = ['--speed', `${packetsPerSecond}pps`, ...long, '--report', '-'];
  const played = await run(['replay', fixture('itch50-session.pcap'), '--to', address, ...how]);
  const finished = await recorder.finished;
  expect([played.code, finished.code], played.stderr + finished.stderr).toEqual([0, 0]);
  const sent = JSON.parse(played.stdout) as Sent;
  const kept = lines<Recorded>(finished.stdout)[0] as Recorded;
  const [{ path, receiveBuffer }] = kept.interfaces as [Recorded['interfaces'][0]];
  const [session] = kept.sessions as [Recorded['sessions'][0]];
  process.stdout.write(
    `record: ${kept.packets.total} of ${sent.packets} packets by ${path}, ${sent.rate.packetsPerSecond.toFixed(0)} pps, ` +
      `kernel drops ${kept.kernelDrops}, most memory waiting ${kept.memory.mostWaitingBytes >> 20} MiB, ` +
      `buffer ${receiveBuffer.grantedBytes >> 20} MiB, longest lag of the sender ${sent.late.maxNs / 1e6} ms\n`,
  );
  expect(kept.packets).toEqual({ ...kept.packets, written: kept.packets.total, missed: 0, unwritten: 0 });
  // A train that is dropped counts as one.
  const accounted = kept.packets.total + kept.kernelDrops;
  if (query === '?gro=on' && kept.kernelDrops > 0) expect(accounted).toBeLessThanOrEqual(sent.packets);
  else expect(accounted).toBe(sent.packets);
  expect(session.messages + session.missing).toBeLessThanOrEqual(sent.messages);
  const inspected = JSON.parse((await run(['inspect', output, '--json'])).stdout) as Recorded;
  expect([inspected.packets.total, inspected.sessions[0]]).toMatchObject([
    kept.packets.total,
    { messages: session.messages, missing: session.missing, duplicates: 0 },
  ]);
  rmSync(output);
  return { sent, kept, isLossless: kept.packets.total === sent.packets && session.missing === 0 };
}

describe('record', () => {
  it('300 kpps for 5 s loses nothing', async () => {
    let isShown = false;
    let wasHeldUp = true;
    for (let attempt = 0; attempt < attempts && !isShown; attempt++) {
      const { sent, isLossless } = await replayAndRecord();
      const isAtRate = sent.packets === packets && sent.rate.packetsPerSecond > reachedShare * packetsPerSecond;
      isShown = isLossless && isAtRate;
      wasHeldUp &&= !isAtRate || sent.late.maxNs > heldUpNs;
    }
    if (!isShown && wasHeldUp) process.stdout.write('record: this machine was too busy in every attempt to tell\n');
    else expect(isShown).toBe(true);
  });

  it('of trains, 300 kpps for 5 s loses nothing, and the order is the sent one', async () => {
    let isShown = false;
    let wasHeldUp = true;
    for (let attempt = 0; attempt < attempts && !isShown; attempt++) {
      const { sent, kept, isLossless } = await replayAndRecord('?gro=on');
      expect(kept.interfaces[0]?.path).toMatch(/^recvmmsg/);
      const isAtRate = sent.packets === packets && sent.rate.packetsPerSecond > reachedShare * packetsPerSecond;
      isShown = isLossless && isAtRate;
      wasHeldUp &&= !isAtRate || sent.late.maxNs > heldUpNs;
    }
    if (!isShown && wasHeldUp) process.stdout.write('record: this machine was too busy in every attempt to tell\n');
    else expect(isShown).toBe(true);
  });

  it("Node's own sockets say what they miss at that rate", async () => {
    const { kept } = await replayAndRecord('?via=dgram');
    expect(kept.interfaces[0]?.path).toBe('dgram');
  });
});
