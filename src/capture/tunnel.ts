/**
 * Headers that packets are wrapped in: GRE (RFC 2784, RFC 2890; version 1 of PPTP, RFC 2637), MPLS label stacks
 * (RFC 3032) and Ethernet pseudowires (RFC 4448), PPPoE sessions (RFC 2516), VXLAN (RFC 7348).
 */
import { ETHERNET_HEADER_BYTES, ETHERTYPE_IPV4, ETHERTYPE_IPV6, isVlanTag, VLAN_TAG_BYTES } from './ethernet.js';

/** What a packet may be wrapped in, by the name that it is counted under. */
export type TunnelKind =
  | 'GRE'
  | 'IPv4 in IPv4'
  | 'IPv4 in IPv6'
  | 'IPv6 in IPv4'
  | 'IPv6 in IPv6'
  | 'MPLS'
  | 'PPPoE'
  | 'VXLAN';

/** The most headers around a datagram that are followed. */
export const MAX_TUNNELS = 8;

/** The most labels of one MPLS stack. */
export const MAX_LABELS = 16;

/** UDP port of VXLAN. */
export const VXLAN_PORT = 4789;

/** Bytes of a VXLAN header. */
export const VXLAN_HEADER_BYTES = 8;

const GRE_BYTES = 4;
const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
/** Version 1 only: an acknowledgement number is there. */
const GRE_ACKNOWLEDGEMENT = 0x0080;

const PPPOE_BYTES = 6;
const LABEL_BYTES = 4;
const BOTTOM_OF_STACK = 0x100;
const CONTROL_WORD_BYTES = 4;

/** Answers that stand for no place: the captured bytes do not hold the header, or it is none that can be followed. */
export const TUNNEL_SHORT = -1;
export const TUNNEL_MALFORMED = -2;

/** Where the payload of the GRE header at `offset` begins, or a negative; its ethertype is at `offset + 2`. */
export function grePayload(view: DataView, offset: number, end: number): number {
  if (end - offset < GRE_BYTES) return TUNNEL_SHORT;
  const flags = view.getUint16(offset);
  const version = flags & 7;
  // Source routing was taken out of GRE by RFC 2784: where it is set, the header's length cannot be told simply.
  if (version > 1 || (flags & GRE_ROUTING) !== 0) return TUNNEL_MALFORMED;
  let payload = offset + GRE_BYTES;
  for (const flag of [GRE_CHECKSUM, GRE_KEY, GRE_SEQUENCE]) if ((flags & flag) !== 0) payload += 4;
  if (version === 1 && (flags & GRE_ACKNOWLEDGEMENT) !== 0) payload += 4;
  return payload > end ? TUNNEL_SHORT : payload;
}

/** Where the payload behind the MPLS labels at `offset` begins, or a negative. */
export function mplsPayload(view: DataView, offset: number, end: number): number {
  for (let labels = 1; labels <= MAX_LABELS; labels++) {
    const payload = offset + labels * LABEL_BYTES;
    if (payload > end) return TUNNEL_SHORT;
    if ((view.getUint32(payload - LABEL_BYTES) & BOTTOM_OF_STACK) !== 0) return payload;
  }
  return TUNNEL_MALFORMED;
}

/**
 * Where the Ethernet frame of a pseudowire begins; -1 where it is not certain to be one. Labels do not say what they
 * carry: a control word whose first half is 0, and an IP header of the version that the frame's ethertype says, do.
 */
export function pseudowireFrame(view: DataView, offset: number, end: number): number {
  const frame = offset + CONTROL_WORD_BYTES;
  let payload = frame + ETHERNET_HEADER_BYTES;
  if (payload >= end || view.getUint16(offset) !== 0) return -1;
  if (isVlanTag(view.getUint16(payload - 2))) payload += VLAN_TAG_BYTES;
  if (payload >= end) return -1;
  const etherType = view.getUint16(payload - 2);
  const version = view.getUint8(payload) >> 4;
  const isIp = (etherType === ETHERTYPE_IPV4 && version === 4) || (etherType === ETHERTYPE_IPV6 && version === 6);
  return isIp ? frame : -1;
}

/** Where PPP begins in the PPPoE session packet at `offset`, or a negative. */
export function pppoePayload(view: DataView, offset: number, end: number): number {
  if (end - offset < PPPOE_BYTES) return TUNNEL_SHORT;
  return view.getUint16(offset) === 0x1100 ? offset + PPPOE_BYTES : TUNNEL_MALFORMED;
}

/**
 * Whether a payload to `VXLAN_PORT` begins as VXLAN does: the flag that says that its network identifier is valid, and
 * reserved bits 0, of which the group policy extension uses some.
 */
export function isVxlan(view: DataView, offset: number, end: number): boolean {
  if (end - offset < VXLAN_HEADER_BYTES) return false;
  const flags = view.getUint32(offset);
  const isPlain = flags === 0x08000000;
  const hasPolicy = (flags & 0xffb70000) >>> 0 === 0x88000000;
  return (isPlain || hasPolicy) && view.getUint8(offset + 7) === 0;
}
