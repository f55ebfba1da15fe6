/**
 * Emits the source of the pass that sorts a block of messages by type.
 *
 * It is compiled for each partition by itself, with that partition's arrays as constants: their places then stand in
 * the machine code. Read from an object or a shared closure they are loaded anew for each message, since the stores
 * might have changed them: 5.3 ns a message in place of 3.3 on Node 20.
 */
import type { Protocol } from './table.js';

/** Room for the slots of 256 types and of unknown ones. */
export const SLOT_BITS = 9;
/** A layout that is none: as a length it is longer than any. */
export const UNKNOWN = -1;

/**
 * Messages a turn of the loop takes: so many make the function too long to be inlined. Inlined into what calls it for
 * one chunk after the other, the loop has fewer registers, and a message takes a fourth more time.
 */
const unrolled = 4;

/** The arrays of a partition. */
export interface PartitionLists {
  /** Where each message begins, and its place among all, in the list of its slot. */
  readonly offsets: Int32Array;
  readonly positions: Int32Array;
  /** Lengths of those in slot 0, which are unknown. */
  readonly unknownLengths: Uint16Array;
  /** One past the last entry of each slot's list. */
  readonly ends: Int32Array;
  /** By type: its length and, in the low `SLOT_BITS`, its slot; `UNKNOWN` where there is none. */
  readonly layouts: Int32Array;
  /** How many messages are held, of all types; and how many without bytes there ever were, modulo 2^32. */
  readonly count: Int32Array;
}

/**
 * Sorts messages behind their 2-byte lengths from `offset` on, while they begin at `last` or before, end at `end` or
 * before and come at position `most` or before. Four bytes at `last` can be read. Returns where the next one begins.
 */
export type TakeBlocks = (view: DataView, offset: number, end: number, last: number, most: number) => number;

/** Source of a function body that takes `lists` and returns a `TakeBlocks`; `serial` is what makes it its own. */
export function partitionSource(table: Protocol, serial: number): string {
  const step = [
    '    {',
    '      const head = view.getInt32(at);',
    '      const length = head >>> 16;',
    '      const next = (at + 2 + length) | 0;',
    '      if (next > end) break;',
    '      const layout = layouts[(head >>> 8) & 0xff];',
    `      let slot = layout & ${(1 << SLOT_BITS) - 1};`,
    `      if (layout >>> ${SLOT_BITS} !== length) {`,
    '        slot = 0;',
    '        unknownLengths[ends[0]] = length;',
    '        if (length === 0) count[1] = (count[1] + 1) | 0;',
    '      }',
    '      const index = ends[slot];',
    '      offsets[index] = (at + 2) | 0;',
    '      positions[index] = position;',
    '      ends[slot] = (index + 1) | 0;',
    '      position = (position + 1) | 0;',
    '      at = next;',
    '    }',
    '    if (at > last || position > most) break;',
  ];
  return [
    "'use strict';",
    'const { offsets, positions, unknownLengths, ends, layouts, count } = lists;',
    'return function take(view, offset, end, last, most) {',
    '  let at = offset | 0;',
    '  let position = count[0];',
    '  while (at <= last && position <= most) {',
    ...Array.from({ length: unrolled }, () => step).flat(),
    '  }',
    '  count[0] = position;',
    '  return at;',
    '};',
    `//# sourceURL=tickreel/${table.id}/partition-${serial}.js`,
    '',
  ].join('\n');
}

/** The same without generated code. */
export function interpretTake(lists: PartitionLists): TakeBlocks {
  const { offsets, positions, unknownLengths, ends, layouts, count } = lists;
  return (view, offset, end, last, most) => {
    let at = offset;
    for (let position = count[0] as number; at <= last && position <= most; position++) {
      const length = view.getUint16(at);
      if (at + 2 + length > end) break;
      const layout = layouts[view.getUint8(at + 2)] as number;
      const slot = layout >>> SLOT_BITS === length ? layout & ((1 << SLOT_BITS) - 1) : 0;
      const index = ends[slot] as number;
      if (slot === 0) unknownLengths[index] = length;
      if (length === 0) count[1] = (count[1] as number) + 1;
      offsets[index] = at + 2;
      positions[index] = position;
      ends[slot] = index + 1;
      count[0] = position + 1;
      at += 2 + length;
    }
    return at;
  };
}

/** The layouts of a table's messages by type. */
export function layoutsOf(table: Protocol): Int32Array {
  const layouts = new Int32Array(256).fill(UNKNOWN);
  for (const [index, { typeCode, length }] of table.messages.entries()) {
    layouts[typeCode] = (length << SLOT_BITS) | (index + 1);
  }
  return layouts;
}
