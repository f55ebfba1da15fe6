import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { MAX_CAPTURED_BYTES } from '../../src/capture/frame-reader.js';
import { MAX_HELD_BLOCK_BYTES, MAX_INTERFACES, PcapngReader } from '../../src/capture/pcapng.js';
import { ByteQueue } from '../../src/core/byte-queue.js';
import { concat, frame, Section, text, words } from './build.js';
import { read } from './drive.js';

const data = frame({ payload: text('ng') });

/** Captured length and length on the wire of each frame. */
function lengths(file: Uint8Array): [number, number][] {
  const queue = new ByteQueue();
  queue.push(file);
  queue.end();
  const reader = new PcapngReader(queue, () => {});
  const found: [number, number][] = [];
  while (reader.next()) found.push([reader.length, reader.wireLength]);
  return found;
}

describe.each([true, false])('little-endian: %s', (little) => {
  const s = new Section(little);

  test('reads enhanced packets with microseconds where no resolution is given', () => {
    const file = concat(s.header(), s.interface(), s.enhanced(data, 1_692_711_000_000_086n));
    const { datagrams, damage } = read(file);
    expect(damage).toEqual([]);
    expect(datagrams).toEqual([
      {
        packet: 1,
        fileOffset: 28 + 20,
        seconds: 1_692_711_000,
        nanoseconds: 86_000,
        flow: '10.0.0.1:1000 > 233.54.12.111:26477',
        payload: 'ng',
        truncated: false,
      },
    ]);
  });

  test.each([
    [9, 1_692_711_000_000_086_608n, 1_692_711_000, 86_608],
    [3, 1_692_711_000_123n, 1_692_711_000, 123_000_000],
    [0, 1_692_711_000n, 1_692_711_000, 0],
    [12, 1_692_711_000_000_999n, 1692, 711_000_000],
    [6, 1_692_711_000_000_001n, 1_692_711_000, 1000],
    [0x80, 1_692_711_000n, 1_692_711_000, 0],
    [0x80 | 20, (5n << 20n) + 1n, 5, 953],
    [0x80 | 32, (1_692_711_000n << 32n) + (1n << 31n), 1_692_711_000, 500_000_000],
    [127, 2n ** 64n - 1n, 0, 0],
    [0xff, 2n ** 64n - 1n, 0, 0],
  ])('if_tsresol %i', (resolution, stamp, seconds, nanoseconds) => {
    const options = [s.option(2, text('eth0')), s.option(9, [resolution]), s.option(0, [])];
    const { datagrams, damage } = read(concat(s.header(), s.interface(1, 0, ...options), s.enhanced(data, stamp)));
    expect(datagrams.map((one) => [one.seconds, one.nanoseconds])).toEqual([[seconds, nanoseconds]]);
    expect(damage).toEqual([]);
  });

  test('if_tsoffset, also negative', () => {
    const file = concat(
      s.header(),
      s.interface(1, 0, s.option(14, s.int64(-100n))),
      s.interface(1, 0, s.option(14, s.int64(5_000_000_000n))),
      s.enhanced(data, 1_000_001n, 0),
      s.enhanced(data, 1_000_001n, 1),
    );
    expect(read(file).datagrams.map((one) => [one.seconds, one.nanoseconds])).toEqual([
      [-99, 1000],
      [5_000_000_001, 1000],
    ]);
  });

  test('simple packets carry the time of the packet before', () => {
    const file = concat(s.header(), s.interface(), s.simple(data), s.enhanced(data, 7_000_000n), s.simple(data));
    const { datagrams, counts } = read(file);
    expect(datagrams.map((one) => one.seconds)).toEqual([0, 7, 7]);
    expect(counts.withoutTimestamp).toBe(2);
  });

  test('a simple packet is as long as the snap length of interface 0 lets it be', () => {
    const long = frame({ payload: text('0123456789') });
    const file = concat(s.header(), s.interface(1, 44), s.simple(concat(long.slice(0, 44)), long.length));
    const { datagrams, damage } = read(file);
    expect(datagrams.map((one) => [one.payload, one.truncated])).toEqual([['01', true]]);
    expect(damage.map((one) => one.code)).toEqual(['snap-length']);
  });

  test('unknown blocks are passed over by their length', () => {
    const other = [7, 0x0bad, 0x40000bad, 0x80000001].map((type) => s.block(type, new Uint8Array(40)));
    const file = concat(s.header(), ...other, s.interface(), ...other, s.enhanced(data), s.block(9, new Uint8Array(0)));
    const { datagrams, damage, counts } = read(file, [13]);
    expect([datagrams.length, counts.packets]).toEqual([1, 1]);
    expect(damage).toEqual([]);
  });

  test('an obsolete packet is delivered as an enhanced one is', () => {
    const interfaces = [s.interface(), s.interface(1, 0, s.option(9, [9]))];
    const file = concat(s.header(), ...interfaces, s.packet(data, 1_000_000_002n, 1, 3));
    const { datagrams, damage } = read(file);
    expect(datagrams.map((one) => [one.payload, one.seconds, one.nanoseconds])).toEqual([['ng', 1, 2]]);
    expect(damage).toEqual([]);
  });

  test.each([4n, 32n])('if_fcslen %i: four bytes are taken off, where they were captured', (bits) => {
    const withFcs = concat(data, new Uint8Array(4));
    const frames = [s.enhanced(withFcs), s.enhanced(data, 0n, 0, withFcs.length), s.simple(withFcs)];
    const file = concat(s.header(), s.interface(1, 0, s.option(13, [Number(bits)])), ...frames);
    expect(lengths(file)).toEqual(Array(3).fill([data.length, data.length]));
    expect(lengths(concat(s.header(), s.interface(), ...frames))).toEqual([
      [withFcs.length, withFcs.length],
      [data.length, withFcs.length],
      [withFcs.length, withFcs.length],
    ]);
  });

  test.each([0n, 80n, 4_294_967_296n, -1n, 3n])('section length %i is not relied on', (length) => {
    const { datagrams, damage } = read(concat(s.header([1, 0], undefined, length), s.interface(), s.enhanced(data)));
    expect([datagrams.length, damage]).toEqual([1, []]);
  });
});

test('sections of both byte orders have their own interfaces', () => {
  const le = new Section(true);
  const be = new Section(false);
  const file = concat(
    le.header(),
    le.interface(1, 0, le.option(9, [9])),
    le.enhanced(data, 1_000_000_001n),
    be.header([1, 2], be.option(1, text('a comment'))),
    be.interface(147),
    be.interface(),
    be.enhanced(data, 2_000_001n, 1),
    be.enhanced(data, 2_000_001n, 0),
    le.header(),
    le.interface(),
    le.enhanced(data, 3_000_001n),
  );
  const { datagrams, skipped, damage } = read(file);
  expect(datagrams.map((one) => [one.packet, one.seconds, one.nanoseconds])).toEqual([
    [1, 1, 1],
    [2, 2, 1000],
    [4, 3, 1000],
  ]);
  expect(skipped).toEqual({ 'link type 147': 1 });
  expect(damage).toEqual([]);
});

const s = new Section();
const start = concat(s.header(), s.interface());
const good = s.enhanced(data);

describe('damage', () => {
  const stops: [string, string, Uint8Array][] = [
    ['a length below the least', 'block-length', words([6, 28], true)],
    ['a length that is no multiple of 4', 'block-length', words([6, 101, 0, 0], true)],
    ['a length of 0', 'block-length', words([0xbad, 0], true)],
    ['lengths that disagree', 'block-length', s.block(6, new Uint8Array(80), 96)],
    ['lengths that disagree in another block', 'block-length', s.block(5, new Uint8Array(80), 96)],
    ['lengths that disagree in an interface', 'block-length', s.block(1, new Uint8Array(8), 24)],
    ['a section without magic', 'section', s.block(0x0a0d0d0a, new Uint8Array(16))],
    ['a section of another version', 'pcapng-version', s.header([2, 0])],
    ['a section of another minor version', 'pcapng-version', s.header([1, 1])],
    ['a block beyond the end', 'truncated', words([5, 4_294_967_292], true)],
  ];

  test.each(stops)('%s stops the reading, everything before it is delivered', (_, code, bytes) => {
    const file = concat(start, good, bytes, new Uint8Array(64));
    for (const sizes of [[], [1], [50]]) {
      const { datagrams, damage } = read(file, sizes);
      expect(datagrams.map((one) => one.packet)).toEqual([1]);
      expect(damage.map((one) => [one.code, one.offset])).toEqual([[code, start.length + good.length]]);
      expect(damage[0]?.message).toContain('--recover looks for the next plausible block');
    }
  });

  const skips: [string, string, string, Uint8Array][] = [
    ['an interface that is not there', 'interface', 'damaged pcapng block', s.enhanced(data, 0n, 9)],
    ['more captured than the block holds', 'packet-length', 'damaged pcapng block', s.enhanced(data, 0n, 0, 999, 999)],
    [
      'more captured than is believed',
      'packet-length',
      'damaged pcapng block',
      s.enhanced(new Uint8Array(MAX_CAPTURED_BYTES + 1)),
    ],
    [
      'a block longer than is held',
      'packet-length',
      'damaged pcapng block',
      s.enhanced(new Uint8Array(MAX_HELD_BLOCK_BYTES)),
    ],
  ];

  test.each(skips)('%s: the packet is left out and the next one read', (_, code, reason, block) => {
    const { datagrams, damage, skipped } = read(concat(start, good, block, good), [], {});
    expect(datagrams.map((one) => one.packet)).toEqual([1, 3]);
    expect(damage.map((one) => [one.code, one.record, one.offset])).toEqual([[code, 2, start.length + good.length]]);
    expect(skipped).toEqual({ [reason]: 1 });
  });

  test('a simple packet without interface is left out', () => {
    const { damage, skipped } = read(concat(s.header(), s.simple(data)));
    expect(damage.map((one) => one.code)).toEqual(['interface']);
    expect(skipped).toEqual({ 'damaged pcapng block': 1 });
  });

  test.each([
    ['if_tsresol has 2 bytes', s.option(9, [9, 0])],
    ['if_tsoffset has 4 bytes', s.option(14, [0, 0, 0, 0])],
    ['option 2 claims 60000 bytes', s.option(2, [1], 60_000)],
  ])('%s: reported, and the interface reads as without', (what, option) => {
    const { datagrams, damage } = read(concat(s.header(), s.interface(1, 0, option), s.enhanced(data, 1_000_000n)));
    expect(datagrams.map((one) => one.seconds)).toEqual([1]);
    expect(damage.map((one) => [one.code, one.offset])).toEqual([['option', 28]]);
    expect(damage[0]?.message).toContain(what);
  });

  test('a time stamp beyond all numbers stands at the limit', () => {
    const options = [s.option(14, s.int64(2n ** 62n))];
    const { datagrams, damage, counts } = read(concat(s.header(), s.interface(1, 0, ...options), good));
    expect(datagrams.map((one) => one.seconds)).toEqual([Number.MAX_SAFE_INTEGER]);
    expect(damage.map((one) => one.code)).toEqual(['timestamp']);
    expect(counts.badTimestamps).toBe(1);
  });

  test('interfaces are bounded, and that is reported once', () => {
    const many = Buffer.concat(Array<Uint8Array>(MAX_INTERFACES + 2).fill(s.interface()));
    const { datagrams, damage } = read(concat(s.header(), many, good, s.enhanced(data, 0n, MAX_INTERFACES)));
    expect(datagrams).toHaveLength(1);
    expect(damage.map((one) => one.code)).toEqual(['interface-limit', 'interface']);
  });

  test('a file that ends early delivers every whole packet, at any length', () => {
    const file = concat(start, good, good);
    for (let length = 4; length < file.length; length++) {
      const { datagrams, damage } = read(file.slice(0, length));
      const complete = Math.max(0, Math.floor((length - start.length) / good.length));
      expect(datagrams).toHaveLength(complete);
      const ends = [28, start.length, start.length + good.length];
      expect(damage.map((one) => one.code)).toEqual(ends.includes(length) ? [] : ['truncated']);
    }
  });
});

test('a long block is passed over without being held', () => {
  const reader = new CaptureReader({ onDamage: () => {} });
  const length = 64 * 1024 * 1024;
  reader.push(concat(start, words([5, length], true)));
  const chunk = new Uint8Array(65_536);
  let left = length - 12;
  for (; left > 0; left -= chunk.length) {
    expect(reader.next()).toBe(false);
    reader.push(chunk.subarray(0, Math.min(left, chunk.length)));
  }
  reader.push(concat(words([length], true), good));
  expect(reader.next()).toBe(true);
  expect(reader.fileOffset).toBe(start.length + length);
  expect(reader.view.buffer.byteLength).toBeLessThan(300_000);
});

test('the chunks that bytes arrive in change nothing', () => {
  const block = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((payload) => s.enhanced(frame({ payload }), 5n)),
    fc.uint8Array({ maxLength: 30 }).map((payload) => s.simple(frame({ payload }))),
    fc.uint8Array({ maxLength: 90 }).map((body) => s.block(0xbad, body)),
    fc.constant(s.interface(1, 0, s.option(9, [9]))),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 10 }), sizes, fc.nat(30), (blocks, chunks, cut) => {
      const whole = concat(start, ...blocks);
      const bytes = whole.slice(0, whole.length - (cut > 15 ? cut - 15 : 0));
      const expected = read(bytes);
      expect(read(bytes, chunks)).toEqual(expected);
      expect(read(bytes, [1])).toEqual(expected);
    }),
  );
});
