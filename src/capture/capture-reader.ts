/**
 * From the bytes of a pcap or pcapng capture to timestamped UDP datagrams over IPv4.
 *
 * Nothing is passed over in silence: each packet is either delivered or counted in `skipped` under its reason. Wrong
 * checksums are counted and never dropped, since captures hold packets whose sender's or publisher's are not filled in.
 */
import { ByteQueue } from '../core/byte-queue.js';
import type { DamageHandler, DatagramReader, Flow } from '../core/seams.js';
import { addWords, fold, udpPseudoHeader } from './checksum.js';
import { SNIFF_BYTES, sniff } from './detect.js';
import { ETHERTYPE_IPV4, ethernetPayload, FRAME_TOO_SHORT, LINKTYPE_ETHERNET } from './ethernet.js';
import { FlowTable } from './flow.js';
import type { CaptureDescription, FrameReader } from './frame-reader.js';
import { IP_PROTOCOL_UDP, IPV4_HEADER_BYTES, Ipv4Header } from './ipv4.js';
import { PcapReader } from './pcap.js';
import { PcapngReader } from './pcapng.js';
import { SkipCounts } from './skip-counts.js';
import { UDP_HEADER_BYTES, UdpHeader } from './udp.js';

/** What a `CaptureReader` needs. */
export interface CaptureReaderOptions {
  onDamage: DamageHandler;
  /** Whether IPv4 and UDP checksums are verified; true where absent. */
  checksums?: boolean;
  /** Where flows are interned; readers that share one number their flows together. */
  flows?: FlowTable;
  /** Look for the next plausible block or record behind damage, where the reading would end; false where absent. */
  recover?: boolean;
}

/** What a capture held; `packets` is `datagrams` plus all that was skipped. */
export interface CaptureCounts {
  packets: number;
  datagrams: number;
  skipped: number;
  /** UDP packets of which the capture holds only a part; delivered where any of their payload can be told. */
  truncated: number;
  badIpChecksums: number;
  badUdpChecksums: number;
  /** Packets whose time stamp was out of range and normalised. */
  badTimestamps: number;
  /** Packets that the format keeps no time stamp for (pcapng's simple packets): they carry the one before theirs. */
  withoutTimestamp: number;
  /** Datagrams of flows beyond the limit of the flow table, which share one flow. */
  otherFlows: number;
}

const CUT = 'cut by the snap length';

/** A pull cursor over the UDP datagrams of a pcap or pcapng capture. */
export class CaptureReader implements DatagramReader {
  view: DataView;
  offset = 0;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  flow: Flow;
  /** Bytes of the packet on the wire, from the link layer on. */
  wireLength = 0;
  /** The LINKTYPE_ value of the interface that saw the packet. */
  linkType = 0;
  /** True where only the first `length` bytes of the datagram's payload were captured. */
  truncated = false;
  readonly flows: FlowTable;
  private readonly queue = new ByteQueue();
  private readonly onDamage: DamageHandler;
  private readonly checksums: boolean;
  private readonly recover: boolean;
  private readonly skips = new SkipCounts();
  private readonly ip = new Ipv4Header();
  private readonly udp = new UdpHeader();
  private frames: FrameReader | null = null;
  private packets = 0;
  private datagrams = 0;
  private truncatedCount = 0;
  private badIpChecksums = 0;
  private badUdpChecksums = 0;
  private otherFlows = 0;

  constructor(options: CaptureReaderOptions) {
    this.onDamage = options.onDamage;
    this.checksums = options.checksums ?? true;
    this.recover = options.recover ?? false;
    this.flows = options.flows ?? new FlowTable();
    this.flow = this.flows.otherFlows;
    this.view = this.queue.view;
  }

  /** Null until the first bytes have told. */
  get format(): 'pcap' | 'pcapng' | null {
    return this.frames?.format ?? null;
  }

  /** What the capture says beside its packets; null where its format has no place for it. */
  get description(): CaptureDescription | null {
    return this.frames?.describe() ?? null;
  }

  /** How many packets carried no datagram for us, by reason. */
  get skipped(): Record<string, number> {
    return this.skips.toObject();
  }

  get counts(): CaptureCounts {
    return {
      packets: this.packets,
      datagrams: this.datagrams,
      skipped: this.skips.total,
      truncated: this.truncatedCount,
      badIpChecksums: this.badIpChecksums,
      badUdpChecksums: this.badUdpChecksums,
      badTimestamps: this.frames?.badTimestamps ?? 0,
      withoutTimestamp: this.frames?.withoutTimestamp ?? 0,
      otherFlows: this.otherFlows,
    };
  }

  push(chunk: Uint8Array): void {
    if (this.done) return;
    this.queue.push(chunk);
    this.view = this.queue.view;
  }

  end(): void {
    this.queue.end();
  }

  next(): boolean {
    const frames = this.frames ?? this.detect();
    if (frames === null) return false;
    while (frames.next()) {
      this.packets++;
      if (this.open(frames)) {
        this.datagrams++;
        this.seconds = frames.seconds;
        this.nanoseconds = frames.nanoseconds;
        this.packetNumber = frames.packetNumber;
        this.fileOffset = frames.fileOffset;
        this.wireLength = frames.wireLength;
        this.linkType = frames.linkType;
        return true;
      }
    }
    this.done = frames.done;
    return false;
  }

  /** Chooses the format by the first bytes. */
  private detect(): FrameReader | null {
    const { queue } = this;
    if (this.done || (queue.available < SNIFF_BYTES && !queue.ended)) return null;
    const head = new Uint8Array(queue.view.buffer, queue.view.byteOffset + queue.offset, queue.available);
    const content = sniff(head);
    if (content === 'pcap') this.frames = new PcapReader(queue, this.onDamage, { recover: this.recover });
    else if (content === 'pcapng') this.frames = new PcapngReader(queue, this.onDamage, { recover: this.recover });
    else this.refuse(head.length);
    return this.frames;
  }

  private refuse(available: number): void {
    this.done = true;
    const message =
      available === 0
        ? 'The capture is empty: it has not even a file header. Capture or copy it again.'
        : 'The file begins neither as pcap nor as pcapng. Check that it is a capture and not compressed.';
    this.onDamage({ code: 'not-a-capture', message, record: 0, offset: 0 });
  }

  /** Reads the layers of the frame at hand; false where it was counted as skipped. */
  private open(frames: FrameReader): boolean {
    if (frames.fault !== null) return this.skip(frames.fault);
    if (frames.linkType !== LINKTYPE_ETHERNET) {
      this.skips.addLinkType(frames.linkType);
      return false;
    }
    const { view } = this;
    const { ip } = this;
    const start = frames.offset;
    const end = start + frames.length;
    const payload = ethernetPayload(view, start, end);
    if (payload < 0) return this.skipEthernet(payload, frames);
    const etherType = view.getUint16(payload - 2);
    if (etherType !== ETHERTYPE_IPV4) {
      this.skips.addEtherType(etherType);
      return false;
    }
    const verdict = ip.read(view, payload, end);
    if (verdict !== 'ok') return this.skipHeader('IPv4', verdict, frames);
    if (ip.protocol !== IP_PROTOCOL_UDP) {
      this.skips.addProtocol(ip.protocol);
      return false;
    }
    if (this.checksums) this.verifyIp(view);
    if (ip.fragment) return this.skip('fragment');
    return this.openUdp(frames, view, end);
  }

  private openUdp(frames: FrameReader, view: DataView, captured: number): boolean {
    const { ip, udp } = this;
    const verdict = udp.read(view, ip.payload, ip.payloadEnd, captured, ip.offloaded);
    if (verdict !== 'ok') return this.skipHeader('UDP', verdict, frames);
    this.truncated = udp.end > captured;
    this.offset = ip.payload + UDP_HEADER_BYTES;
    this.length = (this.truncated ? captured : udp.end) - this.offset;
    if (this.truncated) this.tellTruncated(frames, udp.end - captured);
    else if (this.checksums && udp.checksum !== 0) this.verifyUdp(view);
    this.flow = this.flows.internWords(ip.source, ip.destination, udp.ports);
    if (this.flow === this.flows.otherFlows) this.tellOtherFlows(frames);
    return true;
  }

  private verifyIp(view: DataView): void {
    const { ip } = this;
    const options = ip.headerLength - IPV4_HEADER_BYTES;
    const sum = options === 0 ? ip.sum : addWords(ip.sum, view, ip.payload - options, options);
    if (fold(sum) !== 0xffff) this.badIpChecksums++;
  }

  private verifyUdp(view: DataView): void {
    const { ip, udp } = this;
    const length = udp.end - ip.payload;
    // Offloaded datagrams may be longer than any that a checksum was defined for.
    if (length > 65_535) return;
    const sum = addWords(udpPseudoHeader(ip.source, ip.destination, length), view, ip.payload, length);
    if (fold(sum) !== 0xffff) this.badUdpChecksums++;
  }

  private skip(reason: string): false {
    this.skips.add(reason);
    return false;
  }

  private skipEthernet(answer: number, frames: FrameReader): false {
    return answer === FRAME_TOO_SHORT ? this.skipHeader('Ethernet', 'short', frames) : this.skip('too many VLAN tags');
  }

  /** A header that ends behind the captured bytes is the snap length's doing where it cut the packet. */
  private skipHeader(layer: 'Ethernet' | 'IPv4' | 'UDP', fault: string, frames: FrameReader): false {
    if (fault === 'short' && frames.length < frames.wireLength) {
      if (layer === 'UDP') this.truncatedCount++;
      return this.skip(CUT);
    }
    const text = `Packet ${frames.packetNumber} has a malformed ${layer} header (${fault}) and was left out.`;
    this.report('packet', text, frames);
    return this.skip(`malformed ${layer} header`);
  }

  private tellTruncated(frames: FrameReader, missing: number): void {
    this.truncatedCount++;
    const cut = frames.length < frames.wireLength;
    const text = cut
      ? `was cut by the snap length: ${frames.length} of ${frames.wireLength} bytes were captured. ` +
        'Capture again with a longer one (tcpdump -s 0).'
      : 'is shorter than its own IP header says.';
    const lost = `Packet ${frames.packetNumber} ${text} The last ${missing} bytes of its payload are missing.`;
    this.report(cut ? 'snap-length' : 'ip-length', lost, frames);
  }

  private tellOtherFlows(frames: FrameReader): void {
    this.otherFlows++;
    if (this.otherFlows > 1) return;
    const text = `The flow table is full (${this.flows.flows.length}): further flows are taken together.`;
    this.report('flow-limit', text, frames);
  }

  private report(code: string, message: string, frames: FrameReader): void {
    this.onDamage({ code, message, record: frames.packetNumber, offset: frames.fileOffset });
  }
}
