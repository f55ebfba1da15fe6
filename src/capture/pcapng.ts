/**
 * pcapng captures, version 1.0 (draft-ietf-opsawg-pcapng): section headers (4.1) in both byte orders, interface
 * descriptions (4.2), enhanced packets (4.3) and simple packets (4.4). Every other block is passed over by its length.
 *
 * Each block carries its length at both ends. Where they disagree nothing behind can be trusted and the reading stops;
 * where only a block's inside is wrong, that block is reported and the next one is read.
 */
import { FrameReader, MAX_CAPTURED_BYTES } from './frame-reader.js';
import { type PcapngInterface, readInterface } from './pcapng-interface.js';

/** Block types that are read. */
export const SECTION_HEADER_BLOCK = 0x0a0d0d0a;
export const INTERFACE_BLOCK = 1;
export const PACKET_BLOCK = 2;
export const SIMPLE_PACKET_BLOCK = 3;
export const ENHANCED_PACKET_BLOCK = 6;

/** The word that tells a section's byte order. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** The longest block that is held in memory; of a longer one only its beginning is. */
export const MAX_HELD_BLOCK_BYTES = 1_048_576;

/** The most interfaces of one section. */
export const MAX_INTERFACES = 65_536;

/** Type, total length, and the total length again. */
const MIN_BLOCK_BYTES = 12;
/** Least total lengths of the blocks that are read. */
const SECTION_BYTES = 28;
const INTERFACE_BYTES = 20;
const SIMPLE_PACKET_BYTES = 16;
const ENHANCED_PACKET_BYTES = 32;

/** Reads the frames of a pcapng capture. */
export class PcapngReader extends FrameReader {
  readonly format = 'pcapng';
  private littleEndian = false;
  private interfaces: PcapngInterface[] = [];
  private interfaceLimitTold = false;
  /** Bytes of the block in hand that are still to be passed over before its trailing length. */
  private toSkip = 0;
  /** Total length that the trailing word of the block being passed over must repeat; 0 where none is. */
  private trailer = 0;
  private blockOffset = 0;

  next(): boolean {
    const { queue } = this;
    while (!this.done) {
      if (this.trailer > 0 && !this.passOver()) return false;
      this.blockOffset = queue.position;
      if (queue.available < 8) return this.starve(queue.available > 0);
      const type = queue.view.getUint32(queue.offset, this.littleEndian);
      switch (type) {
        case SECTION_HEADER_BLOCK:
          if (!this.readSection()) return false;
          break;
        case INTERFACE_BLOCK:
          if (!this.readInterfaceBlock()) return false;
          break;
        case ENHANCED_PACKET_BLOCK:
          return this.readPacket(ENHANCED_PACKET_BYTES, type);
        case SIMPLE_PACKET_BLOCK:
          return this.readPacket(SIMPLE_PACKET_BYTES, type);
        case PACKET_BLOCK:
          return this.readPacket(ENHANCED_PACKET_BYTES, type);
        default: {
          const total = this.totalLength(MIN_BLOCK_BYTES);
          if (total === 0 || !this.finish(total)) return false;
        }
      }
    }
    return false;
  }

  private readSection(): boolean {
    const { queue } = this;
    if (queue.available < SECTION_BYTES) return this.starve(true);
    const { view, offset } = queue;
    this.littleEndian = view.getUint32(offset + 8, true) === BYTE_ORDER_MAGIC;
    if (view.getUint32(offset + 8, this.littleEndian) !== BYTE_ORDER_MAGIC) {
      return this.halt('section', 'A section header has no byte order magic: the file is damaged here.');
    }
    const total = this.totalLength(SECTION_BYTES);
    if (total === 0) return false;
    const major = view.getUint16(offset + 12, this.littleEndian);
    const minor = view.getUint16(offset + 14, this.littleEndian);
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      const text = `The section is of pcapng version ${major}.${minor}, and 1.0 is the one that is known.`;
      return this.halt('pcapng-version', `${text} Convert it with the tool that wrote it.`);
    }
    this.interfaces = [];
    this.interfaceLimitTold = false;
    return this.finish(total);
  }

  private readInterfaceBlock(): boolean {
    const { queue } = this;
    const total = this.totalLength(INTERFACE_BYTES);
    if (total === 0) return false;
    const held = Math.min(total, MAX_HELD_BLOCK_BYTES);
    if (queue.available < held) return this.starve(true);
    if (held === total && !this.trailerMatches(total)) return false;
    if (this.interfaces.length < MAX_INTERFACES) {
      const end = queue.offset + held - 4;
      this.interfaces.push(readInterface(queue.view, queue.offset, end, this.littleEndian, this.complain));
    } else if (!this.interfaceLimitTold) {
      this.interfaceLimitTold = true;
      this.report('interface-limit', `More than ${MAX_INTERFACES} interfaces in one section: the rest is not read.`, 0);
    }
    return this.finish(total);
  }

  /** Reads a packet's block; `least` is the shortest that its type can be. */
  private readPacket(least: number, type: number): boolean {
    const { queue } = this;
    const total = this.totalLength(least);
    if (total === 0) return false;
    const held = total <= MAX_HELD_BLOCK_BYTES;
    if (held && queue.available < total) return this.starve(true);
    if (held && !this.trailerMatches(total)) return false;

    this.packetNumber++;
    this.fileOffset = this.blockOffset;
    this.fault = null;
    this.length = 0;
    this.wireLength = 0;
    if (type === PACKET_BLOCK) this.fault = 'obsolete packet block';
    else if (!held) this.refuse('packet-length', `its block claims ${total} bytes`);
    else if (type === ENHANCED_PACKET_BLOCK) this.readEnhanced(queue.view, queue.offset, total);
    else this.readSimple(queue.view, queue.offset, total);
    if (held) queue.skip(total);
    else this.finish(total);
    return true;
  }

  private readEnhanced(view: DataView, start: number, total: number): void {
    const { littleEndian } = this;
    const from = this.interfaces[view.getUint32(start + 8, littleEndian)];
    if (from === undefined) {
      this.refuse('interface', 'it names an interface that its section does not have');
      return;
    }
    const captured = view.getUint32(start + 20, littleEndian);
    if (captured > total - ENHANCED_PACKET_BYTES || captured > MAX_CAPTURED_BYTES) {
      this.refuse('packet-length', `it claims ${captured} captured bytes in a block of ${total}`);
      return;
    }
    this.take(from, start + 28, captured, view.getUint32(start + 24, littleEndian));
    const { timescale } = from;
    timescale.split(view.getUint32(start + 12, littleEndian), view.getUint32(start + 16, littleEndian));
    this.seconds = timescale.seconds;
    this.nanoseconds = timescale.nanoseconds;
    if (timescale.outOfRange) this.outOfRange();
  }

  /** A simple packet belongs to interface 0 and has no time stamp: it keeps that of the packet before. */
  private readSimple(view: DataView, start: number, total: number): void {
    const from = this.interfaces[0];
    if (from === undefined) {
      this.refuse('interface', 'it needs interface 0, which its section does not have');
      return;
    }
    const original = view.getUint32(start + 8, this.littleEndian);
    const limit = from.snapLength === 0 ? MAX_CAPTURED_BYTES : Math.min(from.snapLength, MAX_CAPTURED_BYTES);
    this.take(from, start + 12, Math.min(original, limit, total - SIMPLE_PACKET_BYTES), original);
    this.withoutTimestamp++;
  }

  private take(from: PcapngInterface, offset: number, captured: number, original: number): void {
    this.linkType = from.linkType;
    this.offset = offset;
    this.length = captured;
    this.wireLength = Math.max(original, captured);
  }

  /** The block's total length; 0 where it cannot be one, which stops the reading. */
  private totalLength(least: number): number {
    const { queue } = this;
    const total = queue.view.getUint32(queue.offset + 4, this.littleEndian);
    if (total >= least && (total & 3) === 0) return total;
    const text = `A block claims a length of ${total}, which its type cannot have: the file is damaged here`;
    this.halt('block-length', `${text} and nothing behind can be found reliably. Everything before was read.`);
    return 0;
  }

  /** Leaves the block at hand, by way of `passOver` where not all of it has arrived. */
  private finish(total: number): boolean {
    if (total <= this.queue.available) {
      if (!this.trailerMatches(total)) return false;
      this.queue.skip(total);
      return true;
    }
    this.trailer = total;
    this.toSkip = total - 4;
    return true;
  }

  private passOver(): boolean {
    const { queue } = this;
    const count = Math.min(this.toSkip, queue.available);
    queue.skip(count);
    this.toSkip -= count;
    if (this.toSkip > 0 || queue.available < 4) return this.starve(true);
    const total = this.trailer;
    if (!this.trailerIs(queue.offset, total)) return false;
    this.trailer = 0;
    queue.skip(4);
    return true;
  }

  private trailerMatches(total: number): boolean {
    return this.trailerIs(this.queue.offset + total - 4, total);
  }

  private trailerIs(offset: number, total: number): boolean {
    const trailing = this.queue.view.getUint32(offset, this.littleEndian);
    if (trailing === total) return true;
    const text = `A block begins with the length ${total} and ends with ${trailing}: the file is damaged here`;
    return this.halt('block-length', `${text} and nothing behind can be found reliably. Everything before was read.`);
  }

  /** Waits for more bytes, or ends with the file; `inside` a block that is damage. */
  private starve(inside: boolean): false {
    if (!this.queue.ended) return false;
    if (inside) return this.halt('truncated', 'The capture ends inside a block. Copy or capture the file again.');
    this.done = true;
    return false;
  }

  private halt(code: string, message: string): false {
    return this.stop(code, message, 0, this.blockOffset);
  }

  private report(code: string, message: string, record: number): void {
    this.onDamage({ code, message, record, offset: this.blockOffset });
  }

  /** Marks the packet at hand as one that cannot be read. */
  private refuse(code: string, what: string): void {
    this.fault = 'damaged pcapng block';
    this.report(code, `Packet ${this.packetNumber} was left out: ${what}.`, this.packetNumber);
  }

  private outOfRange(): void {
    this.badTimestamps++;
    const text = `Packet ${this.packetNumber} has a time stamp beyond what can be told: it stands at the limit.`;
    this.report('timestamp', `${text} The interface's if_tsresol or if_tsoffset is likely wrong.`, this.packetNumber);
  }

  private readonly complain = (what: string): void => {
    const text = `Interface ${this.interfaces.length}: ${what}; the options from there on are ignored.`;
    this.report('option', text, 0);
  };
}
