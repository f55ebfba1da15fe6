/**
 * Counts messages by type, several cursors at a time.
 *
 * Cursors begin at guessed boundaries: places where some whole messages of known types follow each other. A guess
 * counts as proven only where the cursor before it, itself proven, ends exactly on it. Where one does not, nothing is
 * kept: that part is counted again by a single cursor. So bytes that look like messages inside of others cost time and
 * change nothing.
 */
import { UsageError } from '../core/errors.js';
import { type Engine, isCompiled } from './compile.js';
import {
  COUNTS_STRIDE,
  type CountedFields,
  type CountLists,
  type CountLoops,
  CURSORS,
  clearTimes,
  countSource,
  interpretCount,
  UNWANTED_SLOT,
} from './count-source.js';
import { layoutsOf, SLOT_BITS } from './partition-source.js';
import type { Protocol } from './table.js';

/** What is shared among the cursors at a time: at least and at most so many bytes. */
const MIN_SHARED_BYTES = 16_384;
const MAX_SHARED_BYTES = 1_048_576;
/** A boundary is guessed where so many whole messages of known types follow each other … */
const GUESS_MESSAGES = 4;
/** … and looked for within so many bytes. */
const GUESS_WINDOW = 4096;
const PREFIX = 2;
/** The least bytes that can be read as a length and a type at once. */
const HEAD = 4;
/** Offsets, and those that the longest message leads on to, fit an integer register up to here. */
const MAX_OFFSET = 0x7ffd0000;

let counters = 0;

/** How a counter is built. */
export interface BlockCounterOptions {
  readonly engine?: Engine;
  /** How many bytes are shared among the cursors at least; from 64 on. */
  readonly minSharedBytes?: number;
  /** Whether the least and the greatest time stamp are found too. */
  readonly timestamps?: boolean;
  /**
   * Counts by type, and looks at time stamps, of those messages alone that have one of these values in a u16 field
   * which is at one place in all messages, such as `stockLocate`.
   */
  readonly only?: { readonly field: string; readonly values: readonly number[] };
}

/** Counts of messages that each follow their 2-byte big-endian length. */
export class BlockCounter {
  /** Messages counted, of known types and unknown. */
  messages = 0;
  /** Those of unknown type, or of a length that is not their type's. */
  unknown = 0;
  /** Those of known types that `only` leaves out. */
  leftOut = 0;
  /** The least and the greatest time stamp, ns since midnight; NaN where none was asked for or none came. */
  firstTimestamp = Number.NaN;
  lastTimestamp = Number.NaN;
  /** How often a guessed boundary turned out to be none. */
  misses = 0;
  private readonly table: Protocol;
  private readonly totals: Float64Array;
  private readonly lists: CountLists;
  private readonly loops: CountLoops;
  private readonly minSharedBytes: number;

  constructor(table: Protocol, options: BlockCounterOptions = {}) {
    const { engine = 'auto', minSharedBytes = MIN_SHARED_BYTES, timestamps = false, only } = options;
    const fields: CountedFields = {
      timestampAt: timestamps ? placeOf(table, table.timestamp, 'u48') : null,
      wantedAt: only === undefined ? null : placeOf(table, only.field, 'u16'),
    };
    this.table = table;
    this.minSharedBytes = Math.max(64, minSharedBytes);
    this.totals = new Float64Array(table.messages.length + 1);
    this.lists = {
      counts: new Int32Array(CURSORS * COUNTS_STRIDE),
      layouts: layoutsOf(table),
      places: new Int32Array(CURSORS),
      times: new Float64Array(2),
      wanted: new Uint8Array(0x10000),
    };
    for (const value of only?.values ?? []) this.lists.wanted[value] = 1;
    clearTimes(this.lists.times);
    this.loops = isCompiled(engine)
      ? (new Function('lists', countSource(table, counters++, fields))(this.lists) as CountLoops)
      : interpretCount(this.lists, fields);
  }

  /** How many messages of each type were counted, by type character; those that were none left out. */
  get byType(): Record<string, number> {
    const counted = this.table.messages.map(({ type }, index) => [type, this.totals[index + 1] as number] as const);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }

  /**
   * Counts the messages from `offset` up to `end`. Returns the offset of the first byte not counted: `end`, or that of
   * a message which `end` cuts short.
   */
  count(view: DataView, offset: number, end: number): number {
    if (end > MAX_OFFSET) return this.countFar(view, offset, end);
    let at = offset;
    while (end - at >= this.minSharedBytes) {
      const stop = Math.min(at + MAX_SHARED_BYTES, end);
      const next = this.guess(view, at, stop, end)
        ? this.countShared(view, stop, end)
        : this.countAlone(view, at, stop, end);
      if (next === at) return at;
      at = next;
    }
    return this.countLast(view, this.countAlone(view, at, end, end), end);
  }

  /**
   * The first place from `from` on where messages seem to begin, whole and of known types; −1 where none does within
   * some thousand bytes. It is a guess: what proves it is a walk, from where a message is known to begin, which meets
   * it.
   */
  boundaryFrom(view: DataView, from: number, end: number): number {
    return this.findBoundary(view, from, end, end);
  }

  /** Guesses where the cursors behind the first begin; false where one finds no place. */
  private guess(view: DataView, offset: number, stop: number, end: number): boolean {
    const { places } = this.lists;
    places[0] = offset;
    for (let cursor = 1; cursor < CURSORS; cursor++) {
      const wanted = offset + Math.floor(((stop - offset) * cursor) / CURSORS);
      const place = this.findBoundary(view, Math.max(wanted, (places[cursor - 1] as number) + 1), stop, end);
      if (place < 0) return false;
      places[cursor] = place;
    }
    return true;
  }

  /** The first place from `from` on that looks like a boundary; −1 where none does. */
  private findBoundary(view: DataView, from: number, stop: number, end: number): number {
    const last = Math.min(from + GUESS_WINDOW, stop - HEAD);
    for (let at = from; at <= last; at++) {
      if (this.looksLikeMessages(view, at, end)) return at;
    }
    return -1;
  }

  private looksLikeMessages(view: DataView, offset: number, end: number): boolean {
    let at = offset;
    for (let count = 0; count < GUESS_MESSAGES; count++) {
      if (at > end - HEAD) return false;
      const length = view.getUint16(at);
      if ((this.lists.layouts[view.getUint8(at + PREFIX)] as number) >>> SLOT_BITS !== length) return false;
      at += PREFIX + length;
    }
    return at <= end;
  }

  /** Counts from the guessed places to `stop`; returns where what is proven ends. */
  private countShared(view: DataView, stop: number, end: number): number {
    const { places } = this.lists;
    const starts = places.slice();
    this.loops.interleaved(view, Math.min(stop - 1, end - HEAD), end);
    let proven = 1;
    while (proven < CURSORS && places[proven - 1] === starts[proven]) proven++;
    if (proven === CURSORS) {
      this.keep(CURSORS);
      return places[CURSORS - 1] as number;
    }
    this.misses++;
    this.forget();
    return this.countAlone(view, starts[0] as number, stop, end);
  }

  private countAlone(view: DataView, offset: number, stop: number, end: number): number {
    const behind = this.loops.serial(view, offset, Math.min(stop - 1, end - HEAD), end, 0);
    this.keep(1);
    return behind;
  }

  /** The last bytes, which may be less than a head. */
  private countLast(view: DataView, offset: number, end: number): number {
    const { counts, layouts } = this.lists;
    let at = offset;
    while (end - at >= PREFIX) {
      const length = view.getUint16(at);
      if (length > end - at - PREFIX) break;
      const layout = length === 0 ? -1 : (layouts[view.getUint8(at + PREFIX)] as number);
      const slot = layout >>> SLOT_BITS === length ? layout & ((1 << SLOT_BITS) - 1) : 0;
      counts[slot] = (counts[slot] as number) + 1;
      at += PREFIX + length;
    }
    this.keep(1);
    return at;
  }

  /** Adds up what the first `cursors` have counted, which are all that did. */
  private keep(cursors: number): void {
    const { times } = this.lists;
    for (let slot = 0; slot < this.totals.length; slot++) {
      const sum = this.sumOf(slot, cursors);
      this.totals[slot] = (this.totals[slot] as number) + sum;
      this.messages += sum;
      if (slot === 0) this.unknown += sum;
    }
    const leftOut = this.sumOf(UNWANTED_SLOT, cursors);
    this.leftOut += leftOut;
    this.messages += leftOut;
    const [least, most] = times;
    // Comparisons with NaN are false: the first is taken.
    if (least !== Number.POSITIVE_INFINITY && !(least >= this.firstTimestamp)) this.firstTimestamp = least;
    if (most !== Number.NEGATIVE_INFINITY && !(most <= this.lastTimestamp)) this.lastTimestamp = most;
    this.forget();
  }

  private forget(): void {
    this.lists.counts.fill(0);
    clearTimes(this.lists.times);
  }

  private sumOf(slot: number, cursors: number): number {
    const { counts } = this.lists;
    let sum = 0;
    for (let cursor = 0; cursor < cursors; cursor++) sum += counts[slot + cursor * COUNTS_STRIDE] as number;
    return sum;
  }

  /** Beyond 2 GiB: a part at a time, each through a view of its own. */
  private countFar(view: DataView, offset: number, end: number): number {
    for (let at = offset; ; ) {
      const near = new DataView(view.buffer, view.byteOffset + at, Math.min(end - at, 1 << 30));
      const counted = this.count(near, 0, near.byteLength);
      at += counted;
      if (counted === 0 || at === end) return at;
    }
  }
}

/** Where a field is that all messages have at one place; UsageError where they do not. */
function placeOf(table: Protocol, name: string, kind: string): number {
  const fields = table.messages.map((message) => message.fields.find((field) => field.name === name));
  const offset = fields[0]?.offset;
  if (offset !== undefined && fields.every((field) => field?.offset === offset && field.kind === kind)) return offset;
  throw new UsageError('counted-field', `${table.id}: "${name}" is no ${kind} at one place in all messages`);
}
