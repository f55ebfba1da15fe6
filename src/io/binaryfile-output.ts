/** Writes a NASDAQ BinaryFILE: a 2-byte big-endian length before each message; a length of 0 ends the session. */
import { copyBytes } from '../core/copy.js';
import type { RecordFile } from './file-writer.js';
import type { CountingOutput, FramedPart, OutputCounts } from './message-output.js';

const prefixLength = 2;
const maxMessage = 65_535;

/** Stamps and numbers are not kept: the format has no place for them. */
export class BinaryFileOutput implements CountingOutput {
  private messages = 0;
  private tooLong = 0;
  private zeroLength = 0;
  private readonly file: RecordFile;

  constructor(file: RecordFile) {
    this.file = file;
  }

  get counts(): OutputCounts {
    const { messages, tooLong, zeroLength } = this;
    const { bytes } = this.file;
    return { messages, packets: 0, bytes, tooLong, zeroLength, clampedTimestamps: 0, connections: 0 };
  }

  /** A message of no bytes is left out: its length would end the session. */
  message(view: DataView, offset: number, length: number): void {
    if (length === 0) {
      this.zeroLength++;
      return;
    }
    if (length > maxMessage) {
      this.tooLong++;
      return;
    }
    const { file } = this;
    const at = file.reserve(prefixLength + length);
    file.view.setUint16(at, length);
    copyBytes(view, offset, file.view, at + prefixLength, length);
    file.commit(prefixLength + length);
    this.messages++;
  }

  canTakePart(): boolean {
    return true;
  }

  takePart({ bytes, tooLong, messages }: FramedPart): void {
    this.file.write(bytes);
    this.tooLong += tooLong;
    this.messages += messages?.written ?? 0;
    this.zeroLength += messages?.zeroLength ?? 0;
  }

  endOfSession(): void {
    const at = this.file.reserve(prefixLength);
    this.file.view.setUint16(at, 0);
    this.file.commit(prefixLength);
  }

  close(): void {
    this.file.close();
  }
}
