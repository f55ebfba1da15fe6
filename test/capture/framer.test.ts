import { describe, expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { flowBetween } from '../../src/capture/endpoint.js';
import { Framer } from '../../src/capture/framer.js';
import { noRewriting, parseVlanRule } from '../../src/capture/rewrite-rules.js';
import { concat, frame, pcap, text } from './build.js';
import { ether, ip4, ip6, udp, udp6, vxlan } from './build-layers.js';
import { read } from './drive.js';

const plain = { rules: noRewriting, checksums: 'keep' } as const;
const flow = flowBetween('UDP', { address: '10.0.0.1', port: 1000 }, { address: '239.1.2.3', port: 2000 });

function readerOf(bytes: Uint8Array, link = 1, allFrames = false): CaptureReader {
  const reader = new CaptureReader({ onDamage: () => {}, allFrames });
  reader.push(pcap([{ data: bytes }], { link }));
  reader.end();
  expect(reader.next()).toBe(true);
  return reader;
}

/** The frame of the one datagram of a capture, whose payload is `payload` now. */
function framed(bytes: Uint8Array, options: { link?: number; payload?: Uint8Array; framer?: Framer } = {}): Uint8Array {
  const { link = 1, payload, framer = new Framer(plain) } = options;
  const reader = readerOf(bytes, link);
  const own = payload === undefined ? null : new DataView(payload.slice().buffer);
  const made =
    own === null
      ? framer.make(reader.frame, reader.view, reader.offset, reader.length, reader.flow)
      : framer.make(reader.frame, own, 0, own.byteLength, reader.flow);
  expect(made).toBe(true);
  if (own === null) expect(framer.length).toBe(framer.lengthOf(reader.frame, reader.length, reader.flow));
  return new Uint8Array(framer.view.buffer, framer.view.byteOffset + framer.offset, framer.length).slice();
}

test('a captured packet is handed out where it lies', () => {
  const reader = readerOf(frame({ trailer: new Uint8Array(9) }));
  const framer = new Framer(plain);
  expect(framer.make(reader.frame, reader.view, reader.offset, reader.length, reader.flow)).toBe(true);
  expect([framer.view, framer.offset, framer.built]).toEqual([reader.view, reader.frame?.offset, 0]);
});

describe('another payload in its place', () => {
  const tags = [0x8100];
  const trailer = new Uint8Array(6).fill(0xaa);

  test('of the same length: headers and trailer as captured, the checksum right', () => {
    const bytes = frame({ payload: text('odd'), tags, trailer });
    expect(framed(bytes, { payload: text('ODD') })).toEqual(frame({ payload: text('ODD'), tags, trailer }));
  });

  test('shorter or longer: lengths and checksums right, what stood behind left out', () => {
    const bytes = frame({ payload: text('payload'), tags, trailer });
    for (const payload of [text(''), text('pay'), text('a longer payload')]) {
      expect(framed(bytes, { payload })).toEqual(frame({ payload, tags }));
    }
  });

  test('of IPv6', () => {
    const bytes = ether(0x86dd, ip6(udp6(text('six'))));
    for (const payload of [text('SIX'), text('five!')]) {
      expect(framed(bytes, { payload })).toEqual(ether(0x86dd, ip6(udp6(payload))));
    }
  });

  test('without a checksum, and with one that was wrong: so it stays', () => {
    const none = frame({ udpChecksum: 'none' });
    expect(framed(none, { payload: text('PAYLOAD') })).toEqual(
      frame({ payload: text('PAYLOAD'), udpChecksum: 'none' }),
    );
    const { counts } = read(pcap([{ data: framed(frame({ udpChecksum: 'wrong' }), { payload: text('short') }) }]));
    expect([counts.badIpChecksums, counts.badUdpChecksums]).toEqual([0, 1]);
  });

  test('in a tunnel: of the same length in its place, of another in a frame of its own', () => {
    const inner = (payload: Uint8Array) => frame({ payload, destination: '239.1.1.1' });
    const tunnel = (payload: Uint8Array) => ether(0x0800, ip4(vxlan(inner(payload))));
    const framer = new Framer(plain);
    expect(framed(tunnel(text('within')), { payload: text('WITHIN'), framer })).toEqual(tunnel(text('WITHIN')));
    expect(framer.built).toBe(0);
    const alone = framed(tunnel(text('within')), { payload: text('longer than that'), framer });
    expect(framer.built).toBe(1);
    const { datagrams } = read(pcap([{ data: alone }]));
    expect(datagrams.map(({ payload, flow }) => [payload, flow])).toEqual([
      ['longer than that', '10.0.0.1:1000 > 239.1.1.1:26477'],
    ]);
    expect(alone.length).toBe(42 + 16);
  });
});

describe('headers that are built', () => {
  test('of a datagram that is in no packet, with addresses made from the flow', () => {
    const framer = new Framer(plain);
    const payload = text('built');
    expect(framer.make(null, new DataView(payload.buffer), 0, payload.length, flow)).toBe(true);
    expect([framer.built, framer.length]).toEqual([1, framer.lengthOf(null, payload.length, flow)]);
    const bytes = new Uint8Array(framer.view.buffer, framer.offset, framer.length);
    expect(Buffer.from(bytes.slice(0, 12)).toString('hex')).toBe('01005e010203' + '02000a000001');
    const { datagrams, counts } = read(pcap([{ data: bytes.slice() }]));
    expect(datagrams.map(({ payload, flow }) => [payload, flow])).toEqual([['built', flow.name]]);
    expect([counts.badIpChecksums, counts.badUdpChecksums]).toEqual([0, 0]);
  });

  test.each<[string, number, (packet: Uint8Array) => Uint8Array]>([
    ['raw IP', 101, (packet) => packet],
    ['Linux cooked', 113, (packet) => concat(new Uint8Array(14), Uint8Array.of(8, 0), packet)],
    ['null', 0, (packet) => concat(Uint8Array.of(2, 0, 0, 0), packet)],
  ])('of a packet of another link layer: %s', (_name, link, around) => {
    const packet = ip4(udp(text('as it is')));
    const framer = new Framer(plain);
    const bytes = framed(around(packet), { link, framer });
    expect(framer.built).toBe(1);
    expect(Buffer.from(bytes.slice(0, 14)).toString('hex')).toBe('02000a000002' + '02000a000001' + '0800');
    expect(bytes.slice(14)).toEqual(packet);
  });

  test('another payload, and rules, reach those too', () => {
    const packet = ip4(udp(text('as it is')));
    const framer = new Framer({ rules: { ...noRewriting, vlans: [parseVlanRule('none=7')] }, checksums: 'anew' });
    const bytes = framed(packet, { link: 101, payload: text('as it was'), framer });
    const { frame: captured, length, flow: own } = readerOf(packet, 101);
    // The other payload is a byte longer than the captured one, which the length is told by.
    expect(bytes.length).toBe(framer.lengthOf(captured, length, own) + 1);
    expect(Buffer.from(bytes.slice(12, 18)).toString('hex')).toBe('81000007' + '0800');
    expect(bytes.slice(18)).toEqual(ip4(udp(text('as it was'))));
  });

  test('a packet whose link layer tells no ethertype is counted, not sent', () => {
    const reader = readerOf(text('a frame of a radio'), 105, true);
    const framer = new Framer(plain);
    expect(framer.make(reader.frame, reader.view, reader.offset, reader.length, reader.flow)).toBe(false);
    expect(framer.unframed).toBe(1);
  });
});
