/**
 * From datagrams and pieces of TCP streams to messages: recognises MoldUDP64 and SoupBinTCP flow by flow.
 *
 * Every packet of a flow is looked at until one is recognised; from then on the flow is what it was recognised as, and
 * what does not fit is damage. Packets of other flows are only counted. A stream is one session on one flow.
 */
import type { Flow, Join, LengthOf, MessageListener } from '../core/seams.js';
import { MoldUDP64Decoder } from './moldudp64.js';
import { looksLikeMoldUDP64 } from './recognise.js';
import type { SequenceReport } from './sequence-tracker.js';
import { SoupBinTCPDecoder, type SoupReport } from './soupbintcp.js';
import { SoupRecogniser } from './soupbintcp-recogniser.js';
import { MAX_STREAMS, type SessionStream, StreamTable } from './stream.js';

export { looksLikeMoldUDP64 } from './recognise.js';
export { looksLikeSoupBinTCP } from './soupbintcp-chain.js';

/** The most flows that are told apart; datagrams of later ones are counted in `droppedFlowPackets` only. */
export const MAX_DEMUX_FLOWS = 131_072;

/**
 * Framing that a flow is given whatever its bytes look like; undefined leaves it to recognition, and so does one that
 * the flow's transport cannot carry.
 */
export type ForcedFraming = 'moldudp64' | 'soupbintcp' | 'none' | undefined;

export interface SessionDemuxOptions {
  /** Length of a message by its type: helps to recognise a packet whose blocks are damaged. */
  readonly lengthOf: LengthOf;
  /** Asked once for each flow. */
  readonly force?: (flow: Flow) => ForcedFraming;
  /** Index of the first stream; 0 where absent. */
  readonly firstStream?: number;
}

/** One stream: what a session carried on a flow. `gaps` are what is still missing. */
export interface SessionReport extends Omit<SequenceReport, 'messages'> {
  readonly protocol: 'MoldUDP64' | 'SoupBinTCP';
  readonly session: string | null;
  /** `address:port` that the packets were sent to. */
  readonly destination: string;
  readonly source: string;
  /** Packets of MoldUDP64, logical packets of SoupBinTCP. */
  readonly packets: number;
  /** Messages delivered, repeated and unsequenced ones included. */
  readonly messages: number;
  readonly unsequenced: number;
  readonly zeroLength: number;
  readonly heartbeats: number;
  readonly endOfSession: boolean;
}

/** One flow: what was sent from one address and port to another; what `SoupReport` has is there for SoupBinTCP only. */
export interface FlowReport extends Partial<SoupReport> {
  readonly transport: 'UDP' | 'TCP';
  /** `address:port`. */
  readonly source: string;
  readonly destination: string;
  /** Datagrams, or pieces of a TCP stream. */
  readonly packets: number;
  /** Bytes of payload. */
  readonly bytes: number;
  readonly recognisedAs: 'MoldUDP64' | 'SoupBinTCP' | null;
  /** Packets that came before the flow was recognised, or all of them. */
  readonly unrecognisedPackets: number;
  /** Request packets, client to server. */
  readonly requests: number;
}

class FlowState {
  packets = 0;
  bytes = 0;
  unrecognisedPackets = 0;
  decoder: MoldUDP64Decoder | null = null;
  soup: SoupBinTCPDecoder | null = null;
  /** Of a TCP stream that is not recognised. */
  recogniser: SoupRecogniser | null = null;

  constructor(
    readonly flow: Flow,
    readonly isIgnored: boolean,
  ) {}
}

/** Takes what any number of flows carry and tells one listener the messages of those that it recognises. */
export class SessionDemux {
  /** Datagrams of flows beyond `MAX_DEMUX_FLOWS`. */
  droppedFlowPackets = 0;
  private readonly listener: MessageListener;
  private readonly options: SessionDemuxOptions;
  private readonly table: StreamTable;
  private readonly states = new Map<Flow, FlowState>();
  private last: FlowState | null = null;

  constructor(listener: MessageListener, options: SessionDemuxOptions) {
    this.listener = listener;
    this.options = options;
    this.table = new StreamTable(MAX_STREAMS, options.firstStream);
  }

  /** The streams met so far, in order of first appearance; they are alive and go on counting. */
  get streams(): readonly SessionStream[] {
    return this.table.streams;
  }

  /** Decodes a datagram, or counts it where its flow is not recognised; returns whether it was decoded. */
  datagram(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    flow: Flow,
    packetNumber: number,
    fileOffset: number,
  ): boolean {
    const state = this.last?.flow === flow ? this.last : this.findState(flow);
    if (state === null) return false;
    this.last = state;
    state.packets++;
    state.bytes += length;
    const decoder = state.decoder ?? this.recognise(view, offset, length, state);
    if (decoder === null) {
      state.unrecognisedPackets++;
      return false;
    }
    decoder.packet(view, offset, length, timestampNs, packetNumber, fileOffset);
    return true;
  }

  /** Decodes the next bytes of a TCP stream, or counts them where its flow is not recognised; returns which. */
  segment(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    flow: Flow,
    join: Join,
    packetNumber: number,
    fileOffset: number,
  ): boolean {
    const state = this.last?.flow === flow ? this.last : this.findState(flow);
    if (state === null) return false;
    this.last = state;
    state.packets++;
    state.bytes += length;
    if (state.soup !== null) {
      state.soup.piece(view, offset, length, timestampNs, join, packetNumber, fileOffset);
      return true;
    }
    const { recogniser } = state;
    if (recogniser === null || !recogniser.take(view, offset, length, join, this.options.lengthOf)) {
      state.unrecognisedPackets++;
      return false;
    }
    state.unrecognisedPackets -= recogniser.heldPieces;
    state.soup = this.createSoup(flow);
    state.recogniser = null;
    const { view: all, offset: from, length: count } = recogniser;
    state.soup.piece(all, from, count, timestampNs, recogniser.join, packetNumber, fileOffset);
    return true;
  }

  /** Forgets what streams and flows have counted; framing, numbers and what was recognised stay. */
  countAnew(): void {
    for (const stream of this.table.streams) stream.countAnew();
    for (const state of this.states.values()) {
      state.packets = 0;
      state.bytes = 0;
      state.unrecognisedPackets = 0;
    }
  }

  /** Says that the input has ended: what is left unfinished is damage. */
  finish(): void {
    for (const { soup } of this.states.values()) soup?.finish();
  }

  /** Whether what the flow carries is decoded. */
  isRecognised(flow: Flow): boolean {
    const state = this.states.get(flow);
    return state !== undefined && (state.decoder !== null || state.soup !== null);
  }

  sessions(): SessionReport[] {
    return this.table.streams.map(reportStream);
  }

  flows(): FlowReport[] {
    return [...this.states.values()].map(reportFlow);
  }

  private findState(flow: Flow): FlowState | null {
    const known = this.states.get(flow);
    if (known !== undefined) return known;
    if (this.states.size >= MAX_DEMUX_FLOWS) {
      this.droppedFlowPackets++;
      return null;
    }
    const forced = this.options.force?.(flow);
    const state = new FlowState(flow, forced === 'none');
    if (flow.transport === 'UDP') {
      if (forced === 'moldudp64') state.decoder = this.createDecoder(flow);
    } else if (forced === 'soupbintcp') state.soup = this.createSoup(flow);
    else if (forced !== 'none') state.recogniser = new SoupRecogniser();
    this.states.set(flow, state);
    return state;
  }

  private recognise(view: DataView, offset: number, length: number, state: FlowState): MoldUDP64Decoder | null {
    if (state.isIgnored || !looksLikeMoldUDP64(view, offset, length, this.options.lengthOf)) return null;
    state.decoder = this.createDecoder(state.flow);
    return state.decoder;
  }

  private createDecoder(flow: Flow): MoldUDP64Decoder {
    return new MoldUDP64Decoder(flow, this.listener, this.table);
  }

  private createSoup(flow: Flow): SoupBinTCPDecoder {
    return new SoupBinTCPDecoder(flow, this.listener, this.options.lengthOf, this.table);
  }
}

function reportStream(stream: SessionStream): SessionReport {
  const { protocol, session, flow, packets, unsequenced, zeroLength, heartbeats, endOfSession } = stream;
  const sequence = stream.tracker.report();
  return {
    protocol,
    session,
    destination: flow === null ? '' : endpoint(flow.destination, flow.destinationPort),
    source: flow === null ? '' : endpoint(flow.source, flow.sourcePort),
    ...sequence,
    messages: sequence.messages + unsequenced,
    packets,
    unsequenced,
    zeroLength,
    heartbeats,
    endOfSession,
  };
}

function reportFlow(state: FlowState): FlowReport {
  const { flow, packets, bytes, unrecognisedPackets, decoder, soup } = state;
  return {
    transport: flow.transport,
    source: endpoint(flow.source, flow.sourcePort),
    destination: endpoint(flow.destination, flow.destinationPort),
    packets,
    bytes,
    recognisedAs: decoder !== null ? 'MoldUDP64' : soup !== null ? 'SoupBinTCP' : null,
    unrecognisedPackets,
    requests: decoder?.requests ?? 0,
    ...soup?.report(),
  };
}

/** `address:port`, an IPv6 address in brackets, as in the flow's name. */
function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
