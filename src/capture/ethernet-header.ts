/**
 * Ethernet headers for packets that have none, their addresses made from those of IP: groups as RFC 1112 section 6.4
 * and RFC 2464 section 7 map them, others as locally administered addresses with the last four bytes behind 02:00.
 */
import { ETHERNET_HEADER_BYTES, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.js';
import { IPV4_HEADER_BYTES } from './ipv4.js';
import { IPV6_HEADER_BYTES } from './ipv6.js';
import type { Mac } from './rewrite-rules.js';

const UNICAST_PREFIX = 0x0200;
const IPV6_GROUP_PREFIX = 0x3333;

/** The Ethernet address of the group that the IP packet at `at` goes to; null where it goes to none. */
export function groupMac(view: DataView, at: number): Mac | null {
  if (view.getUint8(at) >> 4 === 6) {
    return view.getUint8(at + 24) === 0xff ? { high: IPV6_GROUP_PREFIX, low: view.getUint32(at + 36) } : null;
  }
  const address = view.getUint32(at + 16);
  return address >>> 28 === 0xe ? { high: 0x0100, low: (0x5e00_0000 | (address & 0x7fffff)) >>> 0 } : null;
}

/** Writes the header at `to` for the packet at `at`, of which bytes from `end` on were not captured. */
export function writeEthernetHeader(
  into: DataView,
  to: number,
  etherType: number,
  view: DataView,
  at: number,
  end: number,
): void {
  const isIpv4 = etherType === ETHERTYPE_IPV4 && end - at >= IPV4_HEADER_BYTES;
  const isIpv6 = etherType === ETHERTYPE_IPV6 && end - at >= IPV6_HEADER_BYTES;
  const source = isIpv4 ? view.getUint32(at + 12) : isIpv6 ? view.getUint32(at + 20) : 0;
  const destination = isIpv4 ? view.getUint32(at + 16) : isIpv6 ? view.getUint32(at + 36) : 0;
  const group = isIpv4 || isIpv6 ? groupMac(view, at) : null;
  into.setUint16(to, group?.high ?? UNICAST_PREFIX);
  into.setUint32(to + 2, group?.low ?? destination);
  into.setUint16(to + 6, UNICAST_PREFIX);
  into.setUint32(to + 8, source);
  into.setUint16(to + ETHERNET_HEADER_BYTES - 2, etherType);
}
