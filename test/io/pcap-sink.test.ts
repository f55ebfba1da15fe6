import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SinkError } from '../../src/core/errors.js';
import { openPcapSink } from '../../src/io/pcap-sink.js';
import { linesIn } from '../run/support.js';
import { embed, makeFlow, mold } from '../session/support.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const openSeconds = 1_767_623_400;

describe('PcapSink', () => {
  test('stamps a datagram so long after the base as it was due', async () => {
    const path = join(folder, 'stamps.pcap');
    const sink = openPcapSink(path, ['-']);
    sink.setBase(openSeconds, 999_999_998);
    const { view, offset, length } = embed(mold(1, ['a']));
    const dueNs = [0, 1, 2, 1e9, 1_000_000_001, 1_000_000_002, 86_400e9, 2 ** 52];
    for (const due of dueNs) sink.send(view, offset, length, due, makeFlow());
    await sink.close();
    const lines = await linesIn(path);
    // A sum of doubles past 2^53 is not exact: what is compared is below it.
    expect(lines.map(({ atNs }) => BigInt(atNs))).toEqual(dueNs.map((due) => BigInt(due) + 999_999_998n));
    expect(lines.map(({ header }) => header)).toEqual(Array(dueNs.length).fill('SESSION 1 1'));
    expect(lines[0].flow).toBe(makeFlow().name);
  });

  test('writes more than its buffer holds, of any length, byte for byte', async () => {
    const path = join(folder, 'large.pcap');
    const sink = openPcapSink(path, ['-']);
    const payloads = Array.from({ length: 60 }, (_, index) => new Uint8Array(65_507 - (index % 5)).fill(index));
    payloads.push(new Uint8Array(0));
    for (const [index, payload] of payloads.entries()) {
      sink.send(new DataView(payload.buffer), 0, payload.length, index, makeFlow(index % 2));
      // The sink has copied it: what happens to the view is no concern of the file.
      payload.fill(0xee);
    }
    await sink.close();
    expect(sink.bytes).toBe(readFileSync(path).length);
    const lines = await linesIn(path);
    expect(lines.length).toBe(61);
    for (const [index, { bytes }] of lines.entries()) {
      const byte = index.toString(16).padStart(2, '0');
      expect(bytes === byte.repeat(index === 60 ? 0 : 65_507 - (index % 5)), `payload ${index}`).toBe(true);
    }
  });

  test('a datagram that IPv4 cannot carry is left out and counted', async () => {
    const path = join(folder, 'long.pcap');
    const sink = openPcapSink(path, ['-']);
    sink.send(new DataView(new ArrayBuffer(65_508)), 0, 65_508, 0, makeFlow());
    sink.send(new DataView(new ArrayBuffer(65_507)), 0, 65_507, 0, makeFlow());
    await sink.close();
    expect(sink.tooLong).toBe(1);
    expect((await linesIn(path)).map(({ bytes }) => bytes.length)).toEqual([65_507 * 2]);
  });

  test('a time that the format cannot hold is written as the nearest, and counted', async () => {
    const sink = openPcapSink(join(folder, 'clamped.pcap'), ['-']);
    sink.setBase(2 ** 32 - 1, 0);
    const view = new DataView(new ArrayBuffer(1));
    for (const due of [0, 999_999_999, 1e9]) sink.send(view, 0, 1, due, makeFlow());
    await sink.close();
    expect(sink.clampedTimestamps).toBe(1);
  });

  test('the capture that is being read is refused, by another name too', () => {
    const path = join(folder, 'input.pcap');
    openPcapSink(path, ['-']);
    const alias = join(folder, 'alias.pcap');
    symlinkSync(path, alias);
    for (const name of [path, alias, join(folder, '.', 'input.pcap')]) {
      expect(() => openPcapSink(name, [path])).toThrow(SinkError);
      expect(() => openPcapSink(name, [path])).toThrow(/is the capture that is being read/);
    }
    expect(() => openPcapSink(path, [join(folder, 'absent.pcap')])).not.toThrow();
  });

  test('a path that cannot be written is a SinkError', () => {
    mkdirSync(join(folder, 'directory'));
    expect(() => openPcapSink(join(folder, 'directory'), ['-'])).toThrow(SinkError);
    expect(() => openPcapSink(join(folder, 'absent', 'x.pcap'), ['-'])).toThrow(/cannot write .*absent/);
  });

  test.skipIf(process.platform !== 'linux')('a full disk is a SinkError, once; closing then succeeds', async () => {
    const sink = openPcapSink('/dev/full', ['-']);
    const view = new DataView(new ArrayBuffer(60_000));
    const fill = () => {
      for (let index = 0; index < 20; index++) sink.send(view, 0, 60_000, index, makeFlow());
    };
    expect(fill).toThrow(/cannot write \/dev\/full: the disk is full/);
    await sink.close();
    await sink.close();
    const unflushed = openPcapSink('/dev/full', ['-']);
    unflushed.send(view, 0, 100, 0, makeFlow());
    await expect(unflushed.close()).rejects.toThrow(SinkError);
    await unflushed.close();
  });
});
