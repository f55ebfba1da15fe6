import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noLines } from '../../src/analysis/line-names.js';
import { maxSenders } from '../../src/io/senders.js';
import { Recorder } from '../../src/run/record.js';
import { type RecordSpec, recordFormatOf } from '../../src/run/record-spec.js';
import { type Datagram, read } from '../capture/drive.js';
import { mold } from '../session/support.js';
import { freePort, temporaryFolder } from '../support/cli.js';
import { inputOf } from './support.js';

const folder = temporaryFolder();
let files = 0;

/** A recorder whose datagrams a test hands in; its sockets are there and get none. */
async function open(addresses: readonly string[], spec: Partial<RecordSpec> = {}) {
  const path = join(folder, `${++files}.pcapng`);
  const port = await freePort();
  const recorder = await Recorder.open({
    addresses: addresses.map((host) => ({ host, port, iface: null })),
    bufferBytes: 1 << 16,
    input: inputOf('-'),
    arbitrate: false,
    lines: noLines,
    path,
    format: 'pcapng',
    force: false,
    rotateBytes: Number.POSITIVE_INFINITY,
    rotateNs: Number.POSITIVE_INFINITY,
    keep: Number.POSITIVE_INFINITY,
    memoryBytes: 4 << 20,
    application: 'a test',
    durationMs: Number.POSITIVE_INFINITY,
    limit: Number.POSITIVE_INFINITY,
    idleMs: Number.POSITIVE_INFINITY,
    ...spec,
  });
  const ended = recorder.run();
  const hand = (line: number, bytes: Uint8Array, from: From, seconds: number, nanoseconds = 0): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // biome-ignore lint/complexity/useLiteralKeys: what sockets call is nobody else's.
    recorder['onDatagram'](view, 0, bytes.length, line, { ...from, group: 0 }, seconds, nanoseconds);
  };
  return { recorder, ended, hand, port, datagrams: (): Datagram[] => read(readFileSync(path)).datagrams };
}

interface From {
  address: string;
  port: number;
  index: number;
}

const startSeconds = 1_700_000_000;
const sender: From = { address: '10.0.0.1', port: 1000, index: 0 };

describe('Recorder', () => {
  test('writes with whom and when, and counts sessions', async () => {
    const { recorder, ended, hand, port, datagrams } = await open(['127.0.0.1']);
    hand(0, mold(1, ['a', 'b']), sender, startSeconds);
    hand(0, mold(4, ['d']), { address: '10.0.0.2', port: 7, index: 1 }, startSeconds + 1, 256);
    recorder.stop();
    await ended;
    expect(datagrams().map(({ flow, seconds, nanoseconds }) => [flow, seconds, nanoseconds])).toEqual([
      [`10.0.0.1:1000 > 127.0.0.1:${port}`, startSeconds, 0],
      [`10.0.0.2:7 > 127.0.0.1:${port}`, startSeconds + 1, 256],
    ]);
    const report = recorder.report();
    expect(report).toMatchObject({
      endReason: 'stopped',
      packets: { total: 2, written: 2 },
      messages: { total: 3 },
      seconds: 1.000000256,
      lines: null,
      interfaces: [{ address: `udp://127.0.0.1:${port}`, senders: 2, packets: 2, written: 2, unnamed: 0 }],
    });
    expect(report.sessions.map(({ first, last, missing }) => [first, last, missing])).toEqual([
      [1, 2, 0],
      [4, 4, 0],
    ]);
  });

  test('where the kernel stamps nothing, the stamp is the time at which a packet was read', async () => {
    const { recorder, ended, hand, datagrams } = await open(['127.0.0.1']);
    const before = Date.now() / 1000;
    for (let index = 0; index < 100; index++) hand(0, mold(index + 1, ['x']), sender, 0);
    recorder.stop();
    await ended;
    expect(recorder.report()).toMatchObject({ outOfOrder: 0, interfaces: [{ stamps: 'program' }] });
    for (const { seconds, nanoseconds } of datagrams()) {
      expect(Math.abs(seconds + nanoseconds / 1e9 - before)).toBeLessThan(5);
    }
  });

  test('senders beyond those that are told apart are nobody, and counted', async () => {
    const { recorder, ended, hand, port, datagrams } = await open(['127.0.0.1']);
    hand(0, mold(1, ['a']), sender, startSeconds);
    hand(0, mold(1, ['b']), { address: 'others', port: 0, index: maxSenders }, startSeconds);
    recorder.stop();
    await ended;
    expect(datagrams().map(({ flow }) => flow)).toEqual([
      `10.0.0.1:1000 > 127.0.0.1:${port}`,
      `0.0.0.0:0 > 127.0.0.1:${port}`,
    ]);
    expect(recorder.report().interfaces).toMatchObject([{ packets: 2, unnamed: 1 }]);
  });

  test('a limit ends it at that packet, of several addresses too', async () => {
    const { recorder, ended, hand, datagrams } = await open(['127.0.0.1', '127.0.0.2'], { limit: 3 });
    for (const [line, at] of [
      [0, 5],
      [0, 6],
      [0, 9],
      [1, 4],
      [1, 7],
    ] as const) {
      hand(line, mold(at, [`${at}`]), sender, startSeconds, at);
    }
    await ended;
    expect(recorder.report()).toMatchObject({ endReason: 'limit', packets: { total: 3 }, outOfOrder: 0 });
    // In the order of their stamps, not in that of their reading.
    expect(datagrams().map(({ payload }) => payload.at(-1))).toEqual(['4', '5', '6']);
  });

  test('two lines are merged into what either brought', async () => {
    const { recorder, ended, hand, datagrams, port } = await open(['127.0.0.1', '127.0.0.2'], { arbitrate: true });
    const lost = { a: new Set([3, 7]), b: new Set([1, 4, 7]) };
    for (let sequence = 1; sequence <= 10; sequence++) {
      if (!lost.a.has(sequence)) hand(0, mold(sequence, ['x']), sender, startSeconds, sequence * 1e6);
      if (!lost.b.has(sequence)) hand(1, mold(sequence, ['x']), sender, startSeconds, sequence * 1e6 + 7);
    }
    recorder.stop();
    await ended;
    const { sessions, lines, interfaces } = recorder.report();
    recorder.destroy();
    expect(sessions).toMatchObject([{ first: 1, last: 10, messages: 9, gaps: [{ from: 7, to: 7 }], duplicates: 0 }]);
    expect(lines).toMatchObject([
      {
        lines: [
          { line: 'A', missing: 2 },
          { line: 'B', missing: 3 },
        ],
        missingOnAll: { missing: 1 },
      },
    ]);
    expect(interfaces.map(({ packets, written }) => [packets, written])).toEqual([
      [8, 9],
      [7, 0],
    ]);
    expect(new Set(datagrams().map(({ flow }) => flow))).toEqual(new Set([`10.0.0.1:1000 > 127.0.0.1:${port}`]));
  });
});

test('the format goes by the name', () => {
  expect(['a.pcap', 'a.PCAP', 'a.pcapng', 'a', '-'].map(recordFormatOf)).toEqual([
    ...['pcap', 'pcap'],
    ...['pcapng', 'pcapng', 'pcapng'],
  ]);
});
