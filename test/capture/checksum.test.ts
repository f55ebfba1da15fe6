import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addWords, copyWords, fold, udpPseudoHeader } from '../../src/capture/checksum.js';
import { checksum } from './build.js';

const padding = 3;

function viewOf(bytes: Uint8Array): DataView {
  const view = new DataView(new ArrayBuffer(bytes.length + 2 * padding));
  bytes.forEach((byte, index) => {
    view.setUint8(padding + index, byte);
  });
  return view;
}

test.each([
  // RFC 1071 section 3: 0001 f203 f4f5 f6f7 sums to ddf2.
  ['0001f203f4f5f6f7', 0xddf2],
  ['', 0],
  ['ff', 0xff00],
  ['ffff', 0xffff],
  ['ffffffff', 0xffff],
  ['0001', 1],
])('%s folds to %i', (hex, sum) => {
  const bytes = Buffer.from(hex, 'hex');
  expect(fold(addWords(0, viewOf(bytes), padding, bytes.length))).toBe(sum);
});

test('adds what a loop over bytes adds, at any length, also while copying', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(0xffff), (bytes, start) => {
      const expected = checksum(Uint8Array.from([start >>> 8, start & 0xff, ...bytes]));
      const view = viewOf(bytes);
      const copy = new DataView(new ArrayBuffer(bytes.length));
      expect(~fold(addWords(start, view, padding, bytes.length)) & 0xffff).toBe(expected);
      expect(~fold(copyWords(start, view, padding, copy, 0, bytes.length)) & 0xffff).toBe(expected);
      expect(new Uint8Array(copy.buffer)).toEqual(bytes);
    }),
  );
});

test('adds the same wherever the bytes lie, and whatever lies behind them', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 90 }),
      fc.nat(7),
      fc.uint8Array({ maxLength: 20 }),
      fc.nat(5),
      (bytes, before, behind, viewAt) => {
        const all = new Uint8Array(viewAt + before + bytes.length + behind.length).fill(0xa5);
        all.set(bytes, viewAt + before);
        all.set(behind, viewAt + before + bytes.length);
        const view = new DataView(all.buffer, viewAt);
        expect(~fold(addWords(0, view, before, bytes.length)) & 0xffff).toBe(checksum(bytes));
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([0, 1, 14, 15, 16, 17])('adds each length where the view ends %i bytes behind', (behind) => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => 0xfe - index * 11);
    const view = new DataView(Uint8Array.of(...bytes, ...new Array<number>(behind).fill(0xa5)).buffer);
    expect(~fold(addWords(0, view, 0, length)) & 0xffff).toBe(checksum(bytes));
  }
});

test('the greatest sum that 65,535 bytes and a pseudo header can reach does not overflow', () => {
  const pseudo = udpPseudoHeader(0xffffffff, 0xffffffff, 65_535);
  const expected = (BigInt(pseudo) + 32_767n * 0xffffn + 0xff00n) % 0xffffn;
  for (const behind of [0, 16]) {
    const view = new DataView(new Uint8Array(65_535 + behind).fill(0xff).buffer);
    expect(BigInt(fold(addWords(pseudo, view, 0, 65_535)))).toBe(expected);
  }
});
