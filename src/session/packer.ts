/** MoldUDP64 datagrams made from a file of messages, packed as `MoldUDP64Builder` does. */
import type { BlockReader, DamageHandler, DatagramReader, Flow, RecordReader } from '../core/seams.js';
import { isEarlier, type Stamp } from '../core/seek-index.js';
import { isBlockReader } from './block-reader.js';
import {
  MAX_MOLD_MESSAGE,
  MAX_UDP_PAYLOAD,
  MoldUDP64Builder,
  type MoldUDP64BuilderOptions,
} from './moldudp64-builder.js';

export { IP_UDP_LENGTH, MAX_UDP_PAYLOAD, MIN_MTU } from './moldudp64-builder.js';

export interface PackerOptions extends MoldUDP64BuilderOptions {
  readonly flow: Flow;
  /** Leaves out the messages for which it returns false; those sent are numbered without gaps. */
  readonly accept?: (view: DataView, offset: number, length: number) => boolean;
  /** Ends with an end-of-session packet, stamped as the last message. */
  readonly endOfSession?: boolean;
  /** Told of messages that are left out as too long: `message-too-long`. */
  readonly onDamage?: DamageHandler;
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
  /** Messages that `accept` refused. */
  filtered = 0;
  private readonly reader: RecordReader;
  /** The same, where many messages at once may go from it into a packet as they lie. */
  private readonly blocks: BlockReader | null;
  private readonly options: PackerOptions;
  private readonly builder: MoldUDP64Builder;
  private isEndPending: boolean;
  /** Messages before the first that is stamped then or later are counted and not packed; null for none. */
  private target: Stamp | null = null;

  constructor(reader: RecordReader, options: PackerOptions) {
    this.reader = reader;
    this.blocks = options.accept === undefined && isBlockReader(reader) ? reader : null;
    this.options = options;
    this.builder = new MoldUDP64Builder(options);
    this.flow = options.flow;
    this.view = this.builder.packet.view;
    this.isEndPending = options.endOfSession === true;
  }

  /** Messages packed so far, those of the packet being filled included. */
  get messages(): number {
    return this.builder.messages;
  }

  /** Messages sent alone in a datagram larger than the MTU. */
  get oversized(): number {
    return this.builder.oversized;
  }

  /** Messages that no datagram can hold, left out. */
  get tooLong(): number {
    return this.builder.tooLong;
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
  }

  end(): void {
    this.reader.end();
  }

  /** Goes on with the first message from here that is stamped then or later; those before it keep their numbers. */
  passUntil(target: Stamp): void {
    this.target = target;
  }

  next(): boolean {
    const { reader, blocks } = this;
    for (;;) {
      if (blocks !== null) this.takeBlocks(blocks);
      if (!reader.next()) break;
      if (this.take()) return this.handOver();
    }
    if (!reader.done) return false;
    if (this.builder.flush()) return this.handOver();
    if (this.isEndPending) return this.handOverEnd();
    this.done = true;
    return false;
  }

  /** Adds what the packet being filled has room for; the message behind, or what else is there, is for `take`. */
  private takeBlocks(reader: BlockReader): void {
    const { builder } = this;
    const room = this.target === null ? builder.roomBytes : 0;
    const count = room > 0 ? reader.nextBlocks(room) : 0;
    if (count === 0) return;
    const { view, blocksOffset, blocksLength, seconds, nanoseconds } = reader;
    builder.addBlocks(view, blocksOffset, blocksLength, count, seconds, nanoseconds);
  }

  /** Adds the reader's message; true where that completed a packet. */
  private take(): boolean {
    const { reader, options } = this;
    const { view, offset, length } = reader;
    if (options.accept !== undefined && !options.accept(view, offset, length)) {
      this.filtered++;
      return false;
    }
    if (this.target !== null) {
      if (isEarlier(reader, this.target)) {
        this.builder.pass(length);
        return false;
      }
      this.target = null;
    }
    if (length > MAX_MOLD_MESSAGE) this.reportTooLong(length);
    return this.builder.add(view, offset, length, reader.seconds, reader.nanoseconds, 0, reader.fileOffset);
  }

  private handOver(): boolean {
    const { packet } = this.builder;
    this.view = packet.view;
    this.length = packet.length;
    this.seconds = packet.seconds;
    this.nanoseconds = packet.nanoseconds;
    this.fileOffset = packet.place;
    this.messageCount = packet.messageCount;
    this.sequence = packet.sequence;
    this.packetNumber++;
    return true;
  }

  private handOverEnd(): boolean {
    this.isEndPending = false;
    const { seconds, nanoseconds } = this.packetNumber === 0 ? this.reader : this;
    this.builder.endOfSession(seconds, nanoseconds, this.fileOffset);
    return this.handOver();
  }

  private reportTooLong(length: number): void {
    const { packetNumber: record, fileOffset: offset } = this.reader;
    const message =
      `BinaryFILE record ${record} at byte ${offset}: a message of ${length} bytes fits no UDP datagram of at most ` +
      `${MAX_UDP_PAYLOAD}; left out`;
    this.options.onDamage?.({ code: 'message-too-long', message, record, offset });
  }
}
