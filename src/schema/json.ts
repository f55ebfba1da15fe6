/** Writes messages as the inside of JSON objects, straight from the bytes. */
import { UsageError } from '../core/errors.js';
import type { Field } from './field.js';
import { readNumber } from './read.js';
import type { Message, Protocol } from './table.js';
import { decimal64, fixedPoint, jsonText } from './text.js';

/** How values are written. */
export interface ValueOptions {
  /** 64-bit integers as decimal strings (the default) or as JSON integers, exact in either form. */
  readonly int64?: 'string' | 'number';
  /** Fixed-point fields as exact decimal strings (`"12.3400"`) instead of raw integers. */
  readonly decimal?: boolean;
}

/** How messages are written; `fields` selects among `type`, `name` and the fields' names. */
export interface JsonOptions extends ValueOptions {
  readonly fields?: readonly string[] | undefined;
}

/**
 * Writes the message at `offset` as the inside of a JSON object, without braces: `"type":"A","name":"AddOrder",…`, the
 * fields in the table's order. Empty where the type is unknown, or where none of its fields was selected. The length
 * must have been checked.
 */
export type JsonWriter = (view: DataView, offset: number) => string;

type Piece = (view: DataView, offset: number) => string;

/** Builds a JSON writer. `UsageError` where a selected field is in none of the protocol's messages. */
export function compileJsonWriter(table: Protocol, options: JsonOptions = {}): JsonWriter {
  const selected = selection(table, options.fields);
  const byType = new Array<Piece | undefined>(256).fill(undefined);
  for (const message of table.messages) byType[message.typeCode] = messageWriter(message, selected, options);
  return (view, offset) => byType[view.getUint8(offset)]?.(view, offset) ?? '';
}

/** `type`, `name` and the names of all fields, each once, in order of first appearance. */
export function columnsOf(table: Protocol): string[] {
  const names = table.messages.flatMap(({ fields }) => fields.map(({ name }) => name));
  return [...new Set(['type', 'name', ...names])];
}

/** The selected columns as a set; all of them where nothing was selected. */
export function selection(table: Protocol, fields: readonly string[] | undefined): ReadonlySet<string> {
  const columns = new Set(columnsOf(table));
  for (const name of fields ?? []) {
    if (!columns.has(name)) throw new UsageError('unknown-field', `${table.name} has no field "${name}"`);
  }
  return fields === undefined ? columns : new Set(fields);
}

/** A function that writes one field as a JSON value, given the offset of its message. */
export function jsonValue(field: Field, options: ValueOptions): Piece {
  const { offset: at, length, kind, decimals } = field;
  if (kind === 'char' || kind === 'alpha') return (view, offset) => jsonText(view, offset + at, length);
  const digits: Piece =
    kind === 'u64'
      ? (view, offset) => decimal64(view, offset + at)
      : (view, offset) => `${readNumber(view, offset + at, length)}`;
  if (options.decimal === true && decimals !== undefined) {
    return (view, offset) => `"${fixedPoint(digits(view, offset), decimals)}"`;
  }
  return kind === 'u64' && options.int64 !== 'number' ? (view, offset) => `"${digits(view, offset)}"` : digits;
}

function messageWriter(message: Message, selected: ReadonlySet<string>, options: ValueOptions): Piece {
  const constants: string[] = [];
  if (selected.has('type')) constants.push(`"type":${JSON.stringify(message.type)}`);
  if (selected.has('name')) constants.push(`"name":"${message.name}"`);
  const head = constants.join(',');
  const fields = message.fields.filter(({ name }) => selected.has(name));
  const prefixes = fields.map(({ name }, index) => `${index === 0 && head === '' ? '' : ','}"${name}":`);
  const writers = fields.map((field) => jsonValue(field, options));
  return (view, offset) => {
    let text = head;
    for (let index = 0; index < writers.length; index++) {
      text += prefixes[index] as string;
      text += (writers[index] as Piece)(view, offset);
    }
    return text;
  };
}
