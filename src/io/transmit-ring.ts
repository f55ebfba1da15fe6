/**
 * A ring of frames in memory that the kernel drains: TPACKET_V2's transmit ring (linux/if_packet.h, `struct
 * tpacket2_hdr`; Documentation/networking/packet_mmap.rst of Linux).
 *
 * Slots of one size stand in blocks that a slot never crosses. Each begins with a header of 32 bytes: the status at 0
 * and the frame's length at 4, in the machine's byte order. The frame's bytes follow, behind a header of virtio-net
 * where the socket asks for one. Who fills a slot marks it; the kernel sends marked slots in order and frees them.
 */

/** Whose turn it is: free to fill, to be sent, being sent, refused by the kernel. */
export const AVAILABLE = 0;
export const SEND_REQUEST = 1;
export const WRONG_FORMAT = 4;

/** Bytes of a slot in front of its frame. */
export const SLOT_HEADER_BYTES = 32;
/** `struct virtio_net_hdr`, which says how many bytes the kernel is to copy (and all else that it could say is 0). */
export const VIRTIO_HEADER_BYTES = 10;

const PAGE_BYTES = 4096;
const CACHE_LINE_BYTES = 64;
const BLOCK_BYTES = 1 << 18;
const RING_BYTES = 1 << 21;
const FEWEST_SLOTS = 64;

export interface RingGeometry {
  readonly slotBytes: number;
  readonly blockBytes: number;
  readonly slotsPerBlock: number;
  readonly blocks: number;
}

/** About 2 MiB of slots for frames of so many bytes: it stays in a processor's second cache, and is never too few. */
export function ringGeometry(longestFrameBytes: number): RingGeometry {
  const needed = SLOT_HEADER_BYTES + VIRTIO_HEADER_BYTES + longestFrameBytes;
  const slotBytes = roundUp(needed, CACHE_LINE_BYTES);
  const blockBytes = Math.max(BLOCK_BYTES, roundUp(slotBytes, PAGE_BYTES));
  const slotsPerBlock = Math.floor(blockBytes / slotBytes);
  const blocks = Math.max(Math.ceil(RING_BYTES / blockBytes), Math.ceil(FEWEST_SLOTS / slotsPerBlock));
  return { slotBytes, blockBytes, slotsPerBlock, blocks };
}

/** What drains a ring. */
export interface RingDriver {
  /** Has the marked slots sent, without waiting; the error's number, 0 where there was none. */
  kick(): number;
  /** Waits until a slot may be free, for so long at most. */
  wait(ms: number): void;
  /** The longest payload that the interface takes now. */
  mtu(): number;
  /** Lets go of the socket; the memory is gone then. */
  close(): void;
}

/** The memory of a ring and what drains it. Slots are told by their number, from 0. */
export class TransmitRing {
  view: DataView;
  bytes: Uint8Array;
  /** The same memory in words of the machine's byte order. */
  words: Int32Array;
  /** Where each slot starts. */
  readonly starts: Int32Array;
  /** From a slot's start to its frame. */
  readonly frameOffset: number;

  constructor(
    memory: ArrayBuffer,
    readonly geometry: RingGeometry,
    readonly hasVirtioHeader: boolean,
    readonly driver: RingDriver,
  ) {
    const { slotBytes, blockBytes, slotsPerBlock, blocks } = geometry;
    this.view = new DataView(memory);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
    this.frameOffset = SLOT_HEADER_BYTES + (hasVirtioHeader ? VIRTIO_HEADER_BYTES : 0);
    this.starts = Int32Array.from({ length: slotsPerBlock * blocks }, (_, slot) => {
      return Math.floor(slot / slotsPerBlock) * blockBytes + (slot % slotsPerBlock) * slotBytes;
    });
  }

  get slotCount(): number {
    return this.starts.length;
  }

  status(slot: number): number {
    return this.words[(this.starts[slot] as number) >> 2] as number;
  }

  mark(slot: number, status: number): void {
    this.words[(this.starts[slot] as number) >> 2] = status;
  }

  after(slot: number): number {
    return slot + 1 === this.starts.length ? 0 : slot + 1;
  }

  /** The slot so many before, at most once around. */
  before(slot: number, count: number): number {
    return slot >= count ? slot - count : slot - count + this.starts.length;
  }

  /** Makes one slot hold what another does. */
  copy(from: number, to: number): void {
    const start = this.starts[from] as number;
    this.bytes.copyWithin(this.starts[to] as number, start, start + this.geometry.slotBytes);
  }

  /** Lets go of the memory, which must not be touched once it is unmapped. */
  close(): void {
    const gone = new ArrayBuffer(0);
    this.view = new DataView(gone);
    this.bytes = new Uint8Array(gone);
    this.words = new Int32Array(gone);
    this.driver.close();
  }
}

/** A ring that is drained into nothing: what a warm-up and a dry run send through. */
export function idleRing(mtu: number, longestFrameBytes: number): TransmitRing {
  const geometry = ringGeometry(longestFrameBytes);
  const ring: TransmitRing = new TransmitRing(new ArrayBuffer(geometry.blockBytes * geometry.blocks), geometry, true, {
    kick() {
      for (; ring.status(head) === SEND_REQUEST; head = ring.after(head)) ring.mark(head, AVAILABLE);
      return 0;
    },
    wait() {},
    mtu: () => mtu,
    close() {},
  });
  let head = 0;
  return ring;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
