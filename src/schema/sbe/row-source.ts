/**
 * Emits the source of the writers of a schema's messages as rows of a CSV, into a buffer: what `csv.ts` says in
 * strings.
 *
 * Groups and data stand behind one another, so where each begins is found first; then the cells are written in the
 * order of the columns, groups as JSON with its quotes doubled.
 */
import { mostDigits } from '../../core/digits.js';
import { csvCell } from '../text.js';
import { checkName } from './accessor-plan.js';
import { symbolText, valueCell } from './csv.js';
import { dataJson, groupJson, innerSelection, type Place } from './json.js';
import { hasField, rootKey, type Selection, selectedOf, selectionOf } from './plain-values.js';
import type { AnyGroup, SbeData, SbeMessage, SbeSchema } from './schema.js';
import type { ReadContext } from './slot.js';
import { symbolField, symbolKey } from './tagged.js';
import { quotedForm, TextEmitter, type TextForm } from './text-emitter.js';
import { functionSource, type TextSource } from './text-source.js';
import { plus, readSource } from './value-source.js';

/** The value of a cell. */
const cellForm: TextForm = { quote: '', none: '', writer: valueCell };

/** Source of a function body that returns `(text, view, offset) => void`. */
export function messageRowSource(
  schema: SbeSchema,
  message: SbeMessage,
  columns: readonly string[],
  context: ReadContext,
): TextSource {
  const emitter = new TextEmitter(context, cellForm);
  const behind = [...message.groups, ...message.data];
  const shown = columns.map((column) => behind.findIndex(({ name }) => isOf(schema, column, rootKey(name))));
  findBehind(emitter, message, Math.max(...shown) + 1);
  let commas = '';
  for (const [index, column] of columns.entries()) {
    if (index > 0) commas += ',';
    const place = shown[index] as number;
    const cell = place >= 0 ? behindCell(schema, behind[place], column, place) : rootCell(message, column);
    if (cell === null) continue;
    emitter.verbatim(commas);
    commas = '';
    cell(emitter, context);
  }
  emitter.verbatim(commas);
  return functionSource(schema, `${checkName(message.name)}.row`, emitter, context);
}

type EmitCell = (emitter: TextEmitter, context: ReadContext) => void;

/** Whether a column shows a group or data, or a part of it. */
function isOf(schema: SbeSchema, column: string, key: string): boolean {
  return column.split('.')[0] === key && hasField(schema, column);
}

/** Notes where the root block begins, and as many of the groups and data behind it. */
function findBehind(emitter: TextEmitter, { groups, data }: SbeMessage, count: number): void {
  emitter.add('const root = place;');
  if (count > 0) emitter.add('place += blockLength;');
  for (const [index, one] of [...groups, ...data].slice(0, count).entries()) {
    emitter.add(`const begin${index} = place;`);
    if (index + 1 === count) break;
    emitter.add(`if (version >= ${one.sinceVersion}) {`);
    if ('dimension' in one) emitter.group(one, undefined, false, 0);
    else emitter.passed(dataJson(one, emitter.context), false);
    emitter.add('}');
  }
}

function rootCell(message: SbeMessage, column: string): EmitCell | null {
  if (column === 'type' || column === 'templateId') return (emitter) => emitter.verbatim(`${message.id}`);
  if (column === 'name') return (emitter) => emitter.verbatim(message.name);
  if (column === 'version') return (emitter) => emitter.add('at = writeU32(out, at, version);', mostDigits);
  const field = message.fields.find(({ name }) => rootKey(name) === column);
  if (field !== undefined) {
    return (emitter) => {
      emitter.add('place = root;');
      emitter.field(field, '', 'blockLength', false);
    };
  }
  const ofSymbol = column === symbolKey ? symbolField(message) : undefined;
  if (ofSymbol === undefined) return null;
  return (emitter, context) => {
    emitter.add('place = root;');
    emitter.present(ofSymbol, 'blockLength', () => emitter.slow(symbolText(context), plus('place', ofSymbol.offset)));
  };
}

function behindCell(
  schema: SbeSchema,
  one: AnyGroup | SbeData | undefined,
  column: string,
  place: number,
): EmitCell | null {
  if (one === undefined) return null;
  let inner: Selection | undefined = 'all';
  if ('dimension' in one) {
    inner = innerSelection(one, selectedOf(selectionOf(schema, [column]), rootKey(one.name)));
  } else if (column !== rootKey(one.name)) inner = undefined;
  if (inner === undefined) return null;
  const selection = inner;
  return (emitter, context) => {
    emitter.add(`place = begin${place};`);
    emitter.add(`if (version >= ${one.sinceVersion}) {`);
    if (!('dimension' in one)) emitter.passed(dataCell(one, context), true);
    else if (hasKeys(one, selection, context)) groupCell(emitter, one, selection, context);
    else {
      const write = groupJson(one, selection, context);
      emitter.passed((from) => csvCell(write(from)), true);
    }
    emitter.add('}');
  };
}

function dataCell(data: SbeData, context: ReadContext): (place: Place) => string {
  const write = dataJson(data, context);
  return (place) => csvCell(JSON.parse(write(place)));
}

/** A group whose entries have keys: quoted, unless there is no entry. */
function groupCell(emitter: TextEmitter, group: AnyGroup, selection: Selection, { little }: ReadContext): void {
  const { numInGroup } = group.dimension;
  emitter.add(`if (${readSource(numInGroup.primitive, 'view', plus('place', numInGroup.offset), little)} === 0) {`);
  emitter.verbatim('[]');
  emitter.add('} else {');
  emitter.verbatim('"');
  emitter.form = quotedForm;
  emitter.group(group, selection, true, 0);
  emitter.form = cellForm;
  emitter.verbatim('"');
  emitter.add('}');
}

/** Whether an entry of a group, as an object, has any keys. */
function hasKeys(group: AnyGroup, selection: Selection, { options }: ReadContext): boolean {
  const isSelected = (name: string): boolean => selectedOf(selection, name) !== undefined;
  const hasSymbol = options.symbolOf !== undefined && symbolField(group) !== undefined && isSelected(symbolKey);
  const names = [...group.fields, ...group.groups, ...group.data].map(({ name }) => name);
  return hasSymbol || names.some(isSelected);
}
