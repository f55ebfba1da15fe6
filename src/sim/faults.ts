/**
 * What networks do to MoldUDP64 packets on their way into a file: packets lost, repeated, and overtaken by later ones,
 * on one line or on two that carry the same. All of it comes from a seed, and all of it is told.
 *
 * The packet that ends the session is left alone, so that every loss can be found. A packet has one fault at most.
 */

import { copyBytes } from '../core/copy.js';
import { Random } from '../core/random.js';
import type { DatagramOutput, Flow } from '../core/seams.js';
import { END_OF_SESSION_COUNT, readMessageCount, readSequence } from '../session/moldudp64-header.js';
import { FaultDraw, type FaultShare } from './fault-draw.js';
import { TimeOrder } from './time-order.js';

/** Faults of one kind listed one by one; those beyond are counted. */
export const maxListedFaults = 10_000;
/** A packet is overtaken by so many later ones at most, where no other number is asked for. */
export const defaultReorderDepth = 4;
/** The greatest depth: as many packets are held. */
export const maxReorderDepth = 64;

const microsecond = 1000;
/** A packet waits so long to be overtaken; where none came by then, it goes on and a later one is chosen instead. */
const maxWaitNs = 1_000_000;
/** A copy comes so much later, in microseconds, at least and less than. */
const copyDelay = [5, 200];
/** How far the second line is behind, likewise; it changes slowly. */
const lineDelay = [20, 120];
const lineDelayStep = 4;

export interface FaultOptions {
  readonly seed: number | string;
  /** Messages of the session: where a number of faults is asked for, they are spread over these. */
  readonly messages: number;
  readonly gaps?: FaultShare;
  readonly dups?: FaultShare;
  readonly reorder?: FaultShare;
  readonly reorderDepth?: number;
  /** The flow of the second line, with as many faults of its own. */
  readonly lineB?: Flow;
}

/** Messages `from` to `to`, inclusive: a lost packet's, those of several next to each other, or one packet's. */
export interface MessageRange {
  readonly from: number;
  to: number;
}

/** Faults of one kind: packets and messages counted, the first listed. */
export interface FaultTruth {
  packets: number;
  messages: number;
  readonly ranges: MessageRange[];
  /** Ranges beyond the most that are listed. */
  rangesLeftOut: number;
}

export interface LineTruth {
  readonly flow: string;
  /** Packets in the file, copies included. */
  packets: number;
  readonly lost: FaultTruth;
  readonly duplicated: FaultTruth;
  readonly reordered: FaultTruth;
}

export interface FaultsTruth {
  readonly lines: LineTruth[];
  /** Lost on every line. */
  readonly lostOnAllLines: FaultTruth;
}

/** Takes the packets of a session and hands them on to a file with their faults. */
export class FaultyLines implements DatagramOutput {
  readonly truth: FaultsTruth = { lines: [], lostOnAllLines: noFaults() };
  private readonly order: TimeOrder;
  private readonly lines: Line[] = [];
  private readonly output: DatagramOutput;
  private readonly options: FaultOptions;

  constructor(output: DatagramOutput, options: FaultOptions) {
    this.output = output;
    this.options = options;
    this.order = new TimeOrder(output);
  }

  datagram(view: DataView, offset: number, length: number, flow: Flow, seconds: number, nanoseconds: number): void {
    if (this.lines.length === 0) this.open(flow);
    const count = readMessageCount(view, offset);
    const from = readSequence(view, offset);
    const isEnd = count === END_OF_SESSION_COUNT;
    let isLost = true;
    for (const line of this.lines) line.expire(seconds, nanoseconds);
    this.order.advance(seconds, nanoseconds);
    for (const line of this.lines) {
      const arrived = line.packet(view, offset, length, from, isEnd ? 0 : count, seconds, nanoseconds);
      if (arrived) isLost = false;
    }
    if (isLost) record(this.truth.lostOnAllLines, from, from + count - 1, true);
  }

  close(): void {
    try {
      for (const line of this.lines) line.release();
      this.order.end();
    } finally {
      this.output.close();
    }
  }

  private open(flow: Flow): void {
    const { options } = this;
    const flows = options.lineB === undefined ? [flow] : [flow, options.lineB];
    for (const [index, flowOfLine] of flows.entries()) {
      const line = new Line(this.order, flowOfLine, index, options);
      this.lines.push(line);
      this.truth.lines.push(line.truth);
    }
  }
}

/** A packet that waits to be overtaken. */
interface Waiting {
  readonly view: DataView;
  readonly length: number;
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  left: number;
  overtaken: boolean;
}

class Line {
  readonly truth: LineTruth;
  private readonly random: Random;
  private readonly gaps: FaultDraw;
  private readonly dups: FaultDraw;
  private readonly reorder: FaultDraw;
  private readonly depth: number;
  private waiting: Waiting[] = [];
  private delayUs: number;
  /** Stamp of the latest packet of the line. */
  private seconds = 0;
  private nanoseconds = 0;

  constructor(
    private readonly order: TimeOrder,
    private readonly flow: Flow,
    private readonly index: number,
    options: FaultOptions,
  ) {
    const random = new Random(`${options.seed} line ${index}`);
    this.random = random;
    this.gaps = new FaultDraw(options.gaps, options.messages, random);
    this.dups = new FaultDraw(options.dups, options.messages, random);
    this.reorder = new FaultDraw(options.reorder, options.messages, random);
    this.depth = options.reorderDepth ?? defaultReorderDepth;
    this.delayUs = index === 0 ? 0 : lineDelay[0];
    this.truth = { flow: flow.name, packets: 0, lost: noFaults(), duplicated: noFaults(), reordered: noFaults() };
  }

  /** One packet of the session, `count` 0 where it ends it; false where the line loses it. */
  packet(
    view: DataView,
    offset: number,
    length: number,
    from: number,
    count: number,
    seconds: number,
    nanoseconds: number,
  ): boolean {
    const to = from + count - 1;
    this.delay(seconds, nanoseconds);
    if (count === 0) {
      this.release();
      // Behind the last copy.
      this.put(view, offset, length, copyDelay[1]);
      return true;
    }
    if (this.gaps.hits(from, count)) {
      record(this.truth.lost, from, to, true);
      return false;
    }
    const isCopied = this.dups.hits(from, count);
    if (!isCopied && this.waiting.length < maxReorderDepth && this.reorder.hits(from, count)) {
      this.hold(view, offset, length, from, to);
      return true;
    }
    this.put(view, offset, length, 0);
    if (isCopied) {
      this.put(view, offset, length, this.between(copyDelay));
      record(this.truth.duplicated, from, to, false);
    }
    this.overtake();
    return true;
  }

  /** Sends what still waits. */
  release(): void {
    for (const packet of this.waiting) this.send(packet);
    this.waiting = [];
  }

  /** Sends what has waited too long at this time. */
  expire(seconds: number, nanoseconds: number): void {
    if (this.waiting.length === 0) return;
    const isDue = (packet: Waiting) => {
      return (seconds - packet.seconds) * 1e9 + (nanoseconds - packet.nanoseconds) > maxWaitNs;
    };
    for (const packet of this.waiting) {
      if (!isDue(packet)) continue;
      this.send(packet);
      if (!packet.overtaken) this.reorder.giveBack();
    }
    this.waiting = this.waiting.filter((packet) => !isDue(packet));
  }

  private hold(view: DataView, offset: number, length: number, from: number, to: number): void {
    const copy = new DataView(new ArrayBuffer(length));
    copyBytes(view, offset, copy, 0, length);
    const { seconds, nanoseconds } = this;
    const left = 1 + this.random.below(this.depth);
    this.waiting.push({ view: copy, length, from, to, seconds, nanoseconds, left, overtaken: false });
  }

  /** One packet went past those that wait; each goes, with its stamp, behind the last that it waited for. */
  private overtake(): void {
    if (this.waiting.length === 0) return;
    for (const packet of this.waiting) {
      packet.left--;
      packet.overtaken = true;
      if (packet.left === 0) this.send(packet);
    }
    this.waiting = this.waiting.filter((packet) => packet.left > 0);
  }

  private send(packet: Waiting): void {
    this.put(packet.view, 0, packet.length, 0);
    if (packet.overtaken) record(this.truth.reordered, packet.from, packet.to, false);
  }

  private put(view: DataView, offset: number, length: number, delayUs: number): void {
    let { seconds } = this;
    let nanoseconds = this.nanoseconds + delayUs * microsecond;
    if (nanoseconds >= 1e9) {
      nanoseconds -= 1e9;
      seconds++;
    }
    this.truth.packets++;
    this.order.put(view, offset, length, this.flow, seconds, nanoseconds);
  }

  /** When a packet of this moment arrives on the line: never before the one ahead of it. */
  private delay(seconds: number, nanoseconds: number): void {
    if (this.index > 0) {
      const step = this.random.below(2 * lineDelayStep + 1) - lineDelayStep;
      this.delayUs = Math.max(lineDelay[0], Math.min(lineDelay[1], this.delayUs + step));
    }
    let arrivalSeconds = seconds;
    let arrivalNs = nanoseconds + this.delayUs * microsecond;
    if (arrivalNs >= 1e9) {
      arrivalNs -= 1e9;
      arrivalSeconds++;
    }
    if (arrivalSeconds < this.seconds || (arrivalSeconds === this.seconds && arrivalNs < this.nanoseconds)) return;
    this.seconds = arrivalSeconds;
    this.nanoseconds = arrivalNs;
  }

  private between([least, below]: readonly number[]): number {
    return least + this.random.below(below - least);
  }
}

function noFaults(): FaultTruth {
  return { packets: 0, messages: 0, ranges: [], rangesLeftOut: 0 };
}

/** Adds a packet's messages; `merges` those behind the last range to it. */
function record(truth: FaultTruth, from: number, to: number, merges: boolean): void {
  const last = truth.ranges.at(-1);
  truth.packets++;
  truth.messages += to - from + 1;
  if (merges && last !== undefined && truth.rangesLeftOut === 0 && last.to + 1 === from) last.to = to;
  else if (truth.ranges.length < maxListedFaults) truth.ranges.push({ from, to });
  else truth.rangesLeftOut++;
}
