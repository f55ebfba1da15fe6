/**
 * Seeded pseudo-random numbers: xoshiro128** 1.1 (Blackman and Vigna 2018), period 2^128 - 1, 32-bit operations only.
 *
 * The sequence for a seed is fixed for good: fixtures, benches and reports of failures depend on it. A numeric seed
 * fills the state by splitmix32 (Weyl constant 0x9e3779b9, finaliser of MurmurHash3), a text by FNV-1a into it.
 */

const two32 = 2 ** 32;

export class Random {
  readonly #state = new Uint32Array(4);

  /** A number counts as its 64-bit truncation to an integer, a text as its UTF-16 code units. */
  constructor(seed: number | string) {
    let weyl = typeof seed === 'number' ? seed >>> 0 : hash(seed);
    const high = typeof seed === 'number' ? Math.floor(seed / two32) >>> 0 : 0;
    for (let index = 0; index < 4; index++) {
      weyl = (weyl + 0x9e3779b9) >>> 0;
      this.#state[index] = mix(weyl ^ (index < 2 ? 0 : high));
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** 0 to 2^32 - 1. */
  nextUint32(): number {
    const state = this.#state;
    const second = state[1];
    const scrambled = Math.imul(second, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    state[2] ^= state[0];
    state[3] ^= second;
    state[1] = second ^ state[2];
    state[0] ^= state[3];
    state[2] ^= second << 9;
    state[3] = (state[3] << 11) | (state[3] >>> 21);
    return result;
  }

  /** An integer from 0 to `n` - 1, every one as likely; `n` is 1 to 2^32. */
  below(n: number): number {
    // What is left of 2^32 after whole multiples of n would favour the first numbers: draw again.
    const fair = two32 - (two32 % n);
    let drawn = this.nextUint32();
    while (drawn >= fair) drawn = this.nextUint32();
    return drawn % n;
  }

  /** From 0 (inclusive) to 1 (exclusive), 53 bits. */
  float(): number {
    const high = this.nextUint32() >>> 5;
    return (high * 0x400_0000 + (this.nextUint32() >>> 6)) / 2 ** 53;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }
}

function mix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function hash(text: string): number {
  let hashed = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hashed = Math.imul(hashed ^ text.charCodeAt(index), 0x01000193);
  }
  return hashed >>> 0;
}
