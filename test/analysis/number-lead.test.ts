/** Numbers with what stands before them: the same as strings say, whatever was written before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberLead, TimeLead } from '../../src/analysis/number-lead.js';
import { formatEpochNs } from '../../src/core/halves.js';
import { TextBuffer } from '../../src/core/text-buffer.js';

const before = fc.constantFrom('', ',', '{"packet":', ',"Zürich€":"', 'exactly-sixteen-');

function written(write: (out: DataView, at: number) => number, at: number): string {
  const text = new TextBuffer(200);
  text.bytes.fill(0x78);
  text.length = write(text.view, at);
  expect(text.toString().slice(0, at)).toBe('x'.repeat(at));
  return text.toString(at);
}

test('a number that counts up, or does as it likes', () => {
  const start = fc.oneof(
    fc.constantFrom(0, 9998, 99_998, 19_999, 2 ** 31 - 3, 2 ** 32 - 3, 1e8 - 2, Number.MAX_SAFE_INTEGER - 9),
    fc.maxSafeNat(),
  );
  fc.assert(
    fc.property(before, fc.array(start, { minLength: 1, maxLength: 4 }), fc.nat(20), (text, starts, at) => {
      const lead = new NumberLead(text);
      for (const value of starts.flatMap((first) => [first, first + 1, first + 2, first + 3, first + 2])) {
        if (Number.isSafeInteger(value)) {
          expect(written((out, place) => lead.write(out, place, value), at)).toBe(`${text}${value}`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a time stamp, before 1970 or beyond 32 bits of seconds', () => {
  const seconds = fc.oneof(fc.constantFrom(-2, -1, 0, 1, 1_767_589_200, 2 ** 31, 2 ** 32), fc.integer());
  const nanoseconds = fc.oneof(fc.constantFrom(0, 9, 9_999, 10_000, 99_999_999, 999_999_999), fc.nat(999_999_999));
  const stamps = fc.array(fc.tuple(seconds, nanoseconds), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(before, stamps, fc.nat(20), (text, all, at) => {
      const lead = new TimeLead(text);
      for (const [second, nano] of all) {
        expect(written((out, place) => lead.write(out, place, second, nano), at)).toBe(
          `${text}${formatEpochNs(second, nano)}`,
        );
      }
    }),
    { numRuns: 500 },
  );
});
