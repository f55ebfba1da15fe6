/**
 * MoldUDP64 datagrams made from a file of messages.
 *
 * Packing by time stamp never delays a message: those of one identical stamp share a packet up to the MTU, and the
 * next stamp begins the next packet. Packing by MTU fills packets whatever the stamps; such a packet is stamped with
 * its last message's time, so that none is sent before it existed, as a publisher that fills packets would.
 *
 * A message that the MTU cannot hold goes alone in a larger datagram (`oversized`); one that no UDP datagram can hold
 * is left out (`tooLong`, and damage `message-too-long`).
 */
import { UsageError } from '../core/errors.js';
import type { DamageHandler, DatagramReader, Flow, RecordReader } from '../core/seams.js';
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
/** Messages up to this length are copied word by word: `set`, which needs a new array, takes over twice as long. */
const LONG_MESSAGE = 128;
const WORD_LENGTH = 4;

/** The least MTU that IPv4 allows. */
export const MIN_MTU = 68;

export interface PackerOptions {
  /** Session name, at most 10 characters. */
  readonly session: string;
  /** Bytes of an IP packet at most, 68 to 65,535. */
  readonly mtu: number;
  readonly pack: 'timestamp' | 'mtu';
  readonly flow: Flow;
  /** Number of the first message; 1 where not given. */
  readonly firstSequence?: number;
  /** Leaves out the messages for which it returns false; those sent are numbered without gaps. */
  readonly accept?: (view: DataView, offset: number, length: number) => boolean;
  /** Ends with an end-of-session packet, stamped as the last message. */
  readonly endOfSession?: boolean;
  readonly onDamage?: DamageHandler;
}

/** A packet being filled; two take turns, so that the one handed out stays valid while the next begins. */
class Packet {
  readonly view = new DataView(new ArrayBuffer(MAX_UDP_PAYLOAD));
  readonly bytes = new Uint8Array(this.view.buffer);
  length = HEADER_LENGTH;
  messageCount = 0;
  seconds = 0;
  nanoseconds = 0;
  fileOffset = 0;

  constructor(session: Uint8Array) {
    patchSession(this.view, 0, session);
  }
}

/** Reads messages from a `RecordReader` and yields datagrams; `packetNumber` counts the datagrams made. */
export class MoldUDP64Packer implements DatagramReader {
  view: DataView;
  readonly offset = 0;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  /** Place in the file of the current datagram's first message. */
  fileOffset = 0;
  done = false;
  readonly flow: Flow;
  /** Messages in the current datagram; 0 in the end-of-session packet. */
  messageCount = 0;
  /** Number of the current datagram's first message. */
  sequence = 0;
  /** Messages packed so far, those of the packet being filled included. */
  messages = 0;
  /** Messages that `accept` refused. */
  filtered = 0;
  /** Messages sent alone in a datagram larger than the MTU. */
  oversized = 0;
  /** Messages that no datagram can hold, left out. */
  tooLong = 0;
  private readonly reader: RecordReader;
  private readonly options: PackerOptions;
  private readonly maxLength: number;
  private readonly byStamp: boolean;
  private nextSequence: number;
  private filling: Packet;
  private full: Packet;
  private isEndPending: boolean;

  constructor(reader: RecordReader, options: PackerOptions) {
    const { mtu, firstSequence = 1 } = options;
    if (!(Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= 65_535)) {
      throw new UsageError('mtu', `an MTU is a whole number from ${MIN_MTU} to 65535, not ${mtu}`);
    }
    if (!(Number.isSafeInteger(firstSequence) && firstSequence >= 1)) {
      throw new UsageError('sequence', `the first sequence number is a whole number from 1, not ${firstSequence}`);
    }
    this.reader = reader;
    this.options = options;
    const session = encodeSession(options.session);
    this.filling = new Packet(session);
    this.full = new Packet(session);
    this.maxLength = mtu - IP_UDP_LENGTH;
    this.byStamp = options.pack === 'timestamp';
    this.nextSequence = firstSequence;
    this.flow = options.flow;
    this.view = this.full.view;
    this.isEndPending = options.endOfSession === true;
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
  }

  end(): void {
    this.reader.end();
  }

  next(): boolean {
    const { reader } = this;
    while (reader.next()) if (this.take()) return this.handOver();
    if (!reader.done) return false;
    if (this.filling.messageCount > 0) {
      this.turn();
      return this.handOver();
    }
    if (this.isEndPending) return this.handOverEnd();
    this.done = true;
    return false;
  }

  /** Adds the reader's message; true where that completed a packet, which is then `full`. */
  private take(): boolean {
    const { reader, filling, options } = this;
    const { view, offset, length } = reader;
    if (options.accept !== undefined && !options.accept(view, offset, length)) {
      this.filtered++;
      return false;
    }
    const blockLength = BLOCK_LENGTH_SIZE + length;
    if (HEADER_LENGTH + blockLength > MAX_UDP_PAYLOAD) {
      this.leaveOut(length);
      return false;
    }
    if (HEADER_LENGTH + blockLength > this.maxLength) this.oversized++;
    const fits =
      filling.messageCount === 0 ||
      (filling.length + blockLength <= this.maxLength && (!this.byStamp || this.hasStampOf(filling)));
    if (!fits) this.turn();
    this.append(blockLength);
    return !fits;
  }

  private hasStampOf(packet: Packet): boolean {
    return packet.nanoseconds === this.reader.nanoseconds && packet.seconds === this.reader.seconds;
  }

  private append(blockLength: number): void {
    const { reader, filling } = this;
    if (filling.messageCount === 0) filling.fileOffset = reader.fileOffset;
    filling.seconds = reader.seconds;
    filling.nanoseconds = reader.nanoseconds;
    filling.view.setUint16(filling.length, reader.length);
    this.copyMessage(filling, filling.length + BLOCK_LENGTH_SIZE);
    filling.length += blockLength;
    filling.messageCount++;
    this.messages++;
  }

  private copyMessage(packet: Packet, at: number): void {
    const { view, offset, length } = this.reader;
    if (length < WORD_LENGTH || length > LONG_MESSAGE) {
      packet.bytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, length), at);
      return;
    }
    const target = packet.view;
    const last = length - WORD_LENGTH;
    for (let index = 0; index < last; index += WORD_LENGTH) target.setInt32(at + index, view.getInt32(offset + index));
    // The last word may overlap the one before.
    target.setInt32(at + last, view.getInt32(offset + last));
  }

  /** Makes the packet being filled the full one and begins the other. */
  private turn(): void {
    const { full } = this;
    this.full = this.filling;
    this.filling = full;
    full.length = HEADER_LENGTH;
    full.messageCount = 0;
  }

  private handOver(): boolean {
    const { full } = this;
    patchSequence(full.view, 0, this.nextSequence);
    full.view.setUint16(COUNT_OFFSET, full.messageCount);
    this.view = full.view;
    this.length = full.length;
    this.seconds = full.seconds;
    this.nanoseconds = full.nanoseconds;
    this.fileOffset = full.fileOffset;
    this.messageCount = full.messageCount;
    this.sequence = this.nextSequence;
    this.nextSequence += full.messageCount;
    this.packetNumber++;
    return true;
  }

  private handOverEnd(): boolean {
    this.isEndPending = false;
    this.turn();
    const { full } = this;
    full.seconds = this.packetNumber === 0 ? this.reader.seconds : this.seconds;
    full.nanoseconds = this.packetNumber === 0 ? this.reader.nanoseconds : this.nanoseconds;
    full.fileOffset = this.fileOffset;
    this.handOver();
    full.view.setUint16(COUNT_OFFSET, END_OF_SESSION_COUNT);
    return true;
  }

  private leaveOut(length: number): void {
    this.tooLong++;
    const { packetNumber: record, fileOffset: offset } = this.reader;
    const message =
      `BinaryFILE record ${record} at byte ${offset}: a message of ${length} bytes fits no UDP datagram of at most ` +
      `${MAX_UDP_PAYLOAD}; left out`;
    this.options.onDamage?.({ code: 'message-too-long', message, record, offset });
  }
}
