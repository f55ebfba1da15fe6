/**
 * MoldUDP64 1.00 packets built from messages as they come.
 *
 * Packing by time stamp never delays a message: those of one identical stamp share a packet up to the MTU, and the
 * next stamp begins the next packet. Packing by MTU fills packets whatever the stamps; such a packet is stamped with
 * its last message's time, so that none is sent before it existed, as a publisher that fills packets would. A sequence
 * number that does not follow the last one begins a packet too.
 *
 * A message that the MTU cannot hold goes alone in a larger datagram (`oversized`); one that no UDP datagram can hold
 * is left out (`tooLong`).
 */
import { copyBytes, copyInto } from '../core/copy.js';
import { UsageError } from '../core/errors.js';
import {
  BLOCK_LENGTH_SIZE,
  COUNT_OFFSET,
  END_OF_SESSION_COUNT,
  encodeSession,
  HEADER_LENGTH,
  patchSequence,
  patchSession,
} from './moldudp64-header.js';

/** Bytes of an IPv4 header without options and a UDP header: what the MTU holds besides the payload. */
export const IP_UDP_LENGTH = 28;
/** The most payload that UDP over IPv4 can carry. */
export const MAX_UDP_PAYLOAD = 65_535 - IP_UDP_LENGTH;
/** The longest message that a packet can carry. */
export const MAX_MOLD_MESSAGE = MAX_UDP_PAYLOAD - HEADER_LENGTH - BLOCK_LENGTH_SIZE;

/** The least MTU that IPv4 allows. */
export const MIN_MTU = 68;

export interface MoldUDP64BuilderOptions {
  /** Session name, at most 10 characters, or the ten bytes of one. */
  readonly session: string | Uint8Array;
  /** Bytes of an IP packet at most, 68 to 65,535. */
  readonly mtu: number;
  readonly pack: 'timestamp' | 'mtu';
  /** Number of the first message where it is not told; 1 where not given. */
  readonly firstSequence?: number;
}

/** A packet; two take turns, so that the one handed out stays valid while the next begins. */
export class MoldUDP64Packet {
  /** Another one once the packet has been longer than the MTU allows. */
  view: DataView<ArrayBuffer>;
  /** All that `view` covers. */
  bytes: Uint8Array<ArrayBuffer>;
  length = HEADER_LENGTH;
  /** Messages in it; 0 in the end-of-session packet. */
  messageCount = 0;
  /** Number of its first message. */
  sequence = 0;
  seconds = 0;
  nanoseconds = 0;
  /** What its first message came with. */
  place = 0;

  constructor(session: Uint8Array, capacity: number) {
    this.view = new DataView(new ArrayBuffer(capacity));
    this.bytes = new Uint8Array(this.view.buffer);
    patchSession(this.view, 0, session);
  }

  /** Makes room for a message of any length. */
  grow(): void {
    const bytes = new Uint8Array(MAX_UDP_PAYLOAD);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/** Builds packets; each completed one is `packet` until the next is. */
export class MoldUDP64Builder {
  /** The packet that was completed last. */
  packet: MoldUDP64Packet;
  /** Number that the next message has where it is not told. */
  nextSequence: number;
  /** Messages packed so far, those of the packet being filled included. */
  messages = 0;
  /** Messages sent alone in a datagram larger than the MTU. */
  oversized = 0;
  /** Messages that no datagram can hold, left out. */
  tooLong = 0;
  private readonly maxLength: number;
  readonly byStamp: boolean;
  /** The packet that is not complete yet. */
  filling: MoldUDP64Packet;

  constructor(options: MoldUDP64BuilderOptions) {
    const { mtu, firstSequence = 1 } = options;
    if (!(Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= 65_535)) {
      throw new UsageError('mtu', `an MTU is a whole number from ${MIN_MTU} to 65535, not ${mtu}`);
    }
    if (!(Number.isSafeInteger(firstSequence) && firstSequence >= 1)) {
      throw new UsageError('sequence', `the first sequence number is a whole number from 1, not ${firstSequence}`);
    }
    const session = typeof options.session === 'string' ? encodeSession(options.session) : options.session;
    this.maxLength = mtu - IP_UDP_LENGTH;
    this.filling = new MoldUDP64Packet(session, this.maxLength);
    this.packet = new MoldUDP64Packet(session, this.maxLength);
    this.byStamp = options.pack === 'timestamp';
    this.nextSequence = firstSequence;
  }

  /**
   * Adds a message, `sequence` 0 for the number after the last one's; true where that completed a packet, which the
   * message is not in. `place` is kept for the packet that it begins.
   */
  add(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    place: number,
  ): boolean {
    const blockLength = BLOCK_LENGTH_SIZE + length;
    if (length > MAX_MOLD_MESSAGE) {
      this.tooLong++;
      return false;
    }
    if (HEADER_LENGTH + blockLength > this.maxLength) this.oversized++;
    const { filling } = this;
    const follows = sequence === 0 || sequence === this.nextSequence;
    const fits =
      filling.messageCount === 0 ||
      (follows &&
        filling.length + blockLength <= this.maxLength &&
        (!this.byStamp || (filling.nanoseconds === nanoseconds && filling.seconds === seconds)));
    if (!fits) this.turn();
    if (!follows) this.nextSequence = sequence;
    this.append(this.filling, view, offset, length, place);
    this.filling.seconds = seconds;
    this.filling.nanoseconds = nanoseconds;
    return !fits;
  }

  /** How many bytes of messages with their lengths `addBlocks` takes: none where the next one may begin a packet. */
  get roomBytes(): number {
    const { filling } = this;
    return this.byStamp || filling.messageCount === 0 ? 0 : this.maxLength - filling.length;
  }

  /** Adds messages, each behind its length, to the packet that is being filled, which has room for them. */
  addBlocks(view: DataView, offset: number, length: number, count: number, seconds: number, nanoseconds: number): void {
    const { filling } = this;
    copyInto(view, offset, filling.view, filling.bytes, filling.length, length);
    filling.length += length;
    filling.messageCount += count;
    filling.seconds = seconds;
    filling.nanoseconds = nanoseconds;
    this.nextSequence += count;
    this.messages += count;
  }

  /** Whether messages of this stamp may go into the packet that is not complete. */
  isFilling(seconds: number, nanoseconds: number): boolean {
    const { filling } = this;
    return filling.messageCount > 0 && filling.nanoseconds === nanoseconds && filling.seconds === seconds;
  }

  /** Counts a message without packing it, and lets go of the packet being filled. */
  pass(length: number): void {
    this.filling.length = HEADER_LENGTH;
    this.filling.messageCount = 0;
    if (length > MAX_MOLD_MESSAGE) this.tooLong++;
    else this.nextSequence++;
  }

  /** Completes the packet being filled; false where there is none. */
  flush(): boolean {
    if (this.filling.messageCount === 0) return false;
    this.turn();
    return true;
  }

  /** Makes `packet` the end-of-session packet; what is being filled is to be flushed before. */
  endOfSession(seconds: number, nanoseconds: number, place = 0): void {
    const { filling } = this;
    filling.sequence = this.nextSequence;
    filling.seconds = seconds;
    filling.nanoseconds = nanoseconds;
    filling.place = place;
    this.turn();
    this.packet.view.setUint16(COUNT_OFFSET, END_OF_SESSION_COUNT);
  }

  private append(packet: MoldUDP64Packet, view: DataView, offset: number, length: number, place: number): void {
    if (packet.messageCount === 0) {
      packet.place = place;
      packet.sequence = this.nextSequence;
    }
    if (packet.length + BLOCK_LENGTH_SIZE + length > packet.bytes.length) packet.grow();
    packet.view.setUint16(packet.length, length);
    copyBytes(view, offset, packet.view, packet.length + BLOCK_LENGTH_SIZE, length);
    packet.length += BLOCK_LENGTH_SIZE + length;
    packet.messageCount++;
    this.nextSequence++;
    this.messages++;
  }

  /** Makes the packet being filled the completed one and begins the other. */
  private turn(): void {
    const { packet, filling } = this;
    patchSequence(filling.view, 0, filling.sequence);
    filling.view.setUint16(COUNT_OFFSET, filling.messageCount);
    this.packet = filling;
    this.filling = packet;
    packet.length = HEADER_LENGTH;
    packet.messageCount = 0;
  }
}
