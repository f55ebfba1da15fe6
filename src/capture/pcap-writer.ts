/**
 * Writes a nanosecond pcap (draft-ietf-opsawg-pcap, version 2.4, little-endian) of UDP datagrams, with the Ethernet,
 * IPv4 and UDP headers built around them and their checksums right.
 */
import { UsageError } from '../core/errors.js';
import type { Flow } from '../core/seams.js';
import { addWords, copyWords, fold, udpPseudoHeader } from './checksum.js';
import { ETHERNET_HEADER_BYTES, ETHERTYPE_IPV4, LINKTYPE_ETHERNET } from './ethernet.js';
import { MAX_CAPTURED_BYTES } from './frame-reader.js';
import { IP_PROTOCOL_UDP, IPV4_HEADER_BYTES, parseIpv4 } from './ipv4.js';
import { PCAP_HEADER_BYTES, PCAP_MAGIC_NANOSECONDS, PCAP_RECORD_HEADER_BYTES } from './pcap.js';
import { UDP_HEADER_BYTES } from './udp.js';

/** Bytes of link, network and transport headers in front of each payload. */
export const FRAME_HEADER_BYTES = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + UDP_HEADER_BYTES;

/** Bytes of a record beside its payload. */
export const RECORD_OVERHEAD_BYTES = PCAP_RECORD_HEADER_BYTES + FRAME_HEADER_BYTES;

/** The most payload that one datagram can carry: 65,535 less the IPv4 and UDP headers. */
export const MAX_PAYLOAD_BYTES = 65_535 - IPV4_HEADER_BYTES - UDP_HEADER_BYTES;

/** Time to live that is written where none is asked for. */
const DEFAULT_TTL = 64;

/** First bytes of a locally administered address, completed by the IPv4 address that it belongs to. */
const UNICAST_MAC_PREFIX = 0x0200;
/** First bytes of the Ethernet addresses that IPv4 groups map to (RFC 1112 section 6.4). */
const MULTICAST_MAC = 0x01005e;
const DONT_FRAGMENT = 0x4000;
const MAX_SECONDS = 0xffffffff;
const MAX_NANOSECONDS = 999_999_999;

/** What a `PcapWriter` may be told. */
export interface PcapWriterOptions {
  /** Time to live of every packet; 64 where absent. */
  ttl?: number;
}

/** Builds the file header and one record after another. */
export class PcapWriter {
  /** Records whose time does not fit the format (before 1970 or after 2106), written with the nearest that does. */
  clampedTimestamps = 0;
  private readonly ttl: number;
  private readonly bytes = new Uint8Array(RECORD_OVERHEAD_BYTES + MAX_PAYLOAD_BYTES);
  private readonly scratch = new DataView(this.bytes.buffer);
  private readonly addresses = new WeakMap<Flow, Addresses>();
  private lastFlow: Flow | null = null;
  private last = new Addresses(0, 0);
  private identification = 0;

  constructor(options: PcapWriterOptions = {}) {
    this.ttl = options.ttl ?? DEFAULT_TTL;
    if (!Number.isInteger(this.ttl) || this.ttl < 0 || this.ttl > 255) {
      throw new UsageError('ttl', `A time to live is an integer from 0 to 255, and not ${this.ttl}.`);
    }
  }

  /** The file header. */
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

  /** One record; its bytes are valid until the next call. */
  record(view: DataView, offset: number, length: number, flow: Flow, seconds: number, nanoseconds: number): Uint8Array {
    return this.bytes.subarray(0, this.write(this.scratch, 0, view, offset, length, flow, seconds, nanoseconds));
  }

  /** Writes one record at `at` of `into`, which has room for it; returns `RECORD_OVERHEAD_BYTES` and the payload's. */
  write(
    into: DataView,
    at: number,
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    seconds: number,
    nanoseconds: number,
  ): number {
    if (length > MAX_PAYLOAD_BYTES) {
      throw new UsageError('payload', `A payload of ${length} bytes does not fit a datagram's ${MAX_PAYLOAD_BYTES}.`);
    }
    const addresses = flow === this.lastFlow ? this.last : this.resolve(flow);
    this.writeRecordHeader(into, at, FRAME_HEADER_BYTES + length, seconds, nanoseconds);
    const frame = at + PCAP_RECORD_HEADER_BYTES;
    writeEthernet(into, frame, addresses);
    this.writeIpv4(into, frame + ETHERNET_HEADER_BYTES, addresses, length);
    const udp = frame + ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
    const udpLength = UDP_HEADER_BYTES + length;
    into.setUint16(udp, flow.sourcePort);
    into.setUint16(udp + 2, flow.destinationPort);
    into.setUint16(udp + 4, udpLength);
    const pseudo = udpPseudoHeader(addresses.source, addresses.destination, udpLength);
    const sum = pseudo + flow.sourcePort + flow.destinationPort + udpLength;
    const checksum = ~fold(copyWords(sum, view, offset, into, udp + UDP_HEADER_BYTES, length)) & 0xffff;
    // 0 would say that there is none.
    into.setUint16(udp + 6, checksum === 0 ? 0xffff : checksum);
    return RECORD_OVERHEAD_BYTES + length;
  }

  private writeRecordHeader(into: DataView, at: number, length: number, seconds: number, nanoseconds: number): void {
    const fits = seconds >= 0 && seconds <= MAX_SECONDS;
    if (!fits) this.clampedTimestamps++;
    into.setUint32(at, fits ? seconds : seconds < 0 ? 0 : MAX_SECONDS, true);
    into.setUint32(at + 4, fits ? nanoseconds : seconds < 0 ? 0 : MAX_NANOSECONDS, true);
    into.setUint32(at + 8, length, true);
    into.setUint32(at + 12, length, true);
  }

  private writeIpv4(into: DataView, at: number, addresses: Addresses, length: number): void {
    into.setUint16(at, 0x4500);
    into.setUint16(at + 2, IPV4_HEADER_BYTES + UDP_HEADER_BYTES + length);
    into.setUint16(at + 4, this.identification);
    into.setUint16(at + 6, DONT_FRAGMENT);
    into.setUint8(at + 8, this.ttl);
    into.setUint8(at + 9, IP_PROTOCOL_UDP);
    into.setUint16(at + 10, 0);
    into.setUint32(at + 12, addresses.source);
    into.setUint32(at + 16, addresses.destination);
    into.setUint16(at + 10, ~fold(addWords(0, into, at, IPV4_HEADER_BYTES)) & 0xffff);
    this.identification = (this.identification + 1) & 0xffff;
  }

  private resolve(flow: Flow): Addresses {
    let addresses = this.addresses.get(flow);
    if (addresses === undefined) {
      addresses = new Addresses(address(flow.source), address(flow.destination));
      this.addresses.set(flow, addresses);
    }
    this.lastFlow = flow;
    this.last = addresses;
    return addresses;
  }
}

/** A flow's addresses as numbers. */
class Addresses {
  constructor(
    readonly source: number,
    readonly destination: number,
  ) {}
}

function address(text: string): number {
  const value = parseIpv4(text);
  if (value < 0) throw new UsageError('address', `${text} is no IPv4 address.`);
  return value;
}

function writeEthernet(into: DataView, at: number, { source, destination }: Addresses): void {
  if (destination >>> 28 === 0xe) {
    into.setUint16(at, MULTICAST_MAC >>> 8);
    into.setUint32(at + 2, ((MULTICAST_MAC << 24) | (destination & 0x7fffff)) >>> 0);
  } else {
    into.setUint16(at, UNICAST_MAC_PREFIX);
    into.setUint32(at + 2, destination);
  }
  into.setUint16(at + 6, UNICAST_MAC_PREFIX);
  into.setUint32(at + 8, source);
  into.setUint16(at + 12, ETHERTYPE_IPV4);
}
