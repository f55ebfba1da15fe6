/**
 * A sum of integers that stays exact where a double would round, so that parts can be added up in any order.
 *
 * It is kept as units of 2^50 and a rest, both exact.
 */

const unit = 2 ** 50;
/** Two numbers up to here add up without rounding. */
const most = 2 ** 52;

export class ExactSum {
  units = 0;
  rest: number;

  constructor() {
    // Begun as no small integer, it is a double from the first value on.
    this.rest = Number.NaN;
    this.rest = 0;
  }

  /** The sum, rounded once. */
  get value(): number {
    return this.units * unit + this.rest;
  }

  /** Adds an integer, of 2^52 at most. */
  add(value: number): void {
    const rest = this.rest + value;
    if (rest <= most && rest >= -most) this.rest = rest;
    else this.carry(rest);
  }

  /** Adds the same so many times. */
  addTimes(value: number, times: number): void {
    const product = value * times;
    if (Math.abs(product) <= most) this.add(product);
    else for (let time = 0; time < times; time++) this.add(value);
  }

  /** Adds another sum. */
  addSum({ units, rest }: Pick<ExactSum, 'units' | 'rest'>): void {
    this.units += units;
    this.add(rest);
  }

  clear(): void {
    this.units = 0;
    this.rest = 0;
  }

  private carry(rest: number): void {
    const units = Math.trunc(rest / unit);
    this.units += units;
    this.rest = rest - units * unit;
  }
}
