/** Four walks at once come to what one does, whatever lies there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinaryFileWalk } from '../../src/session/binaryfile-walk.js';

/** Records of these lengths, one behind the other; the bytes within are pseudo-random, or look like lengths. */
function recordsOf(lengths: readonly number[], fill: number): Uint8Array {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + 2 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const length of lengths) {
    view.setUint16(at, length);
    for (let place = at + 2; place < at + 2 + length; place++) bytes[place] = fill === 0 ? (place * 37) & 255 : fill;
    at += 2 + length;
  }
  return bytes;
}

function walked(walk: BinaryFileWalk, bytes: Uint8Array, limit = bytes.length) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = walk.walk(view, 0, limit);
  return { end, records: walk.records, isLost: walk.isLost };
}

const alone = () => new BinaryFileWalk(Number.POSITIVE_INFINITY);

describe('walk over a BinaryFILE', () => {
  it('in four at once as by one, cut off and damaged anywhere', () => {
    let shared = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2000, maxLength: 6000 }),
        fc.constantFrom(0, 1, 7),
        fc.array(fc.record({ at: fc.nat(99_999), value: fc.nat(255) }), { maxLength: 3 }),
        fc.nat(200),
        (lengths, fill, wounds, short) => {
          const bytes = recordsOf(lengths, fill);
          for (const { at, value } of wounds) bytes[at % bytes.length] = value;
          const walk = new BinaryFileWalk(64);
          const limit = bytes.length - short;
          expect(walked(walk, bytes, limit)).toEqual(walked(alone(), bytes, limit));
          if (walk.misses === 0) shared++;
        },
      ),
      { numRuns: 60 },
    );
    expect(shared).toBeGreaterThan(0);
  });

  it('a length of 0 in any quarter ends it there', () => {
    for (const share of [0.1, 0.3, 0.6, 0.9]) {
      const bytes = recordsOf(new Array(40_000).fill(30), 0);
      bytes.fill(0, Math.floor(share * 40_000) * 32, Math.floor(share * 40_000) * 32 + 2);
      const walk = new BinaryFileWalk();
      expect(walked(walk, bytes)).toEqual({
        end: Math.floor(share * 40_000) * 32,
        records: Math.floor(share * 40_000),
        isLost: true,
      });
    }
  });

  it('bytes that look like records inside of longer ones cost a miss', () => {
    // Each record is a chain of short ones, which the second to fourth walk takes for records.
    const bytes = recordsOf(new Array(300).fill(4000), 0);
    const inner = recordsOf(new Array(130).fill(28), 0);
    for (let at = 0; at < bytes.length; at += 4002) bytes.set(inner, at + 2 + 50);
    const walk = new BinaryFileWalk();
    expect(walked(walk, bytes)).toEqual({ end: bytes.length, records: 300, isLost: false });
    expect(walk.misses).toBe(1);
  });
});
