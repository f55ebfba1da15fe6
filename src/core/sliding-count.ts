/** How many events lie in the window that ends with the latest: a ring of their times, grown as it must be. */
import { UsageError } from './errors.js';

const firstCapacity = 1024;
/** Events in one window; 8 bytes each. */
const mostEvents = 2 ** 24;

export class SlidingCount {
  readonly #windowNs: number;
  #times = new Float64Array(firstCapacity);
  #first = 0;
  #count = 0;

  constructor(windowNs: number) {
    this.#windowNs = windowNs;
  }

  /** Takes an event no earlier than the one before; returns how many are less than a window before it, with itself. */
  add(timeNs: number): number {
    const mask = this.#times.length - 1;
    while (this.#count > 0 && this.#times[this.#first] <= timeNs - this.#windowNs) {
      this.#first = (this.#first + 1) & mask;
      this.#count--;
    }
    if (this.#count > mask) this.#grow();
    this.#times[(this.#first + this.#count) & (this.#times.length - 1)] = timeNs;
    return ++this.#count;
  }

  #grow(): void {
    const { length } = this.#times;
    if (length >= mostEvents) {
      throw new UsageError('window', `more than ${mostEvents} packets lie in one window; choose a shorter one`);
    }
    const larger = new Float64Array(length * 2);
    larger.set(this.#times.subarray(this.#first));
    larger.set(this.#times.subarray(0, this.#first), length - this.#first);
    this.#times = larger;
    this.#first = 0;
  }
}
