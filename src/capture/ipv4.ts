/**
 * IPv4 headers: RFC 791 section 3.1. The total length bounds the payload, since captures carry padding and trailers
 * behind it; a total length of 0 is left by segmentation offload and means all that was captured.
 */

import { addHalves, addWords, fold } from './checksum.js';

/** Protocol number of UDP. */
export const IP_PROTOCOL_UDP = 17;

/** Bytes of a header without options. */
export const IPV4_HEADER_BYTES = 20;

/** What `Ipv4Header.read` found; `short` is a header that the captured bytes do not hold. */
export type Ipv4Verdict = 'ok' | 'short' | 'version' | 'header-length' | 'total-length';

/** The fields of one header, decoded in place. */
export class Ipv4Header {
  headerLength = 0;
  protocol = 0;
  /** Addresses as signed 32-bit integers, which fit a small integer of the engine's where unsigned ones do not. */
  source = 0;
  destination = 0;
  /** True for every part of a fragmented datagram. */
  fragment = false;
  /** Start of the payload in the view. */
  payload = 0;
  /** End of the payload as the header states it: past the captured bytes where the packet was cut. */
  payloadEnd = 0;
  /** True where the total length is 0 and the end was taken from the captured bytes. */
  offloaded = false;
  /** Sum of the header's 16-bit words without options: what its checksum is verified with. */
  sum = 0;

  /** Reads the header at `offset`; bytes from `end` on were not captured. */
  read(view: DataView, offset: number, end: number): Ipv4Verdict {
    if (end - offset < IPV4_HEADER_BYTES) return 'short';
    const first = view.getInt32(offset);
    if (first >>> 28 !== 4) return 'version';
    const headerLength = (first >>> 22) & 0x3c;
    if (headerLength < IPV4_HEADER_BYTES) return 'header-length';
    const totalLength = first & 0xffff;
    this.offloaded = totalLength === 0;
    if (totalLength < headerLength && totalLength !== 0) return 'total-length';
    if (end - offset < headerLength) return 'short';
    const second = view.getInt32(offset + 4);
    const third = view.getInt32(offset + 8);
    const source = view.getInt32(offset + 12);
    const destination = view.getInt32(offset + 16);
    this.headerLength = headerLength;
    this.payload = offset + headerLength;
    this.payloadEnd = totalLength === 0 ? end : offset + totalLength;
    this.fragment = (second & 0x3fff) !== 0;
    this.protocol = (third >>> 16) & 0xff;
    this.source = source;
    this.destination = destination;
    this.sum = addHalves(addHalves(addHalves(addHalves(addHalves(0, first), second), third), source), destination);
    return 'ok';
  }

  /** Whether the checksum of the header that was read, options included, is right. */
  isIntact(view: DataView): boolean {
    const options = this.headerLength - IPV4_HEADER_BYTES;
    const sum = options === 0 ? this.sum : addWords(this.sum, view, this.payload - options, options);
    return fold(sum) === 0xffff;
  }
}

/** Dotted form of an address, a signed or unsigned 32-bit integer. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** The unsigned address that a dotted form stands for; -1 where it is none. */
export function parseIpv4(text: string): number {
  const parts = text.split('.');
  if (parts.length !== 4) return -1;
  let address = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return -1;
    address = address * 256 + Number(part);
  }
  return address;
}
