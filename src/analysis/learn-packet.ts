/** What a symbol filter learns from a MoldUDP64 packet that does not take part itself. */
import type { MessageFilter } from '../replay/filter.js';
import {
  BLOCK_LENGTH_SIZE,
  countWholeBlocks,
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  readMessageCount,
} from '../session/moldudp64.js';

/** Shows the filter every whole message of the packet; nothing is counted. */
export function learnPacket(
  filter: MessageFilter,
  view: DataView,
  offset: number,
  length: number,
  streamKey: number,
): void {
  if (length < HEADER_LENGTH) return;
  const count = readMessageCount(view, offset);
  if (count === END_OF_SESSION_COUNT) return;
  let position = offset + HEADER_LENGTH;
  for (let left = countWholeBlocks(view, position, offset + length, count); left > 0; left--) {
    const messageLength = view.getUint16(position);
    filter.learn(view, position + BLOCK_LENGTH_SIZE, messageLength, streamKey);
    position += BLOCK_LENGTH_SIZE + messageLength;
  }
}
