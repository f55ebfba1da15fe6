/**
 * Writes the bundled fixtures, `node dist/bench/fixtures.js [folder]`: the same bytes every time.
 *
 * One synthetic session of three seconds from 09:30:00 New York on 5 January 2026, as a gzipped BinaryFILE and as a
 * nanosecond pcap of MoldUDP64 packets stamped some 20 to 60 us after the exchange's own time; and the pcap once more
 * with packets missing, repeated and out of order.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { BinaryFileReader, type Flow, itch50, MoldUDP64Packer, PcapWriter } from 'tickreel';
import { sfc32 } from './random.js';
import { buildSession } from './session.js';

const messages = 10_000;
const seed = 1;
/** 09:30:00 in New York on 2026-01-05. */
const midnightSeconds = 1_767_589_200;
const openNs = 34_200e9;
const spanNs = 3e9;
const timestampOffset = 5;
const session = 'TICKREEL01';
/** Positions among the pcap's packets, for the damaged twin. */
const lostPackets = new Set([500, 501, 502, 2500]);
const repeatedPacket = 1000;
const swappedPacket = 1500;

const flow: Flow = {
  index: 0,
  transport: 'UDP',
  source: '127.0.0.1',
  sourcePort: 26400,
  destination: '239.255.42.1',
  destinationPort: 26477,
  name: '127.0.0.1:26400 > 239.255.42.1:26477',
};

/** The fixtures by file name. */
export function buildFixtures(): Map<string, Uint8Array> {
  const file = compress(buildSession(messages, seed));
  const records = pcapRecords(file);
  const header = new PcapWriter().header();
  return new Map([
    ['itch50-session.NASDAQ_ITCH50.gz', gzipSync(file, { level: 9 })],
    ['itch50-session.pcap', Buffer.concat([header, ...records])],
    ['itch50-gaps.pcap', Buffer.concat([header, ...disturbed(records.slice(0, 3000))])],
  ]);
}

/** Squeezes a day's time stamps into the span of the fixtures. */
function compress(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const lengthAt = (at: number): number => view.getUint16(at);
  const stampAt = (at: number): number => itch50.timestampOf(view, at + 2);
  const first = stampAt(0);
  let last = first;
  for (let at = 0; at < file.length; at += 2 + lengthAt(at)) last = stampAt(at);
  for (let at = 0; at < file.length; at += 2 + lengthAt(at)) {
    const ns = openNs + Math.floor(((stampAt(at) - first) / (last - first)) * spanNs);
    view.setUint16(at + 2 + timestampOffset, Math.floor(ns / 2 ** 32));
    view.setUint32(at + 2 + timestampOffset + 2, ns % 2 ** 32);
  }
  return file;
}

/** One pcap record a MoldUDP64 packet. */
function pcapRecords(file: Uint8Array): Uint8Array[] {
  const next = sfc32(seed);
  const reader = new BinaryFileReader({
    midnightSeconds,
    timestampOf: itch50.timestampOf,
    lengthOf: itch50.lengthOf,
    frameByType: false,
    onDamage: (damage) => {
      throw new Error(damage.message);
    },
  });
  reader.push(file);
  reader.end();
  const packer = new MoldUDP64Packer(reader, { session, mtu: 1500, pack: 'timestamp', flow, endOfSession: true });
  const writer = new PcapWriter({ ttl: 1 });
  const records: Uint8Array[] = [];
  let previousNs = 0;
  while (packer.next()) {
    const latencyNs = 20_000 + (next() % 40_000);
    const stampNs = Math.max(previousNs, (packer.seconds - midnightSeconds) * 1e9 + packer.nanoseconds + latencyNs);
    previousNs = stampNs;
    const seconds = midnightSeconds + Math.floor(stampNs / 1e9);
    const record = writer.record(packer.view, packer.offset, packer.length, flow, seconds, stampNs % 1e9);
    records.push(record.slice());
  }
  return records;
}

function disturbed(records: Uint8Array[]): Uint8Array[] {
  const out = records.filter((_, index) => !lostPackets.has(index));
  out.splice(repeatedPacket, 0, records[repeatedPacket] as Uint8Array);
  const [moved] = out.splice(swappedPacket, 1);
  out.splice(swappedPacket + 2, 0, moved as Uint8Array);
  return out;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'fixtures';
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of buildFixtures()) writeFileSync(join(folder, name), bytes);
}
