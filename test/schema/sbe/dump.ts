/** Everything that a flyweight gives, as plain data: every accessor of every entry of every group. */
import { accessorName, accessorsOf, type BlockLike } from '../../../src/schema/sbe/accessor-plan.js';
import type { SbeCursorBase } from '../../../src/schema/sbe/flyweight.js';

/** Reads all accessors, groups to their end and, where `rewinds`, a second time. */
export function dump(block: BlockLike, flyweight: object, rewinds = true): Record<string, unknown> {
  const source = flyweight as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const { name, read } of accessorsOf(block)) {
    out[name] =
      read.kind === 'element'
        ? Array.from({ length: read.length + 1 }, (_, index) =>
            (source[name] as (index: number) => number).call(source, index),
          )
        : source[name];
  }
  for (const group of block.groups) {
    const name = accessorName(group.name);
    const entries: unknown[] = [];
    for (let round = 0; round < (rewinds ? 2 : 1); round++) {
      entries.length = 0;
      const cursor = source[name] as SbeCursorBase;
      if (cursor.index !== -1) throw new Error(`${name} is not rewound`);
      while (cursor.next()) entries.push(dump(group, cursor, rewinds));
      if (cursor.next() || entries.length !== cursor.count) throw new Error(`${name} goes on behind its end`);
    }
    out[name] = [...entries];
  }
  for (const data of block.data) {
    const name = accessorName(data.name);
    const value = source[name];
    out[name] = value instanceof Uint8Array ? [...value] : value;
    out[`${name}Length`] = source[`${name}Length`];
  }
  return out;
}
