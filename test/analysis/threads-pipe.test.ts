/** A pipe that is read in parts: nothing is lost where parts end, and nothing is kept waiting for what may never come. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import type { StageSpec } from '../../src/analysis/threads/part.js';
import { ThreadedFile } from '../../src/analysis/threads/threaded-file.js';
import { initHistograms } from '../../src/core/histogram.js';
import type { Damage } from '../../src/core/seams.js';
import { openCapture } from '../../src/io/open-capture.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { noFilter } from '../../src/replay/filter.js';

const pcap = readFileSync(join('fixtures', 'itch50-session.pcap'));
const messages = gunzipSync(readFileSync(join('fixtures', 'itch50-session.NASDAQ_ITCH50.gz')));
const datagrams: StageSpec = { kind: 'none' };
const counted: StageSpec = { kind: 'count', filter: noFilter };

beforeAll(initHistograms);

/** Reads a pipe, by the file's own reader alone where `startBytes` is endless. */
async function openPipe(stdin: PassThrough, stage: StageSpec, startBytes: number, partBytes: number) {
  const damages: Damage[] = [];
  const { lengthOf, timestampOf } = itch50;
  const onDamage = (damage: Damage) => damages.push(damage);
  const file = await openCapture('-', { lengthOf, timestampOf, onDamage, stdin, isCut: true });
  const setup = { format: file.format, spec: inputSpecOf('-'), midnightSeconds: 0, stage };
  const options = { threads: 1, readsAhead: true, startBytes, partBytes, stage };
  return { threaded: new ThreadedFile(file, setup, options, onDamage), damages };
}

/** Where records lie that are read of pieces, each of which comes when the one before it has long been used up. */
async function readPieces(pieces: readonly Uint8Array[], startBytes: number, stage: StageSpec = datagrams) {
  const stdin = new PassThrough();
  const write = async () => {
    for (const piece of pieces) {
      stdin.write(piece);
      await sleep(60);
    }
    stdin.end();
  };
  const written = write();
  const { threaded, damages } = await openPipe(stdin, stage, startBytes, 30_000);
  const places: number[] = [];
  const { reader } = threaded;
  for (;;) {
    while (reader.next()) places.push(reader.fileOffset);
    if (reader.done) break;
    await threaded.fill();
  }
  await written;
  await threaded.close();
  return { places, damages, report: threaded.report };
}

/** The bound of the first record that begins at `least` or later. */
function boundFrom(least: number): number {
  let at = 0;
  while (at < least) at += 2 + messages.readUInt16BE(at);
  return at;
}

describe('a pipe in parts', () => {
  it('loses no chunk where bytes are no records', async () => {
    const zero = boundFrom(69_600);
    const wounded = Buffer.concat([messages.subarray(0, zero), Buffer.alloc(2), messages.subarray(zero)]);
    const bounds = [0, 70_000, 90_000, 110_000, wounded.length];
    const pieces = bounds.slice(1).map((end, index) => wounded.subarray(bounds[index], end));
    const alone = await readPieces(pieces, Number.POSITIVE_INFINITY);
    const parts = await readPieces(pieces, 1);
    expect(parts.places).toEqual(alone.places);
    expect(parts.damages).toEqual(alone.damages);
    expect(parts.report.partsInTurn).toBeGreaterThan(2);
  });

  it('delivers what has come', async () => {
    const stdin = new PassThrough();
    const ends = [100_000, 104_000, 108_000, 112_000, 250_000, 254_000];
    stdin.write(pcap.subarray(0, ends[0]));
    const { threaded } = await openPipe(stdin, datagrams, 1, 20_000);
    const { reader } = threaded;
    for (const [index, end] of ends.entries()) {
      // What comes next comes while it is waited for.
      if (index > 0) setTimeout(() => stdin.write(pcap.subarray(ends[index - 1], end)), 60);
      // No packet is as long as what may be missing here.
      for (let place = 0; place < end - 600; ) {
        while (reader.next()) place = reader.fileOffset;
        if (place < end - 600) await threaded.fill();
      }
    }
    stdin.end();
    await threaded.close();
  });

  it('has no fault to find with the record that ends a session', async () => {
    const end = boundFrom(200_000);
    const whole = Buffer.concat([messages.subarray(0, end), Buffer.alloc(2)]);
    for (const startBytes of [1, 1_000_000]) {
      const { places, damages, report } = await readPieces([whole], startBytes, counted);
      expect(places.length).toBeGreaterThan(0);
      expect(damages).toEqual([]);
      expect(report.reason).toBe(null);
    }
  });
});
