import { expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { MAX_CAPTURED_BYTES } from '../../src/capture/frame-reader.js';
import { concat, frame, pcap, text, words } from './build.js';
import { read } from './drive.js';
import { parseWithOracle } from './oracle.js';

const variants = [
  { littleEndian: true, nanoseconds: false },
  { littleEndian: true, nanoseconds: true },
  { littleEndian: false, nanoseconds: false },
  { littleEndian: false, nanoseconds: true },
];

test.each(variants)('reads %o', (parts) => {
  const records = [
    { data: frame({ payload: text('a') }), seconds: 0, fraction: 0 },
    { data: frame({ payload: text('b') }), seconds: 1_577_836_800, fraction: 999_999 },
  ];
  const { datagrams, damage } = read(pcap(records, parts));
  expect(datagrams.map((one) => [one.payload, one.seconds, one.nanoseconds])).toEqual([
    ['a', 0, 0],
    ['b', 1_577_836_800, parts.nanoseconds ? 999_999 : 999_999_000],
  ]);
  expect(damage).toEqual([]);
});

test('a capture without packets has none and no damage', () => {
  const { datagrams, damage } = read(pcap([]));
  expect([datagrams, damage]).toEqual([[], []]);
});

test.each([
  [0xa1b2cd34, true, 2000],
  [0xa1b2cd34, false, 2000],
  [0xa1e2cb12, true, 2],
  [0xa1e2cb12, false, 2],
])('magic %i has 24 bytes before each packet; little-endian: %s', (magic, littleEndian, nanoseconds) => {
  const frames = ['a', 'b'].map((payload) => ({ data: frame({ payload: text(payload) }) }));
  const file = pcap(frames, { magic, littleEndian });
  for (const sizes of [[], [1], [50]]) {
    const { datagrams, damage } = read(file, sizes);
    expect(datagrams.map((one) => [one.payload, one.nanoseconds])).toEqual([
      ['a', nanoseconds],
      ['b', nanoseconds],
    ]);
    expect(damage).toEqual([]);
  }
});

test('the link type is the low half of its word; the high half tells of the frame check sequence', () => {
  const data = concat(frame(), new Uint8Array(4));
  const reader = new CaptureReader({ onDamage: () => {} });
  reader.push(pcap([{ data }, { data: frame(), original: data.length }], { link: 0x24000001 }));
  for (let packet = 1; packet <= 2; packet++) {
    expect(reader.next()).toBe(true);
    expect([reader.linkType, reader.wireLength, reader.truncated]).toEqual([1, frame().length, false]);
  }
});

test('a frame shorter than its frame check sequence is empty', () => {
  const { skipped } = read(pcap([{ data: new Uint8Array(3) }], { link: 0x24000001 }));
  expect(skipped).toEqual({ 'malformed Ethernet header': 1 });
});

test.each([
  [{ nanoseconds: true, fraction: 1_000_000_000 }, 6, 0],
  [{ nanoseconds: true, fraction: 4_294_967_295 }, 9, 294_967_295],
  [{ nanoseconds: false, fraction: 1_000_000 }, 6, 0],
  [{ nanoseconds: false, fraction: 4_294_967_295 }, 5 + 4294, 967_295_000],
])('an invalid fraction is carried, counted and reported: %o', ({ nanoseconds, fraction }, seconds, ns) => {
  const records = [{ data: frame(), seconds: 5, fraction }, { data: frame() }];
  const { datagrams, damage, counts } = read(pcap(records, { nanoseconds }));
  expect(datagrams.map((one) => [one.seconds, one.nanoseconds])).toEqual([
    [seconds, ns],
    [1, nanoseconds ? 2 : 2000],
  ]);
  expect(damage.map(({ code, record, offset }) => [code, record, offset])).toEqual([['timestamp', 1, 24]]);
  expect(counts.badTimestamps).toBe(1);
});

test('more captured than there was on the wire is tolerated', () => {
  const { datagrams, damage } = read(pcap([{ data: frame(), original: 20 }]));
  expect(datagrams.map((one) => [one.payload, one.truncated])).toEqual([['payload', false]]);
  expect(damage).toEqual([]);
});

test('an absurd length stops the reading, everything before it is delivered', () => {
  const data = frame();
  const file = pcap([{ data }, { data, captured: MAX_CAPTURED_BYTES + 1 }, { data }]);
  const { datagrams, damage } = read(file);
  expect(datagrams.map((one) => one.packet)).toEqual([1]);
  expect(damage.map(({ code, record, offset }) => [code, record, offset])).toEqual([
    ['packet-length', 2, 24 + 16 + data.length],
  ]);
});

test('the longest frame that is believed is read', () => {
  const data = concat(
    frame({ payload: text('giant') }),
    new Uint8Array(MAX_CAPTURED_BYTES).subarray(frame().length - 2),
  );
  expect(data).toHaveLength(MAX_CAPTURED_BYTES);
  const { datagrams, damage } = read(pcap([{ data }]), [65_536]);
  expect(datagrams.map((one) => one.payload)).toEqual(['giant']);
  expect(damage).toEqual([]);
});

test('a file that ends early delivers every whole packet and tells where it ends, at any length', () => {
  const data = frame();
  const file = pcap([{ data }, { data }]);
  const record = 16 + data.length;
  for (let length = 4; length < file.length; length++) {
    const { datagrams, damage } = read(file.slice(0, length));
    const complete = Math.max(0, Math.floor((length - 24) / record));
    expect(datagrams).toHaveLength(complete);
    const expected = length < 24 ? [['truncated', 0, 0]] : [['truncated', complete + 1, 24 + complete * record]];
    const isWhole = length >= 24 && (length - 24) % record === 0;
    expect(damage.map((one) => [one.code, one.record, one.offset])).toEqual(isWhole ? [] : expected);
  }
});

test.each([
  [1, 4],
  [2, 5],
  [2, 3],
  [543, 0],
])('version %i.%i is refused by its number', (major, minor) => {
  const { damage, counts } = read(pcap([{ data: frame() }], { version: [major, minor] }));
  expect(counts.packets).toBe(0);
  expect(damage.map((one) => one.code)).toEqual(['pcap-version']);
  expect(damage[0]?.message).toContain(`${major}.${minor}`);
});

test.each([true, false])('agrees with pcap-parser; little-endian: %s', async (littleEndian) => {
  const records = Array.from({ length: 50 }, (_, index) => ({
    data: frame({ payload: new Uint8Array(index * 7).fill(index), sourcePort: index }),
    seconds: 1_692_711_000 + index,
    fraction: (index * 20_011) % 1_000_000,
  }));
  const file = pcap(records, { littleEndian });
  const packets = await parseWithOracle(file);
  expect(packets).toHaveLength(50);
  const { datagrams } = read(file);
  expect(datagrams.map((one) => [one.seconds, one.nanoseconds, one.payload])).toEqual(
    packets.map(({ header, data }) => [
      header.timestampSeconds,
      header.timestampMicroseconds * 1000,
      data.subarray(42).toString('latin1'),
    ]),
  );
});

test('words helper writes both byte orders', () => {
  expect(words([1], true)).toEqual(Uint8Array.of(1, 0, 0, 0));
  expect(words([1], false)).toEqual(Uint8Array.of(0, 0, 0, 1));
});
