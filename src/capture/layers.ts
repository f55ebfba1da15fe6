/**
 * The layers of a captured frame, from the link layer down to the innermost UDP datagram or TCP segment.
 *
 * Ethernet, IPv4 and UDP are the way that is kept short. Everything else branches off: other link layers, IPv6, headers
 * around headers (each entered at most `MAX_TUNNELS` deep), fragments. A packet ends as one of the outcomes below, and
 * what is skipped has been counted under its reason, with the tunnel that it came in.
 */
import type { DamageHandler, Flow } from '../core/seams.js';
import { isUdpIntact, udpPseudoHeader, udpPseudoHeader6 } from './checksum.js';
import * as ethernet from './ethernet.js';
import { Faults, SKIPPED } from './faults.js';
import type { FlowTable } from './flow.js';
import { Fragments } from './fragments.js';
import type { FrameReader } from './frame-reader.js';
import { IP_PROTOCOL_UDP, Ipv4Header } from './ipv4.js';
import { Ipv6Header } from './ipv6.js';
import { Link } from './link.js';
import { type LayerTarget, PlainDatagrams } from './plain.js';
import { increment, type Tally } from './tally.js';
import { IP_PROTOCOL_TCP, TcpHeader } from './tcp.js';
import { Trailer } from './trailer.js';
import * as tunnel from './tunnel.js';
import { UDP_HEADER_BYTES, UdpHeader } from './udp.js';

/** What becomes of a packet, if not `SKIPPED`: a datagram, a TCP segment, or a fragment that waits for others. */
export const DATAGRAM = 1;
export const SEGMENT = 2;
export const HELD = 3;

/** What the layers are read with. */
export interface LayerOptions {
  readonly onDamage: DamageHandler;
  readonly checksums: boolean;
  readonly flows: FlowTable;
  /** Whether TCP segments are read; otherwise they are skipped by their protocol number. */
  readonly tcp: boolean;
  /** Whether a packet's stamp is that of its trailer, where it has one. */
  readonly stampByTrailer: boolean;
}

const IP_PROTOCOL_IPV4 = 4;
const IP_PROTOCOL_IPV6 = 41;
const IP_PROTOCOL_GRE = 47;

/** Reads one frame after another into its target. */
export class Layers {
  /** Of a segment: the view that it is in, its header, the end of what was captured of it, and its flow. */
  segmentView: DataView = new DataView(new ArrayBuffer(0));
  readonly tcp = new TcpHeader();
  capturedEnd = 0;
  segmentFlow: Flow;
  readonly fragments: Fragments;
  private readonly link = new Link();
  private readonly ip = new Ipv4Header();
  private readonly ip6 = new Ipv6Header();
  private readonly udp = new UdpHeader();
  private readonly trailer = new Trailer();
  private readonly plain: PlainDatagrams;
  /** How many headers around others were taken off the packet at hand. */
  private depth = 0;
  /** Whether a header before it has stamped it: it goes before those within and a trailer. */
  private isStamped = false;
  private readonly faults: Faults;
  private readonly flows: FlowTable;
  private readonly checksums: boolean;

  constructor(
    readonly frames: FrameReader,
    private readonly target: LayerTarget,
    private readonly tally: Tally,
    private readonly options: LayerOptions,
  ) {
    this.flows = options.flows;
    this.segmentFlow = this.flows.otherFlows;
    this.checksums = options.checksums;
    this.faults = new Faults(frames, tally, options.onDamage);
    this.fragments = new Fragments(tally.skips, options.onDamage);
    this.plain = new PlainDatagrams(target, tally, options, this.faults);
  }

  /** Reads the frame that the reader of frames stands at, which lies in `view`. */
  open(view: DataView): number {
    const { frames, target } = this;
    if (this.depth > 0) this.leave();
    if (frames.fault !== null) return this.faults.skip(frames.fault);
    target.seconds = frames.seconds;
    target.nanoseconds = frames.nanoseconds;
    const start = frames.offset;
    const end = start + frames.length;
    if (frames.linkType !== ethernet.LINKTYPE_ETHERNET) return this.openLink(view, start, end);
    const payload = ethernet.ethernetPayload(view, start, end);
    if (payload < 0 || view.getUint16(payload - 2) !== ethernet.ETHERTYPE_IPV4) {
      return this.openEthernet(view, start, end);
    }
    return this.plain.open(view, payload, end) ? DATAGRAM : this.openIpv4(view, payload, end);
  }

  private openEthernet(view: DataView, start: number, end: number): number {
    const payload = ethernet.ethernetPayload(view, start, end);
    if (payload < 0) return this.faults.skipEthernet(payload);
    return this.openEtherType(view, view.getUint16(payload - 2), payload, end);
  }

  private openLink(view: DataView, start: number, end: number): number {
    const { link } = this;
    return this.followLink(link.read(this.frames.linkType, view, start, end), view, end);
  }

  private openPpp(view: DataView, start: number, end: number): number {
    return this.followLink(this.link.readPpp(view, start, end), view, end);
  }

  private followLink(verdict: ReturnType<Link['read']>, view: DataView, end: number): number {
    const { link } = this;
    if (verdict === 'ok') return this.openEtherType(view, link.etherType, link.payload, end);
    if (verdict === 'version') return this.faults.skip('neither IPv4 nor IPv6');
    if (verdict === 'short') return this.faults.skipHeader('link', verdict);
    return this.faults.skipNumber(link.kind, link.value);
  }

  private openEtherType(view: DataView, etherType: number, payload: number, end: number): number {
    switch (etherType) {
      case ethernet.ETHERTYPE_IPV4:
        return this.openIpv4(view, payload, end);
      case ethernet.ETHERTYPE_IPV6:
        return this.openIpv6(view, payload, end);
      case ethernet.ETHERTYPE_MPLS:
      case ethernet.ETHERTYPE_MPLS_MULTICAST:
        return this.enter('MPLS') ? this.openMpls(view, payload, end) : SKIPPED;
      case ethernet.ETHERTYPE_PPPOE_SESSION:
        return this.enter('PPPoE') ? this.openPppoe(view, payload, end) : SKIPPED;
      case ethernet.ETHERTYPE_PPP:
        return this.openPpp(view, payload, end);
      case ethernet.ETHERTYPE_BRIDGED:
        return this.deeper() ? this.openEthernet(view, payload, end) : SKIPPED;
      case ethernet.ETHERTYPE_ARISTA:
        return this.openArista(view, payload, end);
    }
    if (ethernet.isVlanTag(etherType)) return this.openTagged(view, payload, end);
    const llc = etherType < ethernet.MIN_ETHERTYPE ? ethernet.llcBytes(view, payload, end) : 0;
    const inner = llc > 0 ? ethernet.llcEtherType(view, payload, llc) : 0;
    if (inner >= ethernet.MIN_ETHERTYPE) {
      return this.deeper() ? this.openEtherType(view, inner, payload + llc, end) : SKIPPED;
    }
    return this.faults.skipNumber('ethertype', etherType);
  }

  /** Tags that do not stand behind Ethernet addresses, as in Linux cooked frames and behind a switch's stamp. */
  private openTagged(view: DataView, untagged: number, end: number): number {
    const payload = ethernet.taggedPayload(view, untagged, end);
    if (payload < 0) return this.faults.skipEthernet(payload);
    return this.openEtherType(view, view.getUint16(payload - 2), payload, end);
  }

  private openArista(view: DataView, offset: number, end: number): number {
    const length = this.trailer.readHeader(view, offset, end, this.frames.seconds);
    if (length < 0) return this.faults.skipHeader('Arista', 'short');
    if (length === 0) return this.faults.skipNumber('ethertype', ethernet.ETHERTYPE_ARISTA);
    if (!this.deeper()) return SKIPPED;
    this.stamp();
    return this.openEtherType(view, view.getUint16(offset + length - 2), offset + length, end);
  }

  private openMpls(view: DataView, offset: number, end: number): number {
    const payload = tunnel.mplsPayload(view, offset, end);
    if (payload < 0) return this.faults.skipTunnel(payload);
    if (payload < end) {
      if (this.link.readRaw(view, payload, end) === 'ok') {
        return this.openEtherType(view, this.link.etherType, payload, end);
      }
      const frame = tunnel.pseudowireFrame(view, payload, end);
      if (frame > 0) return this.openEthernet(view, frame, end);
    }
    return this.faults.skip('payload of another kind');
  }

  private openPppoe(view: DataView, offset: number, end: number): number {
    const payload = tunnel.pppoePayload(view, offset, end);
    return payload < 0 ? this.faults.skipTunnel(payload) : this.openPpp(view, payload, end);
  }

  private openIpv4(view: DataView, offset: number, end: number): number {
    const { ip } = this;
    const verdict = ip.read(view, offset, end);
    if (verdict !== 'ok') return this.faults.skipHeader('IPv4', verdict);
    if (ip.payloadEnd < end) this.lookBehind(view, ip.payloadEnd, end);
    if (ip.protocol !== IP_PROTOCOL_UDP || ip.fragment) return this.openOtherIpv4(view, offset, end);
    if (this.checksums && !ip.isIntact(view)) this.tally.badIpChecksums++;
    return this.openUdp(view, ip.payload, ip.payloadEnd, end);
  }

  /** A fragment, or not UDP. */
  private openOtherIpv4(view: DataView, offset: number, end: number): number {
    const { ip } = this;
    if (ip.protocol !== IP_PROTOCOL_UDP && !this.follows(ip.protocol)) {
      return this.faults.skipNumber('ipv4', ip.protocol);
    }
    if (this.checksums && !ip.isIntact(view)) this.tally.badIpChecksums++;
    if (ip.fragment) return this.openFragment(view, offset, end);
    return this.openProtocol(view, ip.protocol, ip.payload, ip.payloadEnd, end, false);
  }

  private openIpv6(view: DataView, offset: number, end: number): number {
    const { ip6 } = this;
    const verdict = ip6.read(view, offset, end);
    if (verdict !== 'ok') return this.faults.skipIpv6(verdict);
    if (ip6.payloadEnd < end) this.lookBehind(view, ip6.payloadEnd, end);
    if (ip6.fragment) return this.openFragment6(view, end);
    return this.openPayload6(view, end);
  }

  private openPayload6(view: DataView, end: number): number {
    const { ip6 } = this;
    if (ip6.protocol === IP_PROTOCOL_UDP) return this.openUdp6(view, end);
    if (this.follows(ip6.protocol)) {
      return this.openProtocol(view, ip6.protocol, ip6.payload, ip6.payloadEnd, end, true);
    }
    return this.faults.skipNumber('ipv6', ip6.protocol);
  }

  private follows(protocol: number): boolean {
    if (protocol === IP_PROTOCOL_TCP) return this.options.tcp;
    return protocol === IP_PROTOCOL_IPV4 || protocol === IP_PROTOCOL_IPV6 || protocol === IP_PROTOCOL_GRE;
  }

  /** A payload that `follows` answered for. */
  private openProtocol(
    view: DataView,
    protocol: number,
    payload: number,
    payloadEnd: number,
    captured: number,
    inIpv6: boolean,
  ): number {
    if (protocol === IP_PROTOCOL_TCP) return this.openTcp(view, payload, payloadEnd, captured, inIpv6);
    const end = Math.min(payloadEnd, captured);
    if (protocol === IP_PROTOCOL_GRE) return this.enter('GRE') ? this.openGre(view, payload, end) : SKIPPED;
    if (protocol === IP_PROTOCOL_IPV4) {
      return this.enter(inIpv6 ? 'IPv4 in IPv6' : 'IPv4 in IPv4') ? this.openIpv4(view, payload, end) : SKIPPED;
    }
    return this.enter(inIpv6 ? 'IPv6 in IPv6' : 'IPv6 in IPv4') ? this.openIpv6(view, payload, end) : SKIPPED;
  }

  private openGre(view: DataView, offset: number, end: number): number {
    const payload = tunnel.grePayload(view, offset, end);
    if (payload < 0) return this.faults.skipTunnel(payload);
    return this.openEtherType(view, view.getUint16(offset + 2), payload, end);
  }

  private openUdp(view: DataView, offset: number, payloadEnd: number, captured: number): number {
    const { ip, udp } = this;
    const verdict = udp.read(view, offset, payloadEnd, captured, ip.offloaded);
    if (verdict !== 'ok') return this.faults.skipHeader('UDP', verdict);
    if (this.checksums && udp.end <= captured && udp.checksum !== 0) {
      const length = udp.end - offset;
      this.verifyUdp(udpPseudoHeader(ip.source, ip.destination, length), view, offset, length);
    }
    if ((udp.ports & 0xffff) === tunnel.VXLAN_PORT && tunnel.isVxlan(view, offset + UDP_HEADER_BYTES, captured)) {
      return this.openVxlan(view, offset, captured);
    }
    const flow = this.flows.internWords(ip.source, ip.destination, udp.ports);
    return this.deliver(view, offset, payloadEnd, captured, flow);
  }

  private openUdp6(view: DataView, captured: number): number {
    const { ip6, udp } = this;
    const offset = ip6.payload;
    const verdict = udp.read(view, offset, ip6.payloadEnd, captured, ip6.offloaded);
    if (verdict !== 'ok') return this.faults.skipHeader('UDP', verdict);
    const isTunnel =
      (udp.ports & 0xffff) === tunnel.VXLAN_PORT && tunnel.isVxlan(view, offset + UDP_HEADER_BYTES, captured);
    if (this.checksums && udp.end <= captured) {
      const length = udp.end - offset;
      // Tunnels alone may leave the checksum out (RFC 6935). A routing header's last address is not looked for.
      if (udp.checksum === 0) this.tally.badUdpChecksums += isTunnel ? 0 : 1;
      else if (!ip6.routed) this.verifyUdp(udpPseudoHeader6(ip6.view, ip6.addresses, length), view, offset, length);
    }
    if (isTunnel) return this.openVxlan(view, offset, captured);
    const flow = this.flows.internIpv6(ip6.view, ip6.addresses, udp.ports, 'UDP');
    return this.deliver(view, offset, ip6.payloadEnd, captured, flow);
  }

  private openVxlan(view: DataView, offset: number, captured: number): number {
    if (!this.enter('VXLAN')) return SKIPPED;
    const start = offset + UDP_HEADER_BYTES + tunnel.VXLAN_HEADER_BYTES;
    return this.openEthernet(view, start, Math.min(this.udp.end, captured));
  }

  private deliver(view: DataView, header: number, payloadEnd: number, captured: number, flow: Flow): number {
    const { target } = this;
    const { end } = this.udp;
    const truncated = end > captured;
    target.view = view;
    target.truncated = truncated;
    target.offset = header + UDP_HEADER_BYTES;
    target.length = (truncated ? captured : end) - target.offset;
    target.flow = flow;
    if (payloadEnd > captured) this.faults.tellShort(payloadEnd - captured, end - captured);
    if (flow === this.flows.otherFlows) this.faults.tellOtherFlows(this.flows.flows.length);
    return DATAGRAM;
  }

  private openTcp(view: DataView, offset: number, payloadEnd: number, captured: number, inIpv6: boolean): number {
    const { ip, ip6, tcp, flows } = this;
    const verdict = tcp.read(view, offset, payloadEnd, captured);
    if (verdict !== 'ok') return this.faults.skipHeader('TCP', verdict);
    this.segmentView = view;
    this.capturedEnd = captured;
    this.segmentFlow = inIpv6
      ? flows.internIpv6(ip6.view, ip6.addresses, tcp.ports, 'TCP')
      : flows.internTcpWords(ip.source, ip.destination, tcp.ports);
    if (this.segmentFlow === flows.otherFlows) this.faults.tellOtherFlows(this.flows.flows.length);
    return SEGMENT;
  }

  private openFragment(view: DataView, offset: number, end: number): number {
    const { ip, fragments } = this;
    const word = view.getUint16(offset + 6);
    const { source, destination, protocol } = ip;
    if (ip.payloadEnd > end) return this.faults.skipCutFragment();
    fragments.forIpv4(source, destination, protocol, view.getUint16(offset + 4));
    const place = (word & 0x1fff) * 8;
    const more = (word & 0x2000) !== 0;
    const verdict = fragments.add(view, ip.payload, ip.payloadEnd, place, more, protocol, this.origin());
    if (verdict !== 'complete') return verdict === 'held' ? HELD : SKIPPED;
    const { length } = fragments;
    if (protocol === IP_PROTOCOL_UDP) return this.openUdp(fragments.view, 0, length, length);
    return this.openProtocol(fragments.view, protocol, 0, length, length, false);
  }

  private openFragment6(view: DataView, end: number): number {
    const { ip6, fragments } = this;
    if (ip6.payloadEnd > end) return this.faults.skipCutFragment();
    fragments.forIpv6(view, ip6.addresses, ip6.identification);
    const { payload, payloadEnd, fragmentOffset, moreFragments, protocol } = ip6;
    const verdict = fragments.add(view, payload, payloadEnd, fragmentOffset, moreFragments, protocol, this.origin());
    if (verdict !== 'complete') return verdict === 'held' ? HELD : SKIPPED;
    const { length } = fragments;
    const inner = ip6.resume(fragments.view, fragments.protocol, 0, length);
    return inner === 'ok' ? this.openPayload6(fragments.view, length) : this.faults.skipIpv6(inner);
  }

  private origin() {
    const { seconds, nanoseconds } = this.target;
    return { seconds, nanoseconds, packetNumber: this.frames.packetNumber, fileOffset: this.frames.fileOffset };
  }

  /** Looks for a trailer where bytes of the frame itself stand behind its outermost IP packet. */
  private lookBehind(view: DataView, packetEnd: number, end: number): void {
    const { frames } = this;
    if (end !== frames.offset + frames.length || frames.length < frames.wireLength) return;
    if (this.trailer.read(view, packetEnd, end, frames.seconds)) this.stamp();
  }

  private stamp(): void {
    const { trailer } = this;
    if (trailer.kind !== null) increment(this.tally.trailers, trailer.kind);
    if (!this.options.stampByTrailer || !trailer.isUsable || this.isStamped) return;
    this.target.seconds = trailer.seconds;
    this.target.nanoseconds = trailer.nanoseconds;
    this.tally.restamped++;
    this.isStamped = this.depth > 0;
  }

  /** The same for the header of a tunnel. */
  private enter(kind: tunnel.TunnelKind): boolean {
    if (!this.deeper()) return false;
    this.faults.outer = kind;
    increment(this.tally.tunnels, kind);
    return true;
  }

  /** Takes one more header off; false where there are too many, which is counted. */
  private deeper(): boolean {
    if (this.depth >= tunnel.MAX_TUNNELS) {
      this.faults.skip('too many headers around it');
      return false;
    }
    this.depth++;
    return true;
  }

  private leave(): void {
    this.depth = 0;
    this.isStamped = false;
    this.faults.outer = '';
  }

  private verifyUdp(pseudoHeader: number, view: DataView, offset: number, length: number): void {
    if (!isUdpIntact(pseudoHeader, view, offset, length)) this.tally.badUdpChecksums++;
  }
}
