/** A replay of several captures: one schedule, in the order of their stamps, loop by loop. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Damage } from '../../src/core/seams.js';
import { CaptureSource } from '../../src/run/capture-source.js';
import { replay } from '../../src/run/library.js';
import { runReplay } from '../../src/run/replay.js';
import {
  binaryFileOf,
  inputOf,
  itch,
  linesIn,
  linesOf,
  makeFlow,
  message,
  mold,
  pcapOf,
  scratch,
  specOf,
} from './support.js';

const { folder, write } = scratch();
const packet = (atNs: number, sequence: number) => ({
  atNs,
  payload: mold(sequence, [itch('S')]),
  flow: makeFlow(),
});
const first = write('first.pcap', pcapOf([packet(0, 1), packet(2e6, 3)]));
const second = write('second.pcap', pcapOf([packet(1e6, 2), packet(3e6, 4)]));
const day = write('day.itch', binaryFileOf([message('S', 0.5e6), message('S', 2.5e6)]));
const several = (...paths: string[]) => ({ input: { ...inputOf('-', { date: '2026-01-05' }), paths } });

describe('several captures', () => {
  test('go out in the order of their stamps, into a file with the same', async () => {
    const path = join(folder, 'merged.pcap');
    const spec = { ...specOf('-', { target: { kind: 'pcap', path } }), ...several(second, first) };
    const { report } = await runReplay(spec);
    expect(report).toMatchObject({ capture: `${second}, ${first}`, packets: 4, messages: 4, seconds: 0.003 });
    expect((await linesIn(path)).map(({ atNs, header }) => [atNs, header])).toEqual([
      [0, 'SESSION 1 1'],
      [1e6, 'SESSION 2 1'],
      [2e6, 'SESSION 3 1'],
      [3e6, 'SESSION 4 1'],
    ]);
  });

  test('files of messages among them are packed, each into a session of its own', async () => {
    const source = await CaptureSource.open({ ...specOf('-'), ...several(day, first, day) }, () => {});
    const lines = await linesOf(source);
    await source.close();
    expect(source.kind).toBe('datagrams');
    expect(lines.map(({ atNs, header }) => [atNs, header])).toEqual([
      [0, 'SESSION 1 1'],
      [0.5e6, 'TICKREEL01 1 1'],
      [0.5e6, 'TICKREEL03 1 1'],
      [2e6, 'SESSION 3 1'],
      [2.5e6, 'TICKREEL01 2 1'],
      [2.5e6, 'TICKREEL01 3 65535'],
      [2.5e6, 'TICKREEL03 2 1'],
      [2.5e6, 'TICKREEL03 3 65535'],
    ]);
    expect(new Set(lines.map(({ flow }) => flow)).size).toBe(2);
  });

  test('loop as one, and damage is told once', async () => {
    const cut = write('cut.pcap', pcapOf([packet(1e6, 2), packet(3e6, 4)]).slice(0, -1));
    const damages: [string, string][] = [];
    const onDamage = ({ code }: Damage, file: string): void => {
      damages.push([code, file]);
    };
    const source = await CaptureSource.open({ ...specOf('-', { loops: 2 }), ...several(first, cut) }, onDamage);
    const once = await linesOf(source);
    await source.restart();
    expect(await linesOf(source)).toEqual(once);
    await source.close();
    expect(once).toHaveLength(3);
    expect(damages).toEqual([['truncated', cut]]);
  });

  test('are what the library takes too', async () => {
    const seen: number[] = [];
    const report = await replay([second, first], {
      speed: 'max',
      onDatagram: (view, offset) => seen.push(view.getUint32(offset + 14)),
    });
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(report.packets).toBe(4);
  });
});

describe('datagrams that the capture holds only a part of', () => {
  const whole = pcapOf([packet(0, 1), packet(1e6, 2), packet(2e6, 3)]);
  /** Cuts the second record, as a snap length would. */
  const cut = (() => {
    const bytes = Buffer.from(whole);
    const recordBytes = (bytes.length - 24) / 3;
    const at = 24 + recordBytes;
    bytes.writeUInt32LE(bytes.readUInt32LE(at + 8) - 5, at + 8);
    return write(
      'snap.pcap',
      Buffer.concat([bytes.subarray(0, at + recordBytes - 5), bytes.subarray(at + recordBytes)]),
    );
  })();

  test('are left out', async () => {
    const { report } = await runReplay(specOf(cut));
    expect(report).toMatchObject({ packets: 2, truncated: 1, truncatedSent: 0, damageTotal: 1 });
  });

  test('are sent as far as they go where that is allowed', async () => {
    const path = join(folder, 'allowed.pcap');
    const { report } = await runReplay(specOf(cut, { allowTruncated: true, target: { kind: 'pcap', path } }));
    expect(report).toMatchObject({ packets: 3, truncated: 0, truncatedSent: 1 });
    const lengths = (await linesIn(path)).map(({ bytes }) => bytes.length);
    expect(lengths[1]).toBeLessThan(lengths[0] as number);
    expect(lengths[2]).toBe(lengths[0]);
  });
});
