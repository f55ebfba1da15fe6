/**
 * Walks over the records of a capture without reading them: where the last whole one ends, and how many packets there
 * are, so that a file can be cut into parts which are read apart. It stops at what cannot be a record.
 */
import type { RecordWalk } from '../core/record-walk.js';
import { MAX_CAPTURED_BYTES } from './frame-reader.js';
import { PCAP_HEADER_BYTES, PCAP_RECORD_HEADER_BYTES, pcapRecords } from './pcap.js';
import {
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET_BLOCK,
  INTERFACE_BLOCK,
  MAX_HELD_BLOCK_BYTES,
  MIN_BLOCK_BYTES,
  PACKET_BLOCK,
  SECTION_HEADER_BLOCK,
  SIMPLE_PACKET_BLOCK,
} from './pcapng-blocks.js';

const NOTHING = new Uint8Array(0);

/** The walk over the packets of a pcap, behind its header. */
export class PcapWalk implements RecordWalk {
  records = 0;
  isPlain = true;
  isLost = false;
  description: Uint8Array = NOTHING;
  private littleEndian = false;
  private headerBytes = PCAP_RECORD_HEADER_BYTES;

  walk(view: DataView, from: number, limit: number): number {
    const isStart = this.description.length === 0;
    if (isStart && limit - from < PCAP_HEADER_BYTES) return from;
    const start = isStart ? this.open(view, from) : from;
    const { littleEndian, headerBytes } = this;
    let at = start;
    let records = 0;
    while (at + headerBytes <= limit && !this.isLost) {
      const captured = view.getUint32(at + 8, littleEndian);
      if (captured > MAX_CAPTURED_BYTES) this.isLost = true;
      else if (at + headerBytes + captured > limit) break;
      else {
        at += headerBytes + captured;
        records++;
      }
    }
    this.records += records;
    return at;
  }

  private open(view: DataView, from: number): number {
    this.description = bytesOf(view, from, PCAP_HEADER_BYTES);
    const layout = pcapRecords(new DataView(this.description.buffer));
    this.isLost = layout === null;
    if (layout === null) return from;
    this.littleEndian = layout.littleEndian;
    this.headerBytes = layout.headerBytes;
    return from + PCAP_HEADER_BYTES;
  }
}

/** The walk over the blocks of a pcapng, from its first byte on. */
export class PcapngWalk implements RecordWalk {
  records = 0;
  isPlain = true;
  isLost = false;
  /** The section header and the interfaces in force. */
  description: Uint8Array = NOTHING;
  private littleEndian = false;

  walk(view: DataView, from: number, limit: number): number {
    this.isPlain = true;
    let at = from;
    while (at + MIN_BLOCK_BYTES <= limit) {
      const type = view.getUint32(at, this.littleEndian);
      if (type === SECTION_HEADER_BLOCK) this.littleEndian = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      const total = view.getUint32(at + 4, this.littleEndian);
      this.isLost = total < MIN_BLOCK_BYTES || (total & 3) !== 0 || total > MAX_HELD_BLOCK_BYTES;
      if (this.isLost || at + total > limit) break;
      this.isLost = view.getUint32(at + total - 4, this.littleEndian) !== total;
      if (this.isLost) break;
      this.take(type, view, at, total);
      at += total;
    }
    return at;
  }

  private take(type: number, view: DataView, at: number, total: number): void {
    if (type === ENHANCED_PACKET_BLOCK) {
      this.records++;
      return;
    }
    this.isPlain = false;
    if (type === PACKET_BLOCK || type === SIMPLE_PACKET_BLOCK) this.records++;
    if (type !== SECTION_HEADER_BLOCK && type !== INTERFACE_BLOCK) return;
    const before = type === SECTION_HEADER_BLOCK ? NOTHING : this.description;
    this.description = joined(before, bytesOf(view, at, total));
  }
}

function bytesOf(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}

function joined(before: Uint8Array, behind: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(before.length + behind.length);
  bytes.set(before);
  bytes.set(behind, before.length);
  return bytes;
}
