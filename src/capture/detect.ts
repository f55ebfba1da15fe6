/**
 * What a file is, from its first bytes and never from its name: libpcap and pcapng captures, gzip (RFC 1952 section
 * 2.3.1) and Zstandard (RFC 8878 section 3.1.1).
 */

/** What the first bytes of a file say that it is. */
export type Content = 'pcap' | 'pcapng' | 'gzip' | 'zstd' | 'unknown';

/** How many bytes `sniff` looks at. */
export const SNIFF_BYTES = 4;

const SIGNATURES: ReadonlyMap<number, Content> = new Map([
  [0xa1b2c3d4, 'pcap'], // microseconds, big-endian
  [0xd4c3b2a1, 'pcap'], // microseconds, little-endian
  [0xa1b23c4d, 'pcap'], // nanoseconds, big-endian
  [0x4d3cb2a1, 'pcap'], // nanoseconds, little-endian
  [0x0a0d0d0a, 'pcapng'], // a palindrome: the byte order follows it
  [0x28b52ffd, 'zstd'],
]);

/** Says what a file's first bytes begin; fewer than `SNIFF_BYTES` bytes are `unknown`, but for gzip. */
export function sniff(head: Uint8Array): Content {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 0x08) return 'gzip';
  if (head.length < SNIFF_BYTES) return 'unknown';
  return SIGNATURES.get(new DataView(head.buffer, head.byteOffset, SNIFF_BYTES).getUint32(0)) ?? 'unknown';
}
