/**
 * Columns of a capture's messages in chunks: each column of a chunk is its least value, a step a row, and the rest in
 * as few bytes as its largest rest takes (0, 1, 2, 4 or, of any number, 8).
 */

/** What is kept of each message, in this order. */
export const columnNames = [
  /** Type of ITCH as a character's code, template id of MDP. */
  'type',
  /** Locate code of ITCH; of MDP a signature of the SecurityIDs in it (`signatureOf`). */
  'instrument',
  /** Place of its stream in the list of streams. */
  'stream',
  'length',
  'packet',
  'sequence',
  'seconds',
  'nanoseconds',
  /** Byte offset of the message in the capture, or among the chunk's own bytes where it does not stand there whole. */
  'place',
  'isKept',
  /** SendingTime of the packet, of MDP; -1 where there is none. */
  'sendingSeconds',
  'sendingNanoseconds',
] as const;
export type ColumnName = (typeof columnNames)[number];

/** Rows after which a chunk ends, with the record at hand … */
export const chunkRows = 8192;
/** … which has fewer messages than are left to this: a datagram of 64 KiB has room for 6553 of ten bytes. */
export const maxChunkRows = 32_768;

/** How one column of a chunk is written. */
export interface ColumnForm {
  readonly base: number;
  /** 0, 1, 2 or 4 bytes of what a value is above base and steps; 8: the value itself. */
  readonly width: number;
  /** Added once a row: 1 where values count up, else 0. */
  readonly step: number;
  /** Of the column's bytes. */
  readonly checksum: number;
}

/** Bytes of a column; whole words. */
export function columnBytes(rows: number, width: number): number {
  return (rows * width + 3) & ~3;
}

/** The form that takes the fewest bytes. */
export function formOf(values: Float64Array, rows: number): Omit<ColumnForm, 'checksum'> {
  const first = values[0] as number;
  let [least, most, counts] = [first, first, true];
  for (let row = 0; row < rows; row++) {
    const value = values[row] as number;
    if (value < least) least = value;
    else if (value > most) most = value;
    if (value !== first + row) counts = false;
  }
  if (counts && rows > 1) return { base: first, width: 0, step: 1 };
  const span = most - least;
  const width = span === 0 ? 0 : span < 0x100 ? 1 : span < 0x1_0000 ? 2 : span < 0x1_0000_0000 ? 4 : 8;
  return { base: width === 8 ? 0 : least, width, step: 0 };
}

/** Writes a column at `at`; returns the offset behind it. */
export function writeColumn(
  values: Float64Array,
  rows: number,
  { base, width }: Pick<ColumnForm, 'base' | 'width'>,
  out: DataView,
  at: number,
): number {
  const end = at + columnBytes(rows, width);
  if (width > 0 && width < 4) out.setUint32(end - 4, 0);
  for (let row = 0; row < rows; row++) {
    const value = values[row] as number;
    if (width === 1) out.setUint8(at + row, value - base);
    else if (width === 2) out.setUint16(at + row * 2, value - base, true);
    else if (width === 4) out.setUint32(at + row * 4, value - base, true);
    else if (width === 8) out.setFloat64(at + row * 8, value, true);
  }
  return end;
}

/** Reads a column that stands at `at` into `values`. */
export function readColumn(
  { base, width, step }: Pick<ColumnForm, 'base' | 'width' | 'step'>,
  rows: number,
  view: DataView,
  at: number,
  values: Float64Array,
): void {
  if (width === 0) for (let row = 0; row < rows; row++) values[row] = base + step * row;
  else if (width === 1) for (let row = 0; row < rows; row++) values[row] = base + view.getUint8(at + row);
  else if (width === 2) for (let row = 0; row < rows; row++) values[row] = base + view.getUint16(at + row * 2, true);
  else if (width === 4) for (let row = 0; row < rows; row++) values[row] = base + view.getUint32(at + row * 4, true);
  else for (let row = 0; row < rows; row++) values[row] = view.getFloat64(at + row * 8, true);
}

/** One value of a column that stands at `at`. */
export function valueAt({ base, width, step }: ColumnForm, view: DataView, at: number, row: number): number {
  if (width === 0) return base + step * row;
  if (width === 1) return base + view.getUint8(at + row);
  if (width === 2) return base + view.getUint16(at + row * 2, true);
  return width === 4 ? base + view.getUint32(at + row * 4, true) : view.getFloat64(at + row * 8, true);
}

/** A column of a chunk as it is written, at `at`; borrowed until the same column of another chunk is read. */
export interface ColumnCells {
  readonly form: ColumnForm;
  readonly view: DataView;
  readonly at: number;
  readonly rows: number;
}

/** One value of a column. */
export function cellAt({ form, view, at }: ColumnCells, row: number): number {
  return valueAt(form, view, at, row);
}

/** Lists the rows whose value is flagged, in order; returns how many. No branch that depends on a row. */
export function rowsFlagged({ form, view, at, rows }: ColumnCells, flags: Uint8Array, list: Uint16Array): number {
  const { base, width } = form;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const value = width === 1 ? base + view.getUint8(at + row) : valueAt(form, view, at, row);
    list[count] = row;
    count += flags[value] ?? 0;
  }
  return count;
}

/** Of a list's first `count` rows keeps those whose value is flagged; returns how many. */
export function keepFlagged(cells: ColumnCells, flags: Uint8Array, list: Uint16Array, count: number): number {
  const { form, view, at } = cells;
  let kept = 0;
  for (let index = 0; index < count; index++) {
    const row = list[index] as number;
    list[kept] = row;
    kept += flags[valueAt(form, view, at, row)] ?? 0;
  }
  return kept;
}

/**
 * A checksum of words, and of bytes where the last are less than one: each adds to 31 times the sum before it. Four
 * sums, of every fourth word each, wait for no other, and together are the same.
 */
export function checksumOf(view: DataView, at: number, bytes: number): number {
  const end = at + bytes;
  const fours = at + (bytes & ~15);
  let place = at;
  // What the sum begins with is the fourth of a step before the first.
  let [first, second, third, fourth] = [0, 0, 0, 1];
  for (; place < fours; place += 16) {
    first = (Math.imul(first, factors.four) + view.getInt32(place, true)) | 0;
    second = (Math.imul(second, factors.four) + view.getInt32(place + 4, true)) | 0;
    third = (Math.imul(third, factors.four) + view.getInt32(place + 8, true)) | 0;
    fourth = (Math.imul(fourth, factors.four) + view.getInt32(place + 12, true)) | 0;
  }
  const before = (Math.imul(first, factors.three) + Math.imul(second, factors.two)) | 0;
  let sum = (before + Math.imul(third, factors.one) + fourth) | 0;
  for (; place < end - 3; place += 4) sum = (Math.imul(sum, factors.one) + view.getInt32(place, true)) | 0;
  for (; place < end; place++) sum = (Math.imul(sum, factors.one) + view.getUint8(place)) | 0;
  return sum >>> 0;
}

/** Powers of 31. */
const factors = { one: 31, two: 31 ** 2, three: 31 ** 3, four: 31 ** 4 } as const;

/** Two of 32 bits for a SecurityID: those of a message, or-ed, say which it may hold and which it does not. */
export function signatureOf(securityId: number): number {
  const mixed = Math.imul(securityId, 0x9e37_79b1) >>> 0;
  return ((1 << (mixed >>> 27)) | (1 << ((mixed >>> 22) & 31))) >>> 0;
}
