/**
 * What a run shares with whoever watches it: figures as they grow, and a word that interrupts any wait.
 *
 * One SharedArrayBuffer, so that a terminal thread can draw progress, and stop or steer a sender that is spinning. Only
 * the sender writes figures; a torn read of one costs one wrong progress line.
 */

const controlBytes = 8;
/** What the word says: nothing, the run is to end, a command waits in the run's `CommandSource`. */
const RUN = 0;
const STOP = 1;
const COMMAND = 2;
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
  /** 1 while the run stands still. */
  'paused',
] as const;

export type Figure = (typeof figureNames)[number];

const indexOf = Object.fromEntries(figureNames.map((name, index) => [name, index])) as Record<Figure, number>;

/** Positions in `ReplayControl.figures`. */
export const figure = indexOf;

export class ReplayControl {
  readonly memory: SharedArrayBuffer;
  /** Word 0: anything but 0 ends waits, at once where it is notified. */
  readonly stopWord: Int32Array<SharedArrayBuffer>;
  readonly figures: Float64Array<SharedArrayBuffer>;

  constructor(memory = new SharedArrayBuffer(controlBytes + figureNames.length * 8)) {
    this.memory = memory;
    this.stopWord = new Int32Array(memory, 0, 1);
    this.figures = new Float64Array(memory, controlBytes);
  }

  /** Asks the run to end before its next packet. */
  stop(): void {
    Atomics.store(this.stopWord, 0, STOP);
    Atomics.notify(this.stopWord, 0);
  }

  get stopped(): boolean {
    return Atomics.load(this.stopWord, 0) === STOP;
  }

  /** Says that a command waits; to be called after it was put where the run looks for it. */
  ring(): void {
    Atomics.compareExchange(this.stopWord, 0, RUN, COMMAND);
    Atomics.notify(this.stopWord, 0);
  }

  /** Takes notice of the ring; to be called before commands are looked for, so that a later one rings again. */
  heard(): void {
    Atomics.compareExchange(this.stopWord, 0, COMMAND, RUN);
  }

  /** Whether the run is asked to stop or to look for a command. */
  get isInterrupted(): boolean {
    return Atomics.load(this.stopWord, 0) !== RUN;
  }

  read(name: Figure): number {
    return this.figures[indexOf[name]];
  }
}
