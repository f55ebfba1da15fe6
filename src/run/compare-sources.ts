/** Draws two sources through a comparison, each as its turn comes. */
import type { Comparison } from '../compare/comparison.js';
import type { MessageSource } from './message-source.js';

/** Runs to the end of both, or until stopped; the sources are closed in any case. Rejects with what a source does. */
export async function compareSources(
  comparison: Comparison,
  left: MessageSource,
  right: MessageSource,
  onProgress: (messages: number) => void = () => {},
  isStopped: () => boolean = () => false,
): Promise<void> {
  try {
    for (let side = comparison.needs; side !== null; side = comparison.needs) {
      const messages = isStopped() ? null : await (side === 'left' ? left : right).next();
      if (messages === null) comparison.end(side);
      else comparison.push(side, messages);
      onProgress(comparison.counts.left);
    }
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
}
