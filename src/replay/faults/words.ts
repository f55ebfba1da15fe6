/** The words of one fault, taken one after the other, and the values that they stand for. */
import { UsageError } from '../../core/errors.js';
import { parseShare } from '../../core/share.js';
import { parseDuration } from '../../core/time.js';
import { maxDelayNs, type NumberRange, type Span } from './fault.js';

const shareForms = 'a part such as 0.1% or 0.001';
const maxRanges = 1000;

/** Every method that takes a word throws UsageError, which quotes it, where it is not what is wanted. */
export class Words {
  private readonly words: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.words = text.match(/"[^"]*"|\S+/g) ?? [];
  }

  /** The next word; undefined behind the last. */
  get next(): string | undefined {
    return this.words[this.at];
  }

  take(wanted: string): string {
    const word = this.next;
    if (word === undefined) throw problem(`ends where ${wanted} is wanted`);
    this.at++;
    return word;
  }

  /** Takes the next word if it is this one. */
  takeIf(word: string): boolean {
    if (this.next !== word) return false;
    this.at++;
    return true;
  }

  /** A time such as `100us`, an hour at most. */
  duration(wanted = 'a time such as 100us'): number {
    return delayOf(this.take(wanted));
  }

  /** Any time since the start, such as `10s`. */
  moment(): number {
    return parseDuration(this.take('a time since the start such as 10s'));
  }

  /** A time, or the least and the most of one, such as `20us-80us`. */
  durations(): Span {
    const word = this.take('a time such as 100us or 20us-80us');
    const [least = '', most = least, ...others] = word.split('-');
    if (others.length > 0) throw problem(`'${word}' is no time: write such as 100us, or 20us-80us`);
    return ordered(word, delayOf(least), delayOf(most));
  }

  /** A whole number from `least` on. */
  count(wanted: string, least = 1, most = Number.MAX_SAFE_INTEGER): number {
    return countOf(this.take(wanted), wanted, least, most);
  }

  /** A whole number, or the least and the most of one, such as `1-4`. */
  counts(wanted: string, from: number, most: number): Span {
    const word = this.take(wanted);
    const [low = '', high = low, ...others] = word.split('-');
    if (others.length > 0) throw problem(`'${word}' is not ${wanted}`);
    return ordered(word, countOf(low, wanted, from, most), countOf(high, wanted, from, most));
  }

  /** A part of all, 0 to 1. */
  share(): number {
    const word = this.take(shareForms);
    const share = parseShare(word);
    if (share === null) throw problem(`'${word}' is no share: write ${shareForms}`);
    return share;
  }

  /** A decimal above 0. */
  number(wanted: string): number {
    const word = this.take(wanted);
    const value = /^\d+(\.\d+)?$/.test(word) ? Number(word) : 0;
    if (!(value > 0 && value <= 1e6)) throw problem(`'${word}' is not ${wanted}`);
    return value;
  }

  /** Ranges such as `1000-1010,2000,5000-`, in ascending order. */
  ranges(wanted: string): NumberRange[] {
    const word = this.take(wanted);
    const ranges = word.split(',').map((part) => {
      const match = /^(\d{1,16})(?:(-)(\d{1,16})?)?$/.exec(part);
      if (match === null) throw problem(`'${part}' is no range: write such as 1000-1010, 2000 or 5000- (to the end)`);
      const from = Number(match[1]);
      const to = match[2] === undefined ? from : match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
      if (from < 1 || to < from) throw problem(`'${part}' is empty: numbers begin with 1, and the lower comes first`);
      return { from, to };
    });
    if (ranges.length > maxRanges) throw problem(`${ranges.length} ranges are over the ${maxRanges} of one fault`);
    return ranges.sort((one, other) => one.from - other.from);
  }

  /** A name of a file, in quotes where it has blanks. */
  path(): string {
    const path = this.take('a file').replace(/^"(.*)"$/, '$1');
    if (path === '' || path === '"') throw problem('names no file');
    return path;
  }
}

/** What is wrong with a fault; whoever knows where it was written says so. */
export function problem(text: string): UsageError {
  return new UsageError('fault', text);
}

function delayOf(word: string): number {
  const ns = parseDuration(word);
  if (ns > maxDelayNs) throw problem(`'${word}' is longer than an hour, the longest delay`);
  return ns;
}

function countOf(word: string, wanted: string, least: number, most: number): number {
  const value = /^\d{1,16}$/.test(word) ? Number(word) : -1;
  if (value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `${least} to ${most}`;
  throw problem(`'${word}' is not ${wanted}${value < 0 ? '' : ` (${range})`}`);
}

function ordered(word: string, least: number, most: number): Span {
  if (most < least) throw problem(`'${word}' ends below its beginning: write the lower one first`);
  return { least, most };
}
