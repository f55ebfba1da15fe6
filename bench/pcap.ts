/**
 * The bench's session as MoldUDP64 in a pcap in memory: Ethernet with an 802.1Q tag, as NASDAQ's own captures have it,
 * IPv4 and UDP with right checksums. Written by hand, not by the library that is measured.
 */
import { sfc32 } from './random.js';
import { sessionSeed } from './session.js';

/** Resolution of the time stamps. */
export type PcapResolution = 'us' | 'ns';

const maxPayload = 1400;
const moldHeader = 20;
const ethernetHeader = 18;
const ipHeader = 20;
const udpHeader = 8;
const frameHeader = ethernetHeader + ipHeader + udpHeader;
const recordHeader = 16;
const midnightSeconds = 1_767_589_200;
const timestampOffset = 5;
const group = [233, 54, 12, 111];
const source = [206, 200, 127, 138];
const port = 26477;
const sessionName = '0000BENCH1';

/** Packs length-prefixed messages into packets of random sizes, from one message to 1,400 bytes. */
export function buildPcap(session: Uint8Array, resolution: PcapResolution): Uint8Array<ArrayBuffer> {
  const next = sfc32(sessionSeed);
  const from = new DataView(session.buffer, session.byteOffset, session.length);
  const bytes = new Uint8Array(session.length * 4 + 24);
  const view = new DataView(bytes.buffer);
  writeFileHeader(view, resolution);
  let at = 24;
  let sequence = 1;
  for (let offset = 0; offset < session.length; ) {
    const wanted = packetMessages(next);
    let count = 0;
    let end = offset;
    while (count < wanted && end < session.length) {
      const behind = end + 2 + from.getUint16(end);
      if (count !== 0 && moldHeader + behind - offset > maxPayload) break;
      end = behind;
      count++;
    }
    const payload = at + recordHeader + frameHeader;
    bytes.set(session.subarray(offset, end), payload + moldHeader);
    writeMoldHeader(view, payload, sequence, count);
    writeFrame(view, at + recordHeader, moldHeader + end - offset);
    writeRecordHeader(view, at, frameHeader + moldHeader + end - offset, stampNs(from, offset), resolution);
    at = payload + moldHeader + end - offset;
    sequence += count;
    offset = end;
  }
  return bytes.slice(0, at);
}

/** Mostly one message a packet, sometimes a few, at times as many as fit. */
function packetMessages(next: () => number): number {
  const draw = next() % 100;
  if (draw < 60) return 1;
  if (draw < 80) return 2 + (next() % 3);
  return draw < 95 ? 5 + (next() % 8) : maxPayload;
}

/** The exchange's time of the packet's first message and 30 µs on the way. */
function stampNs(view: DataView, offset: number): number {
  const at = offset + 2 + timestampOffset;
  return view.getUint16(at) * 0x100000000 + view.getUint32(at + 2) + 30_000;
}

function writeFileHeader(view: DataView, resolution: PcapResolution): void {
  view.setUint32(0, resolution === 'ns' ? 0xa1b23c4d : 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65_535, true);
  view.setUint32(20, 1, true);
}

function writeRecordHeader(view: DataView, at: number, length: number, ns: number, resolution: PcapResolution): void {
  const fraction = ns % 1e9;
  view.setUint32(at, midnightSeconds + Math.floor(ns / 1e9), true);
  view.setUint32(at + 4, resolution === 'ns' ? fraction : Math.floor(fraction / 1000), true);
  view.setUint32(at + 8, length, true);
  view.setUint32(at + 12, length, true);
}

function writeMoldHeader(view: DataView, at: number, sequence: number, count: number): void {
  for (let index = 0; index < 10; index++) view.setUint8(at + index, sessionName.charCodeAt(index));
  view.setUint32(at + 14, sequence);
  view.setUint16(at + 18, count);
}

/** Ethernet, IPv4 and UDP in front of `payloadLength` bytes that are in place. */
function writeFrame(view: DataView, at: number, payloadLength: number): void {
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
