import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowTable } from '../../src/capture/flow.js';
import { MAX_PAYLOAD_BYTES } from '../../src/capture/frame-writer.js';
import { PcapWriter, RECORD_OVERHEAD_BYTES } from '../../src/capture/pcap-writer.js';
import { UsageError } from '../../src/core/errors.js';
import { checksum, concat, text } from './build.js';
import { read } from './drive.js';

const flow = new FlowTable().intern(0xcec87f8a, 51000, 0xe9b60c6f, 26477);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function record(writer: PcapWriter, payload: Uint8Array, to = flow, seconds = 1, nanoseconds = 2): Uint8Array {
  return writer.record(viewOf(payload), 0, payload.length, to, seconds, nanoseconds).slice();
}

test('writes the bytes that the formats prescribe', () => {
  const writer = new PcapWriter({ ttl: 3 });
  const file = concat(writer.header(), record(writer, text('abc'), flow, 0x12345678, 999_999_999));
  expect(Buffer.from(file).toString('hex')).toBe(
    [
      // File header: magic, version 2.4, zone, accuracy, snap length, link type.
      '4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000',
      // Record: seconds, nanoseconds, captured and original length.
      '78563412 ffc99a3b 2d000000 2d000000',
      // Ethernet: 01:00:5e and 23 bits of 233.182.12.111, a local source, IPv4.
      '01005e360c6f 0200cec87f8a 0800',
      // IPv4: length 31, identification 0, don't fragment, TTL 3, UDP.
      '4500 001f 0000 4000 0311 3356 cec87f8a e9b60c6f',
      // UDP: ports, length 11, checksum.
      'c738 676d 000b c856 616263',
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

test('unicast gets a local Ethernet address of its own', () => {
  const to = new FlowTable().intern(1, 2, 0x0a000007, 4);
  expect(Buffer.from(record(new PcapWriter(), text(''), to).slice(16, 28)).toString('hex')).toBe(
    '02000a000007020000000001',
  );
});

test('identifications increase and wrap', () => {
  const writer = new PcapWriter();
  const payload = text('x');
  const ids = Array.from({ length: 65_538 }, () =>
    viewOf(writer.record(viewOf(payload), 0, 1, flow, 0, 0)).getUint16(34),
  );
  expect(ids.slice(0, 3)).toEqual([0, 1, 2]);
  expect(ids.slice(-3)).toEqual([65_535, 0, 1]);
});

test('what is written is read again, with right checksums', () => {
  const datagram = fc.record({
    payload: fc.uint8Array({ maxLength: 1500, size: 'max' }),
    source: fc.nat(0xffffffff),
    destination: fc.nat(0xffffffff),
    sourcePort: fc.nat(0xffff),
    destinationPort: fc.nat(0xffff),
    seconds: fc.nat(0xffffffff),
    nanoseconds: fc.nat(999_999_999),
  });
  fc.assert(
    fc.property(
      fc.array(datagram, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 999 })),
      (datagrams, sizes) => {
        const writer = new PcapWriter();
        const table = new FlowTable();
        const records = datagrams.map((one) => {
          const to = table.intern(one.source, one.sourcePort, one.destination, one.destinationPort);
          return { ...one, to, bytes: record(writer, one.payload, to, one.seconds, one.nanoseconds) };
        });
        const outcome = read(concat(writer.header(), ...records.map((one) => one.bytes)), sizes);
        expect(outcome.datagrams.map(({ fileOffset, ...one }) => one)).toEqual(
          records.map((one, index) => ({
            packet: index + 1,
            seconds: one.seconds,
            nanoseconds: one.nanoseconds,
            flow: one.to.name,
            payload: Buffer.from(one.payload).toString('latin1'),
            truncated: false,
          })),
        );
        expect(outcome.damage).toEqual([]);
        expect([outcome.counts.badIpChecksums, outcome.counts.badUdpChecksums]).toEqual([0, 0]);
        for (const { bytes } of records) {
          expect(checksum(bytes.slice(30, 50))).toBe(0);
          // A UDP checksum of 0 would say that there is none.
          expect(viewOf(bytes).getUint16(56)).not.toBe(0);
        }
      },
    ),
  );
});

test('a checksum that comes out as 0 is written as all ones', () => {
  const writer = new PcapWriter();
  const sum = viewOf(record(writer, new Uint8Array(2))).getUint16(56);
  const payload = Uint8Array.of(sum >>> 8, sum & 0xff);
  expect(viewOf(record(writer, payload)).getUint16(56)).toBe(0xffff);
});

test('writes into a buffer of the caller', () => {
  const into = new DataView(new ArrayBuffer(200));
  const payload = text('...payload');
  const writer = new PcapWriter();
  expect(writer.write(into, 10, viewOf(payload), 3, 7, flow, 1, 2)).toBe(RECORD_OVERHEAD_BYTES + 7);
  const written = new Uint8Array(into.buffer, 10, RECORD_OVERHEAD_BYTES + 7);
  expect(written).toEqual(record(new PcapWriter(), text('payload')));
});

test.each([
  [-1, 5, 0, 0],
  [2 ** 32, 5, 0xffffffff, 999_999_999],
])('a time of %i s that the format cannot hold is clamped and counted', (seconds, nanoseconds, wrote, wroteNs) => {
  const writer = new PcapWriter();
  const view = viewOf(record(writer, text('x'), flow, seconds, nanoseconds));
  expect([view.getUint32(0, true), view.getUint32(4, true), writer.clampedTimestamps]).toEqual([wrote, wroteNs, 1]);
});

test('the greatest payload fits, a greater one is refused', () => {
  const writer = new PcapWriter();
  const payload = new Uint8Array(MAX_PAYLOAD_BYTES + 1).fill(0xff);
  const file = concat(writer.header(), record(writer, payload.subarray(1)));
  const { datagrams, counts } = read(file);
  expect([datagrams[0]?.payload.length, counts.badUdpChecksums]).toEqual([MAX_PAYLOAD_BYTES, 0]);
  expect(() => record(writer, payload)).toThrow(UsageError);
});

test('bad calls are refused', () => {
  expect(() => new PcapWriter({ ttl: 256 })).toThrow(UsageError);
  expect(() => record(new PcapWriter(), text('x'), { ...flow, destination: '::1' })).toThrow(UsageError);
});
