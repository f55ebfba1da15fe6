/** TCP streams that begin in the middle, come twice, or share a run: what convert and inspect make of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Inspection } from '../../src/analysis/inspection.js';
import { flowBetween } from '../../src/capture/endpoint.js';
import { ACK } from '../../src/capture/tcp.js';
import { initHistograms } from '../../src/core/histogram.js';
import { parseWhen } from '../../src/core/time.js';
import { openCaptureOutput } from '../../src/io/capture-output.js';
import { CaptureWindow } from '../../src/replay/window.js';
import { Conversion } from '../../src/run/convert.js';
import { type ConvertOptions, convertSpecOf } from '../../src/run/convert-spec.js';
import { accepted, endOfSession, sequenced, unsequenced } from '../session/soup.js';
import { book, tcpPacket } from './mdp3.js';
import { binaryFileOf, block, concat, message, openSeconds, scratch } from './support.js';

const { folder, write } = scratch();

interface Segment {
  bytes?: Uint8Array;
  /** Client's port. */
  port?: number;
  fromClient?: boolean;
  atNs?: number;
}

beforeAll(initHistograms);

/** A capture of TCP segments without a handshake, each stream's bytes in order. */
function capture(name: string, segments: Segment[]): string {
  const path = join(folder, name);
  const output = openCaptureOutput({ path, format: 'pcap' });
  const sent = new Map<string, number>();
  for (const { bytes = new Uint8Array(), port = 40_000, fromClient = false, atNs = 0 } of segments) {
    const [server, client] = [7000, port].map((one) => ({ address: '10.0.0.1', port: one }));
    const flow = fromClient ? flowBetween('TCP', client, server) : flowBetween('TCP', server, client);
    const sequence = sent.get(flow.name) ?? 1;
    sent.set(flow.name, sequence + bytes.length);
    const fields = { sequence, acknowledgment: 1, flags: ACK, window: 1000 };
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    output.segment(view, 0, bytes.length, flow, fields, openSeconds, atNs);
  }
  output.close();
  return path;
}

async function convert(input: string | string[], name: string, options: ConvertOptions = {}) {
  const output = join(folder, name);
  const conversion = await Conversion.open(convertSpecOf(input, output, options), () => {});
  return { report: await conversion.run(), bytes: readFileSync(output) };
}

async function inspect(input: string | string[], window?: CaptureWindow) {
  const inspection = await Inspection.open(input, window === undefined ? {} : { window });
  await inspection.run();
  return inspection.report();
}

const messages = Array.from({ length: 12 }, (_, index) => message('D', index * 1e6));
const pieces = messages.map((one, index): Segment => ({ bytes: sequenced(one), atNs: index * 1e6 }));
const login: Segment = { bytes: accepted('DAY', 1) };
const end: Segment = { bytes: endOfSession, atNs: 12e6 };

describe('one connection in several captures', () => {
  const whole = capture('whole.pcap', [login, ...pieces, end]);

  test('at a time: a stream each, so that nothing is counted twice', async () => {
    const { sessions, messages: read } = await inspect([whole, whole]);
    expect(sessions).toMatchObject([
      { session: 'DAY', first: 1, last: 12, messages: 12, duplicates: 0 },
      { session: 'DAY', first: 1, last: 12, messages: 12, duplicates: 0 },
    ]);
    expect(read.total).toBe(24);
    const { report, bytes } = await convert([whole, whole], 'once.itch');
    expect(report).toMatchObject({ messages: 12, duplicates: 12, damageTotal: 0 });
    expect(bytes.equals(binaryFileOf(messages))).toBe(true);
  });

  test('one after the other: one stream', async () => {
    const first = capture('first.pcap', [login, ...pieces.slice(0, 5)]);
    const second = capture('second.pcap', [...pieces.slice(5), end]);
    const { report, bytes } = await convert([first, second], 'joined.itch');
    expect(report).toMatchObject({ messages: 12, otherSessions: [] });
    expect(bytes.equals(binaryFileOf(messages))).toBe(true);
    expect((await inspect([first, second])).sessions).toMatchObject([{ session: 'DAY', messages: 12 }]);
  });
});

test('a session counts what is in the window, numbered from its login on', async () => {
  const file = capture('window.pcap', [login, ...pieces, end]);
  const [from, until] = [parseWhen(`${openSeconds}004000000`), parseWhen(`${openSeconds}008000000`)];
  const { sessions, messages: read, flows } = await inspect(file, new CaptureWindow({ from, until }));
  expect(read.total).toBe(4);
  expect(sessions).toMatchObject([{ session: 'DAY', first: 5, last: 8, messages: 4, gaps: [], endOfSession: false }]);
  expect(flows).toMatchObject([{ packets: 4 }]);
  const none = await inspect(file, new CaptureWindow({ from: parseWhen(`${openSeconds}100000000`) }));
  expect(none.sessions).toMatchObject([{ session: 'DAY', messages: 0, endOfSession: false }]);
});

describe('convert', () => {
  test('streams without a name are not one session', async () => {
    const both = pieces.flatMap((piece) => [piece, { ...piece, port: 40_001 }]);
    const { report, bytes } = await convert(capture('two.pcap', both), 'two.itch');
    expect(report).toMatchObject({ messages: 12, otherSessions: [{ session: null, messages: 12 }] });
    expect(bytes.equals(concat(...messages.map(block)))).toBe(true);
    const file = write('20260105.itch', binaryFileOf(messages));
    expect((await convert([file, file], 'files.itch')).report).toMatchObject({
      messages: 12,
      otherSessions: [{ session: null, messages: 12 }],
    });
  });

  test('what a client sends is no part of the session', async () => {
    const orders = pieces.map((piece, index) => ({
      ...piece,
      bytes: unsequenced(messages[index] as Uint8Array),
      fromClient: true,
    }));
    const file = capture('orders.pcap', [...orders.slice(0, 4), login, ...pieces, ...orders.slice(4), end]);
    const { report, bytes } = await convert(file, 'orders.itch');
    expect(report).toMatchObject({ session: 'DAY', messages: 12, unsequenced: 12, otherSessions: [] });
    expect(bytes.equals(binaryFileOf(messages))).toBe(true);
  });

  test('headers of MDP 3.0 without messages are packets, each at its time', async () => {
    const sent = [[book(1, 505)], [], [book(2, 505)], []];
    const segments = sent.map((own, index) => ({ bytes: tcpPacket(index + 7, index, own), atNs: index * 1000 }));
    const { report } = await convert(capture('mdp3.pcap', segments), 'mdp3-udp.pcap');
    expect(report).toMatchObject({ framing: 'mdp3', messages: 2, packets: 4, missing: 0, damageTotal: 0 });
    const { sessions, timeRange } = await inspect(join(folder, 'mdp3-udp.pcap'));
    expect(sessions).toMatchObject([{ protocol: 'MDP3', first: 7, last: 10, heartbeats: 2, gaps: [] }]);
    expect(timeRange?.seconds).toBe(3000 / 1e9);
  });
});
