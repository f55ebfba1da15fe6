/** What threads add up over chunks is what one adds up from the first byte, however chunks were guessed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChunkReader, controlBytes, SharedChunks } from '../../src/core/shared-chunks.js';

/** Messages behind one byte of length each; adds up their lengths and places. */
class Reader implements ChunkReader {
  private sum = 0;

  constructor(
    private readonly bytes: Uint8Array,
    /** How far a guess is off, by the place that is asked for. */
    private readonly guess: (from: number) => number,
  ) {}

  boundaryFrom(from: number, end: number): number {
    const place = this.guess(from);
    return place >= 0 && place < end ? place : -1;
  }

  read(start: number, stop: number): number {
    let at = start;
    while (at < stop) {
      const next = at + 1 + (this.bytes[at] as number);
      if (next > stop) break;
      this.sum = (this.sum + Math.imul(at + 1, 31) + (this.bytes[at] as number)) | 0;
      at = next;
    }
    return at;
  }

  takeSum(): number {
    const { sum } = this;
    this.sum = 0;
    return sum;
  }
}

function messages(lengths: readonly number[]): { bytes: Uint8Array; bounds: number[] } {
  const bounds: number[] = [];
  const bytes: number[] = [];
  for (const length of lengths) {
    bounds.push(bytes.length);
    bytes.push(length, ...new Array<number>(length).fill(3));
  }
  return { bytes: Uint8Array.from(bytes), bounds };
}

describe('shared chunks', () => {
  it('come to the sum of one walk, guesses right, wrong or missing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 8, max: 400 }),
        fc.array(fc.constantFrom(0, 0, 0, 1, 2, -1), { minLength: 1, maxLength: 9 }),
        fc.nat(3),
        (lengths, chunkBytes, faults, cut) => {
          const { bytes: whole, bounds } = messages(lengths);
          const bytes = whole.subarray(0, whole.length - Math.min(cut, whole.length - 1));
          const guess = (from: number) => {
            const fault = faults[Math.floor(from / chunkBytes) % faults.length] as number;
            const right = bounds.find((bound) => bound >= from) ?? -1;
            return fault < 0 || right < 0 ? -1 : right + fault;
          };
          const alone = new Reader(bytes, guess);
          alone.read(0, bytes.length);
          const control = new SharedArrayBuffer(controlBytes(bytes.length, chunkBytes));
          const [one, other] = [0, 1].map(() => new SharedChunks(bytes.length, chunkBytes, control)) as [
            SharedChunks,
            SharedChunks,
          ];
          const expected = alone.takeSum() >>> 0;
          for (let run = 0; run < 2; run++) {
            one.begin();
            const reader = new Reader(bytes, guess);
            one.work(reader);
            other.work(new Reader(bytes, guess));
            one.waitFor(2);
            expect(one.settle(reader)).toBe(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('right guesses are not gone over twice, a wrong one is', () => {
    const { bytes, bounds } = messages(new Array<number>(100).fill(9));
    for (const [fault, redone] of [
      [0, 0],
      [4, 1],
    ] as const) {
      const reader = new Reader(bytes, (from) => {
        const right = bounds.find((bound) => bound >= from) ?? -1;
        return right === 500 ? right + fault : right;
      });
      const chunks = new SharedChunks(1000, 100, new SharedArrayBuffer(controlBytes(1000, 100)));
      chunks.begin();
      chunks.work(reader);
      chunks.settle(reader);
      expect(chunks.redone).toBe(redone);
    }
  });
});
