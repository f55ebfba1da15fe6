/** Messages as plain objects, value for value as they stand in JSON; with the wire's own bytes where asked for. */
import { dimensionReader, headerReader, lengthReader } from './block.js';
import { plainReader, type ReadPlain } from './plain.js';
import {
  rootKey,
  type SbeObjectOptions,
  type SbePlain,
  type SbeValues,
  type SbeWire,
  wireBytes,
} from './plain-values.js';
import { readString } from './read.js';
import type { ReadNumber } from './scalar.js';
import type { AnyGroup, SbeData, SbeField, SbeMessage, SbeSchema } from './schema.js';
import { isPresent, type ReadContext, readContext } from './slot.js';

/** Reads the message at `offset` of `length` bytes; its layout must be known and must fit. */
export type ReadObject = (view: DataView, offset: number, length: number) => SbeValues;

/** Builds the reader of one message. */
export function compileObjectReader(
  schema: SbeSchema,
  message: SbeMessage,
  options: SbeObjectOptions = {},
): ReadObject {
  const header = headerReader(schema);
  const context = readContext(schema, options);
  const keepsWire = options.wire === true;
  const block = blockReader(message, context, keepsWire, rootKey);
  return (view, offset, length) => {
    const root = offset + header.size;
    const version = header.version(view, offset);
    const values: Mutable = { type: `${message.id}`, name: message.name, templateId: message.id, version };
    const place: Place = { view, at: root, version, data: [] };
    const blockLength = header.blockLength(view, offset);
    block(place, blockLength, values);
    if (keepsWire) {
      values[wireBytes] = {
        header: bytesAt(view, offset, header.size),
        block: bytesAt(view, root, blockLength),
        data: place.data,
        tail: bytesAt(view, place.at, offset + length - place.at),
      };
    }
    return values as SbeValues;
  };
}

/** Text of data as it is, of bytes as hexadecimal digits. */
export function dataText(view: DataView, at: number, length: number, { characterEncoding }: SbeData): string {
  if (characterEncoding !== '') return readString(view, at, length, characterEncoding);
  let text = '';
  for (let index = 0; index < length; index++) text += hexadecimal[view.getUint8(at + index)];
  return text;
}

interface Mutable {
  [name: string]: SbePlain;
  [wireBytes]?: SbeWire;
}

/** Where a message is being read; `at` moves on as groups and data are. */
interface Place {
  readonly view: DataView;
  at: number;
  readonly version: number;
  /** The lengths' composites of the block at hand, where the wire is kept. */
  data: Uint8Array[];
}

/** Reads a block, its groups and data into `values`; begins at the place and leaves it behind them. */
type ReadBlock = (place: Place, blockLength: number, values: Mutable) => void;

const hexadecimal = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function blockReader(
  block: Pick<AnyGroup, 'fields' | 'groups' | 'data'>,
  context: ReadContext,
  keepsWire: boolean,
  keyOf: (name: string) => string,
): ReadBlock {
  const fields = block.fields.map((field) => ({ key: keyOf(field.name), field, read: plainReader(field, context) }));
  const groups = block.groups.map((group) => ({
    key: keyOf(group.name),
    sinceVersion: group.sinceVersion,
    read: groupReader(group, context, keepsWire),
  }));
  const data = block.data.map((one) => ({
    key: keyOf(one.name),
    sinceVersion: one.sinceVersion,
    read: dataReader(one, context, keepsWire),
  }));
  return (place, blockLength, values) => {
    const { view, version, at } = place;
    for (const { key, field, read } of fields) values[key] = readField(field, read, view, at, version, blockLength);
    place.at += blockLength;
    for (const { key, sinceVersion, read } of groups) values[key] = sinceVersion > version ? null : read(place);
    place.data = [];
    for (const { key, sinceVersion, read } of data) values[key] = sinceVersion > version ? null : read(place);
  };
}

function readField(
  field: SbeField,
  read: ReadPlain,
  view: DataView,
  at: number,
  version: number,
  blockLength: number,
): SbePlain {
  return isPresent(field, version, blockLength) ? read(view, at + field.offset, version) : null;
}

function groupReader(group: AnyGroup, context: ReadContext, keepsWire: boolean): (place: Place) => SbePlain {
  const dimension = dimensionReader(group, context.little);
  const block = blockReader(group, context, keepsWire, (name) => name);
  return (place) => {
    const { view } = place;
    const blockLength = dimension.blockLength(view, place.at);
    const count = dimension.numInGroup(view, place.at);
    const entries: SbeValues[] = [];
    if (keepsWire) Object.assign(entries, { [wireBytes]: bytesAt(view, place.at, dimension.size) });
    place.at += dimension.size;
    for (let index = 0; index < count; index++) {
      const entry: Mutable = {};
      const start = place.at;
      block(place, blockLength, entry);
      if (keepsWire) {
        const kept = bytesAt(view, start, blockLength);
        entry[wireBytes] = { header: null, block: kept, data: place.data, tail: nothing };
      }
      entries.push(entry as SbeValues);
    }
    return entries;
  };
}

function dataReader(data: SbeData, { little }: ReadContext, keepsWire: boolean): (place: Place) => SbePlain {
  const lengthOf: ReadNumber = lengthReader(data, little);
  return (place) => {
    const { view, at } = place;
    const length = lengthOf(view, at);
    if (keepsWire) place.data.push(bytesAt(view, at, data.headerSize + length));
    place.at = at + data.headerSize + length;
    return dataText(view, at + data.headerSize, length, data);
  };
}

const nothing = new Uint8Array(0);

function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}
