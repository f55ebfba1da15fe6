/** Readers of messages that lie one behind the other. */
import type { BlockReader, RecordReader } from '../core/seams.js';

export function isBlockReader(reader: RecordReader): reader is BlockReader {
  return 'nextBlocks' in reader;
}
