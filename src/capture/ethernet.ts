/**
 * Ethernet II frames (IEEE 802.3 clause 3) with any stack of VLAN tags: IEEE 802.1Q (0x8100), provider bridges
 * (0x88a8) and the older 0x9100 and 0x9200; and what LLC and SNAP (IEEE 802-2014 clause 9) carry in frames that have
 * a length in place of an ethertype.
 */

/** LINKTYPE_ETHERNET of the libpcap registry. */
export const LINKTYPE_ETHERNET = 1;

/** Ethertypes whose payload is read. */
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_MPLS = 0x8847;
export const ETHERTYPE_MPLS_MULTICAST = 0x8848;
export const ETHERTYPE_PPPOE_SESSION = 0x8864;
/** PPP within GRE (RFC 2637). */
export const ETHERTYPE_PPP = 0x880b;
/** A whole Ethernet frame, within GRE. */
export const ETHERTYPE_BRIDGED = 0x6558;
/** A time stamp that an Arista switch puts before the ethertype. */
export const ETHERTYPE_ARISTA = 0xd28b;

/** Below this, the two bytes are the length of an IEEE 802.3 frame. */
export const MIN_ETHERTYPE = 0x0600;

/** Bytes of an untagged header. */
export const ETHERNET_HEADER_BYTES = 14;

/** Bytes that a VLAN tag adds. */
export const VLAN_TAG_BYTES = 4;

/** The most VLAN tags that are followed. */
export const MAX_VLAN_TAGS = 8;

/** Answer of `ethernetPayload`: the frame ends inside its header. */
export const FRAME_TOO_SHORT = -1;

/** Answer of `ethernetPayload`: more than `MAX_VLAN_TAGS` tags. */
export const FRAME_TOO_MANY_TAGS = -2;

const LLC_BYTES = 3;
const SNAP_BYTES = 8;

/** Where the frame's payload begins, past all VLAN tags (its ethertype is in the two bytes before), or a negative. */
export function ethernetPayload(view: DataView, offset: number, end: number): number {
  const payload = offset + ETHERNET_HEADER_BYTES;
  if (payload > end) return FRAME_TOO_SHORT;
  return isVlanTag(view.getUint16(payload - 2)) ? taggedPayload(view, payload, end) : payload;
}

/** The same from the payload behind a tag's ethertype on. */
export function taggedPayload(view: DataView, untagged: number, end: number): number {
  for (let tags = 1; tags <= MAX_VLAN_TAGS; tags++) {
    const payload = untagged + tags * VLAN_TAG_BYTES;
    if (payload > end) return FRAME_TOO_SHORT;
    if (!isVlanTag(view.getUint16(payload - 2))) return payload;
  }
  return FRAME_TOO_MANY_TAGS;
}

/** Whether an ethertype is that of a VLAN tag. */
export function isVlanTag(etherType: number): boolean {
  return etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100 || etherType === 0x9200;
}

/** How many bytes of LLC, with SNAP or without, stand before a payload with an ethertype; 0 where there is none. */
export function llcBytes(view: DataView, offset: number, end: number): number {
  if (end - offset < LLC_BYTES || view.getUint8(offset + 2) !== 3) return 0;
  const points = view.getUint16(offset);
  if (points === 0x0606) return LLC_BYTES;
  if (points !== 0xaaaa || end - offset < SNAP_BYTES) return 0;
  const organisation = view.getUint32(offset + 2) & 0xffffff;
  return organisation === 0 || organisation === 0x0000f8 ? SNAP_BYTES : 0;
}

/** The ethertype that LLC of `llcBytes` bytes stands for: point 6 is IPv4, SNAP carries one. */
export function llcEtherType(view: DataView, offset: number, bytes: number): number {
  return bytes === SNAP_BYTES ? view.getUint16(offset + SNAP_BYTES - 2) : ETHERTYPE_IPV4;
}
