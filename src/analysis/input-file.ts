/** One file of an input: open, closed again, or yet to be opened, and what is told of it. */
import type { CaptureCounts } from '../capture/capture-reader.js';
import type { CaptureDescription } from '../capture/frame-reader.js';
import { formatEpochNs } from '../core/halves.js';
import type { Beginning, CaptureFile } from '../io/open-capture.js';
import { isStandardInput } from './input.js';
import type { ThreadedFile } from './threads/threaded-file.js';

/** One file of an input, as reports show it. */
export interface FileReport {
  file: string;
  format: CaptureFile['format'];
  compression: CaptureFile['compression'];
  /** Day that a BinaryFILE's time stamps were placed on. */
  date: string | null;
  /** Stamp of the first record, ns since the epoch; null where there is none, or before it was read. */
  first: string | null;
  /** Null for a BinaryFILE. */
  counts: CaptureCounts | null;
  skipped: Record<string, number>;
  /** What the file says of itself: sections, interfaces, blocks; null where it says nothing. */
  description: CaptureDescription | null;
}

/** One file of an input, open or not. */
export class InputFile {
  file: CaptureFile | ThreadedFile | null = null;
  /** Where it was begun, if not at its start. */
  at: Beginning | undefined = undefined;
  /** Once the file is closed. */
  report: FileReport | null = null;
  name: string;
  kind: CaptureFile['kind'] = 'datagrams';
  first: { seconds: number; nanoseconds: number } | null = null;
  sizeBytes: number | null = null;
  bytesRead = 0;

  constructor(
    readonly path: string,
    readonly index: number,
  ) {
    this.name = isStandardInput(path) ? 'standard input' : path;
  }

  async close(): Promise<void> {
    const { file } = this;
    if (file === null) return;
    if ('settle' in file) file.settle();
    this.report = this.describe();
    this.bytesRead = file.bytesRead;
    this.file = null;
    await file.close();
  }

  describe(): FileReport {
    const { file } = this;
    if (file === null) return this.report as FileReport;
    const reader = file.kind === 'datagrams' ? file.reader : null;
    return {
      file: this.name,
      format: file.format,
      compression: file.compression,
      date: file.date,
      first: this.first === null ? null : formatEpochNs(this.first.seconds, this.first.nanoseconds),
      counts: reader?.counts ?? null,
      skipped: { ...reader?.skipped },
      description: reader?.description ?? null,
    };
  }
}
