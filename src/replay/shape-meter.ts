/** How each part of a shape was kept: what was due while it held, and what was sent. */
import type { RunObserver } from './run-trace.js';
import { headerBytes as payloadHeaderBytes } from './scheduled-reader.js';
import { type Shape, ShapePieces } from './shape.js';

export interface AmountsPerSecond {
  packetsPerSecond: number;
  messagesPerSecond: number;
  /** Of layer 2 without the frame check sequence. */
  bitsPerSecond: number;
}

/** One part of a shape, all the times that it held taken together. */
export interface ShapeShare {
  /** As it was written, or what held where nothing was. */
  part: string;
  /** How long it held, from the first deadline to the last. */
  seconds: number;
  /** What was due in that time … */
  asked: AmountsPerSecond;
  /** … and what was sent while it held. */
  reached: AmountsPerSecond;
}

/** Amounts by part, taken in the order of time. */
class Tally {
  readonly ns: Float64Array;
  readonly packets: Float64Array;
  readonly messages: Float64Array;
  readonly bits: Float64Array;
  readonly #pieces: ShapePieces;
  readonly #headerBytes: number;
  #latestNs = 0;

  constructor(shape: Shape, headerBytes: number) {
    this.#headerBytes = headerBytes;
    const parts = shape.lines.length + shape.bursts.length;
    this.ns = new Float64Array(parts);
    this.packets = new Float64Array(parts);
    this.messages = new Float64Array(parts);
    this.bits = new Float64Array(parts);
    this.#pieces = new ShapePieces(shape);
    this.#pieces.moveTo(0);
  }

  add(timeNs: number, messages: number, lengthBytes: number): void {
    const pieces = this.#pieces;
    while (timeNs >= pieces.toNs) {
      this.ns[pieces.index] += pieces.toNs - pieces.fromNs;
      pieces.moveTo(pieces.toNs);
    }
    this.#latestNs = timeNs;
    const { index } = pieces;
    this.packets[index]++;
    this.messages[index] += messages;
    this.bits[index] += (lengthBytes + this.#headerBytes) * 8;
  }

  /** Counts the part that holds at the end up to there. */
  close(): void {
    const { index, fromNs } = this.#pieces;
    this.ns[index] += Math.max(0, this.#latestNs - fromNs);
  }

  perSecond(index: number): AmountsPerSecond {
    const seconds = this.ns[index] / 1e9;
    const over = (amounts: Float64Array): number => (seconds > 0 ? amounts[index] / seconds : 0);
    return {
      packetsPerSecond: over(this.packets),
      messagesPerSecond: over(this.messages),
      bitsPerSecond: over(this.bits),
    };
  }
}

/** Told of each packet; tells another observer too. */
export class ShapeMeter implements RunObserver {
  readonly #shape: Shape;
  readonly #due: Tally;
  readonly #sent: Tally;
  readonly #next: RunObserver | undefined;

  /** `headerBytes`: what a packet takes on layer 2 beside the bytes that are sent. */
  constructor(shape: Shape, next?: RunObserver, headerBytes = payloadHeaderBytes) {
    this.#shape = shape;
    this.#due = new Tally(shape, headerBytes);
    this.#sent = new Tally(shape, headerBytes);
    this.#next = next;
  }

  sent(startNs: number, messages: number, lengthBytes: number): void {
    this.#sent.add(startNs, messages, lengthBytes);
    this.#next?.sent(startNs, messages, lengthBytes);
  }

  due(dueNs: number, lateNs: number, messages: number, lengthBytes: number): void {
    this.#due.add(dueNs, messages, lengthBytes);
    this.#next?.due(dueNs, lateNs, messages, lengthBytes);
  }

  /** The parts that held at all, in the order of writing, bursts behind the base; ends the measurement. */
  finish(): ShapeShare[] {
    this.#due.close();
    this.#sent.close();
    const { lines, bursts } = this.#shape;
    return [...lines, ...bursts]
      .map(({ text }, index) => ({
        part: text,
        seconds: this.#due.ns[index] / 1e9,
        asked: this.#due.perSecond(index),
        reached: this.#sent.perSecond(index),
      }))
      .filter(({ seconds }) => seconds > 0);
  }
}
