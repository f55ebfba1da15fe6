/**
 * Logarithm and exponential by IEEE 754's four operations alone, so that draws that come from them are the same on
 * every machine: what `Math.log` and `Math.exp` return is left to the engine, and compilers fuse their steps.
 */

const ln2 = Math.LN2;
const sqrtHalf = Math.SQRT1_2;
/** Terms of the series; the first left out is below a double's last bit. */
const logTerms = 12;
const expTerms = 16;
/** 1023 is the exponent of 1. */
const exponentBias = 1023;

const bits = new DataView(new ArrayBuffer(8));

/** The natural logarithm of a normal positive double, within a few last bits. */
export function portableLog(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - exponentBias + 1;
  bits.setUint32(0, (high & 0x000f_ffff) | ((exponentBias - 1) << 20));
  // From 0.5 to 1, and from there to sqrt(0.5) to sqrt(2).
  let mantissa = bits.getFloat64(0);
  if (mantissa < sqrtHalf) {
    mantissa *= 2;
    exponent--;
  }
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (let term = logTerms; term >= 0; term--) sum = sum * square + 1 / (2 * term + 1);
  return exponent * ln2 + 2 * ratio * sum;
}

/** e to the power of x for x from -700 to 700, within a few last bits. */
export function portableExp(x: number): number {
  const halvings = Math.round(x / ln2);
  const rest = x - halvings * ln2;
  let sum = 1;
  for (let term = expTerms; term >= 1; term--) sum = 1 + (sum * rest) / term;
  bits.setUint32(4, 0);
  bits.setUint32(0, (halvings + exponentBias) << 20);
  return sum * bits.getFloat64(0);
}
