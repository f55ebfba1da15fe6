/** Logarithm and exponential agree with the engine's own, whatever its steps are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { portableExp, portableLog } from '../../src/core/portable-math.js';

const near = 4 * Number.EPSILON;

describe('portable math', () => {
  it('takes logarithms', () => {
    expect(portableLog(1)).toBe(0);
    expect(portableLog(2)).toBe(Math.LN2);
    fc.assert(
      fc.property(fc.double({ min: 2 ** -1000, max: 2 ** 1000, noNaN: true }), (x) => {
        const wanted = Math.log(x);
        expect(Math.abs(portableLog(x) - wanted)).toBeLessThanOrEqual(near * Math.max(Math.abs(wanted), 0.5));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes powers of e', () => {
    expect(portableExp(0)).toBe(1);
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        const wanted = Math.exp(x);
        // What the argument's own rounding makes of it grows with the argument.
        expect(Math.abs(portableExp(x) / wanted - 1)).toBeLessThanOrEqual(near * Math.max(1, Math.abs(x)));
      }),
      { numRuns: 2000 },
    );
  });
});
