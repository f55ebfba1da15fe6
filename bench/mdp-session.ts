/**
 * The bench's second corpus: one synthetic MDP 3.0 channel in memory, the same bytes for the same seed. Each message
 * stands behind its 2-byte little-endian size, as in CME's packets.
 *
 * Templates are drawn at random in about the proportions of an active futures channel, sizes of groups too, so that a
 * branch predictor learns no order; one message in four is of version 9, the others of 13. Written by hand from the
 * published layouts, not by the library that is measured.
 */
import {
  fileHeader,
  frameHeader,
  maxPayload,
  type PcapResolution,
  recordHeader,
  writeFileHeader,
  writeFrame,
  writeRecordHeader,
} from './frame.js';
import { sfc32 } from './random.js';

/** Seed of the committed corpus. */
export const mdpSeed = 20261121;

/** Messages in the committed corpus. */
export const mdpMessages = 1_000_000;

/** A channel's messages, and how many entries their groups have in all. */
export interface MdpSession {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly entries: number;
}

/** Builds a session of `messages` messages. */
export function buildMdpSession(messages: number, seed: number = mdpSeed): MdpSession {
  return new ChannelWriter(messages, seed).write();
}

/** Packs a session into packets of one message to 1,400 bytes, in a pcap stamped in nanoseconds. */
export function buildMdpPcap({ bytes: session }: MdpSession): Uint8Array<ArrayBuffer> {
  const next = sfc32(mdpSeed);
  const from = new DataView(session.buffer, session.byteOffset, session.length);
  const bytes = new Uint8Array(session.length * 3 + fileHeader);
  const view = new DataView(bytes.buffer);
  const resolution: PcapResolution = 'ns';
  writeFileHeader(view, resolution);
  let at = fileHeader;
  let sequence = 0;
  for (let offset = 0; offset < session.length; ) {
    const wanted = next() % 100 < 70 ? 1 : 2 + (next() % 5);
    let end = offset;
    for (let count = 0; count < wanted && end < session.length; count++) {
      const behind = end + from.getUint16(end, true);
      if (count !== 0 && packetHeader + behind - offset > maxPayload) break;
      end = behind;
    }
    const payload = at + recordHeader + frameHeader;
    const length = packetHeader + end - offset;
    bytes.set(session.subarray(offset, end), payload + packetHeader);
    view.setUint32(payload, ++sequence, true);
    const elapsedNs = sequence * 3000;
    setTime(view, payload + 4, elapsedNs);
    writeFrame(view, at + recordHeader, length, destination);
    writeRecordHeader(view, at, frameHeader + length, baseSeconds, elapsedNs + 30_000, resolution);
    at = payload + length;
    offset = end;
  }
  return bytes.slice(0, at);
}

const packetHeader = 12;
const destination = { group: [224, 0, 31, 1], port: 14_310 };
/** 14:30 UTC on 5 January 2026; its nanoseconds in two halves. */
const baseSeconds = 1_767_623_400;
const baseHigh = 411_556_893;
const baseLow = 4_121_628_672;
const two32 = 0x1_0000_0000;
const mostBytes = 1200;
const instruments = 40;
const tick = 250_000_000;
const nullInt32 = 0x7fff_ffff;

class ChannelWriter {
  private readonly messages: number;
  private readonly next: () => number;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly view: DataView;
  private readonly rptSeqs = new Uint32Array(instruments);
  private readonly ticks = new Uint32Array(instruments);
  private order = 0;
  private elapsedNs = 0;
  private entries = 0;
  private version = 13;
  private at = 0;

  constructor(messages: number, seed: number) {
    this.messages = messages;
    this.next = sfc32(seed);
    this.bytes = new Uint8Array(messages * 240 + mostBytes);
    this.view = new DataView(this.bytes.buffer);
    for (let index = 0; index < instruments; index++) this.ticks[index] = 8000 + (this.next() % 12_000);
  }

  write(): MdpSession {
    for (let index = 0; index < this.messages; index++) {
      const start = this.at;
      this.at += 2;
      this.version = this.next() % 4 === 0 ? 9 : 13;
      this.elapsedNs += 1 + (this.next() % 2000);
      const draw = this.next() % 100;
      if (draw < 60) this.book();
      else if (draw < 90) this.orderBook();
      else if (draw < 98) this.trade();
      else this.snapshot();
      this.view.setUint16(start, this.at - start, true);
    }
    return { bytes: this.bytes.slice(0, this.at), entries: this.entries };
  }

  /** MDIncrementalRefreshBook46: levels, then orders on them half of the time. */
  private book(): void {
    this.incremental(46);
    const count = this.few();
    this.groupSize(32, count);
    for (let entry = 0; entry < count; entry++, this.at += 32) {
      const { view, at } = this;
      const instrument = this.pick();
      this.setU64(at, this.price(instrument));
      view.setInt32(at + 8, this.next() % 50 === 0 ? nullInt32 : this.next() % 2000, true);
      view.setInt32(at + 12, 1000 + instrument, true);
      view.setUint32(at + 16, this.rptSeq(instrument), true);
      view.setInt32(at + 20, this.next() % 20 === 0 ? nullInt32 : this.next() % 300, true);
      view.setUint8(at + 24, 1 + (this.next() % 10));
      view.setUint8(at + 25, this.next() % 3);
      view.setUint8(at + 26, 0x30 + (this.next() % 2));
      if (this.version >= 10) view.setInt32(at + 27, this.next() % 2 === 0 ? nullInt32 : this.next() % 2000, true);
    }
    const orders = this.next() % 2 === 0 ? this.few() : 0;
    this.groupSize8Byte(24, orders);
    for (let entry = 0; entry < orders; entry++, this.at += 24) {
      const { view, at } = this;
      this.setU64(at, this.newOrder());
      if (this.next() % 10 === 0) this.setNull64(at + 8);
      else this.setU64(at + 8, this.order * 3);
      view.setInt32(at + 16, this.next() % 10 === 0 ? nullInt32 : this.next() % 200, true);
      view.setUint8(at + 20, this.next() % 20 === 0 ? 255 : 1 + (this.next() % count));
      view.setUint8(at + 21, this.next() % 3);
    }
  }

  /** MDIncrementalRefreshOrderBook47. */
  private orderBook(): void {
    this.incremental(47);
    const count = this.few();
    this.groupSize(40, count);
    for (let entry = 0; entry < count; entry++, this.at += 40) {
      const { view, at } = this;
      const instrument = this.pick();
      this.setU64(at, this.newOrder());
      if (this.next() % 10 === 0) this.setNull64(at + 8);
      else this.setU64(at + 8, this.order * 3);
      this.setU64(at + 16, this.price(instrument));
      view.setInt32(at + 24, this.next() % 10 === 0 ? nullInt32 : this.next() % 200, true);
      view.setInt32(at + 28, 1000 + instrument, true);
      view.setUint8(at + 32, this.next() % 3);
      view.setUint8(at + 33, 0x30 + (this.next() % 2));
    }
  }

  /** MDIncrementalRefreshTradeSummary48: trades, then the orders that took part. */
  private trade(): void {
    this.incremental(48);
    const count = this.few();
    this.groupSize(32, count);
    for (let entry = 0; entry < count; entry++, this.at += 32) {
      const { view, at } = this;
      const instrument = this.pick();
      this.setU64(at, this.price(instrument));
      view.setInt32(at + 8, 1 + (this.next() % 500), true);
      view.setInt32(at + 12, 1000 + instrument, true);
      view.setUint32(at + 16, this.rptSeq(instrument), true);
      view.setInt32(at + 20, 1 + (this.next() % 9), true);
      view.setUint8(at + 24, this.next() % 3);
      view.setUint8(at + 25, this.next() % 3);
      view.setUint32(at + 26, this.next() % 8 === 0 ? 0xffff_ffff : this.next() % 1_000_000, true);
    }
    const orders = 2 * count;
    this.groupSize8Byte(16, orders);
    for (let entry = 0; entry < orders; entry++, this.at += 16) {
      this.setU64(this.at, this.newOrder());
      this.view.setInt32(this.at + 8, 1 + (this.next() % 200), true);
    }
  }

  /** SnapshotFullRefresh52. */
  private snapshot(): void {
    const { view } = this;
    const instrument = this.pick();
    const at = this.header(59, 52);
    view.setUint32(at, this.next(), true);
    view.setUint32(at + 4, instruments, true);
    view.setInt32(at + 8, 1000 + instrument, true);
    view.setUint32(at + 12, this.rptSeqs[instrument] as number, true);
    setTime(view, at + 16, this.elapsedNs);
    setTime(view, at + 24, 0);
    view.setUint16(at + 32, this.next() % 10 === 0 ? 0xffff : 20_458, true);
    view.setUint8(at + 34, 17);
    this.setU64(at + 35, this.price(instrument) + 100 * tick);
    this.setU64(at + 43, this.price(instrument) - 100 * tick);
    if (this.next() % 4 === 0) this.setMaxI64(at + 51);
    else this.setU64(at + 51, 40 * tick);
    const count = 5 + (this.next() % 20);
    this.groupSize(22, count);
    for (let entry = 0; entry < count; entry++, this.at += 22) this.snapshotEntry(this.at, instrument);
  }

  private snapshotEntry(at: number, instrument: number): void {
    const { view } = this;
    if (this.next() % 10 === 0) this.setMaxI64(at);
    else this.setU64(at, this.price(instrument));
    view.setInt32(at + 8, this.next() % 10 === 0 ? nullInt32 : this.next() % 2000, true);
    view.setInt32(at + 12, this.next() % 10 === 0 ? nullInt32 : this.next() % 300, true);
    view.setInt8(at + 16, this.next() % 10 === 0 ? 127 : 1 + (this.next() % 10));
    view.setUint16(at + 17, this.next() % 2 === 0 ? 0xffff : 20_458, true);
    view.setUint8(at + 19, this.next() % 2 === 0 ? 255 : this.next() % 6);
    view.setUint8(at + 20, this.next() % 16);
    view.setUint8(at + 21, 0x30 + (this.next() % 2));
  }

  /** The header and root of an incremental refresh. */
  private incremental(templateId: number): void {
    const at = this.header(11, templateId);
    setTime(this.view, at, this.elapsedNs);
    this.view.setUint8(at + 8, this.next() % 2 === 0 ? 0x80 : 0x04);
  }

  /** Writes a message header; returns the offset of the root, which is taken. */
  private header(blockLength: number, templateId: number): number {
    const { view, at } = this;
    view.setUint16(at, blockLength, true);
    view.setUint16(at + 2, templateId, true);
    view.setUint16(at + 4, 1, true);
    view.setUint16(at + 6, this.version, true);
    this.at = at + 8 + blockLength;
    return at + 8;
  }

  private groupSize(blockLength: number, count: number): void {
    this.view.setUint16(this.at, blockLength, true);
    this.view.setUint8(this.at + 2, count);
    this.at += 3;
    this.entries += count;
  }

  private groupSize8Byte(blockLength: number, count: number): void {
    this.view.setUint16(this.at, blockLength, true);
    this.view.setUint8(this.at + 7, count);
    this.at += 8;
    this.entries += count;
  }

  /** Mostly one to three, at times up to ten. */
  private few(): number {
    return 1 + (this.next() % 4 === 0 ? this.next() % 10 : this.next() % 3);
  }

  /** A few instruments have most of the messages. */
  private pick(): number {
    const part = this.next() / two32;
    return Math.floor(part * part * instruments);
  }

  private price(instrument: number): number {
    const moved = Math.max(1000, (this.ticks[instrument] as number) + (this.next() % 5) - 2);
    this.ticks[instrument] = moved;
    return moved * tick;
  }

  private rptSeq(instrument: number): number {
    const sequence = (this.rptSeqs[instrument] as number) + 1;
    this.rptSeqs[instrument] = sequence;
    return sequence;
  }

  private newOrder(): number {
    this.order += 1 + (this.next() % 8);
    return 644_000_000_000 + this.order;
  }

  private setU64(at: number, value: number): void {
    this.view.setUint32(at, value % two32, true);
    this.view.setUint32(at + 4, Math.floor(value / two32), true);
  }

  private setNull64(at: number): void {
    this.view.setUint32(at, 0xffff_ffff, true);
    this.view.setUint32(at + 4, 0xffff_ffff, true);
  }

  private setMaxI64(at: number): void {
    this.view.setUint32(at, 0xffff_ffff, true);
    this.view.setUint32(at + 4, 0x7fff_ffff, true);
  }
}

/** Epoch nanoseconds, so many after the session's base. */
function setTime(view: DataView, at: number, elapsedNs: number): void {
  const low = baseLow + elapsedNs;
  view.setUint32(at, low % two32, true);
  view.setUint32(at + 4, baseHigh + Math.floor(low / two32), true);
}
