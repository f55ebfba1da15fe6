/** TCP headers: RFC 9293 section 3.1. Options are stepped over by the data offset and never read. */

/** Protocol number of TCP. */
export const IP_PROTOCOL_TCP = 6;

/** Bytes of a header without options. */
export const TCP_HEADER_BYTES = 20;

/** Control bits, as `TcpHeader.flags` holds them. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** What `TcpHeader.read` found; `short` is a header that the captured bytes do not hold. */
export type TcpVerdict = 'ok' | 'short' | 'length' | 'header-length';

/** The fields of one header, decoded in place. */
export class TcpHeader {
  /** Source port in the high half, destination port in the low one; signed. */
  ports = 0;
  /** Number of the first byte (or of the SYN); signed. */
  sequence = 0;
  /** Number of the byte that the sender of the segment waits for, where `ACK` is set; signed. */
  acknowledgment = 0;
  flags = 0;
  /** Start of the payload: past the captured bytes where the options were cut. */
  payload = 0;
  /** End of the payload as the IP header states it: past the captured bytes where the packet was cut. */
  end = 0;

  /** Reads the header at `offset` of an IP payload up to `payloadEnd`; from `capturedEnd` on nothing was captured. */
  read(view: DataView, offset: number, payloadEnd: number, capturedEnd: number): TcpVerdict {
    if (payloadEnd - offset < TCP_HEADER_BYTES) return 'length';
    if (capturedEnd - offset < TCP_HEADER_BYTES) return 'short';
    const fourth = view.getInt32(offset + 12);
    const headerLength = (fourth >>> 26) & 0x3c;
    if (headerLength < TCP_HEADER_BYTES || offset + headerLength > payloadEnd) return 'header-length';
    this.ports = view.getInt32(offset);
    this.sequence = view.getInt32(offset + 4);
    this.acknowledgment = view.getInt32(offset + 8);
    this.flags = (fourth >>> 16) & 0xff;
    this.payload = offset + headerLength;
    this.end = payloadEnd;
    return 'ok';
  }
}
