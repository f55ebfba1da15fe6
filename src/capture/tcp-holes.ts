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
/**
 * How long a hole is waited for once the receiver has acknowledged what is behind it: the bytes are lost to the capture
 * alone, and will not be sent again, but a capture of several queues or ports may hold them later than their ACK.
 */
export const ACKNOWLEDGED_GRACE_NS = 100_000_000;

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
  /** The latest second since stamps went back. */
  private latestSeconds = Number.NEGATIVE_INFINITY;

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

  /**
   * Takes note of the number that the receiver of a direction with a hole waits for: one at a time, so that a hole that
   * opens within the grace of another is given up within twice the grace.
   */
  acknowledge(direction: Direction, acknowledgment: number): void {
    this.concede(direction);
    if (!isBehindHole(direction, acknowledgment)) return;
    if (direction.isAcknowledged && isBehindHole(direction, direction.acknowledged)) return;
    direction.isAcknowledged = true;
    direction.acknowledged = acknowledgment;
    direction.acknowledgedSeconds = this.options.at.seconds;
    direction.acknowledgedNanoseconds = this.options.at.nanoseconds;
  }

  /** Gives up the holes of a direction that its receiver acknowledged long enough ago. */
  concede(direction: Direction): void {
    if (!direction.isAcknowledged) return;
    const { seconds, nanoseconds } = this.options.at;
    const elapsedSeconds = seconds - direction.acknowledgedSeconds;
    if (elapsedSeconds * 1e9 + nanoseconds - direction.acknowledgedNanoseconds < ACKNOWLEDGED_GRACE_NS) return;
    while (isBehindHole(direction, direction.acknowledged)) this.giveUp(direction);
    direction.isAcknowledged = false;
  }

  /** Gives up the holes that were waited for too long. */
  expire(): void {
    const { seconds } = this.options.at;
    if (seconds < this.latestSeconds - MAX_HOLE_SECONDS) this.turnBack(seconds);
    else if (seconds > this.latestSeconds) this.latestSeconds = seconds;
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

  /** Waits anew for the holes that are open, where the clock of the capture was set back. */
  private turnBack(seconds: number): void {
    this.latestSeconds = seconds;
    for (let link = this.waiting.first; link !== null; link = link.next) {
      link.direction.holeSeconds = Math.min(link.direction.holeSeconds, seconds);
    }
    if (this.waiting.first !== null) this.dueSeconds = Math.min(this.dueSeconds, seconds + MAX_HOLE_SECONDS);
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
    if (first !== undefined) this.wait(direction, Math.min(first.seconds, this.options.at.seconds));
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

/** Whether what waits behind a direction's first hole is before a sequence number. */
function isBehindHole(direction: Direction, sequence: number): boolean {
  const first = direction.firstPending;
  return first !== undefined && ((sequence - first.sequence) | 0) >= 0;
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
