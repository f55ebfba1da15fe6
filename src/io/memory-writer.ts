/** Shared memory that grows where a `FileWriter` writes to a file: for records that another thread puts into one. */
import type { SharedBytes } from '../core/seams.js';
import type { RecordFile } from './file-writer.js';

const firstBytes = 1 << 20;

export class MemoryWriter implements RecordFile {
  view: DataView<SharedArrayBuffer>;
  bytes = 0;

  /** Begins in `spare`, whose bytes are lost. */
  constructor(spare: SharedBytes = sharedBytes(firstBytes)) {
    this.view = new DataView(spare.buffer);
  }

  reserve(length: number): number {
    const needed = this.bytes + length;
    if (needed > this.view.byteLength) {
      const larger = sharedBytes(Math.max(needed, 2 * this.view.byteLength));
      larger.set(this.taken());
      this.view = new DataView(larger.buffer);
    }
    return this.bytes;
  }

  commit(length: number): void {
    this.bytes += length;
  }

  write(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    new Uint8Array(this.view.buffer).set(bytes, at);
    this.commit(bytes.length);
  }

  /** What was written, in the memory itself. */
  taken(): SharedBytes {
    return new Uint8Array(this.view.buffer, 0, this.bytes);
  }

  close(): void {}
}

/** So many bytes, all 0, that other threads can have too. */
export function sharedBytes(length: number): SharedBytes {
  return new Uint8Array(new SharedArrayBuffer(length));
}
