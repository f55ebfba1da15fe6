/**
 * Link layers other than Ethernet, by the LINKTYPE_ values of the libpcap registry: each is answered with the ethertype
 * of what it carries and the place where that begins.
 */
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MPLS, ETHERTYPE_MPLS_MULTICAST } from './ethernet.js';
import type { Numbered } from './skip-counts.js';

const LINKTYPE_NULL = 0;
const LINKTYPE_PPP = 9;
/** Raw IP is 101 in files; writers that put the number of their own system there left 12 or 14. */
const LINKTYPE_RAW_BSD = 12;
const LINKTYPE_RAW_OPENBSD = 14;
const LINKTYPE_PPP_HDLC = 50;
const LINKTYPE_RAW = 101;
const LINKTYPE_CISCO_HDLC = 104;
const LINKTYPE_LOOP = 108;
const LINKTYPE_LINUX_SLL = 113;
const LINKTYPE_IPV4 = 228;
const LINKTYPE_IPV6 = 229;
const LINKTYPE_LINUX_SLL2 = 276;

/** Device types whose Linux cooked frames carry no ethertype: netlink, and 802.11 with and without a radio's header. */
const DEVICES_WITHOUT_ETHERTYPE: readonly number[] = [801, 802, 803, 824];

const AF_INET = 2;
/** AF_INET6 of Linux, Windows, NetBSD and OpenBSD, Solaris, FreeBSD, macOS. */
const AF_INET6: readonly number[] = [10, 23, 24, 26, 28, 30];

const SLL_BYTES = 16;
const SLL2_BYTES = 20;
const FAMILY_BYTES = 4;
const HDLC_BYTES = 4;
/** Address 0xff and control 3, which HDLC framing puts before a PPP protocol. */
const PPP_ADDRESS_CONTROL = 0xff03;

/** What `Link` found: `short` is a header that the captured bytes do not hold, `other` is named by kind and value. */
export type LinkVerdict = 'ok' | 'short' | 'version' | 'other';

/** The header of one frame, decoded in place. */
export class Link {
  etherType = 0;
  payload = 0;
  /** What a frame is counted by that carries nothing for us. */
  kind: Numbered = 'link';
  value = 0;

  /** Reads the frame from `start`; bytes from `end` on were not captured. */
  read(linkType: number, view: DataView, start: number, end: number): LinkVerdict {
    switch (linkType) {
      case LINKTYPE_RAW:
      case LINKTYPE_RAW_BSD:
      case LINKTYPE_RAW_OPENBSD:
        return this.readRaw(view, start, end);
      case LINKTYPE_IPV4:
        return this.found(ETHERTYPE_IPV4, start);
      case LINKTYPE_IPV6:
        return this.found(ETHERTYPE_IPV6, start);
      case LINKTYPE_NULL:
      case LINKTYPE_LOOP:
        return this.readFamily(view, start, end);
      case LINKTYPE_LINUX_SLL:
        if (end - start < SLL_BYTES) return 'short';
        return this.cooked(view.getUint16(start + 2), view.getUint16(start + 14), start + SLL_BYTES);
      case LINKTYPE_LINUX_SLL2:
        if (end - start < SLL2_BYTES) return 'short';
        return this.cooked(view.getUint16(start + 8), view.getUint16(start), start + SLL2_BYTES);
      case LINKTYPE_PPP:
        return this.readPpp(view, start, end);
      case LINKTYPE_PPP_HDLC:
      case LINKTYPE_CISCO_HDLC:
        return this.readHdlc(view, start, end);
      default:
        return this.other('link', linkType);
    }
  }

  /** Reads PPP (RFC 1661) from its protocol on, or from HDLC's address and control (RFC 1662) before it. */
  readPpp(view: DataView, start: number, end: number): LinkVerdict {
    if (end - start < 2) return 'short';
    const at = view.getUint16(start) === PPP_ADDRESS_CONTROL ? start + 2 : start;
    if (end - at < 2) return 'short';
    // The low bit ends a protocol: where the first byte has it, the field was compressed to that byte.
    const isCompressed = (view.getUint8(at) & 1) === 1;
    const protocol = isCompressed ? view.getUint8(at) : view.getUint16(at);
    const payload = at + (isCompressed ? 1 : 2);
    switch (protocol) {
      case 0x0021:
        return this.found(ETHERTYPE_IPV4, payload);
      case 0x0057:
        return this.found(ETHERTYPE_IPV6, payload);
      case 0x0281:
        return this.found(ETHERTYPE_MPLS, payload);
      case 0x0283:
        return this.found(ETHERTYPE_MPLS_MULTICAST, payload);
      default:
        return this.other('ppp', protocol);
    }
  }

  /** By the version in the first byte, as raw IP and payloads of MPLS are told apart. */
  readRaw(view: DataView, start: number, end: number): LinkVerdict {
    if (start >= end) return 'short';
    const version = view.getUint8(start) >> 4;
    if (version === 4) return this.found(ETHERTYPE_IPV4, start);
    return version === 6 ? this.found(ETHERTYPE_IPV6, start) : 'version';
  }

  /** The address family is in the byte order of whoever captured: a small number in one order is a large one else. */
  private readFamily(view: DataView, start: number, end: number): LinkVerdict {
    if (end - start < FAMILY_BYTES) return 'short';
    const family = Math.min(view.getUint32(start), view.getUint32(start, true));
    if (family === AF_INET) return this.found(ETHERTYPE_IPV4, start + FAMILY_BYTES);
    if (AF_INET6.includes(family)) return this.found(ETHERTYPE_IPV6, start + FAMILY_BYTES);
    return this.other('family', family);
  }

  private cooked(device: number, protocol: number, payload: number): LinkVerdict {
    return DEVICES_WITHOUT_ETHERTYPE.includes(device) ? this.other('device', device) : this.found(protocol, payload);
  }

  /** Cisco's HDLC carries an ethertype; what begins with PPP's address and control is PPP. */
  private readHdlc(view: DataView, start: number, end: number): LinkVerdict {
    if (end - start < HDLC_BYTES) return 'short';
    if (view.getUint16(start) === PPP_ADDRESS_CONTROL) return this.readPpp(view, start, end);
    return this.found(view.getUint16(start + 2), start + HDLC_BYTES);
  }

  private found(etherType: number, payload: number): 'ok' {
    this.etherType = etherType;
    this.payload = payload;
    return 'ok';
  }

  private other(kind: Numbered, value: number): 'other' {
    this.kind = kind;
    this.value = value;
    return 'other';
  }
}
