/**
 * SoupBinTCP 3.00: the logical packets of one direction of a TCP connection, from its bytes in pieces.
 *
 * A packet that is whole in a piece is read where it lies; one that goes on in the next is put together in a buffer of
 * at most `MAX_SOUP_PACKET` bytes. Sequenced messages are numbered from the login's number on, which is seen where the
 * server's direction is captured from the login on; otherwise, and behind bytes that are missing, the number is 0
 * until the next login. Unsequenced messages carry 0 too. Messages that a login asked for again are delivered with
 * `stream.isDuplicate` set.
 *
 * In the middle of a stream, and where a packet is none, packets are looked for by their chain of lengths and types.
 *
 * Damage codes: `soup-packet`, `skipped-bytes`, `cut-packet`, `sequence-unknown`, `login-sequence`,
 * `too-many-sessions`.
 */
import { copyBytes } from '../core/copy.js';
import type { Flow, Join, LengthOf, MessageListener } from '../core/seams.js';
import { beginsSoupPackets, findSoupPackets } from './soupbintcp-chain.js';
import { isSoupPacket, readSoupSequence, readSoupText } from './soupbintcp-header.js';
import {
  MAX_SOUP_PAYLOAD,
  SOUP_HEADER_LENGTH,
  SOUP_LENGTH_SIZE,
  SOUP_SESSION_LENGTH,
  SOUP_USERNAME_LENGTH,
  SoupType,
} from './soupbintcp-writer.js';
import { type SoupBinTCPStream, StreamTable } from './stream.js';

/** Bytes of the longest packet. */
export const MAX_SOUP_PACKET = SOUP_HEADER_LENGTH + MAX_SOUP_PAYLOAD;

/** Characters of a debug packet's text that are kept. */
export const MAX_DEBUG_TEXT = 200;

const FIRST_CARRY = 4096;

const REJECT_REASONS: Readonly<Record<string, string>> = { A: 'not authorized', S: 'session not available' };

/** What one direction said beside its messages. A user's password is never read. */
export interface SoupReport {
  /** By the packets that only one side sends; null before the first of them. */
  readonly direction: 'server' | 'client' | null;
  /** Login requests of a client, logins accepted by a server. */
  readonly logins: number;
  /** The user of the last login request. */
  readonly user: string | null;
  readonly rejects: number;
  /** Of the last reject. */
  readonly rejectReason: string | null;
  readonly heartbeats: number;
  readonly debug: number;
  /** The first debug packet's text, its first `MAX_DEBUG_TEXT` characters. */
  readonly debugText: string | null;
  readonly unsequenced: number;
  readonly logouts: number;
  readonly endOfSession: boolean;
  /** Bytes of a packet whose end has not come. */
  readonly pending: number;
  /** Bytes that were passed over where no packet could be told. */
  readonly skipped: number;
}

/** Decodes one direction of a connection, or of several in a row on the same addresses and ports. */
export class SoupBinTCPDecoder {
  readonly flow: Flow;
  private direction: 'server' | 'client' | null = null;
  private logins = 0;
  private user: string | null = null;
  private rejects = 0;
  private rejectReason: string | null = null;
  private heartbeats = 0;
  private debug = 0;
  private debugText: string | null = null;
  private unsequenced = 0;
  private logouts = 0;
  private endOfSession = false;
  private skipped = 0;
  /** Of `skipped`, what no damage has told yet. */
  private untold = 0;
  /** Whether the next byte begins a packet, or goes on with the one in `carry`. */
  private isAligned = false;
  private carry = new DataView(new ArrayBuffer(0));
  private carried = 0;
  /** Of the next sequenced message; 0 while it is not known. */
  private nextSequence = 0;
  private stream: SoupBinTCPStream | null = null;
  /** Every stream of this direction: one a session. */
  private readonly streams: SoupBinTCPStream[] = [];
  private timestampNs = 0;
  private packetNumber = 0;
  private fileOffset = 0;

  constructor(
    flow: Flow,
    private readonly listener: MessageListener,
    private readonly lengthOf: LengthOf,
    private readonly table: StreamTable = new StreamTable(),
  ) {
    this.flow = flow;
  }

  /** Decodes the next bytes of the direction; `packetNumber` and `fileOffset` say where damage was. */
  piece(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    join: Join,
    packetNumber: number,
    fileOffset: number,
  ): void {
    this.timestampNs = timestampNs;
    this.packetNumber = packetNumber;
    this.fileOffset = fileOffset;
    if (join !== 'next') this.rejoin(join);
    const end = offset + length;
    let at = this.isAligned ? this.complete(view, offset, end) : this.alignStart(view, offset, end);
    while (end - at >= SOUP_HEADER_LENGTH) {
      const packetLength = view.getUint16(at);
      const type = view.getUint8(at + SOUP_LENGTH_SIZE);
      if (!isSoupPacket(packetLength, type)) {
        this.refuse(packetLength, type);
        at = this.align(view, at, at + 1, end);
        continue;
      }
      const next = at + SOUP_LENGTH_SIZE + packetLength;
      if (next > end) break;
      this.packet(view, at, packetLength, type);
      at = next;
    }
    if (at < end) this.keep(view, at, end);
  }

  /** Bytes that wait for those behind them. */
  get pending(): number {
    return this.carried;
  }

  /** Says that no more bytes will come. */
  finish(): void {
    this.dropCarry('the capture ends');
    this.tellSkipped();
  }

  report(): SoupReport {
    const { direction, logins, user, rejects, rejectReason, heartbeats, debug, debugText } = this;
    const { unsequenced, logouts, endOfSession, carried: pending, skipped } = this;
    const login = { direction, logins, user, rejects, rejectReason };
    return { ...login, heartbeats, debug, debugText, unsequenced, logouts, endOfSession, pending, skipped };
  }

  private rejoin(join: Join): void {
    this.dropCarry(join === 'start' ? 'another connection begins' : 'bytes are missing');
    this.tellSkipped();
    this.isAligned = join === 'start';
    if (join === 'lost') this.loseSequence();
    else {
      this.nextSequence = 0;
      this.stream = null;
    }
  }

  /** Finds the first packet of a piece that may begin anywhere. */
  private alignStart(view: DataView, offset: number, end: number): number {
    if (!beginsSoupPackets(view, offset, end, this.lengthOf)) return this.align(view, offset, offset, end);
    this.isAligned = true;
    this.tellSkipped();
    return offset;
  }

  /** Passes over the bytes from `lost` to the first packet from `offset` on, or to `end`; returns where that is. */
  private align(view: DataView, lost: number, offset: number, end: number): number {
    const found = findSoupPackets(view, offset, end, this.lengthOf);
    this.isAligned = found >= 0;
    const at = found < 0 ? end : found;
    this.skip(at - lost);
    if (this.isAligned) this.tellSkipped();
    return at;
  }

  /** Goes on with the packet that the piece before left unfinished; returns where the next one begins. */
  private complete(view: DataView, offset: number, end: number): number {
    if (this.carried === 0) return offset;
    const before = this.carried;
    const header = Math.max(0, Math.min(SOUP_HEADER_LENGTH - before, end - offset));
    this.keep(view, offset, offset + header);
    if (this.carried < SOUP_HEADER_LENGTH) return end;
    const packetLength = this.carry.getUint16(0);
    const type = this.carry.getUint8(SOUP_LENGTH_SIZE);
    if (!isSoupPacket(packetLength, type)) {
      this.carried = 0;
      this.refuse(packetLength, type);
      this.skip(before);
      return this.alignStart(view, offset, end);
    }
    const missing = packetLength + SOUP_LENGTH_SIZE - this.carried;
    const from = offset + header;
    const to = Math.min(end, from + missing);
    this.keep(view, from, to);
    if (to - from < missing) return end;
    this.carried = 0;
    this.packet(this.carry, 0, packetLength, type);
    return to;
  }

  /** Copies bytes behind those that wait for the rest of their packet. */
  private keep(view: DataView, from: number, to: number): void {
    const needed = this.carried + to - from;
    if (needed > this.carry.byteLength) {
      const size = Math.max(FIRST_CARRY, Math.min(MAX_SOUP_PACKET, 2 * needed));
      const grown = new DataView(new ArrayBuffer(size));
      copyBytes(this.carry, 0, grown, 0, this.carried);
      this.carry = grown;
    }
    copyBytes(view, from, this.carry, this.carried, to - from);
    this.carried = needed;
  }

  private packet(view: DataView, at: number, packetLength: number, type: number): void {
    const payload = at + SOUP_HEADER_LENGTH;
    switch (type) {
      case SoupType.sequencedData:
        this.direction = 'server';
        this.sequencedData(view, payload, packetLength - 1);
        break;
      case SoupType.unsequencedData:
        this.direction ??= 'client';
        this.unsequencedData(view, payload, packetLength - 1);
        break;
      case SoupType.debug:
        this.debug++;
        this.debugText ??= readSoupText(view, payload, Math.min(MAX_DEBUG_TEXT, packetLength - 1));
        break;
      default:
        this.control(view, payload, type);
    }
  }

  private sequencedData(view: DataView, payload: number, length: number): void {
    const { listener, timestampNs } = this;
    const stream = this.currentStream();
    const { tracker } = stream;
    const sequence = this.nextSequence;
    stream.packets++;
    if (length === 0) stream.zeroLength++;
    if (sequence === 0) {
      stream.unsequenced++;
      listener.onMessage(view, payload, length, timestampNs, 0, stream);
      return;
    }
    this.nextSequence = sequence + 1;
    if (sequence === tracker.next) {
      listener.onMessage(view, payload, length, timestampNs, sequence, stream);
      tracker.extend(1);
      return;
    }
    stream.isDuplicate = !tracker.accept(sequence);
    listener.onMessage(view, payload, length, timestampNs, sequence, stream);
    stream.isDuplicate = false;
  }

  private unsequencedData(view: DataView, payload: number, length: number): void {
    const stream = this.currentStream();
    stream.packets++;
    stream.unsequenced++;
    if (length === 0) stream.zeroLength++;
    this.unsequenced++;
    stream.isUnsequenced = true;
    this.listener.onMessage(view, payload, length, this.timestampNs, 0, stream);
    stream.isUnsequenced = false;
  }

  private control(view: DataView, payload: number, type: number): void {
    const isClient =
      type === SoupType.loginRequest || type === SoupType.clientHeartbeat || type === SoupType.logoutRequest;
    this.direction = isClient ? 'client' : 'server';
    if (type === SoupType.serverHeartbeat) this.serverHeartbeat();
    else if (type === SoupType.clientHeartbeat) this.heartbeats++;
    else if (type === SoupType.endOfSession) this.sessionEnd();
    else if (type === SoupType.loginAccepted) this.loginAccepted(view, payload);
    else if (type === SoupType.loginRejected) this.loginRejected(view.getUint8(payload));
    else if (type === SoupType.logoutRequest) this.logouts++;
    else {
      this.logins++;
      this.user = readSoupText(view, payload, SOUP_USERNAME_LENGTH);
    }
  }

  private serverHeartbeat(): void {
    const stream = this.currentStream();
    this.heartbeats++;
    stream.packets++;
    stream.heartbeats++;
    this.listener.onHeartbeat?.(this.nextSequence, this.timestampNs, stream);
  }

  private sessionEnd(): void {
    const stream = this.currentStream();
    this.endOfSession = true;
    stream.packets++;
    stream.endOfSession = true;
    this.listener.onEndOfSession?.(this.nextSequence, this.timestampNs, stream);
  }

  private loginAccepted(view: DataView, payload: number): void {
    this.logins++;
    const stream = this.streamOf(readSoupText(view, payload, SOUP_SESSION_LENGTH));
    stream.packets++;
    this.stream = stream;
    const sequence = readSoupSequence(view, payload + SOUP_SESSION_LENGTH);
    this.nextSequence = stream === this.table.soupOverflow ? 0 : Math.max(0, sequence);
    if (sequence < 1) {
      const text = 'its login accepted has no usable sequence number; messages carry none until the next login';
      this.damage('login-sequence', text);
    } else if (this.nextSequence > 0 && stream.tracker.expect(sequence)) {
      this.listener.onGap?.(stream.tracker.gapFrom, stream.tracker.gapTo, stream);
    }
  }

  private loginRejected(reason: number): void {
    this.rejects++;
    const code = String.fromCharCode(reason);
    this.rejectReason = REJECT_REASONS[code] ?? `unknown reason 0x${reason.toString(16).padStart(2, '0')}`;
  }

  private currentStream(): SoupBinTCPStream {
    this.stream ??= this.streamOf(null);
    return this.stream;
  }

  /** The stream of a session; one that has carried nothing without a name takes it. */
  private streamOf(session: string | null): SoupBinTCPStream {
    for (const stream of this.streams) if (stream.session === session) return stream;
    const { stream, table } = this;
    if (stream !== null && stream.session === null && stream.tracker.messages + stream.unsequenced === 0) {
      stream.session = session;
      return stream;
    }
    const isFirstBeyond = table.soupOverflow === null;
    const added = table.addSoup(this.flow);
    if (added !== table.soupOverflow) {
      added.session = session;
      this.streams.push(added);
    } else if (isFirstBeyond) {
      const text = `one session more than the ${table.maxStreams} kept apart; messages of later ones carry no number`;
      this.damage('too-many-sessions', text);
    }
    return added;
  }

  private loseSequence(): void {
    if (this.nextSequence === 0) return;
    this.nextSequence = 0;
    this.damage(
      'sequence-unknown',
      'bytes before are missing, and with them how many messages: from here on messages carry no sequence number ' +
        'until the next login. Capture again without loss.',
    );
  }

  private refuse(packetLength: number, type: number): void {
    const text = `type 0x${type.toString(16).padStart(2, '0')} with length ${packetLength}`;
    this.damage('soup-packet', `${text} is no SoupBinTCP packet; the next one is looked for`);
    this.loseSequence();
  }

  private dropCarry(why: string): void {
    if (this.carried === 0) return;
    const { carried } = this;
    this.carried = 0;
    this.damage('cut-packet', `${why} within a packet: its first ${carried} bytes are left out`);
  }

  private skip(count: number): void {
    this.skipped += count;
    this.untold += count;
  }

  private tellSkipped(): void {
    if (this.untold === 0) return;
    const { untold } = this;
    this.untold = 0;
    this.damage('skipped-bytes', `${untold} bytes before were passed over, since no packet could be told in them`);
  }

  private damage(code: string, what: string): void {
    const { packetNumber: record, fileOffset: offset } = this;
    const message = `SoupBinTCP on ${this.flow.name}, packet ${record} at byte ${offset}: ${what}`;
    this.listener.onDamage?.({ code, message, record, offset });
  }
}
