/**
 * What waits behind the holes of TCP directions: segments that came ahead of bytes still missing, copied and bounded.
 *
 * A hole ends when it is filled or given up: see `TcpStreams` for when. Every step costs constant time, but for moving
 * references within one direction's list of at most `MAX_PENDING_BYTES / PIECE_COST` pieces.
 */
import type { DamageHandler, Flow } from '../core/seams.js';
import { type Direction, LinkQueue, Piece } from './tcp-direction.js';

/** The most that may wait behind the holes of one direction, bytes and `PIECE_COST` each, and of all together. */
export const MAX_PENDING_BYTES = 8 * 2 ** 20;
export const MAX_TOTAL_PENDING_BYTES = 64 * 2 ** 20;
/** What a waiting piece is taken to cost beside its bytes: objects, buffer, its place in the list. */
export const PIECE_COST = 1024;
/** How long a hole is waited for: a sender repeats a lost segment several times within. */
export const MAX_HOLE_SECONDS = 3;

/** When and where the packet at hand was captured. */
export interface PacketStamp {
  seconds: number;
  nanoseconds: number;
  packetNumber: number;
  fileOffset: number;
}

export interface TcpHolesOptions {
  readonly at: Readonly<PacketStamp>;
  /** Gains the bytes that holes given up are short of. */
  readonly counts: { lostBytes: number };
  readonly onDamage: DamageHandler;
  /** Takes what became readable, in order. */
  readonly deliver: (direction: Direction, piece: Piece) => void;
  readonly maxPendingBytes: number;
  readonly maxTotalPendingBytes: number;
}

/** Keeps the pieces behind holes, of all directions. */
export class TcpHoles {
  /** What waits costs, in bytes. */
  pendingBytes = 0;
  /** Those with a hole, in the order in which it opened. */
  private readonly waiting = new LinkQueue();
  /** No hole is older than wanted before this second. */
  private dueSeconds = Number.POSITIVE_INFINITY;

  constructor(private readonly options: TcpHolesOptions) {}

  /**
   * Takes the bytes of a segment of `length` bytes, of which the first `captured` are there, and delivers what they
   * make readable. Returns how many were new.
   */
  insert(
    direction: Direction,
    view: DataView,
    payload: number,
    captured: number,
    sequence: number,
    length: number,
  ): number {
    const { pending, next } = direction;
    const first = (sequence - next) | 0;
    const end = first + length;
    let from = Math.max(0, first);
    let added = 0;
    for (let index = direction.find(from); from < end; index++) {
      const piece = pending[index];
      const start = piece === undefined ? end : (piece.sequence - next) | 0;
      const to = Math.min(end, start);
      if (to > from) {
        const skipped = from - first;
        const part = copy(direction.flow, view, payload + skipped, to - from, captured - skipped);
        part.sequence = (next + from) | 0;
        this.place(direction, part, index);
        added += to - from;
        from = to;
      } else if (piece !== undefined) from = Math.max(from, start + piece.span);
    }
    this.drain(direction);
    this.enforceBounds(direction);
    return added;
  }

  /** Keeps a FIN at this distance from the next byte until the hole before it is gone. */
  insertFin(direction: Direction, distance: number): void {
    const piece = new Piece(direction.flow);
    piece.sequence = (direction.next + distance) | 0;
    this.place(direction, piece, direction.find(distance));
    this.enforceBounds(direction);
  }

  /** Gives up every hole of a direction. */
  flush(direction: Direction): void {
    while (direction.hasPending) this.giveUp(direction);
  }

  /** Gives up every hole. */
  flushAll(): void {
    for (let link = this.waiting.first; link !== null; link = this.waiting.first) this.flush(link.direction);
  }

  /** Gives up the holes that were waited for too long. */
  expire(): void {
    const { seconds } = this.options.at;
    if (seconds <= this.dueSeconds) return;
    this.dueSeconds = Number.POSITIVE_INFINITY;
    for (let link = this.waiting.first; link !== null; link = this.waiting.first) {
      const dueSeconds = link.direction.holeSeconds + MAX_HOLE_SECONDS;
      if (seconds <= dueSeconds) {
        this.dueSeconds = dueSeconds;
        return;
      }
      this.giveUp(link.direction);
    }
  }

  private place(direction: Direction, piece: Piece, index: number): void {
    const { at } = this.options;
    piece.seconds = at.seconds;
    piece.packetNumber = at.packetNumber;
    piece.fileOffset = at.fileOffset;
    direction.pending.splice(index, 0, piece);
    this.charge(direction, PIECE_COST + piece.length);
    if (!direction.waiting.isQueued) this.wait(direction, piece.seconds);
  }

  private charge(direction: Direction, cost: number): void {
    direction.cost += cost;
    this.pendingBytes += cost;
  }

  private wait(direction: Direction, seconds: number): void {
    direction.holeSeconds = seconds;
    this.waiting.append(direction.waiting);
    this.dueSeconds = Math.min(this.dueSeconds, seconds + MAX_HOLE_SECONDS);
  }

  /** Delivers the pending pieces that no hole is before. */
  private drain(direction: Direction): void {
    let isMoved = false;
    for (let piece = direction.firstPending; piece?.sequence === direction.next; piece = direction.firstPending) {
      direction.shift();
      direction.next = (piece.sequence + piece.span) | 0;
      this.charge(direction, -(PIECE_COST + piece.length));
      if (piece.span === 0) direction.isClosed = true;
      else this.options.deliver(direction, piece);
      isMoved = true;
    }
    if (!isMoved) return;
    const first = direction.firstPending;
    this.waiting.remove(direction.waiting);
    if (first !== undefined) this.wait(direction, first.seconds);
  }

  private enforceBounds(direction: Direction): void {
    const { maxPendingBytes, maxTotalPendingBytes } = this.options;
    while (direction.cost > maxPendingBytes) this.giveUp(direction);
    while (this.pendingBytes > maxTotalPendingBytes && this.waiting.first !== null) {
      this.giveUp(this.waiting.first.direction);
    }
  }

  /** Goes on behind the first hole. */
  private giveUp(direction: Direction): void {
    const first = direction.firstPending as Piece;
    const missing = (first.sequence - direction.next) | 0;
    this.options.counts.lostBytes += missing;
    const message =
      `${direction.flow.name}: ${missing} bytes before those of packet ${first.packetNumber} are not in the capture; ` +
      'reading goes on behind them. Capture with a larger buffer (tcpdump -B).';
    this.options.onDamage({ code: 'tcp-gap', message, record: first.packetNumber, offset: first.fileOffset });
    direction.next = first.sequence;
    direction.join = 'lost';
    this.drain(direction);
  }
}

/** A piece of its own of `span` bytes, of which up to `captured` are there. */
function copy(flow: Flow, view: DataView, offset: number, span: number, captured: number): Piece {
  const piece = new Piece(flow);
  piece.length = Math.min(span, Math.max(0, captured));
  piece.missing = span - piece.length;
  const bytes = new Uint8Array(piece.length);
  if (piece.length > 0) bytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, piece.length));
  piece.view = new DataView(bytes.buffer);
  return piece;
}
