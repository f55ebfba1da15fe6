/** The facts of ITCH 5.0 that filters read, taken from its table. */
import { itch50 } from '../protocol/itch50/index.js';
import type { MessageLandmarks } from '../replay/filter.js';

export const itch50Landmarks: MessageLandmarks = {
  lengthOf: itch50.lengthOf,
  symbolOffsets: symbolOffsets(),
  locateOffset: 1,
};

function symbolOffsets(): Int16Array {
  const offsets = new Int16Array(256).fill(-1);
  for (const message of itch50.messages) {
    for (const field of message.fields) if (field.name === 'stock') offsets[message.typeCode] = field.offset;
  }
  return offsets;
}
