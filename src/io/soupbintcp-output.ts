/**
 * Writes messages as a SoupBinTCP 3.00 session over TCP into a capture file: both ends of the conversation, from the
 * handshake and the login to the end of the session.
 *
 * Packed by time stamp, messages of one stamp share a segment up to the MSS and none is split that fits one; packed by
 * MTU, segments are filled whatever the stamps, as TCP does, and packets run on into the next. Each side sends a
 * heartbeat when it has sent nothing for a second. SoupBinTCP counts its messages and cannot skip any: where a number
 * does not follow the last one, the connection ends and the client logs in again at that number, from the same port,
 * so that the flow stays one.
 */
import { flowBetween } from '../capture/endpoint.js';
import { ACK, FIN, PSH, SYN } from '../capture/tcp.js';
import { UsageError } from '../core/errors.js';
import type { Flow } from '../core/seams.js';
import {
  checkSoupSession,
  LOGIN_ACCEPTED_LENGTH,
  LOGIN_REQUEST_LENGTH,
  MAX_SOUP_PAYLOAD,
  SOUP_HEADER_LENGTH,
  SoupType,
  writeLoginAccepted,
  writeLoginRequest,
  writeSoupHeader,
  writeSoupPacket,
} from '../session/soupbintcp-writer.js';
import type { CaptureOutput } from './capture-output.js';
import type { CountingOutput, OutputCounts } from './message-output.js';

export interface SoupBinTCPOutputOptions {
  /** Session name, at most 10 characters. */
  readonly session: string;
  /** Bytes of an IP packet at most, 128 to 65,535. */
  readonly mtu: number;
  readonly pack: 'timestamp' | 'mtu';
  /** Number of the first message where it is not told. */
  readonly firstSequence: number;
  /** From the server, who sends the messages, to the client. */
  readonly flow: Flow;
  /** TCP sequence number that both ends begin with; 1 where absent. */
  readonly initialSequence?: number;
}

/** Room for headers and a whole login request. */
const minMtu = 128;
const ipv4TcpHeaders = 40;
const ipv6TcpHeaders = 60;
const window = 65_535;
/** The client acknowledges every second segment at least (RFC 9293 section 3.8.6.3). */
const segmentsPerAck = 2;
/** After so many seconds without a message the connection is taken as closed, and no more heartbeats are written. */
const maxIdleSeconds = 3600;
const username = 'client';
const password = 'password';

export class SoupBinTCPOutput implements CountingOutput {
  private messages = 0;
  private tooLong = 0;
  private connections = 0;
  private nextSequence: number;
  private seconds = 0;
  private nanoseconds = 0;
  private readonly options: SoupBinTCPOutputOptions;
  private readonly capture: CaptureOutput;
  private readonly server: Peer;
  private readonly client: Peer;
  private readonly mss: number;
  /** A packet as it is made. */
  private readonly packet = new DataView(new ArrayBuffer(SOUP_HEADER_LENGTH + MAX_SOUP_PAYLOAD));
  /** The segment being filled. */
  private readonly segment: Uint8Array;
  private readonly segmentView: DataView;
  private filled = 0;
  private unacknowledged = 0;
  private isConnected = false;

  private constructor(options: SoupBinTCPOutputOptions, capture: CaptureOutput) {
    const { flow, mtu, initialSequence = 1 } = options;
    this.options = options;
    this.capture = capture;
    this.mss = mtu - (flow.source.includes(':') ? ipv6TcpHeaders : ipv4TcpHeaders);
    this.segment = new Uint8Array(this.mss);
    this.segmentView = new DataView(this.segment.buffer);
    this.nextSequence = options.firstSequence;
    this.server = new Peer(flow, initialSequence);
    this.client = new Peer(reversed(flow), initialSequence);
  }

  /** Checks the options before `openFile` makes the file. */
  static open(options: SoupBinTCPOutputOptions, openFile: () => CaptureOutput): SoupBinTCPOutput {
    const { mtu, firstSequence } = options;
    checkSoupSession(options.session);
    if (!(Number.isInteger(mtu) && mtu >= minMtu && mtu <= 65_535)) {
      throw new UsageError('mtu', `an MTU for SoupBinTCP is a whole number from ${minMtu} to 65535, not ${mtu}`);
    }
    if (!(Number.isSafeInteger(firstSequence) && firstSequence >= 1)) {
      throw new UsageError('sequence', `the first sequence number is a whole number from 1, not ${firstSequence}`);
    }
    return new SoupBinTCPOutput(options, openFile());
  }

  get counts(): OutputCounts {
    const { messages, tooLong, connections } = this;
    const { packets, bytes, clampedTimestamps } = this.capture;
    return { messages, packets, bytes, tooLong, zeroLength: 0, clampedTimestamps, connections };
  }

  message(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
  ): void {
    if (length > MAX_SOUP_PAYLOAD) {
      this.tooLong++;
      return;
    }
    const follows = sequence === 0 || sequence === this.nextSequence;
    const isNewStamp = seconds !== this.seconds || nanoseconds !== this.nanoseconds;
    const ends = !follows || seconds - this.seconds > maxIdleSeconds;
    if (this.isConnected && (ends || (isNewStamp && this.options.pack === 'timestamp'))) this.flush();
    if (this.isConnected && ends) this.disconnect();
    if (!follows) this.nextSequence = sequence;
    if (this.isConnected) this.keepAlive(seconds, nanoseconds);
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    if (!this.isConnected) this.connect();
    this.append(writeSoupPacket(this.packet, 0, SoupType.sequencedData, view, offset, length));
    this.nextSequence++;
    this.messages++;
  }

  /** Stamped as the last message. */
  endOfSession(): void {
    if (!this.isConnected) this.connect();
    this.append(writeSoupHeader(this.packet, 0, SoupType.endOfSession));
    this.flush();
    this.disconnect();
  }

  /** Where the session goes on, the client logs out. */
  close(): void {
    try {
      if (!this.isConnected) return;
      this.flush();
      this.say(this.client, writeSoupHeader(this.packet, 0, SoupType.logoutRequest));
      this.disconnect();
    } finally {
      this.capture.close();
    }
  }

  /** Handshake and login. */
  private connect(): void {
    const { client, server, options } = this;
    this.send(client, SYN);
    this.send(server, SYN | ACK);
    this.send(client, ACK);
    const sequence = this.nextSequence;
    const login = { username, password, session: options.session, sequence };
    writeLoginRequest(this.packet, 0, login);
    this.say(client, LOGIN_REQUEST_LENGTH);
    writeLoginAccepted(this.packet, 0, options.session, sequence);
    this.say(server, LOGIN_ACCEPTED_LENGTH);
    this.unacknowledged = 1;
    this.connections++;
    this.isConnected = true;
  }

  /** The server closes, then the client. */
  private disconnect(): void {
    this.send(this.server, FIN | ACK);
    this.send(this.client, FIN | ACK);
    this.send(this.server, ACK);
    this.isConnected = false;
  }

  /** Heartbeats that became due by this time, in order, unless the server has something to send. */
  private keepAlive(seconds: number, nanoseconds: number): void {
    const { client, server } = this;
    if (this.filled > 0 && (client.isIdleAt(seconds, nanoseconds) || server.isIdleAt(seconds, nanoseconds))) {
      this.flush();
    }
    for (;;) {
      const peer = client.isBefore(server) ? client : server;
      if (!peer.isIdleAt(seconds, nanoseconds)) return;
      this.seconds = peer.seconds + 1;
      this.nanoseconds = peer.nanoseconds;
      const type = peer === server ? SoupType.serverHeartbeat : SoupType.clientHeartbeat;
      this.say(peer, writeSoupHeader(this.packet, 0, type));
    }
  }

  /** Adds the packet's first `length` bytes to the stream from the server. */
  private append(length: number): void {
    if (this.options.pack === 'timestamp' && length <= this.mss && this.filled + length > this.mss) this.flush();
    for (let done = 0; done < length; ) {
      const part = Math.min(length - done, this.mss - this.filled);
      this.segment.set(new Uint8Array(this.packet.buffer, done, part), this.filled);
      this.filled += part;
      done += part;
      if (this.filled === this.mss) this.flush();
    }
  }

  /** Sends the segment being filled. */
  private flush(): void {
    if (this.filled === 0) return;
    this.send(this.server, PSH | ACK, this.segmentView, this.filled);
    this.server.spoke(this.seconds, this.nanoseconds);
    this.filled = 0;
    if (++this.unacknowledged < segmentsPerAck) return;
    this.send(this.client, ACK);
    this.unacknowledged = 0;
  }

  /** Sends the packet's first `length` bytes in a segment of their own. */
  private say(peer: Peer, length: number): void {
    this.send(peer, PSH | ACK, this.packet, length);
    peer.spoke(this.seconds, this.nanoseconds);
    if (peer === this.client) this.unacknowledged = 0;
  }

  private send(peer: Peer, flags: number, view: DataView = this.packet, length = 0): void {
    const { fields } = peer;
    fields.flags = flags;
    fields.acknowledgment = (flags & ACK) === 0 ? 0 : this.other(peer).fields.sequence;
    this.capture.segment(view, 0, length, peer.flow, fields, this.seconds, this.nanoseconds);
    // SYN and FIN take a number each.
    const phantom = (flags & (SYN | FIN)) === 0 ? 0 : 1;
    fields.sequence = (fields.sequence + length + phantom) >>> 0;
  }

  private other(peer: Peer): Peer {
    return peer === this.server ? this.client : this.server;
  }
}

/** One end of the connection: its numbers, and when it last said something. */
class Peer {
  /** Of its next segment; the next connection's numbers go on from there. */
  readonly fields;
  seconds = 0;
  nanoseconds = 0;

  constructor(
    readonly flow: Flow,
    initialSequence: number,
  ) {
    this.fields = { sequence: initialSequence, acknowledgment: 0, flags: 0, window };
  }

  spoke(seconds: number, nanoseconds: number): void {
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
  }

  isBefore(other: Peer): boolean {
    return this.seconds < other.seconds || (this.seconds === other.seconds && this.nanoseconds < other.nanoseconds);
  }

  /** Whether a second and more has gone by since it said something. */
  isIdleAt(seconds: number, nanoseconds: number): boolean {
    const due = this.seconds + 1;
    return seconds > due || (seconds === due && nanoseconds > this.nanoseconds);
  }
}

function reversed({ transport, source, sourcePort, destination, destinationPort, index }: Flow): Flow {
  return flowBetween(
    transport,
    { address: destination, port: destinationPort },
    { address: source, port: sourcePort },
    index + 1,
  );
}
