/** Writes blocks: fields at their offsets, then groups and data behind one another. */
import { DecodeError } from '../../core/errors.js';
import { slotReader, slotWriter } from './block.js';
import { latin1Bytes, utf8Bytes, valueWriter } from './encode-value.js';
import { type PathOf, refuse, type WriteValue } from './input.js';
import { dataText } from './object.js';
import { plainReader } from './plain.js';
import { type SbeInput, type SbeWire, wireBytes, wireOf } from './plain-values.js';
import { isUtf8 } from './read.js';
import { copyBytes, viewOf } from './scalar.js';
import type { AnyGroup, SbeData, SbeField, SbeSchema } from './schema.js';
import { formerIn, isConstant, isPresent } from './slot.js';

/** Where writing stands. */
export interface Cursor {
  readonly view: DataView;
  at: number;
  readonly version: number;
}

/** Writes a root or an entry with what follows it. */
export interface BlockEncoder {
  /** Bytes of the block's fields: the wire's where it is kept, else the version's. */
  lengthOf(wire: SbeWire | undefined, version: number): number;
  /** Bytes of the block, its groups and data. */
  sizeOf(values: SbeInput, version: number, blockLength: number): number;
  /** Writes them at the cursor, into zeroed bytes, and leaves it behind them; `sizeOf` has seen the values. */
  write(cursor: Cursor, values: SbeInput, blockLength: number): void;
}

type Block = Pick<AnyGroup, 'fields' | 'groups' | 'data' | 'blockLength' | 'formerLengths'>;

/** Writes one group or data. */
interface BehindEncoder {
  readonly key: string;
  readonly sinceVersion: number;
  readonly path: PathOf;
  sizeOf(value: unknown, version: number, wire: Uint8Array | undefined): number;
  write(cursor: Cursor, value: unknown, wire: Uint8Array | undefined): void;
}

/** Builds the encoder of a root or of a group's entries. */
export function blockEncoder(
  block: Block,
  schema: SbeSchema,
  path: PathOf,
  keyOf: (name: string) => string,
): BlockEncoder {
  const little = schema.byteOrder === 'littleEndian';
  const fields = block.fields.map((field) => fieldEncoder(field, little, path, keyOf(field.name)));
  const groups = block.groups.map((group) => groupEncoder(group, schema, path, keyOf(group.name)));
  const data = block.data.map((one) => dataEncoder(one, little, path, keyOf(one.name)));
  const behind: readonly BehindEncoder[] = [...groups, ...data];
  // What data keeps of the wire is numbered as the version has it.
  const keptOf = (values: SbeInput, version: number, index: number): Uint8Array | undefined =>
    index < groups.length
      ? undefined
      : wireOf(values)?.data[data.slice(0, index - groups.length).filter((one) => one.sinceVersion <= version).length];
  return {
    lengthOf(wire, version) {
      if (wire !== undefined) return wire.block.length;
      return block.formerLengths === undefined ? block.blockLength : blockLengthIn(block, version);
    },
    sizeOf(values, version, blockLength) {
      let size = blockLength;
      for (let index = 0; index < behind.length; index++) {
        const part = behind[index] as BehindEncoder;
        const value = values[part.key];
        if (part.sinceVersion <= version) size += part.sizeOf(value, version, keptOf(values, version, index));
        else if (value !== undefined && value !== null) {
          refuse(part.path, value, `of version ${version}: it came in ${part.sinceVersion}`);
        }
      }
      return size;
    },
    write(cursor, values, blockLength) {
      const { view, at, version } = cursor;
      const wire = wireOf(values);
      const isKept = wire !== undefined && wire.block.length === blockLength;
      if (isKept) copyBytes(wire.block, view, at);
      for (let index = 0; index < fields.length; index++) {
        (fields[index] as WriteField)(view, at, values, version, blockLength, isKept);
      }
      cursor.at += blockLength;
      for (let index = 0; index < behind.length; index++) {
        const part = behind[index] as BehindEncoder;
        if (part.sinceVersion > version) continue;
        part.write(cursor, values[part.key], keptOf(values, version, index));
      }
    },
  };
}

/**
 * The length of a block in a version: what the schema tells of it, else its own. Of a field that came later an older
 * version's readers see padding.
 */
export function blockLengthIn(block: Block, version: number): number {
  return formerIn(block.formerLengths, version) ?? block.blockLength;
}

type WriteField = (
  view: DataView,
  at: number,
  values: SbeInput,
  version: number,
  blockLength: number,
  isKept: boolean,
) => void;

function fieldEncoder(field: SbeField, little: boolean, parent: PathOf, key: string): WriteField {
  const path: PathOf = () => `${parent()}.${field.name}`;
  const write: WriteValue = valueWriter(field, little, path);
  const read = isConstant(field) ? null : plainReader(field, { little, options: {} });
  const { offset } = field;
  return (view, at, values, version, blockLength, isKept) => {
    const value = values[key];
    if (!isPresent(field, version, blockLength)) {
      if (value !== undefined && value !== null) {
        refuse(path, value, `null, which it is in version ${version} and a block of ${blockLength} bytes`);
      }
      return;
    }
    if (isKept && read !== null && isSame(read(view, at + offset, version), value)) return;
    write(view, at + offset, value, version);
  };
}

/** True where a value is the one that stands on the wire already, in any of the forms that `toObject` gives. */
function isSame(wire: unknown, value: unknown): boolean {
  if (Object.is(wire, value)) return true;
  if (typeof wire === 'string') return typeof value === 'number' && Number(wire) === value;
  if (typeof wire !== 'object' || wire === null || value === undefined) return false;
  if (Array.isArray(wire)) {
    if (!Array.isArray(value) || value.length !== wire.length) return false;
    return wire.every((one, index) => isSame(one, value[index]));
  }
  if (typeof value !== 'object' || value === null) {
    const { name, value: raw } = wire as { name?: unknown; value?: unknown };
    return name === undefined ? false : value === (name ?? raw);
  }
  return Object.entries(wire).every(([name, one]) => isSame(one, (value as Record<string, unknown>)[name]));
}

function groupEncoder(group: AnyGroup, schema: SbeSchema, parent: PathOf, key: string): BehindEncoder {
  const little = schema.byteOrder === 'littleEndian';
  const { dimension, sinceVersion } = group;
  const path: PathOf = () => `${parent()}.${group.name}`;
  let index = 0;
  const block = blockEncoder(
    group,
    schema,
    () => `${path()}[${index}]`,
    (name) => name,
  );
  const isPlain = group.groups.length === 0 && group.data.length === 0;
  const writeBlockLength = slotWriter(dimension.blockLength, little);
  const writeCount = slotWriter(dimension.numInGroup, little);
  const readBlockLength = slotReader(dimension.blockLength, little);
  const strideOf = (kept: Uint8Array | undefined, version: number): number =>
    kept === undefined ? block.lengthOf(undefined, version) : readBlockLength(viewOf(kept), 0);

  function entriesOf(value: unknown): readonly SbeInput[] {
    if (value === undefined || value === null) return none;
    if (!Array.isArray(value)) refuse(path, value, 'an array of entries');
    if (value.length > dimension.maxEntries) {
      throw new DecodeError('encode-range', `${path()}: ${value.length} entries, at most ${dimension.maxEntries} fit`);
    }
    for (index = 0; index < value.length; index++) {
      const entry: unknown = value[index];
      if (typeof entry !== 'object' || entry === null) refuse(() => `${path()}[${index}]`, entry, 'an entry');
    }
    return value;
  }
  return {
    key,
    sinceVersion,
    path,
    sizeOf(value, version) {
      const entries = entriesOf(value);
      const stride = strideOf(keptDimension(entries), version);
      let size = dimension.size + entries.length * stride;
      if (isPlain) return size;
      for (index = 0; index < entries.length; index++) {
        size += block.sizeOf(entries[index] as SbeInput, version, stride) - stride;
      }
      return size;
    },
    write(cursor, value) {
      const entries = (value ?? none) as readonly SbeInput[];
      const kept = keptDimension(entries);
      const stride = strideOf(kept, cursor.version);
      if (kept !== undefined) copyBytes(kept, cursor.view, cursor.at);
      writeBlockLength(cursor.view, cursor.at, stride);
      writeCount(cursor.view, cursor.at, entries.length);
      cursor.at += dimension.size;
      for (index = 0; index < entries.length; index++) block.write(cursor, entries[index] as SbeInput, stride);
    },
  };
}

const none: readonly SbeInput[] = [];

/** The dimension's bytes that a group's array keeps. */
function keptDimension(entries: readonly SbeInput[]): Uint8Array | undefined {
  return (entries as { readonly [wireBytes]?: Uint8Array })[wireBytes];
}

function dataEncoder(data: SbeData, little: boolean, parent: PathOf, key: string): BehindEncoder {
  const { headerSize, maxLength, characterEncoding, sinceVersion } = data;
  const path: PathOf = () => `${parent()}.${data.name}`;
  const writeLength = slotWriter(data.length, little);
  function bytesOf(value: unknown, wire: Uint8Array | undefined): Uint8Array {
    if (wire !== undefined) {
      const kept = wire.subarray(headerSize);
      // Text need not say every byte of what it was read from.
      if (dataText(viewOf(kept), 0, kept.length, data) === value) return kept;
    }
    const bytes = value === undefined || value === null ? empty : dataBytes(value, characterEncoding);
    if (bytes === null) {
      refuse(path, value, characterEncoding === '' ? 'bytes in hexadecimal' : `text in ${characterEncoding}`);
    }
    if (bytes.length <= maxLength) return bytes;
    throw new DecodeError('encode-range', `${path()}: ${bytes.length} bytes, at most ${maxLength} fit`);
  }
  return {
    key,
    sinceVersion,
    path,
    sizeOf: (value, _version, wire) => headerSize + bytesOf(value, wire).length,
    write(cursor, value, wire) {
      const { view, at } = cursor;
      const bytes = bytesOf(value, wire);
      if (wire !== undefined) copyBytes(wire.subarray(0, headerSize), view, at);
      writeLength(view, at, bytes.length);
      copyBytes(bytes, view, at + headerSize);
      cursor.at = at + headerSize + bytes.length;
    },
  };
}

const empty = new Uint8Array(0);

function dataBytes(value: unknown, characterEncoding: string): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') return null;
  if (characterEncoding === '') {
    if (!/^(?:[0-9a-f]{2})*$/i.test(value)) return null;
    return Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  return isUtf8(characterEncoding) ? utf8Bytes(value) : latin1Bytes(value);
}
