/** Writes messages as CSV rows (RFC 4180) under one header: the union of all messages' fields, groups and data. */
import { parseU64 } from '../../core/halves.js';
import { csvCell } from '../text.js';
import { headerReader } from './block.js';
import { decimalOf } from './decimal.js';
import { dataJson, groupJson, innerSelection, type Place } from './json.js';
import { jsonValue } from './json-value.js';
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
  const cells = columns.map((column) => cellOf(schema, message, column, context));
  return (view, offset) => {
    const version = header.version(view, offset);
    const blockLength = header.blockLength(view, offset);
    let text = '';
    for (let index = 0; index < cells.length; index++) {
      if (index > 0) text += ',';
      const cell = cells[index];
      if (cell !== null && cell !== undefined) text += cell(view, offset + header.size, version, blockLength);
    }
    return text;
  };
}

/** Writes one cell; `at` is the root block's first byte. */
type WriteCell = (view: DataView, at: number, version: number, blockLength: number) => string;

function cellOf(schema: SbeSchema, message: SbeMessage, column: string, context: ReadContext): WriteCell | null {
  if (column === 'type' || column === 'templateId') return () => `${message.id}`;
  if (column === 'name') return () => message.name;
  if (column === 'version') return (_view, _at, version) => `${version}`;
  const field = message.fields.find(({ name }) => rootKey(name) === column);
  if (field !== undefined) return fieldCell(field, context);
  return behindCell(schema, message, column, context);
}

function fieldCell(field: SbeField, context: ReadContext): WriteCell {
  const write = valueCell(field, context);
  return (view, at, version, blockLength) =>
    isPresent(field, version, blockLength) ? write(view, at + field.offset, version) : '';
}

function valueCell(field: SbeField, context: ReadContext): (view: DataView, at: number, version: number) => string {
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

/** The cell of a group or data, which stands behind the groups before it; null where the message has no such column. */
function behindCell(schema: SbeSchema, message: SbeMessage, column: string, context: ReadContext): WriteCell | null {
  const [key = ''] = column.split('.');
  const group = message.groups.find(({ name }) => rootKey(name) === key);
  if (!hasField(schema, column)) return null;
  const wanted = group === undefined ? 'all' : innerSelection(group, selectedOf(selectionOf(schema, [column]), key));
  if (wanted === undefined) return null;
  const steps: { sinceVersion: number; isWanted: boolean; write: (place: Place) => string }[] = [];
  for (const group of message.groups) {
    const isWanted = rootKey(group.name) === key;
    steps.push({
      sinceVersion: group.sinceVersion,
      isWanted,
      write: groupJson(group, isWanted ? wanted : new Map(), context),
    });
  }
  for (const data of message.data) {
    const isWanted = rootKey(data.name) === key;
    steps.push({ sinceVersion: data.sinceVersion, isWanted, write: dataJson(data, context) });
  }
  const last = steps.findIndex(({ isWanted }) => isWanted);
  if (last < 0) return null;
  return (view, at, version, blockLength) => {
    const place: Place = { view, at: at + blockLength, version };
    let text = '';
    for (const { sinceVersion, write } of steps.slice(0, last + 1)) {
      text = sinceVersion > version ? '' : write(place);
    }
    if (last < message.groups.length) return csvCell(text);
    return text === '' ? '' : csvCell(JSON.parse(text));
  };
}
