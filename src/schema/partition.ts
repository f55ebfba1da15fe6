/**
 * Messages sorted by type: one pass over a block notes where each message begins, in a list a type, so that what
 * follows are tight loops over one layout each, without a switch that the processor cannot foresee.
 *
 * The lists of all types lie in one array, behind each other, and each is as long as the block could need. Type and
 * length come from one 32-bit read; the table of types holds both, so that one comparison tells a known message. That
 * work hides behind the wait for the next length: finding the messages alone takes nearly as long.
 */
import { type Engine, isCompiled } from './compile.js';
import {
  interpretTake,
  layoutsOf,
  type PartitionLists,
  partitionSource,
  SLOT_BITS,
  type TakeBlocks,
  UNKNOWN,
} from './partition-source.js';
import type { Message, Protocol } from './table.js';

/** How many bytes of messages a partition holds unless told otherwise: lists and bytes stay in the second cache. */
export const PARTITION_BYTES = 32_768;

/** Bytes in front of a message: its length, as MoldUDP64 and BinaryFILE frame it. */
const PREFIX = 2;
/** The least bytes that can be read as a length and a type at once. */
const HEAD = 4;
/** Offsets, and those that the longest message leads on to, fit an integer register up to here. */
const MAX_OFFSET = 0x7ffd0000;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const NOTHING = new DataView(new ArrayBuffer(0));

let partitions = 0;

/** The messages of one type in a partition, in the order in which they came; its arrays are borrowed until `clear`. */
export class TypeBatch {
  /** The layout; null for messages of unknown type or of a length that is not their type's. */
  readonly message: Message | null;
  /** The type character; empty for unknown ones. */
  readonly type: string;
  /** Where in the partition's view each message begins: the first `count` are valid. */
  readonly offsets: Int32Array;
  /** Which message of the partition each is, from 0: ascending; sorting by it restores the order of all types. */
  readonly positions: Int32Array;
  /** Lengths in bytes, of unknown messages only; the others have their type's. */
  readonly lengths: Uint16Array | null;
  private readonly partition: MessagePartition;
  private readonly ends: Int32Array;
  private readonly slot: number;
  private readonly start: number;

  constructor(partition: MessagePartition, message: Message | null, lists: PartitionLists, slot: number, end: number) {
    const start = lists.ends[slot] as number;
    this.partition = partition;
    this.message = message;
    this.type = message?.type ?? '';
    this.offsets = lists.offsets.subarray(start, end);
    this.positions = lists.positions.subarray(start, end);
    this.lengths = message === null ? lists.unknownLengths : null;
    this.ends = lists.ends;
    this.slot = slot;
    this.start = start;
  }

  /** What the offsets count in. */
  get view(): DataView {
    return this.partition.view;
  }

  /** How many messages there are. */
  get count(): number {
    return (this.ends[this.slot] as number) - this.start;
  }
}

/** A block's messages by type. */
export class MessagePartition {
  /** What the offsets count in; where a block lies beyond 2 GiB it is a view that begins at the block. */
  view: DataView = NOTHING;
  /** A batch for each message of the table, in its order. */
  readonly batches: readonly TypeBatch[];
  /** Messages of unknown type, or of a length that is not their type's. */
  readonly unknown: TypeBatch;
  /** The arrays behind the batches, for loops that are compiled for this partition. */
  readonly lists: PartitionLists;
  /** Where in them each list begins: that of unknown messages, then one a message of the table. */
  readonly starts: Int32Array;
  private readonly takeBlocks: TakeBlocks;
  private readonly capacityBytes: number;
  private usedBytes = 0;

  constructor(table: Protocol, capacityBytes: number = PARTITION_BYTES, engine: Engine = 'auto') {
    this.capacityBytes = Math.max(1, Math.min(capacityBytes, MAX_OFFSET >> 2));
    const slots = [null, ...table.messages];
    const capacities = slots.map((message) => Math.floor(this.capacityBytes / (PREFIX + (message?.length ?? 0))) + 1);
    const ends = cumulated(capacities);
    const total = ends.at(-1) as number;
    this.starts = Int32Array.of(0, ...ends.slice(0, -1));
    this.lists = {
      offsets: new Int32Array(total),
      positions: new Int32Array(total),
      unknownLengths: new Uint16Array(capacities[0] as number),
      ends: this.starts.slice(),
      layouts: layoutsOf(table),
      count: new Int32Array(2),
    };
    const batches = slots.map((message, slot) => new TypeBatch(this, message, this.lists, slot, ends[slot] as number));
    this.unknown = batches[0] as TypeBatch;
    this.batches = batches.slice(1);
    this.takeBlocks = isCompiled(engine)
      ? (new Function('lists', partitionSource(table, partitions++))(this.lists) as TakeBlocks)
      : interpretTake(this.lists);
  }

  /** How many messages are held, of all types. */
  get count(): number {
    return this.lists.count[0] as number;
  }

  /** How many messages without bytes were ever taken, modulo 2^32. */
  get zeroLength(): number {
    return this.lists.count[1] as number;
  }

  /** True where nothing more is taken before `clear`. */
  get isFull(): boolean {
    return this.usedBytes >= this.capacityBytes;
  }

  /** Forgets all messages. */
  clear(): void {
    this.view = NOTHING;
    this.usedBytes = 0;
    this.lists.count[0] = 0;
    this.lists.ends.set(this.starts);
  }

  /** The messages of a type by its type byte; undefined where that is unknown. */
  batchOf(typeCode: number): TypeBatch | undefined {
    const layout = this.lists.layouts[typeCode] ?? UNKNOWN;
    return layout === UNKNOWN ? undefined : this.batches[(layout & SLOT_MASK) - 1];
  }

  /**
   * Takes messages that each follow their 2-byte big-endian length, from `offset` until `end` or until the partition is
   * full, but no more than `limit` of them. Returns the offset of the first byte not taken: `end`, or that of a message
   * which `end` cuts short, or of the next one. Everything taken between two `clear`s is of one view.
   */
  take(view: DataView, offset: number, end: number, limit = MAX_OFFSET): number {
    if (end > MAX_OFFSET) return this.takeFar(view, offset, end, limit);
    this.adopt(view);
    const most = Math.min(limit + this.count, MAX_OFFSET) - 1;
    const full = offset + this.capacityBytes - this.usedBytes;
    let at = this.takeBlocks(view, offset, end, Math.min(end - HEAD, full - 1), most);
    if (at < end && at > end - HEAD) at = this.takeLast(view, at, end, full, most);
    this.usedBytes += at - offset;
    return at;
  }

  /** Takes one message, as a session hands it over; false where the partition is full. */
  add(view: DataView, offset: number, length: number): boolean {
    if (this.isFull) return false;
    if (offset > MAX_OFFSET) {
      throw new RangeError(`offset ${offset} is beyond 2 GiB: hand over a view that begins later`);
    }
    this.adopt(view);
    this.usedBytes += PREFIX + length;
    this.note(view, offset, length);
    return true;
  }

  /** The last bytes, which may be less than a head. */
  private takeLast(view: DataView, offset: number, end: number, full: number, most: number): number {
    let at = offset;
    while (at < full && end - at >= PREFIX && this.count <= most) {
      const length = view.getUint16(at);
      if (length > end - at - PREFIX) break;
      this.note(view, at + PREFIX, length);
      at += PREFIX + length;
    }
    return at;
  }

  private note(view: DataView, offset: number, length: number): void {
    const { offsets, positions, ends, unknownLengths, layouts, count } = this.lists;
    const layout = length === 0 ? UNKNOWN : (layouts[view.getUint8(offset)] as number);
    const slot = layout >>> SLOT_BITS === length ? layout & SLOT_MASK : 0;
    const index = ends[slot] as number;
    if (slot === 0) unknownLengths[index] = length;
    if (length === 0) count[1] = (count[1] as number) + 1;
    offsets[index] = offset;
    positions[index] = count[0] as number;
    ends[slot] = index + 1;
    count[0] = (count[0] as number) + 1;
  }

  /** Beyond 2 GiB: a view of what the partition can hold, taken before anything else is. */
  private takeFar(view: DataView, offset: number, end: number, limit: number): number {
    if (this.count > 0) return offset;
    const most = this.capacityBytes + PREFIX + 0xffff;
    const near = new DataView(view.buffer, view.byteOffset + offset, Math.min(end - offset, most));
    return offset + this.take(near, 0, near.byteLength, limit);
  }

  private adopt(view: DataView): void {
    if (this.view === view) return;
    if (this.count > 0) throw new RangeError('a partition holds messages of one view: hand them on and clear it first');
    this.view = view;
  }
}

function cumulated(sizes: readonly number[]): number[] {
  let sum = 0;
  return sizes.map((size) => {
    sum += size;
    return sum;
  });
}
