/**
 * The latest packets of one SoupBinTCP 3.00 session as they go over the wire (section 2.2.3, sequenced data): a ring
 * of bytes that every client reads at its own place.
 *
 * A place is the number of bytes of the session before it. Packets stay until newer ones need their room; whoever is
 * to read more than the last `capacity` bytes has to be given up or waited for before `append`.
 */
import { SOUP_HEADER_LENGTH, SOUP_LENGTH_SIZE, SoupType } from './soupbintcp-writer.js';

/** A place is remembered for each so many bytes; the rest of the way to a number goes from packet to packet. */
const BLOCK_BYTES = 1 << 16;

export class SoupBinTCPHistory {
  /** Bytes that the ring holds. */
  readonly capacity: number;
  /** Bytes of the session so far: the place behind the last packet. */
  head = 0;
  /** Number of the next message. */
  nextSequence = 1;
  private readonly ring: Uint8Array;
  /** Of block i, in slot i modulo their number: number and place of the first packet that begins in it or behind it. */
  private readonly blockSequences: Float64Array;
  private readonly blockPlaces: Float64Array;
  private blocks = 0;

  /** `capacity` is rounded up to whole blocks of 64 KiB. */
  constructor(capacity: number) {
    const slots = Math.max(2, Math.ceil(capacity / BLOCK_BYTES));
    this.capacity = slots * BLOCK_BYTES;
    this.ring = new Uint8Array(this.capacity);
    // A block that has begun to be overwritten still holds packets that may be asked for.
    this.blockSequences = new Float64Array(slots + 1);
    this.blockPlaces = new Float64Array(slots + 1);
  }

  /** Adds a message of at most 65,534 bytes as a packet with the next number. */
  append(view: DataView, offset: number, length: number): void {
    while (this.blocks * BLOCK_BYTES <= this.head) this.beginBlock();
    this.putByte((length + 1) >>> 8);
    this.putByte((length + 1) & 0xff);
    this.putByte(SoupType.sequencedData);
    const at = this.head % this.capacity;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
    const room = this.capacity - at;
    if (length <= room) this.ring.set(bytes, at);
    else {
      this.ring.set(bytes.subarray(0, room), at);
      this.ring.set(bytes.subarray(room), 0);
    }
    this.head += length;
    this.nextSequence++;
  }

  /**
   * The place of message `sequence`, the next one's included; -1 where it has yet to come or is no longer kept: the
   * oldest 64 KiB of the ring are not looked into.
   */
  placeOf(sequence: number): number {
    if (sequence === this.nextSequence) return this.head;
    const oldestBlock = Math.max(0, this.blocks - this.blockPlaces.length);
    let block = this.blocks - 1;
    while (block > oldestBlock && this.sequenceAt(block) > sequence) block--;
    if (block < 0 || sequence > this.nextSequence || this.sequenceAt(block) > sequence) return -1;
    let place = this.blockPlaces[block % this.blockPlaces.length] as number;
    if (place < this.head - this.capacity) return -1;
    for (let at = this.sequenceAt(block); at < sequence; at++) place += SOUP_LENGTH_SIZE + this.lengthAt(place);
    return place;
  }

  /** The bytes from `place` on, as many as lie in one piece, at most `most`; borrowed until they are overwritten. */
  bytesAt(place: number, most: number): Uint8Array {
    const at = place % this.capacity;
    const length = Math.min(most, this.head - place, this.capacity - at);
    return this.ring.subarray(at, at + length);
  }

  /** Bytes that a message takes. */
  static bytesFor(length: number): number {
    return SOUP_HEADER_LENGTH + length;
  }

  private beginBlock(): void {
    const slot = this.blocks++ % this.blockPlaces.length;
    this.blockSequences[slot] = this.nextSequence;
    this.blockPlaces[slot] = this.head;
  }

  private sequenceAt(block: number): number {
    return this.blockSequences[block % this.blockSequences.length] as number;
  }

  private lengthAt(place: number): number {
    const high = this.ring[place % this.capacity] as number;
    return high * 256 + (this.ring[(place + 1) % this.capacity] as number);
  }

  private putByte(value: number): void {
    this.ring[this.head++ % this.capacity] = value;
  }
}
