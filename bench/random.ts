/** sfc32: a small, fast generator of which the bench needs only that it never changes. */

/** Returns a function that yields uniform integers from 0 to 2^32 − 1, the same ones for the same seed. */
export function sfc32(seed: number): () => number {
  let a = 0;
  let b = seed | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  function next(): number {
    const result = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  }
  for (let round = 0; round < 16; round++) next();
  return next;
}
