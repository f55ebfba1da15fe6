/**
 * Handlers that read every field of a message, of its groups' entries and the lengths of its data, and add it up; see
 * `../field-sum.ts`. What is null or absent counts as 0, halves of 64-bit integers as they stand, constants not at all.
 */
import { canGenerateCode } from '../compile.js';
import type { FieldSum } from '../field-sum.js';
import { accessorName, accessorsOf, type BlockLike, dataAccessorNames, type SbeAccessor } from './accessor-plan.js';
import { isWide } from './read.js';
import type { SbeSchema } from './schema.js';
import type { SbeHandlers } from './types.js';

/** Handlers for every message of the schema; they add to `total.sum`, which stays a 32-bit integer. */
export function sbeFieldSumHandlers<S extends SbeSchema>(schema: S, total: FieldSum): SbeHandlers<S> {
  if (canGenerateCode()) return new Function('total', sbeFieldSumSource(schema))(total) as SbeHandlers<S>;
  const handlers = schema.messages.map((message) => [message.name, interpreted(message, total)] as const);
  return Object.fromEntries(handlers) as unknown as SbeHandlers<S>;
}

/** Source of a function body that takes `total` and returns the handlers; `accessorsOf` checks every name. */
export function sbeFieldSumSource(schema: SbeSchema): string {
  return [
    "'use strict';",
    'return {',
    ...schema.messages.flatMap((message) => [
      `  ${message.name}(block0) {`,
      '    let sum = total.sum;',
      ...blockSource(message, 0),
      '    total.sum = sum;',
      '  },',
    ]),
    '};',
    `//# sourceURL=tickreel/sbe-${schema.id}/field-sum.js`,
    '',
  ].join('\n');
}

function blockSource(block: BlockLike, depth: number): string[] {
  const own = `block${depth}`;
  const indent = '  '.repeat(depth + 2);
  return [
    ...summed(block).map((accessor) => `${indent}sum = (sum + (${own}.${accessor} | 0)) | 0;`),
    ...block.groups.flatMap((group) => [
      `${indent}{`,
      `${indent}  const block${depth + 1} = ${own}.${accessorName(group.name)};`,
      `${indent}  while (block${depth + 1}.next()) {`,
      ...blockSource(group, depth + 1).map((line) => `  ${line}`),
      `${indent}  }`,
      `${indent}}`,
    ]),
    ...dataLengths(block).map((accessor) => `${indent}sum = (sum + (${own}.${accessor} | 0)) | 0;`),
  ];
}

interface Block {
  readonly [accessor: string]: unknown;
}

interface Cursor extends Block {
  next(): boolean;
}

function interpreted(message: BlockLike, total: FieldSum): (block: Block) => void {
  const names = summed(message).map((accessor) => accessor.replace(/\(\d+\)$/, ''));
  const indexes = summed(message).map((accessor) => /\((\d+)\)$/.exec(accessor)?.[1]);
  const lengths = dataLengths(message);
  const groups = message.groups.map((group) => ({
    name: accessorName(group.name),
    add: interpreted(group, total),
  }));
  const add = (value: unknown): void => {
    total.sum = (total.sum + ((value as number) | 0)) | 0;
  };
  return (block) => {
    for (const [place, name] of names.entries()) {
      const index = indexes[place];
      add(index === undefined ? block[name] : (block[name] as (index: number) => number)(Number(index)));
    }
    for (const group of groups) {
      const cursor = block[group.name] as Cursor;
      while (cursor.next()) group.add(cursor);
    }
    for (const name of lengths) add(block[name]);
  };
}

/** The accessors that between them read each field once. */
function summed(block: BlockLike): string[] {
  return accessorsOf(block).flatMap(expressions);
}

function expressions({ name, read }: SbeAccessor): string[] {
  switch (read.kind) {
    case 'number':
      return isWide(read.primitive) ? [] : [name];
    case 'high':
    case 'low':
    case 'word':
      return [name];
    case 'element':
      return Array.from({ length: read.length }, (_, index) => `${name}(${index})`);
    default:
      return [];
  }
}

function dataLengths(block: BlockLike): string[] {
  return block.data.flatMap((data) => dataAccessorNames(block, data).length ?? []);
}
