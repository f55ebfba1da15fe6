/**
 * What networks do to packets on their way into a file: packets lost, repeated, and overtaken by later ones, on one
 * line or on two that carry the same, of one feed or of several. All of it comes from a seed, and all of it is told.
 *
 * The packet that ends the session is left alone, so that every loss can be found. A packet has one fault at most.
 * How packets are numbered is handed in; without that they are MoldUDP64's.
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
/** How far the second line is behind, where no other skew is asked for. */
const defaultSkew: Skew = { leastNs: 20_000, mostNs: 120_000 };
/** It changes slowly: by so many parts of its range at most from one packet to the next. */
const skewParts = 100;
const skewStep = 4;

/** The numbers of one packet. */
export interface PacketNumbers {
  /** Those that it carries: of its messages, or its own. */
  from: number;
  to: number;
  /** Its messages. */
  messages: number;
  /** It ends the session. */
  isLast: boolean;
}

/** How far the second line is behind the first, in nanoseconds, both ends included. */
export interface Skew {
  readonly leastNs: number;
  readonly mostNs: number;
}

/** Reads a packet's numbers into what is handed over. */
export type NumbersOf = (view: DataView, offset: number, length: number, numbers: PacketNumbers) => void;

/** What each feed has of its own. */
export interface FeedFaultOptions {
  readonly gaps?: FaultShare;
  readonly dups?: FaultShare;
  readonly reorder?: FaultShare;
  /** The flow of the second line, with as many faults of its own. */
  readonly lineB?: Flow;
}

export interface FaultOptions extends FeedFaultOptions {
  readonly seed: number | string;
  /** Messages of the session: where a number of faults is asked for, they are spread over these. */
  readonly messages: number;
  readonly reorderDepth?: number;
  /** Of the second line: 20 to 120 us. */
  readonly skew?: Skew;
  /** How packets are numbered: as MoldUDP64 does. */
  readonly numbersOf?: NumbersOf;
  /** Of a session with several feeds: what the feed of this flow has. */
  readonly feedOf?: (flow: Flow) => FeedFaultOptions;
}

/** Numbers `from` to `to`, inclusive: a lost packet's, those of several next to each other, or one packet's. */
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
  /** Of the first feed, or the only one. */
  readonly truth: FaultsTruth = { lines: [], lostOnAllLines: noFaults() };
  private readonly order: TimeOrder;
  private readonly feeds: Feed[] = [];
  /** Those of all feeds. */
  private readonly lines: Line[] = [];
  private readonly output: DatagramOutput;
  private readonly options: FaultOptions;
  private readonly numbersOf: NumbersOf;
  private readonly numbers: PacketNumbers = { from: 0, to: 0, messages: 0, isLast: false };

  constructor(output: DatagramOutput, options: FaultOptions) {
    this.output = output;
    this.options = options;
    this.order = new TimeOrder(output);
    this.numbersOf = options.numbersOf ?? moldUDP64Numbers;
  }

  /** Of every feed, in order of its first packet. */
  get feedTruths(): FaultsTruth[] {
    return this.feeds.map(({ truth }) => truth);
  }

  datagram(view: DataView, offset: number, length: number, flow: Flow, seconds: number, nanoseconds: number): void {
    const { numbers } = this;
    const feed = this.feedOf(flow);
    this.numbersOf(view, offset, length, numbers);
    let isLost = true;
    for (const line of this.lines) line.expire(seconds, nanoseconds);
    this.order.advance(seconds, nanoseconds);
    for (const line of feed.lines) {
      if (line.packet(view, offset, length, numbers, seconds, nanoseconds)) isLost = false;
    }
    if (isLost) record(feed.truth.lostOnAllLines, numbers.from, numbers.to, numbers.messages, true);
  }

  close(): void {
    try {
      for (const line of this.lines) line.release();
      this.order.end();
    } finally {
      this.output.close();
    }
  }

  private feedOf(flow: Flow): Feed {
    for (const feed of this.feeds) if (feed.flow === flow) return feed;
    return this.open(flow);
  }

  private open(flow: Flow): Feed {
    const { options } = this;
    const own = options.feedOf?.(flow) ?? options;
    const number = this.feeds.length;
    const truth = number === 0 ? this.truth : { lines: [], lostOnAllLines: noFaults() };
    const flows = own.lineB === undefined ? [flow] : [flow, own.lineB];
    const lines = flows.map((flowOfLine, index) => {
      const seed = `${options.seed}${number === 0 ? '' : ` feed ${number}`} line ${index}`;
      return new Line(this.order, flowOfLine, index, new Random(seed), own, options);
    });
    for (const line of lines) truth.lines.push(line.truth);
    const feed = { flow, lines, truth };
    this.feeds.push(feed);
    this.lines.push(...lines);
    return feed;
  }
}

/** One feed: the flow that its packets come with, and the lines that they go to. */
interface Feed {
  readonly flow: Flow;
  readonly lines: readonly Line[];
  readonly truth: FaultsTruth;
}

function moldUDP64Numbers(view: DataView, offset: number, _length: number, numbers: PacketNumbers): void {
  const count = readMessageCount(view, offset);
  const from = readSequence(view, offset);
  const isLast = count === END_OF_SESSION_COUNT || count === 0;
  numbers.from = from;
  numbers.to = isLast ? from - 1 : from + count - 1;
  numbers.messages = isLast ? 0 : count;
  numbers.isLast = isLast;
}

/** A packet that waits to be overtaken. */
interface Waiting {
  readonly view: DataView;
  readonly length: number;
  readonly from: number;
  readonly to: number;
  readonly messages: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  left: number;
  overtaken: boolean;
}

class Line {
  readonly truth: LineTruth;
  private readonly gaps: FaultDraw;
  private readonly dups: FaultDraw;
  private readonly reorder: FaultDraw;
  private readonly depth: number;
  private waiting: Waiting[] = [];
  private readonly skew: Skew;
  /** How far the line is behind, in parts of its skew's range. */
  private delayParts = 0;
  /** Stamp of the latest packet of the line. */
  private seconds = 0;
  private nanoseconds = 0;
  /** The next packet's first message among those of the line, from 1. */
  private position = 1;

  constructor(
    private readonly order: TimeOrder,
    private readonly flow: Flow,
    private readonly index: number,
    private readonly random: Random,
    own: FeedFaultOptions,
    options: FaultOptions,
  ) {
    this.gaps = new FaultDraw(own.gaps, options.messages, random);
    this.dups = new FaultDraw(own.dups, options.messages, random);
    this.reorder = new FaultDraw(own.reorder, options.messages, random);
    this.depth = options.reorderDepth ?? defaultReorderDepth;
    this.skew = options.skew ?? defaultSkew;
    this.truth = { flow: flow.name, packets: 0, lost: noFaults(), duplicated: noFaults(), reordered: noFaults() };
  }

  /** One packet of the session; false where the line loses it. */
  packet(
    view: DataView,
    offset: number,
    length: number,
    numbers: PacketNumbers,
    seconds: number,
    nanoseconds: number,
  ): boolean {
    const { from, to, messages, isLast } = numbers;
    const { position } = this;
    this.delay(seconds, nanoseconds);
    if (isLast) {
      this.release();
      // Behind the last copy.
      this.put(view, offset, length, copyDelay[1]);
      return true;
    }
    this.position += messages;
    if (this.gaps.hits(position, messages)) {
      record(this.truth.lost, from, to, messages, true);
      return false;
    }
    const isCopied = this.dups.hits(position, messages);
    if (!isCopied && this.waiting.length < maxReorderDepth && this.reorder.hits(position, messages)) {
      this.hold(view, offset, length, numbers);
      return true;
    }
    this.put(view, offset, length, 0);
    if (isCopied) {
      this.put(view, offset, length, this.between(copyDelay));
      record(this.truth.duplicated, from, to, messages, false);
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

  private hold(view: DataView, offset: number, length: number, numbers: PacketNumbers): void {
    const { from, to, messages } = numbers;
    const copy = new DataView(new ArrayBuffer(length));
    copyBytes(view, offset, copy, 0, length);
    const { seconds, nanoseconds } = this;
    const left = 1 + this.random.below(this.depth);
    this.waiting.push({ view: copy, length, from, to, messages, seconds, nanoseconds, left, overtaken: false });
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
    if (packet.overtaken) record(this.truth.reordered, packet.from, packet.to, packet.messages, false);
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
    const sum = nanoseconds + (this.index > 0 ? this.nextDelayNs() : 0);
    const carried = Math.floor(sum / 1e9);
    const arrivalSeconds = seconds + carried;
    const arrivalNs = sum - carried * 1e9;
    if (arrivalSeconds < this.seconds || (arrivalSeconds === this.seconds && arrivalNs < this.nanoseconds)) return;
    this.seconds = arrivalSeconds;
    this.nanoseconds = arrivalNs;
  }

  private nextDelayNs(): number {
    const { leastNs, mostNs } = this.skew;
    const step = this.random.below(2 * skewStep + 1) - skewStep;
    this.delayParts = Math.max(0, Math.min(skewParts, this.delayParts + step));
    return leastNs + Math.floor(((mostNs - leastNs) * this.delayParts) / skewParts);
  }

  private between([least, below]: readonly number[]): number {
    return least + this.random.below(below - least);
  }
}

function noFaults(): FaultTruth {
  return { packets: 0, messages: 0, ranges: [], rangesLeftOut: 0 };
}

/** Adds a packet's messages; `merges` those behind the last range to it. */
function record(truth: FaultTruth, from: number, to: number, messages: number, merges: boolean): void {
  const last = truth.ranges.at(-1);
  truth.packets++;
  truth.messages += messages;
  if (merges && last !== undefined && truth.rangesLeftOut === 0 && last.to + 1 === from) last.to = to;
  else if (truth.ranges.length < maxListedFaults) truth.ranges.push({ from, to });
  else truth.rangesLeftOut++;
}
