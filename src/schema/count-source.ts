/**
 * Emits the source of loops that count messages by type: one cursor, and four at once.
 *
 * Where the next message begins is known only when this one's length was read, and that wait bounds a single cursor.
 * Four that begin in different places wait at the same time: 1.8 to 2.0 ns a message in place of 3.0 on Node 20. As in
 * `partition-source.ts` arrays are constants, and `serial` makes the source its own.
 */
import { SLOT_BITS } from './partition-source.js';
import type { Protocol } from './table.js';

/** Cursors of the interleaved loop. */
export const CURSORS = 4;
/** How far counts of one cursor lie from the next one's: room for the slots of 256 types and of unknown ones. */
export const COUNTS_STRIDE = 512;

/** The arrays of a counter. */
export interface CountLists {
  /** By cursor and slot. */
  readonly counts: Int32Array;
  /** By type: its length and slot, as a partition has it. */
  readonly layouts: Int32Array;
  /** Where each cursor begins, and in the end where it stopped. */
  readonly places: Int32Array;
}

/** The two loops. */
export interface CountLoops {
  /** Counts from `offset` on, while four bytes can be read before `last` and messages end at `end` or before. */
  serial(view: DataView, offset: number, last: number, end: number): number;
  /** The same with each cursor from its place to the next one's, and the last one up to `last`. */
  interleaved(view: DataView, last: number, end: number): void;
}

/** Source of a function body that takes `lists` and returns the loops. */
export function countSource(table: Protocol, serial: number): string {
  const cursors = Array.from({ length: CURSORS }, (_, cursor) => cursor);
  const final = CURSORS - 1;
  return [
    "'use strict';",
    'const { counts, layouts, places } = lists;',
    'function serial(view, offset, last, end) {',
    '  let at0 = offset | 0;',
    '  while (at0 <= last) {',
    ...step(0, true),
    '  }',
    '  return at0;',
    '}',
    'function interleaved(view, last, end) {',
    ...cursors.map((cursor) => `  let at${cursor} = places[${cursor}];`),
    ...cursors.slice(1).map((cursor) => `  const from${cursor} = places[${cursor}];`),
    `  const from${CURSORS} = (last + 1) | 0;`,
    `  while (${cursors.map((cursor) => `at${cursor} < from${cursor + 1}`).join(' && ')}) {`,
    // The one that may break off goes first: the others must not have moved on without it.
    ...[final, ...cursors.slice(0, final)].flatMap((cursor) => step(cursor, cursor === final)),
    '  }',
    ...cursors.flatMap((cursor) => [
      `  while (at${cursor} < from${cursor + 1}) {`,
      ...step(cursor, cursor === final),
      '  }',
      `  places[${cursor}] = at${cursor};`,
    ]),
    '}',
    'return { serial, interleaved };',
    `//# sourceURL=tickreel/${table.id}/count-${serial}.js`,
    '',
  ].join('\n');
}

/** One message: counted in its slot, or as unknown; `isChecked` where it might lead beyond the end. */
function step(cursor: number, isChecked: boolean): string[] {
  const at = `at${cursor}`;
  return [
    '    {',
    `      const head = view.getInt32(${at});`,
    '      const length = head >>> 16;',
    ...(isChecked ? [`      if (length > end - ${at} - 2) break;`] : []),
    '      const layout = layouts[(head >>> 8) & 0xff];',
    `      const slot = layout >>> ${SLOT_BITS} === length ? layout & ${(1 << SLOT_BITS) - 1} : 0;`,
    `      counts[slot + ${cursor * COUNTS_STRIDE}] = (counts[slot + ${cursor * COUNTS_STRIDE}] + 1) | 0;`,
    `      ${at} = (${at} + 2 + length) | 0;`,
    '    }',
  ];
}

/** The same without generated code, the cursors one after the other. */
export function interpretCount({ counts, layouts, places }: CountLists): CountLoops {
  function run(view: DataView, offset: number, last: number, end: number, cursor: number): number {
    let at = offset;
    while (at <= last) {
      const length = view.getUint16(at);
      if (length > end - at - 2) break;
      const layout = layouts[view.getUint8(at + 2)] as number;
      const slot = layout >>> SLOT_BITS === length ? layout & ((1 << SLOT_BITS) - 1) : 0;
      counts[slot + cursor * COUNTS_STRIDE] = (counts[slot + cursor * COUNTS_STRIDE] as number) + 1;
      at += 2 + length;
    }
    return at;
  }
  return {
    serial: (view, offset, last, end) => run(view, offset, last, end, 0),
    interleaved(view, last, end) {
      for (let cursor = 0; cursor < CURSORS; cursor++) {
        const stop = cursor === CURSORS - 1 ? last : (places[cursor + 1] as number) - 1;
        places[cursor] = run(view, places[cursor] as number, stop, end, cursor);
      }
    },
  };
}
