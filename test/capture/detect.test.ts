import { expect, test } from 'vitest';
import { sniff } from '../../src/capture/detect.js';

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
  ['unknown', 'a1b2cd34'],
])('%s: %s', (content, hex) => {
  expect(sniff(Buffer.from(hex, 'hex'))).toBe(content);
});

test('looks at the bytes of a part of a buffer', () => {
  const bytes = Buffer.from('ffff0a0d0d0affff', 'hex');
  expect(sniff(new Uint8Array(bytes.buffer, bytes.byteOffset + 2, 4))).toBe('pcapng');
});
