import { expect, test } from 'vitest';
import { describeCaptures, listCaptures, readCapture } from '../support/captures.js';
import { read } from './drive.js';

const FOLDERS = ['formats', 'other', 'fix', 'ouch', 'jnx', 'cta', 'utp', 'mdp3', 'ilink3', 'fast'];
const SIGNATURES = ['d4c3b2a1', 'a1b2c3d4', '4d3cb2a1', 'a1b23c4d', '34cdb2a1', 'a1b2cd34', '0a0d0d0a'];

function isCapture(bytes: Uint8Array): boolean {
  return SIGNATURES.includes(Buffer.from(bytes.subarray(0, 4)).toString('hex'));
}

describeCaptures('every file, whatever it is', () => {
  // `read` asserts the exact sum: packets are datagrams, skipped, merged fragments or TCP segments.
  test.each(FOLDERS)('%s: each packet has its count, and what is no capture is refused', (folder) => {
    for (const path of listCaptures(folder)) {
      const bytes = readCapture(path);
      const { damage, counts } = read(bytes, [], { timestamps: 'trailer' });
      if (isCapture(bytes)) continue;
      expect([damage.map((one) => one.code), counts.packets], path).toEqual([['not-a-capture'], 0]);
    }
  });
});

interface Expected {
  packets: number;
  datagrams: number;
  segments?: number;
  merged?: number;
  skipped?: Record<string, number>;
  tunnels?: Record<string, number>;
  /** Codes of damage. */
  damage?: string[];
}

const ARP = 'ethertype 0x0806 (ARP)';
const known: [string, Expected][] = [
  ['formats/pcapplusplus/PcapExamples/sll.pcap', { packets: 518, datagrams: 28, segments: 483, skipped: { [ARP]: 7 } }],
  ['formats/pcapplusplus/PcapExamples/sll2.pcap', { packets: 3, datagrams: 0, segments: 3 }],
  ['formats/pcapplusplus/PcapExamples/raw_ip.pcap', { packets: 100, datagrams: 8, segments: 92 }],
  ['formats/pcapplusplus/PcapExamples/linktype_ipv4.pcap', { packets: 2, datagrams: 2 }],
  ['formats/pcapplusplus/PcapExamples/linktype_ipv6.pcap', { packets: 1, datagrams: 0, segments: 1 }],
  [
    'formats/pcapplusplus/PcapExamples/null_loopback.pcap',
    { packets: 3, datagrams: 1, segments: 1, skipped: { 'address family 524303': 1 } },
  ],
  [
    'formats/pcapplusplus/PcapExamples/VlanPackets.pcap',
    { packets: 26, datagrams: 0, skipped: { 'IPv4 protocol 1 (ICMP)': 20, 'IEEE 802.3 frame without ethertype': 6 } },
  ],
  [
    'formats/pcapplusplus/PacketExamples/QinQ_802.1_AD.pcapng',
    { packets: 1, datagrams: 0, skipped: { 'IPv4 protocol 253': 1 } },
  ],
  [
    'formats/pcapplusplus/PcapExamples/ip4_fragments.pcap',
    {
      packets: 53,
      datagrams: 9,
      merged: 42,
      // Packets 30 and 42 are the last fragments of the datagrams before them, seen twice.
      skipped: { 'fragments seen again behind their datagram': 2 },
    },
  ],
  ['formats/pcapplusplus/PcapExamples/ip6_fragments.pcap', { packets: 36, datagrams: 4, merged: 32 }],
  ['formats/pcapplusplus/PcapExamples/frag_with_padding.pcap', { packets: 8, datagrams: 1, merged: 7 }],
  ['formats/pcapplusplus/PcapExamples/frag_http_req.pcap', { packets: 11, datagrams: 0, segments: 1, merged: 10 }],
  ['formats/pcapplusplus/PacketExamples/IPv4Frag.pcap', { packets: 3, datagrams: 1, merged: 2 }],
  [
    'formats/pcapplusplus/PcapExamples/ip4_bad_fragment.pcap',
    {
      packets: 1,
      datagrams: 0,
      skipped: { 'MPLS: malformed IPv4 header': 1 },
      tunnels: { MPLS: 1 },
      damage: ['packet'],
    },
  ],
  [
    'formats/pcapplusplus/PacketExamples/GrePackets.pcap',
    {
      packets: 7,
      datagrams: 2,
      segments: 1,
      skipped: {
        'GRE: PPP protocol 0x80fd': 1,
        'GRE: malformed link header': 1,
        'GRE: IEEE 802.3 frame without ethertype': 1,
        'GRE: IPv4 protocol 1 (ICMP)': 1,
      },
      tunnels: { GRE: 9, 'IPv4 in IPv6': 1 },
      damage: ['packet'],
    },
  ],
  [
    'formats/tcpdump/vxlan.pcap',
    {
      packets: 10,
      datagrams: 0,
      skipped: { 'VXLAN: IPv4 protocol 1 (ICMP)': 8, [`VXLAN: ${ARP}`]: 2 },
      tunnels: { VXLAN: 10 },
    },
  ],
  ['formats/tcpdump/gso-ipv4-vxlan-ipv4.pcap', { packets: 1, datagrams: 0, segments: 1, tunnels: { VXLAN: 1 } }],
  ['formats/tcpdump/bigtcp-ipv6-vxlan-ipv6.pcap', { packets: 1, datagrams: 0, segments: 1, tunnels: { VXLAN: 1 } }],
  ['formats/tcpdump/bigtcp-ipv6-hbh.pcap', { packets: 1, datagrams: 0, skipped: { 'IPv6 jumbogram': 1 } }],
  [
    'formats/tcpdump/erspan-type-ii-3.pcap',
    { packets: 108, datagrams: 0, skipped: { 'GRE: ethertype 0x88be (ERSPAN)': 108 }, tunnels: { GRE: 108 } },
  ],
  [
    'formats/tcpdump/ipv6-routing-header.pcap',
    { packets: 4, datagrams: 2, skipped: { 'IPv6 next header 58 (ICMPv6)': 2 } },
  ],
  ['formats/libpcap/tests/filter/ipv6_ah_modes.pcap', { packets: 2, datagrams: 2, tunnels: { 'IPv6 in IPv6': 1 } }],
  ['fix/one-session-fix44.pcap', { packets: 75, datagrams: 0, segments: 75 }],
  ['fix/several-servers-fix41.pcap', { packets: 1261, datagrams: 0, segments: 1261 }],
];

describeCaptures('links, tunnels, fragments and TCP in captures of others', () => {
  test.each(known)('%s', (path, expected) => {
    const { counts, skipped, damage } = read(readCapture(path));
    expect([counts.packets, counts.datagrams, counts.tcpSegments, counts.fragmentsMerged]).toEqual([
      expected.packets,
      expected.datagrams,
      expected.segments ?? 0,
      expected.merged ?? 0,
    ]);
    expect([skipped, counts.tunnels]).toEqual([expected.skipped ?? {}, expected.tunnels ?? {}]);
    expect(damage.map((one) => one.code)).toEqual(expected.damage ?? []);
  });

  // The sender's checksum covers the whole datagram, so that it is right only where every byte is in its place.
  test.each([
    'formats/pcapplusplus/PcapExamples/ip4_fragments.pcap',
    'formats/pcapplusplus/PcapExamples/ip6_fragments.pcap',
    'formats/pcapplusplus/PcapExamples/frag_with_padding.pcap',
    'formats/pcapplusplus/PacketExamples/IPv4Frag.pcap',
  ])('%s: the datagrams put together have the UDP checksum that their sender gave them', (path) => {
    const { counts } = read(readCapture(path));
    expect([counts.badUdpChecksums, counts.badIpChecksums]).toEqual([0, 0]);
  });

  test('frag_http_req: the request that was torn into eleven fragments reads as one', () => {
    const { datagrams } = read(readCapture('formats/pcapplusplus/PcapExamples/frag_http_req.pcap'));
    const [request] = datagrams;
    expect([datagrams.length, request?.join, request?.packet]).toEqual([1, 'lost', 11]);
    expect(request?.payload).toMatch(/^GET \/.* HTTP\/1\.1\r\n[\s\S]*\r\n\r\n$/);
  });

  test('one_tcp_stream with a sequence number that wraps gives the bytes of the one that does not', () => {
    const bytes = (name: string) => {
      const { datagrams } = read(readCapture(`formats/pcapplusplus/PcapExamples/${name}.pcap`));
      return datagrams.map((one) => [one.flow, one.packet, one.payload]);
    };
    expect(bytes('one_tcp_stream')).toEqual(bytes('one_tcp_stream_max_seq'));
  });
});
