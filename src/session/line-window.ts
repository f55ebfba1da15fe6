/**
 * Which line brought each of the last numbers first, and when: a ring of numbers, one slot each.
 *
 * It holds a second of numbers (`LINE_WINDOW_NS`), and `maxNumbers` at most: it begins small and doubles where the slot
 * of a number that a line may still bring is needed for another. A number that leaps ahead by more than `MAX_LEAP` is
 * only followed when the one behind it comes, since it may be a wrong one.
 */

/** The most lines of one feed that are told apart. */
export const MAX_LINES = 8;
/** A copy that comes so much later than its number was known of is late. */
export const LINE_WINDOW_NS = 1_000_000_000;
/** Numbers that may be jumped over at once. */
const MAX_LEAP = 4096;
const FIRST_NUMBERS = 512;
/** From so many on, filling an array is faster than going over it. */
const MANY_NUMBERS = 8;
const NO_NUMBER = -1;

/** What a line's first copy of a number is: the first of any line, … */
export const FIRST = 0;
/** … the second, so that it shows by how much the first one won, … */
export const SECOND = 1;
/** … a later one, … */
export const FURTHER = 2;
/** … or one that has left the window, so that nothing is known of others. */
export const BEYOND = 3;
export type Arrival = typeof FIRST | typeof SECOND | typeof FURTHER | typeof BEYOND;

export class LineWindow {
  /** What `take` found beside what it returned: more than `LINE_WINDOW_NS` since the number was known of. */
  isLate = false;
  /** Of a second copy: the line whose copy bears the earlier stamp, and by how much. */
  winner = 0;
  loser = 0;
  leadNs = 0;
  /** Whether that is the line whose copy came second, so that the first one has won nothing. */
  isOvertaken = false;
  private highest = NO_NUMBER;
  private leapTo = NO_NUMBER;
  /** The highest number whose slot was given to another one. */
  private evicted = NO_NUMBER;
  private size: number;
  private readonly maxSize: number;
  private numbers: Float64Array;
  /** When each number came, or a later one showed that it exists. */
  private knownNs: Float64Array;
  private first: Uint8Array;
  /** Lines that brought it, a bit each … */
  private lines: Uint8Array;
  /** … and those that brought a packet which begins with it. */
  private packets: Uint8Array;

  /** `maxNumbers` is a power of two, so that `&` finds a number's slot: it takes all numbers modulo 2^32. */
  constructor(maxNumbers: number) {
    this.maxSize = maxNumbers;
    this.size = Math.min(FIRST_NUMBERS, maxNumbers);
    this.numbers = new Float64Array(this.size).fill(NO_NUMBER);
    this.knownNs = new Float64Array(this.size);
    this.first = new Uint8Array(this.size);
    this.lines = new Uint8Array(this.size);
    this.packets = new Uint8Array(this.size);
  }

  /** Notes a line's first copy of a number; `allLines` has the bits of the lines there are. */
  take(number: number, line: number, ns: number, allLines: number): Arrival {
    this.isLate = false;
    if (number > this.highest) {
      if (!this.reach(number, ns, allLines)) return BEYOND;
    } else if (number <= this.evicted || number <= this.highest - this.size) return BEYOND;
    const slot = number & (this.size - 1);
    if (this.numbers[slot] !== number) this.open(slot, number, ns);
    const bit = 1 << line;
    const before = this.lines[slot] as number;
    this.lines[slot] = before | bit;
    const sinceNs = ns - (this.knownNs[slot] as number);
    this.isLate = sinceNs > LINE_WINDOW_NS;
    if (before === 0) {
      this.first[slot] = line;
      this.knownNs[slot] = ns;
      return FIRST;
    }
    if ((before & (before - 1)) !== 0) return FURTHER;
    this.isOvertaken = sinceNs < 0;
    this.loser = this.isOvertaken ? (this.first[slot] as number) : line;
    this.winner = this.isOvertaken ? line : (this.first[slot] as number);
    this.leadNs = Math.abs(sinceNs);
    return SECOND;
  }

  /** Notes copies of the numbers right behind the highest, as `take` does one by one; false where these are others. */
  takeNext(from: number, count: number, line: number, ns: number, allLines: number): boolean {
    if (from !== this.highest + 1) return false;
    const bit = 1 << line;
    if (count >= MANY_NUMBERS && count <= this.size && this.size === this.maxSize) {
      this.takeMany(from, count, line, ns);
      return true;
    }
    for (let number = from; number < from + count; number++) {
      let slot = number & (this.size - 1);
      while (this.size < this.maxSize && this.isNeeded(slot, ns, allLines)) {
        this.grow();
        slot = number & (this.size - 1);
      }
      this.evicted = Math.max(this.evicted, this.numbers[slot] as number);
      this.open(slot, number, ns);
      this.first[slot] = line;
      this.lines[slot] = bit;
    }
    this.highest = from + count - 1;
    this.isLate = false;
    return true;
  }

  /** The same of many numbers, where the window does not grow any more: array by array. */
  private takeMany(from: number, count: number, line: number, ns: number): void {
    const { numbers, size } = this;
    const start = from & (size - 1);
    let { evicted } = this;
    for (let index = 0; index < count; index++) {
      const slot = (start + index) & (size - 1);
      const before = numbers[slot] as number;
      if (before > evicted) evicted = before;
      numbers[slot] = from + index;
    }
    this.evicted = evicted;
    const end = Math.min(start + count, size);
    this.fill(start, end, line, ns);
    this.fill(0, start + count - end, line, ns);
    this.highest = from + count - 1;
    this.isLate = false;
  }

  private fill(start: number, end: number, line: number, ns: number): void {
    this.knownNs.fill(ns, start, end);
    this.first.fill(line, start, end);
    this.lines.fill(1 << line, start, end);
    this.packets.fill(0, start, end);
  }

  /** Notes a packet that begins with a number just taken; the lines that had brought it before, −1: not known. */
  takePacket(number: number, line: number): number {
    const slot = number & (this.size - 1);
    if (this.numbers[slot] !== number) return -1;
    const before = this.packets[slot] as number;
    this.packets[slot] = before | (1 << line);
    return before;
  }

  /** Says that all numbers before `next` exist. */
  expect(next: number, ns: number, allLines: number): void {
    if (this.highest !== NO_NUMBER && next - 1 > this.highest && next - 1 - this.highest <= MAX_LEAP) {
      this.reach(next - 1, ns, allLines);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.highest = NO_NUMBER;
    this.leapTo = NO_NUMBER;
    this.evicted = NO_NUMBER;
    this.numbers.fill(NO_NUMBER);
  }

  /** Moves on to a number; false where it leaps too far to be trusted yet. */
  private reach(number: number, ns: number, allLines: number): boolean {
    if (this.highest === NO_NUMBER) this.highest = number - 1;
    const leap = number - this.highest - 1;
    if (leap > MAX_LEAP) {
      const isConfirmed = number === this.leapTo;
      this.leapTo = number + 1;
      if (!isConfirmed) return false;
      if (leap > this.maxSize) {
        this.highest = number - 1;
        this.evicted = this.highest;
      }
    }
    for (let next = this.highest + 1; next <= number; next++) {
      while (this.size < this.maxSize && this.isNeeded(next & (this.size - 1), ns, allLines)) this.grow();
      const slot = next & (this.size - 1);
      this.evicted = Math.max(this.evicted, this.numbers[slot] as number);
      this.open(slot, next, ns);
      this.highest = next;
    }
    return true;
  }

  private open(slot: number, number: number, ns: number): void {
    this.numbers[slot] = number;
    this.knownNs[slot] = ns;
    this.lines[slot] = 0;
    this.packets[slot] = 0;
  }

  /** Whether a line may still bring the number of a slot: a line that is not there yet may, too. */
  private isNeeded(slot: number, ns: number, allLines: number): boolean {
    if (this.numbers[slot] === NO_NUMBER || ns - (this.knownNs[slot] as number) > LINE_WINDOW_NS) return false;
    return this.lines[slot] !== allLines || (allLines & (allLines - 1)) === 0;
  }

  private grow(): void {
    const { size, numbers, knownNs, first, lines, packets } = this;
    const larger = size * 2;
    this.size = larger;
    this.numbers = new Float64Array(larger).fill(NO_NUMBER);
    this.knownNs = new Float64Array(larger);
    this.first = new Uint8Array(larger);
    this.lines = new Uint8Array(larger);
    this.packets = new Uint8Array(larger);
    for (let from = 0; from < size; from++) {
      const number = numbers[from] as number;
      if (number === NO_NUMBER) continue;
      const to = number & (larger - 1);
      this.numbers[to] = number;
      this.knownNs[to] = knownNs[from] as number;
      this.first[to] = first[from] as number;
      this.lines[to] = lines[from] as number;
      this.packets[to] = packets[from] as number;
    }
  }
}
