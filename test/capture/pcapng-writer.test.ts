import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { MAX_RECORD_BYTES } from '../../src/capture/capture-writer.js';
import { flowBetween } from '../../src/capture/endpoint.js';
import { FlowTable } from '../../src/capture/flow.js';
import { PcapWriter, RECORD_OVERHEAD_BYTES } from '../../src/capture/pcap-writer.js';
import { PcapngWriter } from '../../src/capture/pcapng-writer.js';
import { SYN } from '../../src/capture/tcp.js';
import { concat, text } from './build.js';
import { payloadOf, read } from './drive.js';

const flow = new FlowTable().intern(0xcec87f8a, 51000, 0xe9b60c6f, 26477);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function record(writer: PcapngWriter, payload: Uint8Array, seconds = 1, nanoseconds = 2, to = flow): Uint8Array {
  return writer.record(viewOf(payload), 0, payload.length, to, seconds, nanoseconds).slice();
}

test('writes the bytes that the format prescribes', () => {
  const writer = new PcapngWriter();
  const file = Buffer.from(concat(writer.header(), record(writer, text('abc'), 0x12345678, 999_999_999)));
  const stamp = (0x12345678n * 1_000_000_000n + 999_999_999n).toString(16).padStart(16, '0');
  const littleEndian = (word: string) => Buffer.from(word, 'hex').reverse().toString('hex');
  const blocks = [
    // Section: byte order magic, version 1.0, unknown length, shb_userappl, end of options.
    '0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff 0400 0800 7469636b7265656c 0000 0000 2c000000',
    // Interface: Ethernet, snap length, if_tsresol 9, end of options.
    '01000000 20000000 0100 0000 00000400 0900 0100 09000000 0000 0000 20000000',
    // Packet: interface, stamp, both lengths; 45 bytes of frame and 3 of padding.
    `06000000 50000000 00000000 ${littleEndian(stamp.slice(0, 8))} ${littleEndian(stamp.slice(8))} 2d000000 2d000000`,
  ];
  const frame = new PcapWriter().record(viewOf(text('abc')), 0, 3, flow, 0, 0).subarray(16);
  expect(file.toString('hex')).toBe(
    `${blocks.join('').replaceAll(' ', '')}${Buffer.from(frame).toString('hex')}00000050000000`,
  );
});

test('what is written is read again, to the nanosecond', () => {
  const datagram = fc.record({
    payload: fc.uint8Array({ maxLength: 300 }),
    port: fc.nat(0xffff),
    seconds: fc.oneof(fc.nat(0xffffffff), fc.integer({ min: 0, max: 18_446_744_072 })),
    nanoseconds: fc.nat(999_999_999),
  });
  fc.assert(
    fc.property(
      fc.array(datagram, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 99 })),
      (datagrams, sizes) => {
        const writer = new PcapngWriter();
        const table = new FlowTable();
        const blocks = datagrams.map(({ payload, port, seconds, nanoseconds }) =>
          record(writer, payload, seconds, nanoseconds, table.intern(1, port, 2, 3)),
        );
        const outcome = read(concat(writer.header(), ...blocks), sizes);
        expect(outcome.damage).toEqual([]);
        expect(
          outcome.datagrams.map(({ seconds, nanoseconds, payload }) => ({ seconds, nanoseconds, payload })),
        ).toEqual(
          datagrams.map(({ seconds, nanoseconds, payload }) => ({
            seconds,
            nanoseconds,
            payload: Buffer.from(payload).toString('latin1'),
          })),
        );
        expect([outcome.counts.badUdpChecksums, writer.clampedTimestamps]).toEqual([0, 0]);
      },
    ),
  );
});

test.each([
  [-1, 5, 0, 0],
  [18_446_744_073, 5, 18_446_744_072, 999_999_999],
])('a time of %i s that the format cannot hold is clamped and counted', (seconds, nanoseconds, wrote, wroteNs) => {
  const writer = new PcapngWriter();
  const { datagrams } = read(concat(writer.header(), record(writer, text('x'), seconds, nanoseconds)));
  expect(datagrams[0]).toMatchObject({ seconds: wrote, nanoseconds: wroteNs });
  expect(writer.clampedTimestamps).toBe(1);
});

test('padding is zeroed in a buffer that held other bytes', () => {
  const into = new DataView(new ArrayBuffer(200));
  new Uint8Array(into.buffer).fill(0xee);
  const length = new PcapngWriter().write(into, 0, viewOf(text('abc')), 0, 3, flow, 1, 2);
  expect(new Uint8Array(into.buffer, length - 7, 3)).toEqual(new Uint8Array(3));
  expect(length % 4).toBe(0);
});

test('says what it is told of its section and interfaces, of their statistics and of losses', () => {
  const writer = new PcapngWriter({
    section: { hardware: 'Ümlaut CPU', os: 'Linux 6', application: 'a program' },
    interfaces: [{ name: 'lo', description: 'one', filter: 'udp' }, { name: 'eth1' }],
  });
  writer.interfaceIndex = 1;
  writer.droppedBefore = 2 ** 40 + 3;
  const first = record(writer, text('abcd'));
  expect([writer.droppedBefore, first.length - writer.lengthAt(viewOf(first), 0)]).toEqual([0, 0]);
  expect(writer.interfaceAt(viewOf(first), 0)).toBe(1);
  const second = record(writer, text('abcd'));
  expect(first.length - second.length).toBe(16);
  const start = { seconds: 1_767_623_400, nanoseconds: 1 };
  const end = { seconds: 1_767_623_460, nanoseconds: 999_999_999 };
  const counts = { received: 2 ** 41, dropped: 2 ** 40 + 3, osDropped: 5, delivered: 2 };
  const statistics = writer.statistics([
    { interfaceIndex: 0, start, end, received: 0, dropped: 0, osDropped: null, delivered: 0 },
    { interfaceIndex: 1, start, end, ...counts },
  ]);
  // isb_starttime and isb_endtime, the high word of the nanoseconds first.
  const stamps = Buffer.from(statistics.subarray(-80, -56));
  expect([stamps.readUInt16LE(0), stamps.readUInt16LE(12), stamps.readUInt16LE(2)]).toEqual([2, 3, 8]);
  expect(BigInt(stamps.readUInt32LE(4)) * 2n ** 32n + BigInt(stamps.readUInt32LE(8))).toBe(1_767_623_400_000_000_001n);
  const reader = new CaptureReader({ onDamage: (damage) => expect(damage).toBe(null) });
  const header = writer.header();
  reader.push(concat(header, first, second, statistics));
  reader.end();
  while (reader.next()) expect(payloadOf(reader)).toBe('abcd');
  const shared = { linkType: 1, snapLength: 262_144, resolution: '10^-9', accepted: null };
  expect(reader.description).toEqual({
    sections: 1,
    interfaces: [
      { ...shared, name: 'lo', description: 'one', received: 0, dropped: 0, osDropped: null, delivered: 0 },
      { ...shared, name: 'eth1', description: null, ...counts },
    ],
    interfaceCount: 2,
    comments: [],
    commentCount: 0,
    blocks: { SHB: 1, IDB: 2, EPB: 2, ISB: 2 },
    droppedPackets: 2 ** 40 + 3,
  });
  for (const said of ['Ümlaut CPU', 'Linux 6', 'a program', '\0udp']) {
    expect(Buffer.from(header).includes(said), said).toBe(true);
  }
});

test.each([
  ['pcap', new PcapWriter(), 16],
  ['pcapng', new PcapngWriter(), 28],
])('%s holds TCP segments too, and any record fits the room named', (_, writer, frameAt) => {
  const into = new DataView(new ArrayBuffer(MAX_RECORD_BYTES));
  const to = flowBetween('TCP', { address: '::1', port: 1 }, { address: '::2', port: 2 });
  const payload = new DataView(new ArrayBuffer(65_515));
  const fields = { sequence: 7, acknowledgment: 8, flags: SYN, window: 9 };
  const length = writer.writeSegment(into, 0, payload, 0, 65_515, to, fields, 1, 2);
  expect(length).toBeGreaterThan(65_515 + RECORD_OVERHEAD_BYTES);
  expect(into.getUint8(frameAt + 14 + 6)).toBe(6);
  expect(into.getUint32(frameAt + 14 + 40 + 4)).toBe(7);
});
