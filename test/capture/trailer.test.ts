import { expect, test } from 'vitest';
import type { CaptureReaderOptions } from '../../src/capture/capture-reader.js';
import { MAX_TRAILER_DISTANCE_SECONDS } from '../../src/capture/trailer.js';
import { describeCaptures, readCapture } from '../support/captures.js';
import { concat, frame, pcap, text, u16, u32 } from './build.js';
import { ether, ip4, ip6, mpls, udp, udp6 } from './build-layers.js';
import { read } from './drive.js';

const seconds = 1_700_000_000;

function bytes(...numbers: number[]): Uint8Array {
  return Uint8Array.from(numbers);
}

const metamako = (at = seconds + 5, nanoseconds = 123_456_789) =>
  bytes(0xde, 0xad, 0xbe, 0xef, ...u32(at), ...u32(nanoseconds), 1, 0x4c, 0x1c, 0x2e);
/** Half a second. */
const exablaze = (at = seconds + 5) => bytes(0xde, 0xad, 0xbe, 0xef, 3, 9, ...u32(at), 0x80, 0, 0, 0, 0, 0);
const arista = (version: number, at: number[], nanoseconds = 7) =>
  ether(0xd28b, concat(bytes(0, 1, ...u16(version), ...at, ...u32(nanoseconds), 8, 0), ip4(udp(text('payload')))));

function readStamped(data: Uint8Array, timestamps: CaptureReaderOptions['timestamps'] = 'trailer', original?: number) {
  const record = { data, seconds, fraction: 42, ...(original === undefined ? {} : { original }) };
  const { datagrams, counts } = read(pcap([record], { nanoseconds: true }), [], {
    timestamps: timestamps ?? 'capture',
  });
  const [datagram] = datagrams;
  return { stamp: [datagram?.seconds, datagram?.nanoseconds], payload: datagram?.payload, counts };
}

const own = [seconds, 42];
const found: [string, Uint8Array, string, number[]][] = [
  ['Metamako', frame({ trailer: metamako() }), 'Metamako', [seconds + 5, 123_456_789]],
  [
    'Metamako behind padding',
    frame({ trailer: concat(new Uint8Array(3), metamako()) }),
    'Metamako',
    [seconds + 5, 123_456_789],
  ],
  [
    'Metamako and a new FCS',
    frame({ trailer: concat(metamako(), text('FCS!')) }),
    'Metamako',
    [seconds + 5, 123_456_789],
  ],
  [
    'Metamako behind IPv6',
    concat(ether(0x86dd, ip6(udp6(text('payload')))), metamako()),
    'Metamako',
    [seconds + 5, 123_456_789],
  ],
  [
    'Metamako behind MPLS',
    concat(ether(0x8847, mpls(1, ip4(udp(text('payload'))))), metamako()),
    'Metamako',
    [seconds + 5, 123_456_789],
  ],
  ['Exablaze', frame({ trailer: exablaze() }), 'Exablaze', [seconds + 5, 500_000_000]],
  [
    'Exablaze and a new FCS',
    frame({ trailer: concat(exablaze(), text('FCS!')) }),
    'Exablaze',
    [seconds + 5, 500_000_000],
  ],
  ['Arista, 64 bits UTC', arista(0x0110, u32(seconds - 3)), 'Arista header', [seconds - 3, 7]],
  ['Arista, 48 bits UTC', arista(0x0120, u16((seconds + 3) & 0xffff)), 'Arista header', [seconds + 3, 7]],
  ['Arista, 64 bits, not said to be UTC', arista(0x0010, u32(seconds - 3)), 'Arista header (TAI)', own],
  ['Arista, far from the capture', arista(0x0110, u32(seconds - 200_000)), 'Arista header', own],
];

test.each(found)('%s: recognised, its time taken where asked for', (_, data, kind, stamp) => {
  const taken = readStamped(data);
  expect([taken.stamp, taken.payload, taken.counts.trailers]).toEqual([stamp, 'payload', { [kind]: 1 }]);
  expect(taken.counts.withoutTrailer).toBe(stamp === own ? 1 : 0);
  const kept = readStamped(data, 'capture');
  expect([kept.stamp, kept.payload, kept.counts.trailers]).toEqual([own, 'payload', { [kind]: 1 }]);
  expect(kept.counts.withoutTrailer).toBe(0);
});

const none: [string, Uint8Array, number?][] = [
  ['no trailer', frame()],
  ['zeros', frame({ trailer: new Uint8Array(20) })],
  ['too short', frame({ trailer: metamako().slice(1) })],
  ['too far from the capture’s stamp', frame({ trailer: metamako(seconds + MAX_TRAILER_DISTANCE_SECONDS + 1) })],
  ['too far back', frame({ trailer: metamako(seconds - MAX_TRAILER_DISTANCE_SECONDS - 1) })],
  ['a second or more of nanoseconds', frame({ trailer: metamako(seconds, 1_000_000_000) })],
  ['cut by the snap length', frame({ trailer: metamako() }), frame().length + 20],
];

test.each(none)('%s: none, and the capture’s stamp is kept and counted', (_, data, original) => {
  const { stamp, counts } = readStamped(data, 'trailer', original);
  expect([stamp, counts.trailers, counts.withoutTrailer]).toEqual([own, {}, 1]);
});

test('the distance itself is near enough', () => {
  const { stamp } = readStamped(frame({ trailer: metamako(seconds - MAX_TRAILER_DISTANCE_SECONDS, 999_999_999) }));
  expect(stamp).toEqual([seconds - MAX_TRAILER_DISTANCE_SECONDS, 999_999_999]);
});

test('a capture whose clock began in 1970 shows no trailer of zeros', () => {
  const file = pcap([{ data: frame({ trailer: new Uint8Array(20) }), seconds: 3 }]);
  expect(read(file, [], { timestamps: 'trailer' }).counts.trailers).toEqual({});
});

test.each([
  [0x0001_0005, 0xffff, 0x0000_ffff],
  [0x0001_fff0, 0x0004, 0x0002_0004],
])('low 16 bits of seconds: those nearest to the capture’s (%i)', (low, bits, expected) => {
  const base = seconds - (seconds % 65_536);
  const file = pcap([{ data: arista(0x0120, u16(bits)), seconds: base + low }]);
  const { datagrams } = read(file, [], { timestamps: 'trailer' });
  expect(datagrams.map((one) => one.seconds - base)).toEqual([expected]);
});

test('a stamp before the frame goes before those within and behind it, and the packet is stamped once', () => {
  const inner = arista(0x0110, u32(seconds + 5));
  const outer = concat(
    arista(0x0110, u32(seconds + 4)).slice(0, 26),
    Uint8Array.from(u16(0xd28b)),
    inner.slice(14),
    metamako(),
  );
  const { datagrams, counts } = read(pcap([{ data: outer, seconds }]), [], { timestamps: 'trailer' });
  expect(datagrams.map((one) => one.seconds)).toEqual([seconds + 4]);
  expect([counts.trailers, counts.withoutTrailer]).toEqual([{ 'Arista header': 2, Metamako: 1 }, 0]);
});

test('fragments and TCP segments carry the trailer’s time too', () => {
  const first = concat(ether(0x0800, ip4(udp(text('12345678')).slice(0, 8), { more: true })), metamako(seconds));
  const second = concat(ether(0x0800, ip4(text('12345678'), { place: 8 })), metamako(seconds + 9, 1));
  const { datagrams, counts } = read(pcap([first, second].map((data) => ({ data, seconds }))), [], {
    timestamps: 'trailer',
  });
  expect(datagrams.map((one) => [one.payload, one.seconds, one.nanoseconds])).toEqual([['12345678', seconds + 9, 1]]);
  expect([counts.trailers, counts.withoutTrailer]).toEqual([{ Metamako: 2 }, 0]);
});

describeCaptures('hardware time stamps', () => {
  // The publisher of these took the packets' stamps from the trailers: both are the same to the nanosecond.
  test.each([
    'CancelOrderMessage',
    'CanceledMessage',
    'ClientHeartbeatPacket',
    'OrderAcceptedMessage',
    'ServerHeartbeatPacket',
  ])('ouch/%s.pcap: the Metamako trailer says what the packet says', (name) => {
    const file = readCapture(`ouch/${name}.pcap`);
    const stamps = (timestamps: 'capture' | 'trailer') => {
      const { datagrams, counts } = read(file, [], { timestamps });
      expect([counts.trailers, counts.withoutTrailer]).toEqual([{ Metamako: counts.packets }, 0]);
      expect(datagrams).toHaveLength(counts.packets);
      return datagrams.map((one) => [one.seconds, one.nanoseconds]);
    };
    expect(stamps('trailer')).toEqual(stamps('capture'));
  });

  test('ouch/EnterOrderMessage.pcap has none', () => {
    const { counts } = read(readCapture('ouch/EnterOrderMessage.pcap'), [], { timestamps: 'trailer' });
    expect([counts.trailers, counts.withoutTrailer]).toEqual([{}, counts.packets]);
  });

  test('formats/tcpdump/arista_ether.pcap: headers of every version are passed over', () => {
    const { counts, skipped } = read(readCapture('formats/tcpdump/arista_ether.pcap'));
    expect(counts.trailers).toEqual({ 'Arista header': 8, 'Arista header (TAI)': 8 });
    expect(counts.tunnels).toEqual({ MPLS: 8 });
    expect(skipped).toEqual({ 'IPv4 protocol 63': 8, 'MPLS: IPv4 protocol 63': 8 });
  });
});
