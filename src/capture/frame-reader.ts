/**
 * What the two capture formats have in common: a cursor over captured frames, before any layer of them is read.
 *
 * Bytes arrive through the queue that the cursor shares with its owner.
 */
import type { ByteQueue } from '../core/byte-queue.js';
import type { DamageHandler } from '../core/seams.js';
import type { ResumePoint } from '../core/seek-index.js';

/** The longest frame that is believed; a longer one is damage (libpcap's and Wireshark's own limit). */
export const MAX_CAPTURED_BYTES = 262_144;

/** What a capture says beside its packets. */
export interface FrameNotes {
  readonly hasMoreThanPackets: boolean;
  countPackets(packets: number): void;
  clear(): void;
}

/** What another reader has read in this one's place. */
export interface LeptFrames {
  readonly packets: number;
  readonly badTimestamps: number;
  readonly last: { readonly seconds: number; readonly nanoseconds: number };
}

/** How a capture is read. */
export interface FrameReaderOptions {
  /** Look for the next plausible block or record behind damage, where the reading would end; false where absent. */
  recover?: boolean;
}

/** One interface of a pcapng capture: what its section says of it, and the last statistics that were kept of it. */
export interface InterfaceDescription {
  linkType: number;
  name: string | null;
  description: string | null;
  /** Most bytes kept of a packet; 0 for no limit. */
  snapLength: number;
  /** The unit of its time stamps in seconds, as a power: `10^-9` or `2^-20`. */
  resolution: string;
  /** Packets that the interface received, and dropped for want of room. */
  received: number | null;
  dropped: number | null;
  /** Packets that its filter let through, that the operating system dropped, and that reached the writer. */
  accepted: number | null;
  osDropped: number | null;
  delivered: number | null;
}

/** What a pcapng capture says beside its packets. */
export interface CaptureDescription {
  sections: number;
  /** The first ones of all sections, in their order. */
  interfaces: InterfaceDescription[];
  interfaceCount: number;
  /** The beginnings of the first comments. */
  comments: string[];
  commentCount: number;
  /** How many blocks of each kind there are. */
  blocks: Record<string, number>;
  /** Packets that were lost between packets, as these say. */
  droppedPackets: number;
}

/** A pull cursor over the frames of one capture file; `next()` answers from the bytes at hand. */
export abstract class FrameReader {
  abstract readonly format: 'pcap' | 'pcapng';
  /** Start of the frame in the queue's view. */
  offset = 0;
  /** How many of the frame's bytes were captured. */
  length = 0;
  /** How many bytes the frame had on the wire, without frame check sequence where the file tells. */
  wireLength = 0;
  /** The LINKTYPE_ value of the interface that saw the frame. */
  linkType = 0;
  seconds = 0;
  nanoseconds = 0;
  /** 1-based number of the frame in its file. */
  packetNumber = 0;
  /** Place in the file of the frame's record or block. */
  fileOffset = 0;
  /** Why the frame cannot be read although its place and length are known; null where it can. */
  fault: string | null = null;
  /** Frames whose time stamp was out of range and normalised. */
  badTimestamps = 0;
  /** Frames for which the format keeps no time stamp; they carry the one before theirs. */
  withoutTimestamp = 0;
  done = false;
  protected readonly recover: boolean;

  constructor(
    protected readonly queue: ByteQueue,
    protected readonly onDamage: DamageHandler,
    options: FrameReaderOptions = {},
  ) {
    this.recover = options.recover ?? false;
  }

  /** Moves to the next frame; false where more bytes are needed or the capture is `done`. */
  abstract next(): boolean;

  /** Goes on at the point, whose bytes come next; what describes them was read before. */
  resumeAt({ records, previous }: ResumePoint): void {
    this.packetNumber = records;
    this.seconds = previous.seconds;
    this.nanoseconds = previous.nanoseconds;
  }

  /** Whether the next byte is the first of a record, and nothing of a damaged one is looked for. */
  get isBetweenFrames(): boolean {
    return !this.done;
  }

  /** Whether the capture says anything beside its packets, of what was read here but for describing blocks. */
  get hasNotes(): boolean {
    return this.frameNotes?.hasMoreThanPackets ?? false;
  }

  /** Where it keeps what the capture says beside its packets; null where its format has no place for it. */
  protected get frameNotes(): FrameNotes | null {
    return null;
  }

  /** Forgets what was said so far. */
  forgetNotes(): void {
    this.frameNotes?.clear();
  }

  /** Goes on behind packets that another reader has read. */
  leap(point: ResumePoint, { packets, badTimestamps, last }: LeptFrames): void {
    this.resumeAt({ ...point, records: this.packetNumber + packets, previous: last });
    this.badTimestamps += badTimestamps;
    this.frameNotes?.countPackets(packets);
  }

  /** What the capture says beside its packets so far; null where its format has no place for it. */
  describe(): CaptureDescription | null {
    return null;
  }

  /** Reports damage that ends the reading: nothing behind it can be told apart reliably. */
  protected stop(code: string, message: string, record: number, offset: number): false {
    this.done = true;
    this.onDamage({ code, message, record, offset });
    return false;
  }
}
