/**
 * Copies of packets that wait for their time, the earliest first and of one time the one that was put in first, in
 * memory that is bounded in packets and in bytes and used over and over.
 */
import { copyBytes } from '../../core/copy.js';
import type { CapturedFrame, Flow } from '../../core/seams.js';

/** So many packets, and bytes of them, are held unless told otherwise; what comes beyond is lost and counted. */
export const maxHeldPackets = 262_144;
export const maxHeldBytes = 256 * 2 ** 20;
const leastRoom = 256;

/** One packet that waits; valid until it is given back. */
export class HeldPacket {
  readonly offset = 0;
  view = new DataView(new ArrayBuffer(leastRoom));
  length = 0;
  flow: Flow;
  /** The packet that it was captured in, copied behind its own bytes. */
  frame: CapturedFrame | null = null;
  messages = 0;
  captureNs = 0;
  feedLatencyNs = Number.NaN;
  dueNs = 0;
  /** Of two due together the lower goes first. */
  order = 0;
  /** Its line's place among the lines, and its own on the line; 0 for a copy. */
  line = 0;
  place = 0;
  /** Where frames are written: the sum that stands in for the payload's; -1 for its own. */
  payloadSum = -1;
  /** Of a copy: how long it comes behind what it is a copy of. */
  afterNs = 0;
  /** Packets that are still to go first. */
  left = 0;

  constructor(flow: Flow) {
    this.flow = flow;
  }
}

export class HeldPackets {
  /** Held now, whether in order of time or by whoever took one with `copy`. */
  packets = 0;
  bytes = 0;
  /** The most that were held at once. */
  mostPackets = 0;
  mostBytes = 0;
  private readonly heap: HeldPacket[] = [];
  private readonly free: HeldPacket[] = [];
  private order = 0;

  constructor(
    private readonly maxPackets = maxHeldPackets,
    private readonly maxBytes = maxHeldBytes,
  ) {}

  /** When the first is due; Infinity where none waits in order of time. */
  get leastDueNs(): number {
    return this.heap.length === 0 ? Number.POSITIVE_INFINITY : this.heap[0].dueNs;
  }

  /** Packets that wait in order of time. */
  get size(): number {
    return this.heap.length;
  }

  /** They, in no order. */
  all(): readonly HeldPacket[] {
    return this.heap;
  }

  /** Copies a packet; null where there is no room. It is to be `put`, or given back. */
  copy(
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    frame: CapturedFrame | null = null,
  ): HeldPacket | null {
    const bytes = length + (frame?.length ?? 0);
    if (this.packets >= this.maxPackets || this.bytes + bytes > this.maxBytes) return null;
    const packet = this.free.pop() ?? new HeldPacket(flow);
    if (packet.view.byteLength < bytes) packet.view = new DataView(new ArrayBuffer(2 ** Math.ceil(Math.log2(bytes))));
    copyBytes(view, offset, packet.view, 0, length);
    packet.length = length;
    packet.flow = flow;
    packet.frame = frame === null ? null : copyFrame(frame, packet.view, length);
    this.packets++;
    this.bytes += bytes;
    if (this.packets > this.mostPackets) this.mostPackets = this.packets;
    if (this.bytes > this.mostBytes) this.mostBytes = this.bytes;
    return packet;
  }

  /** Lets it wait until `dueNs`. */
  put(packet: HeldPacket, dueNs: number): void {
    const { heap } = this;
    packet.dueNs = dueNs;
    packet.order = this.order++;
    let at = heap.length;
    heap.push(packet);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(packet, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = packet;
  }

  /** Takes the first out; there is one. */
  take(): HeldPacket {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop() as HeldPacket;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }

  /** Its memory may be used again. */
  giveBack(packet: HeldPacket): void {
    this.packets--;
    this.bytes -= packet.length + (packet.frame?.length ?? 0);
    this.free.push(packet);
  }
}

function copyFrame(frame: CapturedFrame, into: DataView, at: number): CapturedFrame {
  copyBytes(frame.view, frame.offset, into, at, frame.length);
  const { length, wireLength, linkType, payloadLength } = frame;
  return {
    view: into,
    offset: at,
    length,
    wireLength,
    linkType,
    payload: at + frame.payload - frame.offset,
    payloadLength,
  };
}

function isBefore(one: HeldPacket, other: HeldPacket): boolean {
  return one.dueNs < other.dueNs || (one.dueNs === other.dueNs && one.order < other.order);
}
