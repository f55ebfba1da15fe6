/** A parser's output as records of one size: where its fields lie in each, and how they are read. */
import { UsageError } from '../core/errors.js';
import { formatI64, formatU64 } from '../core/halves.js';
import { holderOf, refuseOtherKeys, textOf } from './mapping.js';

const kinds = ['u8', 'u16', 'u32', 'u48', 'u64', 'i8', 'i16', 'i32', 'i64', 'f32', 'f64', 'text', 'char'] as const;
type RecordKind = (typeof kinds)[number];

/** One field of a record. */
export interface RecordField {
  readonly name: string;
  readonly at: number;
  readonly kind: RecordKind;
  /** Bytes. */
  readonly length: number;
}

/** The layout of a stream of records, each of `size` bytes. */
export interface RecordLayout {
  readonly size: number;
  readonly little: boolean;
  /** In every record. */
  readonly fields: readonly RecordField[];
  /** In those whose `type` field reads as the key. */
  readonly messages: ReadonlyMap<string, readonly RecordField[]>;
}

const mostBytes = 65_536;
const lengths: Record<Exclude<RecordKind, 'text'>, number> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u48: 6,
  u64: 8,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  f32: 4,
  f64: 8,
  char: 1,
};

/** Reads a layout from plain data; throws UsageError, which names `path` and the key. */
export function recordLayoutOf(given: unknown, path: string): RecordLayout {
  const held = holderOf(given, path);
  refuseOtherKeys(held, ['size', 'byte-order', 'fields', 'messages'], path);
  const size = Number(held.size);
  if (!Number.isInteger(size) || size < 1 || size > mostBytes) {
    throw refusal(`${path}.size: bytes of a record, a whole number from 1 to ${mostBytes}`);
  }
  const order = textOf(held['byte-order'], `${path}.byte-order`) ?? 'little';
  if (order !== 'little' && order !== 'big') throw refusal(`${path}.byte-order: little or big`);
  const fields = fieldsOf(held.fields, size, `${path}.fields`);
  const messages = Object.entries(holderOf(held.messages, `${path}.messages`)).map(([type, own]) => {
    return [type, fieldsOf(own, size, `${path}.messages.${type}`)] as const;
  });
  return { size, little: order === 'little', fields, messages: new Map(messages) };
}

function fieldsOf(given: unknown, size: number, path: string): RecordField[] {
  return Object.entries(holderOf(given, path)).map(([name, rule]) => {
    const where = `${path}.${name}`;
    const held = holderOf(rule, where);
    refuseOtherKeys(held, ['at', 'kind', 'length'], where);
    const kind = textOf(held.kind, `${where}.kind`) as RecordKind | null;
    if (kind === null || !kinds.includes(kind)) throw refusal(`${where}.kind: one of ${kinds.join(', ')}`);
    const length = kind === 'text' ? Number(held.length) : lengths[kind];
    const at = Number(held.at);
    if (!Number.isInteger(length) || length < 1) throw refusal(`${where}.length: bytes of the text`);
    if (!Number.isInteger(at) || at < 0 || at + length > size) {
      throw refusal(`${where}.at: from 0, and with its ${length} bytes within the record's ${size}`);
    }
    return { name, at, kind, length };
  });
}

/** The record at `offset` as an object; `typeKey` names the field that chooses what is read beside the common ones. */
export function readRecord(
  { fields, messages, little }: RecordLayout,
  view: DataView,
  offset: number,
  typeKey: string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const field of fields) values[field.name] = read(field, view, offset, little);
  for (const field of messages.get(String(values[typeKey])) ?? []) {
    values[field.name] = read(field, view, offset, little);
  }
  return values;
}

function read({ kind, at, length }: RecordField, view: DataView, offset: number, little: boolean): string | number {
  const place = offset + at;
  switch (kind) {
    case 'u8':
      return view.getUint8(place);
    case 'i8':
      return view.getInt8(place);
    case 'u16':
      return view.getUint16(place, little);
    case 'i16':
      return view.getInt16(place, little);
    case 'u32':
      return view.getUint32(place, little);
    case 'i32':
      return view.getInt32(place, little);
    case 'f32':
      return view.getFloat32(place, little);
    case 'f64':
      return view.getFloat64(place, little);
    case 'u48':
      return little
        ? view.getUint16(place + 4, true) * 2 ** 32 + view.getUint32(place, true)
        : view.getUint16(place) * 2 ** 32 + view.getUint32(place + 2);
    case 'u64':
    case 'i64': {
      const high = view.getUint32(place + (little ? 4 : 0), little);
      const low = view.getUint32(place + (little ? 0 : 4), little);
      return kind === 'u64' ? formatU64(high, low) : formatI64(high, low);
    }
    default: {
      const text = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + place, length));
      // Padded with blanks, or ended as C does.
      return text.replace(/\0[\s\S]*$/, '').trimEnd();
    }
  }
}

function refusal(text: string): UsageError {
  return new UsageError('parser-config', text);
}
