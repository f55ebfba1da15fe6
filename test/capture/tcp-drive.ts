/** TCP segments built by hand and what `TcpStreams` makes of them, as lines: `start 1 hello`. */
import { flowBetween } from '../../src/capture/endpoint.js';
import { ACK, FIN, RST, SYN, TcpHeader } from '../../src/capture/tcp.js';
import { TcpStreams, type TcpStreamsOptions } from '../../src/capture/tcp-streams.js';
import type { Damage, Flow } from '../../src/core/seams.js';

export interface SegmentParts {
  sequence: number;
  data?: string | Uint8Array;
  flags?: number;
  /** Bytes at the end that were not captured. */
  cut?: number;
  seconds?: number;
  /** The number of the packet where absent. */
  nanoseconds?: number;
  acknowledgment?: number;
  flow?: Flow;
}

export const [A, F, R, S] = [ACK, FIN | ACK, RST, SYN];

export function tcpFlow(index = 0): Flow {
  const name = `10.0.0.1:${1000 + index} > 10.0.0.2:7000`;
  const [source, destination, destinationPort] = ['10.0.0.1', '10.0.0.2', 7000];
  return { index, transport: 'TCP', source, sourcePort: 1000 + index, destination, destinationPort, name };
}

/** The other direction. */
export function reverse({ index, source, sourcePort, destination, destinationPort }: Flow): Flow {
  const [from, to] = [
    { address: destination, port: destinationPort },
    { address: source, port: sourcePort },
  ];
  return flowBetween('TCP', from, to, index);
}

/** A TCP header of `words` 32-bit words and its data. */
export function tcp(sequence: number, flags: number, data: Uint8Array, words = 5, acknowledgment = 0): Uint8Array {
  const bytes = Buffer.alloc(words * 4 + data.length);
  bytes.writeUInt16BE(1000, 0);
  bytes.writeUInt16BE(7000, 2);
  bytes.writeUInt32BE(sequence >>> 0, 4);
  bytes.writeUInt32BE(acknowledgment >>> 0, 8);
  bytes.writeUInt16BE((words << 12) | flags, 12);
  bytes.set(data, words * 4);
  return new Uint8Array(bytes);
}

/** Gives segments to a `TcpStreams` and keeps what it hears. */
export class TcpDriver {
  readonly lines: string[] = [];
  readonly damages: Damage[] = [];
  readonly streams: TcpStreams;
  readonly flow = tcpFlow();
  /** The bytes of every piece, joined, as latin1. */
  text = '';
  packet = 0;
  private readonly header = new TcpHeader();

  constructor(options: Partial<TcpStreamsOptions> = {}) {
    this.streams = new TcpStreams({ onDamage: (damage) => this.damages.push(damage), ...options });
  }

  send(...segments: SegmentParts[]): this {
    for (const { sequence, data = '', flags = A, cut = 0, seconds = 0, flow = this.flow, ...rest } of segments) {
      const payload = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
      const bytes = tcp(sequence, flags, payload, 5, rest.acknowledgment);
      this.packet++;
      // What was not captured must not be read.
      const captured = bytes.slice(0, bytes.length - cut);
      const view = new DataView(captured.buffer);
      const verdict = this.header.read(view, 0, bytes.length, captured.length);
      if (verdict !== 'ok') throw new Error(verdict);
      const { packet } = this;
      const nanoseconds = rest.nanoseconds ?? packet;
      this.streams.segment(view, this.header, captured.length, flow, seconds, nanoseconds, packet, packet * 100);
      this.read();
    }
    return this;
  }

  end(): this {
    this.streams.end();
    this.read();
    return this;
  }

  private read(): void {
    const { streams } = this;
    while (streams.next()) {
      const { view, offset, length, join, packetNumber, nanoseconds } = streams;
      const data = Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1');
      this.text += data;
      const stamp = nanoseconds === packetNumber ? '' : ` at ${nanoseconds}`;
      this.lines.push(`${join} ${packetNumber} ${data}${stamp}`);
    }
  }
}
