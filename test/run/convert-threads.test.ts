/** What `convert` writes where parts are copied ahead of their turn is what it writes in one piece. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import { noFilter } from '../../src/replay/filter.js';
import { Conversion } from '../../src/run/convert.js';
import { type ConvertOptions, convertSpecOf } from '../../src/run/convert-spec.js';
import { parseRemapping } from '../../src/run/remap.js';
import { noRestamp } from '../../src/run/restamp.js';
import { wounded, wounds } from '../analysis/threads-support.js';

const fixture = (name: string): string => join('fixtures', name);
let directory = '';

beforeAll(async () => {
  await initHistograms();
  directory = mkdtempSync(join(tmpdir(), 'tickreel-convert-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The file that is written, as hexadecimal, the report, and how many parts were copied ahead; `partBytes` 0: in one piece. */
async function converted(input: string, output: string, options: ConvertOptions, partBytes: number) {
  const path = join(directory, output);
  const spec = convertSpecOf(input, path, options);
  const ahead = { threads: 1, readsAhead: true, startBytes: 1, partBytes };
  try {
    const conversion = await Conversion.open(spec, () => {}, partBytes === 0 ? { threads: 1 } : ahead);
    const report = await conversion.run();
    const bytes = report.bytes > 0 ? readFileSync(path).toString('hex') : '';
    return { bytes, report: JSON.stringify(report), ahead: conversion.feed.input.threads.partsAhead };
  } catch (error) {
    return { bytes: '', report: (error as Error).message, ahead: 0 };
  }
}

async function compared(input: string, output: string, options: ConvertOptions, partBytes: number): Promise<number> {
  const alone = await converted(input, output, options, 0);
  const { ahead, ...inParts } = await converted(input, output, options, partBytes);
  expect(inParts.bytes === alone.bytes).toBe(true);
  expect(inParts.report).toBe(alone.report);
  return ahead;
}

const fixtures = ['itch50-session.pcap', 'itch50-gaps.pcap', 'mdp3-session.pcap', 'itch50-session.NASDAQ_ITCH50.gz'];

const choices: readonly [string, ConvertOptions][] = [
  ['pcap', {}],
  ['pcapng', { remapDestinations: [parseRemapping('239.1.2.3:1000')] }],
  ['pcap', { restamp: { ...noRestamp, shiftNs: 1_500_000_000, speed: 3 } }],
  ['pcap', { restamp: { ...noRestamp, start: { kind: 'absolute', seconds: 10, nanoseconds: 7 } } }],
  ['pcap', { filter: { ...noFilter, destinations: ['239.255.42.1'] } }],
  ['pcap', { filter: { ...noFilter, types: ['A'] } }],
  ['pcap', { framing: 'moldudp64', resequence: 5_000_000_000 }],
  ['pcapng', { framing: 'moldudp64', mtu: 300, sessionName: 'OTHER' }],
  ['pcap', { restamp: { ...noRestamp, exchange: true } }],
  ['pcap', { filter: { ...noFilter, types: ['A', 'P'] }, keepSequence: true }],
  ['pcap', { pack: 'mtu' }],
  ['itch', {}],
  ['itch', { filter: { ...noFilter, types: ['A', 'F'] } }],
  ['pcap', { from: { kind: 'timeOfDay', ns: 34_200_000_500_000 } }],
];

describe('in parts as in one piece', () => {
  for (const name of fixtures) {
    it(`convert ${name}`, async () => {
      for (const [extension, options] of choices) {
        for (const bytes of [3000, 20_000]) await compared(fixture(name), `out.${extension}`, options, bytes);
      }
      expect(await compared(fixture(name), 'out.pcap', {}, 5000)).toBeGreaterThan(3);
    });
  }

  it('messages into a BinaryFILE, most of them ahead', async () => {
    expect(await compared(fixture('itch50-session.pcap'), 'out.itch', {}, 5000)).toBeGreaterThan(50);
  });

  for (const [output, options] of [
    ['out.pcap', {}],
    ['out.pcap', { allowTruncated: true, framing: 'moldudp64' }],
    ['out.itch', {}],
  ] as [string, ConvertOptions][]) {
    it(`damaged and hostile bytes into ${output} ${JSON.stringify(options)}`, async () => {
      for (const name of ['itch50-session.pcap', 'itch50-session.NASDAQ_ITCH50.gz']) {
        const stored = readFileSync(fixture(name));
        const whole = (name.endsWith('.gz') ? gunzipSync(stored) : stored).subarray(0, 60_000);
        const path = join(directory, 'wounded');
        let ahead = 0;
        await fc.assert(
          fc.asyncProperty(wounds, fc.integer({ min: 500, max: 12_000 }), async (list, bytes) => {
            writeFileSync(path, wounded(whole, list));
            ahead += await compared(path, output, options, bytes);
          }),
          { numRuns: 10 },
        );
        expect(ahead).toBeGreaterThan(0);
      }
    });
  }
});
