/** What a demux tells of the streams and flows that it met. */
import type { Flow } from '../core/seams.js';
import type { Mdp3Decoder } from './mdp3.js';
import { Mdp3Stream } from './mdp3-stream.js';
import type { Mdp3TcpDecoder } from './mdp3-tcp.js';
import { MoldUDP64Decoder } from './moldudp64.js';
import type { SequenceReport } from './sequence-tracker.js';
import { SoupBinTCPDecoder, type SoupReport } from './soupbintcp.js';
import type { SessionStream } from './stream.js';

/** One stream: what a session carried on a flow. `gaps` are what is still missing. */
export interface SessionReport extends Omit<SequenceReport, 'messages'> {
  readonly protocol: SessionStream['protocol'];
  readonly session: string | null;
  /** `address:port` that the packets were sent to. */
  readonly destination: string;
  readonly source: string;
  /** Packets of MoldUDP64, logical packets of SoupBinTCP; of MDP 3.0 those, and not messages, are what is numbered. */
  readonly packets: number;
  /** Messages delivered, repeated and unsequenced ones included. */
  readonly messages: number;
  readonly unsequenced: number;
  readonly zeroLength: number;
  readonly heartbeats: number;
  readonly endOfSession: boolean;
  /** Of MDP 3.0 only: how often numbers began anew … */
  readonly restarts?: number;
  /** … and ChannelReset messages. */
  readonly resets?: number;
}

/**
 * One flow: what was sent from one address and port to another. What `SoupReport` has is there for SoupBinTCP only,
 * some of it for MDP 3.0 over TCP.
 */
export interface FlowReport extends Partial<SoupReport> {
  readonly transport: 'UDP' | 'TCP';
  /** `address:port`. */
  readonly source: string;
  readonly destination: string;
  /** Datagrams, or pieces of a TCP stream. */
  readonly packets: number;
  /** Bytes of payload. */
  readonly bytes: number;
  readonly recognisedAs: SessionStream['protocol'] | null;
  /** Packets that came before the flow was recognised, or all of them. */
  readonly unrecognisedPackets: number;
  /** Request packets, client to server. */
  readonly requests: number;
}

/** What a stream has counted so far. */
export function reportStream(stream: SessionStream): SessionReport {
  const { protocol, session, flow, packets, unsequenced, zeroLength, heartbeats, endOfSession } = stream;
  const sequence = stream.sequenceReport();
  return {
    protocol,
    session,
    destination: flow === null ? '' : endpoint(flow.destination, flow.destinationPort),
    source: flow === null ? '' : endpoint(flow.source, flow.sourcePort),
    ...sequence,
    messages: stream.messages,
    packets,
    unsequenced,
    zeroLength,
    heartbeats,
    endOfSession,
    ...(stream instanceof Mdp3Stream ? { restarts: stream.restarts, resets: stream.resets } : {}),
  };
}

/** What is known of a flow. */
export interface FlowCounts {
  readonly flow: Flow;
  readonly packets: number;
  readonly bytes: number;
  readonly unrecognisedPackets: number;
  readonly decoder: MoldUDP64Decoder | Mdp3Decoder | null;
  readonly streamDecoder: SoupBinTCPDecoder | Mdp3TcpDecoder | null;
}

/** What a flow has counted so far. */
export function reportFlow(counts: FlowCounts): FlowReport {
  const { flow, packets, bytes, unrecognisedPackets, decoder, streamDecoder } = counts;
  return {
    transport: flow.transport,
    source: endpoint(flow.source, flow.sourcePort),
    destination: endpoint(flow.destination, flow.destinationPort),
    packets,
    bytes,
    recognisedAs: framingOf(counts),
    unrecognisedPackets,
    requests: decoder instanceof MoldUDP64Decoder ? decoder.requests : 0,
    ...streamDecoder?.report(),
  };
}

/** What a flow's decoder takes it for; null where there is none. */
export function framingOf({ decoder, streamDecoder }: FlowCounts): FlowReport['recognisedAs'] {
  if (decoder !== null) return decoder instanceof MoldUDP64Decoder ? 'MoldUDP64' : 'MDP3';
  if (streamDecoder !== null) return streamDecoder instanceof SoupBinTCPDecoder ? 'SoupBinTCP' : 'MDP3-TCP';
  return null;
}

/** `address:port`, an IPv6 address in brackets, as in the flow's name. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
