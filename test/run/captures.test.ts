/** Real captures through a replay: into a file and out of it again, nothing may change. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SinkError } from '../../src/core/errors.js';
import { runReplay } from '../../src/run/replay.js';
import { parseTarget } from '../../src/run/target.js';
import { capturePath, describeCaptures, listCaptures } from '../support/captures.js';
import { inputOf, type Line, linesIn, scratch, specOf } from './support.js';

const { folder } = scratch();
const out = join(folder, 'out.pcap');
const target = { kind: 'pcap', path: out } as const;

/** As a file that was replayed at its own timing has it: stamps never go back. */
function inTime(lines: readonly Line[]): Line[] {
  let latest = Number.NEGATIVE_INFINITY;
  return lines.map((line) => {
    latest = Math.max(latest, line.atNs);
    return { ...line, atNs: latest };
  });
}

describeCaptures('replayed into a file', () => {
  test('every MoldUDP64 packet comes out as it went in, at its time', async () => {
    let packets = 0;
    for (const path of listCaptures('itch50/moldudp64').map(capturePath)) {
      const { report } = await runReplay(specOf(path, { target }));
      const captured = await linesIn(path);
      expect(await linesIn(out)).toEqual(inTime(captured));
      expect([path, report.packets, report.damageTotal]).toEqual([path, captured.length, 0]);
      packets += report.packets;
    }
    expect(packets).toBe(139);
  });

  test.each([
    ['day-prefix-35k.itch', 35_581],
    ['aapl-20200130-10k.bin', 10_000],
    ['day-prefix-1k.itch', 1_000],
    ['synthetic-8k.NASDAQ_ITCH50', 8_009],
  ])('%s: every message, in packets without a gap', async (name, messages) => {
    const path = capturePath(`itch50/binaryfile/${name}`);
    const { report } = await runReplay(specOf(path, { target, input: inputOf(path, { date: '2020-01-30' }) }));
    expect(report.messages).toBe(messages);
    let next = 1;
    for (const { header } of await linesIn(out)) {
      const [, sequence, count] = header.split(' ').map(Number);
      expect(sequence).toBe(next);
      if (count < 65_535) next += count;
    }
    expect(next).toBe(messages + 1);
  });

  test('destinations that a publisher zeroed are not sent to', async () => {
    const [zeroed] = listCaptures('itch50/moldudp64/nasdaq-20230822').map(capturePath);
    const options = { keepDestinations: true, target: parseTarget('udp://', true), speed: 'max' };
    await expect(runReplay(specOf(zeroed, options))).rejects.toThrow(SinkError);
  });
});
