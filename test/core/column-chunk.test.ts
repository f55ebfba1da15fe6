/** Columns of a chunk: the checksum is that of a plain loop, and rows are found as values say, in whatever form. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ColumnCells,
  cellAt,
  checksumOf,
  columnBytes,
  formOf,
  keepFlagged,
  readColumn,
  rowsFlagged,
  writeColumn,
} from '../../src/core/column-chunk.js';

/** Each word adds to 31 times the sum before it, and each byte of a last one that is not whole. */
function plainChecksum(view: DataView, at: number, bytes: number): number {
  let sum = 1;
  let place = at;
  for (; place + 4 <= at + bytes; place += 4) sum = (Math.imul(sum, 31) + view.getInt32(place, true)) | 0;
  for (; place < at + bytes; place++) sum = (Math.imul(sum, 31) + view.getUint8(place)) | 0;
  return sum >>> 0;
}

test('a checksum of any length, anywhere', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(5), fc.nat(5), (bytes, before, behind) => {
      const view = new DataView(Uint8Array.of(...new Uint8Array(before), ...bytes, ...new Uint8Array(behind)).buffer);
      expect(checksumOf(view, before, bytes.length)).toBe(plainChecksum(view, before, bytes.length));
    }),
    { numRuns: 1000 },
  );
  // As files that exist have it.
  const ramp = new DataView(Uint8Array.from({ length: 39 }, (_, index) => index * 37).buffer);
  expect(checksumOf(ramp, 0, 39)).toBe(3_538_318_506);
});

const values = fc.oneof(
  fc.array(fc.nat(255), { minLength: 1, maxLength: 60 }),
  fc.array(fc.constantFrom(7, 8, 1_000, 65_535), { minLength: 1, maxLength: 60 }),
  fc.array(fc.constantFrom(3, 70_000), { minLength: 1, maxLength: 60 }),
  fc
    .tuple(fc.nat(300), fc.integer({ min: 1, max: 60 }))
    .map(([first, count]) => Array.from({ length: count }, (_, index) => first + index)),
  fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 60 })).map(([value, count]) => new Array<number>(count).fill(value)),
);

function cellsOf(column: readonly number[], at: number): ColumnCells {
  const rows = column.length;
  const doubles = Float64Array.from(column);
  const form = { ...formOf(doubles, rows), checksum: 0 };
  const view = new DataView(new ArrayBuffer(at + columnBytes(rows, form.width)));
  writeColumn(doubles, rows, form, view, at);
  return { form, view, at, rows };
}

test('rows that are flagged are those whose values are', () => {
  fc.assert(
    fc.property(values, values, fc.nat(9), fc.array(fc.nat(65_535), { maxLength: 3 }), (first, second, at, more) => {
      const rows = Math.min(first.length, second.length);
      const [one, other] = [first.slice(0, rows), second.slice(0, rows)];
      const flags = new Uint8Array(65_536);
      for (const value of [...one.slice(0, 3), ...other.slice(0, 2), ...more]) if (value < 65_536) flags[value] = 1;
      const [cells, others] = [cellsOf(one, at), cellsOf(other, at)];
      const list = new Uint16Array(100);
      const count = rowsFlagged(cells, flags, list);
      const isFlagged = (value: number | undefined) => value !== undefined && value < 65_536 && flags[value] === 1;
      const expected = one.flatMap((value, row) => (isFlagged(value) ? [row] : []));
      expect([...list.subarray(0, count)]).toEqual(expected);
      const kept = keepFlagged(others, flags, list, count);
      expect([...list.subarray(0, kept)]).toEqual(expected.filter((row) => isFlagged(other[row])));
      const read = new Float64Array(rows);
      readColumn(cells.form, rows, cells.view, at, read);
      expect([...read]).toEqual(one);
      expect(one.map((_, row) => cellAt(cells, row))).toEqual(one);
    }),
    { numRuns: 1000 },
  );
});
