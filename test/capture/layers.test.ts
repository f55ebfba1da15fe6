import { expect, test } from 'vitest';
import { MAX_VLAN_TAGS } from '../../src/capture/ethernet.js';
import { FlowTable } from '../../src/capture/flow.js';
import { MAX_EXTENSION_HEADERS } from '../../src/capture/ipv6.js';
import { MAX_LABELS, MAX_TUNNELS } from '../../src/capture/tunnel.js';
import { concat, frame, pcap, Section, text, u16, u32 } from './build.js';
import { ether, fragment6, gre, ip4, ip6, mpls, tcpSegment, udp, udp6, vxlan } from './build-layers.js';
import { read } from './drive.js';

const V4 = '10.0.0.1:5 > 10.0.0.2:6';
const V6 = '[fe80::1]:5 > [ff02::2]:6';
const packet4 = ip4(udp(text('inner')));
const packet6 = ip6(udp6(text('inner')));

function bytes(...numbers: number[]): Uint8Array {
  return Uint8Array.from(numbers);
}

function readOne(data: Uint8Array, link = 1, options = {}) {
  return read(pcap([{ data }], { link }), [], options);
}

const sll = (protocol: number, device = 1) => bytes(0, 4, ...u16(device), 0, 6, ...Array(8).fill(0), ...u16(protocol));
const sll2 = (protocol: number, device = 1) =>
  bytes(...u16(protocol), 0, 0, 0, 0, 0, 1, ...u16(device), 4, 6, ...Array(8).fill(0));
const snap = bytes(0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0);

const links: [string, number, Uint8Array, string][] = [
  ['Linux cooked', 113, concat(sll(0x0800), packet4), V4],
  ['Linux cooked, IPv6', 113, concat(sll(0x86dd), packet6), V6],
  ['Linux cooked, VLAN tag', 113, concat(sll(0x8100), bytes(0, 5, 8, 0), packet4), V4],
  ['Linux cooked, LLC', 113, concat(sll(4), snap, packet4), V4],
  ['Linux cooked v2', 276, concat(sll2(0x0800), packet4), V4],
  ['Linux cooked v2, IPv6', 276, concat(sll2(0x86dd), packet6), V6],
  ...[12, 14, 101].flatMap((link): [string, number, Uint8Array, string][] => [
    ['raw IP', link, packet4, V4],
    ['raw IP, version 6', link, packet6, V6],
  ]),
  ['IPv4', 228, packet4, V4],
  ['IPv6', 229, packet6, V6],
  ['null, little-endian', 0, concat(bytes(2, 0, 0, 0), packet4), V4],
  ['null, big-endian', 0, concat(bytes(0, 0, 0, 2), packet4), V4],
  ...[10, 23, 24, 26, 28, 30].flatMap((family): [string, number, Uint8Array, string][] => [
    ['null, IPv6, little-endian', 0, concat(bytes(family, 0, 0, 0), packet6), V6],
    ['null, IPv6, big-endian', 0, concat(bytes(0, 0, 0, family), packet6), V6],
  ]),
  ['loop', 108, concat(bytes(0, 0, 0, 2), packet4), V4],
  ['PPP', 9, concat(bytes(0, 0x21), packet4), V4],
  ['PPP, HDLC framing', 9, concat(bytes(0xff, 3, 0, 0x57), packet6), V6],
  ['PPP, compressed protocol', 9, concat(bytes(0x21), packet4), V4],
  ['PPP in HDLC', 50, concat(bytes(0xff, 3, 0, 0x21), packet4), V4],
  ['Cisco HDLC', 104, concat(bytes(0x0f, 0, 8, 0), packet4), V4],
  ['Cisco HDLC as PPP with HDLC', 50, concat(bytes(0x0f, 0, 0x86, 0xdd), packet6), V6],
  ['SNAP', 1, ether(snap.length + packet4.length, concat(snap, packet4)), V4],
  ['SNAP of bridged 802.1H', 1, ether(40, concat(bytes(0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0), packet4)), V4],
  ['LLC with point 6', 1, ether(40, concat(bytes(6, 6, 3), packet4)), V4],
  ['Arista, 64 bits', 1, ether(0xd28b, concat(bytes(0, 1, 0, 0x10, ...u32(1), ...u32(2), 8, 0), packet4)), V4],
  ['Arista, 48 bits', 1, ether(0xd28b, concat(bytes(0, 1, 1, 0x21, 0, 1, ...u32(2), 0x86, 0xdd), packet6)), V6],
  [
    'Arista before a tag',
    1,
    ether(0xd28b, concat(bytes(0, 1, 0, 0x11, ...u32(1), ...u32(2), 0x81, 0, 0, 5, 8, 0), packet4)),
    V4,
  ],
];

test.each(links)('%s (link type %i): the datagram within is delivered', (_, link, data, flow) => {
  const { datagrams, damage, counts } = readOne(data, link);
  expect(datagrams.map((one) => [one.flow, one.payload, one.truncated])).toEqual([[flow, 'inner', false]]);
  expect(damage).toEqual([]);
  expect([counts.badIpChecksums, counts.badUdpChecksums, counts.tunnels]).toEqual([0, 0, {}]);
});

const hopByHop = (next: number) => bytes(next, 0, 1, 4, 0, 0, 0, 0);
const routing = (next: number, left: number) => bytes(next, 2, 0, left, 0, 0, 0, 0, ...Array(16).fill(0));
const authentication = (next: number) => bytes(next, 4, ...Array(22).fill(0));
const inner6 = udp6(text('inner'));

const extensions: [string, number, Uint8Array][] = [
  ['hop-by-hop options', 0, concat(hopByHop(17), inner6)],
  ['destination options', 60, concat(hopByHop(17), inner6)],
  ['routing header', 43, concat(routing(17, 0), inner6)],
  ['authentication header', 51, concat(authentication(17), inner6)],
  ['a fragment header of a whole datagram', 44, concat(fragment6(17, 0, false, 9, inner6))],
  ['four of them', 0, concat(hopByHop(43), routing(60, 0), hopByHop(51), authentication(17), inner6)],
  [
    'routing header with the checksum of an address within',
    43,
    concat(routing(17, 1), udp6(text('inner'), [5, 6], '1::2')),
  ],
];

test.each(extensions)('IPv6 with %s', (_, next, payload) => {
  const { datagrams, damage, counts } = readOne(ether(0x86dd, ip6(payload, { next })));
  expect(datagrams.map((one) => [one.flow, one.payload])).toEqual([[V6, 'inner']]);
  expect([damage, counts.badUdpChecksums]).toEqual([[], 0]);
});

test('IPv6: an absent or wrong UDP checksum is counted, and left out within tunnels alone', () => {
  const wrong = inner6.with(6, (inner6[6] as number) ^ 1);
  const outer = vxlan(ether(0x86dd, packet6));
  const frames = [udp(text('a')), wrong, outer].map((data) => ({ data: ether(0x86dd, ip6(data)) }));
  const { counts, datagrams } = read(pcap(frames));
  expect([counts.badUdpChecksums, datagrams.length]).toEqual([2, 3]);
  expect(read(pcap(frames), [], { checksums: false }).counts.badUdpChecksums).toBe(0);
});

test('a payload length of 0 left by segmentation offload: the captured bytes tell the end', () => {
  const offloaded = readOne(ether(0x86dd, ip6(inner6, { length: 0 })));
  expect(offloaded.datagrams.map((one) => one.payload)).toEqual(['inner']);
});

const tunnels: [string, Uint8Array, string, Record<string, number>][] = [
  ['MPLS', ether(0x8847, mpls(1, packet4)), V4, { MPLS: 1 }],
  ['MPLS, many labels, IPv6', ether(0x8848, mpls(MAX_LABELS, packet6)), V6, { MPLS: 1 }],
  ['MPLS pseudowire', ether(0x8847, mpls(2, concat(u32Bytes(1), ether(0x0800, packet4)))), V4, { MPLS: 1 }],
  [
    'MPLS pseudowire, tagged',
    ether(0x8847, mpls(1, concat(u32Bytes(0), ether(0x8100, concat(bytes(0, 5, 0x86, 0xdd), packet6))))),
    V6,
    { MPLS: 1 },
  ],
  ['PPPoE', ether(0x8864, concat(bytes(0x11, 0, 0, 1, 0, 35, 0, 0x21), packet4)), V4, { PPPoE: 1 }],
  ['GRE', greFrame(gre(0x0800, packet4)), V4, { GRE: 1 }],
  ['GRE with checksum, key and sequence', greFrame(gre(0x86dd, packet6, 0xb000, Array(12).fill(0))), V6, { GRE: 1 }],
  ['GRE, bridged', greFrame(gre(0x6558, ether(0x0800, packet4))), V4, { GRE: 1 }],
  [
    'GRE version 1, PPP',
    greFrame(gre(0x880b, concat(bytes(0xff, 3, 0, 0x21), packet4), 0x3081, Array(12).fill(0))),
    V4,
    { GRE: 1 },
  ],
  ['GRE over IPv6', ether(0x86dd, ip6(gre(0x0800, packet4), { next: 47 })), V4, { GRE: 1 }],
  ['IPv4 in IPv4', ether(0x0800, ip4(packet4, { protocol: 4 })), V4, { 'IPv4 in IPv4': 1 }],
  ['IPv6 in IPv4', ether(0x0800, ip4(packet6, { protocol: 41 })), V6, { 'IPv6 in IPv4': 1 }],
  ['IPv4 in IPv6', ether(0x86dd, ip6(packet4, { next: 4 })), V4, { 'IPv4 in IPv6': 1 }],
  ['IPv6 in IPv6', ether(0x86dd, ip6(packet6, { next: 41 })), V6, { 'IPv6 in IPv6': 1 }],
  ['VXLAN', ether(0x0800, ip4(vxlan(ether(0x0800, packet4)))), V4, { VXLAN: 1 }],
  ['VXLAN with group policy', ether(0x0800, ip4(vxlan(ether(0x86dd, packet6), 0x88000009))), V6, { VXLAN: 1 }],
  [
    'one in another',
    ether(0x8847, mpls(1, ip4(gre(0x6558, ether(0x0800, ip4(vxlan(ether(0x86dd, packet6))))), { protocol: 47 }))),
    V6,
    { MPLS: 1, GRE: 1, VXLAN: 1 },
  ],
];

function u32Bytes(value: number): Uint8Array {
  return bytes(...u32(value));
}

function greFrame(payload: Uint8Array): Uint8Array {
  return ether(0x0800, ip4(payload, { protocol: 47 }));
}

test.each(tunnels)('%s: the innermost datagram is delivered, the tunnel counted', (_, data, flow, counted) => {
  const { datagrams, damage, counts } = readOne(data);
  expect(datagrams.map((one) => [one.flow, one.payload, one.truncated])).toEqual([[flow, 'inner', false]]);
  expect([damage, counts.tunnels, counts.badIpChecksums, counts.badUdpChecksums]).toEqual([[], counted, 0, 0]);
});

test.each([0x00000000, 0x08000001, 0x09000000, 0x88100000])(
  'to VXLAN’s port, but with flags %i: a datagram',
  (flags) => {
    const { datagrams, counts } = readOne(ether(0x0800, ip4(vxlan(ether(0x0800, packet4), flags))));
    expect(datagrams.map((one) => one.flow)).toEqual(['10.0.0.1:49152 > 10.0.0.2:4789']);
    expect(counts.tunnels).toEqual({});
  },
);

function nested(depth: number): Uint8Array {
  let packet = packet4;
  for (let count = 0; count < depth; count++) packet = ip4(packet, { protocol: 4 });
  return ether(0x0800, packet);
}

/** GRE whose bridged frame says again and again that it holds one. */
const endless = greFrame(gre(0x6558, concat(...Array.from({ length: 3000 }, () => ether(0x6558, new Uint8Array(0))))));

const skipped: [string, Uint8Array, number?][] = [
  [
    'too many VLAN tags',
    concat(sll(0x8100), ...Array(MAX_VLAN_TAGS).fill(bytes(0, 5, 0x81, 0)), bytes(0, 5, 8, 0)),
    113,
  ],
  ['Linux cooked device type 824', concat(sll(0, 824), packet4), 113],
  ['Linux cooked device type 803', concat(sll2(0, 803), packet4), 276],
  ['ethertype 0x0806 (ARP)', concat(sll(0x0806), bytes(1)), 113],
  ['address family 7', concat(bytes(7, 0, 0, 0), packet4), 0],
  ['neither IPv4 nor IPv6', bytes(0x55), 101],
  ['PPP protocol 0xc021 (LCP)', bytes(0xff, 3, 0xc0, 0x21, 1), 9],
  ['ethertype 0x8035', bytes(0x8f, 0, 0x80, 0x35), 104],
  ['IEEE 802.3 frame without ethertype', ether(7, bytes(0x42, 0x42, 3, 0, 0))],
  ['IEEE 802.3 frame without ethertype', ether(8, bytes(0xaa, 0xaa, 3, 0, 0, 1, 8, 0))],
  ['IEEE 802.3 frame without ethertype', ether(8, bytes(0xaa, 0xaa, 3, 0, 0, 0, 0, 9))],
  ['ethertype 0xd28b', ether(0xd28b, concat(bytes(0, 2, 0, 0x10), packet4))],
  ['ethertype 0xd28b', ether(0xd28b, concat(bytes(0, 1, 0, 0x30), packet4))],
  ['IPv4 protocol 50 (ESP)', ether(0x0800, ip4(text('secret'), { protocol: 50 }))],
  ['IPv6 next header 58 (ICMPv6)', ether(0x86dd, ip6(bytes(1), { next: 58 }))],
  ['IPv6 next header 50 (ESP)', ether(0x86dd, ip6(concat(hopByHop(50), text('secret')), { next: 0 }))],
  ['IPv6 next header 59 (no next header)', ether(0x86dd, ip6(bytes(), { next: 59 }))],
  ['IPv6 jumbogram', ether(0x86dd, ip6(bytes(17, 0, 0xc2, 4, 0, 1, 0, 0), { next: 0, length: 0 }))],
  ['IPv6 jumbogram', ether(0x86dd, ip6(bytes(17, 0, 0, 0, 0xc2, 4, 0, 1), { next: 0, length: 0 }))],
  [
    'too many IPv6 extension headers',
    ether(0x86dd, ip6(concat(...Array(MAX_EXTENSION_HEADERS + 1).fill(hopByHop(60))), { next: 0 })),
  ],
  ['MPLS: payload of another kind', ether(0x8847, mpls(1, text('something')))],
  ['MPLS: payload of another kind', ether(0x8847, mpls(1, concat(u32Bytes(0), ether(0x0806, bytes(1)))))],
  ['MPLS: payload of another kind', ether(0x8847, mpls(1, concat(u32Bytes(0), ether(0x8100, bytes(0, 5)))))],
  ['MPLS: payload of another kind', ether(0x8847, mpls(1, bytes()))],
  ['PPPoE: PPP protocol 0xc021 (LCP)', ether(0x8864, bytes(0x11, 0, 0, 1, 0, 35, 0xc0, 0x21))],
  ['GRE: ethertype 0x88be (ERSPAN)', greFrame(gre(0x88be, text('mirrored')))],
  ['VXLAN: ethertype 0x0806 (ARP)', ether(0x0800, ip4(vxlan(ether(0x0806, bytes(1)))))],
  ['IPv4 in IPv6: IPv4 protocol 1 (ICMP)', ether(0x86dd, ip6(ip4(bytes(8), { protocol: 1 }), { next: 4 }))],
  ['IPv4 in IPv4: too many headers around it', nested(MAX_TUNNELS + 1)],
  ['GRE: too many headers around it', endless],
];

test.each(skipped)('names what it does not read: %s', (reason, data, link = 1) => {
  const { skipped: counted, damage, datagrams } = readOne(data, link);
  expect(counted).toEqual({ [reason]: 1 });
  expect([damage, datagrams]).toEqual([[], []]);
});

test('as many tunnels as are followed', () => {
  const { datagrams, counts } = readOne(nested(MAX_TUNNELS));
  expect(datagrams.map((one) => one.payload)).toEqual(['inner']);
  expect(counts.tunnels).toEqual({ 'IPv4 in IPv4': MAX_TUNNELS });
});

const malformed: [string, Uint8Array, number?][] = [
  ['malformed link header', sll(0x0800).slice(0, 15), 113],
  ['malformed link header', sll2(0x0800).slice(0, 19), 276],
  ['malformed link header', bytes(2, 0, 0), 0],
  ['malformed link header', bytes(), 101],
  ['malformed link header', bytes(0xff, 3, 0), 9],
  ['malformed link header', bytes(0), 9],
  ['malformed link header', bytes(0x0f, 0, 8), 104],
  ['malformed Ethernet header', concat(sll(0x8100), bytes(0, 5, 8)), 113],
  ['malformed Arista header', ether(0xd28b, bytes(0, 1, 0))],
  ['malformed Arista header', ether(0xd28b, bytes(0, 1, 0, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 8))],
  ['malformed IPv6 header', ether(0x86dd, packet6.slice(0, 39))],
  ['malformed IPv6 header', ether(0x86dd, packet6.with(0, 0x50))],
  ['malformed IPv6 header', ether(0x86dd, ip6(hopByHop(17).slice(0, 7), { next: 0 }))],
  ['malformed IPv6 header', ether(0x86dd, ip6(hopByHop(17).with(1, 1), { next: 0 }))],
  ['malformed IPv6 header', ether(0x86dd, ip6(hopByHop(17).slice(0, 7), { next: 0, length: 8 }))],
  ['malformed IPv6 header', ether(0x86dd, ip6(hopByHop(17).with(1, 1), { next: 0, length: 16 }))],
  ['malformed UDP header', ether(0x86dd, ip6(udp(text('x')).with(5, 99)))],
  ['malformed TCP header', ether(0x0800, ip4(tcpSegment(1, 0, bytes()).with(12, 0x40), { protocol: 6 }))],
  ['MPLS: malformed MPLS header', ether(0x8847, bytes(0, 1, 0x30, 64, 0, 1, 0x31))],
  ['MPLS: malformed MPLS header', ether(0x8847, mpls(MAX_LABELS + 1, packet4))],
  ['PPPoE: malformed PPPoE header', ether(0x8864, bytes(0x11, 0, 0, 1, 0))],
  ['PPPoE: malformed PPPoE header', ether(0x8864, bytes(0x11, 9, 0, 1, 0, 2, 0, 0x21))],
  ['GRE: malformed GRE header', greFrame(gre(0x0800, packet4).slice(0, 3))],
  ['GRE: malformed GRE header', greFrame(gre(0x0800, bytes(), 0x2000))],
  ['GRE: malformed GRE header', greFrame(gre(0x0800, packet4, 0x4000))],
  ['GRE: malformed GRE header', greFrame(gre(0x0800, packet4, 2))],
  ['VXLAN: malformed Ethernet header', ether(0x0800, ip4(vxlan(bytes(1, 2))))],
  ['VXLAN: malformed IPv4 header', ether(0x0800, ip4(vxlan(ether(0x0800, bytes(0x45)))))],
];

test.each(malformed)('reports, counts and leaves out: %s', (reason, data, link = 1) => {
  const { skipped: counted, damage, datagrams } = readOne(data, link);
  expect(counted).toEqual({ [reason]: 1 });
  expect(damage.map((one) => one.code)).toEqual(['packet']);
  expect(datagrams).toEqual([]);
});

test('what is malformed within a tunnel says so', () => {
  const { damage } = readOne(ether(0x0800, ip4(vxlan(ether(0x0800, bytes(0x45))))));
  expect(damage[0]?.message).toBe('Packet 1 has a malformed IPv4 header within VXLAN (short) and was left out.');
});

test('a packet that its block does not tell is not taken to be within the tunnel of the one before', () => {
  const section = new Section();
  const blocks = [section.enhanced(greFrame(gre(0x0800, packet4))), section.enhanced(packet4, 0n, 7)];
  const { skipped: counted, datagrams } = read(concat(section.header(), section.interface(), ...blocks));
  expect([datagrams.length, counted]).toEqual([1, { 'damaged pcapng block': 1 }]);
});

const layered: [string, number, Uint8Array][] = [
  ['IPv6', 1, ether(0x86dd, ip6(udp6(text('only a part'))))],
  ['Linux cooked', 113, concat(sll(0x0800), ip4(udp(text('only a part'))))],
  ['GRE', 1, greFrame(gre(0x86dd, ip6(udp6(text('only a part')))))],
  ['MPLS', 1, ether(0x8847, mpls(1, ip4(udp(text('only a part')))))],
];

test.each(layered)('%s: a packet cut by the snap length is delivered as far as it goes', (_, link, data) => {
  for (let kept = 0; kept < data.length; kept++) {
    const cut = read(pcap([{ data: data.slice(0, kept), original: data.length }], { link }));
    const missing = data.length - kept;
    if (missing > 11) {
      expect([cut.datagrams, Object.values(cut.skipped)], `${kept} bytes`).toEqual([[], [1]]);
      expect(cut.damage, `${kept} bytes`).toEqual([]);
      expect(Object.keys(cut.skipped)[0]).toMatch(/cut by the snap length$|MPLS: payload of another kind/);
    } else {
      expect(cut.datagrams.map((one) => [one.payload, one.truncated])).toEqual([
        ['only a part'.slice(0, -missing), true],
      ]);
      expect(cut.damage.map((one) => one.code)).toEqual(['snap-length']);
    }
  }
});

test('TCP over IPv4 and IPv6 comes in pieces, between the datagrams', () => {
  const over6 = (sequence: number, flags: number, data: string) =>
    ether(0x86dd, ip6(tcpSegment(sequence, flags, text(data)), { next: 6 }));
  const over4 = (sequence: number, flags: number, data: string) =>
    ether(0x0800, ip4(tcpSegment(sequence, flags, text(data)), { protocol: 6 }));
  const frames = [
    over4(9, 2, ''),
    over4(12, 0, 'cd'),
    over6(1, 0, 'x'),
    frame(),
    over4(10, 0, 'ab'),
    over4(20, 0, 'z'),
  ];
  const records = frames.map((data, index) => ({ data, seconds: index + 1 }));
  const { datagrams, counts, skipped: left } = read(pcap(records));
  expect(datagrams.map((one) => [one.packet, one.seconds, one.join, one.payload, one.flow])).toEqual([
    [3, 3, 'lost', 'x', V6],
    [4, 4, undefined, 'payload', '10.0.0.1:1000 > 233.54.12.111:26477'],
    [5, 5, 'start', 'ab', V4],
    [2, 5, 'next', 'cd', V4],
    [6, 6, 'lost', 'z', V4],
  ]);
  expect([counts.tcpSegments, counts.tcpPieces, counts.datagrams, counts.tcp.segments]).toEqual([5, 4, 1, 5]);
  expect(left).toEqual({});
  expect(read(pcap(records), [], { tcp: false }).skipped).toEqual({
    'IPv4 protocol 6 (TCP)': 4,
    'IPv6 next header 6 (TCP)': 1,
  });
});

test('TCP flows beyond the limit of the flow table are reported and not mixed up', () => {
  const records = [1, 2].map((last) => ({
    data: ether(0x0800, ip4(tcpSegment(1, 0, text('a')), { protocol: 6, source: [10, 0, 0, last] })),
  }));
  const { counts, damage, datagrams } = read(pcap(records), [], { flows: new FlowTable(1) });
  expect(datagrams.map((one) => one.packet)).toEqual([1]);
  expect([counts.tcpSegments, counts.tcpPieces, counts.otherFlows, counts.tcp.unfollowed]).toEqual([2, 1, 1, 1]);
  expect(damage.map((one) => one.code)).toEqual(['flow-limit']);
});

test('VXLAN that was cut: within its header the outer datagram is all that can be told, behind it the inner one', () => {
  const data = ether(0x0800, ip4(vxlan(ether(0x0800, ip4(udp(text('only a part')))))));
  const readCut = (kept: number) => read(pcap([{ data: data.slice(0, kept), original: data.length }]));
  const header = 14 + 20 + 8;
  expect(readCut(header + 7).datagrams.map((one) => [one.flow, one.truncated])).toEqual([
    ['10.0.0.1:49152 > 10.0.0.2:4789', true],
  ]);
  expect(readCut(header + 8).skipped).toEqual({ 'VXLAN: cut by the snap length': 1 });
  expect(readCut(data.length - 4).datagrams.map((one) => [one.flow, one.payload])).toEqual([[V4, 'only a ']]);
});

test.each([
  ['IPv4', ether(0x0800, ip4(udp(text('inner')))), 16],
  ['IPv6', ether(0x86dd, ip6(udp6(text('inner')))), 18],
] as const)('an %s length beyond the end of the frame is reported, its whole datagram kept', (_, frame, lengthAt) => {
  const long = frame.slice();
  long[lengthAt + 1] += 9;
  const { datagrams, damage } = readOne(long);
  expect(datagrams.map((one) => [one.payload, one.truncated])).toEqual([['inner', false]]);
  expect(damage.map(({ code }) => code)).toEqual(['ip-length']);
  // What the snap length cut behind the datagram says nothing about the packet.
  const cut = read(pcap([{ data: long, original: long.length + 9 }]));
  expect([cut.datagrams.length, cut.damage]).toEqual([1, []]);
});
