/**
 * Builds Ethernet frames around payloads, with right lengths and checksums: IPv4 (RFC 791) or IPv6 (RFC 8200) by the
 * flow's addresses, and UDP (RFC 768) or TCP without options (RFC 9293). Nothing is allocated but once for each flow.
 */
import { UsageError } from '../core/errors.js';
import type { Flow } from '../core/seams.js';
import { addWords, copyWords, fold } from './checksum.js';
import { parseAddress } from './endpoint.js';
import { ETHERNET_HEADER_BYTES, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.js';
import { IP_PROTOCOL_UDP, IPV4_HEADER_BYTES } from './ipv4.js';
import { IPV6_HEADER_BYTES } from './ipv6.js';
import { IP_PROTOCOL_TCP, TCP_HEADER_BYTES } from './tcp.js';
import { UDP_HEADER_BYTES } from './udp.js';

/** The most that an IPv4 packet, or what follows the fixed header of an IPv6 packet, can hold. */
const MAX_IP_LENGTH = 65_535;

/** Bytes of link, network and transport headers in front of a datagram's payload over IPv4. */
export const FRAME_HEADER_BYTES = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + UDP_HEADER_BYTES;

/** The most that headers take: TCP over IPv6. */
export const MAX_FRAME_HEADER_BYTES = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES + TCP_HEADER_BYTES;

/** The most payload that one datagram can carry over IPv4: 65,535 less the IPv4 and UDP headers. */
export const MAX_PAYLOAD_BYTES = MAX_IP_LENGTH - IPV4_HEADER_BYTES - UDP_HEADER_BYTES;

/** The same over IPv6, whose length does not count its fixed header. */
export const MAX_IPV6_PAYLOAD_BYTES = MAX_IP_LENGTH - UDP_HEADER_BYTES;

/** Room that the longest frame takes. */
export const MAX_FRAME_BYTES = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES + MAX_IP_LENGTH;

/** Time to live, or hop limit, that is written where none is asked for. */
const DEFAULT_TTL = 64;

/** First bytes of a locally administered address, completed by the last four of the IP address that it belongs to. */
const UNICAST_MAC_PREFIX = 0x0200;
/** First bytes of the Ethernet addresses that IPv4 groups map to (RFC 1112 section 6.4). */
const IPV4_GROUP_MAC = 0x01005e;
/** First bytes of the Ethernet addresses that IPv6 groups map to, before their last four (RFC 2464 section 7). */
const IPV6_GROUP_MAC_PREFIX = 0x3333;
const DONT_FRAGMENT = 0x4000;
const ETHERTYPE_AT = 12;

/** What a TCP header says beside its ports; numbers are unsigned. */
export interface TcpFields {
  sequence: number;
  acknowledgment: number;
  flags: number;
  window: number;
}

/** What is written around payloads may be told. */
export interface FrameWriterOptions {
  /** Time to live of every packet; 64 where absent. */
  ttl?: number;
}

/** Writes frames; identifications of IPv4 packets count up. */
export class FrameWriter {
  private readonly ttl: number;
  private readonly addresses = new WeakMap<Flow, Addresses>();
  private lastFlow: Flow | null = null;
  private last: Addresses | null = null;
  private identification = 0;

  constructor(options: FrameWriterOptions = {}) {
    this.ttl = options.ttl ?? DEFAULT_TTL;
    if (!Number.isInteger(this.ttl) || this.ttl < 0 || this.ttl > 255) {
      throw new UsageError('ttl', `A time to live is an integer from 0 to 255, and not ${this.ttl}.`);
    }
  }

  /**
   * Writes a UDP datagram at `at` of `into`, which has room for it; returns the frame's length. `payloadSum`, unless it
   * is -1, goes into the checksum in place of the payload's own sum: that of other bytes leaves it wrong.
   */
  writeDatagram(
    into: DataView,
    at: number,
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    payloadSum = -1,
  ): number {
    const addresses = flow === this.lastFlow && this.last !== null ? this.last : this.resolve(flow);
    checkLength(length, addresses.isIpv6 ? MAX_IPV6_PAYLOAD_BYTES : MAX_PAYLOAD_BYTES);
    const udpLength = UDP_HEADER_BYTES + length;
    const udp = this.writeNetwork(into, at, addresses, IP_PROTOCOL_UDP, udpLength);
    into.setUint16(udp, flow.sourcePort);
    into.setUint16(udp + 2, flow.destinationPort);
    into.setUint16(udp + 4, udpLength);
    const sum = addresses.sum + IP_PROTOCOL_UDP + udpLength + flow.sourcePort + flow.destinationPort + udpLength;
    const whole = copyWords(sum, view, offset, into, udp + UDP_HEADER_BYTES, length);
    const checksum = ~fold(payloadSum < 0 ? whole : sum + payloadSum) & 0xffff;
    // 0 would say that there is none.
    into.setUint16(udp + 6, checksum === 0 ? 0xffff : checksum);
    return udp + udpLength - at;
  }

  /** Writes a TCP segment at `at` of `into`, which has room for it; returns the frame's length. */
  writeSegment(
    into: DataView,
    at: number,
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    fields: TcpFields,
  ): number {
    const addresses = flow === this.lastFlow && this.last !== null ? this.last : this.resolve(flow);
    const headers = TCP_HEADER_BYTES + (addresses.isIpv6 ? 0 : IPV4_HEADER_BYTES);
    checkLength(length, MAX_IP_LENGTH - headers);
    const tcpLength = TCP_HEADER_BYTES + length;
    const tcp = this.writeNetwork(into, at, addresses, IP_PROTOCOL_TCP, tcpLength);
    into.setUint16(tcp, flow.sourcePort);
    into.setUint16(tcp + 2, flow.destinationPort);
    into.setUint32(tcp + 4, fields.sequence);
    into.setUint32(tcp + 8, fields.acknowledgment);
    into.setUint16(tcp + 12, ((TCP_HEADER_BYTES / 4) << 12) | fields.flags);
    into.setUint16(tcp + 14, fields.window);
    // The checksum itself and the urgent pointer.
    into.setUint32(tcp + 16, 0);
    const header = addWords(addresses.sum + IP_PROTOCOL_TCP + tcpLength, into, tcp, TCP_HEADER_BYTES);
    const sum = copyWords(header, view, offset, into, tcp + TCP_HEADER_BYTES, length);
    into.setUint16(tcp + 16, ~fold(sum) & 0xffff);
    return tcp + tcpLength - at;
  }

  /** Writes the Ethernet and IP headers; returns the place behind them. */
  private writeNetwork(into: DataView, at: number, addresses: Addresses, protocol: number, length: number): number {
    const ip = at + ETHERNET_HEADER_BYTES;
    addresses.writeEthernet(into, at);
    if (addresses.isIpv6) {
      into.setUint32(ip, 0x6000_0000);
      into.setUint16(ip + 4, length);
      into.setUint8(ip + 6, protocol);
      into.setUint8(ip + 7, this.ttl);
      addresses.writeIpv6(into, ip + 8);
      return ip + IPV6_HEADER_BYTES;
    }
    into.setUint16(ip, 0x4500);
    into.setUint16(ip + 2, IPV4_HEADER_BYTES + length);
    into.setUint16(ip + 4, this.identification);
    into.setUint16(ip + 6, DONT_FRAGMENT);
    into.setUint8(ip + 8, this.ttl);
    into.setUint8(ip + 9, protocol);
    into.setUint16(ip + 10, 0);
    into.setUint32(ip + 12, addresses.source);
    into.setUint32(ip + 16, addresses.destination);
    into.setUint16(ip + 10, ~fold(addWords(0, into, ip, IPV4_HEADER_BYTES)) & 0xffff);
    this.identification = (this.identification + 1) & 0xffff;
    return ip + IPV4_HEADER_BYTES;
  }

  /**
   * Gives the UDP frame at `at`, of another writer of these, the identification that it would have here; returns where
   * its payload is.
   */
  renumber(view: DataView, at: number): number {
    const ip = at + ETHERNET_HEADER_BYTES;
    if (view.getUint16(at + ETHERTYPE_AT) !== ETHERTYPE_IPV4) return ip + IPV6_HEADER_BYTES + UDP_HEADER_BYTES;
    const before = view.getUint16(ip + 4);
    const sum = ~view.getUint16(ip + 10) & 0xffff;
    view.setUint16(ip + 4, this.identification);
    // RFC 1624, equation 3.
    view.setUint16(ip + 10, ~fold(sum + (~before & 0xffff) + this.identification) & 0xffff);
    this.identification = (this.identification + 1) & 0xffff;
    return ip + IPV4_HEADER_BYTES + UDP_HEADER_BYTES;
  }

  private resolve(flow: Flow): Addresses {
    let addresses = this.addresses.get(flow);
    if (addresses === undefined) {
      addresses = new Addresses(flow);
      this.addresses.set(flow, addresses);
    }
    this.lastFlow = flow;
    this.last = addresses;
    return addresses;
  }
}

/** A flow's addresses as numbers and bytes. */
class Addresses {
  readonly isIpv6: boolean;
  /** IPv4 addresses; the last four bytes of IPv6 ones, which the Ethernet addresses are made from. */
  readonly source: number;
  readonly destination: number;
  /** Sum of the addresses' words: their part of a pseudo header. */
  readonly sum: number;
  private readonly both: DataView;
  private readonly etherType: number;
  private readonly isGroup: boolean;

  constructor(flow: Flow) {
    const source = bytesOf(flow.source);
    const destination = bytesOf(flow.destination);
    if (source.length !== destination.length) {
      throw new UsageError('address', `${flow.name}: one address is IPv4 and the other IPv6.`);
    }
    const { length } = source;
    const both = new Uint8Array(2 * length);
    both.set(source);
    both.set(destination, length);
    this.both = new DataView(both.buffer);
    this.isIpv6 = length !== 4;
    this.source = this.both.getUint32(length - 4);
    this.destination = this.both.getUint32(2 * length - 4);
    this.sum = addWords(0, this.both, 0, 2 * length);
    this.etherType = this.isIpv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
    this.isGroup = this.isIpv6 ? destination[0] === 0xff : this.destination >>> 28 === 0xe;
  }

  writeEthernet(into: DataView, at: number): void {
    const { destination } = this;
    if (this.isGroup && !this.isIpv6) {
      into.setUint16(at, IPV4_GROUP_MAC >>> 8);
      into.setUint32(at + 2, ((IPV4_GROUP_MAC << 24) | (destination & 0x7fffff)) >>> 0);
    } else {
      into.setUint16(at, this.isGroup ? IPV6_GROUP_MAC_PREFIX : UNICAST_MAC_PREFIX);
      into.setUint32(at + 2, destination);
    }
    into.setUint16(at + 6, UNICAST_MAC_PREFIX);
    into.setUint32(at + 8, this.source);
    into.setUint16(at + 12, this.etherType);
  }

  /** Writes both addresses as they follow each other in an IPv6 header. */
  writeIpv6(into: DataView, at: number): void {
    for (let index = 0; index < 32; index += 4) into.setUint32(at + index, this.both.getUint32(index));
  }
}

function bytesOf(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === null) throw new UsageError('address', `${text} is no IPv4 or IPv6 address.`);
  return bytes;
}

function checkLength(length: number, most: number): void {
  if (length <= most) return;
  throw new UsageError('payload', `A payload of ${length} bytes does not fit a packet's ${most}.`);
}
