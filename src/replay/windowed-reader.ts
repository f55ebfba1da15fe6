/** A reader of the messages of a file that lie in a time window; ends where the window is well past. */
import type { RecordReader } from '../core/seams.js';
import type { CaptureWindow } from './window.js';

/** Stamps may be out of order by this many records; after so many in a row behind the window, the rest is not read. */
export const recordsPastWindow = 10_000;

export class WindowedReader implements RecordReader {
  view: DataView;
  offset = 0;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  private past = 0;
  private readonly reader: RecordReader;
  private readonly window: CaptureWindow;
  private readonly onBefore: ((reader: RecordReader) => void) | undefined;

  /** `onBefore` is shown each record that lies before the window and is passed over. */
  constructor(reader: RecordReader, window: CaptureWindow, onBefore?: (reader: RecordReader) => void) {
    this.reader = reader;
    this.window = window;
    this.onBefore = onBefore;
    this.view = reader.view;
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
  }

  end(): void {
    this.reader.end();
  }

  next(): boolean {
    const { reader, window } = this;
    while (!this.done && reader.next()) {
      const verdict = window.check(reader.seconds, reader.nanoseconds);
      if (verdict === 'in') {
        this.past = 0;
        this.take();
        return true;
      }
      if (verdict === 'before') this.onBefore?.(reader);
      if (verdict === 'after' && ++this.past > recordsPastWindow) this.done = true;
    }
    if (reader.done) this.done = true;
    return false;
  }

  private take(): void {
    const { reader } = this;
    this.view = reader.view;
    this.offset = reader.offset;
    this.length = reader.length;
    this.seconds = reader.seconds;
    this.nanoseconds = reader.nanoseconds;
    this.packetNumber = reader.packetNumber;
    this.fileOffset = reader.fileOffset;
  }
}
