/**
 * The short way of what nearly every packet of a feed is: a whole UDP datagram (RFC 768) that fills an IPv4 packet
 * without options (RFC 791) which fills its frame. `Layers` gives the same verdict, counts and fields by its own way
 * over a header at a time, for these and all others; here nothing is kept between one header and the next.
 */
import type { DatagramReader } from '../core/seams.js';
import { addHalves, fold, isUdpIntact } from './checksum.js';
import type { Faults } from './faults.js';
import type { FlowTable } from './flow.js';
import { IP_PROTOCOL_UDP, IPV4_HEADER_BYTES } from './ipv4.js';
import type { Tally } from './tally.js';
import { VXLAN_PORT } from './tunnel.js';
import { UDP_HEADER_BYTES } from './udp.js';

const HEADER_BYTES = IPV4_HEADER_BYTES + UDP_HEADER_BYTES;
/** Version 4 and a header of five words, with any type of service; the total length is in the low half. */
const FIRST_WORD = 0x45000000;
const FIRST_WORD_MASK = 0xff00ffff;
/** Of the second word: more fragments, and the place of this one. */
const FRAGMENT_MASK = 0x3fff;
const PROTOCOL_MASK = 0xff0000;

/** Where a datagram is put as it is found, and the stamp of any packet: the reader that delivers it. */
export interface LayerTarget
  extends Pick<DatagramReader, 'view' | 'offset' | 'length' | 'seconds' | 'nanoseconds' | 'flow'> {
  /** True where only the first `length` bytes of the datagram's payload were captured. */
  truncated: boolean;
}

/** Reads such packets into the target. */
export class PlainDatagrams {
  private readonly flows: FlowTable;
  private readonly checksums: boolean;

  constructor(
    private readonly target: LayerTarget,
    private readonly tally: Tally,
    options: { readonly flows: FlowTable; readonly checksums: boolean },
    private readonly faults: Faults,
  ) {
    this.flows = options.flows;
    this.checksums = options.checksums;
  }

  /** Reads the IPv4 packet from `offset` to the frame's end; false, with nothing done, where it is another kind. */
  open(view: DataView, offset: number, end: number): boolean {
    const length = end - offset;
    if (length < HEADER_BYTES) return false;
    const first = view.getInt32(offset);
    const second = view.getInt32(offset + 4);
    const third = view.getInt32(offset + 8);
    const ports = view.getInt32(offset + IPV4_HEADER_BYTES);
    const lengths = view.getInt32(offset + IPV4_HEADER_BYTES + 4);
    // A frame longer than a total length can say has bits above it, which no first word under the mask has.
    const isPlain =
      (first & FIRST_WORD_MASK) === (FIRST_WORD | length) &&
      (second & FRAGMENT_MASK) === 0 &&
      (third & PROTOCOL_MASK) === IP_PROTOCOL_UDP << 16 &&
      lengths >>> 16 === length - IPV4_HEADER_BYTES &&
      (ports & 0xffff) !== VXLAN_PORT;
    if (!isPlain) return false;
    const source = view.getInt32(offset + 12);
    const destination = view.getInt32(offset + 16);
    if (this.checksums) {
      const addresses = addHalves(addHalves(0, source), destination);
      const header = addHalves(addHalves(addHalves(addresses, first), second), third);
      if (fold(header) !== 0xffff) this.tally.badIpChecksums++;
      if ((lengths & 0xffff) !== 0) this.verify(addresses, view, offset + IPV4_HEADER_BYTES, lengths >>> 16);
    }
    const { target, flows } = this;
    const flow = flows.internWords(source, destination, ports);
    target.view = view;
    target.truncated = false;
    target.offset = offset + HEADER_BYTES;
    target.length = length - HEADER_BYTES;
    target.flow = flow;
    if (flow === flows.otherFlows) this.faults.tellOtherFlows(flows.flows.length);
    return true;
  }

  private verify(addresses: number, view: DataView, offset: number, length: number): void {
    if (!isUdpIntact(addresses + IP_PROTOCOL_UDP + length, view, offset, length)) this.tally.badUdpChecksums++;
  }
}
