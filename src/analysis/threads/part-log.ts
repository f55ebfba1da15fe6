/** Writes down the records of a part as rows of numbers, which another thread delivers as if it had read them. */
import type { Flow, RecordReader } from '../../core/seams.js';
import {
  ROW_COLUMNS,
  ROW_FLOW,
  ROW_LENGTH,
  ROW_NANOSECONDS,
  ROW_OFFSET,
  ROW_PACKET,
  ROW_PASSED,
  ROW_PLACE,
  ROW_TRUNCATED,
} from './part.js';

const firstRows = 16_384;

export class PartLog {
  count = 0;
  private rows = new Int32Array(firstRows * ROW_COLUMNS);
  private seconds = new Float64Array(firstRows);

  clear(): void {
    this.count = 0;
  }

  /** Notes the record at hand, of a part that begins at `place` of the file, behind `packets` others. */
  add(reader: RecordReader & { truncated?: boolean }, flow: Flow | null, place: number, packets: number): void {
    if (this.count === this.seconds.length) this.grow();
    const { rows } = this;
    const at = this.count * ROW_COLUMNS;
    rows[at + ROW_OFFSET] = reader.offset;
    rows[at + ROW_LENGTH] = reader.length;
    rows[at + ROW_FLOW] = flow === null ? -1 : flow.index;
    rows[at + ROW_NANOSECONDS] = reader.nanoseconds;
    rows[at + ROW_PACKET] = reader.packetNumber - packets + (reader.truncated === true ? ROW_TRUNCATED : 0);
    rows[at + ROW_PLACE] = reader.fileOffset - place;
    rows[at + ROW_PASSED] = 0;
    this.seconds[this.count++] = reader.seconds;
  }

  /** Of the record noted last: how many of its messages passed. */
  pass(messages: number): void {
    this.rows[(this.count - 1) * ROW_COLUMNS + ROW_PASSED] = messages;
  }

  /** The rows so far, as copies. */
  take(): { count: number; rows: Int32Array; seconds: Float64Array } {
    const { count } = this;
    return { count, rows: this.rows.slice(0, count * ROW_COLUMNS), seconds: this.seconds.slice(0, count) };
  }

  private grow(): void {
    const rows = new Int32Array(this.rows.length * 2);
    const seconds = new Float64Array(this.seconds.length * 2);
    rows.set(this.rows);
    seconds.set(this.seconds);
    this.rows = rows;
    this.seconds = seconds;
  }
}
