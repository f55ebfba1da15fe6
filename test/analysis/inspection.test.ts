import { beforeAll, describe, expect, test } from 'vitest';
import type { InputSpec } from '../../src/analysis/input.js';
import { Inspection, type InspectionReport } from '../../src/analysis/inspection.js';
import type { FeedOptions } from '../../src/analysis/message-feed.js';
import { initHistograms } from '../../src/core/histogram.js';
import { parseWhen } from '../../src/core/time.js';
import { noFilter } from '../../src/replay/filter.js';
import { CaptureWindow } from '../../src/replay/window.js';
import {
  binaryFileOf,
  gapsFixture,
  gzipFixture,
  inputOf,
  itch,
  makeFlow,
  message,
  mold,
  openSeconds,
  type Packet,
  pcapFixture,
  pcapOf,
  scratch,
} from '../run/support.js';

const { write } = scratch();
const ms = 1e6;
const second = 1e9;

async function inspect(input: InputSpec, options: FeedOptions = {}): Promise<InspectionReport> {
  const inspection = await Inspection.open(input, options);
  await inspection.run();
  const report = inspection.report();
  inspection.destroy();
  // The report is plain data: what JSON makes of it loses nothing.
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  return report;
}

beforeAll(initHistograms);

describe('fixtures', () => {
  test('the pcap of a session', async () => {
    const report = await inspect(inputOf(pcapFixture));
    expect(report).toMatchObject({
      file: pcapFixture,
      format: 'pcap',
      compression: 'none',
      messages: { total: 10_000, unknownLayout: 0, withheld: 0, zeroLength: 0 },
      unknownLayouts: [],
      damage: [],
      damageTotal: 0,
      backwardTimestamps: 0,
      farTimestamps: 0,
    });
    const { packets } = report;
    expect(packets.total).toBe(packets.datagrams);
    expect(packets.skipped).toEqual({});
    expect(Object.values(report.messages.byType).reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(report.sessions).toMatchObject([
      { protocol: 'MoldUDP64', session: 'TICKREEL01', first: 1, last: 10_000, gaps: [], duplicates: 0, outOfOrder: 0 },
    ]);
    expect(report.flows).toMatchObject([
      { destination: '239.255.42.1:26477', recognisedAs: 'MoldUDP64', application: 'ITCH 5.0', messages: 10_000 },
    ]);
    expect(report.timeRange?.from.startsWith(`${openSeconds}`)).toBe(true);
    expect(report.feedLatency).toMatchObject({ count: 10_000, negative: { count: 0 } });
    expect(Object.keys(report.busiest)).toEqual(['1ms', '10ms', '1s']);
    expect(report.busiest['1s'].messages).toBeGreaterThan(report.busiest['10ms'].messages);
  });

  test('the same as gzipped BinaryFILE', async () => {
    const [file, pcap] = [await inspect(inputOf(gzipFixture)), await inspect(inputOf(pcapFixture))];
    expect(file).toMatchObject({ format: 'BinaryFILE', compression: 'gzip', packets: { total: 10_000 }, flows: [] });
    expect(file.messages).toEqual(pcap.messages);
    expect(file.sessions).toEqual([
      {
        protocol: 'BinaryFILE',
        session: null,
        application: 'ITCH 5.0',
        first: null,
        last: null,
        messages: 10_000,
        gaps: [],
        duplicates: 0,
        outOfOrder: 0,
      },
    ]);
    // A capture's stamp is compared with the exchange's; a file of messages has no other.
    expect(file.feedLatency).toBeNull();
  });

  test('its damaged twin: gaps, a repeat, disorder', async () => {
    const report = await inspect(inputOf(gapsFixture));
    const [session] = report.sessions;
    expect(session.gaps.length).toBe(2);
    expect(session.gaps.every(({ from, to, count }) => to - from + 1 === count)).toBe(true);
    expect([session.duplicates > 0, session.outOfOrder > 0]).toEqual([true, true]);
    expect(report.backwardTimestamps).toBeGreaterThan(0);
    expect(report.damageTotal).toBe(0);
  });
});

describe('what is counted', () => {
  const stamp = 34_200e9;
  const packets: Packet[] = [
    { atNs: 10, payload: mold(1, [itch('S', stamp), itch('A', stamp - 90)]) },
    { atNs: ms, payload: mold(3, [itch('D', stamp + 2 * ms)]) },
    { atNs: ms + 1, payload: mold(1, ['abc', 'd'], { session: 'OTHER' }) },
    { atNs: ms + 2, payload: mold(3, [itch('D', stamp)], { session: 'OTHER' }) },
    { atNs: ms + 3, payload: Uint8Array.of(1, 2), flow: makeFlow(1, 9) },
    { atNs: 2 * second, payload: mold(4, [new Uint8Array(0)]) },
  ];
  const path = write('counted.pcap', pcapOf(packets));

  test('messages by what became of them', async () => {
    const report = await inspect(inputOf(path));
    expect(report.messages).toEqual({
      total: 7,
      byType: { A: 1, D: 1, S: 1 },
      types: [
        { protocol: 'itch50', type: 'A', name: 'AddOrder', count: 1 },
        { protocol: 'itch50', type: 'D', name: 'OrderDelete', count: 1 },
        { protocol: 'itch50', type: 'S', name: 'SystemEvent', count: 1 },
      ],
      damaged: 0,
      unknownLayout: 2,
      withheld: 1,
      zeroLength: 1,
    });
    expect(report.unknownLayouts.map(({ type, length, count }) => [type, length, count])).toEqual([
      ['a', 3, 1],
      ['d', 1, 1],
    ]);
  });

  test('sessions and flows', async () => {
    const report = await inspect(inputOf(path));
    expect(report.sessions.map(({ session, messages }) => [session, messages])).toEqual([
      ['SESSION', 4],
      ['OTHER', 3],
    ]);
    expect(
      report.flows.map(({ recognisedAs, application, messages, packets: count }) => [
        recognisedAs,
        application,
        messages,
        count,
      ]),
    ).toEqual([
      ['MoldUDP64', 'ITCH 5.0', 7, 5],
      [null, null, 0, 1],
    ]);
  });

  test('a flow is what its first session with messages is', async () => {
    const quiet: Packet[] = [
      { atNs: 0, payload: mold(1, [], { session: 'QUIET' }) },
      { atNs: 1, payload: mold(1, [itch('S')], { session: 'BUSY' }) },
    ];
    const report = await inspect(inputOf(write('quiet.pcap', pcapOf(quiet))));
    expect(report.flows).toMatchObject([{ application: 'ITCH 5.0', messages: 1 }]);
  });

  test('time range, bursts and feed latency', async () => {
    const report = await inspect(inputOf(path));
    expect(report.timeRange).toEqual({
      from: `${openSeconds}000000010`,
      to: `${openSeconds + 2}000000000`,
      seconds: 2 - 10e-9,
    });
    expect(report.busiest['1ms']).toMatchObject({ from: `${openSeconds}001000000`, messages: 4, packets: 4 });
    expect(report.busiest['1s']).toMatchObject({ from: `${openSeconds}000000000`, messages: 6, messagesPerSecond: 6 });
    expect(report.feedLatency).toMatchObject({ count: 3, max: 100, min: -ms, negative: { count: 1 } });
  });

  test('a filter and a window', async () => {
    const window = new CaptureWindow({ until: parseWhen('+1s') });
    const report = await inspect(inputOf(path), { window, filter: { ...noFilter, types: ['D'] } });
    expect(report.messages.total).toBe(2);
    expect(report.messages.byType).toEqual({ D: 1 });
    expect(report.packets).toMatchObject({ total: 6, datagrams: 5 });
  });

  test('a capture of nothing', async () => {
    const report = await inspect(inputOf(write('empty.pcap', pcapOf([]))));
    expect(report).toMatchObject({ timeRange: null, feedLatency: null, sessions: [], flows: [] });
    expect(report.messages).toEqual({
      total: 0,
      byType: {},
      types: [],
      damaged: 0,
      unknownLayout: 0,
      withheld: 0,
      zeroLength: 0,
    });
  });
});

describe('clocks that are wrong', () => {
  test('a capture of 1970 is read like any other, but for a feed latency', async () => {
    // Powers of two, for numbers as large as these have no single nanoseconds.
    const at = (n: number) => -openSeconds * second + n * 2 ** 20;
    const packets = [0, 1, 2].map((n) => ({ atNs: at(n), payload: mold(1 + n, [itch('D')]) }));
    const report = await inspect(inputOf(write('1970.pcap', pcapOf(packets))));
    expect(report).toMatchObject({ messages: { total: 3, byType: { D: 3 } }, farTimestamps: 0, feedLatency: null });
    expect(report.timeRange).toEqual({ from: '0', to: `${2 ** 21}`, seconds: 2 ** 21 / 1e9 });
  });

  test('one stamp far off is counted and spoils neither range nor bursts', async () => {
    const packets: Packet[] = [
      ...[0, 1].map((n) => ({ atNs: n, payload: mold(1 + n, [itch('D')]) })),
      { atNs: 2 ** 31 * second - openSeconds * second, payload: mold(3, [itch('D')]) },
      ...[4, 5].map((n) => ({ atNs: n * ms, payload: mold(n, [itch('D')]) })),
    ];
    const report = await inspect(inputOf(write('far.pcap', pcapOf(packets))));
    expect(report).toMatchObject({ farTimestamps: 1, timeRange: { seconds: 0.005 } });
    expect(report.busiest['1s']).toMatchObject({ messages: 5, packets: 5 });
    expect(report.busiest['1s'].packetsTooLate).toBeUndefined();
  });
});

describe('BinaryFILE', () => {
  test('another day, and what is no ITCH message', async () => {
    const file = binaryFileOf([message('S', 0), message('D', 5), Uint8Array.of(0x7a, 1), message('D', 9)]);
    const report = await inspect(inputOf(write('odd.itch', file), { date: '2026-01-05' }));
    expect(report.messages).toMatchObject({ total: 4, byType: { S: 1, D: 2 }, unknownLayout: 1 });
    expect(report.timeRange?.from).toBe(`${openSeconds}000000000`);
  });
});
