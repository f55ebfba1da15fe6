/** What is kept of one direction of a TCP connection: where its bytes go on, and pieces that wait behind a hole. */
import type { Flow, Join } from '../core/seams.js';

/** Spent pieces that a list may hold without being moved up. */
const LEAST_SPENT = 64;

const EMPTY = new DataView(new ArrayBuffer(0));

/** A run of bytes of one segment; `next` chains those that are ready to be read. */
export class Piece {
  view: DataView = EMPTY;
  offset = 0;
  length = 0;
  /** Bytes behind these that the segment had and the capture has not. */
  missing = 0;
  /** Sequence number of the first byte; signed. */
  sequence = 0;
  packetNumber = 0;
  fileOffset = 0;
  /** When its segment came, then when it became readable. */
  seconds = 0;
  nanoseconds = 0;
  flow: Flow;
  join: Join = 'next';
  next: Piece | null = null;

  constructor(flow: Flow) {
    this.flow = flow;
  }

  /** How many numbers of the sequence it covers. */
  get span(): number {
    return this.length + this.missing;
  }
}

/** A direction's place in a queue. */
export class Link {
  previous: Link | null = null;
  next: Link | null = null;
  isQueued = false;

  constructor(readonly direction: Direction) {}
}

/** Directions in the order in which they were last appended; every step takes constant time. */
export class LinkQueue {
  first: Link | null = null;
  last: Link | null = null;
  length = 0;

  /** Puts the link last, from wherever it was. */
  append(link: Link): void {
    if (this.last === link) return;
    this.remove(link);
    link.previous = this.last;
    if (this.last === null) this.first = link;
    else this.last.next = link;
    this.last = link;
    link.isQueued = true;
    this.length++;
  }

  remove(link: Link): void {
    if (!link.isQueued) return;
    if (link.previous === null) this.first = link.next;
    else link.previous.next = link.next;
    if (link.next === null) this.last = link.previous;
    else link.next.previous = link.previous;
    link.previous = null;
    link.next = null;
    link.isQueued = false;
    this.length--;
  }
}

/** One direction; sequence numbers are signed 32-bit integers and compared by their distance, so they may wrap. */
export class Direction {
  /** Whether `next` is known: a SYN or a byte was seen. */
  isOpen = false;
  /** Whether FIN or RST said that no more would follow. */
  isClosed = false;
  /** Number of the first byte of the connection, as far as it was seen. */
  start = 0;
  /** Number of the byte that is to be read next. */
  next = 0;
  /** How the next piece joins. */
  join: Join = 'lost';
  hasSyn = false;
  /** Whether a FIN waits among the pieces. */
  hasFin = false;
  /** Whether the last segment was far out of the window, and the number behind it. */
  hasStray = false;
  strayEnd = 0;
  /** Pieces behind a hole: disjoint, in order. Those before `head` are spent. */
  readonly pending: Piece[] = [];
  head = 0;
  /** What they cost. */
  cost = 0;
  /** When the piece behind the first hole came. */
  holeSeconds = 0;
  /** The other direction of the connection, where it is followed. */
  peer: Direction | null = null;
  /** Whether the peer acknowledged bytes behind a hole: up to which number, and when. */
  isAcknowledged = false;
  acknowledged = 0;
  acknowledgedSeconds = 0;
  acknowledgedNanoseconds = 0;
  private readonly spent: Piece;
  readonly used = new Link(this);
  readonly waiting = new Link(this);

  constructor(readonly flow: Flow) {
    this.spent = new Piece(flow);
  }

  /** Begins anew at a sequence number; nothing may be pending. */
  begin(sequence: number, join: Join): void {
    this.isOpen = true;
    this.isClosed = false;
    this.start = sequence;
    this.next = sequence;
    this.join = join;
    this.hasSyn = false;
    this.hasFin = false;
    this.hasStray = false;
    this.isAcknowledged = false;
  }

  /** Whether pieces wait. */
  get hasPending(): boolean {
    return this.head < this.pending.length;
  }

  /** The first piece that waits. */
  get firstPending(): Piece | undefined {
    return this.pending[this.head];
  }

  /** Lets go of the first piece that waits; the list is moved up rarely, so that it costs constant time. */
  shift(): void {
    const { pending } = this;
    pending[this.head++] = this.spent;
    if (this.head < LEAST_SPENT && this.head < pending.length) return;
    if (this.head * 2 < pending.length) return;
    pending.splice(0, this.head);
    this.head = 0;
  }

  /** Index of the first pending piece that ends behind the byte at `distance` from `next`. */
  find(distance: number): number {
    const { pending, next } = this;
    let low = this.head;
    let high = pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = pending[middle] as Piece;
      if (((piece.sequence - next) | 0) + piece.span <= distance) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
