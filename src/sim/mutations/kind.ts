/** What a row of the table of mutations is, and the place at which it is applied. */
import type { Random } from '../../core/random.js';
import {
  type Block,
  copyPacket,
  type ExpectedVerdict,
  type Label,
  type Layer,
  type MutationFraming,
  type Packet,
} from './model.js';
import { payloadOf, readPayload } from './packets.js';

/** One way to change a packet. */
export interface MutationKind {
  readonly name: string;
  readonly layer: Layer;
  readonly framings: readonly MutationFraming[];
  /** What a correct parser does about it. */
  readonly verdict: ExpectedVerdict;
  /** What is done, and what the specification says about it. */
  readonly summary: string;
  /** Whether only the last packet of a flow has a place for it. */
  readonly isOfLast?: boolean;
  /** Whether it leaves numbers of MDP in doubt, so that a flow bears it once. */
  readonly leaps?: boolean;
  /** Changes the packet at the site and says what it did, in numbers; null where the packet has no place for it. */
  readonly apply: (site: Site) => string | null;
}

/** A packet to be changed in place, with its neighbours of the same flow and framing. */
export interface Site {
  readonly random: Random;
  packet: Packet;
  /** May be changed too; null where the packet is the flow's last. */
  readonly next: Packet | null;
  /** All before it of the flow, latest last. */
  readonly earlier: readonly Packet[];
  /** Packets to be put in front and behind. */
  readonly before: Packet[];
  readonly after: Packet[];
  isDropped: boolean;
  /** Whether the flow's numbers begin anew with the packet. */
  restarts: boolean;
  /** The packet that carries the label, where that is not `packet`. */
  labelled: Packet | null;
}

/** The label that a row gives. */
export function labelOf({ name, layer, verdict }: MutationKind, what: string): Label {
  return { kind: name, layer, verdict, what };
}

export const udpFramings: readonly MutationFraming[] = ['moldudp64', 'mdp3'];
export const itchFramings: readonly MutationFraming[] = ['moldudp64', 'soupbintcp', 'binaryfile'];

/**
 * Edits the payload and reads it anew, by the specification; false, and all as it was, where wrong lengths would let
 * bytes pass for a message that was never sent.
 */
export function editPayload(site: Site, edit: (payload: Uint8Array, view: DataView) => Uint8Array): boolean {
  const { packet } = site;
  const original = copyPacket(packet);
  const payload = payloadOf(packet);
  const edited = edit(payload, new DataView(payload.buffer, payload.byteOffset, payload.length));
  readPayload(packet, edited);
  const sent = new Set(original.blocks.map(({ bytes }) => keyOf(bytes)));
  const isSound = packet.blocks.every(({ fate, bytes }) => fate !== 'deliver' || sent.has(keyOf(bytes)));
  if (isSound) {
    packet.isOptional = true;
    return true;
  }
  Object.assign(packet, original);
  return false;
}

/** Where the length in front of each block stands in the payload of MoldUDP64 or MDP. */
export function blockOffsets(packet: Packet): number[] {
  let at = packet.header.length;
  return packet.blocks.map(({ bytes }) => {
    const start = at;
    at += 2 + bytes.length;
    return start;
  });
}

/** One of the packet's messages that are delivered, and its place; null where there is none. */
export function pickBlock(site: Site): Block | null {
  const known = site.packet.blocks.filter(({ fate }) => fate === 'deliver');
  return known.length === 0 ? null : site.random.pick(known);
}

/** Random bytes. */
export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

function keyOf(bytes: Uint8Array): string {
  return bytes.join();
}
