/** NASDAQ TotalView-ITCH 5.0: its table, and everything that follows from it. */
import { createCodec } from '../../schema/codec.js';
import { itch50Table } from './table.js';

export { type Itch50Table, itch50Table } from './table.js';

/** Readers and writers of ITCH 5.0 messages. */
export const itch50 = createCodec(itch50Table);
