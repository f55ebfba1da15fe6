/**
 * Packets in a pcap in memory: Ethernet with an 802.1Q tag, IPv4 and UDP with right checksums. Written by hand, not by
 * the library that is measured.
 */

/** Resolution of the time stamps. */
export type PcapResolution = 'us' | 'ns';

/** Bytes of the file's header, of a record's, and of those in front of a UDP payload. */
export const fileHeader = 24;
export const recordHeader = 16;
const ethernetHeader = 18;
const ipHeader = 20;
const udpHeader = 8;
export const frameHeader = ethernetHeader + ipHeader + udpHeader;

/** The most bytes of a payload. */
export const maxPayload = 1400;

const source = [206, 200, 127, 138];

/** Where packets are sent. */
export interface Destination {
  readonly group: readonly number[];
  readonly port: number;
}

/** The header of a classic pcap. */
export function writeFileHeader(view: DataView, resolution: PcapResolution): void {
  view.setUint32(0, resolution === 'ns' ? 0xa1b23c4d : 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65_535, true);
  view.setUint32(20, 1, true);
}

/** The header of a record, stamped so many nanoseconds after `baseSeconds`. */
export function writeRecordHeader(
  view: DataView,
  at: number,
  length: number,
  baseSeconds: number,
  ns: number,
  resolution: PcapResolution,
): void {
  const fraction = ns % 1e9;
  view.setUint32(at, baseSeconds + Math.floor(ns / 1e9), true);
  view.setUint32(at + 4, resolution === 'ns' ? fraction : Math.floor(fraction / 1000), true);
  view.setUint32(at + 8, length, true);
  view.setUint32(at + 12, length, true);
}

/** Ethernet, IPv4 and UDP in front of `payloadLength` bytes that are in place. */
export function writeFrame(view: DataView, at: number, payloadLength: number, { group, port }: Destination): void {
  const ip = at + ethernetHeader;
  const udp = ip + ipHeader;
  const udpLength = udpHeader + payloadLength;
  view.setUint32(at, 0x01005e00 | ((group[1] ?? 0) & 0x7f));
  view.setUint16(at + 4, ((group[2] ?? 0) << 8) | (group[3] ?? 0));
  view.setUint32(at + 6, 0x02000000);
  view.setUint16(at + 12, 0x8100);
  view.setUint16(at + 14, 100);
  view.setUint16(at + 16, 0x0800);
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, ipHeader + udpLength);
  view.setUint16(ip + 6, 0x4000);
  view.setUint16(ip + 8, (16 << 8) | 17);
  for (let index = 0; index < 4; index++) {
    view.setUint8(ip + 12 + index, source[index] ?? 0);
    view.setUint8(ip + 16 + index, group[index] ?? 0);
  }
  view.setUint16(ip + 10, checksum(view, ip, ipHeader, 0));
  view.setUint16(udp, port);
  view.setUint16(udp + 2, port);
  view.setUint16(udp + 4, udpLength);
  const pseudoHeader = sumWords(view, ip + 12, 8) + 17 + udpLength;
  view.setUint16(udp + 6, checksum(view, udp, udpLength, pseudoHeader) || 0xffff);
}

function checksum(view: DataView, at: number, length: number, start: number): number {
  let sum = start + sumWords(view, at, length);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function sumWords(view: DataView, at: number, length: number): number {
  let sum = 0;
  const end = at + length;
  for (let word = at; word + 1 < end; word += 2) sum += view.getUint16(word);
  return length % 2 === 0 ? sum : sum + view.getUint8(end - 1) * 256;
}
