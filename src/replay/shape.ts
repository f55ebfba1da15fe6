/**
 * The shape of a load: how the rate changes while a replay runs, in multiples of what `--speed` asks for.
 *
 * Base lines follow one another without a gap, each with a rate that is constant or changes linearly; bursts take their
 * place while they last. Times are integer nanoseconds of the run, from its first deadline on.
 */
import type { Rational } from '../core/rational.js';

/** A stretch of the base; of a single one that never ends `endNs` is Infinity. */
export interface ShapeLine {
  /** As it was written, or what holds where nothing was. */
  readonly text: string;
  readonly startNs: number;
  readonly endNs: number;
  /** The rate where it starts and where it ends. */
  readonly from: Rational;
  readonly to: Rational;
}

/** A rate that takes the base's place again and again, or once; of bursts that overlap the one written last counts. */
export interface ShapeBurst {
  readonly text: string;
  readonly level: Rational;
  readonly startNs: number;
  readonly lengthNs: number;
  /** From start to start; Infinity: once. */
  readonly everyNs: number;
  /** None starts here or later. */
  readonly untilNs: number;
}

/** Plain data, which can be posted to a worker. */
export interface Shape {
  readonly text: string;
  /** From 0 on, each where the one before ends. */
  readonly lines: readonly ShapeLine[];
  readonly bursts: readonly ShapeBurst[];
  /** After so long the base begins anew; Infinity: never. Bursts go on counting from the run's start. */
  readonly periodNs: number;
}

/** Says which line or burst holds at a moment, and until when. */
export class ShapePieces {
  /** In `lines`, and behind those in `bursts`. */
  index = 0;
  fromNs = 0;
  toNs = 0;
  /** From the line's or burst's start to `fromNs`. */
  offsetNs = 0;
  private readonly shape: Shape;

  constructor(shape: Shape) {
    this.shape = shape;
  }

  /** Where `index` points. */
  get text(): string {
    const { lines, bursts } = this.shape;
    return (this.index < lines.length ? lines[this.index] : bursts[this.index - lines.length]).text;
  }

  /** Goes to what holds at `timeNs` and after it; it is cut where anything else begins. */
  moveTo(timeNs: number): void {
    const { lines, periodNs } = this.shape;
    const sinceNs = periodNs === Number.POSITIVE_INFINITY ? timeNs : timeNs % periodNs;
    let index = 0;
    while (lines[index].endNs <= sinceNs) index++;
    this.index = index;
    this.fromNs = timeNs;
    this.offsetNs = sinceNs - lines[index].startNs;
    this.toNs = timeNs + (lines[index].endNs - sinceNs);
    this.#overlay(timeNs);
  }

  #overlay(timeNs: number): void {
    const { lines, bursts } = this.shape;
    for (let index = 0; index < bursts.length; index++) {
      const { startNs, lengthNs, everyNs, untilNs } = bursts[index];
      const rounds = timeNs < startNs ? -1 : Math.floor((timeNs - startNs) / everyNs);
      // Of a burst that comes once `everyNs` is Infinity, and 0 times that is no number.
      const latestNs = rounds > 0 ? startNs + rounds * everyNs : startNs;
      if (rounds >= 0 && latestNs < untilNs && timeNs < latestNs + lengthNs) {
        this.index = lines.length + index;
        this.offsetNs = timeNs - latestNs;
        this.toNs = Math.min(this.toNs, latestNs + lengthNs);
      } else {
        const nextNs = rounds < 0 ? startNs : latestNs + everyNs;
        if (nextNs < untilNs) this.toNs = Math.min(this.toNs, nextNs);
      }
    }
  }
}
