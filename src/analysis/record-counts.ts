/** What `inspect` counts of records whatever they hold: bytes, the range of their stamps, the busiest windows. */
import { itch50 } from '../protocol/itch50/index.js';
import type { BurstList, Bursts } from './bursts.js';
import type { TypeTable } from './type-counts.js';

/** The counts over a part of a session, which another thread adds to those of what came before it. */
export interface RecordSpan {
  readonly datagrams: number;
  readonly bytes: number;
  /** ns since the base of whoever counted; infinite where there was no record. */
  readonly minNs: number;
  readonly maxNs: number;
  readonly firstNs: number;
  readonly lastNs: number;
  /** Records stamped earlier than the one before. */
  readonly backward: number;
  /** As `BurstList` has it. */
  readonly bursts: Float64Array<ArrayBuffer>;
}

export class RecordCounts<Windows extends Bursts | BurstList = Bursts> {
  datagrams = 0;
  bytes = 0;
  minNs = Number.POSITIVE_INFINITY;
  maxNs = Number.NEGATIVE_INFINITY;
  backward = 0;
  private firstNs = Number.NaN;
  private previousNs = Number.NEGATIVE_INFINITY;

  constructor(readonly bursts: Windows) {}

  record(isDatagram: boolean, length: number, timestampNs: number): void {
    if (isDatagram) this.datagrams++;
    this.bytes += length;
    if (timestampNs < this.minNs) this.minNs = timestampNs;
    if (timestampNs > this.maxNs) this.maxNs = timestampNs;
    if (timestampNs < this.previousNs) this.backward++;
    if (this.previousNs === Number.NEGATIVE_INFINITY) this.firstNs = timestampNs;
    this.previousNs = timestampNs;
    this.bursts.packet(timestampNs, length);
  }

  /**
   * Records of a BinaryFILE and their messages, all known, from `start` to `end`, each behind its 2-byte length and
   * stamped with its own time and `shiftNs`.
   */
  fileRun(view: DataView, start: number, end: number, shiftNs: number, types: TypeTable): void {
    const { timestampOf } = itch50;
    for (let at = start; at < end; ) {
      const length = view.getUint16(at);
      const message = at + 2;
      const timestampNs = shiftNs + timestampOf(view, message);
      this.record(false, length, timestampNs);
      this.bursts.messages(timestampNs, 1);
      types.add(view.getUint8(message));
      at = message + length;
    }
  }

  messages(timestampNs: number, count: number): void {
    this.bursts.messages(timestampNs, count);
  }

  /** Adds what was counted of the records that follow, against a base so many ns later than the one here. */
  add(this: RecordCounts<Bursts>, span: RecordSpan, shiftNs: number): void {
    this.datagrams += span.datagrams;
    this.bytes += span.bytes;
    this.backward += span.backward + (span.firstNs + shiftNs < this.previousNs ? 1 : 0);
    this.minNs = Math.min(this.minNs, span.minNs + shiftNs);
    this.maxNs = Math.max(this.maxNs, span.maxNs + shiftNs);
    this.previousNs = span.lastNs + shiftNs;
    this.bursts.add(span.bursts, shiftNs);
  }

  /** What was counted so far; begins anew. */
  take(this: RecordCounts<BurstList>): RecordSpan {
    const { datagrams, bytes, minNs, maxNs, backward, firstNs, previousNs: lastNs } = this;
    this.datagrams = 0;
    this.bytes = 0;
    this.minNs = Number.POSITIVE_INFINITY;
    this.maxNs = Number.NEGATIVE_INFINITY;
    this.backward = 0;
    this.firstNs = Number.NaN;
    this.previousNs = Number.NEGATIVE_INFINITY;
    return { datagrams, bytes, minNs, maxNs, backward, firstNs, lastNs, bursts: this.bursts.take() };
  }
}
