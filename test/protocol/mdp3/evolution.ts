/** What two versions of a schema both know of a message, and what one of them has and the other does not. */
import type { SbePlain, SbeValues } from '../../../src/schema/sbe/plain-values.js';
import type { AnyGroup, SbeMessage } from '../../../src/schema/sbe/schema.js';

type Block = SbeMessage | AnyGroup;

/** The fields and groups that both blocks have, with the values of `values`; enums and sets by their raw value. */
export function shared(one: Block, other: Block, values: SbeValues): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const named = new Map([...other.fields, ...other.groups].map((part) => [part.name, part]));
  for (const { name } of one.fields) if (named.has(name)) result[name] = raw(values[name] ?? null);
  for (const group of one.groups) {
    const counterpart = named.get(group.name);
    if (counterpart === undefined) continue;
    const entries = values[group.name] as readonly SbeValues[] | null;
    result[group.name] = entries?.map((entry) => shared(group, counterpart as AnyGroup, entry)) ?? null;
  }
  return result;
}

/**
 * Paths of what the writer's version put into a message that the reader's does not know: blocks with more fields, by
 * their place behind or between the reader's, and the message where it has more groups.
 */
export function unknownTo(reader: Block, writer: Block, values: SbeValues, path: string): string[] {
  const known = new Set([...reader.fields, ...reader.groups].map(({ name }) => name));
  const more = writer.fields.filter(({ name, size }) => size > 0 && !known.has(name));
  const found = new Set<string>();
  for (const { offset } of more) found.add(offset < reader.blockLength ? `${path} between` : `${path} behind`);
  if (writer.groups.some(({ name }) => !known.has(name))) found.add(`${path} trailing`);
  for (const group of reader.groups) {
    const counterpart = writer.groups.find(({ name }) => name === group.name);
    const entries = values[group.name] as readonly SbeValues[] | null;
    if (counterpart === undefined || entries === null || entries.length === 0) continue;
    for (const one of unknownTo(group, counterpart, entries[0] as SbeValues, `${path}.${group.name}`)) found.add(one);
  }
  return [...found];
}

/** A value without the names of enums and sets, which a later version may have changed. */
function raw(value: SbePlain): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('value' in value && 'name' in value) return value.value;
  return 'raw' in value && 'names' in value ? value.raw : value;
}
