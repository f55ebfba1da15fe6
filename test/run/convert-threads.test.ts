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
import { noRestamp, type RestampSpec } from '../../src/run/restamp.js';
import { wounded, wounds } from '../analysis/threads-support.js';
import { itch, makeFlow, mold, pcapOf } from './support.js';

const fixture = (name: string): string => join('fixtures', name);
let directory = '';
/** Of the built library, for a thread is started from a file of it. */
let built: { Conversion: typeof Conversion };

beforeAll(async () => {
  await initHistograms();
  directory = mkdtempSync(join(tmpdir(), 'tickreel-convert-'));
  built = await import(new URL('../../dist/run/convert.js', import.meta.url).href);
}, 60_000);
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

/** By two threads: parts are given away before those in front of them were gone through. */
async function comparedWithTwo(input: string, options: ConvertOptions): Promise<void> {
  const alone = await converted(input, 'out.pcap', options, 0);
  const output = join(directory, 'out.pcap');
  const threads = { threads: 2, startBytes: 1, partBytes: 5000 };
  const conversion = await built.Conversion.open(convertSpecOf(input, output, options), () => {}, threads);
  const report = await conversion.run();
  expect(conversion.feed.input.threads.partsAhead).toBeGreaterThan(2);
  expect(readFileSync(output).toString('hex') === alone.bytes).toBe(true);
  expect(JSON.stringify(report)).toBe(alone.report);
}

/** Stamps that go by the first that is written. */
const late: readonly [string, RestampSpec][] = [
  ['start', { ...noRestamp, start: { kind: 'absolute', seconds: 10, nanoseconds: 7 } }],
  ['speed', { ...noRestamp, speed: 10 }],
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

  for (const [what, restamp] of late) {
    it(`the first datagram that is wanted stands behind the first part, with another ${what}`, async () => {
      const path = join(directory, 'late.pcap');
      const packets = Array.from({ length: 2000 }, (_, index) => ({
        atNs: index * 1e6,
        payload: mold(1 + index, [itch('S')]),
        flow: { ...makeFlow(), destination: index < 80 ? '239.0.0.1' : '239.0.0.2' },
      }));
      writeFileSync(path, pcapOf(packets));
      await comparedWithTwo(path, { restamp, filter: { ...noFilter, destinations: ['239.0.0.2'] } });
    }, 60_000);

    it(`the first message that is wanted stands behind the first part, with another ${what}`, async () => {
      const path = join(directory, 'late.NASDAQ_ITCH50');
      writeFileSync(path, gunzipSync(readFileSync(fixture('itch50-session.NASDAQ_ITCH50.gz'))));
      await comparedWithTwo(path, { restamp, filter: { ...noFilter, types: ['X'] } });
    }, 60_000);
  }

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
