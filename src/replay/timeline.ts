/**
 * The capture's clock made continuous: time stamps as nanoseconds since the run's first datagram.
 *
 * Long idle gaps can be squeezed, a loop goes on where the one before ended, and a stamp too far off to be right (such
 * as a 1970 clock beside a right one) stays with the datagram before it.
 */

/** How far a stamp may be from the first one: 2^53 ns, in whole seconds (104 days). */
export const farthestSeconds = Math.floor(Number.MAX_SAFE_INTEGER / 1e9) - 1;

export interface TimelineOptions {
  /** The longest gap kept; a longer one between two datagrams, forwards or back, counts as this long. */
  readonly maxGapNs?: number;
}

/** Says where datagrams lie on the run's timeline, in the order of sending. */
export interface Placement {
  /** Nanoseconds from the run's first datagram to this one; 0 for the first. */
  place(seconds: number, nanoseconds: number): number;
  /** Begins the next loop where the one before was furthest. */
  startLoop(): void;
}

/**
 * Places datagrams, in the order of sending, on the run's timeline.
 *
 * Positions go back where stamps do. They are exact below 2^53 (104 days of capture, all loops together) and within
 * their double's last bit after that.
 */
export class Timeline implements Placement {
  /** Stamps more than 104 days from the first one of their loop, placed with the datagram before. */
  farStamps = 0;
  /** Gaps that were cut short to `maxGapNs`, and by how much in all. */
  squeezedGaps = 0;
  squeezedNs = 0;
  readonly #maxGapNs: number;
  /**
   * The loop's first stamp, and where it was placed. These begin as NaN, which is no small integer: the compiler keeps
   * them as doubles then, and throws nothing away when positions pass 2^31 ns.
   */
  #baseSeconds = Number.NaN;
  #baseNanoseconds = Number.NaN;
  #basePositionNs = Number.NaN;
  #atBase = true;
  /** What squeezing has taken off this loop's positions so far. */
  #shiftNs = Number.NaN;
  #previousRawNs = Number.NaN;
  #positionNs = Number.NaN;
  #highestNs = Number.NaN;

  constructor(options: TimelineOptions = {}) {
    this.#maxGapNs = options.maxGapNs ?? Number.POSITIVE_INFINITY;
    this.#highestNs = 0;
  }

  place(seconds: number, nanoseconds: number): number {
    if (this.#atBase) this.#startAt(seconds, nanoseconds);
    const sinceSeconds = seconds - this.#baseSeconds;
    if (sinceSeconds > farthestSeconds || sinceSeconds < -farthestSeconds) {
      this.farStamps++;
      return this.#positionNs;
    }
    const rawNs = sinceSeconds * 1e9 + (nanoseconds - this.#baseNanoseconds);
    this.#squeeze(rawNs - this.#previousRawNs);
    this.#previousRawNs = rawNs;
    this.#positionNs = this.#basePositionNs + (rawNs - this.#shiftNs);
    if (this.#positionNs > this.#highestNs) this.#highestNs = this.#positionNs;
    return this.#positionNs;
  }

  /**
   * Begins the next loop: its first datagram is placed at the furthest position of the loop before, gap 0, whatever its
   * stamp.
   */
  startLoop(): void {
    this.#atBase = true;
  }

  #startAt(seconds: number, nanoseconds: number): void {
    this.#atBase = false;
    this.#baseSeconds = seconds;
    this.#baseNanoseconds = nanoseconds;
    this.#basePositionNs = this.#highestNs;
    this.#positionNs = this.#highestNs;
    this.#shiftNs = 0;
    this.#previousRawNs = 0;
  }

  /** A jump back is cut short like one ahead: one wrong stamp then neither holds up the rest nor bursts it. */
  #squeeze(gapNs: number): void {
    const overNs = gapNs > 0 ? Math.max(0, gapNs - this.#maxGapNs) : Math.min(0, gapNs + this.#maxGapNs);
    if (overNs === 0) return;
    this.squeezedGaps++;
    this.squeezedNs += Math.abs(overNs);
    this.#shiftNs += overNs;
  }
}
