/**
 * Payloads into packets and back, by the specifications' own words: the plainest reader that can be right.
 *
 * MoldUDP64: 10 bytes of session, a 64-bit number, a 16-bit count (0 heartbeat, 0xFFFF end of session), then messages,
 * each behind its 16-bit length, all big-endian. MDP 3.0: a 32-bit number, a 64-bit time, then messages, each behind a
 * 16-bit size that counts itself, all little-endian; over TCP 0xCAFE stands before the number. SoupBinTCP: a 16-bit
 * length that counts the type behind it.
 */
import { itch50 } from '../../protocol/itch50/index.js';
import { mdp3 } from '../../protocol/mdp3/index.js';
import { type Block, concat, empty, type Fate, type MessageValues, type Packet, viewOf } from './model.js';
import { sbeFate } from './sbe-parts.js';

export const MOLD_HEADER = 20;
export const MDP_HEADER = 12;
/** Of the form over TCP: the mark 0xCAFE, then as over UDP. */
export const MDP_TCP_HEADER = 14;
const END_OF_SESSION = 0xffff;
const SOUP_SEQUENCED = 0x53;

/** A message of ITCH with what becomes of it. */
export function itchBlock(bytes: Uint8Array): Block {
  const values = itch50.toObject(viewOf(bytes), 0, bytes.length) as MessageValues | null;
  return { bytes, fate: values === null ? 'skip' : 'deliver', values };
}

/** A message of MDP, its SBE header first. */
export function mdpBlock(bytes: Uint8Array): Block {
  const fate: Fate = sbeFate(bytes);
  const values = fate === 'deliver' ? (mdp3.toObject(viewOf(bytes), 0, bytes.length) as MessageValues | null) : null;
  return { bytes, fate, values };
}

/** The block that bytes are in the packet's framing. */
export function blockOf(packet: Pick<Packet, 'framing'>, bytes: Uint8Array): Block {
  return isMdp(packet) ? mdpBlock(bytes) : itchBlock(bytes);
}

/** Reads a payload of MoldUDP64 or MDP into the packet: header, blocks, what is left, and whether it is sound. */
export function readPayload(packet: Packet, payload: Uint8Array): void {
  packet.blocks = [];
  packet.tail = empty;
  packet.count = undefined;
  if (packet.framing === 'moldudp64') readMold(packet, payload);
  else if (packet.framing === 'mdp3') readMdp(packet, payload);
  else packet.tail = payload;
}

/** The payload of a packet. */
export function payloadOf(packet: Packet): Uint8Array {
  const { framing, header, blocks, tail, lead } = packet;
  if (framing === null) return tail;
  if (framing === 'soupbintcp') return concat([lead, ...blocks.flatMap(soupPacket), tail]);
  if (framing === 'binaryfile') return concat([...blocks.flatMap((block) => [bigLength(block), block.bytes]), tail]);
  if (isMdp(packet)) return concat([header, ...blocks.flatMap((block) => [mdpSize(block), block.bytes]), tail]);
  const head = header.slice();
  if (head.length === MOLD_HEADER) viewOf(head).setUint16(18, packet.count ?? blocks.length);
  return concat([head, ...blocks.flatMap((block) => [bigLength(block), block.bytes]), tail]);
}

/** Whether the packet carries messages of MDP 3.0. */
export function isMdp({ framing }: Pick<Packet, 'framing'>): boolean {
  return framing === 'mdp3' || framing === 'mdp3-tcp';
}

/** Whether the packet is a heartbeat or the end of the session. */
export function isControl({ count }: Packet): boolean {
  return count === 0 || count === END_OF_SESSION;
}

function readMold(packet: Packet, payload: Uint8Array): void {
  packet.header = payload.slice(0, MOLD_HEADER);
  if (payload.length < MOLD_HEADER) {
    packet.isReported = true;
    return;
  }
  const view = viewOf(payload);
  const count = view.getUint16(18);
  let at = MOLD_HEADER;
  if (count !== 0 && count !== END_OF_SESSION) {
    while (packet.blocks.length < count && at + 2 <= payload.length) {
      const length = view.getUint16(at);
      if (at + 2 + length > payload.length) break;
      packet.blocks.push(itchBlock(payload.slice(at + 2, at + 2 + length)));
      at += 2 + length;
    }
  }
  if (packet.blocks.length !== count) packet.count = count;
  packet.tail = payload.slice(at);
  if ((packet.count !== undefined && !isControl(packet)) || packet.tail.length > 0) packet.isReported = true;
}

function readMdp(packet: Packet, payload: Uint8Array): void {
  packet.header = payload.slice(0, MDP_HEADER);
  if (payload.length < MDP_HEADER) {
    packet.isReported = true;
    return;
  }
  const view = viewOf(payload);
  let at = MDP_HEADER;
  while (at + 2 <= payload.length) {
    const size = view.getUint16(at, true);
    if (size < 10 || at + size > payload.length) break;
    const block = mdpBlock(payload.slice(at + 2, at + size));
    if (block.fate === 'reject') packet.isReported = true;
    packet.blocks.push(block);
    at += size;
  }
  packet.tail = payload.slice(at);
  if (packet.tail.length > 0) packet.isReported = true;
}

function bigLength({ bytes, claimed }: Block): Uint8Array {
  const length = claimed ?? bytes.length;
  return Uint8Array.of((length >> 8) & 0xff, length & 0xff);
}

function mdpSize({ bytes, claimed }: Block): Uint8Array {
  const size = claimed ?? bytes.length + 2;
  return Uint8Array.of(size & 0xff, (size >> 8) & 0xff);
}

function soupPacket({ bytes, claimed }: Block): Uint8Array[] {
  const length = claimed ?? bytes.length + 1;
  return [Uint8Array.of((length >> 8) & 0xff, length & 0xff, SOUP_SEQUENCED), bytes];
}
