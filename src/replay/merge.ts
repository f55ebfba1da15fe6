/**
 * Several readers as one, in the order of their time stamps.
 *
 * One record of each reader is held; the earliest is handed out next, of equal ones that of the reader given first.
 * Within a reader the order stays as captured, whatever its stamps. A reader that begins late may sleep until then:
 * a run over many files holds open only those that overlap in time.
 *
 * Overlaid readers all begin at the first one's first stamp, or so long after it as they are told, whatever theirs are;
 * all that the second one and those behind it deliver has flows of its own.
 *
 * A TCP stream that goes on in another reader once its own has ended is the same flow there. In two readers at a time
 * it was captured twice, and mixed pieces would be nonsense: then each has a flow of its own.
 */
import type { CapturedFrame, DatagramReader, Flow, Join, RecordReader } from '../core/seams.js';

/** What is merged: a reader, or the stamp of its first record while it sleeps. */
export interface MergeCursor {
  readonly reader: RecordReader | null;
  readonly seconds?: number;
  readonly nanoseconds?: number;
}

type State = 'advance' | 'held' | 'asleep' | 'over';

/** In place of a slot's index. */
const none = -1;
const unknown = -2;

class Slot {
  state: State;
  reader: RecordReader | null;
  /** Of the record that it holds, shifted. */
  seconds: number;
  nanoseconds: number;
  /** What an overlay adds to stamps; nanoseconds from 0 on, below a second. */
  shiftSeconds = 0;
  shiftNanoseconds = 0;

  constructor({ reader, seconds, nanoseconds }: MergeCursor) {
    this.reader = reader;
    this.state = reader === null ? 'asleep' : 'advance';
    this.seconds = seconds ?? 0;
    this.nanoseconds = nanoseconds ?? 0;
  }
}

/** What readers of datagrams have beside the seam. */
interface Extras {
  flow?: Flow;
  join?: Join;
  truncated?: boolean;
  messageCount?: number;
  readonly frame?: CapturedFrame | null;
}

/**
 * Where `next()` returns false and `done` is false, `waiting` says whose turn it is: a reader that needs bytes (`push`
 * and `end` go to it), or one that sleeps and is to be given by `wake`.
 */
export class MergedReader implements DatagramReader {
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  /** Of a record of a file of messages: undefined. */
  flow!: Flow;
  join?: Join;
  truncated = false;
  messageCount = 0;
  /** Which reader the record at hand is of. */
  current = 0;
  /** Which reader `next()` waits for. */
  waiting = 0;
  private readonly slots: Slot[];
  /** Of all but the current one, the slot with the earliest record. */
  private rival = unknown;
  /** What each reader that has a flow of TCP calls it. */
  private readonly holders = new Map<Flow, (Flow | undefined)[]>();
  private readonly copyOf: (flow: Flow, reader: number) => Flow;
  /** Slots that are to be advanced before one can be chosen. */
  private readonly toAdvance: number[];
  private isUsedUp = false;
  private readonly offsetsNs: readonly number[] | null;
  private isAligned: boolean;

  /**
   * `copyOf` gives a reader a flow of its own for one that another has at the same time; without it they share.
   * `offsetsNs` overlays the readers: when each begins, ns after the first one; none may sleep then.
   */
  constructor(
    cursors: readonly MergeCursor[],
    copyOf = (flow: Flow, _reader: number): Flow => flow,
    offsetsNs: readonly number[] | null = null,
  ) {
    this.copyOf = copyOf;
    this.offsetsNs = offsetsNs;
    this.isAligned = offsetsNs === null;
    this.slots = cursors.map((cursor) => new Slot(cursor));
    this.toAdvance = this.slots.flatMap((slot, index) => (slot.state === 'advance' ? [index] : []));
  }

  get frame(): CapturedFrame | null {
    const reader: (RecordReader & Extras) | null | undefined = this.slots[this.current]?.reader;
    return reader?.frame ?? null;
  }

  /** Stamps of the records held, in the order of the readers; null for one that has none (left). */
  get held(): ({ seconds: number; nanoseconds: number } | null)[] {
    return this.slots.map(({ state, seconds, nanoseconds }) => (state === 'over' ? null : { seconds, nanoseconds }));
  }

  isOver(index: number): boolean {
    return this.slots[index]?.state === 'over';
  }

  isAsleep(index: number): boolean {
    return this.slots[index]?.state === 'asleep';
  }

  /** Gives the reader that slept. */
  wake(index: number, reader: RecordReader): void {
    const slot = this.slots[index];
    if (slot === undefined || slot.state !== 'asleep') return;
    slot.reader = reader;
    slot.state = 'advance';
    this.toAdvance.push(index);
    this.rival = unknown;
  }

  push(chunk: Uint8Array): void {
    this.slots[this.waiting]?.reader?.push(chunk);
  }

  end(): void {
    this.slots[this.waiting]?.reader?.end();
  }

  next(): boolean {
    const { toAdvance } = this;
    if (this.isUsedUp) {
      this.isUsedUp = false;
      toAdvance.push(this.current);
    }
    while (toAdvance.length > 0) {
      const index = toAdvance[toAdvance.length - 1] as number;
      if (!advance(this.slots[index] as Slot)) return this.waitFor(index);
      toAdvance.pop();
    }
    if (!this.isAligned) this.align();
    const index = this.choose();
    if (index === none) {
      this.done = true;
      return false;
    }
    const { reader } = this.slots[index] as Slot;
    if (reader === null) return this.waitFor(index);
    this.current = index;
    this.isUsedUp = true;
    this.take(reader, this.slots[index] as Slot);
    return true;
  }

  /** With the first record of each reader at hand: what is to be added to their stamps. */
  private align(): void {
    this.isAligned = true;
    const base = this.slots.find(({ state }) => state === 'held');
    if (base === undefined) return;
    const { seconds, nanoseconds } = base;
    for (const [index, slot] of this.slots.entries()) {
      if (slot.state !== 'held') continue;
      const offsetNs = this.offsetsNs?.[index] ?? 0;
      const shiftNs = nanoseconds - slot.nanoseconds + (offsetNs % 1e9);
      const carry = Math.floor(shiftNs / 1e9);
      slot.shiftSeconds = seconds - slot.seconds + Math.floor(offsetNs / 1e9) + carry;
      slot.shiftNanoseconds = shiftNs - carry * 1e9;
      shift(slot);
    }
  }

  private waitFor(index: number): false {
    this.waiting = index;
    return false;
  }

  /** The slot with the earliest record; mostly the one before, which is compared with its rival alone. */
  private choose(): number {
    const { slots, current, rival } = this;
    const isHeld = rival !== unknown && slots[current]?.state === 'held';
    if (isHeld && (rival === none || this.isBefore(current, rival))) return current;
    let first = none;
    let second = none;
    for (let index = 0; index < slots.length; index++) {
      if (slots[index]?.state === 'over') continue;
      if (first === none || this.isBefore(index, first)) {
        second = first;
        first = index;
      } else if (second === none || this.isBefore(index, second)) second = index;
    }
    this.rival = second;
    return first;
  }

  private isBefore(index: number, other: number): boolean {
    const a = this.slots[index] as Slot;
    const b = this.slots[other] as Slot;
    if (a.seconds !== b.seconds) return a.seconds < b.seconds;
    return a.nanoseconds === b.nanoseconds ? index < other : a.nanoseconds < b.nanoseconds;
  }

  private owned(flow: Flow): Flow {
    const { holders, current } = this;
    let names = holders.get(flow);
    if (names === undefined) {
      names = [];
      holders.set(flow, names);
    }
    let own = names[current];
    if (own === undefined) {
      const isHeld =
        (this.offsetsNs !== null && current > 0) || names.some((name, reader) => name === flow && !this.isOver(reader));
      own = isHeld ? this.copyOf(flow, current) : flow;
      names[current] = own;
    }
    return own;
  }

  private take(reader: RecordReader & Extras, slot: Slot): void {
    this.view = reader.view;
    this.offset = reader.offset;
    this.length = reader.length;
    this.seconds = slot.seconds;
    this.nanoseconds = slot.nanoseconds;
    this.packetNumber = reader.packetNumber;
    this.fileOffset = reader.fileOffset;
    const { flow } = reader;
    this.flow = flow?.transport === 'TCP' || (this.offsetsNs !== null && flow) ? this.owned(flow) : (flow as Flow);
    this.join = reader.join as Join;
    this.truncated = reader.truncated ?? false;
    this.messageCount = reader.messageCount ?? 0;
  }
}

/** Moves the slot to its reader's next record, or to its end; false where the reader needs bytes. */
function advance(slot: Slot): boolean {
  const { reader } = slot;
  if (reader?.next()) {
    slot.state = 'held';
    slot.seconds = reader.seconds;
    slot.nanoseconds = reader.nanoseconds;
    if (slot.shiftSeconds !== 0 || slot.shiftNanoseconds !== 0) shift(slot);
    return true;
  }
  if (reader?.done === false) return false;
  slot.state = 'over';
  slot.reader = null;
  return true;
}

function shift(slot: Slot): void {
  slot.seconds += slot.shiftSeconds;
  slot.nanoseconds += slot.shiftNanoseconds;
  if (slot.nanoseconds < 1e9) return;
  slot.nanoseconds -= 1e9;
  slot.seconds++;
}
