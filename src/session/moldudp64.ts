/**
 * MoldUDP64 1.00: downstream packets, heartbeats, end of session and request packets of one flow.
 *
 * Sequence numbers are tracked by session. Number 0 means unsequenced. A number that does not fit 2^53 is damage and
 * its messages are delivered as unsequenced. A message without bytes has a number like any other and is delivered with
 * length 0. Repeated messages are delivered too, with `stream.isDuplicate` set.
 *
 * Damage codes: `short-packet`, `truncated`, `block-overrun`, `trailing-bytes`, `sequence-range`, `too-many-sessions`.
 */
import { formatU64 } from '../core/halves.js';
import type { BlockTaker, Flow, MessageListener } from '../core/seams.js';
import {
  BLOCK_LENGTH_SIZE,
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  HEARTBEAT_COUNT,
  readMessageCount,
  readSequence,
  readSession,
  SEQUENCE_OFFSET,
} from './moldudp64-header.js';
import { type MoldUDP64Stream, StreamTable } from './stream.js';

export * from './moldudp64-header.js';
export { MoldUDP64Stream, StreamTable } from './stream.js';

/** Decodes the packets of one flow, in one direction. */
export class MoldUDP64Decoder {
  readonly flow: Flow | null;
  /** Packets that asked for retransmission: header only, on a flow that carried nothing downstream before. */
  requests = 0;
  /** How much damage was reported. */
  damages = 0;
  /** The last packet's stream; null before the first. */
  stream: MoldUDP64Stream | null = null;
  private readonly listener: MessageListener;
  private readonly table: StreamTable;
  /** This flow's sessions; a flow has one, rarely two, so they are searched in order. */
  private readonly streams: MoldUDP64Stream[] = [];
  private hasDownstream = false;
  private isFollowing = false;
  private packetNumber = 0;
  private fileOffset = 0;

  constructor(flow: Flow | null, listener: MessageListener, table: StreamTable = new StreamTable()) {
    this.flow = flow;
    this.listener = listener;
    this.table = table;
  }

  /** Decodes one datagram's payload; `packetNumber` and `fileOffset` say where damage was. */
  packet(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    packetNumber: number,
    fileOffset: number,
  ): void {
    this.packetNumber = packetNumber;
    this.fileOffset = fileOffset;
    if (length < HEADER_LENGTH) {
      this.damage('short-packet', `${length} bytes are no MoldUDP64 packet: its header alone is ${HEADER_LENGTH}`);
      return;
    }
    const count = readMessageCount(view, offset);
    const isControl = count === HEARTBEAT_COUNT || count === END_OF_SESSION_COUNT;
    if (length === HEADER_LENGTH && !isControl && !this.hasDownstream) {
      this.requests++;
      return;
    }
    this.hasDownstream = true;
    let { stream } = this;
    if (stream === null || !stream.matches(view, offset)) {
      stream = this.findStream(view, offset);
      this.stream = stream;
    }
    stream.packets++;
    if (isControl) this.control(view, offset, length, timestampNs, stream);
    else if (this.isFollowing) this.numbers(view, offset, count, stream);
    else this.messages(view, offset, length, timestampNs, stream);
  }

  /**
   * Takes a datagram whose messages were read elsewhere, without damage: numbers go on, and no message is told.
   * (Messages without bytes are not counted either: whoever read them has.)
   */
  follow(view: DataView, offset: number, length: number, packetNumber: number, fileOffset: number): void {
    const { stream } = this;
    const count = length < HEADER_LENGTH ? HEARTBEAT_COUNT : readMessageCount(view, offset);
    const isPlain = count !== HEARTBEAT_COUNT && count !== END_OF_SESSION_COUNT;
    if (!isPlain || stream === null || !stream.matches(view, offset)) {
      this.isFollowing = true;
      this.packet(view, offset, length, 0, packetNumber, fileOffset);
      this.isFollowing = false;
      return;
    }
    this.packetNumber = packetNumber;
    this.fileOffset = fileOffset;
    stream.packets++;
    this.numbers(view, offset, count, stream);
  }

  /** The numbers of a packet's messages, which are whole. */
  private numbers(view: DataView, offset: number, count: number, stream: MoldUDP64Stream): void {
    const { tracker } = stream;
    const from = this.usableSequence(view, offset, count, stream);
    if (from === 0) stream.unsequenced += count;
    else if (from === tracker.next) tracker.extend(count);
    else {
      if (tracker.open(from, count)) this.listener.onGap?.(tracker.gapFrom, tracker.gapTo, stream);
      if (from === tracker.next) tracker.extend(count);
      else for (let sequence = from; sequence < from + count; sequence++) tracker.accept(sequence);
    }
  }

  /** The packet's messages, each as soon as its block is known to be whole. */
  private messages(view: DataView, offset: number, length: number, timestampNs: number, stream: MoldUDP64Stream): void {
    const { listener } = this;
    const { tracker } = stream;
    const end = offset + length;
    const count = readMessageCount(view, offset);
    const low = view.getInt32(offset + SEQUENCE_OFFSET + 4);
    const isSmall = low >= 0 && view.getInt32(offset + SEQUENCE_OFFSET) === 0 && stream !== this.table.overflow;
    const from = isSmall ? low : this.usableSequence(view, offset, count, stream);
    const step = from === 0 ? 0 : 1;
    if (from !== tracker.next && from !== 0) this.openRun(view, offset, end, from, count, stream);
    // Behind a gap, and at the very first, the numbers go on from here.
    const inOrder = from === tracker.next || from === 0;
    if (inOrder && listener.blocks !== undefined) {
      this.takeBlocks(view, offset, end, count, from, stream, listener.blocks);
      return;
    }
    if (inOrder && listener.onMessages !== undefined) {
      this.messagesAtOnce(view, offset, end, count, from, timestampNs, stream);
      return;
    }
    let sequence = from;
    let position = offset + HEADER_LENGTH;
    let index = 0;
    for (; index < count; index++) {
      if (position + BLOCK_LENGTH_SIZE > end) break;
      const messageLength = view.getUint16(position);
      const next = position + BLOCK_LENGTH_SIZE + messageLength;
      if (next > end) break;
      if (messageLength === 0) stream.zeroLength++;
      if (!inOrder) stream.isDuplicate = !tracker.accept(sequence);
      listener.onMessage(view, position + BLOCK_LENGTH_SIZE, messageLength, timestampNs, sequence, stream);
      sequence += step;
      position = next;
    }
    if (!inOrder) stream.isDuplicate = false;
    else if (from === 0) stream.unsequenced += index;
    else tracker.extend(index);
    if (index < count) this.cutShort(view, offset, position, end, index, count);
    else if (position < end) this.trailing(end - position, position - offset);
  }

  /** The packet's whole messages, none of which was seen before, in one walk which is the taker's. */
  private takeBlocks(
    view: DataView,
    offset: number,
    end: number,
    count: number,
    from: number,
    stream: MoldUDP64Stream,
    blocks: BlockTaker,
  ): void {
    const index = blocks.takeBlocks(view, offset + HEADER_LENGTH, end, count);
    const position = blocks.behind;
    stream.zeroLength += blocks.zeroLength;
    if (from === 0) stream.unsequenced += index;
    else stream.tracker.extend(index);
    if (index < count) this.cutShort(view, offset, position, end, index, count);
    else if (position < end) this.trailing(end - position, position - offset);
  }

  /** The same in one call, behind a walk over them. */
  private messagesAtOnce(
    view: DataView,
    offset: number,
    end: number,
    count: number,
    from: number,
    timestampNs: number,
    stream: MoldUDP64Stream,
  ): void {
    const start = offset + HEADER_LENGTH;
    let position = start;
    let index = 0;
    for (; index < count; index++) {
      if (position + BLOCK_LENGTH_SIZE > end) break;
      const messageLength = view.getUint16(position);
      const next = position + BLOCK_LENGTH_SIZE + messageLength;
      if (next > end) break;
      if (messageLength === 0) stream.zeroLength++;
      position = next;
    }
    if (index > 0) this.listener.onMessages?.(view, start, position, index, timestampNs, from, stream);
    if (from === 0) stream.unsequenced += index;
    else stream.tracker.extend(index);
    if (index < count) this.cutShort(view, offset, position, end, index, count);
    else if (position < end) this.trailing(end - position, position - offset);
  }

  /** Heartbeat or end of session: no messages, but the number of the next one reveals what was lost. */
  private control(view: DataView, offset: number, length: number, timestampNs: number, stream: MoldUDP64Stream): void {
    const { listener } = this;
    const next = this.usableSequence(view, offset, 1, stream);
    if (next !== 0 && stream.tracker.expect(next)) {
      listener.onGap?.(stream.tracker.gapFrom, stream.tracker.gapTo, stream);
    }
    if (readMessageCount(view, offset) === HEARTBEAT_COUNT) {
      stream.heartbeats++;
      listener.onHeartbeat?.(next, timestampNs, stream);
    } else {
      stream.endOfSession = true;
      listener.onEndOfSession?.(next, timestampNs, stream);
    }
    if (length > HEADER_LENGTH) this.trailing(length - HEADER_LENGTH, HEADER_LENGTH);
  }

  /** The number of the first of `count`, or 0 where the last one's cannot be told exactly (or the table was full). */
  private usableSequence(view: DataView, offset: number, count: number, stream: MoldUDP64Stream): number {
    if (stream === this.table.overflow) return 0;
    const sequence = readSequence(view, offset);
    if (sequence + (count - 1) <= Number.MAX_SAFE_INTEGER) return sequence;
    const exact = formatU64(view.getUint32(offset + SEQUENCE_OFFSET), view.getUint32(offset + SEQUENCE_OFFSET + 4));
    this.damage('sequence-range', `sequence number ${exact} leads past 2^53 − 1; taken as unsequenced`);
    return 0;
  }

  /** Prepares the tracker for a run that does not continue where the last one ended. */
  private openRun(
    view: DataView,
    offset: number,
    end: number,
    from: number,
    count: number,
    stream: MoldUDP64Stream,
  ): void {
    const whole = countWholeBlocks(view, offset + HEADER_LENGTH, end, count);
    if (!stream.tracker.open(from, whole)) return;
    this.listener.onGap?.(stream.tracker.gapFrom, stream.tracker.gapTo, stream);
  }

  private findStream(view: DataView, offset: number): MoldUDP64Stream {
    for (const stream of this.streams) if (stream.matches(view, offset)) return stream;
    const { overflow } = this.table;
    const stream = this.table.add(view, offset, this.flow);
    if (stream !== this.table.overflow) this.streams.push(stream);
    else if (overflow === null) {
      const session = readSession(view, offset);
      this.damage(
        'too-many-sessions',
        `session "${session}" is one more than the ${this.table.maxStreams} kept apart; the messages of all later ` +
          'sessions are delivered as unsequenced',
      );
    }
    return stream;
  }

  private cutShort(view: DataView, offset: number, position: number, end: number, index: number, count: number): void {
    const at = position - offset;
    const left = end - position;
    if (left >= BLOCK_LENGTH_SIZE) {
      const length = view.getUint16(position);
      this.damage(
        'block-overrun',
        `block ${index + 1} of ${count} at payload byte ${at} says ${length} bytes where ` +
          `${left - BLOCK_LENGTH_SIZE} are left; the ${index} before it are kept`,
      );
      return;
    }
    this.damage(
      'truncated',
      `the payload ends at byte ${end - offset} after ${index} of ${count} messages; those are kept`,
    );
  }

  private trailing(count: number, at: number): void {
    this.damage('trailing-bytes', `${count} bytes behind the last message block, from payload byte ${at}; ignored`);
  }

  private damage(code: string, what: string): void {
    this.damages++;
    const { packetNumber: record, fileOffset } = this;
    const message = `MoldUDP64 packet ${record} at byte ${fileOffset}: ${what}`;
    this.listener.onDamage?.({ code, message, record, offset: fileOffset });
  }
}

/** How many of `count` message blocks from `position` on lie whole before `end`. */
export function countWholeBlocks(view: DataView, position: number, end: number, count: number): number {
  let whole = 0;
  for (let at = position; whole < count && at + BLOCK_LENGTH_SIZE <= end; whole++) {
    at += BLOCK_LENGTH_SIZE + view.getUint16(at);
    if (at > end) break;
  }
  return whole;
}
