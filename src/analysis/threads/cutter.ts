/** Cuts the bytes of a file, as they come, into parts of whole records. */
import { PcapngWalk, PcapWalk } from '../../capture/record-walk.js';
import type { RecordWalk } from '../../core/record-walk.js';
import type { CaptureFile } from '../../io/open-capture.js';
import { PREFIX_LENGTH } from '../../session/binaryfile-format.js';
import { BinaryFileWalk } from '../../session/binaryfile-walk.js';
import type { PartJob, PartSetup } from './part.js';

/** The most bytes of one chunk, with what may be left of a record. */
const roomBytes = 2_097_152;
/** The first part, which is read in its turn, is shorter: what it teaches the compiler serves for no other. */
const firstPartBytes = 32_768;
/** Bytes that are asked for at once, at least. */
const leastReadBytes = 65_536;
/** Buffers that are kept for further parts. */
const maxSpare = 16;

/** A part of the file; the same object from when it is cut until it was gone through. */
export interface Part extends Omit<PartJob, 'news' | 'seed' | 'spare'> {
  /** Records within. */
  readonly packets: number;
  /** Whether there is nothing but packets in it, so that others can read it. */
  readonly isPlain: boolean;
}

export class Cutter {
  private readonly walk: RecordWalk;
  private buffer: Uint8Array<SharedArrayBuffer>;
  private view: DataView<SharedArrayBuffer>;
  /** Where bytes end, and whole records. */
  private filled = 0;
  private walked = 0;
  /** Place in the file of the buffer's first byte, and records before it. */
  private offset = 0;
  private records = 0;
  private isPlain = true;
  /** Whether what is at hand is less than one record, however long. */
  private isStuck = false;
  /** While a chunk is read into the buffer, which no part can be cut off then. */
  private isBusy = false;
  private count = 0;
  private readonly spare: Uint8Array<SharedArrayBuffer>[] = [];

  /** Parts are of `partBytes` at least, where more follows. */
  constructor(
    format: PartSetup['format'],
    private readonly partBytes: number,
  ) {
    this.buffer = this.memory();
    this.view = new DataView(this.buffer.buffer);
    this.walk = format === 'pcap' ? new PcapWalk() : format === 'pcapng' ? new PcapngWalk() : new BinaryFileWalk();
  }

  /** Bytes that came. */
  get total(): number {
    return this.offset + this.filled;
  }

  /** Whether what comes next is no record, so that no part can be cut any more. */
  get isLost(): boolean {
    return this.walk.isLost;
  }

  /** Why not; null where what comes next is but the record of no bytes that ends a session. */
  get loss(): string | null {
    const isOver = this.walk instanceof BinaryFileWalk && this.filled === PREFIX_LENGTH;
    return isOver ? null : 'what follows is no whole record';
  }

  /** Whether a part should be cut before more comes. */
  get isFull(): boolean {
    return this.filled >= this.partBytes && !this.isStuck;
  }

  /** Has the next chunk, of 1 MiB at most, put behind the bytes at hand; false at the end. */
  async read(file: Pick<CaptureFile, 'read' | 'readInto' | 'isInPlace'>): Promise<boolean> {
    this.isStuck = false;
    if (file.isInPlace) {
      this.isBusy = true;
      // No more than a part, so that little is left behind it, which has to be copied.
      const most = Math.max(this.partBytes, this.filled + leastReadBytes);
      const length = await file.readInto(this.buffer.subarray(this.filled, most));
      this.isBusy = false;
      this.filled += length;
      return length > 0;
    }
    const chunk = await file.read();
    if (chunk === null) return false;
    // What was at hand before may have been cut off meanwhile.
    this.buffer.set(chunk, this.filled);
    this.filled += chunk.length;
    return true;
  }

  /** A part of the records that are whole, about as long as parts are to be; null where there is none. */
  cut(): Part | null {
    if (this.isBusy) return null;
    const { walk } = this;
    const { description } = walk;
    const { view, filled } = this;
    const partBytes = this.count === 0 ? Math.min(firstPartBytes, this.partBytes) : this.partBytes;
    this.walked = walk.walk(view, this.walked, Math.min(filled, Math.max(partBytes, this.walked)));
    // A record may be longer than a part.
    if (this.walked === 0 && filled > partBytes) this.walked = walk.walk(view, 0, filled);
    // What describes records belongs to the part, which is read in its turn then.
    this.isPlain = walk.isPlain && walk.description === description;
    const { walked, offset, records } = this;
    this.isStuck = walked === 0;
    if (walked === 0) return null;
    const part: Part = {
      index: this.count++,
      bytes: this.buffer.subarray(0, walked),
      offset,
      records,
      packets: walk.records - records,
      description: walk.description,
      isPlain: this.isPlain,
    };
    this.leave(walked);
    return part;
  }

  /** What is left, which is no whole record. */
  rest(): Uint8Array {
    const rest = this.buffer.slice(0, this.filled);
    this.offset += this.filled;
    this.filled = 0;
    return rest;
  }

  /** Takes back the memory of a part that was gone through. */
  reuse({ bytes }: Part): void {
    if (this.spare.length < maxSpare) this.spare.push(new Uint8Array(bytes.buffer as SharedArrayBuffer));
  }

  /** Goes on in another buffer with what is left of this one. */
  private leave(walked: number): void {
    const next = this.spare.pop() ?? this.memory();
    next.set(this.buffer.subarray(walked, this.filled));
    this.buffer = next;
    this.view = new DataView(next.buffer);
    this.filled -= walked;
    this.walked = 0;
    this.offset += walked;
    this.records = this.walk.records;
  }

  private memory(): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(new SharedArrayBuffer(this.partBytes + roomBytes));
  }
}
