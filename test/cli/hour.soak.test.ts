/**
 * An hour of a session, sixty times as fast, from a replay to a listener and a recorder at once: memory does not grow,
 * time does not drift, and the counts of all three add up exactly, whatever the machine made them lose.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, lines, type Running, run, start, temporaryFolder } from '../support/cli.js';
import { medianBetween, watchMemory } from '../support/processes.js';

const folder = temporaryFolder();
const messages = 900_000;
const hourSeconds = 3600;
const speedup = 60;
/** What the collector of garbage leaves lying about differs by so much from one moment to another. */
const growthBytes = 24e6;
const endWithinSeconds = 0.02;
const withinMs = 240_000;

interface Session {
  session: string;
  messages: number;
  missing: number;
  duplicates: number;
  outOfOrder: number;
}

interface Received {
  packets: { total: number; bytes: number };
  messages: { total: number };
  kernelDrops: number | null;
  sessions: Session[];
}

interface Recorded extends Received {
  packets: Received['packets'] & { written: number; missed: number; unwritten: number };
  files: { file: string; packets: number }[];
}

interface Sent {
  packets: number;
  bytes: number;
  messages: number;
  seconds: number;
  late: { maxNs: number };
  histograms: { sendLateness: { p50: number } };
  sendErrors: Record<string, number>;
}

function untilSays({ child }: Running, text: string): Promise<void> {
  return new Promise((resolve) =>
    child.stderr?.on('data', (chunk: string) => {
      if (chunk.includes(text)) resolve();
    }),
  );
}

describe('an hour', () => {
  it('goes by without growth, drift or a packet unaccounted for', async () => {
    const capture = join(folder, 'hour.pcap');
    const made = ['--messages', `${messages}`, '--symbols', '50', '--duration', '1h', '--seed', '60'];
    const generated = await run(['generate', '-o', capture, ...made]);
    expect(generated.code, generated.stderr).toBe(0);
    const address = `udp://239.255.77.60:${await freePort()}?iface=127.0.0.1`;
    const output = join(folder, 'hour.pcapng');
    const listener = start(['listen', address, '--json', '--idle', '5s'], undefined, withinMs);
    const flags = ['-o', output, '--json', '--idle', '5s', '--rotate-size', '20MB'];
    const recorder = start(['record', address, ...flags], undefined, withinMs);
    await Promise.all([untilSays(listener, 'listening'), untilSays(recorder, 'recording')]);
    const report = join(folder, 'sent.json');
    // Of a train that is dropped the kernel counts one.
    const how = ['--to', `${address}&gso=off`, '--speed', `${speedup}x`, '--report', report];
    const replay = start(['replay', capture, ...how], undefined, withinMs);
    const memory = [replay, listener, recorder].map(({ child }) => watchMemory(child));
    const [played, heard, recorded] = await Promise.all([replay.finished, listener.finished, recorder.finished]);
    expect([played.code, heard.code, recorded.code], played.stderr + heard.stderr + recorded.stderr).toEqual([0, 0, 0]);
    const sent = JSON.parse(readFileSync(report, 'utf8')) as Sent;
    const [listened] = lines<Received>(heard.stdout) as [Received];
    const [kept] = lines<Recorded>(recorded.stdout) as [Recorded];

    const lateSeconds = sent.seconds - hourSeconds / speedup;
    const growth = memory.map(({ samplesBytes }) => {
      const early = medianBetween(samplesBytes, 0.15, 0.4);
      return medianBetween(samplesBytes, 0.75, 1) - early;
    });
    process.stdout.write(
      `hour: ${sent.packets} packets in ${sent.seconds.toFixed(6)} s, ${(lateSeconds * 1e3).toFixed(3)} ms late at the ` +
        `end, longest lag ${(sent.late.maxNs / 1e6).toFixed(1)} ms; kernel drops ${listened.kernelDrops} and ` +
        `${kept.kernelDrops}; memory grew by ${growth.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ')} MB\n`,
    );
    expect([sent.messages, sent.sendErrors]).toEqual([messages, {}]);
    for (const { packets, messages: got, kernelDrops, sessions } of [listened, kept]) {
      expect(packets.total + (kernelDrops ?? 0)).toBe(sent.packets);
      const [session] = sessions as [Session];
      expect(sessions).toMatchObject([{ session: 'TICKREEL01', duplicates: 0, outOfOrder: 0 }]);
      expect(session.messages).toBe(got.total);
      // What was lost at the very end no later packet reveals.
      expect(session.messages + session.missing).toBeLessThanOrEqual(messages);
      if (kernelDrops === 0) {
        expect([packets.bytes, session.messages, session.missing]).toEqual([sent.bytes, messages, 0]);
      }
    }
    expect([kept.packets.written, kept.packets.missed, kept.packets.unwritten]).toEqual([kept.packets.total, 0, 0]);
    expect(kept.files.reduce((sum, { packets }) => sum + packets, 0)).toBe(kept.packets.total);
    const inspected = await run(['inspect', ...kept.files.map(({ file }) => file), '--json']);
    const read = JSON.parse(inspected.stdout) as Received;
    expect([read.packets.total, read.messages.total]).toEqual([kept.packets.total, kept.messages.total]);

    for (const bytes of growth) expect(bytes).toBeLessThan(growthBytes);
    expect(lateSeconds).toBeGreaterThan(-endWithinSeconds);
    // Where the machine was taken away at the very end, the last packet is as late as any was; drift would add up.
    expect(lateSeconds).toBeLessThan(Math.max(endWithinSeconds, sent.late.maxNs / 1e9));
  });
});
