/**
 * Packets as mutations change them: a header, messages, and what a correct parser makes of each.
 *
 * This is written from the specifications alone and shares no code with the sessions that it is to check: MoldUDP64
 * 1.00, SoupBinTCP 3.00, BinaryFILE, CME MDP 3.0.
 */
import type { Flow } from '../../core/seams.js';

/** How messages are carried; null: a packet of anything else, which passes as it is. */
export type MutationFraming = 'moldudp64' | 'soupbintcp' | 'binaryfile' | 'mdp3' | 'mdp3-tcp';

/**
 * What a correct parser does: it delivers the messages; or passes over what it does not know or has seen, in silence;
 * or reports a gap (and delivers); or rejects what cannot be, says so, and goes on.
 */
export type ExpectedVerdict = 'deliver' | 'skip' | 'gap' | 'reject';

/** A message as plain values: `type`, `name`, then its fields, as `decode` prints them. */
export type MessageValues = Readonly<Record<string, unknown>>;

/**
 * What becomes of a message: `deliver`; `skip`, of unknown layout, which takes a number; `reject`, which contradicts
 * its layout and takes a number; `lost`, which the framing does not reach.
 */
export type Fate = 'deliver' | 'skip' | 'reject' | 'lost';

export interface Block {
  bytes: Uint8Array;
  /** What the length in front of it says, where that is not right; as the framing writes it. */
  claimed?: number | undefined;
  fate: Fate;
  /** Of what is delivered. */
  values: MessageValues | null;
}

/** How a network layer carries the payload: frames as they are written, in order. */
export interface Frame {
  bytes: Uint8Array;
  /** Bytes on the wire where fewer were captured. */
  wireLength?: number;
}

/** Turns the frame as it should be into those that are written. */
export type Carry = (frame: Uint8Array) => Frame[];

/** Of TCP: which bytes of the payload are sent, segment by segment. */
export type Segments = (length: number) => readonly (readonly [from: number, to: number])[];

export interface Packet {
  readonly framing: MutationFraming | null;
  readonly flow: Flow;
  seconds: number;
  nanoseconds: number;
  /** 1-based place in the capture that it came from; 0 of one that was put in. */
  readonly source: number;
  /** Of MoldUDP64 20 bytes, of MDP 12, over TCP 14; fewer where it was cut, and none of others. */
  header: Uint8Array;
  blocks: Block[];
  /** What MoldUDP64's header says, where that is not the number of blocks. */
  count?: number | undefined;
  /** Bytes behind the last block; of a packet of no framing all there is. */
  tail: Uint8Array;
  /** Of SoupBinTCP: whole logical packets in front of the messages. */
  lead: Uint8Array;
  carry?: Carry | undefined;
  segments?: Segments | undefined;
  /** Whether the network hands the payload to the receiver. */
  isReceived: boolean;
  /** Whether a correct parser has something to report about the packet, be it but a count. */
  isReported: boolean;
  /** Whether a parser may as well leave its messages out: of a packet that is rejected in part. */
  isOptional: boolean;
  /**
   * Whether the framing of what follows is lost, in front of the packet's messages or behind them: of SoupBinTCP until
   * the next login, of a BinaryFILE for good.
   */
  breaksFraming?: 'before' | 'behind';
  /** Of SoupBinTCP: its session, and the number of its first message. */
  session?: string;
  number?: number;
  /** Over TCP: whether a connection begins with it. */
  connects?: boolean;
  /** What was done to it; null where nothing was. */
  label: Label | null;
}

/** Whether the packet is a piece of a TCP stream. */
export function isOfTcp({ framing }: Pick<Packet, 'framing'>): boolean {
  return framing === 'soupbintcp' || framing === 'mdp3-tcp';
}

/** What was done to a packet, and what a correct parser then does. */
export interface Label {
  readonly kind: string;
  readonly layer: Layer;
  readonly verdict: ExpectedVerdict;
  /** In numbers: `the header counts 5 messages where 4 follow`. */
  readonly what: string;
}

export type Layer = 'frame' | 'ip' | 'transport' | 'session' | 'stream' | 'message' | 'field';

export const layers: readonly Layer[] = ['frame', 'ip', 'transport', 'session', 'stream', 'message', 'field'];

/** A copy that can be changed on its own. */
export function copyPacket(packet: Packet): Packet {
  return {
    ...packet,
    header: packet.header.slice(),
    blocks: packet.blocks.map((block) => ({ ...block, bytes: block.bytes.slice() })),
    tail: packet.tail.slice(),
    lead: packet.lead.slice(),
  };
}

/** A packet as it was captured. */
export function packetOf(
  framing: MutationFraming | null,
  flow: Flow,
  seconds: number,
  nanoseconds: number,
  source: number,
): Packet {
  return {
    framing,
    flow,
    seconds,
    nanoseconds,
    source,
    header: empty,
    blocks: [],
    tail: empty,
    lead: empty,
    isReceived: true,
    isReported: false,
    isOptional: false,
    label: null,
  };
}

export const empty = new Uint8Array(0);

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
