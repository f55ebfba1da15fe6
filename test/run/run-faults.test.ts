/** Faults of whole runs, on this thread: the same whatever the rate and the target, and from the library. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultSpecOf, replay } from '../../src/index.js';
import { parseUdpTarget } from '../../src/run/target.js';
import { fixture, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const pcap = fixture('itch50-session.pcap');
const lineB = parseUdpTarget('udp://127.0.0.2:26478');

async function logOf(name: string, options: Parameters<typeof replay>[1]): Promise<string> {
  const logPath = join(folder, name);
  const texts = ['A: loss 2%; B: loss burst 3 2%; dup 1%; reorder 1-4 1%; delay normal 20us 9us 9%; corrupt 1%'];
  const faults = { ...(await faultSpecOf({ texts, seed: 'night' })), logPath };
  await replay(pcap, { ...options, faults, lineB });
  return readFileSync(logPath, 'utf8');
}

describe('a run with faults', () => {
  it('has the same at any rate and into any target', async () => {
    const file = await logOf('file.ndjson', { to: `pcap:${join(folder, 'file.pcap')}` });
    expect(file.split('\n').length).toBeGreaterThan(2000);
    expect(await logOf('fast.ndjson', { to: 'null', speed: '1Mpps' })).toBe(file);
    expect(await logOf('udp.ndjson', { to: 'udp://127.0.0.1:26477', speed: '100kpps' })).toBe(file);
    expect(await logOf('planned.ndjson', { dryRun: true, speed: '7kpps' })).toBe(file);
  });

  it('of several loops draws on, and counts every loop', async () => {
    const faults = await faultSpecOf({ texts: ['loss every 1000', 'dup packets 8611'] });
    const report = await replay(pcap, { dryRun: true, loops: 3, faults });
    expect(report.faults?.lines).toMatchObject([
      { in: { packets: 3 * 8610 }, lost: { packets: 25 }, duplicated: { packets: 1 } },
    ]);
    expect(report.packets).toBe(3 * 8610 - 25 + 1);
    expect(report.faults?.faults).toEqual([
      { fault: 'loss every 1000', seen: 3 * 8610, hit: 25 },
      { fault: 'dup packets 8611', seen: 3 * 8610, hit: 1 },
    ]);
  });

  it('hands what is left to a function', async () => {
    const faults = await faultSpecOf({ texts: ['loss all from 1s until 2s'] });
    let received = 0;
    const report = await replay(pcap, { onDatagram: () => received++, speed: '1000x', faults });
    expect(received).toBe(report.packets);
    expect(report.faults?.lines[0]).toMatchObject({ out: { packets: received }, lost: { packets: 8610 - received } });
    expect(received).toBeLessThan(8000);
  });

  it('that is cut short tells what was still held back', async () => {
    const faults = await faultSpecOf({ texts: ['delay 10ms'] });
    const report = await replay(pcap, { dryRun: true, limit: 100, faults });
    const [line] = report.faults?.lines ?? [];
    expect(report.packets).toBe(100);
    expect(line.out.packets).toBe(100);
    expect(line.held.packets).toBeGreaterThan(10);
    expect(line.in.packets).toBe(100 + line.held.packets);
  });
});
