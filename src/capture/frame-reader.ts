/**
 * What the two capture formats have in common: a cursor over captured frames, before any layer of them is read.
 *
 * Bytes arrive through the queue that the cursor shares with its owner.
 */
import type { ByteQueue } from '../core/byte-queue.js';
import type { DamageHandler } from '../core/seams.js';

/** The longest frame that is believed; a longer one is damage (libpcap's and Wireshark's own limit). */
export const MAX_CAPTURED_BYTES = 262_144;

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

  constructor(
    protected readonly queue: ByteQueue,
    protected readonly onDamage: DamageHandler,
  ) {}

  /** Moves to the next frame; false where more bytes are needed or the capture is `done`. */
  abstract next(): boolean;

  /** Reports damage that ends the reading: nothing behind it can be told apart reliably. */
  protected stop(code: string, message: string, record: number, offset: number): false {
    this.done = true;
    this.onDamage({ code, message, record, offset });
    return false;
  }
}
