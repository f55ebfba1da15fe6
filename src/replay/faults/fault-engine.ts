/**
 * Faults on the lines of a feed: takes packets in the order of their times, and hands on what becomes of them, again in
 * the order of their times. No input or output, no clock: all that matters is when packets are due.
 *
 * Everything is decided as a packet comes, so decisions are in the packets' order, as their log is. What does not wait
 * is handed on without a copy; what waits is copied into bounded memory (`held-packets.ts`), and where there is no room
 * it is lost and counted. A packet behind which others are to go first waits aside until they have passed.
 */
import { copyBytes } from '../../core/copy.js';
import type { CapturedFrame, Flow } from '../../core/seams.js';
import type { FramingOf } from '../loop.js';
import type { ScheduledPacket } from '../scheduled-reader.js';
import { Fate, type FaultAction, type FaultDecider, noAction, type PacketOnLine } from './action.js';
import { type Amount, add, type LineFaults, noFaultsOf, tally } from './counts.js';
import { sumOf } from './fault-log.js';
import { type HeldPacket, HeldPackets } from './held-packets.js';
import type { LineFinder } from './lines.js';
import { PacketReading } from './packet.js';

/** Told of everything that was done, in order. */
export type ActionListener = (at: PacketOnLine, action: FaultAction) => void;

export interface FaultEngineOptions {
  readonly decider: FaultDecider;
  readonly lines: LineFinder;
  readonly framingOf: FramingOf;
  /** Makes a line B of every packet, on this flow; the packets themselves are line A then. */
  readonly makeLineB?: (flow: Flow) => Flow;
  readonly onAction?: ActionListener;
  readonly held?: HeldPackets;
}

/** What the report of a run says of its lines. */
export interface EngineFaults {
  /** By their letters. */
  readonly lines: LineFaults[];
  /** Packets of a line B that was made, lost on both; null where lines are the capture's own. */
  readonly lostOnBothLines: Amount | null;
  /** The most that waited at once. */
  readonly mostHeldPackets: number;
  readonly mostHeldBytes: number;
}

export class FaultEngine {
  /** The packet that `step` hands on; its bytes are borrowed until the next call. */
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  flow!: Flow;
  frame: CapturedFrame | null = null;
  messages = 0;
  captureNs = 0;
  dueNs = 0;
  feedLatencyNs = Number.NaN;
  /** The loop of the packet taken last, and its place in it; 0 before the first. */
  readonly taken = { loop: 0, packet: 0 };
  /** What stands in for the sum of the payload in a UDP checksum that is to be stale; -1 where it is to be right. */
  payloadSum = -1;
  private readonly o: FaultEngineOptions;
  private readonly packet: PacketReading;
  private readonly held: HeldPackets;
  private readonly fate = new Fate();
  private readonly lines = new Map<string, Line>();
  private readonly inOrder: Line[] = [];
  private readonly lostOnBoth: Amount | null;
  private readonly own = new DataView(new ArrayBuffer(65_536));
  /** Lines that the packet at hand is still to go on: its own, and the one that is made. */
  private ownLine: Line | null = null;
  private madeLine: Line | null = null;
  private lastLine: Line | null = null;
  private lostHere = 0;
  /** Nothing comes that is due before. */
  private horizonNs = Number.NEGATIVE_INFINITY;
  private toGiveBack: HeldPacket | null = null;
  private readonly at: { packet: PacketReading; line: string; flow: Flow };

  constructor(options: FaultEngineOptions) {
    this.o = options;
    this.packet = new PacketReading(options.framingOf);
    this.held = options.held ?? new HeldPackets();
    this.lostOnBoth = options.makeLineB === undefined ? null : { packets: 0, messages: 0 };
    this.at = { packet: this.packet, line: 'A', flow: this.packet.flow };
  }

  /**
   * Takes the next packet, which stays borrowed until `step` has answered false. False where the decider knows nothing
   * of this packet or any behind it: the source has come to its end.
   */
  take(packet: ScheduledPacket, loop: number): boolean {
    this.packet.read(packet, loop);
    if (this.o.decider.isPast?.(this.packet)) return false;
    this.taken.loop = loop;
    this.taken.packet = this.packet.place;
    this.horizonNs = Math.max(this.horizonNs, packet.dueNs);
    this.lostHere = 0;
    const makes = this.o.makeLineB !== undefined;
    this.ownLine = this.lineOf(makes ? 'A' : this.o.lines.lineOf(this.packet));
    this.madeLine = makes ? this.lineOf('B') : null;
    return true;
  }

  /** Says that no more packets come: what waits goes, in the order of its times. `isComplete`: the source has ended. */
  end(isComplete = true): void {
    if (this.horizonNs === Number.POSITIVE_INFINITY) return;
    for (const { waiting } of this.inOrder) {
      for (const packet of waiting) this.release(packet, this.horizonNs);
      waiting.length = 0;
    }
    this.horizonNs = Number.POSITIVE_INFINITY;
    this.o.decider.finish?.(isComplete);
  }

  /** The next packet to hand on; false where it takes another first, or there is none after `end`. */
  step(): boolean {
    const { held } = this;
    if (this.toGiveBack !== null) {
      held.giveBack(this.toGiveBack);
      this.toGiveBack = null;
    }
    for (;;) {
      if (held.leastDueNs <= this.horizonNs && held.size > 0) {
        this.handOn(held.take());
        return true;
      }
      const line = this.ownLine ?? this.madeLine;
      if (line === null) return false;
      if (this.ownLine !== null) this.ownLine = null;
      else this.madeLine = null;
      if (this.befall(line)) return true;
    }
  }

  report(): EngineFaults {
    const { held, inOrder, lostOnBoth } = this;
    for (const { counts } of inOrder) Object.assign(counts.held, { packets: 0, messages: 0 });
    for (const packet of held.all()) add(this.inOrder[packet.line].counts.held, packet.messages);
    for (const { waiting, counts } of inOrder) for (const { messages } of waiting) add(counts.held, messages);
    const lines = inOrder.map(({ counts }) => counts).sort((one, other) => (one.line < other.line ? -1 : 1));
    return {
      lines,
      lostOnBothLines: lostOnBoth,
      mostHeldPackets: held.mostPackets,
      mostHeldBytes: held.mostBytes,
    };
  }

  /** Lets the packet at hand go on a line; true where it is handed on at once. */
  private befall(line: Line): boolean {
    const { packet, fate, at, o } = this;
    const { counts } = line;
    at.line = counts.line;
    at.flow = line.isMade && o.makeLineB !== undefined ? o.makeLineB(packet.flow) : packet.flow;
    line.place++;
    add(counts.in, packet.messages);
    const actions = o.decider.decide(at);
    fate.begin(packet.length);
    if (actions.length > 0) this.note(actions, counts);
    if (fate.isLost) {
      this.noteLost();
      return false;
    }
    this.prepare();
    const dueNs = packet.dueNs + fate.delayNs;
    const waits = fate.behind > 0 || dueNs > packet.dueNs;
    const isThere = !fate.isOverflowed && (!waits || this.hold(line, dueNs, 0, 0));
    for (let index = 0; index < fate.copiesNs.length; index++) {
      this.copy(line, dueNs, fate.copiesNs[index], index + 1);
    }
    if (!isThere) this.noteLost();
    else if (fate.behind === 0) this.pass(line, dueNs);
    if (!isThere || waits) return false;
    this.flow = at.flow;
    this.frame = packet.frame;
    this.messages = packet.messages;
    this.captureNs = packet.captureNs;
    this.feedLatencyNs = packet.feedLatencyNs;
    this.dueNs = dueNs;
    this.noteOut(line, line.place, packet.messages, at.flow);
    return true;
  }

  private note(actions: readonly FaultAction[], counts: LineFaults): void {
    const { fate, at, o, packet } = this;
    for (const action of actions) {
      fate.add(action);
      o.onAction?.(at, action);
    }
    tally(counts, actions, packet.messages);
  }

  /** Points `view`, `offset`, `length` at the packet's bytes, cut and with bits turned as its fate says. */
  private prepare(): void {
    const { packet, fate, own } = this;
    this.view = packet.view;
    this.offset = packet.offset;
    this.length = fate.length;
    this.payloadSum = -1;
    if (!fate.isCorrupt) return;
    if (fate.isStale) this.payloadSum = sumOf(packet.view, packet.offset, packet.length);
    copyBytes(packet.view, packet.offset, own, 0, fate.length);
    for (const bit of fate.bits) {
      const at = bit >>> 3;
      if (at < fate.length) own.setUint8(at, own.getUint8(at) ^ (0x80 >>> (bit & 7)));
    }
    this.view = own;
    this.offset = 0;
  }

  private copy(line: Line, dueNs: number, delayNs: number, number: number): void {
    const { packet, fate } = this;
    add(line.counts.duplicated, packet.messages);
    if (fate.lostCopies.includes(number)) add(line.counts.overflowed, packet.messages);
    else this.hold(line, dueNs, delayNs, number);
  }

  /**
   * Lets what was prepared wait until `afterNs` behind `dueNs`, and behind as many packets as its fate says; as a copy
   * where `number` is not 0. False where there is no room for it.
   */
  private hold(line: Line, dueNs: number, afterNs: number, number: number): boolean {
    const { packet, fate, at } = this;
    const held = this.held.copy(this.view, this.offset, this.length, at.flow, packet.frame);
    if (held === null) {
      add(line.counts.overflowed, packet.messages);
      this.o.onAction?.(at, { ...noAction, kind: 'overflow', isLost: true, copy: number });
      return false;
    }
    held.messages = packet.messages;
    held.captureNs = packet.captureNs;
    held.feedLatencyNs = packet.feedLatencyNs;
    held.payloadSum = this.payloadSum;
    held.line = line.index;
    held.place = number === 0 ? line.place : 0;
    held.left = fate.behind;
    held.dueNs = dueNs;
    held.afterNs = afterNs;
    if (held.left > 0) line.waiting.push(held);
    else this.release(held, dueNs);
    return true;
  }

  /** A packet of the line goes; those that waited for no other go right behind it. */
  private pass(line: Line, dueNs: number): void {
    const { waiting } = line;
    if (waiting.length === 0) return;
    let kept = 0;
    for (const packet of waiting) {
      if (--packet.left > 0) waiting[kept++] = packet;
      else this.release(packet, dueNs);
    }
    waiting.length = kept;
  }

  /** From here on it waits for its time alone, which is not before `fromNs`. */
  private release(packet: HeldPacket, fromNs: number): void {
    this.held.put(packet, Math.max(packet.dueNs, fromNs) + packet.afterNs);
  }

  private handOn(packet: HeldPacket): void {
    this.view = packet.view;
    this.offset = packet.offset;
    this.length = packet.length;
    this.flow = packet.flow;
    this.frame = packet.frame;
    this.messages = packet.messages;
    this.captureNs = packet.captureNs;
    this.feedLatencyNs = packet.feedLatencyNs;
    this.dueNs = packet.dueNs;
    this.payloadSum = packet.payloadSum;
    this.toGiveBack = packet;
    this.noteOut(this.inOrder[packet.line], packet.place, packet.messages, packet.flow);
  }

  private noteOut({ counts, highestPlaces }: Line, place: number, messages: number, { index }: Flow): void {
    add(counts.out, messages);
    if (place === 0) return;
    if (place < (highestPlaces[index] ?? 0)) add(counts.outOfOrder, messages);
    else highestPlaces[index] = place;
  }

  private noteLost(): void {
    this.lostHere++;
    if (this.lostOnBoth !== null && this.lostHere === 2) add(this.lostOnBoth, this.packet.messages);
  }

  private lineOf(letter: string): Line {
    if (this.lastLine?.counts.line === letter) return this.lastLine;
    let line = this.lines.get(letter);
    if (line === undefined) {
      line = new Line(letter, this.inOrder.length, letter === 'B' && this.o.makeLineB !== undefined);
      this.lines.set(letter, line);
      this.inOrder.push(line);
    }
    this.lastLine = line;
    return line;
  }
}

class Line {
  readonly counts: LineFaults;
  /** Packets so far. */
  place = 0;
  /** The latest that was handed on, by its flow's index: who receives a flow has its numbers to go by. */
  readonly highestPlaces: number[] = [];
  /** Packets behind which others are to go first. */
  readonly waiting: HeldPacket[] = [];

  constructor(
    letter: string,
    readonly index: number,
    readonly isMade: boolean,
  ) {
    this.counts = noFaultsOf(letter);
  }
}
