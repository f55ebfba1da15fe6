/**
 * What a run shares with whoever watches it: figures as they grow, and a stop word that interrupts any wait.
 *
 * One SharedArrayBuffer, so that a terminal thread can draw progress and stop a sender that is spinning. Only the
 * sender writes figures, only the watcher writes the stop word; a torn read of a figure costs one wrong progress line.
 */

const controlBytes = 8;
const figureNames = [
  'packets',
  'bytes',
  'messages',
  /** Capture time of the latest packet, ns since the first. */
  'positionNs',
  /** Time since the run's origin, ns. */
  'elapsedNs',
  'sourceBytesRead',
  'latenessP99Ns',
  'longestLagNs',
  'loop',
] as const;

export type Figure = (typeof figureNames)[number];

const indexOf = Object.fromEntries(figureNames.map((name, index) => [name, index])) as Record<Figure, number>;

/** Positions in `ReplayControl.figures`. */
export const figure = indexOf;

export class ReplayControl {
  readonly memory: SharedArrayBuffer;
  /** Word 0: set to 1 to stop; waits on it end at once when notified. */
  readonly stopWord: Int32Array<SharedArrayBuffer>;
  readonly figures: Float64Array<SharedArrayBuffer>;

  constructor(memory = new SharedArrayBuffer(controlBytes + figureNames.length * 8)) {
    this.memory = memory;
    this.stopWord = new Int32Array(memory, 0, 1);
    this.figures = new Float64Array(memory, controlBytes);
  }

  /** Asks the run to end before its next packet. */
  stop(): void {
    Atomics.store(this.stopWord, 0, 1);
    Atomics.notify(this.stopWord, 0);
  }

  get stopped(): boolean {
    return Atomics.load(this.stopWord, 0) !== 0;
  }

  read(name: Figure): number {
    return this.figures[indexOf[name]];
  }
}
