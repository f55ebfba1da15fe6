import { describe, expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { MAX_CAPTURED_BYTES } from '../../src/capture/frame-reader.js';
import { MAX_STAMP_DISTANCE_SECONDS } from '../../src/capture/pcap-recovery.js';
import { concat, frame, type PcapParts, type PcapRecord, pcap, text, words } from './build.js';
import { mostHeld, type Outcome, read } from './drive.js';

const DAY = 1_692_711_000;

function packet(name: string, seconds = DAY): PcapRecord {
  return { data: frame({ payload: text(name) }), seconds };
}

/** A record without file header. */
function record(one: PcapRecord, parts: PcapParts = {}): Uint8Array {
  return pcap([one], parts).subarray(24);
}

function recover(bytes: Uint8Array): Outcome {
  const outcome = read(bytes, [], { recover: true });
  expect(read(bytes, [1], { recover: true })).toEqual(outcome);
  expect(read(bytes, [37, 5], { recover: true })).toEqual(outcome);
  return outcome;
}

const payloads = ({ datagrams }: Outcome): string[] => datagrams.map((one) => one.payload);

describe.each([{}, { littleEndian: false }, { nanoseconds: true }, { magic: 0xa1b2cd34 }])(
  'the next plausible record of %o is found behind',
  (parts) => {
    const little = parts.littleEndian ?? true;
    const before = pcap([packet('one'), packet('two')], parts);
    const after = concat(record(packet('three', DAY + 1), parts), record(packet('four', DAY + 2), parts));
    const damaged: [string, string, Uint8Array][] = [
      ['an absurd length', 'packet-length', record({ ...packet('bad'), captured: MAX_CAPTURED_BYTES + 1 }, parts)],
      ['a length beyond the end', 'truncated', record({ ...packet('bad'), captured: 20_000 }, parts)],
      ['a length that takes in the next record', 'packet-length', record({ ...packet('bad'), captured: 70 }, parts)],
      ['a header of something else', 'packet-header', words([5, 0xffffffff, 77, 9, 1, 2, 3], little)],
      ['text', 'packet-length', text('something else was written here, and it is long')],
      ['zeros', 'packet-header', new Uint8Array(203)],
      ['the half of a packet', 'packet-length', record(packet('half'), parts).slice(0, 31)],
    ];
    test.each(damaged)('%s', (_, code, bytes) => {
      const outcome = recover(concat(before, bytes, after));
      expect(payloads(outcome)).toEqual(['one', 'two', 'three', 'four']);
      expect(outcome.damage.map((one) => [one.code, one.record, one.offset])).toEqual([[code, 3, before.length]]);
      const skipped = `${bytes.length} bytes were skipped, and byte ${before.length + bytes.length} is where`;
      expect(outcome.damage[0]?.message).toContain(skipped);
    });
  },
);

test('the first record may be the damaged one', () => {
  const file = concat(pcap([]), text('what is this doing here?'), record(packet('one')), record(packet('two')));
  expect(payloads(recover(file))).toEqual(['one', 'two']);
});

test('a length that is too short: the packet is delivered as short, the next ones are found', () => {
  const records = [packet('one'), { ...packet('two'), captured: 44 }, packet('three'), packet('four')];
  const outcome = recover(pcap(records));
  expect(payloads(outcome)).toEqual(['one', 'tw', 'three', 'four']);
  expect(outcome.damage.map((one) => one.code)).toEqual(['snap-length', 'truncated']);
});

test('nothing plausible: what was skipped is counted', () => {
  const before = pcap([packet('one')]);
  const outcome = recover(concat(before, new Uint8Array(500).fill(0xee)));
  expect(payloads(outcome)).toEqual(['one']);
  expect(outcome.damage.map((one) => [one.code, one.offset])).toEqual([['packet-length', before.length]]);
  expect(outcome.damage[0]?.message).toContain('the 500 bytes from there on hold no plausible packet');
});

describe('a sound capture reads as without', () => {
  const wild = [5, 4_000_000_000, 17, DAY, 0].map((seconds) => packet('wild', seconds));
  const files: [string, PcapRecord[]][] = [
    ['one packet', [packet('one')]],
    ['no packet', []],
    ['stamps that leap', wild],
    ['fractions out of range', [packet('a'), { ...packet('b'), fraction: 1_000_000 }, packet('c')]],
    ['more captured than there was', [packet('a'), { ...packet('b'), original: 20 }, packet('c')]],
    ['empty packets', [packet('a'), { data: new Uint8Array(0), seconds: DAY, original: 60 }, packet('c')]],
  ];
  test.each(files)('%s', (_, records) => {
    const file = pcap(records);
    expect(recover(file)).toEqual(read(file));
  });
});

test('a capture that ends early delivers every whole packet, at any length', () => {
  const file = pcap([packet('one'), packet('two')]);
  for (let length = 4; length < file.length; length++) {
    const whole = read(file.slice(0, length));
    const outcome = recover(file.slice(0, length));
    expect(payloads(outcome)).toEqual(payloads(whole));
    expect(outcome.damage.map((one) => one.code)).toEqual(whole.damage.map((one) => one.code));
  }
});

test('a record is believed within a week of the last packet', () => {
  const junk = text('some junk between two packets');
  for (const [seconds, expected] of [
    [DAY + MAX_STAMP_DISTANCE_SECONDS, ['one', 'two', 'three']],
    [DAY + MAX_STAMP_DISTANCE_SECONDS + 1, ['one']],
  ] as const) {
    const rest = concat(record(packet('two', seconds)), record(packet('three', seconds)));
    expect(payloads(recover(concat(pcap([packet('one')]), junk, rest)))).toEqual(expected);
  }
});

test('without it the reading stops, and says so', () => {
  const file = pcap([packet('one'), { ...packet('bad'), captured: MAX_CAPTURED_BYTES + 1 }, packet('three')]);
  expect(read(file).damage[0]?.message).toContain('--recover looks for the next plausible packet');
  const cut = read(pcap([{ ...packet('bad'), captured: 9999 }])).damage[0]?.message;
  expect(cut).toContain('--recover looks for the next plausible packet');
  expect(read(pcap([packet('one')]).subarray(0, 45)).damage[0]?.message).not.toContain('--recover');
});

test.each([0, 1, 0x64])('megabytes of %i are passed over without being held', (byte) => {
  const reader = new CaptureReader({ onDamage: () => {}, recover: true });
  reader.push(pcap([packet('one')]));
  const chunk = new Uint8Array(65_536).fill(byte);
  let count = 0;
  for (let chunks = 0; chunks < 64; chunks++) {
    while (reader.next()) count++;
    reader.push(chunk);
    expect(reader.view.buffer.byteLength).toBeLessThanOrEqual(mostHeld(chunk.length));
  }
  reader.push(concat(record(packet('two')), record(packet('three'))));
  reader.end();
  while (reader.next()) count++;
  expect([count, reader.done]).toEqual([3, true]);
});
