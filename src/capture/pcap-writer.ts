/**
 * Writes a nanosecond pcap (draft-ietf-opsawg-pcap, version 2.4, little-endian) of Ethernet frames built around
 * datagrams and segments.
 */
import type { EpochTime } from '../core/clock.js';
import { CaptureWriter } from './capture-writer.js';
import { LINKTYPE_ETHERNET } from './ethernet.js';
import { MAX_CAPTURED_BYTES } from './frame-reader.js';
import { FRAME_HEADER_BYTES } from './frame-writer.js';
import { PCAP_HEADER_BYTES, PCAP_MAGIC_NANOSECONDS, PCAP_RECORD_HEADER_BYTES } from './pcap.js';

/** Bytes of the record of a datagram over IPv4 beside its payload. */
export const RECORD_OVERHEAD_BYTES = PCAP_RECORD_HEADER_BYTES + FRAME_HEADER_BYTES;

const MAX_SECONDS = 0xffffffff;
const MAX_NANOSECONDS = 999_999_999;

/** Its times are of 1970 to 2106; others are clamped and counted. */
export class PcapWriter extends CaptureWriter {
  protected readonly recordHeaderBytes = PCAP_RECORD_HEADER_BYTES;

  header(): Uint8Array {
    const bytes = new Uint8Array(PCAP_HEADER_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, PCAP_MAGIC_NANOSECONDS, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, MAX_CAPTURED_BYTES, true);
    view.setUint32(20, LINKTYPE_ETHERNET, true);
    return bytes;
  }

  lengthAt(view: DataView, at: number): number {
    return PCAP_RECORD_HEADER_BYTES + view.getUint32(at + 8, true);
  }

  protected surround(into: DataView, at: number, frameLength: number, seconds: number, nanoseconds: number): number {
    const fits = seconds >= 0 && seconds <= MAX_SECONDS;
    if (!fits) this.clampedTimestamps++;
    into.setUint32(at, fits ? seconds : seconds < 0 ? 0 : MAX_SECONDS, true);
    into.setUint32(at + 4, fits ? nanoseconds : seconds < 0 ? 0 : MAX_NANOSECONDS, true);
    into.setUint32(at + 8, frameLength, true);
    into.setUint32(at + 12, frameLength, true);
    return PCAP_RECORD_HEADER_BYTES + frameLength;
  }
}

/** A record of a frame of which `wireLength` bytes were on the wire; times are of 1970 to 2106. */
export function pcapRecord(frame: Uint8Array, wireLength: number, { seconds, nanoseconds }: EpochTime): Uint8Array {
  const bytes = new Uint8Array(PCAP_RECORD_HEADER_BYTES + frame.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.min(Math.max(seconds, 0), MAX_SECONDS), true);
  view.setUint32(4, nanoseconds, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, wireLength, true);
  bytes.set(frame, PCAP_RECORD_HEADER_BYTES);
  return bytes;
}
