/**
 * Messages sorted by type: one pass over a block notes where each message begins, in a list a type, so that what
 * follows are tight loops over one layout each, without a switch that the processor cannot foresee.
 *
 * The lists of all types lie in one array, behind each other, and each is as long as the block could need. Type and
 * length come from one 32-bit read; the table of types holds both, so that one comparison tells a known message. That
 * work hides behind the wait for the next length: finding the messages alone takes as long.
 */
import type { Message, Protocol } from './table.js';

/** How many bytes of messages a partition holds unless told otherwise: lists and bytes stay in the second cache. */
export const PARTITION_BYTES = 32_768;

/** Bytes in front of a message: its length, as MoldUDP64 and BinaryFILE frame it. */
const PREFIX = 2;
/** The least bytes that a length and a type take. */
const HEAD = 4;
/** Room for the slots of 256 types and of unknown ones. */
const SLOT_BITS = 9;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** No layout: as a length it is none that a message can have. */
const UNKNOWN = -1;
/** Offsets fit an integer register up to here. */
const MAX_OFFSET = 0x7fffffff;
const NOTHING = new DataView(new ArrayBuffer(0));

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
  private readonly ends: Int32Array;
  private readonly slot: number;
  private readonly start: number;

  private readonly partition: MessagePartition;

  constructor(
    partition: MessagePartition,
    message: Message | null,
    lists: Lists,
    slot: number,
    start: number,
    capacity: number,
  ) {
    this.partition = partition;
    this.message = message;
    this.type = message?.type ?? '';
    this.offsets = lists.offsets.subarray(start, start + capacity);
    this.positions = lists.positions.subarray(start, start + capacity);
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

interface Lists {
  readonly offsets: Int32Array;
  readonly positions: Int32Array;
  readonly unknownLengths: Uint16Array;
  /** One past the last entry of each list. */
  readonly ends: Int32Array;
}

/** A block's messages by type. */
export class MessagePartition {
  /** What the offsets count in; where a block lies beyond 2 GiB it is a view that begins at the block. */
  view: DataView = NOTHING;
  /** How many messages are held, of all types. */
  count = 0;
  /** A batch for each message of the table, in its order. */
  readonly batches: readonly TypeBatch[];
  /** Messages of unknown type, or of a length that is not their type's. */
  readonly unknown: TypeBatch;
  private readonly lists: Lists;
  /** Where each list begins, the unknown ones' first. */
  private readonly starts: Int32Array;
  /** By type: its length and, in the low bits, its slot; `UNKNOWN` where there is none. */
  private readonly layouts = new Int32Array(256).fill(UNKNOWN);
  private readonly capacityBytes: number;
  private usedBytes = 0;

  constructor(table: Protocol, capacityBytes: number = PARTITION_BYTES) {
    this.capacityBytes = Math.max(1, capacityBytes);
    const layouts = [null, ...table.messages];
    const capacities = layouts.map((message) => Math.floor(this.capacityBytes / (PREFIX + (message?.length ?? 0))) + 1);
    const total = capacities.reduce((sum, capacity) => sum + capacity, 0);
    this.starts = new Int32Array(layouts.length);
    this.lists = {
      offsets: new Int32Array(total),
      positions: new Int32Array(total),
      unknownLengths: new Uint16Array(capacities[0] as number),
      ends: new Int32Array(layouts.length),
    };
    let start = 0;
    const batches = layouts.map((message, slot) => {
      const capacity = capacities[slot] as number;
      const batch = new TypeBatch(this, message, this.lists, slot, start, capacity);
      this.starts[slot] = start;
      if (message !== null) this.layouts[message.typeCode] = (message.length << SLOT_BITS) | slot;
      start += capacity;
      return batch;
    });
    this.unknown = batches[0] as TypeBatch;
    this.batches = batches.slice(1);
    this.clear();
  }

  /** True where nothing more is taken before `clear`. */
  get isFull(): boolean {
    return this.usedBytes >= this.capacityBytes;
  }

  /** Forgets all messages. */
  clear(): void {
    this.view = NOTHING;
    this.count = 0;
    this.usedBytes = 0;
    this.lists.ends.set(this.starts);
  }

  /** The messages of a type by its type byte; undefined where that is unknown. */
  batchOf(typeCode: number): TypeBatch | undefined {
    const layout = this.layouts[typeCode] ?? UNKNOWN;
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
    const behind = this.takeNear(view, offset, end, limit);
    this.usedBytes += behind - offset;
    return behind;
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

  private takeNear(view: DataView, offset: number, end: number, limit: number): number {
    const { offsets, positions, ends } = this.lists;
    const { layouts } = this;
    const most = (limit - 1 + this.count) | 0;
    const last = Math.min(end - HEAD, offset + this.capacityBytes - this.usedBytes - 1) | 0;
    let at = offset | 0;
    let position = this.count | 0;
    while (at <= last && position <= most) {
      const head = view.getUint32(at);
      const length = head >>> 16;
      const next = (at + PREFIX + length) | 0;
      if (next > end) break;
      const layout = layouts[(head >>> 8) & 0xff] as number;
      if (layout >>> SLOT_BITS !== length) {
        this.noteUnknown(at + PREFIX, length, position);
      } else {
        const slot = layout & SLOT_MASK;
        const index = ends[slot] as number;
        offsets[index] = (at + PREFIX) | 0;
        positions[index] = position;
        ends[slot] = (index + 1) | 0;
      }
      position = (position + 1) | 0;
      at = next;
    }
    this.count = position;
    return at > end - HEAD ? this.takeLast(view, at, end, offset, most) : at;
  }

  /** The last bytes, which may hold less than a length and a type. */
  private takeLast(view: DataView, offset: number, end: number, start: number, most: number): number {
    let at = offset;
    const full = start + this.capacityBytes - this.usedBytes;
    while (at < full && end - at >= PREFIX && this.count <= most) {
      const length = view.getUint16(at);
      if (length > end - at - PREFIX) break;
      this.note(view, at + PREFIX, length);
      at += PREFIX + length;
    }
    return at;
  }

  /** Notes one message of whatever type; where it is empty it has none. */
  private note(view: DataView, offset: number, length: number): void {
    const position = this.count++;
    const layout = length === 0 ? UNKNOWN : (this.layouts[view.getUint8(offset)] as number);
    if (layout >>> SLOT_BITS !== length) {
      this.noteUnknown(offset, length, position);
      return;
    }
    const { offsets, positions, ends } = this.lists;
    const slot = layout & SLOT_MASK;
    const index = ends[slot] as number;
    offsets[index] = offset;
    positions[index] = position;
    ends[slot] = index + 1;
  }

  private noteUnknown(offset: number, length: number, position: number): void {
    const { offsets, positions, ends, unknownLengths } = this.lists;
    const index = ends[0] as number;
    offsets[index] = offset;
    positions[index] = position;
    unknownLengths[index] = length;
    ends[0] = index + 1;
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
