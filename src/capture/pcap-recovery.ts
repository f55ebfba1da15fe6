/**
 * Finds the next packet record of a damaged libpcap capture: draft-ietf-opsawg-pcap section 5 gives a record nothing to
 * be found by, so a header is believed by what it says and by the header behind it.
 *
 * Each byte is looked at as the beginning of a record at most twice, and no more is held than the longest record and
 * the header behind it.
 */
import type { ByteQueue } from '../core/byte-queue.js';
import { MAX_CAPTURED_BYTES } from './frame-reader.js';

/** How far a record found by looking may be from the stamp of the last packet: a week. */
export const MAX_STAMP_DISTANCE_SECONDS = 604_800;

/** What was wrong where the skipping began, in the words of the damage. */
export interface Lost {
  readonly code: string;
  readonly what: string;
}

/** How the records of a file are laid out. */
export interface RecordLayout {
  readonly littleEndian: boolean;
  readonly headerBytes: number;
  readonly unitsPerSecond: number;
}

const NO = 0;
const YES = 1;
const WAIT = 2;

/** Keeps a queue at records that can be believed. */
export class PcapRecovery {
  /** Seconds of the last record that was believed; NaN before the first. */
  private reference = Number.NaN;
  /** How far the record at hand was searched for a record within it. */
  private probed = 0;
  /** Where the skipping began; -1 where nothing is being skipped. */
  private skippedFrom = -1;
  private lost: Lost = { code: '', what: '' };

  constructor(
    private readonly queue: ByteQueue,
    private readonly layout: RecordLayout,
    /** Told once the next record was found (`at`), or that none is left (-1). */
    private readonly onSkipped: (lost: Lost, from: number, at: number) => void,
  ) {}

  /** True where a whole record that is believed is next in the queue; false for want of bytes, or at the end. */
  settle(): boolean {
    const { queue } = this;
    if (this.skippedFrom < 0) {
      const verdict = this.judge();
      if (verdict === WAIT || (verdict === NO && queue.available === 0)) return false;
      this.probed = 0;
      if (verdict === YES) return this.believe();
      this.skippedFrom = queue.position;
      queue.skip(1);
    }
    for (; queue.available >= this.layout.headerBytes; queue.skip(1)) {
      const verdict = this.plausible(queue.offset, this.reference);
      if (verdict === WAIT) return false;
      if (verdict === YES) {
        this.tell(queue.position);
        return this.believe();
      }
    }
    if (!queue.ended) return false;
    queue.skip(queue.available);
    this.tell(-1);
    return false;
  }

  private believe(): true {
    const { offset } = this.queue;
    if (this.credible(offset)) this.reference = this.word(offset, 0);
    return true;
  }

  private tell(at: number): void {
    this.onSkipped(this.lost, this.skippedFrom, at);
    this.skippedFrom = -1;
  }

  /** Whether the record that the one before leads to is one. */
  private judge(): number {
    const { queue } = this;
    const { headerBytes } = this.layout;
    const start = queue.offset;
    if (queue.available < headerBytes) return this.cut(headerBytes);
    const captured = this.word(start, 8);
    if (captured > MAX_CAPTURED_BYTES) {
      return this.refuse('packet-length', `claims ${captured} captured bytes, more than ${MAX_CAPTURED_BYTES}`);
    }
    const behind = start + headerBytes + captured;
    if (behind > queue.limit) return this.cut(headerBytes + captured);
    if (behind + headerBytes > queue.limit && !queue.ended) return WAIT;
    if (behind === queue.limit) return YES;
    // A next record that can be believed confirms the length, whatever else this header says.
    const followed = behind + headerBytes <= queue.limit;
    if (followed && (this.sane(behind) || this.near(behind, this.reference))) return YES;
    if (!this.credible(start)) return this.refuse('packet-header', 'has a header that cannot be true');
    if (followed && this.near(behind, this.word(start, 0))) return YES;
    return this.search(start, behind);
  }

  /** Where no record follows, the length may be too long and the next record lie within this one. */
  private search(start: number, end: number): number {
    const reference = Number.isNaN(this.reference) ? this.word(start, 0) : this.reference;
    for (let at = start + Math.max(this.probed, 1); at < end; at++) {
      const verdict = at + this.layout.headerBytes > this.queue.limit ? NO : this.plausible(at, reference);
      if (verdict === WAIT) {
        this.probed = at - start;
        return WAIT;
      }
      if (verdict === YES) return this.refuse('packet-length', 'is longer than the way to the next record');
    }
    return YES;
  }

  /** Whether a record begins at `at` that the last stamp and the header behind agree with. */
  private plausible(at: number, reference: number): number {
    const { queue } = this;
    const { headerBytes } = this.layout;
    const seconds = this.word(at, 0);
    if (!this.sane(at) || !this.near(at, reference)) return NO;
    const behind = at + headerBytes + this.word(at, 8);
    if (behind + headerBytes > queue.limit) {
      if (!queue.ended) return WAIT;
      return behind === queue.limit ? YES : NO;
    }
    return this.sane(behind) && this.near(behind, seconds) ? YES : NO;
  }

  private credible(at: number): boolean {
    return this.sane(at) || this.near(at, this.reference);
  }

  /** Whether fraction and lengths of the header at `at` can be. */
  private sane(at: number): boolean {
    const captured = this.word(at, 8);
    const original = this.word(at, 12);
    if (captured < 1 || captured > original || original > MAX_CAPTURED_BYTES) return false;
    return this.word(at, 4) < this.layout.unitsPerSecond;
  }

  private near(at: number, seconds: number): boolean {
    if (this.word(at, 8) > MAX_CAPTURED_BYTES || this.word(at, 12) === 0) return false;
    // A distance from NaN, before the first record, is not too long.
    return !(Math.abs(this.word(at, 0) - seconds) > MAX_STAMP_DISTANCE_SECONDS);
  }

  private cut(needed: number): number {
    const { queue } = this;
    if (!queue.ended) return WAIT;
    return this.refuse('truncated', `needs ${needed} bytes and ${queue.available} are left`);
  }

  private refuse(code: string, what: string): number {
    if (this.queue.available > 0) this.lost = { code, what };
    return NO;
  }

  private word(at: number, offset: number): number {
    return this.queue.view.getUint32(at + offset, this.layout.littleEndian);
  }
}
