/**
 * pcapng captures, version 1.0 (draft-ietf-opsawg-pcapng): section headers (4.1) in both byte orders, interface
 * descriptions (4.2), enhanced (4.3), simple (4.4) and obsolete packets (appendix A). The other blocks are walked for
 * what they say of the capture, or passed over by their length.
 *
 * Each block carries its length at both ends. Where they disagree nothing behind can be trusted: the reading stops, or
 * looks for the next plausible block where it is to recover. Where only a block's inside is wrong, that block is
 * reported and the next one is read.
 */
import type { ByteQueue } from '../core/byte-queue.js';
import type { DamageHandler } from '../core/seams.js';
import { type CaptureDescription, FrameReader, type FrameReaderOptions, MAX_CAPTURED_BYTES } from './frame-reader.js';
import {
  type BlockKind,
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET_BLOCK,
  INTERFACE_BLOCK,
  isPacketBlock,
  knownBlock,
  MAX_HELD_BLOCK_BYTES,
  MIN_BLOCK_BYTES,
  PACKET_BLOCK,
  SECTION_HEADER_BLOCK,
  SIMPLE_PACKET_BLOCK,
} from './pcapng-blocks.js';
import type { PcapngInterface } from './pcapng-interface.js';
import { PcapngNotes } from './pcapng-notes.js';
import { findBlock, NO_BLOCK, OTHER_ORDER, WAIT } from './pcapng-recovery.js';

export {
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET_BLOCK,
  INTERFACE_BLOCK,
  MAX_HELD_BLOCK_BYTES,
  SECTION_HEADER_BLOCK,
} from './pcapng-blocks.js';

/** The most interfaces of one section. */
export const MAX_INTERFACES = 65_536;

/** Least total lengths of the blocks that are read. */
const SECTION_BYTES = 28;
const INTERFACE_BYTES = 20;
const SIMPLE_PACKET_BYTES = 16;
const ENHANCED_PACKET_BYTES = 32;

/** The drops of an obsolete packet block where its writer does not know them. */
const DROPS_UNKNOWN = 0xffff;

const ADVICE = '--recover looks for the next plausible block.';

/** How a pcapng capture is read. */
export interface PcapngReaderOptions extends FrameReaderOptions {
  /** Called with each block, in their order: its kind, its place in the file and its length. */
  onBlock?: (kind: BlockKind, offset: number, length: number) => void;
}

/** What ended the reading of a block that could not be believed. */
interface Lost {
  readonly code: string;
  readonly message: string;
  readonly from: number;
}

/** Reads the frames of a pcapng capture. */
export class PcapngReader extends FrameReader {
  readonly format = 'pcapng';
  private readonly notes = new PcapngNotes();
  private readonly onBlock: PcapngReaderOptions['onBlock'] | null;
  private littleEndian = false;
  /** Of the section at hand; undefined where a damaged block described one. */
  private interfaces: (PcapngInterface | undefined)[] = [];
  private interfaceLimitTold = false;
  /** Bytes of the block in hand that are still to be passed over before its trailing length. */
  private toSkip = 0;
  /** Total length that the trailing word of the block being passed over must repeat; 0 where none is. */
  private trailer = 0;
  private blockOffset = 0;
  /** Set while the next plausible block is looked for. */
  private lost: Lost | null = null;

  constructor(queue: ByteQueue, onDamage: DamageHandler, options: PcapngReaderOptions = {}) {
    super(queue, onDamage, options);
    this.onBlock = options.onBlock ?? null;
  }

  /** How many blocks of each kind were read. */
  get blocks(): Record<string, number> {
    return this.notes.countedBlocks();
  }

  override get isBetweenFrames(): boolean {
    return super.isBetweenFrames && this.trailer === 0 && this.lost === null && this.toSkip === 0;
  }

  protected override get frameNotes(): PcapngNotes {
    return this.notes;
  }

  override describe(): CaptureDescription {
    return this.notes.describe();
  }

  next(): boolean {
    const { queue } = this;
    while (!this.done) {
      if (this.lost !== null && !this.resynchronise()) return false;
      if (this.trailer > 0 && !this.passOver()) return false;
      this.blockOffset = queue.position;
      if (queue.available < 8) {
        if (!this.starve(queue.available > 0) && this.lost === null) return false;
        continue;
      }
      const type = queue.view.getUint32(queue.offset, this.littleEndian);
      const read = this.readBlock(type);
      if (read ? isPacketBlock(type) : this.lost === null) return read;
    }
    return false;
  }

  private readBlock(type: number): boolean {
    switch (type) {
      case ENHANCED_PACKET_BLOCK:
      case PACKET_BLOCK:
        return this.readPacket(ENHANCED_PACKET_BYTES, type);
      case SIMPLE_PACKET_BLOCK:
        return this.readPacket(SIMPLE_PACKET_BYTES, type);
      case SECTION_HEADER_BLOCK:
        return this.readSection();
      case INTERFACE_BLOCK:
        return this.readInterfaceBlock();
      default:
        return this.readOther(type);
    }
  }

  private readSection(): boolean {
    const { queue } = this;
    if (queue.available < SECTION_BYTES) return this.starve(true);
    const { view, offset } = queue;
    this.littleEndian = view.getUint32(offset + 8, true) === BYTE_ORDER_MAGIC;
    if (view.getUint32(offset + 8, this.littleEndian) !== BYTE_ORDER_MAGIC) {
      return this.halt('section', 'A section header has no byte order magic: the file is damaged here.');
    }
    const total = this.arrive(SECTION_BYTES, MAX_HELD_BLOCK_BYTES);
    if (total === 0) return false;
    const major = view.getUint16(offset + 12, this.littleEndian);
    const minor = view.getUint16(offset + 14, this.littleEndian);
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      const text = `The section is of pcapng version ${major}.${minor}, and 1.0 is the one that is known.`;
      return this.halt('pcapng-version', `${text} Convert it with the tool that wrote it.`);
    }
    this.interfaces = [];
    this.interfaceLimitTold = false;
    this.complainOf('SHB', this.notes.readSection(view, offset, this.optionsEnd(total), this.littleEndian));
    return this.leave('SHB', total);
  }

  private readInterfaceBlock(): boolean {
    const { queue } = this;
    const total = this.arrive(INTERFACE_BYTES, MAX_HELD_BLOCK_BYTES);
    if (total === 0) return false;
    if (this.interfaces.length < MAX_INTERFACES) {
      const { view, offset } = queue;
      const end = this.optionsEnd(total);
      const described = this.notes.readInterface(view, offset, end, this.littleEndian, this.complainOfInterface);
      this.interfaces.push(described);
      this.notes.addInterface(described);
    } else if (!this.interfaceLimitTold) {
      this.interfaceLimitTold = true;
      this.report('interface-limit', `More than ${MAX_INTERFACES} interfaces in one section: the rest is not read.`, 0);
    }
    return this.leave('IDB', total);
  }

  /** Reads a block without packets, as long as it can be held. */
  private readOther(type: number): boolean {
    const { kind, least } = knownBlock(type);
    const total = this.arrive(MIN_BLOCK_BYTES);
    if (total === 0) return false;
    const { view, offset } = this.queue;
    if (total < least) this.complainOf(kind, `it has ${total} bytes and needs ${least}`);
    else if (total <= MAX_HELD_BLOCK_BYTES) {
      const end = offset + total - 4;
      this.complainOf(kind, this.notes.readOther(kind, view, offset, end, this.littleEndian, this.interfaces));
    }
    return this.leave(kind, total);
  }

  /** Reads a packet's block; `least` is the shortest that its type can be. */
  private readPacket(least: number, type: number): boolean {
    const total = this.arrive(least);
    if (total === 0) return false;
    const { view, offset } = this.queue;
    this.packetNumber++;
    this.fileOffset = this.blockOffset;
    this.fault = null;
    this.length = 0;
    this.wireLength = 0;
    if (total > MAX_HELD_BLOCK_BYTES) this.refuse('packet-length', `its block claims ${total} bytes`);
    else if (type === SIMPLE_PACKET_BLOCK) this.readSimple(view, offset, total);
    else this.readEnhanced(view, offset, total, type === ENHANCED_PACKET_BLOCK);
    return this.leave(type === ENHANCED_PACKET_BLOCK ? 'EPB' : type === SIMPLE_PACKET_BLOCK ? 'SPB' : 'PB', total);
  }

  /** An obsolete packet differs in its first word: half of it is the interface, half of it counts drops. */
  private readEnhanced(view: DataView, start: number, total: number, enhanced: boolean): void {
    const { littleEndian } = this;
    const id = enhanced ? view.getUint32(start + 8, littleEndian) : view.getUint16(start + 8, littleEndian);
    const from = this.interfaces[id];
    if (from === undefined) {
      this.refuse('interface', `it names interface ${id}, which its section does not have`);
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
    const drops = enhanced ? 0 : view.getUint16(start + 10, littleEndian);
    if (drops !== DROPS_UNKNOWN) this.notes.droppedPackets += drops;
    const options = start + 28 + captured + (-captured & 3);
    const end = start + total - 4;
    if (options < end) {
      const wrong = this.notes.readPacketOptions(view, options, end, littleEndian, enhanced);
      if (wrong !== null) this.report('option', `Packet ${this.packetNumber}: ${wrong}.`, this.packetNumber);
    }
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
    this.wireLength = Math.max(original, captured, from.fcsBytes) - from.fcsBytes;
    this.length = Math.min(captured, this.wireLength);
  }

  /**
   * The total length of the block at hand, once all of it has arrived and its lengths agree; of one too long to be held
   * its first `beginning` bytes do. 0 where bytes are missing or the block is none.
   */
  private arrive(least: number, beginning = least): number {
    const { queue } = this;
    const total = queue.view.getUint32(queue.offset + 4, this.littleEndian);
    if (total < least || (total & 3) !== 0) {
      return this.disbelieve(`A block claims a length of ${total}, which its type cannot have`);
    }
    const held = total <= MAX_HELD_BLOCK_BYTES;
    if (!held && this.recover) {
      return this.disbelieve(`A block claims a length of ${total}, and none above ${MAX_HELD_BLOCK_BYTES} is believed`);
    }
    if (queue.available < (held ? total : beginning)) {
      this.starve(true);
      return 0;
    }
    return !held || this.trailerIs(queue.offset + total - 4, total) ? total : 0;
  }

  /** One past the last byte at hand of the options of a block. */
  private optionsEnd(total: number): number {
    return this.queue.offset + Math.min(total - 4, MAX_HELD_BLOCK_BYTES);
  }

  /** Leaves the block at hand, by way of `passOver` where it is too long to be held. */
  private leave(kind: BlockKind, total: number): true {
    this.notes.count(kind);
    if (this.onBlock) this.onBlock(kind, this.blockOffset, total);
    if (total <= MAX_HELD_BLOCK_BYTES) this.queue.skip(total);
    else {
      this.trailer = total;
      this.toSkip = total - 4;
    }
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

  private trailerIs(offset: number, total: number): boolean {
    const trailing = this.queue.view.getUint32(offset, this.littleEndian);
    if (trailing === total) return true;
    this.disbelieve(`A block begins with the length ${total} and ends with ${trailing}`);
    return false;
  }

  /** Looks byte by byte for the next block that can be believed, in either byte order. */
  private resynchronise(): boolean {
    const { queue } = this;
    for (; queue.available >= MIN_BLOCK_BYTES; queue.skip(1)) {
      const found = findBlock(queue, queue.offset, queue.position, this.littleEndian);
      if (found === WAIT) return false;
      if (found === NO_BLOCK) continue;
      if (found === OTHER_ORDER) {
        // The section header that tells of this byte order was lost, and its interfaces are not those at hand.
        this.littleEndian = !this.littleEndian;
        this.interfaces = [];
      }
      this.tellSkipped(`the next plausible block begins at byte ${queue.position}`);
      return true;
    }
    if (!queue.ended) return false;
    queue.skip(queue.available);
    this.tellSkipped('no plausible block follows');
    this.done = true;
    return false;
  }

  private tellSkipped(outcome: string): void {
    const { code, message, from } = this.lost as Lost;
    const skipped = this.queue.position - from;
    this.onDamage({ code, message: `${message} ${skipped} bytes were skipped: ${outcome}.`, record: 0, offset: from });
    this.lost = null;
  }

  /** Waits for more bytes, or ends with the file; `inside` a block that is damage. */
  private starve(inside: boolean): false {
    if (!this.queue.ended) return false;
    if (inside) return this.halt('truncated', 'The capture ends inside a block. Copy or capture the file again.');
    this.done = true;
    return false;
  }

  private disbelieve(what: string): 0 {
    const rest = this.recover ? '' : ' and nothing behind can be found reliably. Everything before was read';
    this.halt('block-length', `${what}: the file is damaged here${rest}.`);
    return 0;
  }

  /** Ends the reading at the block at hand, or begins to look for the next one. */
  private halt(code: string, message: string): false {
    if (!this.recover) return this.stop(code, `${message} ${ADVICE}`, 0, this.blockOffset);
    const { queue } = this;
    if (queue.available >= 4) this.forget(queue.view.getUint32(queue.offset, this.littleEndian));
    this.lost = { code, message, from: this.blockOffset };
    queue.skip(Math.min(1, queue.available));
    return false;
  }

  /** What a lost block would have said is not to be taken from another: packets that need it are left out. */
  private forget(type: number): void {
    if (type === SECTION_HEADER_BLOCK) this.interfaces = [];
    else if (type === INTERFACE_BLOCK && this.interfaces.length < MAX_INTERFACES) this.interfaces.push(undefined);
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

  private complainOf(kind: BlockKind, what: string | null): void {
    if (what !== null) this.report('block', `A block (${kind}) was read only in part: ${what}.`, 0);
  }

  private readonly complainOfInterface = (what: string): void => {
    this.report('option', `Interface ${this.interfaces.length}: ${what}, which was ignored.`, 0);
  };
}
