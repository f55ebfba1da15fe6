/** The bench's session as MoldUDP64 in a pcap in memory, tagged as NASDAQ's own captures are. */
import {
  fileHeader,
  frameHeader,
  maxPayload,
  type PcapResolution,
  recordHeader,
  writeFileHeader,
  writeFrame,
  writeRecordHeader,
} from './frame.js';
import { sfc32 } from './random.js';
import { sessionSeed } from './session.js';

const moldHeader = 20;
const midnightSeconds = 1_767_589_200;
const timestampOffset = 5;
const destination = { group: [233, 54, 12, 111], port: 26477 };
const sessionName = '0000BENCH1';

/** Packs length-prefixed messages into packets of random sizes, from one message to 1,400 bytes. */
export function buildPcap(session: Uint8Array, resolution: PcapResolution): Uint8Array<ArrayBuffer> {
  const next = sfc32(sessionSeed);
  const from = new DataView(session.buffer, session.byteOffset, session.length);
  const bytes = new Uint8Array(session.length * 4 + fileHeader);
  const view = new DataView(bytes.buffer);
  writeFileHeader(view, resolution);
  let at = fileHeader;
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
    writeFrame(view, at + recordHeader, moldHeader + end - offset, destination);
    const length = frameHeader + moldHeader + end - offset;
    writeRecordHeader(view, at, length, midnightSeconds, stampNs(from, offset), resolution);
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

function writeMoldHeader(view: DataView, at: number, sequence: number, count: number): void {
  for (let index = 0; index < 10; index++) view.setUint8(at + index, sessionName.charCodeAt(index));
  view.setUint32(at + 14, sequence);
  view.setUint16(at + 18, count);
}
