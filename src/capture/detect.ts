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
  [0xa1b2cd34, 'pcap'], // Kuznetzov's modified libpcap, big-endian
  [0x34cdb2a1, 'pcap'], // Kuznetzov's modified libpcap, little-endian
  [0xa1e2cb12, 'pcap'], // netsniff-ng's own, big-endian
  [0x12cbe2a1, 'pcap'], // netsniff-ng's own, little-endian
  [0x0a0d0d0a, 'pcapng'], // a palindrome: the byte order follows it
  [0x28b52ffd, 'zstd'],
]);

/** A skippable frame of Zstandard, `0x184d2a5?` in little-endian: what parallel compressors begin a file with. */
const isSkippableFrame = (word: number): boolean => (word & 0xf0ffffff) >>> 0 === 0x502a4d18;

/** What else is met in the place of a capture: its first bytes in hexadecimal, and what to do about it. */
const FOREIGN: readonly (readonly [start: string, what: string])[] = [
  ['1c0001ac', "is Ixia's variant of pcap (hardware): editcap -F pcap converts it"],
  ['ac01001c', "is Ixia's variant of pcap (hardware): editcap -F pcap converts it"],
  ['1c0001ab', "is Ixia's variant of pcap (software): editcap -F pcap converts it"],
  ['ab01001c', "is Ixia's variant of pcap (software): editcap -F pcap converts it"],
  ['a12b3c4d', "is Navtel's variant of pcap: convert it with its own tool"],
  ['4d3c2ba1', "is Navtel's variant of pcap: convert it with its own tool"],
  ['a1b234cd', "is Mesquita's variant of pcap: convert it with its own tool"],
  ['cd34b2a1', "is Mesquita's variant of pcap: convert it with its own tool"],
  ['736e6f6f70000000', 'is a snoop capture (RFC 1761): editcap -F pcap converts it'],
  ['52545353', 'is a Network Monitor capture: editcap -F pcap converts it'],
  ['474d4255', 'is a Network Monitor capture: editcap -F pcap converts it'],
  ['fd377a585a00', 'is compressed with xz: inflate it with xz -d'],
  ['425a68', 'is compressed with bzip2: inflate it with bzip2 -d'],
  ['04224d18', 'is compressed with LZ4: inflate it with lz4 -d'],
  ['504b0304', 'is a zip archive: unpack it with unzip'],
];

/** What a file is that is known and not read, and what to do about it; null where nothing is known. */
export function describeForeign(head: Uint8Array): string | null {
  const hex = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return FOREIGN.find(([start]) => hex.startsWith(start))?.[1] ?? null;
}

/** Says what a file's first bytes begin; fewer than `SNIFF_BYTES` bytes are `unknown`, but for gzip. */
export function sniff(head: Uint8Array): Content {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 0x08) return 'gzip';
  if (head.length < SNIFF_BYTES) return 'unknown';
  const word = new DataView(head.buffer, head.byteOffset, SNIFF_BYTES).getUint32(0);
  return SIGNATURES.get(word) ?? (isSkippableFrame(word) ? 'zstd' : 'unknown');
}
