/** Messages as plain objects, value for value as they stand in JSON. */
import type { Field } from './field.js';
import type { ValueOptions } from './json.js';
import { readField } from './read.js';
import type { Message } from './table.js';
import { decimal64, fixedPoint } from './text.js';
import type { PlainValues } from './types.js';

/**
 * The message at `offset` as a plain object: `type`, `name`, then every field. 64-bit integers are decimal strings, or
 * with `int64: 'number'` numbers, which are exact below 2^53 only.
 */
export function toObject(message: Message, view: DataView, offset: number, options: ValueOptions = {}): PlainValues {
  const values: Record<string, string | number> = { type: message.type, name: message.name };
  for (const field of message.fields) values[field.name] = plainValue(field, view, offset, options);
  return values as PlainValues;
}

function plainValue(field: Field, view: DataView, offset: number, options: ValueOptions): string | number {
  const { kind, decimals } = field;
  const value = readField(field, view, offset);
  if (kind === 'char') return value === ' ' ? '' : value;
  if (options.decimal === true && decimals !== undefined) {
    return fixedPoint(kind === 'u64' ? decimal64(view, offset + field.offset) : `${value}`, decimals);
  }
  return kind === 'u64' && options.int64 !== 'number' ? decimal64(view, offset + field.offset) : value;
}
