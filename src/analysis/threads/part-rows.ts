/** The datagrams of a part as rows of numbers: one thread writes them down, another delivers them as if read there. */
import type { Flow, RecordReader } from '../../core/seams.js';

/** Rows as they cross; `values` has `columns` numbers a row. */
export interface Rows {
  readonly count: number;
  readonly values: Int32Array<ArrayBuffer>;
  readonly seconds: Float64Array<ArrayBuffer>;
}

/** What a row is of; `RowLog` and `readRow` alone know where it stands in one. */
export interface RowTarget {
  offset: number;
  length: number;
  seconds: number;
  nanoseconds: number;
  packetNumber: number;
  fileOffset: number;
  truncated: boolean;
}

const atOffset = 0;
const atLength = 1;
/** Index in the part's flows. */
const atFlow = 2;
const atNanoseconds = 3;
/** Counted from the part's first, with `truncatedBit` added where the payload was cut. */
const atPacket = 4;
/** Place of the packet in the part. */
const atPlace = 5;
const columns = 6;
const truncatedBit = 2 ** 30;
const firstRows = 8192;

export class RowLog {
  count = 0;
  /** The range of stamps. */
  leastSeconds = Number.POSITIVE_INFINITY;
  mostSeconds = Number.NEGATIVE_INFINITY;
  private values = new Int32Array(firstRows * columns);
  private seconds = new Float64Array(firstRows);

  clear(): void {
    this.count = 0;
    this.leastSeconds = Number.POSITIVE_INFINITY;
    this.mostSeconds = Number.NEGATIVE_INFINITY;
  }

  /** Notes the datagram at hand, of a part that begins at `place` of the file, behind `packets` others. */
  add(reader: RecordReader & { flow: Flow; truncated: boolean }, place: number, packets: number): void {
    if (this.count === this.seconds.length) this.grow();
    const { values } = this;
    const { seconds } = reader;
    const at = this.count * columns;
    values[at + atOffset] = reader.offset;
    values[at + atLength] = reader.length;
    values[at + atFlow] = reader.flow.index;
    values[at + atNanoseconds] = reader.nanoseconds;
    values[at + atPacket] = reader.packetNumber - packets + (reader.truncated ? truncatedBit : 0);
    values[at + atPlace] = reader.fileOffset - place;
    if (seconds < this.leastSeconds) this.leastSeconds = seconds;
    if (seconds > this.mostSeconds) this.mostSeconds = seconds;
    this.seconds[this.count++] = seconds;
  }

  /** The rows so far, as copies. */
  take(): Rows {
    const { count } = this;
    return { count, values: this.values.slice(0, count * columns), seconds: this.seconds.slice(0, count) };
  }

  private grow(): void {
    const values = new Int32Array(this.values.length * 2);
    const seconds = new Float64Array(this.seconds.length * 2);
    values.set(this.values);
    seconds.set(this.seconds);
    this.values = values;
    this.seconds = seconds;
  }
}

/** Puts a row of a part that begins at `place`, behind `packets` others, into the target; returns its flow's index. */
export function readRow(target: RowTarget, rows: Rows, row: number, place: number, packets: number): number {
  const { values } = rows;
  const at = row * columns;
  const packet = values[at + atPacket] as number;
  target.offset = values[at + atOffset] as number;
  target.length = values[at + atLength] as number;
  target.seconds = rows.seconds[row] as number;
  target.nanoseconds = values[at + atNanoseconds] as number;
  target.truncated = packet >= truncatedBit;
  target.packetNumber = packets + (target.truncated ? packet - truncatedBit : packet);
  target.fileOffset = place + (values[at + atPlace] as number);
  return values[at + atFlow] as number;
}
