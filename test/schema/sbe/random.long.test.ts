/** As `random.test.ts`, for long. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Counts, checkMessages, checkMutations, withSchema } from './properties.js';

it('encode and decode undo each other; compiled, interpreted and reference decoders agree on every field', () => {
  const counts: Counts = { messages: 0, fields: 0, faults: 0, fits: 0 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
      withSchema(seed, (codec, random) => checkMessages(codec, random, 8, counts));
    }),
    { numRuns: 600, endOnFailure: true },
  );
  expect(counts.messages).toBeGreaterThan(200);
  expect(counts.fields).toBeGreaterThan(1_000);
});

it('mutated messages give a fault or values, the same in every engine, and nothing outside is read', () => {
  const counts: Counts = { messages: 0, fields: 0, faults: 0, fits: 0 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
      withSchema(seed, (codec, random) => checkMutations(codec, random, 60, counts));
    }),
    { numRuns: 600, endOnFailure: true },
  );
  expect(counts.faults).toBeGreaterThan(100);
  expect(counts.fits).toBeGreaterThan(100);
});
