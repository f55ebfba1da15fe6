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

/** What is read of a known message beside its length and type. */
export interface CountedFields {
  /** Where its time stamp is, a u48; null where nobody asks. */
  readonly timestampAt: number | null;
  /** Where the u16 is that says whether it is `wanted`; null where all are. */
  readonly wantedAt: number | null;
}

/** The slot of known messages that are not wanted. */
export const UNWANTED_SLOT = COUNTS_STRIDE - 1;

/** The arrays of a counter. */
export interface CountLists {
  /** By cursor and slot. */
  readonly counts: Int32Array;
  /** By type: its length and slot, as a partition has it. */
  readonly layouts: Int32Array;
  /** Where each cursor begins, and in the end where it stopped. */
  readonly places: Int32Array;
  /** The least and the greatest time stamp of those that all cursors count. */
  readonly times: Float64Array;
  /** By value of the field that is asked for: 1 where such messages are counted by type. */
  readonly wanted: Uint8Array;
}

/** No time stamp yet. */
export function clearTimes(times: Float64Array): void {
  times[0] = Number.POSITIVE_INFINITY;
  times[1] = Number.NEGATIVE_INFINITY;
}

/** The two loops. */
export interface CountLoops {
  /** Counts as `cursor` from `offset` up to `last`, from where four bytes can be read, what ends at `end` or before. */
  serial(view: DataView, offset: number, last: number, end: number, cursor: number): number;
  /** The same with each cursor from its place to the next one's, and the last one up to `last`. */
  interleaved(view: DataView, last: number, end: number): void;
}

/** Source of a function body that takes `lists` and returns the loops. */
export function countSource(table: Protocol, serial: number, fields: CountedFields): string {
  const cursors = Array.from({ length: CURSORS }, (_, cursor) => cursor);
  const final = CURSORS - 1;
  return [
    "'use strict';",
    'const { counts, layouts, places, times, wanted } = lists;',
    'function serial(view, offset, last, end, cursor) {',
    '  let at = offset | 0;',
    `  const base = cursor * ${COUNTS_STRIDE};`,
    ...timesOf(fields),
    '  while (at <= last) {',
    ...step('', 'base', true, fields),
    '  }',
    ...keepTimes(fields),
    '  return at;',
    '}',
    'function interleaved(view, last, end) {',
    ...cursors.map((cursor) => `  let at${cursor} = places[${cursor}];`),
    ...timesOf(fields),
    ...cursors.slice(1).map((cursor) => `  const from${cursor} = places[${cursor}];`),
    `  const from${CURSORS} = (last + 1) | 0;`,
    `  while (${cursors.map((cursor) => `at${cursor} < from${cursor + 1}`).join(' && ')}) {`,
    // The one that may break off goes first: the others must not have moved on without it.
    ...[final, ...cursors.slice(0, final)].flatMap((cursor) =>
      step(cursor, cursor * COUNTS_STRIDE, cursor === final, fields),
    ),
    '  }',
    ...keepTimes(fields),
    // Loops of their own here would run for a few messages a call: too little for the compiler, which then throws the
    // whole function away each time that one of them does what it has not done before.
    ...cursors.map(
      (cursor) => `  places[${cursor}] = serial(view, at${cursor}, from${cursor + 1} - 1, end, ${cursor});`,
    ),
    '}',
    'return { serial, interleaved };',
    `//# sourceURL=tickreel/${table.id}/count-${serial}.js`,
    '',
  ].join('\n');
}

function timesOf({ timestampAt }: CountedFields): string[] {
  return timestampAt === null ? [] : ['  let least = times[0];', '  let most = times[1];'];
}

function keepTimes({ timestampAt }: CountedFields): string[] {
  return timestampAt === null ? [] : ['  times[0] = least;', '  times[1] = most;'];
}

/**
 * One message of the cursor of this name: counted in its slot, from `base` on, or as unknown; `isChecked` where it
 * might lead beyond the end.
 */
function step(name: number | '', base: number | string, isChecked: boolean, fields: CountedFields): string[] {
  const { timestampAt, wantedAt } = fields;
  const at = `at${name}`;
  const place = (offset: number): string => `${at} + ${2 + offset}`;
  const slotOf = `layout & ${(1 << SLOT_BITS) - 1}`;
  const known =
    wantedAt === null ? slotOf : `wanted[view.getUint16(${place(wantedAt)})] ? ${slotOf} : ${UNWANTED_SLOT}`;
  const high = timestampAt === null ? '' : `view.getUint16(${place(timestampAt)})`;
  const low = timestampAt === null ? '' : `view.getUint32(${place(timestampAt + 2)})`;
  return [
    '    {',
    `      const head = view.getInt32(${at});`,
    '      const length = head >>> 16;',
    ...(isChecked ? [`      if (length > end - ${at} - 2) break;`] : []),
    '      const layout = layouts[(head >>> 8) & 0xff];',
    `      const slot = layout >>> ${SLOT_BITS} === length ? ${known} : 0;`,
    `      counts[slot + ${base}] = (counts[slot + ${base}] + 1) | 0;`,
    ...(timestampAt === null
      ? []
      : [
          `      if (slot !== 0${wantedAt === null ? '' : ` && slot !== ${UNWANTED_SLOT}`}) {`,
          `        const time = ${high} * 4294967296 + ${low};`,
          '        if (time < least) least = time;',
          `        if (time > most) most = time;`,
          '      }',
        ]),
    `      ${at} = (${at} + 2 + length) | 0;`,
    '    }',
  ];
}

/** The same without generated code, the cursors one after the other. */
export function interpretCount(
  { counts, layouts, places, times, wanted }: CountLists,
  { timestampAt, wantedAt }: CountedFields,
): CountLoops {
  function run(view: DataView, offset: number, last: number, end: number, cursor: number): number {
    let at = offset;
    while (at <= last) {
      const length = view.getUint16(at);
      if (length > end - at - 2) break;
      const layout = layouts[view.getUint8(at + 2)] as number;
      let slot = layout >>> SLOT_BITS === length ? layout & ((1 << SLOT_BITS) - 1) : 0;
      if (slot !== 0 && wantedAt !== null && wanted[view.getUint16(at + 2 + wantedAt)] === 0) slot = UNWANTED_SLOT;
      counts[slot + cursor * COUNTS_STRIDE] = (counts[slot + cursor * COUNTS_STRIDE] as number) + 1;
      if (timestampAt !== null && slot !== 0 && slot !== UNWANTED_SLOT) {
        const time = view.getUint16(at + 2 + timestampAt) * 0x100000000 + view.getUint32(at + 4 + timestampAt);
        times[0] = Math.min(times[0] as number, time);
        times[1] = Math.max(times[1] as number, time);
      }
      at += 2 + length;
    }
    return at;
  }
  return {
    serial: run,
    interleaved(view, last, end) {
      for (let cursor = 0; cursor < CURSORS; cursor++) {
        const stop = cursor === CURSORS - 1 ? last : (places[cursor + 1] as number) - 1;
        places[cursor] = run(view, places[cursor] as number, stop, end, cursor);
      }
    },
  };
}
