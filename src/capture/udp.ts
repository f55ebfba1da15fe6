/** UDP headers: RFC 768. */

/** Bytes of a header. */
export const UDP_HEADER_BYTES = 8;

/** What `UdpHeader.read` found; `short` is a header that the captured bytes do not hold. */
export type UdpVerdict = 'ok' | 'short' | 'length';

/** The fields of one header, decoded in place. */
export class UdpHeader {
  /** Source port in the high half, destination port in the low one; signed. */
  ports = 0;
  /** 0 where the sender computed none. */
  checksum = 0;
  /** End of the payload as the header states it: past the captured bytes where the packet was cut. */
  end = 0;

  /**
   * Reads the header at `offset` of an IP payload that ends at `payloadEnd`, of which bytes from `capturedEnd` on were
   * not captured. A length of 0 is what segmentation offload leaves, taken only where the IP header has none either.
   */
  read(view: DataView, offset: number, payloadEnd: number, capturedEnd: number, offloaded: boolean): UdpVerdict {
    if (payloadEnd - offset < UDP_HEADER_BYTES && !offloaded) return 'length';
    if (capturedEnd - offset < UDP_HEADER_BYTES) return 'short';
    const second = view.getInt32(offset + 4);
    const length = second >>> 16;
    this.ports = view.getInt32(offset);
    this.checksum = second & 0xffff;
    if (length === 0 && offloaded) {
      this.end = payloadEnd;
      return 'ok';
    }
    this.end = offset + length;
    return length < UDP_HEADER_BYTES || (this.end > payloadEnd && !offloaded) ? 'length' : 'ok';
  }
}
