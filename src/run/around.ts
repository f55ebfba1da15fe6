/** The messages around a divergence: the capture is read once more, up to there. */
import type { Input } from '../analysis/input.js';
import { type ComparedMessage, summaryText } from '../compare/message.js';
import { CaptureMessages, type CaptureMessagesOptions } from './message-source.js';

const reach = 3;

/** The `ordinal`th message (from 0) and those up to three before and behind it, of those that `isCounted`. */
export async function messagesAround(
  input: Input,
  ordinal: number,
  options: CaptureMessagesOptions = {},
  isCounted: (message: ComparedMessage) => boolean = () => true,
): Promise<{ distance: number; text: string }[]> {
  const found: { distance: number; text: string }[] = [];
  const source = await CaptureMessages.open(input, options);
  let at = 0;
  try {
    for (let batch = await source.next(); batch !== null; batch = await source.next()) {
      for (const message of batch) {
        if (!isCounted(message)) continue;
        const distance = at++ - ordinal;
        if (distance >= -reach) found.push({ distance, text: summaryText(message) });
        if (distance === reach) return found;
      }
    }
    return found;
  } finally {
    await source.close();
  }
}
