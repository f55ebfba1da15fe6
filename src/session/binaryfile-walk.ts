/** Walks over the records of a BinaryFILE by their lengths alone; one of no bytes ends it, as it ends a session. */
import type { RecordWalk } from '../core/record-walk.js';
import { PREFIX_LENGTH } from './binaryfile-format.js';

const NOTHING = new Uint8Array(0);

export class BinaryFileWalk implements RecordWalk {
  records = 0;
  readonly isPlain = true;
  isLost = false;
  readonly description = NOTHING;

  walk(view: DataView, from: number, limit: number): number {
    let at = from;
    let records = 0;
    while (at + PREFIX_LENGTH <= limit) {
      const length = view.getUint16(at);
      this.isLost = length === 0;
      if (this.isLost || at + PREFIX_LENGTH + length > limit) break;
      at += PREFIX_LENGTH + length;
      records++;
    }
    this.records += records;
    return at;
  }
}
