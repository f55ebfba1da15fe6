import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { FlowTable } from '../../src/capture/flow.js';
import { concat, type FrameParts, frame, pcap, text } from './build.js';
import { read } from './drive.js';

const FLOW = '10.0.0.1:1000 > 233.54.12.111:26477';

function readFrames(...frames: Uint8Array[]) {
  return read(pcap(frames.map((data) => ({ data }))));
}

test('delivers payload, time, flow and place', () => {
  const one = frame({ payload: text('one') });
  const file = pcap(
    [
      { data: one, seconds: 1_692_711_000, fraction: 86_608 },
      { data: frame({ payload: text(''), sourcePort: 7 }), seconds: 4_294_967_295, fraction: 999_999_999 },
    ],
    { nanoseconds: true },
  );
  expect(read(file).datagrams).toEqual([
    {
      packet: 1,
      fileOffset: 24,
      seconds: 1_692_711_000,
      nanoseconds: 86_608,
      flow: FLOW,
      payload: 'one',
      truncated: false,
    },
    {
      packet: 2,
      fileOffset: 24 + 16 + one.length,
      seconds: 4_294_967_295,
      nanoseconds: 999_999_999,
      flow: '10.0.0.1:7 > 233.54.12.111:26477',
      payload: '',
      truncated: false,
    },
  ]);
});

test('sets link type and length on the wire', () => {
  const reader = new CaptureReader({ onDamage: () => {} });
  expect(reader.format).toBeNull();
  reader.push(pcap([{ data: frame(), original: 1500 }]));
  expect(reader.next()).toBe(true);
  expect([reader.format, reader.linkType, reader.wireLength]).toEqual(['pcap', 1, 1500]);
});

const whole: [string, FrameParts][] = [
  ['no tag', {}],
  ['802.1Q', { tags: [0x8100] }],
  ['QinQ 0x88a8', { tags: [0x88a8, 0x8100] }],
  ['QinQ 0x9100', { tags: [0x9100, 0x8100] }],
  ['eight tags', { tags: Array(8).fill(0x8100) }],
  ['IPv4 options', { options: [0x94040000] }],
  ['ten words of options', { options: Array(10).fill(0x01010101) }],
  ['hardware trailer', { trailer: new Uint8Array(19).fill(0xaa) }],
  ['padding', { payload: text('p'), trailer: new Uint8Array(17) }],
  ['no UDP checksum', { udpChecksum: 'none' }],
  ['total length 0, left by segmentation offload', { totalLength: 0 }],
  ['don’t fragment', { flags: 0x4000 }],
];

test.each(whole)('delivers the whole payload: %s', (_, parts) => {
  const { datagrams, damage, counts } = readFrames(frame({ payload: text('whole payload'), ...parts }));
  const payload = parts.payload === undefined ? 'whole payload' : 'p';
  expect(datagrams.map((one) => [one.payload, one.truncated])).toEqual([[payload, false]]);
  expect(damage).toEqual([]);
  expect([counts.badIpChecksums, counts.badUdpChecksums]).toEqual([0, 0]);
});

test('a total length and a UDP length of 0 mean all that was captured', () => {
  const parts = { payload: text('offloaded'), totalLength: 0, udpLength: 0, udpChecksum: 'none' } as const;
  expect(readFrames(frame(parts)).datagrams.map((one) => one.payload)).toEqual(['offloaded']);
});

test('the UDP length ends the payload before the IP length does', () => {
  const { datagrams, damage } = readFrames(frame({ payload: text('payload and more'), udpLength: 15 }));
  expect(datagrams.map((one) => one.payload)).toEqual(['payload']);
  expect(damage).toEqual([]);
});

test('wrong checksums are counted and the datagrams delivered', () => {
  const { datagrams, counts, damage } = readFrames(
    frame({ ipChecksum: 'wrong' }),
    frame({ udpChecksum: 'wrong' }),
    frame({ udpChecksum: 'none', ipChecksum: 'wrong' }),
    frame(),
  );
  expect(datagrams).toHaveLength(4);
  expect([counts.badIpChecksums, counts.badUdpChecksums]).toEqual([2, 1]);
  expect(damage).toEqual([]);
});

test('checksums are not looked at where they are turned off', () => {
  const bytes = pcap([{ data: frame({ ipChecksum: 'wrong', udpChecksum: 'wrong' }) }]);
  const { counts } = read(bytes, [], { checksums: false });
  expect([counts.datagrams, counts.badIpChecksums, counts.badUdpChecksums]).toEqual([1, 0, 0]);
});

const skipped: [string, Uint8Array][] = [
  ['ethertype 0x0806 (ARP)', frame({ etherType: 0x0806, tags: [0x8100] })],
  ['ethertype 0xcafe', frame({ etherType: 0xcafe })],
  ['IEEE 802.3 frame without ethertype', frame({ etherType: 0x0026 })],
  ['too many VLAN tags', frame({ tags: Array(9).fill(0x8100) })],
  ['IPv4 protocol 1 (ICMP)', frame({ protocol: 1 })],
  ['IPv4 protocol 1 (ICMP)', frame({ protocol: 1, flags: 0x2000 })],
  ['IPv4 protocol 250', frame({ protocol: 250 })],
];

test.each(skipped)('skips and counts: %s', (reason, data) => {
  const { counts, skipped, damage, datagrams } = readFrames(data, frame());
  expect(skipped).toEqual({ [reason]: 1 });
  expect([counts.packets, counts.datagrams, counts.skipped, datagrams.length]).toEqual([2, 1, 1, 1]);
  expect(damage).toEqual([]);
});

const malformed: [string, Uint8Array][] = [
  ['malformed Ethernet header', frame().slice(0, 13)],
  ['malformed Ethernet header', frame({ tags: [0x8100] }).slice(0, 17)],
  ['malformed Ethernet header', new Uint8Array(0)],
  ['malformed IPv4 header', frame().slice(0, 33)],
  ['malformed IPv4 header', frame({ options: [0, 0] }).slice(0, 38)],
  ['malformed IPv4 header', withByte(frame(), 14, 0x65)],
  ['malformed IPv4 header', withByte(frame(), 14, 0x44)],
  ['malformed IPv4 header', frame({ totalLength: 19 })],
  ['malformed UDP header', frame({ totalLength: 27 })],
  ['malformed UDP header', frame().slice(0, 41)],
  ['malformed UDP header', frame({ udpLength: 7 })],
  ['malformed UDP header', frame({ udpLength: 0 })],
  ['malformed UDP header', frame({ udpLength: 16 })],
];

test.each(malformed)('reports, counts and leaves out: %s', (reason, data) => {
  const { skipped, damage, datagrams } = readFrames(frame(), data, frame());
  expect(skipped).toEqual({ [reason]: 1 });
  expect(damage.map(({ code, record, offset }) => [code, record, offset])).toEqual([
    ['packet', 2, 24 + 16 + frame().length],
  ]);
  expect(datagrams.map((one) => one.packet)).toEqual([1, 3]);
});

test('a packet cut by the snap length is delivered as far as it goes, marked and reported', () => {
  const data = frame({ payload: text('only a part') });
  const records = [{ data: data.slice(0, -5), original: data.length }, { data }];
  const { datagrams, damage, counts } = read(pcap(records));
  expect(datagrams.map((one) => [one.payload, one.truncated])).toEqual([
    ['only a', true],
    ['only a part', false],
  ]);
  expect(damage.map(({ code, record }) => [code, record])).toEqual([['snap-length', 1]]);
  expect(damage[0]?.message).toMatch(/48 of 53 bytes.*tcpdump -s 0.*last 5 bytes/);
  expect([counts.truncated, counts.badUdpChecksums]).toEqual([1, 0]);
});

test.each([10, 20, 38])('a packet cut to %i bytes has no payload to tell: skipped', (kept) => {
  const data = frame();
  const { skipped, damage, datagrams } = read(pcap([{ data: data.slice(0, kept), original: data.length }]));
  expect(skipped).toEqual({ 'cut by the snap length': 1 });
  expect([damage, datagrams]).toEqual([[], []]);
});

test('what the snap length cuts off of a trailer is not missed', () => {
  const data = frame({ trailer: new Uint8Array(16) });
  const { datagrams, damage } = read(pcap([{ data: data.slice(0, -16), original: data.length }]));
  expect(datagrams.map((one) => one.truncated)).toEqual([false]);
  expect(damage).toEqual([]);
});

test('an IP length beyond the end of a whole frame marks the datagram', () => {
  const { datagrams, damage } = readFrames(frame({ payload: text('short'), totalLength: 40, udpLength: 20 }));
  expect(datagrams.map((one) => [one.payload, one.truncated])).toEqual([['short', true]]);
  expect(damage.map((one) => one.code)).toEqual(['ip-length']);
});

test.each([2, 105, 147, 65_535])('link type %i is skipped by its number', (link) => {
  const { skipped, counts } = read(pcap([{ data: frame() }, { data: frame() }], { link }));
  expect(skipped).toEqual({ [`link type ${link}`]: 2 });
  expect(counts.packets).toBe(2);
});

test('different reasons are bounded', () => {
  const frames = Array.from({ length: 100 }, (_, index) => frame({ etherType: 0x2000 + index }));
  const { skipped, counts } = readFrames(...frames, ...frames);
  expect(Object.keys(skipped)).toHaveLength(65);
  expect(skipped['other reasons']).toBe(2 * 36);
  expect(counts.skipped).toBe(200);
});

test('a full flow table is reported once and its datagrams are delivered', () => {
  const frames = [1, 2, 3, 4].map((sourcePort) => ({ data: frame({ sourcePort }) }));
  const { datagrams, damage, counts } = read(pcap(frames), [], { flows: new FlowTable(2) });
  expect(datagrams.map((one) => one.flow).slice(2)).toEqual(['other flows', 'other flows']);
  expect(damage.map(({ code, record }) => [code, record])).toEqual([['flow-limit', 3]]);
  expect(counts.otherFlows).toBe(2);
});

test.each([
  ['nothing', new Uint8Array(0), /empty/],
  ['three bytes', text('abc'), /neither as pcap nor as pcapng/],
  ['other bytes', text('a text file\n'), /neither as pcap nor as pcapng/],
  ['a known format', text('snoop\0\0\0\0\0\0\u0002'), /^The file is a snoop capture \(RFC 1761\): editcap/],
])('%s: not a capture', (_, bytes, message) => {
  const { damage, counts } = read(bytes);
  expect(damage.map(({ code, record, offset }) => [code, record, offset])).toEqual([['not-a-capture', 0, 0]]);
  expect(damage[0]?.message).toMatch(message);
  expect(counts.packets).toBe(0);
});

test('readers may share a flow table', () => {
  const flows = new FlowTable();
  const [one, two] = [1, 2].map(() => new CaptureReader({ onDamage: () => {}, flows }));
  for (const reader of [one, two]) {
    reader?.push(pcap([{ data: frame() }]));
    reader?.next();
  }
  expect(one?.flow).toBe(two?.flow);
});

test('the chunks that bytes arrive in change nothing', () => {
  const anyFrame = fc
    .record({
      payload: fc.uint8Array({ maxLength: 60 }),
      sourcePort: fc.nat(3),
      tags: fc.constantFrom([], [0x8100]),
      protocol: fc.constantFrom(17, 17, 17, 6),
      trailer: fc.uint8Array({ maxLength: 5 }),
    })
    .map((parts) => frame({ ...parts, tags: [...parts.tags] }));
  const file = fc
    .tuple(fc.array(anyFrame, { maxLength: 8 }), fc.boolean(), fc.boolean(), fc.nat(40))
    .map(([frames, littleEndian, nanoseconds, cut]) => {
      const bytes = pcap(
        frames.map((data, index) => ({ data, fraction: index })),
        { littleEndian, nanoseconds },
      );
      return bytes.slice(0, bytes.length - (cut > 20 ? cut - 20 : 0));
    });
  fc.assert(
    fc.property(file, fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 5 }), (bytes, sizes) => {
      const expected = read(bytes);
      expect(read(bytes, sizes)).toEqual(expected);
      expect(read(bytes, [1])).toEqual(expected);
    }),
  );
});

test('a chunk at an odd place of its buffer is read in place', () => {
  const bytes = pcap([{ data: frame({ payload: text('in place') }) }]);
  const chunk = concat(new Uint8Array(3), bytes).subarray(3);
  const reader = new CaptureReader({ onDamage: () => {} });
  reader.push(chunk);
  expect(reader.next()).toBe(true);
  expect(reader.view.buffer).toBe(chunk.buffer);
  expect(Buffer.from(chunk.buffer, reader.view.byteOffset + reader.offset, reader.length).toString()).toBe('in place');
});

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  return bytes.with(at, value);
}
