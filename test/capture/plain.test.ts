/** The short way of plain UDP in IPv4: what the layers one after the other make of the same packets, whatever they are. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowTable } from '../../src/capture/flow.js';
import { VXLAN_PORT } from '../../src/capture/tunnel.js';
import { frame, pcap, u16 } from './build.js';
import { type Outcome, read } from './drive.js';

const ETHERNET_BYTES = 14;
/** LINKTYPE_IPV4, which is read a header at a time. */
const RAW_IPV4 = 228;

interface Change {
  readonly at: number;
  readonly bits: number;
}

function changed(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
  const copy = bytes.slice();
  for (const { at, bits } of changes) copy[at % copy.length] = (copy[at % copy.length] as number) ^ bits;
  return copy;
}

/** All but where packets lie in their file, and damage's places. */
function told({ datagrams, damage, counts, skipped }: Outcome) {
  return {
    datagrams: datagrams.map(({ fileOffset: _, ...rest }) => rest),
    damage: damage.map(({ code, message, record }) => ({ code, message, record })),
    counts,
    skipped,
  };
}

function bothWays(packets: readonly Uint8Array[], options = {}) {
  const framed = packets.map((packet) => {
    const data = new Uint8Array(ETHERNET_BYTES + packet.length);
    data.set(u16(0x0800), ETHERNET_BYTES - 2);
    data.set(packet, ETHERNET_BYTES);
    return { data };
  });
  const short = read(pcap(framed), [], options);
  const long = read(
    pcap(
      packets.map((data) => ({ data })),
      { link: RAW_IPV4 },
    ),
    [],
    options,
  );
  return { short: told(short), long: told(long) };
}

const packet = fc
  .record({
    payload: fc.uint8Array({ maxLength: 90 }),
    source: fc.constantFrom('10.0.0.1', '255.255.255.255', '200.1.2.3'),
    destinationPort: fc.constantFrom(26477, VXLAN_PORT, 65535),
    udpChecksum: fc.option(fc.constantFrom('none' as const, 'wrong' as const), { nil: undefined, freq: 3 }),
    ipChecksum: fc.option(fc.constant('wrong' as const), { nil: undefined, freq: 3 }),
    options: fc.option(fc.constant([0x01010101]), { nil: undefined, freq: 8 }),
    flags: fc.option(fc.constantFrom(0x4000, 0x2000, 3), { nil: undefined, freq: 4 }),
    trailer: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined, freq: 4 }),
    changes: fc.array(fc.record({ at: fc.nat(40), bits: fc.nat(255) }), { maxLength: 1 }),
    cut: fc.nat(60),
  })
  .map(({ changes, cut, ...parts }) => {
    const given = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
    const bytes = changed(frame(given).subarray(ETHERNET_BYTES), changes);
    return cut > 0 && cut < 6 ? bytes.subarray(0, bytes.length - cut) : bytes;
  });

test('datagrams, flows, counts and damage are those of the layers', () => {
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 8 }), fc.boolean(), (packets, checksums) => {
      const { short, long } = bothWays(packets, { checksums });
      expect(short).toEqual(long);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['right', {}, 0, 0],
  ['a wrong checksum', { udpChecksum: 'wrong' as const }, 0, 1],
  ['none', { udpChecksum: 'none' as const }, 0, 0],
  ['a wrong header', { ipChecksum: 'wrong' as const }, 1, 0],
])('%s: what is counted of each length', (_, parts, badIp, badUdp) => {
  for (let length = 0; length < 70; length++) {
    const payload = Uint8Array.from({ length }, (_, index) => 0xff - index * 7);
    // A packet behind it, and none: the sum of the last one must not look past the end of the file.
    for (const behind of [[], [{ data: frame() }]]) {
      const { counts, datagrams } = read(pcap([{ data: frame({ payload, ...parts }) }, ...behind]));
      expect([datagrams[0]?.payload.length, counts.badIpChecksums, counts.badUdpChecksums]).toEqual([
        length,
        badIp,
        badUdp,
      ]);
    }
  }
});

test('flows beyond the limit share one here too', () => {
  const { datagrams, counts } = read(pcap([1, 2, 3].map((sourcePort) => ({ data: frame({ sourcePort }) }))), [], {
    flows: new FlowTable(2),
  });
  expect([datagrams.map(({ flow }) => flow).at(-1), counts.otherFlows]).toEqual(['other flows', 1]);
});
