/** A reader whose records were found by another thread, part by part, or by the file's own reader in between. */
import type { CaptureReader } from '../../capture/capture-reader.js';
import type { DatagramReader, Flow, Join } from '../../core/seams.js';
import type { BinaryFileReader } from '../../session/binaryfile.js';
import type { Part } from './cutter.js';
import type { PartResult } from './part.js';
import { readRow } from './part-rows.js';

/** The file's own reader, whose counts and state go on over the parts that others read. */
export type OwnReader = CaptureReader | BinaryFileReader;

export class ThreadedReader implements Omit<DatagramReader, 'flow'> {
  view: DataView;
  offset = 0;
  length = 0;
  seconds: number;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  flow: Flow | undefined = undefined;
  join: Join | undefined = undefined;
  truncated = false;
  /** While the own reader looks for its next record: damage that comes then is of that place. */
  isReading = false;
  /** The flows of the part at hand. */
  flows: readonly Flow[] = [];
  /** The part being gone through; null while the own reader delivers. */
  private part: Part | null = null;
  private result: PartResult | null = null;
  private row = 0;

  constructor(private readonly own: OwnReader) {
    this.view = own.view;
    this.seconds = own.seconds;
  }

  get counts() {
    return 'counts' in this.own ? this.own.counts : null;
  }

  get skipped() {
    return 'counts' in this.own ? this.own.skipped : {};
  }

  get description() {
    return 'counts' in this.own ? this.own.description : null;
  }

  get endOfSession(): boolean {
    return 'endOfSession' in this.own && this.own.endOfSession;
  }

  next(): boolean {
    if (this.part !== null) return this.nextRow();
    const { own } = this;
    this.isReading = true;
    const isThere = own.next();
    this.isReading = false;
    if (!isThere) {
      this.done = own.done;
      return false;
    }
    this.view = own.view;
    this.offset = own.offset;
    this.length = own.length;
    this.seconds = own.seconds;
    this.nanoseconds = own.nanoseconds;
    this.packetNumber = own.packetNumber;
    this.fileOffset = own.fileOffset;
    if ('flow' in own) {
      this.flow = own.flow;
      this.join = own.join;
      this.truncated = own.truncated;
    }
    return true;
  }

  /** Delivers the datagrams of a part that another has read; of a BinaryFILE none, for their messages were judged. */
  adopt(part: Part, result: PartResult): void {
    const { own } = this;
    this.part = part;
    this.result = result;
    this.row = 0;
    this.join = undefined;
    this.view = new DataView(part.bytes.buffer, part.bytes.byteOffset, part.bytes.byteLength);
    this.flows = 'flows' in own ? result.flows.map((flow) => own.flows.adopt(flow)) : [];
  }

  /** Has the own reader take the part that was adopted, of which nothing was delivered. */
  readAnew(): void {
    if (this.part !== null) this.own.push(this.part.bytes);
    this.part = null;
    this.result = null;
  }

  /** Of a part that was left in its middle: has the own reader count what was delivered of it, and no more. */
  settle(): void {
    const { row, own } = this;
    this.readAnew();
    for (let left = row; left > 0; left--) own.next();
    this.row = 0;
  }

  push(chunk: Uint8Array): void {
    this.own.push(chunk);
  }

  end(): void {
    this.own.end();
  }

  private nextRow(): boolean {
    const { result, part, row } = this;
    if (result === null || part === null) return false;
    const { rows } = result;
    if (rows === null || row === rows.count) {
      this.leave(part, result);
      return false;
    }
    this.row++;
    this.flow = this.flows[readRow(this, rows, row, part.offset, part.records)];
    return true;
  }

  private leave(part: Part, { counts, last }: PartResult): void {
    const { own } = this;
    this.part = null;
    this.result = null;
    this.row = 0;
    const point = { offset: part.offset + part.bytes.length, records: part.records + part.packets, previous: last };
    if ('counts' in own) {
      if (counts !== null) own.leap(point, counts);
    } else own.leap(point);
  }
}
