/**
 * Time stamps of pcapng (draft-ietf-opsawg-pcapng section 4.3): 64-bit counts of a unit that each interface chooses
 * (`if_tsresol`), from an origin that it may move (`if_tsoffset`). Exact to the nanosecond, finer units truncated,
 * from two 32-bit halves and without BigInt.
 */

/** `if_tsresol` where an interface gives none: microseconds. */
export const DEFAULT_RESOLUTION = 6;

/** Set in `if_tsresol` where the unit is a power of 2 and not of 10. */
export const BINARY_RESOLUTION = 0x80;

const BILLION = 1_000_000_000;

/** Splits the time stamps of one interface into seconds and nanoseconds. */
export class Timescale {
  seconds = 0;
  nanoseconds = 0;
  /** True where the last stamp's seconds do not fit a double exactly; they stand at its limit then. */
  outOfRange = false;
  /** The stamp in hand, 16 bits a place, least first; two places more for a product with 10^9. */
  private readonly limbs = new Float64Array(6);
  private readonly exponent: number;
  /** Units in a second where they are 10^6 or 10^9, which nearly every file has; else 0. */
  private readonly commonUnits: number;

  constructor(
    readonly resolution: number = DEFAULT_RESOLUTION,
    readonly offsetSeconds: number = 0,
  ) {
    this.exponent = resolution & 0x7f;
    this.commonUnits = resolution === 6 || resolution === 9 ? 10 ** resolution : 0;
  }

  /** Reads a stamp from its unsigned 32-bit halves. */
  split(high: number, low: number): void {
    if (this.commonUnits > 0) this.splitCommon(high, low, this.commonUnits);
    else if ((this.resolution & BINARY_RESOLUTION) !== 0) this.splitBinary(high, low);
    else this.splitDecimal(high, low);
    const seconds = this.seconds + this.offsetSeconds;
    this.outOfRange = !Number.isSafeInteger(seconds);
    this.seconds = this.outOfRange ? Math.sign(seconds) * Number.MAX_SAFE_INTEGER : seconds;
  }

  /**
   * The double quotient is at most one off, and the remainder modulo 2^32 tells in which direction: it lies between
   * -units and 2 * units, less than 2^32 apart.
   */
  private splitCommon(high: number, low: number, units: number): void {
    let seconds = Math.floor((high * 4294967296 + low) / units);
    let rest = (low - Math.imul(seconds, units)) >>> 0;
    if (rest >= 4294967296 - units) {
      seconds--;
      rest = (rest + units) >>> 0;
    } else if (rest >= units) {
      seconds++;
      rest -= units;
    }
    this.seconds = seconds;
    this.nanoseconds = rest * (BILLION / units);
  }

  private splitDecimal(high: number, low: number): void {
    this.load(high, low);
    let finer = this.exponent - 9;
    for (; finer > 0; finer -= 9) this.divide(10 ** Math.min(finer, 9));
    const units = 10 ** Math.min(this.exponent, 9);
    this.nanoseconds = this.divide(units) * (BILLION / units);
    this.seconds = this.whole(0);
  }

  private splitBinary(high: number, low: number): void {
    const { limbs, exponent } = this;
    const place = exponent >>> 4;
    const bits = exponent & 15;
    this.load(high, low);
    this.shiftRight(bits);
    this.seconds = this.whole(place);

    this.load(high, low);
    if (place < 4) {
      limbs.fill(0, place + 1);
      limbs[place] = (limbs[place] as number) & ((1 << bits) - 1);
    }
    this.multiply(BILLION);
    this.shiftRight(bits);
    this.nanoseconds = this.whole(place);
  }

  private load(high: number, low: number): void {
    const { limbs } = this;
    limbs[0] = low & 0xffff;
    limbs[1] = low >>> 16;
    limbs[2] = high & 0xffff;
    limbs[3] = high >>> 16;
    limbs[4] = 0;
    limbs[5] = 0;
  }

  /** Divides the limbs by at most 10^9 in place and returns the remainder. */
  private divide(divisor: number): number {
    const { limbs } = this;
    let rest = 0;
    for (let place = limbs.length - 1; place >= 0; place--) {
      const dividend = rest * 65536 + (limbs[place] as number);
      const digit = Math.floor(dividend / divisor);
      limbs[place] = digit;
      rest = dividend - digit * divisor;
    }
    return rest;
  }

  private multiply(factor: number): void {
    const { limbs } = this;
    let carry = 0;
    for (let place = 0; place < limbs.length; place++) {
      const product = (limbs[place] as number) * factor + carry;
      carry = Math.floor(product / 65536);
      limbs[place] = product - carry * 65536;
    }
  }

  /** Shifts the limbs right by 0 to 15 bits in place. */
  private shiftRight(bits: number): void {
    const { limbs } = this;
    for (let place = 0; place < limbs.length; place++) {
      const pair = (limbs[place + 1] ?? 0) * 65536 + (limbs[place] as number);
      limbs[place] = (pair >>> bits) & 0xffff;
    }
  }

  /** The limbs from `place` on as one number. */
  private whole(place: number): number {
    let value = 0;
    for (let at = this.limbs.length - 1; at >= place; at--) value = value * 65536 + (this.limbs[at] as number);
    return value;
  }
}
