/**
 * CME MDP 3.0 over TCP: headers and messages of one direction of a connection, from its bytes in pieces.
 *
 * A message is read where it lies when the piece holds it whole; what a piece leaves unfinished is copied and goes on
 * in the next, at most two messages and a piece. Messages carry the number and the SendingTime of the header before
 * them. Each connection is numbered by itself, so where one begins the numbers do too. A header without messages counts
 * as a heartbeat; one whose first message is broken does not count as seen.
 *
 * Behind bytes that are missing, and where a message is none, the next header with plausible messages is looked for.
 *
 * Damage codes: `message-size`, `message-header`, `skipped-bytes`, `cut-packet`, `too-many-sessions`.
 */
import { copyBytes } from '../core/copy.js';
import type { Flow, Join, MessageListener } from '../core/seams.js';
import { announce, type Mdp3Facts, note } from './mdp3.js';
import {
  MAX_TCP_MSG_SIZE,
  MDP3_TCP_HEADER_LENGTH,
  MDP3_TCP_MARK,
  MIN_MSG_SIZE,
  MSG_SIZE_LENGTH,
  readMsgSize,
  readTimeHigh,
  readTimeLow,
  TCP_SENDING_TIME_OFFSET,
  TCP_SEQUENCE_OFFSET,
} from './mdp3-header.js';
import { isPlausibleMessage } from './mdp3-recognise.js';
import { Mdp3Stream } from './mdp3-stream.js';
import { findMdp3Tcp, startsMdp3Tcp } from './mdp3-tcp-chain.js';
import { StreamTable } from './stream.js';

const FIRST_CARRY = 4096;

/** What one direction said beside its messages. */
export interface Mdp3TcpReport {
  readonly heartbeats: number;
  /** Bytes of a message whose end has not come. */
  readonly pending: number;
  /** Bytes that were passed over where no header could be told. */
  readonly skipped: number;
}

/** Decodes one direction of a connection, or of several in a row on the same addresses and ports. */
export class Mdp3TcpDecoder {
  private stream: Mdp3Stream | null = null;
  /** Of the header at hand; 0 before the first. */
  private sequence = 0;
  /** Whether a header has come, and no message behind it. */
  private isEmpty = false;
  /** Whether the next byte begins a header or a message. */
  private isAligned = false;
  private carry = new DataView(new ArrayBuffer(0));
  private carried = 0;
  private skipped = 0;
  /** Of `skipped`, what no damage has told yet. */
  private untold = 0;
  private timestampNs = 0;
  private packetNumber = 0;
  private fileOffset = 0;

  constructor(
    readonly flow: Flow,
    private readonly listener: MessageListener,
    private readonly facts: Mdp3Facts,
    private readonly table: StreamTable = new StreamTable(),
  ) {}

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
    if (this.carried === 0) {
      const end = offset + length;
      const at = this.read(view, offset, end);
      if (at < end) this.keep(view, at, end);
      return;
    }
    this.keep(view, offset, offset + length);
    const { carry, carried } = this;
    const at = this.read(carry, 0, carried);
    if (at > 0) new Uint8Array(carry.buffer).copyWithin(0, at, carried);
    this.carried = carried - at;
  }

  /** Bytes that wait for those behind them. */
  get pending(): number {
    return this.carried;
  }

  /** Says that no more bytes will come. */
  finish(): void {
    this.dropCarry('the capture ends');
    this.tellSkipped();
    this.endPacket();
  }

  report(): Mdp3TcpReport {
    return { heartbeats: this.stream?.heartbeats ?? 0, pending: this.carried, skipped: this.skipped };
  }

  /** Reads headers and messages from `at` on; returns where the first unfinished one begins. */
  private read(view: DataView, from: number, end: number): number {
    let at = this.isAligned ? from : this.align(view, from, from, end);
    while (this.isAligned && end - at >= MSG_SIZE_LENGTH) {
      const size = readMsgSize(view, at);
      if (size === MDP3_TCP_MARK) {
        if (end - at < MDP3_TCP_HEADER_LENGTH) break;
        this.header(view, at);
        at += MDP3_TCP_HEADER_LENGTH;
      } else if (size < MIN_MSG_SIZE || size > MAX_TCP_MSG_SIZE) {
        this.refuseSize(size);
        at = this.align(view, at, at + 1, end);
      } else if (end - at < MIN_MSG_SIZE) break;
      else if (!isPlausibleMessage(view, at)) {
        this.refuseHeader(view, at);
        at = this.align(view, at, at + 1, end);
      } else {
        if (at + size > end) break;
        this.message(view, at + MSG_SIZE_LENGTH, size - MSG_SIZE_LENGTH);
        at += size;
      }
    }
    return at;
  }

  private rejoin(join: Join): void {
    this.dropCarry(join === 'start' ? 'another connection begins' : 'bytes are missing');
    this.endPacket();
    this.isAligned = false;
    if (join === 'start') this.stream?.beginAnew();
  }

  /** Passes over the bytes from `lost` to the first header from `from` on; what may become one is kept. */
  private align(view: DataView, lost: number, from: number, end: number): number {
    const found = findMdp3Tcp(view, from, end, this.facts);
    const at = found < 0 ? end : found;
    this.skipped += at - lost;
    this.untold += at - lost;
    this.isAligned = found >= 0 && startsMdp3Tcp(view, at, end, this.facts) === 'yes';
    this.sequence = 0;
    this.isEmpty = false;
    if (this.isAligned) this.tellSkipped();
    return at;
  }

  private keep(view: DataView, from: number, to: number): void {
    const needed = this.carried + to - from;
    if (needed > this.carry.byteLength) {
      const grown = new DataView(new ArrayBuffer(Math.max(FIRST_CARRY, 2 * needed)));
      copyBytes(this.carry, 0, grown, 0, this.carried);
      this.carry = grown;
    }
    copyBytes(view, from, this.carry, this.carried, to - from);
    this.carried = needed;
  }

  private header(view: DataView, at: number): void {
    this.endPacket();
    const stream = this.stream ?? this.openStream();
    stream.packets++;
    stream.timeHigh = readTimeHigh(view, at + TCP_SENDING_TIME_OFFSET);
    stream.timeLow = readTimeLow(view, at + TCP_SENDING_TIME_OFFSET);
    stream.isDuplicate = false;
    this.sequence = stream === this.table.mdp3Overflow ? 0 : view.getUint32(at + TCP_SEQUENCE_OFFSET, true);
    this.isEmpty = true;
  }

  private message(view: DataView, offset: number, length: number): void {
    const { sequence } = this;
    const stream = this.stream ?? this.openStream();
    if (this.isEmpty) announce(stream, sequence, this.listener);
    this.isEmpty = false;
    note(stream, this.facts, view, offset, length);
    stream.delivered++;
    if (sequence === 0) stream.unsequenced++;
    this.listener.onMessage(view, offset, length, this.timestampNs, sequence, stream);
  }

  /** Tells of a header that had no messages. */
  private endPacket(): void {
    const { stream, sequence } = this;
    if (!this.isEmpty || stream === null) return;
    this.isEmpty = false;
    announce(stream, sequence, this.listener);
    stream.heartbeats++;
    this.listener.onHeartbeat?.(sequence === 0 ? 0 : sequence + 1, this.timestampNs, stream);
  }

  private openStream(): Mdp3Stream {
    const { table, flow } = this;
    const isFirstBeyond = table.mdp3Overflow === null;
    const stream = table.addMdp3((index, isFull) => new Mdp3Stream(index, isFull ? null : flow, 'MDP3-TCP'));
    if (isFirstBeyond && stream === table.mdp3Overflow) {
      const text = `one flow more than the ${table.maxStreams} kept apart; messages of later ones carry no number`;
      this.damage('too-many-sessions', text);
    }
    this.stream = stream;
    return stream;
  }

  private refuseSize(size: number): void {
    const text = `a message size of ${size}, where ${MIN_MSG_SIZE} to ${MAX_TCP_MSG_SIZE} can be`;
    this.damage('message-size', `${text}; the next header is looked for`);
  }

  private refuseHeader(view: DataView, at: number): void {
    const header = at + MSG_SIZE_LENGTH;
    const [block, template, schema, version] = [0, 2, 4, 6].map((place) => view.getUint16(header + place, true));
    const text = `a block of ${block} bytes, template ${template}, schema ${schema}, version ${version}`;
    const size = readMsgSize(view, at);
    this.damage('message-header', `${text} in a message of ${size} bytes is none; the next header is looked for`);
  }

  private dropCarry(why: string): void {
    const { carried } = this;
    this.carried = 0;
    if (carried === 0) return;
    if (this.isAligned) {
      this.damage('cut-packet', `${why} within a message or header: its first ${carried} bytes are left out`);
      return;
    }
    this.skipped += carried;
    this.untold += carried;
  }

  private tellSkipped(): void {
    if (this.untold === 0) return;
    const { untold } = this;
    this.untold = 0;
    this.damage('skipped-bytes', `${untold} bytes before were passed over, since no header could be told in them`);
  }

  private damage(code: string, what: string): void {
    const { packetNumber: record, fileOffset: offset } = this;
    const message = `MDP 3.0 on ${this.flow.name}, packet ${record} at byte ${offset}: ${what}`;
    this.listener.onDamage?.({ code, message, record, offset });
  }
}
