/** What the wire bench sends: MoldUDP64 packets of 120 bytes, of one size so that the kernel can cut them from trains. */
import { createHash } from 'node:crypto';
import { encodeSession, itch50, writeHeader } from 'tickreel';
import { fileHeader, frameHeader, recordHeader, writeFileHeader, writeFrame, writeRecordHeader } from './frame.js';

/** Four Order Cancel messages of 23 bytes with their lengths, behind a header of 20. */
export const datagramBytes = 120;
export const messagesPerDatagram = 4;
const moldHeader = 20;
const session = 'WIREBENCH1';
const destination = { group: [127, 0, 0, 1], port: 26477 };
const baseSeconds = 1_767_623_400;
/** Between stamps: 100,000 packets a second. */
const gapNs = 10_000;

export interface WireInput {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** A pcap of so many packets. */
export function buildWireInput(packets: number): WireInput {
  const record = recordHeader + frameHeader + datagramBytes;
  const view = new DataView(new ArrayBuffer(fileHeader + packets * record));
  const bytes = new Uint8Array(view.buffer);
  writeFileHeader(view, 'ns');
  for (let index = 0; index < packets; index++) {
    const at = fileHeader + index * record;
    writeRecordHeader(view, at, frameHeader + datagramBytes, baseSeconds, index * gapNs, 'ns');
    bytes.set(datagram(index), at + recordHeader + frameHeader);
    writeFrame(view, at + recordHeader, datagramBytes, destination);
  }
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** The packet of this number, from 0. */
export function datagram(index: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(datagramBytes));
  const bytes = new Uint8Array(view.buffer);
  writeHeader(view, 0, encodeSession(session), 1 + index * messagesPerDatagram, messagesPerDatagram);
  for (let message = 0; message < messagesPerDatagram; message++) {
    const encoded = itch50.encode({
      type: 'X',
      stockLocate: 1 + (index % 100),
      trackingNumber: 0,
      timestamp: 34_200_000_000_000 + index * gapNs,
      orderReferenceNumber: 1 + index * messagesPerDatagram + message,
      cancelledShares: 100,
    });
    const at = moldHeader + message * (2 + encoded.length);
    view.setUint16(at, encoded.length);
    bytes.set(encoded, at + 2);
  }
  return bytes;
}
