/**
 * From datagrams and pieces of TCP streams to messages: recognises MoldUDP64, SoupBinTCP and MDP 3.0 flow by flow.
 *
 * Every packet of a flow is looked at until one is recognised; from then on the flow is what it was recognised as, and
 * what does not fit is damage. Packets of other flows are only counted. A stream is one session on one flow.
 */
import type { Flow, Join, LengthOf, MessageListener } from '../core/seams.js';
import {
  type FlowCounts,
  type FlowReport,
  framingOf,
  reportFlow,
  reportStream,
  type SessionReport,
} from './demux-report.js';
import { Mdp3Decoder, type Mdp3Facts } from './mdp3.js';
import { looksLikeMdp3 } from './mdp3-recognise.js';
import { Mdp3TcpDecoder } from './mdp3-tcp.js';
import { Mdp3TcpRecogniser } from './mdp3-tcp-recogniser.js';
import { MoldUDP64Decoder } from './moldudp64.js';
import { looksLikeMoldUDP64 } from './recognise.js';
import { SoupBinTCPDecoder } from './soupbintcp.js';
import { SoupRecogniser } from './soupbintcp-recogniser.js';
import { MAX_STREAMS, type SessionStream, StreamTable } from './stream.js';

export type { FlowReport, SessionReport } from './demux-report.js';
export { looksLikeMdp3 } from './mdp3-recognise.js';
export { looksLikeMoldUDP64 } from './recognise.js';
export { looksLikeSoupBinTCP } from './soupbintcp-chain.js';

/** The most flows that are told apart; datagrams of later ones are counted in `droppedFlowPackets` only. */
export const MAX_DEMUX_FLOWS = 131_072;

/**
 * Framing that a flow is given whatever its bytes look like; undefined leaves it to recognition, and so does one that
 * the flow's transport cannot carry.
 */
export type ForcedFraming = 'moldudp64' | 'soupbintcp' | 'mdp3' | 'none' | undefined;

export interface SessionDemuxOptions {
  /** Length of a message by its type: helps to recognise a packet whose blocks are damaged. */
  readonly lengthOf: LengthOf;
  /** What has to be known of messages of MDP 3.0; without it no flow is recognised as that. */
  readonly mdp3?: Mdp3Facts;
  /** Asked once for each flow. */
  readonly force?: (flow: Flow) => ForcedFraming;
  /** Index of the first stream; 0 where absent. */
  readonly firstStream?: number;
}

const noFacts: Mdp3Facts = { fits: () => false };

class FlowState implements FlowCounts {
  packets = 0;
  bytes = 0;
  unrecognisedPackets = 0;
  /** Of datagrams. */
  decoder: MoldUDP64Decoder | Mdp3Decoder | null = null;
  /** Of a TCP stream. */
  streamDecoder: SoupBinTCPDecoder | Mdp3TcpDecoder | null = null;
  /** Of a TCP stream that is not recognised. */
  recogniser: SoupRecogniser | null = null;
  mdp3Recogniser: Mdp3TcpRecogniser | null = null;

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
  /** Flows of datagrams that were recognised by their bytes, in that order. */
  readonly recognised: Flow[] = [];

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
    const decoder = state === null ? null : this.decoderOf(view, offset, length, state);
    decoder?.packet(view, offset, length, timestampNs, packetNumber, fileOffset);
    return decoder !== null;
  }

  /**
   * Counts a datagram whose messages were read elsewhere, without damage, and goes on with its session's numbers;
   * returns whether its flow is decoded. Of MDP the messages are told all the same.
   */
  follow(
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    packetNumber: number,
    fileOffset: number,
  ): boolean {
    const state = this.last?.flow === flow ? this.last : this.findState(flow);
    const decoder = state === null ? null : this.decoderOf(view, offset, length, state);
    if (decoder instanceof MoldUDP64Decoder) decoder.follow(view, offset, length, packetNumber, fileOffset);
    else decoder?.packet(view, offset, length, 0, packetNumber, fileOffset);
    return decoder !== null;
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
    if (state.streamDecoder !== null) {
      state.streamDecoder.piece(view, offset, length, timestampNs, join, packetNumber, fileOffset);
      return true;
    }
    const recogniser = this.recogniseStream(view, offset, length, join, state);
    if (recogniser === null) {
      state.unrecognisedPackets++;
      return false;
    }
    const decoder = recogniser === state.recogniser ? this.createSoup(flow) : this.createMdp3Tcp(flow);
    state.unrecognisedPackets -= recogniser.heldPieces;
    state.streamDecoder = decoder;
    state.recogniser = null;
    state.mdp3Recogniser = null;
    const { view: all, offset: from, length: count } = recogniser;
    decoder.piece(all, from, count, timestampNs, recogniser.join, packetNumber, fileOffset);
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
    for (const { streamDecoder } of this.states.values()) streamDecoder?.finish();
  }

  /** Datagrams that came before the flow was recognised or that asked for retransmission: null for a flow not met. */
  oddPackets(flow: Flow): number | null {
    const state = this.states.get(flow);
    if (state === undefined) return null;
    const requests = state.decoder instanceof MoldUDP64Decoder ? state.decoder.requests : 0;
    return state.unrecognisedPackets + requests;
  }

  /** Whether what the flow carries is decoded. */
  isRecognised(flow: Flow): boolean {
    const state = this.states.get(flow);
    return state !== undefined && (state.decoder !== null || state.streamDecoder !== null);
  }

  /** What the flow was recognised as; null where it was not, or not yet. */
  recognisedAs(flow: Flow): FlowReport['recognisedAs'] {
    const state = this.states.get(flow);
    return state === undefined ? null : framingOf(state);
  }

  /** Bytes of a TCP stream that wait for those behind them. */
  pendingOf(flow: Flow): number {
    return this.states.get(flow)?.streamDecoder?.pending ?? 0;
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
      else if (forced === 'mdp3') state.decoder = this.createMdp3(flow);
    } else if (forced === 'soupbintcp') state.streamDecoder = this.createSoup(flow);
    else if (forced === 'mdp3') state.streamDecoder = this.createMdp3Tcp(flow);
    else if (forced !== 'none') {
      state.recogniser = new SoupRecogniser();
      if (this.options.mdp3 !== undefined) state.mdp3Recogniser = new Mdp3TcpRecogniser();
    }
    this.states.set(flow, state);
    return state;
  }

  /** Counts a datagram of a flow; what decodes it, null where the flow is not recognised. */
  private decoderOf(view: DataView, offset: number, length: number, state: FlowState): FlowState['decoder'] {
    this.last = state;
    state.packets++;
    state.bytes += length;
    const decoder = state.decoder ?? this.recognise(view, offset, length, state);
    if (decoder === null) state.unrecognisedPackets++;
    return decoder;
  }

  private recognise(view: DataView, offset: number, length: number, state: FlowState): FlowState['decoder'] {
    const { lengthOf, mdp3 } = this.options;
    if (state.isIgnored) return null;
    if (looksLikeMoldUDP64(view, offset, length, lengthOf)) state.decoder = this.createDecoder(state.flow);
    else if (mdp3 !== undefined && looksLikeMdp3(view, offset, length, mdp3))
      state.decoder = this.createMdp3(state.flow);
    if (state.decoder !== null) this.recognised.push(state.flow);
    return state.decoder;
  }

  /** The recogniser that knows the stream by its next piece; it has what is to be decoded. */
  private recogniseStream(
    view: DataView,
    offset: number,
    length: number,
    join: Join,
    state: FlowState,
  ): SoupRecogniser | Mdp3TcpRecogniser | null {
    const { lengthOf, mdp3 } = this.options;
    if (state.recogniser?.take(view, offset, length, join, lengthOf)) return state.recogniser;
    if (mdp3 !== undefined && state.mdp3Recogniser?.take(view, offset, length, join, mdp3)) return state.mdp3Recogniser;
    return null;
  }

  private createDecoder(flow: Flow): MoldUDP64Decoder {
    return new MoldUDP64Decoder(flow, this.listener, this.table);
  }

  private createMdp3(flow: Flow): Mdp3Decoder {
    return new Mdp3Decoder(flow, this.listener, this.options.mdp3 ?? noFacts, this.table);
  }

  private createMdp3Tcp(flow: Flow): Mdp3TcpDecoder {
    return new Mdp3TcpDecoder(flow, this.listener, this.options.mdp3 ?? noFacts, this.table);
  }

  private createSoup(flow: Flow): SoupBinTCPDecoder {
    return new SoupBinTCPDecoder(flow, this.listener, this.options.lengthOf, this.table);
  }
}
