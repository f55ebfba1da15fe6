/**
 * Emits the source that finds what follows a block, the root or an entry: its groups and its data.
 *
 * A group of fixed entries costs one read of its dimension, whatever it holds. Every place is checked against the end
 * of the message before it is read, so that getters need no check but the block's length.
 */
import { type BlockLike, checkName } from './accessor-plan.js';
import type { AnyGroup, SbeData } from './schema.js';
import { plus, readSource } from './value-source.js';
import { mostEmptyEntries } from './walk.js';

/** What one message's source shares. */
export interface BlockContext {
  readonly isLittle: boolean;
  /** Whether entries without bytes have to be counted: where groups nest, or many may be told. */
  readonly countsEmpty: boolean;
}

/** What is made of the groups and data that are found. */
export interface Finding {
  /** Where they are kept, such as `this`; null where only their end is asked for. */
  readonly owner: string | null;
  /** The statement that leaves where they do not fit. */
  readonly fail: string;
}

/**
 * Statements that move `at` over the groups and data of a block; they use `view`, `at` (a `let`), `end` and `version`.
 */
export function insideSource(path: string, block: BlockLike, finding: Finding, context: BlockContext): string[] {
  return [
    ...block.groups.flatMap((group) => groupSource(`${path}${group.name}$`, group, finding, context)),
    ...block.data.flatMap((data) => dataSource(data, finding, context)),
  ];
}

/** Statements that make the groups and data of a block, `this`, absent. */
export function clearSource(block: BlockLike): string[] {
  return [
    ...block.groups.map((group) => `${clearCursor(`this.$${group.name}`, group)}`),
    ...block.data.map(({ name }) => `this.$${name}$at = -1; this.$${name}$length = 0;`),
  ];
}

/** A function that walks over entries of varying size, named for the group's path. */
export function skipSource(path: string, group: AnyGroup, context: BlockContext): string[] {
  const finding: Finding = { owner: null, fail: 'return -1;' };
  return [
    `function skip$${path}(view, at, end, version, count, stride) {`,
    '  for (let index = 0; index < count; index++) {',
    '    if (stride > end - at) return -1;',
    '    at += stride;',
    ...insideSource(path, group, finding, context).map((line) => `    ${line}`),
    '  }',
    '  return at;',
    '}',
  ];
}

/** Whether all entries have one size. */
export function isFixed(group: AnyGroup): boolean {
  return group.groups.length === 0 && group.data.length === 0;
}

/** Whether anything in an entry of the group asks for the header's version. */
export function countsEmpty(block: BlockLike): boolean {
  const most = block.groups.reduce((sum, { dimension }) => sum + dimension.maxEntries, 0);
  return most > mostEmptyEntries || block.groups.some((group) => group.groups.length > 0);
}

function clearCursor(keep: string, group: AnyGroup): string {
  return isFixed(group) ? `${keep}$isWide = false; ${keep}$narrow.clear$();` : `${keep}.clear$();`;
}

function groupSource(path: string, group: AnyGroup, finding: Finding, context: BlockContext): string[] {
  const { owner } = finding;
  const keep = owner === null ? null : `${owner}.$${checkName(group.name)}`;
  const body = presentSource(path, group, keep, finding, context);
  if (group.sinceVersion === 0) return ['{', ...indented(body), '}'];
  const otherwise = keep === null ? ['}'] : ['} else {', `  ${clearCursor(keep, group)}`, '}'];
  return [`if (version >= ${group.sinceVersion}) {`, ...indented(body), ...otherwise];
}

function presentSource(
  path: string,
  group: AnyGroup,
  keep: string | null,
  { fail }: Finding,
  { isLittle, countsEmpty }: BlockContext,
): string[] {
  const { size, blockLength, numInGroup, maxEntries } = group.dimension;
  const slot = (name: string, { offset, primitive }: typeof blockLength): string => {
    const isNegative = primitive.startsWith('int') ? ` if (${name} < 0) ${fail}` : '';
    return `const ${name} = ${readSource(primitive, 'view', plus('at', offset), isLittle)};${isNegative}`;
  };
  return [
    `if (end - at < ${size}) ${fail}`,
    slot('stride', blockLength),
    slot('count', numInGroup),
    `at += ${size};`,
    ...(countsEmpty ? [`if (stride === 0 && (emptyEntries += count) > ${mostEmptyEntries}) ${fail}`] : []),
    `if (count > ${maxEntries} || count * stride > end - at) ${fail}`,
    ...(keep === null ? [] : placeSource(keep, group)),
    ...(isFixed(group)
      ? ['at += count * stride;']
      : [`at = skip$${path}(view, at, end, version, count, stride);`, `if (at === -1) ${fail}`]),
  ];
}

/** Of entries of one size, the cursor that reads whole ones without a look at their length, or the other. */
function placeSource(keep: string, group: AnyGroup): string[] {
  const place = `place$(view, at, version, count, stride);`;
  if (!isFixed(group)) return [`${keep}.${place}`];
  const known = Math.max(0, ...group.fields.map(({ offset, size }) => offset + size));
  return [
    `const isWide = stride >= ${known} && count !== 0;`,
    `${keep}$isWide = isWide;`,
    `(isWide ? ${keep}$wide : ${keep}$narrow).${place}`,
  ];
}

function dataSource(data: SbeData, { owner, fail }: Finding, { isLittle }: BlockContext): string[] {
  const { name, length, headerSize, maxLength, sinceVersion } = data;
  checkName(name);
  const read = readSource(length.primitive, 'view', plus('at', length.offset), isLittle);
  const isNegative = length.primitive.startsWith('int') ? 'length < 0 || ' : '';
  const body = [
    `if (end - at < ${headerSize}) ${fail}`,
    `const length = ${read};`,
    `at += ${headerSize};`,
    `if (${isNegative}length > ${maxLength} || length > end - at) ${fail}`,
    ...(owner === null ? [] : [`${owner}.$${name}$at = at; ${owner}.$${name}$length = length;`]),
    'at += length;',
  ];
  if (sinceVersion === 0) return ['{', ...indented(body), '}'];
  const absent = `${owner}.$${name}$at = -1; ${owner}.$${name}$length = 0;`;
  const otherwise = owner === null ? ['}'] : ['} else {', `  ${absent}`, '}'];
  return [`if (version >= ${sinceVersion}) {`, ...indented(body), ...otherwise];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
