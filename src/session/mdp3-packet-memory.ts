/**
 * Which packets a channel of MDP 3.0 has carried lately, to know a second line of it by: equal in every byte, of which
 * a hash of 64 bits is kept. The last packet of every number modulo `REMEMBERED_PACKETS` is remembered.
 */
import { MDP3_HEADER_LENGTH, MSG_SIZE_LENGTH, readMsgSeqNum, readMsgSize, SBE_HEADER_LENGTH } from './mdp3-header.js';

/** Packets of a channel that a second line is known by. */
const REMEMBERED_PACKETS = 1024;
/** Odd, with ones and zeros well mixed, so that a changed bit changes many. */
const [FIRST_FACTOR, SECOND_FACTOR] = [0x9e37_79b1, 0x85eb_ca77];

/** What a packet is recognised by; one object serves for all of them in turn. */
export class PacketPrint {
  slot = 0;
  length = 0;
  /** Halves of the hash. */
  first = 0;
  second = 0;
  /** Whether any of its messages has a body: headers alone and heartbeats are alike in all channels. */
  hasBody = false;

  /** Takes the print of a packet, a header at least. */
  take(view: DataView, offset: number, length: number): void {
    this.slot = readMsgSeqNum(view, offset) % REMEMBERED_PACKETS;
    this.length = length;
    this.hash(view, offset, offset + length);
    this.hasBody = hasBody(view, offset + MDP3_HEADER_LENGTH, offset + length);
  }

  private hash(view: DataView, offset: number, end: number): void {
    let first = end - offset;
    let second = ~first;
    let at = offset;
    for (; at + 4 <= end; at += 4) {
      const word = view.getInt32(at, true);
      first = Math.imul((first ^ word) + ((first << 13) | (first >>> 19)), FIRST_FACTOR);
      second = Math.imul(((second << 7) | (second >>> 25)) + word, SECOND_FACTOR);
    }
    for (; at < end; at++) {
      first = Math.imul(first ^ view.getUint8(at), FIRST_FACTOR);
      second = Math.imul(((second << 7) | (second >>> 25)) + view.getUint8(at), SECOND_FACTOR);
    }
    this.first = (first ^ (first >>> 15)) >>> 0;
    this.second = (second ^ (second >>> 16)) >>> 0;
  }
}

/** The prints of one channel's last packets. */
export class PacketMemory {
  private readonly firsts = new Uint32Array(REMEMBERED_PACKETS);
  private readonly seconds = new Uint32Array(REMEMBERED_PACKETS);
  /** 0 where there is none yet. */
  private readonly lengths = new Uint16Array(REMEMBERED_PACKETS);

  remember({ slot, length, first, second }: PacketPrint): void {
    this.firsts[slot] = first;
    this.seconds[slot] = second;
    this.lengths[slot] = length;
  }

  has({ slot, length, first, second }: PacketPrint): boolean {
    return this.firsts[slot] === first && this.seconds[slot] === second && this.lengths[slot] === length;
  }
}

function hasBody(view: DataView, offset: number, end: number): boolean {
  const bare = MSG_SIZE_LENGTH + SBE_HEADER_LENGTH;
  let at = offset;
  while (at + bare <= end && readMsgSize(view, at) === bare) at += bare;
  return at < end;
}
