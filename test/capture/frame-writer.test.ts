import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flowBetween } from '../../src/capture/endpoint.js';
import {
  FrameWriter,
  MAX_FRAME_BYTES,
  MAX_FRAME_HEADER_BYTES,
  MAX_IPV6_PAYLOAD_BYTES,
  MAX_PAYLOAD_BYTES,
} from '../../src/capture/frame-writer.js';
import { ACK, PSH } from '../../src/capture/tcp.js';
import { UsageError } from '../../src/core/errors.js';
import { checksum, concat, text } from './build.js';

const v4 = flowBetween('UDP', { address: '10.0.0.1', port: 1000 }, { address: '10.0.0.2', port: 2000 });
const v6 = flowBetween('UDP', { address: '2001:db8::1', port: 1000 }, { address: 'ff02::1:2', port: 2000 });
const fields = { sequence: 0xfffffffe, acknowledgment: 0x80000000, flags: ACK | PSH, window: 65_535 };

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What `write` puts at byte 5 of a buffer that held other bytes before. */
function frame(write: (into: DataView, at: number) => number): Uint8Array {
  const bytes = new Uint8Array(MAX_FRAME_BYTES + 10).fill(0xee);
  const length = write(viewOf(bytes), 5);
  expect([bytes[4], bytes[5 + length]]).toEqual([0xee, 0xee]);
  return bytes.slice(5, 5 + length);
}

function datagram(payload: Uint8Array, flow = v4, writer = new FrameWriter({ ttl: 9 })): Uint8Array {
  return frame((into, at) => writer.writeDatagram(into, at, viewOf(payload), 0, payload.length, flow));
}

function segment(payload: Uint8Array, flow = v4, header = fields): Uint8Array {
  const writer = new FrameWriter({ ttl: 9 });
  return frame((into, at) => writer.writeSegment(into, at, viewOf(payload), 0, payload.length, flow, header));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const joined = (...parts: string[]) => parts.join('').replaceAll(' ', '');

/** The sum that a receiver makes over addresses, length, protocol and the transport's bytes: 0 where it is right. */
function transportSum(bytes: Uint8Array, protocol: number): number {
  const isIpv6 = bytes[12] === 0x86;
  const ip = bytes.slice(14);
  const transport = ip.slice(isIpv6 ? 40 : 20);
  const addresses = isIpv6 ? ip.slice(8, 40) : ip.slice(12, 20);
  const tail = Uint8Array.of(transport.length >>> 8, transport.length & 0xff, 0, protocol);
  return checksum(concat(addresses, tail, transport));
}

describe('the bytes that the formats prescribe', () => {
  test('UDP over IPv6 to a group', () => {
    const bytes = datagram(text('abc'), v6);
    expect(hex(bytes)).toBe(
      joined(
        // Ethernet: 33:33 and the last four bytes of the group, a local source, IPv6.
        '333300010002 020000000001 86dd',
        // Version 6, payload length 11, UDP, hop limit 9, both addresses.
        '60000000 000b 11 09 20010db8000000000000000000000001 ff020000000000000000000000010002',
        '03e8 07d0 000b',
        hex(bytes.slice(60, 62)),
        '616263',
      ),
    );
    expect(transportSum(bytes, 17)).toBe(0);
  });

  test('TCP over IPv4', () => {
    const bytes = segment(text('abc'));
    expect(hex(bytes)).toBe(
      joined(
        '02000a000002 02000a000001 0800',
        `4500 002b 0000 4000 0906 ${hex(bytes.slice(24, 26))} 0a000001 0a000002`,
        // Ports, sequence, acknowledgment, 5 words of header, PSH and ACK, window, checksum, no urgent pointer.
        `03e8 07d0 fffffffe 80000000 5018 ffff ${hex(bytes.slice(50, 52))} 0000 616263`,
      ),
    );
    expect([checksum(bytes.slice(14, 34)), transportSum(bytes, 6)]).toEqual([0, 0]);
  });

  test('unicast over IPv6 gets a local Ethernet address of its own', () => {
    const flow = flowBetween('UDP', { address: '::a:b', port: 1 }, { address: '2001:db8::c0de:1', port: 2 });
    expect(hex(datagram(text(''), flow).slice(0, 12))).toBe('0200c0de000102 00000a000b'.replace(' ', ''));
  });
});

test('checksums are right for any payload, addresses and fields', () => {
  const word = fc.nat(0xffff).map((value) => value.toString(16));
  const ipv6 = fc.array(word, { minLength: 8, maxLength: 8 }).map((words) => words.join(':'));
  const pair = fc.oneof(fc.tuple(fc.ipV4(), fc.ipV4()), fc.tuple(ipv6, ipv6));
  const header = fc.record({
    sequence: fc.nat(0xffffffff),
    acknowledgment: fc.nat(0xffffffff),
    flags: fc.nat(0xff),
    window: fc.nat(0xffff),
  });
  fc.assert(
    fc.property(pair, fc.nat(0xffff), fc.uint8Array({ maxLength: 200 }), header, ([from, to], port, payload, tcp) => {
      const flow = flowBetween('UDP', { address: from, port }, { address: to, port: 65_535 - port });
      expect(transportSum(datagram(payload, flow), 17)).toBe(0);
      expect(transportSum(segment(payload, flow, tcp), 6)).toBe(0);
    }),
  );
});

test('one writer serves flows by turns', () => {
  const writer = new FrameWriter({ ttl: 9 });
  const frames = [v4, v6, v4].map((flow) => hex(datagram(text('x'), flow, writer)));
  // The second IPv4 packet has another identification, and so another checksum of its header.
  expect(frames[1]).toBe(hex(datagram(text('x'), v6)));
  expect(frames[2]?.slice(68)).toBe(frames[0]?.slice(68));
});

test('the greatest payloads fit, greater ones are refused', () => {
  const most = new Uint8Array(MAX_IPV6_PAYLOAD_BYTES + 1).fill(0xff);
  expect(datagram(most.slice(1), v6)).toHaveLength(14 + 40 + 65_535);
  expect(transportSum(datagram(most.slice(1), v6), 17)).toBe(0);
  expect(datagram(most.slice(0, MAX_PAYLOAD_BYTES))).toHaveLength(14 + 65_535);
  expect(segment(most.slice(0, 65_535 - 40))).toHaveLength(14 + 65_535);
  expect(segment(most.slice(0, 65_535 - 20), v6)).toHaveLength(MAX_FRAME_HEADER_BYTES + 65_535 - 20);
  expect(() => datagram(most, v6)).toThrow(UsageError);
  expect(() => datagram(most.slice(0, MAX_PAYLOAD_BYTES + 1))).toThrow(UsageError);
  expect(() => segment(most.slice(0, 65_535 - 39))).toThrow(UsageError);
  expect(() => segment(most.slice(0, 65_535 - 19), v6)).toThrow(UsageError);
});

test('bad calls are refused', () => {
  expect(() => new FrameWriter({ ttl: -1 })).toThrow(UsageError);
  expect(() => datagram(text('x'), { ...v4, source: 'localhost' })).toThrow(/localhost is no IPv4 or IPv6 address/);
  expect(() => datagram(text('x'), { ...v4, destination: '::1' })).toThrow(/one address is IPv4 and the other IPv6/);
});
