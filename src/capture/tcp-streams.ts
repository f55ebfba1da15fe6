/**
 * TCP stream reassembly, each direction by itself: RFC 9293 sections 3.4 and 3.10, from what a capture saw.
 *
 * Give each TCP packet to `segment`, then call `next` until it returns false: pieces of the flow's bytes, in order, as
 * a receiver could read them. What is in order is delivered where it lies, without a copy. What comes ahead is copied
 * and waits for the hole before it to be filled; the pieces then carry the stamp of the packet that filled it, and the
 * number and place of their own. Of bytes sent twice the first win.
 *
 * A hole is given up (damage `tcp-gap`, the next piece's `join` is `lost`) once more waits than the bounds below allow,
 * `ACKNOWLEDGED_GRACE_NS` after the receiver acknowledged what is behind it, after `MAX_HOLE_SECONDS` in any case (both
 * of capture time), at a reset, at the next connection of the same addresses and at the end.
 * A FIN waits for the hole before it like a byte. Other damage: `snap-length`, `tcp-jump`, `tcp-directions`.
 */
import { CaptureError } from '../core/errors.js';
import type { DamageHandler, Flow, Join } from '../core/seams.js';
import { nameOf } from './endpoint.js';
import { ACK, FIN, RST, SYN, type TcpHeader } from './tcp.js';
import { Direction, LinkQueue, Piece } from './tcp-direction.js';
import { MAX_PENDING_BYTES, MAX_TOTAL_PENDING_BYTES, type PacketStamp, TcpHoles } from './tcp-holes.js';

/** The most directions that are followed at a time; the one that was quiet for longest makes room. */
export const MAX_DIRECTIONS = 16_384;
/** A segment further from the expected byte, either way, belongs to another connection or to none. */
export const MAX_DISTANCE = 2 ** 26;

/** What reassembly met, all directions together. */
export interface TcpCounts {
  /** TCP packets, those without payload included. */
  segments: number;
  /** Bytes delivered. */
  bytes: number;
  /** Segments whose bytes had all been seen before. */
  retransmitted: number;
  /** Segments of at most one byte, just before the expected one. */
  keepAlives: number;
  /** Segments that came ahead of bytes still missing. */
  outOfOrder: number;
  /** Segments of which a part had been seen before. */
  overlapping: number;
  /** Bytes known to be missing: in holes that were given up, and cut by the snap length. */
  lostBytes: number;
  /** Connections whose opening (the client's SYN) was seen. */
  connections: number;
  /** Directions met in the middle of their connection. */
  joined: number;
  resets: number;
  /** Segments too far from the expected byte to be of the same connection; left out. */
  strays: number;
  /** Directions let go of, since more than `MAX_DIRECTIONS` were under way. */
  evicted: number;
  /** Segments of flows beyond the flow table's limit; left out. */
  unfollowed: number;
}

export interface TcpStreamsOptions {
  readonly onDamage: DamageHandler;
  /** The flow that flows beyond the table's limit share (`FlowTable.otherFlows`): it is no one direction's. */
  readonly otherFlows?: Flow;
  readonly maxDirections?: number;
  readonly maxPendingBytes?: number;
  readonly maxTotalPendingBytes?: number;
}

/** Reassembles any number of directions; the public fields are the piece that `next` has delivered. */
export class TcpStreams {
  /** Covers the piece; valid until the next `next`, and of a piece in place as long as the segment's own view. */
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  flow: Flow | null = null;
  join: Join = 'next';
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  readonly counts: TcpCounts = noCounts();
  private readonly onDamage: DamageHandler;
  private readonly otherFlows: Flow | null;
  private readonly maxDirections: number;
  private readonly holes: TcpHoles;
  /** By their flows' names, which tell the other direction's too. */
  private readonly directions = new Map<string, Direction>();
  private latest: Direction | null = null;
  /** From the one that was quiet for longest to the one at hand. */
  private readonly used = new LinkQueue();
  /** Pieces that are ready. */
  private head: Piece | null = null;
  private tail: Piece | null = null;
  /** The one piece that may be in place, used again and again. */
  private readonly inPlace: Piece;
  private readonly at: PacketStamp = { seconds: 0, nanoseconds: 0, packetNumber: 0, fileOffset: 0 };

  constructor(options: TcpStreamsOptions) {
    this.onDamage = options.onDamage;
    this.otherFlows = options.otherFlows ?? null;
    this.maxDirections = options.maxDirections ?? MAX_DIRECTIONS;
    this.holes = new TcpHoles({
      at: this.at,
      counts: this.counts,
      onDamage: this.onDamage,
      deliver: (direction, piece) => this.deliver(direction, piece),
      maxPendingBytes: options.maxPendingBytes ?? MAX_PENDING_BYTES,
      maxTotalPendingBytes: options.maxTotalPendingBytes ?? MAX_TOTAL_PENDING_BYTES,
    });
    this.inPlace = new Piece(NO_FLOW);
  }

  /**
   * Takes the segment whose header was read from `view`, of which bytes from `capturedEnd` on were not captured; says
   * whether a piece is ready. All that is ready is to be read before the next segment.
   */
  segment(
    view: DataView,
    header: TcpHeader,
    capturedEnd: number,
    flow: Flow,
    seconds: number,
    nanoseconds: number,
    packetNumber: number,
    fileOffset: number,
  ): boolean {
    if (this.head !== null) throw new CaptureError('tcp-unread', 'call next() until it is false, then segment()');
    this.counts.segments++;
    this.at.seconds = seconds;
    this.at.nanoseconds = nanoseconds;
    this.at.packetNumber = packetNumber;
    this.at.fileOffset = fileOffset;
    if (flow === this.otherFlows) {
      this.counts.unfollowed++;
      return false;
    }
    const direction = this.latest?.flow === flow ? this.latest : this.lookUp(flow);
    this.holes.expire();
    const { flags, payload } = header;
    if ((flags & RST) !== 0) {
      this.counts.resets++;
      this.holes.flush(direction);
      direction.isClosed = true;
      return this.head !== null;
    }
    const isSyn = (flags & SYN) !== 0;
    const sequence = isSyn ? (header.sequence + 1) | 0 : header.sequence;
    if (isSyn) this.open(direction, sequence, (flags & ACK) === 0);
    const length = header.end - payload;
    if (length > 0) this.data(direction, view, payload, capturedEnd, sequence, length);
    else if (direction.isOpen && ((sequence - direction.next) | 0) === -1) this.counts.keepAlives++;
    if ((flags & FIN) !== 0) this.finish(direction, (sequence + length) | 0);
    if (direction.hasPending) this.holes.concede(direction);
    const { peer } = direction;
    if (peer?.hasPending && (flags & ACK) !== 0) this.holes.acknowledge(peer, header.acknowledgment);
    return this.head !== null;
  }

  /** What is kept behind holes costs, in bytes. */
  get pendingBytes(): number {
    return this.holes.pendingBytes;
  }

  /** Delivers the next piece that is ready. */
  next(): boolean {
    const piece = this.head;
    if (piece === null) return false;
    this.head = piece.next;
    if (this.head === null) this.tail = null;
    piece.next = null;
    this.view = piece.view;
    this.offset = piece.offset;
    this.length = piece.length;
    this.flow = piece.flow;
    this.join = piece.join;
    this.seconds = piece.seconds;
    this.nanoseconds = piece.nanoseconds;
    this.packetNumber = piece.packetNumber;
    this.fileOffset = piece.fileOffset;
    this.counts.bytes += piece.length;
    return true;
  }

  /** No more packets will come: gives up every hole, so that `next` delivers what waited behind. */
  end(): void {
    this.holes.flushAll();
  }

  private lookUp(flow: Flow): Direction {
    let direction = this.directions.get(flow.name);
    if (direction === undefined) {
      if (this.directions.size >= this.maxDirections) this.evict();
      direction = new Direction(flow);
      direction.peer = this.directions.get(nameOfReverse(flow)) ?? null;
      if (direction.peer !== null) direction.peer.peer = direction;
      this.directions.set(flow.name, direction);
    }
    this.used.append(direction.used);
    this.latest = direction;
    return direction;
  }

  private evict(): void {
    const oldest = this.used.first;
    if (oldest === null) return;
    const { direction } = oldest;
    if (this.counts.evicted++ === 0) {
      this.report(
        'tcp-directions',
        `more than ${this.maxDirections} directions of TCP connections are under way: those quiet for longest are ` +
          'let go of, and begin in the middle if they go on. Read fewer connections at a time (editcap, tcpdump -w).',
        this.at.packetNumber,
        this.at.fileOffset,
      );
    }
    this.holes.flush(direction);
    this.used.remove(oldest);
    this.directions.delete(direction.flow.name);
    if (direction.peer !== null) direction.peer.peer = null;
  }

  private open(direction: Direction, start: number, isClient: boolean): void {
    const isAgain = direction.isOpen && direction.start === start;
    if (isAgain && direction.hasSyn) return;
    if (isClient) this.counts.connections++;
    if (isAgain) {
      // The first bytes overtook their SYN.
      direction.hasSyn = true;
      return;
    }
    this.holes.flush(direction);
    direction.begin(start, 'start');
    direction.hasSyn = true;
  }

  private data(
    direction: Direction,
    view: DataView,
    payload: number,
    capturedEnd: number,
    sequence: number,
    length: number,
  ): void {
    const captured = Math.min(length, Math.max(0, capturedEnd - payload));
    if (captured < length) this.tellCut(length - captured, length);
    if (!direction.isOpen) this.joinAt(direction, sequence);
    const distance = (sequence - direction.next) | 0;
    if (this.isStray(direction, distance, sequence, length)) return;
    const ahead = (sequence - direction.next) | 0;
    if (ahead + length <= 0) this.tellSeen(length, ahead);
    else if (direction.hasPending || ahead > 0) {
      if (ahead > 0) this.counts.outOfOrder++;
      const added = this.holes.insert(direction, view, payload, captured, sequence, length);
      if (added === 0) this.counts.retransmitted++;
      else if (added < length) this.counts.overlapping++;
    } else {
      if (ahead < 0) this.counts.overlapping++;
      direction.next = (sequence + length) | 0;
      const piece = this.inPlace;
      piece.view = view;
      piece.flow = direction.flow;
      piece.offset = payload - ahead;
      piece.length = Math.max(0, captured + ahead);
      piece.missing = length + ahead - piece.length;
      piece.packetNumber = this.at.packetNumber;
      piece.fileOffset = this.at.fileOffset;
      this.deliver(direction, piece);
    }
  }

  /** Follows a direction from here on, whatever was before. */
  private joinAt(direction: Direction, sequence: number): void {
    this.counts.joined++;
    direction.begin(sequence, 'lost');
  }

  /** Whether a segment is of no use; one that cannot belong to the connection at hand may begin another. */
  private isStray(direction: Direction, distance: number, sequence: number, length: number): boolean {
    if (distance >= -MAX_DISTANCE && distance <= MAX_DISTANCE && !(direction.isClosed && distance > 0)) {
      direction.hasStray = false;
      return false;
    }
    if (direction.isClosed) {
      this.holes.flush(direction);
      this.joinAt(direction, sequence);
      return false;
    }
    if (!direction.hasStray || direction.strayEnd !== sequence) {
      direction.hasStray = true;
      direction.strayEnd = (sequence + length) | 0;
      this.counts.strays++;
      return true;
    }
    this.holes.flush(direction);
    const text =
      `${direction.flow.name}: packet ${this.at.packetNumber}, as the one before it, is far from where the ` +
      'connection was: taken as another one, whose opening was not captured.';
    this.report('tcp-jump', text, this.at.packetNumber, this.at.fileOffset);
    this.joinAt(direction, sequence);
    return false;
  }

  private tellSeen(length: number, ahead: number): void {
    if (length === 1 && ahead === -1) this.counts.keepAlives++;
    else this.counts.retransmitted++;
  }

  private tellCut(missing: number, length: number): void {
    const text =
      `Packet ${this.at.packetNumber} was cut: the last ${missing} of its ${length} bytes of TCP payload are ` +
      'missing. Capture again with a longer snap length (tcpdump -s 0).';
    this.report('snap-length', text, this.at.packetNumber, this.at.fileOffset);
  }

  /** Takes a FIN whose place in the sequence is `sequence`: at once, or behind the hole before it. */
  private finish(direction: Direction, sequence: number): void {
    const distance = (sequence - direction.next) | 0;
    if (!direction.isOpen || distance > MAX_DISTANCE || distance < -MAX_DISTANCE) return;
    if (distance <= 0) direction.isClosed = true;
    else if (!direction.hasFin) {
      direction.hasFin = true;
      this.holes.insertFin(direction, distance);
    }
  }

  /** Puts a piece behind those that are ready. */
  private deliver(direction: Direction, piece: Piece): void {
    if (piece.length > 0) {
      piece.seconds = this.at.seconds;
      piece.nanoseconds = this.at.nanoseconds;
      piece.join = direction.join;
      direction.join = 'next';
      if (this.tail === null) this.head = piece;
      else this.tail.next = piece;
      this.tail = piece;
    }
    if (piece.missing > 0) {
      this.counts.lostBytes += piece.missing;
      direction.join = 'lost';
    }
  }

  private report(code: string, message: string, record: number, offset: number): void {
    this.onDamage({ code, message, record, offset });
  }
}

function nameOfReverse({ source, sourcePort, destination, destinationPort }: Flow): string {
  return nameOf({ address: destination, port: destinationPort }, { address: source, port: sourcePort });
}

function noCounts(): TcpCounts {
  return {
    segments: 0,
    bytes: 0,
    retransmitted: 0,
    keepAlives: 0,
    outOfOrder: 0,
    overlapping: 0,
    lostBytes: 0,
    connections: 0,
    joined: 0,
    resets: 0,
    strays: 0,
    evicted: 0,
    unfollowed: 0,
  };
}

/** Of a piece that is not in use. */
const NO_FLOW: Flow = {
  index: -1,
  transport: 'TCP',
  source: '',
  sourcePort: 0,
  destination: '',
  destinationPort: 0,
  name: '',
};
