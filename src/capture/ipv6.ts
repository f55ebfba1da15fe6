/**
 * IPv6 headers: RFC 8200 sections 3 and 4, with the extension headers before the payload; authentication headers are
 * RFC 4302 section 2. Addresses as text: RFC 5952.
 */

/** Bytes of the fixed header. */
export const IPV6_HEADER_BYTES = 40;

/** The most extension headers that are followed. */
export const MAX_EXTENSION_HEADERS = 16;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;

/** Bytes of a fragment header, and the least of any other. */
const EXTENSION_BYTES = 8;
const JUMBO_OPTION = 0xc2;
const GROUPS = 8;

/** What `Ipv6Header.read` found; `short` is a header that the captured bytes do not hold. */
export type Ipv6Verdict =
  | 'ok'
  | 'short'
  | 'version'
  | 'jumbogram'
  | 'extension-length'
  | 'too-many'
  | 'nested-fragment';

/** The fields of one header and of the extension headers behind it, decoded in place. */
export class Ipv6Header {
  /** The view that holds the header; a reassembled payload is in another. */
  view: DataView = new DataView(new ArrayBuffer(IPV6_HEADER_BYTES));
  /** Place of the source address in `view`; the destination's is behind it. */
  addresses = 0;
  /** The next header that is no extension header, or of a fragment the one behind its fragment header. */
  protocol = 0;
  /** Start of the payload, behind all extension headers. */
  payload = 0;
  /** End of the payload as the header states it: past the captured bytes where the packet was cut. */
  payloadEnd = 0;
  /** True where the payload length is 0, as segmentation offload leaves it: the captured bytes tell the end. */
  offloaded = false;
  /** True where a routing header shows that the destination is not the last one, which checksums are made with. */
  routed = false;
  /** True for a part of a datagram; one that is whole in a single fragment (RFC 6946) is none. */
  fragment = false;
  /** Of a fragment: place of its bytes in the datagram, whether others follow, and the datagram's identification. */
  fragmentOffset = 0;
  moreFragments = false;
  identification = 0;

  /** Reads the header at `offset`; bytes from `end` on were not captured. */
  read(view: DataView, offset: number, end: number): Ipv6Verdict {
    if (end - offset < IPV6_HEADER_BYTES) return 'short';
    if (view.getUint8(offset) >> 4 !== 6) return 'version';
    const length = view.getUint16(offset + 4);
    const next = view.getUint8(offset + 6);
    const payload = offset + IPV6_HEADER_BYTES;
    this.view = view;
    this.addresses = offset + 8;
    this.offloaded = length === 0 && next !== NO_NEXT_HEADER;
    this.payloadEnd = this.offloaded ? end : payload + length;
    this.routed = false;
    this.fragment = false;
    if (this.offloaded && next === HOP_BY_HOP && isJumbogram(view, payload, end)) return 'jumbogram';
    return this.walk(view, next, payload, end);
  }

  /** Goes on with the headers in a reassembled datagram, whose first is of kind `next`. */
  resume(view: DataView, next: number, offset: number, end: number): Ipv6Verdict {
    this.fragment = false;
    this.offloaded = false;
    this.payloadEnd = end;
    const verdict = this.walk(view, next, offset, end);
    return verdict === 'ok' && this.fragment ? 'nested-fragment' : verdict;
  }

  private walk(view: DataView, first: number, offset: number, end: number): Ipv6Verdict {
    let next = first;
    let at = offset;
    for (let headers = 0; headers <= MAX_EXTENSION_HEADERS; headers++) {
      this.protocol = next;
      this.payload = at;
      if (!isExtension(next)) return 'ok';
      if (this.payloadEnd - at < EXTENSION_BYTES) return 'extension-length';
      if (end - at < EXTENSION_BYTES) return 'short';
      if (next === FRAGMENT && this.readFragment(view, at)) return 'ok';
      if (next === ROUTING && view.getUint8(at + 3) > 0) this.routed = true;
      const length = extensionBytes(view, at, next);
      if (at + length > this.payloadEnd) return 'extension-length';
      if (at + length > end) return 'short';
      next = view.getUint8(at);
      at += length;
    }
    return 'too-many';
  }

  /** False where the one fragment is the whole datagram. */
  private readFragment(view: DataView, at: number): boolean {
    const word = view.getUint16(at + 2);
    if ((word & 0xfff9) === 0) return false;
    this.fragment = true;
    this.protocol = view.getUint8(at);
    this.payload = at + EXTENSION_BYTES;
    this.fragmentOffset = word & 0xfff8;
    this.moreFragments = (word & 1) === 1;
    this.identification = view.getInt32(at + 4);
    return true;
  }
}

function isExtension(next: number): boolean {
  return (
    next === HOP_BY_HOP ||
    next === ROUTING ||
    next === FRAGMENT ||
    next === AUTHENTICATION ||
    next === DESTINATION_OPTIONS
  );
}

function extensionBytes(view: DataView, at: number, kind: number): number {
  if (kind === FRAGMENT) return EXTENSION_BYTES;
  const units = view.getUint8(at + 1);
  return kind === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8;
}

/** Whether hop-by-hop options hold a jumbo payload length (RFC 2675), which goes beyond any buffer here. */
function isJumbogram(view: DataView, offset: number, end: number): boolean {
  if (end - offset < 2) return false;
  const limit = Math.min(offset + extensionBytes(view, offset, HOP_BY_HOP), end);
  for (let at = offset + 2; at + 1 < limit; ) {
    const type = view.getUint8(at);
    if (type === JUMBO_OPTION) return true;
    at += type === 0 ? 1 : 2 + view.getUint8(at + 1);
  }
  return false;
}

/**
 * The canonical text of the address at `offset`: lower case, the longest run of zero groups as `::` (the first of equal
 * ones, and never of a single group), an IPv4-mapped address with its last four bytes dotted (section 5).
 */
export function formatIpv6(view: DataView, offset: number): string {
  const groups = Array.from({ length: GROUPS }, (_, index) => view.getUint16(offset + index * 2).toString(16));
  if (view.getUint32(offset + 8) === 0xffff && view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0) {
    const bytes = [12, 13, 14, 15].map((at) => view.getUint8(offset + at));
    return `::ffff:${bytes.join('.')}`;
  }
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let start = 0;
  let length = 0;
  for (let from = 0, at = 0; at < GROUPS; at++) {
    if (groups[at] !== '0') from = at + 1;
    else if (at + 1 - from > length) {
      start = from;
      length = at + 1 - from;
    }
  }
  return { start, length };
}
