import { createSocket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import { Inspection } from '../../src/analysis/inspection.js';
import { describeListening } from '../../src/cli/listen-text.js';
import { initHistograms } from '../../src/core/histogram.js';
import { type FilterSpec, noFilter } from '../../src/replay/filter.js';
import { Listener, type ListenSpec } from '../../src/run/listen.js';
import { runReplay } from '../../src/run/replay.js';
import { baseNs, book, configuration, definition, lines, mdpPacket } from './mdp3.js';
import { inputOf, itch, linesIn, mold, openSeconds, type Packet, pcapOf, scratch, specOf } from './support.js';

const { write } = scratch();
const second = 1e9;
const definitions = [definition('ESZ5', 505), definition('NQZ5', 506)];

/** Sent `earlyNs` before they are stamped; by default years before. */
function packetsOf(earlyNs = BigInt(openSeconds) * 1_000_000_000n - baseNs): Packet[] {
  const sent = (atNs: number) => BigInt(openSeconds) * 1_000_000_000n - baseNs + BigInt(atNs) - earlyNs;
  return [
    { atNs: 0, payload: mdpPacket(1, sent(0), definitions), flow: lines.instruments },
    { atNs: 1000, payload: mdpPacket(7, sent(1000), [book(1, 505), book(2, 506)]), flow: lines.a },
    { atNs: 2000, payload: mold(1, [itch('S'), itch('A')]) },
    { atNs: 3000, payload: mdpPacket(8, sent(3000), [book(3, 506)]), flow: lines.a },
    { atNs: 4000, payload: mdpPacket(9, sent(4000), []), flow: lines.a },
  ];
}

const isOfMdp3 = ({ flow }: Packet): boolean => flow !== undefined;
const packets = packetsOf();
const path = write('both.pcap', pcapOf(packets));

describe('replay of MDP, ITCH beside it', () => {
  async function written(options: Parameters<typeof specOf>[1] & { filtered?: Partial<FilterSpec> } = {}) {
    const { filtered, ...rest } = options;
    const out = write('out.pcap', new Uint8Array(0));
    const filter = { ...noFilter, ...filtered };
    const { report } = await runReplay(specOf(path, { target: { kind: 'pcap', path: out }, filter, ...rest }));
    return { report, written: await linesIn(out) };
  }

  test('every datagram as it was, all messages counted', async () => {
    const { report, written: all } = await written();
    expect(all).toEqual(await linesIn(path));
    expect(report).toMatchObject({ packets: 5, messages: 7, skipped: 0, damageTotal: 0 });
  });

  test.each<[string, Partial<FilterSpec>, number[]]>([
    ['a symbol defined in the capture', { symbols: ['ESZ5'] }, [0, 1000]],
    ['a template', { types: ['46'] }, [1000, 3000]],
    ['a SecurityID', { securityIds: [506] }, [0, 1000, 3000]],
    ['types of both protocols', { types: ['A', '54'] }, [0, 2000]],
    ['a session, which MDP does not name', { sessions: ['SESSION'] }, [2000]],
    ['a destination, by a symbol defined elsewhere', { destinations: ['224.0.31.1'], symbols: ['NQZ5'] }, [1000, 3000]],
  ])('whole packets by %s', async (_name, filtered, expected) => {
    const { written: some } = await written({ filtered });
    expect(some.map(({ atNs }) => atNs)).toEqual(expected);
  });

  test('what precedes its definition is not of a symbol: in any loop, and whatever a warm-up has read', async () => {
    const feed = [book(0, 505), definition('ESZ5', 505), book(2, 505)].map((message, index) => ({
      atNs: index * 1000,
      payload: mdpPacket(index + 1, index * 1000, [message]),
      flow: lines.a,
    }));
    const late = write('late.pcap', pcapOf(feed));
    const filter = { ...noFilter, symbols: ['ESZ5'] };
    const planned = await runReplay(specOf(late, { filter, dryRun: true, loops: 2 }));
    const timed = await runReplay(specOf(late, { filter, target: { kind: 'inproc', via: 'handler' }, speed: '1x' }));
    const before = { input: inputOf(late, { definitions: [path] }) };
    const defined = await runReplay({ ...specOf(late, { filter, dryRun: true, loops: 2 }), ...before });
    expect([planned, timed, defined].map(({ report }) => report.packets)).toEqual([4, 2, 6]);
  });

  test('a message rate counts the messages of a packet', async () => {
    const { written: some } = await written({ speed: '1msg/s' });
    expect(some.map(({ atNs }) => atNs)).toEqual([0, 2, 4, 6, 7].map((count) => count * second));
  });

  test('feed latency is the capture stamp less SendingTime', async () => {
    const latency = async (its: Packet[]) => {
      const { report } = await runReplay(specOf(write('latency.pcap', pcapOf(its)), { dryRun: true }));
      return report.histograms.feedLatency;
    };
    // Years are no latency.
    expect((await latency(packets.filter(isOfMdp3)))?.count ?? 0).toBe(0);
    expect(await latency(packetsOf(500n).filter(isOfMdp3))).toMatchObject({ count: 4, p50: 500, max: 500 });
  });

  test('in this process every message is decoded', async () => {
    const { report } = await runReplay(specOf(path, { target: { kind: 'inproc', via: 'handler' }, speed: 'max' }));
    expect(report.sink).toMatchObject({ messagesDecoded: 7, messagesUnknown: 0, gaps: 0 });
  });
});

describe('inspect', () => {
  test('types by name, packets by number, lines by channel, both latencies', async () => {
    await initHistograms();
    const config = write('config.xml', new Uint8Array(Buffer.from(configuration)));
    const again = { atNs: 5000, payload: mdpPacket(1, 5000, [book(4000, 505)]), flow: lines.a };
    const quiet = { atNs: 6000, payload: mdpPacket(1, 6000, []), flow: lines.b };
    const inspected = write('inspected.pcap', pcapOf([...packets, again, quiet]));
    const inspection = await Inspection.open(inputOf(inspected, { channels: config }));
    await inspection.run();
    const report = inspection.report();
    inspection.destroy();
    expect(report.messages.types).toEqual([
      { protocol: 'mdp3', type: '46', name: 'MDIncrementalRefreshBook46', count: 4 },
      { protocol: 'mdp3', type: '54', name: 'MDInstrumentDefinitionFuture54', count: 2 },
      { protocol: 'itch50', type: 'A', name: 'AddOrder', count: 1 },
      { protocol: 'itch50', type: 'S', name: 'SystemEvent', count: 1 },
    ]);
    expect(report.messages.byType).toEqual({ 46: 4, 54: 2, A: 1, S: 1 });
    expect(
      report.flows.map(({ destination, recognisedAs, application, line, messages }) => [
        destination,
        recognisedAs,
        application,
        line && `${line.channel} ${line.feedType} ${line.feed}`,
        messages,
      ]),
    ).toEqual([
      ['224.0.31.43:14310', 'MDP3', 'MDP 3.0', '310 N A', 2],
      ['224.0.31.1:14310', 'MDP3', 'MDP 3.0', '310 I A', 4],
      ['233.54.12.111:26477', 'MoldUDP64', 'ITCH 5.0', null, 2],
      ['224.0.32.1:15310', null, null, '310 I B', 0],
    ]);
    const a = report.sessions.find((one) => 'destination' in one && one.destination === '224.0.31.1:14310');
    expect(a).toMatchObject({ messages: 4, packets: 4, restarts: 1, gaps: [], duplicates: 0 });
    // ITCH's own clock is of another day, and beside the point here.
    expect(report.transactLatency).toMatchObject({ count: 4, max: 2997 });
  });
});

describe('listen', () => {
  test('hears MDP, and measures against the schedule of its replay', async () => {
    const origin = { seconds: Math.floor(Date.now() / 1000) + 2, nanoseconds: 0 };
    const only = write('mdp3.pcap', pcapOf(packets.filter(isOfMdp3)));
    const spec: ListenSpec = {
      host: '127.0.0.1',
      port: 0,
      iface: null,
      bufferBytes: 1 << 20,
      input: inputOf('-'),
      durationMs: 10_000,
      limit: 5,
      idleMs: Number.POSITIVE_INFINITY,
      reference: { replay: specOf(only), origin },
    };
    const listener = await Listener.open(spec);
    const running = listener.run();
    const port = listener.receiver?.port ?? 0;
    const target = { kind: 'udp', host: '127.0.0.1', port, ttl: 1, iface: null, loopback: true } as const;
    await runReplay(specOf(only, { target, startAt: origin }));
    const stray = createSocket('udp4');
    const unknown = mdpPacket(99, 77_777, [book(1, 505)]);
    await new Promise<void>((resolve) => stray.send(unknown, port, '127.0.0.1', () => resolve()));
    await running;
    stray.close();
    const report = listener.report();
    listener.destroy();
    expect(report).toMatchObject({
      endReason: 'limit',
      packets: { total: 5 },
      messages: { total: 6, byType: { 46: 4, 54: 2 }, unknownLayout: 0, damaged: 0 },
      reference: { packets: 4, matched: 4, unmatched: 1 },
      damageTotal: 0,
    });
    // Each flow has a sender of its own, and its numbers with it.
    expect(report.sessions.map(({ protocol, first, last, gaps }) => [protocol, first, last, gaps.length])).toEqual([
      ['MDP3', 1, 1, 0],
      ['MDP3', 7, 9, 0],
      ['MDP3', 99, 99, 0],
    ]);
    expect(report.latency.schedule?.count).toBe(4);
  });

  test('names the line that it hears', async () => {
    const free = createSocket('udp4');
    const port = await new Promise<number>((resolve) =>
      free.bind(0, '127.0.0.1', () => resolve((free.address() as { port: number }).port)),
    );
    await new Promise<void>((resolve) => free.close(resolve));
    const here = configuration.replace(`<ip>${lines.b.destination}</ip>`, '<ip>127.0.0.1</ip>');
    const channels = write('here.xml', new Uint8Array(Buffer.from(here.replace('15310', `${port}`))));
    const listener = await Listener.open({
      host: '127.0.0.1',
      port,
      iface: null,
      bufferBytes: 1 << 16,
      input: inputOf('-', { channels }),
      durationMs: 1,
      limit: 1,
      idleMs: Number.POSITIVE_INFINITY,
      reference: null,
    });
    await listener.run();
    const report = listener.report();
    listener.destroy();
    expect(report.line).toMatchObject({ connection: '310IB', channel: '310', feed: 'B' });
    expect(describeListening(report)).toContain('channel   310 Incremental B\n');
  });
});
