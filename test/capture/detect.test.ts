import { expect, test } from 'vitest';
import { describeForeign, sniff } from '../../src/capture/detect.js';

test.each([
  ['pcap', 'a1b2c3d4'],
  ['pcap', 'd4c3b2a1'],
  ['pcap', 'a1b23c4d'],
  ['pcap', '4d3cb2a1'],
  ['pcapng', '0a0d0d0a1c000000'],
  ['gzip', '1f8b08'],
  ['gzip', '1f8b0808'],
  ['unknown', '1f8b09ff'],
  ['unknown', '1f8b'],
  ['zstd', '28b52ffd'],
  ['unknown', '28b52f'],
  ['unknown', ''],
  ['unknown', '000c5300'],
  ['pcap', 'a1b2cd34'],
  ['pcap', '34cdb2a1'],
  ['pcap', 'a1e2cb12'],
  ['pcap', '12cbe2a1'],
  ['zstd', '502a4d18'],
  ['zstd', '5f2a4d18'],
  ['unknown', '602a4d18'],
  ['unknown', 'a1b234cd'],
])('%s: %s', (content, hex) => {
  expect(sniff(Buffer.from(hex, 'hex'))).toBe(content);
});

test('looks at the bytes of a part of a buffer', () => {
  const bytes = Buffer.from('ffff0a0d0d0affff', 'hex');
  expect(sniff(new Uint8Array(bytes.buffer, bytes.byteOffset + 2, 4))).toBe('pcapng');
});

test.each([
  ['1c0001ac', /Ixia's variant of pcap/],
  ['4d3c2ba1', /Navtel's variant of pcap/],
  ['cd34b2a1', /Mesquita's variant of pcap/],
  ['736e6f6f7000000000000002', /snoop/],
  ['474d4255', /Network Monitor/],
  ['fd377a585a000004', /xz -d/],
  ['504b0304', /unzip/],
])('%s is known and not read: %s', (hex, what) => {
  const head = Buffer.from(hex, 'hex');
  expect(sniff(head)).toBe('unknown');
  expect(describeForeign(head)).toMatch(what);
});

test.each(['', '73', 'a1b2c3d4', '00000000'])('nothing is known of %j', (hex) => {
  expect(describeForeign(Buffer.from(hex, 'hex'))).toBeNull();
});
