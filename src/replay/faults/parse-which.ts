/** Which packets a fault is for, as written: `0.1%`, `every 1000`, `seq 1000-1010`, `burst 5 0.1%` … */
import { parseShare } from '../../core/share.js';
import type { Which } from './fault.js';
import { problem, type Words } from './words.js';

export const whichForms =
  '0.1% (or 0.001), every 1000, seq 1000-1010, packets 1-5, burst 5 0.1%, gemodel 1% 20% or all';

/** Words that may follow, and so end what came before. */
const windowWords = ['from', 'until'];

/** Reads it; all packets where nothing is said and `isOptional`. */
export function parseWhich(words: Words, isOptional: boolean): Which {
  const { next } = words;
  if (next === undefined || windowWords.includes(next)) {
    if (isOptional) return { kind: 'all' };
    throw problem(`does not say which packets: add ${whichForms}`);
  }
  if (words.takeIf('all')) return { kind: 'all' };
  if (words.takeIf('every')) return { kind: 'every', every: words.count('a number of packets such as 1000') };
  if (words.takeIf('seq')) return { kind: 'seq', ranges: words.ranges('numbers such as 1000-1010') };
  if (words.takeIf('packets')) return { kind: 'packets', ranges: words.ranges('places such as 1-5') };
  if (words.takeIf('burst')) return parseBurst(words);
  if (words.takeIf('gemodel')) return parseChain(words);
  if (/^\d+$/.test(next)) throw problem(`'${next}' of what? Write ${next}%, every ${next} or packets ${next}`);
  if (/^[\d.]/.test(next)) return { kind: 'share', share: words.share() };
  throw problem(`'${next}' does not say which packets: write ${whichForms}`);
}

/** Bursts of so many packets on average, which make so much of all. */
function parseBurst(words: Words): Which {
  const length = words.number('a mean length in packets such as 5');
  const share = words.share();
  if (length < 1) throw problem(`a burst is of 1 packet at least, not of ${length}`);
  const toGood = 1 / length;
  const toBad = share === 1 ? 1 : (toGood * share) / (1 - share);
  if (toBad > 1) throw problem(`bursts of ${length} cannot make up ${share * 100}% of all: ask for longer ones`);
  return { kind: 'chain', toBad, toGood: share === 1 ? 0 : toGood, inBad: 1, inGood: 0 };
}

/** `P [R [1-H [1-K]]]`, with the defaults that `tc netem` has for what is left out. */
function parseChain(words: Words): Which {
  const given: number[] = [];
  while (given.length < 4 && words.next !== undefined && parseShare(words.next) !== null) given.push(words.share());
  const [toBad = words.share(), toGood = 1 - toBad, inBad = 1, inGood = 0] = given;
  return { kind: 'chain', toBad, toGood, inBad, inGood };
}
