/**
 * Makes Ethernet frames of datagrams: the packet that was captured as it is, or with its headers rewritten; around a
 * payload that was changed the captured headers, with right lengths and checksum; and headers built from the flow
 * where a datagram is in no packet. Packets of other link layers get an Ethernet header in front of what they carry.
 */
import { copyBytes } from '../core/copy.js';
import type { CapturedFrame, Flow } from '../core/seams.js';
import { addWords, fold } from './checksum.js';
import {
  ETHERNET_HEADER_BYTES,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernetPayload,
  LINKTYPE_ETHERNET,
} from './ethernet.js';
import { writeEthernetHeader } from './ethernet-header.js';
import { MAX_CAPTURED_BYTES } from './frame-reader.js';
import { type ChecksumMode, FrameRewriter, REWRITE_HEADROOM, update } from './frame-rewriter.js';
import { FrameWriter } from './frame-writer.js';
import { IP_PROTOCOL_UDP, IPV4_HEADER_BYTES } from './ipv4.js';
import { IPV6_HEADER_BYTES } from './ipv6.js';
import { Link } from './link.js';
import { type RewriteRules, rewritesAnything } from './rewrite-rules.js';
import { UDP_HEADER_BYTES } from './udp.js';

/** Room for the longest payload behind the longest headers. */
const OWN_BYTES = 2 * MAX_CAPTURED_BYTES;
/** In words, so that copies are aligned as the captured frames' are. */
const START = 2 * REWRITE_HEADROOM;

export interface FramerOptions {
  readonly rules: RewriteRules;
  readonly checksums: ChecksumMode;
  /** Asked for each frame: what `FrameWriter.writeDatagram` takes as `payloadSum`; its own sum where absent. */
  readonly payloadSum?: () => number;
}

export class Framer {
  /** The frame; borrowed as what it was made of is, and until the next one. */
  view: DataView;
  offset = 0;
  length = 0;
  /** Frames whose headers were built. */
  built = 0;
  /** Packets that no Ethernet frame can carry: of a link layer that tells no ethertype. */
  unframed = 0;
  private readonly own = new DataView(new ArrayBuffer(OWN_BYTES));
  private readonly changes: boolean;
  private readonly payloadSum: () => number;
  private readonly rewriter: FrameRewriter;
  private readonly writer = new FrameWriter();
  private readonly link = new Link();

  constructor({ rules, checksums, payloadSum = () => -1 }: FramerOptions) {
    this.payloadSum = payloadSum;
    this.view = this.own;
    this.changes = rewritesAnything(rules) || checksums === 'anew';
    this.rewriter = new FrameRewriter(rules, checksums);
  }

  /** How long the frame of a datagram will be, as far as its packet tells. */
  lengthOf(frame: CapturedFrame | null, payloadLength: number, flow: Flow): number {
    if (frame === null) return builtHeaderBytes(flow) + payloadLength;
    const { view, offset, length } = frame;
    const end = offset + length;
    const isEthernet = frame.linkType === LINKTYPE_ETHERNET;
    const at = isEthernet ? offset + ETHERNET_HEADER_BYTES : this.inner(frame);
    if (at > end) return length;
    const etherType = isEthernet ? view.getUint16(at - 2) : this.link.etherType;
    return ETHERNET_HEADER_BYTES + end - at + this.rewriter.lengthChange(etherType, view, at, end);
  }

  /**
   * Makes the frame of a datagram whose bytes are those of its packet, or others that take their place. False where
   * there can be none.
   */
  make(frame: CapturedFrame | null, view: DataView, offset: number, length: number, flow: Flow): boolean {
    if (frame === null) this.build(view, offset, length, flow);
    else {
      const isCaptured = view === frame.view && offset === frame.payload && length === frame.payloadLength;
      if (isCaptured && !this.changes && frame.linkType === LINKTYPE_ETHERNET) {
        this.view = frame.view;
        this.offset = frame.offset;
        this.length = frame.length;
        return true;
      }
      if (!this.copy(frame)) return false;
      if (!isCaptured && !this.replace(frame, view, offset, length)) this.build(view, offset, length, flow);
    }
    if (!this.changes) return true;
    const end = this.offset + this.length;
    this.offset = this.rewriter.rewrite(this.own, this.offset, end);
    this.length = end - this.offset;
    return true;
  }

  private take(length: number): void {
    this.view = this.own;
    this.offset = START;
    this.length = length;
  }

  private build(view: DataView, offset: number, length: number, flow: Flow): void {
    this.take(this.writer.writeDatagram(this.own, START, view, offset, length, flow, this.payloadSum()));
    this.built++;
  }

  /** Where what a packet of another link layer carries begins; at its end where that is not told. */
  private inner({ linkType, view, offset, length }: CapturedFrame): number {
    const end = offset + length;
    return this.link.read(linkType, view, offset, end) === 'ok' ? Math.min(this.link.payload, end) : end;
  }

  private copy(frame: CapturedFrame): boolean {
    const { view, offset, length } = frame;
    if (frame.linkType === LINKTYPE_ETHERNET) {
      copyBytes(view, offset, this.own, START, length);
      this.take(length);
      return true;
    }
    const at = this.inner(frame);
    const end = offset + length;
    if (at === end) {
      this.unframed++;
      return false;
    }
    writeEthernetHeader(this.own, START, this.link.etherType, view, at, end);
    copyBytes(view, at, this.own, START + ETHERNET_HEADER_BYTES, end - at);
    this.take(ETHERNET_HEADER_BYTES + end - at);
    this.built++;
    return true;
  }

  /** Puts other bytes in the place of the datagram's; false where they are more or fewer and lengths cannot be set. */
  private replace(frame: CapturedFrame, view: DataView, offset: number, length: number): boolean {
    const { own } = this;
    const end = this.offset + this.length;
    const payload = end - (frame.offset + frame.length - frame.payload);
    const udp = payload - UDP_HEADER_BYTES;
    const isResized = length !== frame.payloadLength;
    if (isResized && !this.resize(udp, length)) return false;
    const old = fold(addWords(0, own, payload, frame.payloadLength));
    copyBytes(view, offset, own, payload, length);
    // What stood behind a payload that is longer or shorter now was padding.
    if (isResized) this.length = payload + length - this.offset;
    const checksum = udp + UDP_HEADER_BYTES - 2;
    if (own.getUint16(checksum) === 0) return true;
    const stale = this.payloadSum();
    update(own, checksum, old, fold(stale < 0 ? addWords(0, own, payload, length) : stale));
    if (own.getUint16(checksum) === 0) own.setUint16(checksum, 0xffff);
    return true;
  }

  /** Sets the lengths of UDP and IP, where the datagram is right behind one IP header of the frame's own. */
  private resize(udp: number, length: number): boolean {
    const { own } = this;
    const ip = ethernetPayload(own, this.offset, this.offset + this.length);
    if (ip < 0) return false;
    const etherType = own.getUint16(ip - 2);
    const udpLength = UDP_HEADER_BYTES + length;
    if (etherType === ETHERTYPE_IPV4) {
      const headerLength = (own.getUint8(ip) & 0xf) * 4;
      if (ip + headerLength !== udp || headerLength < IPV4_HEADER_BYTES) return false;
      this.setLength(ip + 2, headerLength + udpLength, ip + 10);
    } else if (etherType === ETHERTYPE_IPV6) {
      if (ip + IPV6_HEADER_BYTES !== udp || own.getUint8(ip + 6) !== IP_PROTOCOL_UDP) return false;
      own.setUint16(ip + 4, udpLength);
    } else return false;
    // UDP's checksum covers its length twice: in the header, and in the pseudo header.
    const checksum = udp + UDP_HEADER_BYTES - 2;
    const isSummed = own.getUint16(checksum) !== 0;
    if (isSummed) update(own, checksum, own.getUint16(udp + 4), udpLength);
    if (isSummed) this.setLength(udp + 4, udpLength, checksum);
    else own.setUint16(udp + 4, udpLength);
    return true;
  }

  private setLength(at: number, length: number, checksum: number): void {
    update(this.own, checksum, this.own.getUint16(at), length);
    this.own.setUint16(at, length);
  }
}

function builtHeaderBytes(flow: Flow): number {
  const network = flow.destination.includes(':') ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES;
  return ETHERNET_HEADER_BYTES + network + UDP_HEADER_BYTES;
}
