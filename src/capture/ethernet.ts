/**
 * Ethernet II frames (IEEE 802.3 clause 3) with any stack of VLAN tags: IEEE 802.1Q (0x8100), provider bridges
 * (0x88a8) and the older 0x9100 and 0x9200.
 */

/** LINKTYPE_ETHERNET of the libpcap registry. */
export const LINKTYPE_ETHERNET = 1;

/** Ethertype of IPv4. */
export const ETHERTYPE_IPV4 = 0x0800;

/** Bytes of an untagged header. */
export const ETHERNET_HEADER_BYTES = 14;

const VLAN_TAG_BYTES = 4;

/** The most VLAN tags that are followed. */
export const MAX_VLAN_TAGS = 8;

/** Answer of `ethernetPayload`: the frame ends inside its header. */
export const FRAME_TOO_SHORT = -1;

/** Answer of `ethernetPayload`: more than `MAX_VLAN_TAGS` tags. */
export const FRAME_TOO_MANY_TAGS = -2;

/** Where the frame's payload begins, past all VLAN tags (its ethertype is in the two bytes before), or a negative. */
export function ethernetPayload(view: DataView, offset: number, end: number): number {
  const payload = offset + ETHERNET_HEADER_BYTES;
  if (payload > end) return FRAME_TOO_SHORT;
  return isVlanTag(view.getUint16(payload - 2)) ? taggedPayload(view, payload, end) : payload;
}

function taggedPayload(view: DataView, untagged: number, end: number): number {
  for (let tags = 1; tags <= MAX_VLAN_TAGS; tags++) {
    const payload = untagged + tags * VLAN_TAG_BYTES;
    if (payload > end) return FRAME_TOO_SHORT;
    if (!isVlanTag(view.getUint16(payload - 2))) return payload;
  }
  return FRAME_TOO_MANY_TAGS;
}

function isVlanTag(etherType: number): boolean {
  return etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100 || etherType === 0x9200;
}
