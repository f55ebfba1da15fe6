/** What is read in parts, ahead of their turn, is what one thread reads: reports, lines, counts and damage. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import { parseWhen } from '../../src/core/time.js';
import { noFilter } from '../../src/replay/filter.js';
import { CaptureWindow } from '../../src/replay/window.js';
import { itch, makeFlow, mold, type Packet, pcapOf } from '../run/support.js';
import { decoded, inspected, repeated, wounded, wounds } from './threads-support.js';

const fixtures = ['itch50-session.pcap', 'itch50-gaps.pcap', 'mdp3-session.pcap', 'itch50-session.NASDAQ_ITCH50.gz'];
const fixture = (name: string): string => join('fixtures', name);
let directory = '';

beforeAll(async () => {
  await initHistograms();
  directory = mkdtempSync(join(tmpdir(), 'tickreel-threads-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('in parts as in one piece', () => {
  for (const name of fixtures) {
    it(`inspect ${name}`, async () => {
      const alone = await inspected(fixture(name), 0);
      for (const bytes of [2500, 12_000]) {
        const parts = await inspected(fixture(name), bytes);
        expect(parts.report).toBe(alone.report);
        expect(parts.threads.partsAhead).toBeGreaterThan(0);
      }
    });

    it(`decode ${name}`, async () => {
      for (const format of ['ndjson', 'csv', 'table'] as const) {
        const alone = await decoded(fixture(name), 0, format);
        const parts = await decoded(fixture(name), 20_000, format);
        expect(parts.text).toBe(alone.text);
        expect(parts.rest).toBe(alone.rest);
      }
    });
  }

  it('a packet far from all others takes the time of the one before it, whoever read that', async () => {
    const path = join(directory, 'far.pcap');
    const bytes = Buffer.from(readFileSync(fixture('itch50-session.pcap')));
    let place = 24;
    for (let packet = 0; packet < 1000; packet++) {
      // Some of them are the first of a part.
      if (packet > 0 && packet % 50 === 0) bytes.writeUInt32LE(bytes.readUInt32LE(place) + 200 * 86_400, place);
      place += 16 + bytes.readUInt32LE(place + 8);
    }
    writeFileSync(path, bytes.subarray(0, place));
    for (const filter of [noFilter, { ...noFilter, destinations: ['239.255.42.1'] }]) {
      const alone = await inspected(path, 0, filter);
      const parts = await inspected(path, 300, filter);
      expect(parts.threads.partsAhead).toBeGreaterThan(100);
      expect(parts.report).toBe(alone.report);
    }
  });

  it('with filters', async () => {
    const filters = [
      { ...noFilter, types: ['A', 'E'] },
      { ...noFilter, locates: [3, 7] },
      { ...noFilter, sessions: ['NOBODY'] },
      { ...noFilter, destinations: ['239.255.42.1'] },
    ];
    for (const filter of filters) {
      const alone = await inspected(fixture('itch50-session.pcap'), 0, filter);
      expect((await inspected(fixture('itch50-session.pcap'), 9000, filter)).report).toBe(alone.report);
      const lines = await decoded(fixture('itch50-session.pcap'), 0, 'ndjson', filter);
      const inParts = await decoded(fixture('itch50-session.pcap'), 9000, 'ndjson', filter);
      expect([inParts.text, inParts.rest]).toEqual([lines.text, lines.rest]);
    }
  });
});

describe('parts of which filters leave nothing', () => {
  const rare = makeFlow(1, 9);
  const packets: Packet[] = Array.from({ length: 3000 }, (_, index) => ({
    atNs: index * 1000,
    payload: mold(1 + index, [itch('A', index), itch('D', index)]),
    ...(index % 1000 === 900 ? { flow: rare } : {}),
  }));

  it('are no reason to go on with one thread, and change nothing', async () => {
    const path = join(directory, 'rare.pcap');
    writeFileSync(path, pcapOf(packets));
    const filter = { ...noFilter, destinations: [`:${rare.destinationPort}`] };
    const alone = await inspected(path, 0, filter);
    const { report, threads } = await inspected(path, 2000, filter);
    expect(report).toBe(alone.report);
    expect(JSON.parse(report).messages.total).toBe(6);
    expect(threads.reason).toBeNull();
    expect(threads.partsAhead).toBeGreaterThan(100);
    const lines = await decoded(path, 0, 'ndjson', filter);
    const inParts = await decoded(path, 2000, 'ndjson', filter);
    expect([inParts.text, inParts.rest]).toEqual([lines.text, lines.rest]);
  });
});

describe('parts without any datagram', () => {
  it('before the first stream leave it as it is told', async () => {
    const bytes = readFileSync(fixture('mdp3-session.pcap'));
    const out = [bytes.subarray(0, 24)];
    let at = 24;
    for (let packet = 0; at < bytes.length; packet++) {
      const record = Buffer.from(bytes.subarray(at, at + 16 + bytes.readUInt32LE(at + 8)));
      at += record.length;
      if (packet === 0) {
        const arp = Buffer.from(record);
        arp.writeUInt16BE(0x0806, 16 + 12);
        out.push(...Array.from({ length: 400 }, () => arp));
      }
      // Of most packets the first message is of a template that nobody knows.
      if (packet > 0 && packet % 4 !== 0 && record.length > 16 + 42 + 24) record.writeUInt16LE(9999, 16 + 42 + 12 + 4);
      out.push(record);
    }
    const path = join(directory, 'arp.pcap');
    writeFileSync(path, Buffer.concat(out));
    const alone = await inspected(path, 0);
    const { report, threads } = await inspected(path, 3000);
    expect(report).toBe(alone.report);
    expect(threads.partsAhead).toBeGreaterThan(10);
    expect(JSON.parse(report).messages.unknownLayout).toBeGreaterThan(100);
  });
});

describe('in a window', () => {
  // The run ends far behind it and within a part, of which no more is counted than was delivered.
  for (const partBytes of [50_000, 300_000]) {
    it(`in parts of ${partBytes} bytes`, async () => {
      const path = join(directory, 'three-sessions.pcap');
      writeFileSync(path, repeated(readFileSync(fixture('itch50-session.pcap')), 3));
      for (const span of [{ until: parseWhen('+1500ms') }, { from: parseWhen('+1s'), until: parseWhen('+1700ms') }]) {
        const alone = await inspected(path, 0, noFilter, new CaptureWindow(span));
        const parts = await inspected(path, partBytes, noFilter, new CaptureWindow(span));
        expect(parts.report).toBe(alone.report);
        expect(parts.threads.partsAhead).toBeGreaterThan(0);
      }
    });
  }
});

describe('damaged and hostile bytes', () => {
  for (const name of fixtures) {
    it(`of ${name}`, async () => {
      const stored = readFileSync(fixture(name));
      const whole = (name.endsWith('.gz') ? gunzipSync(stored) : stored).subarray(0, 60_000);
      const path = join(directory, `${name}.wounded`);
      let ahead = 0;
      await fc.assert(
        fc.asyncProperty(wounds, fc.integer({ min: 500, max: 12_000 }), async (list, partBytes) => {
          writeFileSync(path, wounded(whole, list));
          const read = async (bytes: number) => {
            try {
              const { text, rest, threads } = await decoded(path, bytes);
              ahead += threads.partsAhead;
              return [text, rest, (await inspected(path, bytes)).report];
            } catch (error) {
              return [(error as Error).message];
            }
          };
          expect(await read(partBytes)).toEqual(await read(0));
        }),
        { numRuns: 8 },
      );
      expect(ahead).toBeGreaterThan(0);
    });
  }
});
