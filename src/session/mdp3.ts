/**
 * CME MDP 3.0: the packets of one UDP flow, each a header and any number of messages.
 *
 * Numbers are the packets': all messages of one are delivered with its MsgSeqNum, its SendingTime stands on the stream,
 * and those of a packet seen before have `stream.isDuplicate` set. A packet of number 0, which the exchange does not
 * use, is delivered as unsequenced. A header without messages counts as a heartbeat, and has a number like any other
 * packet. A packet counts as seen where at least its first message is whole; what follows a broken message is left out.
 *
 * Damage codes: `short-packet`, `message-size`, `message-overrun`, `trailing-bytes`, `too-many-sessions`.
 */
import type { Flow, MessageListener } from '../core/seams.js';
import {
  MDP3_HEADER_LENGTH,
  MIN_MSG_SIZE,
  MSG_SIZE_LENGTH,
  readMsgSeqNum,
  readMsgSize,
  readTimeHigh,
  readTimeLow,
  SBE_HEADER_LENGTH,
  SENDING_TIME_OFFSET,
} from './mdp3-header.js';
import { isWholeMessage } from './mdp3-messages.js';
import { Mdp3Stream } from './mdp3-stream.js';
import { StreamTable } from './stream.js';

/** A question about the SBE message at `offset`, its header first, of `length` bytes. */
export type MessageTest = (view: DataView, offset: number, length: number) => boolean;

/** What the session layer has to be told of the messages that it carries, since it does not read them. */
export interface Mdp3Facts {
  /** Whether it is a message of a known schema and template that lies within its bytes. */
  readonly fits: MessageTest;
  /** Whether it is a ChannelReset. */
  readonly isReset?: MessageTest;
  /** Whether it is an AdminHeartbeat; asked of messages without a body only, since it has none. */
  readonly isHeartbeat?: MessageTest;
}

/** Decodes the packets of one flow. */
export class Mdp3Decoder {
  /** How much damage was reported. */
  damages = 0;
  /** Null before the first packet. */
  stream: Mdp3Stream | null = null;
  private packetNumber = 0;
  private fileOffset = 0;

  constructor(
    readonly flow: Flow | null,
    private readonly listener: MessageListener,
    private readonly facts: Mdp3Facts,
    private readonly table: StreamTable = new StreamTable(),
  ) {}

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
    if (length < MDP3_HEADER_LENGTH) {
      this.damage('short-packet', `${length} bytes are no MDP 3.0 packet: its header alone is ${MDP3_HEADER_LENGTH}`);
      return;
    }
    const stream = this.stream ?? this.openStream();
    const end = offset + length;
    const first = offset + MDP3_HEADER_LENGTH;
    stream.packets++;
    stream.timeHigh = readTimeHigh(view, offset + SENDING_TIME_OFFSET);
    stream.timeLow = readTimeLow(view, offset + SENDING_TIME_OFFSET);
    if (first < end && !isWholeMessage(view, first, end)) {
      this.broken(view, offset, first, end, 0);
      return;
    }
    const sequence = stream === this.table.mdp3Overflow ? 0 : readMsgSeqNum(view, offset);
    announce(stream, sequence, this.listener);
    if (first < end) this.messages(view, offset, end, timestampNs, sequence, stream);
    else {
      stream.heartbeats++;
      this.listener.onHeartbeat?.(sequence === 0 ? 0 : sequence + 1, timestampNs, stream);
    }
    stream.isDuplicate = false;
  }

  /** The packet's messages, each as soon as it is known to be whole. */
  private messages(
    view: DataView,
    offset: number,
    end: number,
    timestampNs: number,
    sequence: number,
    stream: Mdp3Stream,
  ): void {
    const { listener, facts } = this;
    let at = offset + MDP3_HEADER_LENGTH;
    let count = 0;
    while (isWholeMessage(view, at, end)) {
      const size = readMsgSize(view, at);
      const message = at + MSG_SIZE_LENGTH;
      const length = size - MSG_SIZE_LENGTH;
      note(stream, facts, view, message, length);
      listener.onMessage(view, message, length, timestampNs, sequence, stream);
      at += size;
      count++;
    }
    stream.delivered += count;
    if (sequence === 0) stream.unsequenced += count;
    if (at < end) this.broken(view, offset, at, end, count);
  }

  private openStream(): Mdp3Stream {
    const { table, flow } = this;
    const isFirstBeyond = table.mdp3Overflow === null;
    const stream = table.addMdp3((index, isFull) => new Mdp3Stream(index, isFull ? null : flow, 'MDP3'));
    if (isFirstBeyond && stream === table.mdp3Overflow) {
      const text = `one flow more than the ${table.maxStreams} kept apart; messages of later ones carry no number`;
      this.damage('too-many-sessions', text);
    }
    this.stream = stream;
    return stream;
  }

  /** Tells what stands at `at` where a whole message should, behind `count` of them. */
  private broken(view: DataView, offset: number, at: number, end: number, count: number): void {
    const left = end - at;
    const place = `message ${count + 1} at payload byte ${at - offset}`;
    const kept = count === 0 ? 'nothing of the packet is kept' : `the ${count} before it are kept`;
    const size = left < MSG_SIZE_LENGTH ? 0 : readMsgSize(view, at);
    if (left < MSG_SIZE_LENGTH) {
      const text = `1 byte behind message ${count}, at payload byte ${at - offset}, is no message; ignored`;
      this.damage('trailing-bytes', text);
    } else if (size < MIN_MSG_SIZE) {
      this.damage('message-size', `${place} says a size of ${size} where ${MIN_MSG_SIZE} is the least; ${kept}`);
    } else {
      const text = `${place} says a size of ${size} where ${left} bytes are left; ${kept}`;
      this.damage('message-overrun', `${text}. Was the packet captured whole?`);
    }
  }

  private damage(code: string, what: string): void {
    this.damages++;
    const { packetNumber: record, fileOffset } = this;
    const message = `MDP 3.0 packet ${record} at byte ${fileOffset}: ${what}`;
    this.listener.onDamage?.({ code, message, record, offset: fileOffset });
  }
}

/** Counts a packet by its number, and tells where that shows a gap or that numbers begin anew. */
export function announce(stream: Mdp3Stream, sequence: number, listener: MessageListener): void {
  if (sequence === 0 || !stream.take(sequence)) return;
  if (stream.hasRestarted) listener.onRestart?.(sequence, stream);
  if (stream.gapFrom > 0) listener.onGap?.(stream.gapFrom, stream.gapTo, stream);
}

/** Counts a message by what is known of it. */
export function note(stream: Mdp3Stream, facts: Mdp3Facts, view: DataView, message: number, length: number): void {
  if (length === SBE_HEADER_LENGTH) {
    if (facts.isHeartbeat?.(view, message, length)) stream.heartbeats++;
  } else if (facts.isReset?.(view, message, length)) stream.noteReset();
}
