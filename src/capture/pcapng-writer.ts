/**
 * Writes a pcapng (draft-ietf-opsawg-pcapng, version 1.0, little-endian) of one section and Ethernet interfaces with
 * nanosecond stamps: section header block, a description block for each interface, an enhanced packet block for each
 * frame, and interface statistics blocks.
 */
import { CaptureWriter, type CaptureWriterOptions } from './capture-writer.js';
import { ENHANCED_PACKET_BLOCK } from './pcapng-blocks.js';
import {
  type InterfaceNotes,
  type InterfaceStatistics,
  interfaceDescription,
  interfaceStatistics,
  type SectionNotes,
  sectionHeader,
  writeStamp,
  writeUint64,
} from './pcapng-build.js';

const PACKET_HEADER_BYTES = 28;
const TRAILING_LENGTH_BYTES = 4;

const EPB_DROPCOUNT = 4;
/** `epb_dropcount` and the end of options. */
const DROPCOUNT_OPTIONS_BYTES = 16;

/** What a writer of pcapng may be told. */
export interface PcapngWriterOptions extends CaptureWriterOptions {
  readonly section?: SectionNotes;
  /** One, of which nothing is told, where absent. */
  readonly interfaces?: readonly InterfaceNotes[];
}

/** Its times are of 1970 to 2554; others are clamped and counted. */
export class PcapngWriter extends CaptureWriter {
  protected readonly recordHeaderBytes = PACKET_HEADER_BYTES;
  private readonly section: SectionNotes;
  private readonly interfaces: readonly InterfaceNotes[];

  constructor(options: PcapngWriterOptions = {}) {
    super(options);
    this.section = options.section ?? {};
    this.interfaces = options.interfaces ?? [{}];
  }

  header(): Uint8Array {
    return concat([sectionHeader(this.section), ...this.interfaces.map(interfaceDescription)]);
  }

  override statistics(all: readonly InterfaceStatistics[]): Uint8Array {
    return concat(all.map(interfaceStatistics));
  }

  lengthAt(view: DataView, at: number): number {
    return view.getUint32(at + 4, true);
  }

  override interfaceAt(view: DataView, at: number): number {
    return view.getUint32(at + 8, true);
  }

  protected surround(into: DataView, at: number, frameLength: number, seconds: number, nanoseconds: number): number {
    const padding = -frameLength & 3;
    const { droppedBefore } = this;
    const optionBytes = droppedBefore > 0 ? DROPCOUNT_OPTIONS_BYTES : 0;
    const total = PACKET_HEADER_BYTES + frameLength + padding + optionBytes + TRAILING_LENGTH_BYTES;
    into.setUint32(at, ENHANCED_PACKET_BLOCK, true);
    into.setUint32(at + 4, total, true);
    into.setUint32(at + 8, this.interfaceIndex, true);
    if (!writeStamp(into, at + 12, seconds, nanoseconds)) this.clampedTimestamps++;
    into.setUint32(at + 20, frameLength, true);
    into.setUint32(at + 24, frameLength, true);
    const end = at + PACKET_HEADER_BYTES + frameLength;
    for (let index = 0; index < padding; index++) into.setUint8(end + index, 0);
    if (droppedBefore > 0) this.writeDropCount(into, end + padding, droppedBefore);
    into.setUint32(at + total - TRAILING_LENGTH_BYTES, total, true);
    return total;
  }

  private writeDropCount(into: DataView, at: number, count: number): void {
    into.setUint16(at, EPB_DROPCOUNT, true);
    into.setUint16(at + 2, 8, true);
    writeUint64(into, at + 4, count);
    into.setUint32(at + 12, 0, true);
    this.droppedBefore = 0;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
