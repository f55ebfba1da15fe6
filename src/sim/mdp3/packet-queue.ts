/**
 * The packets of a channel's feeds as they are sent: messages are put into one packet until it is full or its moment is
 * over, then it gets its number and waits to be taken. Buffers are used again; nothing is allocated per message.
 */

import type { SbeSchema } from '../../schema/sbe/schema.js';
import {
  MDP3_HEADER_LENGTH,
  MIN_MSG_SIZE,
  MSG_SIZE_LENGTH,
  timeHighOf,
  timeLowOf,
  writeMdp3Header,
} from '../../session/mdp3-header.js';
import { absent, type MessageLayout } from './layout.js';

/** The feeds of a channel in the order of their numbers here, named as in the exchange's configuration. */
export const feedNames = ['I', 'N', 'S', 'SMBO'] as const;
export type FeedName = (typeof feedNames)[number];
export const incremental = 0;
export const instrumentReplay = 1;
export const snapshot = 2;
export const orderSnapshot = 3;

/** Packets that wait to be taken at most: those of one event or of one book's snapshot. */
const maxWaiting = 1 << 16;
/** Nanoseconds from an event to its sending: at least, and less than so much more. */
const sendAfterNs = 4000;
const sendSpreadNs = 28_000;
/** Nanoseconds between two packets at least. */
const packetGapNs = 300;

/** One packet; `sentNs` is in nanoseconds since the session's midnight. */
export interface Packet {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  length: number;
  feed: number;
  sentNs: number;
  messages: number;
}

/** What a feed has sent so far. */
export interface FeedCounts {
  packets: number;
  messages: number;
  /** Number of the latest packet. */
  sequence: number;
}

export class PacketQueue {
  /** Messages written so far, those of the open packet included. */
  written = 0;
  readonly feeds: readonly FeedCounts[] = feedNames.map(() => ({ packets: 0, messages: 0, sequence: 0 }));
  /** The time of what happens now, in nanoseconds since midnight. */
  nowNs = 0;
  /** The packet being filled: valid from `begin` until the next. */
  view: DataView;
  bytes: Uint8Array;
  private packet: Packet;
  private isOpen = false;
  private position = 0;
  /** Time of the latest event in the open packet. */
  private packetNs = 0;
  /** The latest message with an indicator, to which its marks are added. */
  private indicatorView: DataView | null = null;
  private indicatorAt = 0;
  private lastSentNs = 0;
  private readonly waiting: Packet[] = [];
  private taken = 0;
  private readonly free: Packet[] = [];
  private readonly byId = new Uint32Array(1 << 16);
  private readonly names: string[] = [];

  /** `midnight` in epoch seconds; `payloadBytes` are those of a packet at most; `draw` as `Random.below`. */
  constructor(
    private readonly schema: SbeSchema,
    private readonly midnight: number,
    private readonly payloadBytes: number,
    private readonly draw: (below: number) => number,
  ) {
    this.packet = this.emptyPacket();
    this.view = this.packet.view;
    this.bytes = this.packet.bytes;
    for (const message of schema.messages) this.names[message.id] = message.name;
  }

  /** Bytes of one message at most, SBE header included. */
  get largestMessage(): number {
    return this.payloadBytes - MDP3_HEADER_LENGTH - MSG_SIZE_LENGTH;
  }

  get isEmpty(): boolean {
    return this.taken === this.waiting.length;
  }

  /** Starts a message of `size` bytes behind its SBE header; returns where its root begins, filled with nulls. */
  begin(feed: number, layout: MessageLayout, size: number): number {
    const at = this.reserve(feed, size, layout.id);
    const { view } = this;
    view.setUint16(at - 8, layout.root.length, true);
    view.setUint16(at - 6, layout.id, true);
    view.setUint16(at - 4, this.schema.id, true);
    view.setUint16(at - 2, this.schema.version, true);
    layout.root.begin(this.bytes, at);
    if (layout.transactTime !== absent) this.setTime(at + layout.transactTime, this.nowNs);
    if (layout.indicator !== absent) {
      this.indicatorView = view;
      this.indicatorAt = at + layout.indicator;
      view.setUint8(this.indicatorAt, 0);
    }
    return at;
  }

  /** Puts a whole message, SBE header included, with the time `ns` in the field at `timeAt` of its root. */
  put(feed: number, layout: MessageLayout, message: Uint8Array, timeAt: number = absent, ns = 0): void {
    const at = this.reserve(feed, message.length - 8, layout.id);
    this.bytes.set(message, at - 8);
    if (timeAt !== absent) this.setTime(at + timeAt, ns);
    if (layout.indicator === absent) return;
    this.indicatorView = this.view;
    this.indicatorAt = at + layout.indicator;
  }

  /** Adds marks to the MatchEventIndicator of the latest message. */
  mark(bits: number): void {
    const { indicatorView: view, indicatorAt } = this;
    if (view !== null) view.setUint8(indicatorAt, view.getUint8(indicatorAt) | bits);
  }

  /** Writes a time in nanoseconds since midnight as one since the epoch. */
  setTime(at: number, ns: number): void {
    const second = Math.floor(ns / 1e9);
    const seconds = this.midnight + second;
    const nanoseconds = ns - second * 1e9;
    this.view.setUint32(at, timeLowOf(seconds, nanoseconds), true);
    this.view.setUint32(at + 4, timeHighOf(seconds, nanoseconds), true);
  }

  /** True where one more event may share the open packet. */
  get hasRoom(): boolean {
    return this.isOpen && this.position < this.payloadBytes / 2;
  }

  /** Sends the open packet. */
  flush(): void {
    if (!this.isOpen) return;
    const { packet } = this;
    const counts = this.feeds[packet.feed];
    const delayNs = packet.feed === incremental ? sendAfterNs + this.draw(sendSpreadNs) : 0;
    packet.sentNs = Math.max(this.lastSentNs + packetGapNs, this.packetNs + delayNs);
    this.lastSentNs = packet.sentNs;
    packet.length = this.position;
    counts.packets++;
    counts.messages += packet.messages;
    counts.sequence++;
    const second = Math.floor(packet.sentNs / 1e9);
    const seconds = this.midnight + second;
    const nanoseconds = packet.sentNs - second * 1e9;
    const high = timeHighOf(seconds, nanoseconds);
    writeMdp3Header(packet.view, 0, counts.sequence, high, timeLowOf(seconds, nanoseconds));
    if (this.waiting.length >= maxWaiting) throw new RangeError(`more than ${maxWaiting} packets wait`);
    this.waiting.push(packet);
    this.isOpen = false;
  }

  /** Begins the numbers of a feed anew. */
  restart(feed: number): void {
    this.feeds[feed].sequence = 0;
  }

  /** The next packet; valid until the one behind it is taken. */
  take(): Packet {
    if (this.taken > 0) this.free.push(this.waiting[this.taken - 1]);
    const packet = this.waiting[this.taken++];
    if (this.taken === this.waiting.length) {
      // The one just taken is still in use: it is the first to be freed.
      this.waiting[0] = packet;
      this.waiting.length = 1;
      this.taken = 1;
    }
    return packet;
  }

  /** Messages by their template's name. */
  messagesByTemplate(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [id, name] of this.names.entries()) {
      if (name !== undefined && this.byId[id] > 0) counts[name] = this.byId[id];
    }
    return counts;
  }

  /** Makes room for a message of so many bytes behind its SBE header; returns where those begin. */
  private reserve(feed: number, size: number, id: number): number {
    const wanted = MIN_MSG_SIZE + size;
    if (this.isOpen && (this.packet.feed !== feed || this.position + wanted > this.payloadBytes)) this.flush();
    if (!this.isOpen) this.open(feed);
    const at = this.position;
    this.position += wanted;
    if (this.position > this.payloadBytes) throw new RangeError(`a message of ${wanted} bytes exceeds a packet`);
    this.view.setUint16(at, wanted, true);
    this.packetNs = this.nowNs;
    this.indicatorView = null;
    this.written++;
    this.byId[id]++;
    this.packet.messages++;
    return at + MIN_MSG_SIZE;
  }

  private open(feed: number): void {
    const packet = this.free.pop() ?? this.emptyPacket();
    packet.feed = feed;
    packet.messages = 0;
    this.packet = packet;
    this.view = packet.view;
    this.bytes = packet.bytes;
    this.position = MDP3_HEADER_LENGTH;
    this.isOpen = true;
  }

  private emptyPacket(): Packet {
    const buffer = new ArrayBuffer(this.payloadBytes);
    const view = new DataView(buffer);
    return { view, bytes: new Uint8Array(buffer), length: 0, feed: incremental, sentNs: 0, messages: 0 };
  }
}
