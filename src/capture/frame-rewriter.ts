/**
 * Changes the headers of Ethernet frames where rules say so: addresses and VLAN tag of the frame, addresses of the
 * outermost IP packet and ports of its UDP datagram or TCP segment. What a tunnel carries stays as it is.
 *
 * Checksums are updated by what changed (RFC 1624, equation 3): one that was right stays right, and one that was wrong
 * or left to the hardware stays so, as it was captured. `anew` computes those of whole packets from their bytes.
 */
import { addWords, fold, udpPseudoHeader, udpPseudoHeader6 } from './checksum.js';
import {
  ETHERNET_HEADER_BYTES,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernetPayload,
  isVlanTag,
  VLAN_TAG_BYTES,
} from './ethernet.js';
import { groupMac } from './ethernet-header.js';
import { IP_PROTOCOL_UDP, Ipv4Header } from './ipv4.js';
import { Ipv6Header } from './ipv6.js';
import type { IpRule, Mac, PortRule, RewriteRules, Side } from './rewrite-rules.js';
import { IP_PROTOCOL_TCP } from './tcp.js';

/** Checksums: as captured but for what rules change, or computed from the bytes. */
export type ChecksumMode = 'keep' | 'anew';

/** How far in front of a frame its start may move: a tag that is added. */
export const REWRITE_HEADROOM = VLAN_TAG_BYTES;

const MAC_BYTES = 6;
const UDP_CHECKSUM = 6;
const TCP_CHECKSUM = 16;
const TAG_PROTOCOL = 0x8100;
const VLAN_NUMBER = 0x0fff;

/** Rewrites frames in memory that is the caller's own. */
export class FrameRewriter {
  private readonly ip = new Ipv4Header();
  private readonly ip6 = new Ipv6Header();

  constructor(
    private readonly rules: RewriteRules,
    private readonly checksums: ChecksumMode,
  ) {}

  /** By how many bytes a frame of this ethertype, with its payload from `at` to `end`, will be longer or shorter. */
  lengthChange(etherType: number, view: DataView, at: number, end: number): number {
    const to = this.rules.vlans.length === 0 ? undefined : this.vlanFor(etherType, view, at, end);
    if (to === undefined) return 0;
    return (to === 'none' ? 0 : VLAN_TAG_BYTES) - (isVlanTag(etherType) ? VLAN_TAG_BYTES : 0);
  }

  /** Rewrites the frame from `start` to `end`, with `REWRITE_HEADROOM` before it; returns where it starts now. */
  rewrite(view: DataView, start: number, end: number): number {
    if (end - start < ETHERNET_HEADER_BYTES) return start;
    const payload = ethernetPayload(view, start, end);
    const etherType = payload < 0 ? 0 : view.getUint16(payload - 2);
    if (etherType === ETHERTYPE_IPV4) this.rewriteIpv4(view, start, payload, end);
    else if (etherType === ETHERTYPE_IPV6) this.rewriteIpv6(view, start, payload, end);
    else this.rewriteMacs(view, start, null);
    return this.rules.vlans.length === 0 ? start : this.retag(view, start, end);
  }

  private rewriteIpv4(view: DataView, start: number, at: number, end: number): void {
    const { ip } = this;
    if (ip.read(view, at, end) !== 'ok') {
      this.rewriteMacs(view, start, null);
      return;
    }
    const before = this.rules.ips.length === 0 ? null : groupMac(view, at);
    const old = fold(addWords(0, view, at + 12, 8));
    const isChanged = this.rewriteIps(view, at + 12, 1);
    if (isChanged) update(view, at + 10, old, fold(addWords(0, view, at + 12, 8)));
    this.rewriteMacs(view, start, before === null || !isChanged ? null : { before, after: groupMac(view, at) });
    const place = (view.getUint16(at + 6) & 0x1fff) * 8;
    const limit = Math.min(ip.payloadEnd, end);
    if (place === 0) this.rewriteTransport(view, ip.payload, limit, ip.protocol, at + 12, 8, old);
    if (this.checksums === 'keep') return;
    view.setUint16(at + 10, 0);
    view.setUint16(at + 10, ~fold(addWords(0, view, at, ip.headerLength)) & 0xffff);
    if (ip.fragment || ip.payloadEnd > end || limit - ip.payload > MAX_LENGTH) return;
    const length = limit - ip.payload;
    const pseudo =
      udpPseudoHeader(view.getInt32(at + 12), view.getInt32(at + 16), length) + ip.protocol - IP_PROTOCOL_UDP;
    checksumAnew(view, ip.payload, length, ip.protocol, pseudo);
  }

  private rewriteIpv6(view: DataView, start: number, at: number, end: number): void {
    const { ip6 } = this;
    if (ip6.read(view, at, end) !== 'ok') {
      this.rewriteMacs(view, start, null);
      return;
    }
    const before = this.rules.ips.length === 0 ? null : groupMac(view, at);
    const old = fold(addWords(0, view, at + 8, 32));
    const isChanged = this.rewriteIps(view, at + 8, 4);
    this.rewriteMacs(view, start, before === null || !isChanged ? null : { before, after: groupMac(view, at) });
    const limit = Math.min(ip6.payloadEnd, end);
    if (ip6.fragmentOffset === 0 || !ip6.fragment) {
      this.rewriteTransport(view, ip6.payload, limit, ip6.protocol, at + 8, 32, old);
    }
    const isWhole = !ip6.fragment && !ip6.routed && ip6.payloadEnd <= end && limit - ip6.payload <= MAX_LENGTH;
    if (this.checksums === 'keep' || !isWhole) return;
    const length = limit - ip6.payload;
    const pseudo = udpPseudoHeader6(view, at + 8, length) + ip6.protocol - IP_PROTOCOL_UDP;
    checksumAnew(view, ip6.payload, length, ip6.protocol, pseudo);
  }

  /** Rewrites both addresses, of so many words; false where neither changed. */
  private rewriteIps(view: DataView, at: number, words: number): boolean {
    const { ips } = this.rules;
    if (ips.length === 0) return false;
    const source = rewriteIp(view, at, words, ips, 'source');
    return rewriteIp(view, at + 4 * words, words, ips, 'destination') || source;
  }

  /** Ports; and the checksum, which covers the IP addresses too, whose sum was `oldAddresses`. */
  private rewriteTransport(
    view: DataView,
    at: number,
    end: number,
    protocol: number,
    addresses: number,
    addressBytes: number,
    oldAddresses: number,
  ): void {
    const isUdp = protocol === IP_PROTOCOL_UDP;
    const checksum = at + (isUdp ? UDP_CHECKSUM : TCP_CHECKSUM);
    if ((!isUdp && protocol !== IP_PROTOCOL_TCP) || checksum + 2 > end) return;
    const oldPorts = fold(addWords(0, view, at, 4));
    const { ports } = this.rules;
    if (ports.length > 0) {
      rewritePort(view, at, ports, 'source');
      rewritePort(view, at + 2, ports, 'destination');
    }
    // A UDP checksum of 0 says that there is none.
    if (isUdp && view.getUint16(checksum) === 0) return;
    const old = fold(oldAddresses + oldPorts);
    const now = fold(addWords(addWords(0, view, addresses, addressBytes), view, at, 4));
    if (old === now) return;
    update(view, checksum, old, now);
    if (isUdp && view.getUint16(checksum) === 0) view.setUint16(checksum, 0xffff);
  }

  /** By the rules; else, where the packet went to a group's address and goes to another now, to that one's. */
  private rewriteMacs(view: DataView, start: number, groups: { before: Mac; after: Mac | null } | null): void {
    const { macs } = this.rules;
    const isTold = rewriteMac(view, start, macs, 'destination');
    rewriteMac(view, start + MAC_BYTES, macs, 'source');
    if (isTold || groups === null || groups.after === null) return;
    if (isMac(view, start, groups.before)) writeMac(view, start, groups.after);
  }

  private vlanFor(etherType: number, view: DataView, at: number, end: number): number | 'none' | undefined {
    const isTagged = isVlanTag(etherType);
    // Cut within its tag.
    if (isTagged && end - at < VLAN_TAG_BYTES) return undefined;
    const number = isTagged ? view.getUint16(at) & VLAN_NUMBER : 'none';
    for (const { from, to } of this.rules.vlans) {
      if (from === number || (from === 'any' && isTagged)) return to;
    }
    return undefined;
  }

  /** Numbers the outermost tag anew, takes it off or puts one on; the addresses in front of it move. */
  private retag(view: DataView, start: number, end: number): number {
    const etherType = view.getUint16(start + 2 * MAC_BYTES);
    const at = start + ETHERNET_HEADER_BYTES;
    const to = this.vlanFor(etherType, view, at, end);
    const change = this.lengthChange(etherType, view, at, end);
    if (to === undefined) return start;
    const moved = start - change;
    if (change !== 0) {
      const addresses = [view.getInt32(start), view.getInt32(start + 4), view.getInt32(start + 8)] as const;
      for (const [index, word] of addresses.entries()) view.setInt32(moved + 4 * index, word);
    }
    if (to === 'none') return moved;
    const tag = moved + 2 * MAC_BYTES;
    if (change !== 0) view.setUint16(tag, TAG_PROTOCOL);
    const priority = change === 0 ? view.getUint16(tag + 2) & ~VLAN_NUMBER : 0;
    view.setUint16(tag + 2, priority | to);
    return moved;
  }
}

/** The most bytes that a checksum was defined for. */
const MAX_LENGTH = 65_535;

/** Writes what a checksum is after words that summed up to `old` have become ones that sum up to `now`, both folded. */
export function update(view: DataView, at: number, old: number, now: number): void {
  view.setUint16(at, ~fold((~view.getUint16(at) & 0xffff) + (~old & 0xffff) + now) & 0xffff);
}

/** Computes the checksum of a whole datagram or segment; a UDP datagram without one keeps none. */
function checksumAnew(view: DataView, at: number, length: number, protocol: number, pseudoHeader: number): void {
  const isUdp = protocol === IP_PROTOCOL_UDP;
  const checksum = at + (isUdp ? UDP_CHECKSUM : TCP_CHECKSUM);
  if ((!isUdp && protocol !== IP_PROTOCOL_TCP) || checksum + 2 > at + length) return;
  if (isUdp && (view.getUint16(checksum) === 0 || view.getUint16(at + 4) !== length)) return;
  view.setUint16(checksum, 0);
  const sum = ~fold(addWords(pseudoHeader, view, at, length)) & 0xffff;
  view.setUint16(checksum, isUdp && sum === 0 ? 0xffff : sum);
}

function isFor(rule: { readonly side: Side }, side: Side): boolean {
  return rule.side === 'both' || rule.side === side;
}

function isMac(view: DataView, at: number, { high, low }: Mac): boolean {
  return view.getUint16(at) === high && view.getUint32(at + 2) === low;
}

function writeMac(view: DataView, at: number, { high, low }: Mac): void {
  view.setUint16(at, high);
  view.setUint32(at + 2, low);
}

function rewriteMac(view: DataView, at: number, rules: RewriteRules['macs'], side: Side): boolean {
  for (const rule of rules) {
    if (!isFor(rule, side) || (rule.from !== null && !isMac(view, at, rule.from))) continue;
    writeMac(view, at, rule.to);
    return true;
  }
  return false;
}

function rewriteIp(view: DataView, at: number, words: number, rules: readonly IpRule[], side: Side): boolean {
  for (const rule of rules) {
    if (rule.to.length !== words || !isFor(rule, side) || !matches(view, at, rule)) continue;
    for (let word = 0; word < words; word++) {
      const mask = rule.isAny ? -1 : (rule.mask[word] as number);
      const place = at + 4 * word;
      view.setInt32(place, (view.getInt32(place) & ~mask) | ((rule.to[word] as number) & mask));
    }
    return true;
  }
  return false;
}

function matches(view: DataView, at: number, { from, mask, isAny }: IpRule): boolean {
  if (isAny) return true;
  for (let word = 0; word < from.length; word++) {
    if ((view.getInt32(at + 4 * word) & (mask[word] as number)) !== from[word]) return false;
  }
  return true;
}

function rewritePort(view: DataView, at: number, rules: readonly PortRule[], side: Side): void {
  const port = view.getUint16(at);
  for (const rule of rules) {
    if (!isFor(rule, side) || (rule.from !== null && rule.from !== port)) continue;
    view.setUint16(at, rule.to);
    return;
  }
}
