/**
 * Captures of SoupBinTCP 3.00 as MoldUDP64 1.00 datagrams, and of MDP 3.0 over TCP as its UDP packets, so that they are
 * replayed as any other feed.
 *
 * Datagrams of UDP pass through as they are. Of the pieces of TCP streams that are SoupBinTCP, server to client, the
 * sequenced messages come out as MoldUDP64 packets: those of one piece share a packet up to the MTU, stamped as the
 * piece. The session is the login's, where one was captured, and so are the numbers; else messages are counted from 1
 * in each stream. Heartbeats and the end of the session come out too; what the client sends does not.
 * Both directions of MDP 3.0 come out, for its framing does not tell them apart; `mdp3-bridge.ts` says how.
 *
 * Damage codes: those of the decoder, and `message-too-long`.
 */
import type { CapturedFrame, DamageHandler, DatagramReader, Flow, LengthOf, Stream } from '../core/seams.js';
import { type ForcedFraming, SessionDemux } from './demux.js';
import type { Mdp3Facts } from './mdp3.js';
import { Mdp3PacketAssembler } from './mdp3-bridge.js';
import { Mdp3Stream } from './mdp3-stream.js';
import { IP_UDP_LENGTH, MAX_MOLD_MESSAGE } from './moldudp64-builder.js';
import {
  BLOCK_LENGTH_SIZE,
  COUNT_OFFSET,
  END_OF_SESSION_COUNT,
  encodeSession,
  HEADER_LENGTH,
  HEARTBEAT_COUNT,
  MAX_MESSAGE_COUNT,
  writeHeader,
} from './moldudp64-header.js';

const FIRST_BYTES = 4096;
/** Flows that `skipped` names. */
const NAMED_FLOWS = 20;

export interface SoupBridgeOptions {
  /** Session name of streams whose login was not captured, at most 10 characters. */
  readonly session: string;
  /** Bytes of an IP packet at most. */
  readonly mtu: number;
  readonly lengthOf: LengthOf;
  /** What has to be known of messages of MDP 3.0; without it no stream is recognised as that. */
  readonly mdp3?: Mdp3Facts;
  /** Asked once for each flow of TCP. */
  readonly force?: (flow: Flow) => ForcedFraming;
  /** The flows of built packets by those of TCP: the same map for every pass over a capture keeps them the same. */
  readonly flows?: Map<Flow, Flow>;
  readonly onDamage?: DamageHandler;
}

/** What was neither framing: pieces of TCP streams in all, and of the first flows by name. */
export interface SkippedPieces {
  readonly pieces: number;
  readonly flows: { readonly name: string; readonly pieces: number }[];
}

/** A stream as its packets have it. */
interface BuiltStream {
  /** As the stream told it when this was made. */
  readonly session: string | null;
  readonly name: Uint8Array;
  readonly flow: Flow;
  nextSequence: number;
}

/** A packet in the bridge's bytes. */
interface BuiltPacket {
  offset: number;
  length: number;
  messageCount: number;
  flow: Flow;
  /** Of a packet of MoldUDP64. */
  stream: BuiltStream | null;
}

/** The views of built packets are valid until the next `next()`, as the reader's own are. */
export class SoupBridge implements DatagramReader {
  view: DataView;
  offset = 0;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  flow: Flow;
  /** Whether the capture holds only a part of the datagram; never of a built packet. */
  truncated = false;
  /** Messages of a built packet; 0 in datagrams that pass through. */
  messageCount = 0;
  /** Messages that no datagram can hold, left out. */
  tooLong = 0;
  private readonly reader: DatagramReader & { readonly truncated?: boolean };
  private readonly options: SoupBridgeOptions;
  private readonly maxLength: number;
  private readonly demux: SessionDemux;
  private readonly flows: Map<Flow, Flow>;
  /** By stream; streams beyond the decoder's bound, which share one without a flow, by the flow at hand. */
  private readonly streams = new Map<Stream | Flow, BuiltStream>();
  private readonly mdp3 = new Mdp3PacketAssembler((view, length, messageCount, flow) =>
    this.add(view, length, messageCount, flow),
  );
  private isFinished = false;
  /** Whether there was any TCP. */
  private hasPieces = false;
  /** The packets of the latest piece. */
  private bytes = new Uint8Array(FIRST_BYTES);
  private out = new DataView(this.bytes.buffer);
  private used = 0;
  private readonly packets: BuiltPacket[] = [];
  private built = 0;
  private given = 0;
  /** The packet that messages are added to; null where the next message begins one. */
  private filling: BuiltPacket | null = null;

  constructor(reader: DatagramReader, options: SoupBridgeOptions) {
    const { mtu, lengthOf, mdp3, force, onDamage, flows = new Map() } = options;
    this.reader = reader;
    this.options = options;
    this.maxLength = mtu - IP_UDP_LENGTH;
    this.flows = flows;
    this.view = reader.view;
    this.flow = reader.flow;
    this.demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _timestampNs, sequence, stream) =>
          this.message(view, offset, length, sequence, stream),
        onHeartbeat: (nextSequence, _timestampNs, stream) => this.heartbeat(nextSequence, stream),
        onEndOfSession: (nextSequence, _timestampNs, stream) =>
          this.control(END_OF_SESSION_COUNT, nextSequence, stream),
        ...(onDamage === undefined ? {} : { onDamage }),
      },
      { lengthOf, ...(mdp3 === undefined ? {} : { mdp3 }), ...(force === undefined ? {} : { force }) },
    );
  }

  /** Of datagrams that pass through; built ones are in no packet. */
  get frame(): CapturedFrame | null {
    return this.view === this.out ? null : (this.reader.frame ?? null);
  }

  get isAtEnd(): boolean {
    return this.given === this.built && this.reader.isAtEnd === true;
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
  }

  end(): void {
    this.reader.end();
  }

  next(): boolean {
    const { reader } = this;
    for (;;) {
      if (this.given < this.built) return this.handOver(this.packets[this.given++] as BuiltPacket);
      if (!reader.next()) {
        if (!reader.done) return false;
        if (this.isFinished || !this.hasPieces) {
          this.done = true;
          return false;
        }
        this.finish();
        continue;
      }
      this.seconds = reader.seconds;
      this.nanoseconds = reader.nanoseconds;
      this.packetNumber = reader.packetNumber;
      this.fileOffset = reader.fileOffset;
      if (reader.flow.transport === 'UDP') return this.passThrough();
      this.piece();
    }
  }

  /** Pieces of TCP streams that are neither framing, as far as could be told. */
  skipped(): SkippedPieces {
    const strange = this.demux.flows().filter(({ unrecognisedPackets }) => unrecognisedPackets > 0);
    return {
      pieces: strange.reduce((sum, flow) => sum + flow.unrecognisedPackets, this.demux.droppedFlowPackets),
      flows: strange.slice(0, NAMED_FLOWS).map(({ source, destination, unrecognisedPackets }) => ({
        name: `${source} > ${destination}`,
        pieces: unrecognisedPackets,
      })),
    };
  }

  private passThrough(): boolean {
    const { reader } = this;
    this.view = reader.view;
    this.offset = reader.offset;
    this.length = reader.length;
    this.flow = reader.flow;
    this.truncated = reader.truncated === true;
    this.messageCount = 0;
    return true;
  }

  private piece(): void {
    const { view, offset, length, flow, join = 'next', packetNumber, fileOffset } = this.reader;
    this.empty();
    this.hasPieces = true;
    this.demux.segment(view, offset, length, 0, flow, join, packetNumber, fileOffset);
    if (this.mdp3.held > 0) this.mdp3.endPiece(this.flowOf(flow), this.demux.pendingOf(flow));
  }

  /** Puts out what the end of the capture completes. */
  private finish(): void {
    this.isFinished = true;
    this.empty();
    this.demux.finish();
    this.mdp3.finish();
  }

  private empty(): void {
    this.used = 0;
    this.built = 0;
    this.given = 0;
    this.filling = null;
  }

  private handOver(packet: BuiltPacket): boolean {
    this.view = this.out;
    this.offset = packet.offset;
    this.length = packet.length;
    this.flow = packet.flow;
    this.truncated = false;
    this.messageCount = packet.messageCount;
    return true;
  }

  private message(view: DataView, offset: number, length: number, sequence: number, from: Stream): void {
    if (from.isUnsequenced) return;
    if (from instanceof Mdp3Stream) {
      this.mdp3.message(view, offset, length, sequence, from, this.flowOf(from.flow ?? this.reader.flow));
      return;
    }
    if (length > MAX_MOLD_MESSAGE) {
      this.leaveOut(length);
      return;
    }
    const stream = this.streamOf(from);
    const number = sequence === 0 ? stream.nextSequence : sequence;
    const packet = this.packetFor(stream, number, BLOCK_LENGTH_SIZE + length);
    this.reserve(BLOCK_LENGTH_SIZE + length);
    this.out.setUint16(this.used, length);
    const message = new Uint8Array(view.buffer, view.byteOffset + offset, length);
    this.bytes.set(message, this.used + BLOCK_LENGTH_SIZE);
    this.used += BLOCK_LENGTH_SIZE + length;
    packet.length += BLOCK_LENGTH_SIZE + length;
    packet.messageCount++;
    this.out.setUint16(packet.offset + COUNT_OFFSET, packet.messageCount);
    stream.nextSequence = number + 1;
  }

  /** The packet that a block goes into: the one being filled, where it follows on there and fits. */
  private packetFor(stream: BuiltStream, sequence: number, blockLength: number): BuiltPacket {
    const { filling } = this;
    const isRoom =
      filling !== null &&
      filling.stream === stream &&
      sequence === stream.nextSequence &&
      filling.length + blockLength <= this.maxLength &&
      filling.messageCount < MAX_MESSAGE_COUNT;
    if (isRoom) return filling;
    this.filling = this.begin(stream, sequence, 0);
    return this.filling;
  }

  private heartbeat(nextSequence: number, from: Stream): void {
    if (!(from instanceof Mdp3Stream)) this.control(HEARTBEAT_COUNT, nextSequence, from);
    else this.mdp3.heartbeat(Math.max(0, nextSequence - 1), from, this.flowOf(from.flow ?? this.reader.flow));
  }

  /** Adds a complete packet of MDP 3.0. */
  private add(view: DataView, length: number, messageCount: number, flow: Flow): void {
    this.reserve(length);
    this.packets[this.built++] = { offset: this.used, length, messageCount, flow, stream: null };
    this.bytes.set(new Uint8Array(view.buffer, view.byteOffset, length), this.used);
    this.used += length;
    this.filling = null;
  }

  private control(count: number, nextSequence: number, from: Stream): void {
    const stream = this.streamOf(from);
    if (nextSequence > 0) stream.nextSequence = nextSequence;
    this.filling = null;
    this.begin(stream, stream.nextSequence, count);
  }

  private begin(stream: BuiltStream, sequence: number, count: number): BuiltPacket {
    this.reserve(HEADER_LENGTH);
    const packet = { offset: this.used, length: HEADER_LENGTH, messageCount: 0, flow: stream.flow, stream };
    this.used = writeHeader(this.out, this.used, stream.name, sequence, count);
    this.packets[this.built++] = packet;
    return packet;
  }

  private reserve(length: number): void {
    if (this.used + length <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.used + length));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
    this.out = new DataView(larger.buffer);
  }

  /** The stream under the name that its packets carry: another one once its login has named it. */
  private streamOf(from: Stream): BuiltStream {
    const flow = from.flow ?? this.reader.flow;
    const key = from.flow === null ? flow : from;
    const known = this.streams.get(key);
    if (known !== undefined && known.session === from.session) return known;
    const { session } = from;
    const isName = session !== null && /^[\x20-\x7e]{1,10}$/.test(session);
    const name = encodeSession(isName ? session : this.options.session);
    const stream: BuiltStream = { session, name, flow: this.flowOf(flow), nextSequence: 1 };
    this.streams.set(key, stream);
    return stream;
  }

  private flowOf(flow: Flow): Flow {
    const known = this.flows.get(flow);
    if (known !== undefined) return known;
    const built: Flow = { ...flow, transport: 'UDP' };
    this.flows.set(flow, built);
    return built;
  }

  private leaveOut(length: number): void {
    this.tooLong++;
    const { packetNumber: record, fileOffset: offset } = this;
    const what = `a message of ${length} bytes fits no UDP datagram; left out`;
    const message = `SoupBinTCP packet ${record} at byte ${offset}: ${what}`;
    this.options.onDamage?.({ code: 'message-too-long', message, record, offset });
  }
}
