/**
 * Packets of MDP 3.0 over TCP as the UDP packets that they would be: header rewritten, messages as they came.
 *
 * MsgSeqNum is the TCP header's number, SendingTime stays. Since the numbers count packets, what stands behind one
 * header makes one packet whatever the MTU, and is only divided where no UDP datagram can hold it; the parts have one
 * number then. Nothing tells how many messages a header has: a packet is complete with the next header, and at the end
 * of a piece that ends with a message, so that it is not held back until something else is sent.
 */
import { copyBytes } from '../core/copy.js';
import type { Flow } from '../core/seams.js';
import { MSG_SIZE_LENGTH, writeMdp3Header } from './mdp3-header.js';
import type { Mdp3Stream } from './mdp3-stream.js';
import { MAX_UDP_PAYLOAD } from './moldudp64-builder.js';

/** Takes a complete packet; the view is borrowed until the call returns. */
export type PutPacket = (view: DataView, length: number, messageCount: number, flow: Flow) => void;

const FIRST_BYTES = 2048;

/** The packet of one stream that messages are added to. */
interface OpenPacket {
  view: DataView;
  length: number;
  messageCount: number;
  /** Which of the stream's headers it is of. */
  header: number;
  readonly flow: Flow;
}

/** Puts packets together, one at a time for each stream. */
export class Mdp3PacketAssembler {
  /** Packets that messages were added to and that are not complete. */
  held = 0;
  private readonly open = new Map<Mdp3Stream | Flow, OpenPacket>();

  constructor(private readonly put: PutPacket) {}

  /** Adds a message to the packet of the header at hand; `flow` is that of the packets, one for each stream. */
  message(view: DataView, offset: number, length: number, sequence: number, stream: Mdp3Stream, flow: Flow): void {
    const packet = this.packetOf(stream, flow);
    const size = MSG_SIZE_LENGTH + length;
    if (packet.messageCount === 0 || packet.header !== stream.packets || packet.length + size > MAX_UDP_PAYLOAD) {
      this.complete(packet);
      begin(packet, sequence, stream);
    }
    if (packet.length + size > packet.view.byteLength) enlarge(packet, packet.length + size);
    packet.view.setUint16(packet.length, size, true);
    copyBytes(view, offset, packet.view, packet.length + MSG_SIZE_LENGTH, length);
    packet.length += size;
    if (packet.messageCount++ === 0) this.held++;
  }

  /** Messages so far of the packet that a stream fills. */
  messagesOf(stream: Mdp3Stream, flow: Flow): number {
    return this.open.get(stream.flow === null ? flow : stream)?.messageCount ?? 0;
  }

  /** Takes a header that had no messages. */
  heartbeat(sequence: number, stream: Mdp3Stream, flow: Flow): void {
    const packet = this.packetOf(stream, flow);
    this.complete(packet);
    begin(packet, sequence, stream);
    this.put(packet.view, packet.length, 0, flow);
  }

  /** Says that a piece has ended, with `pending` bytes of a header or message that goes on in the next. */
  endPiece(flow: Flow, pending: number): void {
    if (pending > 0) return;
    for (const packet of this.open.values()) if (packet.flow === flow) this.complete(packet);
  }

  /** Puts out what is left. */
  finish(): void {
    for (const packet of this.open.values()) this.complete(packet);
  }

  private packetOf(stream: Mdp3Stream, flow: Flow): OpenPacket {
    const key = stream.flow === null ? flow : stream;
    let packet = this.open.get(key);
    if (packet === undefined) {
      packet = { view: new DataView(new ArrayBuffer(FIRST_BYTES)), length: 0, messageCount: 0, header: 0, flow };
      this.open.set(key, packet);
    }
    return packet;
  }

  private complete(packet: OpenPacket): void {
    if (packet.messageCount === 0) return;
    this.put(packet.view, packet.length, packet.messageCount, packet.flow);
    packet.messageCount = 0;
    this.held--;
  }
}

function begin(packet: OpenPacket, sequence: number, stream: Mdp3Stream): void {
  packet.length = writeMdp3Header(packet.view, 0, sequence, stream.timeHigh, stream.timeLow);
  packet.header = stream.packets;
}

function enlarge(packet: OpenPacket, length: number): void {
  const larger = new DataView(new ArrayBuffer(2 * length));
  copyBytes(packet.view, 0, larger, 0, packet.length);
  packet.view = larger;
}
