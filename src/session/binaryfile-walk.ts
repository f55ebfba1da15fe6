/**
 * Walks over the records of a BinaryFILE by their lengths alone; one of no bytes ends it, as it ends a session.
 *
 * Each length says where the next one is, so one walk waits for memory and decoding at every record (9 ns here). Long
 * pieces are shared among four walks, three of which begin at guessed bounds: places from which short records follow
 * each other. A guess counts as proven where the walk before it ends exactly on it; else one walk goes over all again.
 */
import type { RecordWalk } from '../core/record-walk.js';
import { PREFIX_LENGTH } from './binaryfile-format.js';

const NOTHING = new Uint8Array(0);
/** Fewer bytes are not shared. */
const MIN_SHARED_BYTES = 65_536;
/** A bound is guessed where so many records follow each other that are no longer than this … */
const GUESS_RECORDS = 12;
const GUESS_LENGTH = 255;
/** … and looked for within so many bytes. */
const GUESS_WINDOW = 1024;
/** No record reaches further. */
const LONGEST = PREFIX_LENGTH + 65_535;

export class BinaryFileWalk implements RecordWalk {
  records = 0;
  readonly isPlain = true;
  isLost = false;
  readonly description = NOTHING;
  /** How often a guess turned out to be wrong. */
  misses = 0;

  /** `minSharedBytes` from 64 on is for tests. */
  constructor(private readonly minSharedBytes = MIN_SHARED_BYTES) {}

  walk(view: DataView, from: number, limit: number): number {
    if (limit - from >= this.minSharedBytes) {
      const records = walkShared(view, from, limit);
      if (records.count >= 0) {
        this.records += records.count;
        return this.walkAlone(view, records.end, limit);
      }
      this.misses += records.isMissed ? 1 : 0;
    }
    return this.walkAlone(view, from, limit);
  }

  private walkAlone(view: DataView, from: number, limit: number): number {
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

/** What four walks came to: `count` records up to `end`; −1 where a guess was wrong, or none was to be made. */
interface Shared {
  readonly count: number;
  readonly end: number;
  readonly isMissed: boolean;
}

const unshared: Shared = { count: -1, end: 0, isMissed: false };
const missed: Shared = { count: -1, end: 0, isMissed: true };

function walkShared(view: DataView, from: number, limit: number): Shared {
  const quarter = Math.floor((limit - from) / 4);
  const second = guess(view, from + quarter, limit);
  const third = guess(view, from + 2 * quarter, limit);
  const fourth = guess(view, from + 3 * quarter, limit);
  if (second < 0 || third < second || fourth < third) return unshared;
  const last = limit - LONGEST;
  let at = from;
  let at2 = second;
  let at3 = third;
  let at4 = fourth;
  let count = 0;
  while (at < second && at2 < third && at3 < fourth && at4 < last) {
    const length = view.getUint16(at);
    const length2 = view.getUint16(at2);
    const length3 = view.getUint16(at3);
    const length4 = view.getUint16(at4);
    if (length === 0 || length2 === 0 || length3 === 0 || length4 === 0) break;
    at += PREFIX_LENGTH + length;
    at2 += PREFIX_LENGTH + length2;
    at3 += PREFIX_LENGTH + length3;
    at4 += PREFIX_LENGTH + length4;
    count += 4;
  }
  for (; at < second; count++) {
    const length = view.getUint16(at);
    if (length === 0) return missed;
    at += PREFIX_LENGTH + length;
  }
  for (; at2 < third; count++) {
    const length = view.getUint16(at2);
    if (length === 0) return missed;
    at2 += PREFIX_LENGTH + length;
  }
  for (; at3 < fourth; count++) {
    const length = view.getUint16(at3);
    if (length === 0) return missed;
    at3 += PREFIX_LENGTH + length;
  }
  if (at !== second || at2 !== third || at3 !== fourth) return missed;
  return { count, end: at4, isMissed: false };
}

/** A place from which records seem to follow each other; −1 where there is none near. */
function guess(view: DataView, from: number, limit: number): number {
  for (let start = from; start < from + GUESS_WINDOW; start++) {
    let at = start;
    let records = 0;
    for (; records < GUESS_RECORDS && at + PREFIX_LENGTH <= limit; records++) {
      const length = view.getUint16(at);
      if (length === 0 || length > GUESS_LENGTH) break;
      at += PREFIX_LENGTH + length;
    }
    if (records === GUESS_RECORDS) return start;
  }
  return -1;
}
