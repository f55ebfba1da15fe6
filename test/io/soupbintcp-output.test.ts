import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/capture/endpoint.js';
import { UsageError } from '../../src/core/errors.js';
import { openCaptureOutput } from '../../src/io/capture-output.js';
import { type MessageOutputSpec, openMessageOutput } from '../../src/io/message-output.js';
import { SoupBinTCPOutput } from '../../src/io/soupbintcp-output.js';
import { checksum } from '../capture/build.js';
import { makeFlow, text } from '../session/support.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const path = join(folder, 'out.pcap');

/** A segment as the file has it; addresses are IPv4. */
interface Segment {
  at: string;
  from: 'server' | 'client';
  flags: string;
  sequence: number;
  acknowledgment: number;
  payload: Buffer;
}

/** Reads the file by hand and checks each segment's checksums. */
function segmentsOf(file: string, serverPort = 26_400): Segment[] {
  const bytes = readFileSync(file);
  const segments: Segment[] = [];
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    const ip = bytes.subarray(at + 16 + 14, at + 16 + bytes.readUInt32LE(at + 8));
    const tcp = ip.subarray(20);
    const pseudo = Buffer.concat([ip.subarray(12, 20), Buffer.from([0, 6, tcp.length >> 8, tcp.length & 0xff])]);
    expect([checksum(ip.subarray(0, 20)), checksum(Buffer.concat([pseudo, tcp]))]).toEqual([0, 0]);
    const names: [number, string][] = [
      [2, 'S'],
      [1, 'F'],
      [8, 'P'],
      [16, 'A'],
    ];
    segments.push({
      at: `${bytes.readUInt32LE(at)}.${bytes.readUInt32LE(at + 4)}`,
      from: tcp.readUInt16BE(0) === serverPort ? 'server' : 'client',
      flags: names.map(([bit, name]) => ((tcp.readUInt8(13) & bit) === 0 ? '' : name)).join(''),
      sequence: tcp.readUInt32BE(4),
      acknowledgment: tcp.readUInt32BE(8),
      payload: Buffer.from(tcp.subarray(20)),
    });
  }
  return segments;
}

/** The logical packets of both sides in order, `S:` the server's and `C:` the client's; checks TCP's numbers. */
function conversation(segments: readonly Segment[]): string[] {
  const lines: string[] = [];
  const state = { server: { next: -1, rest: Buffer.alloc(0) }, client: { next: -1, rest: Buffer.alloc(0) } };
  for (const { from, flags, sequence, acknowledgment, payload } of segments) {
    const side = state[from];
    const other = state[from === 'server' ? 'client' : 'server'];
    if (flags.includes('S')) {
      side.next = sequence;
      lines.push(`${from} SYN`);
    }
    expect(sequence).toBe(side.next);
    if (flags.includes('A')) expect(acknowledgment).toBe(other.next);
    side.next = (side.next + payload.length + (/[SF]/.test(flags) ? 1 : 0)) % 2 ** 32;
    side.rest = Buffer.concat([side.rest, payload]);
    while (side.rest.length >= 2 && side.rest.length >= 2 + side.rest.readUInt16BE(0)) {
      const end = 2 + side.rest.readUInt16BE(0);
      const body = side.rest.subarray(3, end).toString('latin1').trim().replace(/ +/g, ' ');
      lines.push(`${from === 'server' ? 'S' : 'C'}:${String.fromCharCode(side.rest[2] as number)} ${body}`.trim());
      side.rest = side.rest.subarray(end);
    }
    if (flags.includes('F')) {
      expect(side.rest).toHaveLength(0);
      lines.push(`${from} FIN`);
    }
  }
  return lines;
}

type Given = [bytes: string, seconds?: number, ns?: number, sequence?: number];

function write(given: Given[], spec: Partial<MessageOutputSpec> = {}, ends = true) {
  const output = openMessageOutput({ path, framing: 'soupbintcp', session: 'SESS', ...spec });
  for (const [bytes, seconds = 100, ns = 0, sequence = 0] of given) {
    const message = text(bytes);
    output.message(new DataView(message.buffer), 0, message.length, seconds, ns, sequence);
  }
  if (ends) output.endOfSession();
  output.close();
  return { segments: segmentsOf(path), counts: output.counts };
}

const opening = ['client SYN', 'server SYN'];
const login = (sequence: number) => [...opening, `C:L clientpassword SESS ${sequence}`, `S:A SESS ${sequence}`];
const fins = ['server FIN', 'client FIN'];

describe('the conversation', () => {
  test('handshake, login, messages, end of session, farewell', () => {
    const { segments, counts } = write([['one'], ['two'], ['three', 100, 5]]);
    expect(conversation(segments)).toEqual([...login(1), 'S:S one', 'S:S two', 'S:S three', 'S:Z', ...fins]);
    expect(segments.map(({ from, flags }) => `${from[0]} ${flags}`).slice(0, 5)).toEqual([
      'c S',
      's SA',
      'c A',
      'c PA',
      's PA',
    ]);
    expect(counts).toMatchObject({ messages: 3, packets: segments.length, connections: 1, tooLong: 0 });
  });

  test('a session that goes on ends with a logout', () => {
    expect(conversation(write([['one']], {}, false).segments)).toEqual([...login(1), 'S:S one', 'C:O', ...fins]);
  });

  test('nothing to say is nothing written, or the end alone', () => {
    expect(write([], {}, false).segments).toEqual([]);
    expect(conversation(write([]).segments)).toEqual([...login(1), 'S:Z', ...fins]);
  });

  test('a gap begins another connection, at the number that follows it', () => {
    const { segments, counts } = write([
      ['a', 100, 0, 7],
      ['b', 100, 0, 8],
      ['c', 100, 0, 20],
      ['d', 100, 0, 0],
    ]);
    expect(conversation(segments)).toEqual([
      ...login(7),
      'S:S a',
      'S:S b',
      ...fins,
      ...login(20),
      'S:S c',
      'S:S d',
      'S:Z',
      ...fins,
    ]);
    expect(counts.connections).toBe(2);
  });

  test('heartbeats after each second of silence, the client as well while the server speaks', () => {
    const { segments } = write([['a'], ['b', 100, 900_000_000], ['c', 101, 500_000_000], ['d', 103, 600_000_000]]);
    expect(conversation(segments).slice(4)).toEqual([
      'S:S a',
      'S:S b',
      'C:R',
      'S:S c',
      'C:R',
      'S:H',
      'C:R',
      'S:H',
      'S:S d',
      'S:Z',
      ...fins,
    ]);
    const beats = segments.filter(
      ({ payload }) => payload.length === 3 && /[HR]/.test(String.fromCharCode(payload[2] as number)),
    );
    expect(beats.map(({ at, from }) => `${at} ${from}`)).toEqual([
      '101.0 client',
      '102.0 client',
      '102.500000000 server',
      '103.0 client',
      '103.500000000 server',
    ]);
  });

  test('exactly a second is not more than one, and a clock that goes back is no silence', () => {
    expect(
      conversation(
        write([
          ['a', 100],
          ['b', 101],
          ['c', 50],
        ]).segments,
      ),
    ).not.toContain('S:H');
  });

  test('a silence of more than an hour ends the connection', () => {
    const lines = conversation(
      write(
        [
          ['a', 0],
          ['b', 3600],
          ['c', 7201],
        ],
        { pack: 'mtu' },
      ).segments,
    );
    expect(lines.filter((line) => line === 'S:H')).toHaveLength(3599);
    expect(lines.slice(-11)).toEqual(['S:S b', ...fins, ...login(3), 'S:S c', 'S:Z', ...fins]);
  });
});

describe('segments', () => {
  const payloads = (given: Given[], spec: Partial<MessageOutputSpec>) =>
    write(given, spec)
      .segments.filter(({ from, payload }) => from === 'server' && payload.length > 0)
      .map(({ at, payload }) => `${at}: ${payload.length}`)
      .slice(1);

  const one = (seconds = 100, ns = 0, length = 30): Given => ['x'.repeat(length), seconds, ns];

  test('by time stamp: whole packets of one stamp', () => {
    const given = [one(), one(), one(), one(100, 1), one(100, 2, 200)];
    // An MSS of 88 holds two packets of 33 bytes; what is behind the split one shares its last segment.
    expect(payloads(given, { mtu: 128 })).toEqual([
      '100.0: 66',
      '100.0: 33',
      '100.1: 33',
      '100.2: 88',
      '100.2: 88',
      '100.2: 30',
    ]);
  });

  test('by MTU: filled, and stamped as what filled them', () => {
    const given = [one(), one(), one(100, 7), one(100, 8)];
    expect(payloads(given, { mtu: 128, pack: 'mtu' })).toEqual(['100.7: 88', '100.8: 47']);
    const { segments } = write(given, { mtu: 128, pack: 'mtu' });
    expect(conversation(segments).filter((line) => line.startsWith('S:S x'))).toHaveLength(4);
  });

  test('the client acknowledges every second one', () => {
    const given = Array.from({ length: 10 }, (_, index) => one(100, index));
    const { segments } = write(given);
    expect(segments.filter(({ from, flags }) => from === 'client' && flags === 'A')).toHaveLength(1 + 5);
  });

  test('IPv6 takes 20 bytes more', () => {
    const spec = { mtu: 128, source: parseEndpoint('[::1]:26400'), destination: parseEndpoint('[::2]:5') };
    const output = openMessageOutput({ path, framing: 'soupbintcp', ...spec });
    output.message(new DataView(new ArrayBuffer(500)), 0, 500, 1, 2, 0);
    output.close();
    const bytes = readFileSync(path);
    const lengths: number[] = [];
    for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8))
      lengths.push(bytes.readUInt32LE(at + 8));
    expect(Math.max(...lengths)).toBe(14 + 128);
  });
});

test('any messages, numbers and stamps come through, over wrapping TCP numbers too', () => {
  const step = fc.record({
    length: fc.integer({ min: 0, max: 300 }),
    after: fc.constantFrom(0, 0, 1, 700_000_000, 2_500_000_000),
    skip: fc.constantFrom(0, 0, 0, 3),
  });
  const setup = fc.record({
    mtu: fc.integer({ min: 128, max: 400 }),
    pack: fc.constantFrom('timestamp' as const, 'mtu' as const),
    initialSequence: fc.constantFrom(1, 2 ** 32 - 1, 2 ** 32 - 200),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), setup, (steps, options) => {
      const capture = () => openCaptureOutput({ path, format: 'pcap' });
      const flow = { ...makeFlow(), sourcePort: 26_400 };
      const output = SoupBinTCPOutput.open({ session: 'S', firstSequence: 1, flow, ...options }, capture);
      let atNs = 0;
      let sequence = 0;
      const expected: string[] = [];
      for (const [index, { length, after, skip }] of steps.entries()) {
        atNs += after;
        sequence += 1 + skip;
        if (index === 0 || skip > 0) expected.push(`S:A S ${sequence}`);
        const message = text(String.fromCharCode(97 + index).repeat(length));
        expected.push(`S:S ${Buffer.from(message).toString()}`.trim());
        output.message(new DataView(message.buffer), 0, length, Math.floor(atNs / 1e9), atNs % 1e9, sequence);
      }
      output.close();
      expect(conversation(segmentsOf(path)).filter((line) => /^S:[AS]/.test(line))).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('a message that no packet can carry is left out and counted', () => {
  const { segments, counts } = write([['a'.repeat(65_535)], ['b'.repeat(65_534)]]);
  expect(counts).toMatchObject({ messages: 1, tooLong: 1 });
  expect(conversation(segments)[4]).toBe(`S:S ${'b'.repeat(65_534)}`);
});

test.each([{ mtu: 127 }, { mtu: 65_536 }, { firstSequence: 0 }, { session: 'ELEVEN CHAR' }])(
  '%j is refused',
  (spec) => {
    expect(() => write([], spec)).toThrow(UsageError);
  },
);
