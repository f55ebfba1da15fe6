/** Writes messages as CSV rows (RFC 4180) under one header: the union of all messages' fields, groups and data. */
import { parseU64 } from '../../core/halves.js';
import { csvCell } from '../text.js';
import { headerReader } from './block.js';
import { decimalOf } from './decimal.js';
import { dataJson, groupJson, innerSelection, type Place } from './json.js';
import { jsonValue, type WriteJson } from './json-value.js';
import { plainReader, type ReadPlain } from './plain.js';
import {
  columnsOf,
  hasField,
  rootKey,
  type SbePlainSet,
  type SbeSelectOptions,
  type SbeValueOptions,
  selectedOf,
  selectionOf,
} from './plain-values.js';
import type { SbeField, SbeMessage, SbeSchema, SbeSet } from './schema.js';
import { isPresent, namesOf, type ReadContext, readContext } from './slot.js';
import { symbolField, symbolKey } from './tagged.js';

/** The selected columns in the order given, all of them where none was. */
export function csvColumns(schema: SbeSchema, { fields }: SbeSelectOptions): readonly string[] {
  selectionOf(schema, fields);
  return fields ?? columnsOf(schema);
}

/** Writes the row of the message at `offset`, which must be known and must fit; no line end. */
export type WriteSbeRow = (view: DataView, offset: number) => string;

/**
 * Builds the row writer of one message. Cells of columns that it does not have are empty, as are nulls. An enum is its
 * name, else its raw value; a set its names joined by `|`, bits without a name as `0x40`, 0 where none is set; a group,
 * a composite or an array is its JSON.
 */
export function compileMessageRow(
  schema: SbeSchema,
  message: SbeMessage,
  columns: readonly string[],
  options: SbeValueOptions = {},
): WriteSbeRow {
  const header = headerReader(schema);
  const context = readContext(schema, options);
  const behind = behindCells(schema, message, columns, context);
  const cells: WriteCell[] = [];
  const before: string[] = [];
  let commas = '';
  for (const [index, column] of columns.entries()) {
    const cell = behind.columns.has(index) ? () => behind.texts[index] as string : rootCell(message, column, context);
    if (cell !== null) {
      before.push(commas);
      cells.push(cell);
      commas = '';
    }
    if (index < columns.length - 1) commas += ',';
  }
  const end = commas;
  return (view, offset) => {
    const version = header.version(view, offset);
    const blockLength = header.blockLength(view, offset);
    const root = offset + header.size;
    behind.read({ view, at: root + blockLength, version });
    let text = '';
    for (let index = 0; index < cells.length; index++) {
      text += before[index] as string;
      text += (cells[index] as WriteCell)(view, root, version, blockLength);
    }
    return text + end;
  };
}

/** Writes one cell; `at` is the root block's first byte. */
type WriteCell = (view: DataView, at: number, version: number, blockLength: number) => string;

function rootCell(message: SbeMessage, column: string, context: ReadContext): WriteCell | null {
  if (column === 'type' || column === 'templateId') return () => `${message.id}`;
  if (column === 'name') return () => message.name;
  if (column === 'version') return (_view, _at, version) => `${version}`;
  const field = message.fields.find(({ name }) => rootKey(name) === column);
  if (field !== undefined) return fieldCell(field, context);
  const ofSymbol = column === symbolKey ? symbolField(message) : undefined;
  return ofSymbol === undefined ? null : symbolCell(ofSymbol, context);
}

function symbolCell(field: SbeField, context: ReadContext): WriteCell {
  const write = symbolText(context);
  return (view, at, version, blockLength) =>
    isPresent(field, version, blockLength) ? write(view, at + field.offset, version) : '';
}

/** The string writer of the symbol of a SecurityID as a cell. */
export function symbolText({ little, options }: ReadContext): WriteJson {
  return (view, at) => csvCell(options.symbolOf?.(view.getInt32(at, little)) ?? '');
}

function fieldCell(field: SbeField, context: ReadContext): WriteCell {
  const write = valueCell(field, context);
  return (view, at, version, blockLength) =>
    isPresent(field, version, blockLength) ? write(view, at + field.offset, version) : '';
}

/** The string writer of the value of a field as a cell. */
export function valueCell(field: SbeField, context: ReadContext): WriteJson {
  const { type } = field;
  if (type.kind === 'composite' && decimalOf(type) === null) return jsonCell(field, context);
  if (type.kind === 'encoding' && type.length !== 1 && type.primitive !== 'char') return jsonCell(field, context);
  const read: ReadPlain = plainReader(field, { ...context, options: { int64: 'string', enums: 'name' } });
  if (type.kind === 'set') return (view, at, version) => setText(type, read(view, at, version) as SbePlainSet);
  return (view, at, version) => {
    const value = read(view, at, version);
    if (value === null) return '';
    return csvCell(Object.is(value, -0) ? '-0' : String(value));
  };
}

function jsonCell(field: SbeField, context: ReadContext): (view: DataView, at: number, version: number) => string {
  const write = jsonValue(field, context);
  return (view, at, version) => csvCell(write(view, at, version));
}

function setText({ choices }: SbeSet, { raw, names }: SbePlainSet): string {
  let { high, low } = parseU64(String(raw));
  for (const choice of choices) {
    if (!namesOf(choice).some((name) => names.includes(name))) continue;
    if (choice.bit < 32) low = (low & ~(1 << choice.bit)) >>> 0;
    else high = (high & ~(1 << (choice.bit - 32))) >>> 0;
  }
  if (high === 0 && low === 0) return names.length === 0 ? '0' : names.join('|');
  const rest = high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0');
  return [...names, `0x${rest}`].join('|');
}

/** Cells of groups and data, which stand behind one another and are read in one pass. */
interface BehindCells {
  /** Which of the columns are theirs. */
  readonly columns: ReadonlySet<number>;
  /** Their texts by column, as last read. */
  readonly texts: string[];
  read(place: Place): void;
}

/** One group or data: how it is passed, and the columns that show it. */
interface Step {
  readonly sinceVersion: number;
  readonly pass: (place: Place) => unknown;
  readonly shown: readonly { readonly index: number; readonly write: (place: Place) => string }[];
}

function behindCells(
  schema: SbeSchema,
  message: SbeMessage,
  columns: readonly string[],
  context: ReadContext,
): BehindCells {
  const groups = message.groups.map((group): Step => {
    const shown = columns.flatMap((column, index) => {
      const key = rootKey(group.name);
      if (column.split('.')[0] !== key || !hasField(schema, column)) return [];
      const selection = innerSelection(group, selectedOf(selectionOf(schema, [column]), key));
      if (selection === undefined) return [];
      const write = groupJson(group, selection, context);
      return [{ index, write: (place: Place) => csvCell(write(place)) }];
    });
    return { sinceVersion: group.sinceVersion, pass: groupJson(group, new Map(), context), shown };
  });
  const data = message.data.map((one): Step => {
    const write = dataJson(one, context);
    const cell = (place: Place) => csvCell(JSON.parse(write(place)));
    const shown = columns.flatMap((column, index) => (column === rootKey(one.name) ? [{ index, write: cell }] : []));
    return { sinceVersion: one.sinceVersion, pass: write, shown };
  });
  const steps = [...groups, ...data];
  // What stands behind the last that is shown need not be passed.
  const used = steps.slice(0, steps.findLastIndex(({ shown }) => shown.length > 0) + 1);
  const texts: string[] = columns.map(() => '');
  return {
    columns: new Set(steps.flatMap(({ shown }) => shown.map(({ index }) => index))),
    texts,
    read(place) {
      for (const { sinceVersion, pass, shown } of used) {
        const isAbsent = sinceVersion > place.version;
        const start = place.at;
        for (const { index, write } of shown) {
          place.at = start;
          texts[index] = isAbsent ? '' : write(place);
        }
        if (shown.length === 0 && !isAbsent) pass(place);
      }
    },
  };
}
