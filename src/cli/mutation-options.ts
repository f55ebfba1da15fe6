/** Options of mutations that several commands share. */
import { UsageError } from '../core/errors.js';

export const defaultMutationSeed = 1;

/** Reads `10-20,31` into a test of 1-based numbers; throws UsageError. */
export function parsePlaces(text: string): (place: number) => boolean {
  const ranges = text.split(',').map((part) => {
    const [, from, to = from] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    if (from === undefined || Number(from) < 1 || Number(to) < Number(from)) {
      throw new UsageError('packets', `'${part}' is no packet or range of packets, as in 10-20,31`);
    }
    return [Number(from), Number(to)] as const;
  });
  return (place) => ranges.some(([from, to]) => place >= from && place <= to);
}
