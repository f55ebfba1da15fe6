/** The packet at hand as faults see it, and the numbers that it carries. */
import type { CapturedFrame, Flow } from '../../core/seams.js';
import { MDP3_HEADER_LENGTH, readMsgSeqNum } from '../../session/mdp3-header.js';
import {
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  HEARTBEAT_COUNT,
  readMessageCount,
  readSequence,
} from '../../session/moldudp64-header.js';
import type { FramingOf } from '../loop.js';
import type { ScheduledPacket } from '../scheduled-reader.js';

/** A scheduled packet with its place and its numbers. */
export interface PacketAtHand extends ScheduledPacket {
  /** From 1, and the packet's place in it, from 1. */
  readonly loop: number;
  readonly place: number;
  readonly framing: ReturnType<FramingOf>;
  /** Numbers of its messages, of MDP 3.0 its own; none where `to` is below `from`. */
  readonly from: number;
  readonly to: number;
}

/** One object for all packets of a run. */
export class PacketReading implements PacketAtHand {
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  flow!: Flow;
  frame: CapturedFrame | null = null;
  messages = 0;
  captureNs = 0;
  dueNs = 0;
  feedLatencyNs = Number.NaN;
  loop = 0;
  place = 0;
  framing: ReturnType<FramingOf> = null;
  from = 0;
  to = -1;

  constructor(private readonly framingOf: FramingOf) {}

  read(packet: ScheduledPacket, loop: number): void {
    this.view = packet.view;
    this.offset = packet.offset;
    this.length = packet.length;
    this.flow = packet.flow;
    this.frame = packet.frame ?? null;
    this.messages = packet.messages;
    this.captureNs = packet.captureNs;
    this.dueNs = packet.dueNs;
    this.feedLatencyNs = packet.feedLatencyNs;
    this.place = loop === this.loop ? this.place + 1 : 1;
    this.loop = loop;
    this.readNumbers();
  }

  private readNumbers(): void {
    const { view, offset, length } = this;
    this.framing = this.framingOf(view, offset, length, this.flow);
    this.from = 0;
    this.to = -1;
    if (this.framing === 'mdp3' && length >= MDP3_HEADER_LENGTH) {
      this.from = readMsgSeqNum(view, offset);
      this.to = this.from;
    } else if (this.framing === 'moldudp64' && length >= HEADER_LENGTH) {
      const count = readMessageCount(view, offset);
      this.from = readSequence(view, offset);
      this.to = this.from + (count === HEARTBEAT_COUNT || count === END_OF_SESSION_COUNT ? 0 : count) - 1;
    }
  }
}
