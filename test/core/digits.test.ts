import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  placePoint,
  writeBillionths,
  writeEpochNs,
  writeI32,
  writeI64,
  writeNine,
  writeSafe,
  writeU32,
  writeU64,
} from '../../src/core/digits.js';
import { formatEpochNs, formatI64, formatU64 } from '../../src/core/halves.js';
import { decimalText } from '../../src/schema/sbe/decimal.js';
import { fixedPoint } from '../../src/schema/text.js';

const bytes = new Uint8Array(64);
const view = new DataView(bytes.buffer);

/** What a writer wrote behind a byte that is not its own. */
function written(write: (at: number) => number): string {
  bytes.fill(0xee);
  const end = write(1);
  expect(bytes[0]).toBe(0xee);
  return Buffer.from(bytes.subarray(1, end)).toString('latin1');
}

/** Numbers of every size up to a power of two, powers of ten and their neighbours among them. */
function numbers(below: number): fc.Arbitrary<number> {
  const edges = Array.from({ length: 17 }, (_, power) => [10 ** power - 1, 10 ** power, 10 ** power + 1]).flat();
  const fitting = [0, below - 1, ...edges.filter((edge) => edge < below)];
  const sized = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 53 }));
  return fc.oneof(
    fc.constantFrom(...fitting),
    sized.map(([part, bits]) => Math.floor(part * Math.min(below - 1, 2 ** bits))),
  );
}

const halves = fc.tuple(numbers(2 ** 32), numbers(2 ** 32));
const runs = { numRuns: 3000 };

describe('digits in bytes are those of strings', () => {
  it('unsigned and signed, of 32 bits', () => {
    fc.assert(
      fc.property(numbers(2 ** 32), (value) => {
        expect(written((at) => writeU32(view, at, value))).toBe(String(value));
        expect(written((at) => writeI32(view, at, value | 0))).toBe(String(value | 0));
      }),
      runs,
    );
  });

  it('below 2^53', () => {
    fc.assert(
      fc.property(numbers(2 ** 53), (value) => {
        expect(written((at) => writeSafe(view, at, value))).toBe(String(value));
      }),
      runs,
    );
    // Quotients that round to the next integer.
    for (const whole of [90_071_992, 90_000_001, 67_108_865]) {
      const value = whole * 1e8 - 1;
      expect(written((at) => writeSafe(view, at, value))).toBe(String(value));
    }
  });

  it('of 64 bits, from two halves', () => {
    fc.assert(
      fc.property(halves, ([high, low]) => {
        expect(written((at) => writeU64(view, at, high, low))).toBe(formatU64(high, low));
        expect(written((at) => writeI64(view, at, high, low))).toBe(formatI64(high, low));
      }),
      runs,
    );
  });

  it('epoch times of either sign', () => {
    fc.assert(
      fc.property(numbers(1e10), numbers(1e9), fc.boolean(), (size, nanoseconds, isBefore) => {
        const seconds = isBefore ? -size : size;
        expect(written((at) => writeEpochNs(view, at, seconds, nanoseconds))).toBe(formatEpochNs(seconds, nanoseconds));
        expect(written((at) => writeNine(view, at, nanoseconds))).toBe(String(nanoseconds).padStart(9, '0'));
      }),
      runs,
    );
  });

  it('with a decimal point anywhere', () => {
    fc.assert(
      fc.property(halves, fc.integer({ min: 1, max: 19 }), ([high, low], decimals) => {
        const text = written((at) => placePoint(bytes, at, writeU64(view, at, high, low), decimals));
        expect(text).toBe(fixedPoint(formatU64(high, low), decimals));
      }),
      runs,
    );
  });

  it('billionths in their shortest form, up to where a number is exact', () => {
    let exact = 0;
    fc.assert(
      fc.property(numbers(2 ** 22), numbers(2 ** 32), fc.boolean(), (high, low, isNegative) => {
        const top = isNegative ? ~high >>> 0 : high;
        let end = 0;
        const text = written((at) => {
          end = writeBillionths(view, at, top, low);
          return end;
        });
        if (end === -1) return;
        exact++;
        expect(text).toBe(decimalText(formatI64(top, low), -9));
      }),
      runs,
    );
    expect(exact).toBeGreaterThan(1000);
    expect(writeBillionths(view, 0, 0x7fff_ffff, 0xffff_ffff)).toBe(-1);
  });
});
