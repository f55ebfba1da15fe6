/** Packets as they are written into a capture: frames around payloads, conversations over TCP included. */
import { flowBetween } from '../../capture/endpoint.js';
import { FrameWriter, MAX_FRAME_BYTES } from '../../capture/frame-writer.js';
import { ACK, PSH, SYN } from '../../capture/tcp.js';
import type { Flow } from '../../core/seams.js';
import { writeLoginAccepted } from '../../session/soupbintcp-writer.js';
import { soupBytes } from './kinds-session.js';
import { concat, type Frame, isOfTcp, type Packet, viewOf } from './model.js';
import { payloadOf } from './packets.js';

const window = 65_535;
const loginBytes = 33;
/** Bytes that one segment carries at most, so that a frame fits Ethernet's 1,500. */
const mostSegment = 1460;
const two32 = 2 ** 32;

/** Builds the frames of one packet after the other. */
export class Frames {
  private readonly writer = new FrameWriter();
  private readonly room = new DataView(new ArrayBuffer(MAX_FRAME_BYTES));
  private readonly connections = new Map<Flow, { next: number; acknowledged: number }>();

  /** The frames of a packet, in the order in which they are written; of BinaryFILE there are none. */
  of(packet: Packet): Frame[] {
    if (isOfTcp(packet)) return this.conversation(packet);
    const frame = this.datagram(packet.flow, payloadOf(packet));
    return packet.carry === undefined ? [{ bytes: frame }] : packet.carry(frame);
  }

  private datagram(flow: Flow, payload: Uint8Array): Uint8Array {
    return this.taken(this.writer.writeDatagram(this.room, 0, viewOf(payload), 0, payload.length, flow));
  }

  private conversation(packet: Packet): Frame[] {
    const { flow } = packet;
    const frames: Frame[] = [];
    if (packet.connects === true) frames.push(...this.connect(packet));
    const connection = this.connectionOf(flow);
    const payload = payloadOf(packet);
    const segments = packet.segments?.(payload.length) ?? wholeSegments(payload.length);
    for (const [from, to] of segments) {
      const fields = { sequence: connection.next + from, acknowledgment: connection.acknowledged };
      frames.push({ bytes: this.segment(flow, payload.subarray(from, to), fields, ACK | PSH) });
    }
    connection.next = (connection.next + payload.length) % two32;
    return frames;
  }

  /** The handshake, of SoupBinTCP the client's login and the server's answer; bytes begin far from those of before. */
  private connect({ framing, flow, session = '', number = 1 }: Packet): Frame[] {
    const back = reversed(flow);
    const old = this.connections.get(flow);
    const start = old === undefined ? 1000 : (old.next + 1_000_000) % two32;
    const both = { sequence: start, acknowledgment: start };
    const nothing = new Uint8Array(0);
    const handshake = [
      { bytes: this.segment(back, nothing, { ...both, acknowledgment: 0 }, SYN) },
      { bytes: this.segment(flow, nothing, { ...both, acknowledgment: start + 1 }, SYN | ACK) },
    ];
    if (framing === 'mdp3-tcp') {
      this.connections.set(flow, { next: start + 1, acknowledged: start + 1 });
      return handshake;
    }
    const request = soupBytes(
      'L',
      `client${'password'.padEnd(10)}${session.padStart(10)}${String(number).padStart(20)}`,
    );
    const accepted = new Uint8Array(loginBytes);
    writeLoginAccepted(viewOf(accepted), 0, session, number);
    const after = { sequence: start + 1, acknowledgment: start + 1 };
    const answered = { sequence: start + 1, acknowledgment: start + 1 + request.length };
    this.connections.set(flow, { next: start + 1 + loginBytes, acknowledged: answered.acknowledgment });
    return [
      ...handshake,
      { bytes: this.segment(back, request, after, ACK | PSH) },
      { bytes: this.segment(flow, accepted, answered, ACK | PSH) },
    ];
  }

  private connectionOf(flow: Flow): { next: number; acknowledged: number } {
    const known = this.connections.get(flow) ?? { next: 1, acknowledged: 1 };
    this.connections.set(flow, known);
    return known;
  }

  private segment(
    flow: Flow,
    bytes: Uint8Array,
    numbers: { sequence: number; acknowledgment: number },
    flags: number,
  ): Uint8Array {
    const fields = {
      sequence: numbers.sequence % two32,
      acknowledgment: numbers.acknowledgment % two32,
      flags,
      window,
    };
    return this.taken(this.writer.writeSegment(this.room, 0, viewOf(bytes), 0, bytes.length, flow, fields));
  }

  private taken(length: number): Uint8Array {
    return new Uint8Array(this.room.buffer, 0, length).slice();
  }
}

/** The bytes of a BinaryFILE of such packets, closed by a record of length 0. */
export function binaryFileOf(packets: readonly Packet[]): Uint8Array {
  const end = packets.some(({ label }) => label?.kind === 'file-short') ? [] : [Uint8Array.of(0, 0)];
  return concat([...packets.map(payloadOf), ...end]);
}

function wholeSegments(length: number): [number, number][] {
  const segments: [number, number][] = [];
  for (let at = 0; at < length; at += mostSegment) segments.push([at, Math.min(length, at + mostSegment)]);
  return segments;
}

function reversed({ transport, source, sourcePort, destination, destinationPort }: Flow): Flow {
  const from = { address: destination, port: destinationPort };
  return flowBetween(transport, from, { address: source, port: sourcePort });
}
