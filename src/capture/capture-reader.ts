/**
 * From the bytes of a pcap or pcapng capture to timestamped UDP datagrams and pieces of TCP streams.
 *
 * Nothing is passed over in silence. Each packet is delivered as a datagram, becomes part of one that another fragment
 * completed, is a TCP segment (whose bytes come out in pieces), or is counted in `skipped` under its reason. Wrong
 * checksums are counted and never dropped, since captures hold packets whose sender's or publisher's are not filled in.
 */
import { ByteQueue } from '../core/byte-queue.js';
import type { CapturedFrame, DamageHandler, DatagramReader, Flow, Join } from '../core/seams.js';
import type { RecordNotes, ResumePoint } from '../core/seek-index.js';
import { describeForeign, SNIFF_BYTES, sniff } from './detect.js';
import { FlowTable } from './flow.js';
import type { CaptureDescription, FrameReader } from './frame-reader.js';
import { DATAGRAM, Layers, SEGMENT } from './layers.js';
import { Packet } from './packet.js';
import { PcapReader } from './pcap.js';
import { PcapngReader, type PcapngReaderOptions } from './pcapng.js';
import { Tally, type TallyCounts } from './tally.js';
import { type TcpCounts, TcpStreams } from './tcp-streams.js';

/** What a `CaptureReader` needs. */
export interface CaptureReaderOptions {
  onDamage: DamageHandler;
  /** Whether IPv4 and UDP checksums are verified; true where absent. */
  checksums?: boolean;
  /** Where flows are interned; readers that share one number their flows together. */
  flows?: FlowTable;
  /** Look for the next plausible block or record behind damage, where the reading would end; false where absent. */
  recover?: boolean;
  /** Whether TCP streams are put together; true where absent. Otherwise their packets are skipped. */
  tcp?: boolean;
  /**
   * Whose stamps records carry: the capture's (where absent), or that of the hardware trailer of each packet that has
   * one; packets without keep the capture's.
   */
  timestamps?: 'capture' | 'trailer';
  /**
   * Deliver every packet whose place is known: one that holds no datagram, or a part of one, as an empty datagram of
   * the flow `noDatagram`, with its `frame`. TCP streams are not put together then.
   */
  allFrames?: boolean;
  /** Learns, from packets as the capture stamps them, where reading can begin. */
  index?: RecordNotes;
}

/** What a part of a capture counts, as plain data. */
export interface LeapCounts extends TallyCounts {
  readonly packets: number;
  readonly datagrams: number;
  readonly badTimestamps: number;
  /** Stamp of the last packet, as its frame has it. */
  readonly last: { readonly seconds: number; readonly nanoseconds: number };
}

/** Name of the flow of packets without a datagram. */
export const NO_DATAGRAM = 'no datagram';

/**
 * What a capture held. Every packet is in one of five counts, at any time between two calls of `next()`:
 * `packets = datagrams + skipped + fragmentsMerged + fragmentsHeld + tcpSegments`.
 */
export interface CaptureCounts {
  packets: number;
  datagrams: number;
  skipped: number;
  /** Fragments of datagrams that another packet completed; that packet counts as what came of it. */
  fragmentsMerged: number;
  /** Fragments of datagrams that may still be completed; 0 at the end. */
  fragmentsHeld: number;
  /** Fragments that share bytes with others of their datagram without being the same. */
  fragmentOverlaps: number;
  /** Fragments that came twice. */
  fragmentDuplicates: number;
  /** Fragmented datagrams of which some never came. */
  incompleteDatagrams: number;
  /** TCP packets, with data or without. */
  tcpSegments: number;
  /** Pieces of TCP streams that were delivered. */
  tcpPieces: number;
  /** What the reassembly of TCP streams met. */
  tcp: Readonly<TcpCounts>;
  /** UDP packets of which the capture holds only a part; delivered where any of their payload can be told. */
  truncated: number;
  /** IPv4 headers with a wrong checksum, those around others included. */
  badIpChecksums: number;
  badUdpChecksums: number;
  /** Packets whose time stamp was out of range and normalised. */
  badTimestamps: number;
  /** Packets that the format keeps no time stamp for (pcapng's simple packets): they carry the one before theirs. */
  withoutTimestamp: number;
  /** Datagrams and segments of flows beyond the limit of the flow table, which share one flow. */
  otherFlows: number;
  /** Headers around others that were taken off, by kind. */
  tunnels: Record<string, number>;
  /** Hardware time stamps, by kind. */
  trailers: Record<string, number>;
  /** Packets that kept the capture's stamp although those of trailers were asked for. */
  withoutTrailer: number;
}

/** A pull cursor over the UDP datagrams and TCP streams of a pcap or pcapng capture. */
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
  join: Join | undefined = undefined;
  /** Bytes on the wire, from the link layer on, of the packet read last. */
  wireLength = 0;
  /** The LINKTYPE_ value of the interface that saw that packet. */
  linkType = 0;
  /** True where only the first `length` bytes of the datagram's payload were captured. */
  truncated = false;
  readonly flows: FlowTable;
  /** Flow of packets without a datagram, where all are delivered. */
  readonly noDatagram: Flow;
  private readonly queue = new ByteQueue();
  private readonly onDamage: DamageHandler;
  private readonly checksums: boolean;
  private readonly recover: boolean;
  private readonly tcp: boolean;
  private readonly allFrames: boolean;
  private readonly stampByTrailer: boolean;
  private readonly index: RecordNotes | null;
  private readonly tally = new Tally();
  private readonly streams: TcpStreams;
  private readonly packet = new Packet();
  private frames: FrameReader | null = null;
  private layers: Layers | null = null;
  /** True where pieces of TCP streams may be ready. */
  private draining = false;
  private packets = 0;
  private datagrams = 0;
  private segments = 0;
  private pieces = 0;

  constructor(options: CaptureReaderOptions) {
    this.onDamage = options.onDamage;
    this.checksums = options.checksums ?? true;
    this.recover = options.recover ?? false;
    this.allFrames = options.allFrames ?? false;
    this.tcp = !this.allFrames && (options.tcp ?? true);
    this.stampByTrailer = options.timestamps === 'trailer';
    this.index = options.index ?? null;
    this.flows = options.flows ?? new FlowTable();
    this.streams = new TcpStreams({ onDamage: this.onDamage, otherFlows: this.flows.otherFlows });
    this.flow = this.flows.otherFlows;
    this.noDatagram = { ...this.flows.otherFlows, name: NO_DATAGRAM };
    this.view = this.queue.view;
  }

  /** Null until the first bytes have told. */
  get format(): 'pcap' | 'pcapng' | null {
    return this.frames?.format ?? null;
  }

  /** Looked up when it is asked for, so that who does not ask pays nothing. */
  get frame(): CapturedFrame | null {
    const { frames, view, packets } = this;
    return frames === null || packets === 0 || view !== this.queue.view || this.join !== undefined
      ? null
      : this.packet.take(frames, view, this.offset, this.length);
  }

  get bytesAt(): number {
    const { queue, view } = this;
    return view !== queue.view || this.join !== undefined ? -1 : queue.position - queue.offset + this.offset;
  }

  /** What the capture says beside its packets; null where its format has no place for it. */
  get description(): CaptureDescription | null {
    return this.frames?.describe() ?? null;
  }

  /** How many packets carried no datagram for us, by reason. */
  get skipped(): Record<string, number> {
    return this.tally.skips.toObject();
  }

  get counts(): CaptureCounts {
    const { tally, frames } = this;
    const fragments = this.layers?.fragments;
    return {
      packets: this.packets,
      datagrams: this.datagrams,
      skipped: tally.skips.total,
      fragmentsMerged: fragments?.merged ?? 0,
      fragmentsHeld: fragments?.held ?? 0,
      fragmentOverlaps: fragments?.overlaps ?? 0,
      fragmentDuplicates: fragments?.duplicates ?? 0,
      incompleteDatagrams: fragments?.incomplete ?? 0,
      tcpSegments: this.segments,
      tcpPieces: this.pieces,
      tcp: { ...this.streams.counts },
      truncated: tally.truncated,
      badIpChecksums: tally.badIpChecksums,
      badUdpChecksums: tally.badUdpChecksums,
      badTimestamps: frames?.badTimestamps ?? 0,
      withoutTimestamp: frames?.withoutTimestamp ?? 0,
      otherFlows: tally.otherFlows,
      tunnels: Object.fromEntries(tally.tunnels),
      trailers: Object.fromEntries(tally.trailers),
      withoutTrailer: this.stampByTrailer ? this.packets - tally.restamped : 0,
    };
  }

  push(chunk: Uint8Array): void {
    if (this.done) return;
    this.queue.push(chunk);
    this.view = this.queue.view;
    if (this.layers === null) this.detect();
  }

  end(): void {
    this.queue.end();
  }

  next(): boolean {
    if (this.draining && this.nextPiece()) return true;
    const layers = this.layers ?? this.detect();
    if (layers === null) return false;
    const { frames } = layers;
    while (frames.next()) {
      if (this.index !== null) this.note(this.index, frames, layers);
      this.packets++;
      const outcome = layers.open(this.queue.view);
      if (outcome === DATAGRAM) {
        this.datagrams++;
        this.join = undefined;
        this.packetNumber = frames.packetNumber;
        this.fileOffset = frames.fileOffset;
        this.wireLength = frames.wireLength;
        this.linkType = frames.linkType;
        if (this.allFrames && this.view !== this.queue.view) this.takeFrame(frames);
        return true;
      }
      if (this.allFrames && frames.fault === null) return this.takeFrame(frames);
      if (outcome === SEGMENT && this.takeSegment(layers, frames)) return true;
    }
    return frames.done && this.finish(layers);
  }

  /** Delivers the packet at hand with an empty datagram behind it. */
  private takeFrame(frames: FrameReader): true {
    this.join = undefined;
    this.view = this.queue.view;
    this.offset = frames.offset + frames.length;
    this.length = 0;
    this.flow = this.noDatagram;
    this.truncated = frames.length < frames.wireLength;
    this.packetNumber = frames.packetNumber;
    this.fileOffset = frames.fileOffset;
    this.wireLength = frames.wireLength;
    this.linkType = frames.linkType;
    return true;
  }

  /** Begins in the middle: takes bytes that say how the packets behind are read, before `resumeAt`. */
  describe(offset: number, bytes: Uint8Array): void {
    this.queue.jump(offset);
    this.push(bytes);
    if (this.next()) throw new Error(`a packet among the ${bytes.length} describing bytes at ${offset}`);
  }

  /** Goes on at the point, whose bytes are pushed next. Fragments and TCP streams begin anew there. */
  resumeAt(point: ResumePoint): void {
    this.queue.jump(point.offset);
    this.frames?.resumeAt(point);
  }

  /**
   * Whether all bytes at hand were read, up to the end of a packet. What waits there for fragments or segments of TCP
   * is not touched by packets that are neither.
   */
  get isBetweenPackets(): boolean {
    return this.queue.available === 0 && !this.draining && this.frames?.isBetweenFrames === true;
  }

  get isAtEnd(): boolean {
    return this.queue.isAtEnd;
  }

  /** What another reader that began here counted up to `point`: goes on from there as if it had been read here. */
  leap(point: ResumePoint, counted: LeapCounts): void {
    this.queue.jump(point.offset);
    this.frames?.leap(point, counted);
    this.packets += counted.packets;
    this.datagrams += counted.datagrams;
    this.tally.add(counted);
  }

  /** Forgets what the bytes given to `describe` said beside how packets are read: another reader has told it. */
  readonly forgetNotes = (): void => this.frames?.forgetNotes();

  /** What `leap` takes of this reader in another's place; null where it met what only one reader can tell. */
  leapCounts(): LeapCounts | null {
    const { layers, tally, frames } = this;
    if (layers === null || frames === null || !layers.fragments.untouched || this.segments > 0) return null;
    const { packets, datagrams } = this;
    const { badTimestamps, seconds, nanoseconds } = frames;
    if (frames.withoutTimestamp > 0 || frames.hasNotes || !this.isBetweenPackets) return null;
    return { packets, datagrams, badTimestamps, last: { seconds, nanoseconds }, ...tally.export() };
  }

  /** Before anything of the packet is taken in, so that a reader who begins at it lacks nothing. */
  private note(index: RecordNotes, frames: FrameReader, layers: Layers): void {
    const { fileOffset, packetNumber, seconds, nanoseconds } = frames;
    index.note(fileOffset, packetNumber, seconds, nanoseconds, layers.fragments.held === 0, this.segments > 0);
  }

  /** Gives a segment to its stream; true where a piece came out of it. */
  private takeSegment(layers: Layers, frames: FrameReader): boolean {
    this.segments++;
    const { segmentView, tcp, capturedEnd, segmentFlow } = layers;
    const { packetNumber, fileOffset } = frames;
    const { seconds, nanoseconds, streams } = this;
    this.wireLength = frames.wireLength;
    this.linkType = frames.linkType;
    this.draining = streams.segment(
      segmentView,
      tcp,
      capturedEnd,
      segmentFlow,
      seconds,
      nanoseconds,
      packetNumber,
      fileOffset,
    );
    return this.draining && this.nextPiece();
  }

  private nextPiece(): boolean {
    const { streams } = this;
    this.draining = streams.next();
    if (!this.draining || streams.flow === null) return false;
    this.pieces++;
    this.view = streams.view;
    this.offset = streams.offset;
    this.length = streams.length;
    this.flow = streams.flow;
    this.join = streams.join;
    this.truncated = false;
    this.seconds = streams.seconds;
    this.nanoseconds = streams.nanoseconds;
    this.packetNumber = streams.packetNumber;
    this.fileOffset = streams.fileOffset;
    return true;
  }

  /** Gives up what waits for packets that will not come, if any; true where bytes of a TCP stream came out of it. */
  private finish(layers: Layers): boolean {
    if (!this.done && !layers.fragments.untouched) layers.fragments.flush();
    if (!this.done && this.segments > 0) this.streams.end();
    if (!this.done && this.segments > 0 && this.nextPiece()) return true;
    this.done = true;
    this.index?.finish();
    return false;
  }

  /** Chooses the format by the first bytes. */
  private detect(): Layers | null {
    const { queue, onDamage, recover, tally, checksums, flows, tcp, stampByTrailer } = this;
    if (this.done || (queue.available < SNIFF_BYTES && !queue.ended)) return null;
    const head = new Uint8Array(queue.view.buffer, queue.view.byteOffset + queue.offset, queue.available);
    const content = sniff(head);
    if (content === 'pcap') this.frames = new PcapReader(queue, onDamage, { recover });
    else if (content === 'pcapng') this.frames = new PcapngReader(queue, onDamage, { recover, ...this.blockNotes() });
    else this.refuse(head);
    if (this.frames === null) return null;
    this.layers = new Layers(this.frames, this, tally, { onDamage, checksums, flows, tcp, stampByTrailer });
    return this.layers;
  }

  private blockNotes(): PcapngReaderOptions {
    const { index } = this;
    if (index === null) return {};
    return {
      onBlock: (kind, offset, length) => {
        if (kind === 'SHB' || kind === 'IDB') index.noteBlock(offset, length, kind === 'SHB');
      },
    };
  }

  private refuse(head: Uint8Array): void {
    this.done = true;
    const known = describeForeign(head);
    const foreign =
      known === null
        ? 'The file begins neither as pcap nor as pcapng. Check that it is a capture and not compressed.'
        : `The file ${known}.`;
    const empty = 'The capture is empty: it has not even a file header. Capture or copy it again.';
    this.onDamage({ code: 'not-a-capture', message: head.length === 0 ? empty : foreign, record: 0, offset: 0 });
  }
}
