import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SoupBinTCPHistory } from '../../src/session/soupbintcp-history.js';
import { concat, embed, u16 } from './support.js';

const block = 1 << 16;

function append(history: SoupBinTCPHistory, message: Uint8Array): void {
  const { view, offset, length } = embed(message);
  history.append(view, offset, length);
}

/** A message of this length that differs from its neighbours. */
function numbered(index: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (index * 31 + at) & 0xff);
}

function packet(message: Uint8Array): Uint8Array {
  return concat(u16(message.length + 1), Uint8Array.of(0x53), message);
}

/** Everything from `place` to the head, in the pieces that the ring gives. */
function read(history: SoupBinTCPHistory, place: number, most: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = place; at < history.head; at += pieces.at(-1)?.length ?? 0) pieces.push(history.bytesAt(at, most));
  return new Uint8Array(Buffer.concat(pieces));
}

describe('SoupBinTCPHistory', () => {
  test('packets lie as they go over the wire', () => {
    const history = new SoupBinTCPHistory(1000);
    for (const text of ['one', '', 'three']) append(history, Buffer.from(text));
    expect(Buffer.from(read(history, 0, 4)).toString('latin1')).toBe('\0\x04Sone\0\x01S\0\x06Sthree');
    expect(history.nextSequence).toBe(4);
    expect([0, 1, 2, 3, 4, 5, -1].map((sequence) => history.placeOf(sequence))).toEqual([-1, 0, 6, 9, 17, -1, -1]);
    expect(SoupBinTCPHistory.bytesFor(3)).toBe(6);
  });

  test('empty: the next message is the first', () => {
    const history = new SoupBinTCPHistory(0);
    expect(history.placeOf(1)).toBe(0);
    expect(history.placeOf(2)).toBe(-1);
    expect(history.bytesAt(0, 10)).toHaveLength(0);
    expect(history.capacity).toBe(2 * block);
  });

  test('any lengths: what is kept is found at its number, and reads as it was written', () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 65_534 })), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 1 << 17 }), (all, most) => {
        const history = new SoupBinTCPHistory(3 * block);
        const places: number[] = [];
        const written: Uint8Array[] = [];
        for (const [index, length] of all.entries()) {
          places.push(history.head);
          written.push(packet(numbered(index, length)));
          append(history, numbered(index, length));
        }
        for (const [index, place] of places.entries()) {
          const found = history.placeOf(index + 1);
          const isKept = place >= history.head - history.capacity + block + 65_537;
          if (isKept) expect(found).toBe(place);
          else expect([place, -1]).toContain(found);
          if (found < 0) continue;
          expect(Buffer.compare(read(history, found, most), concat(...written.slice(index)))).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });
});
