/** What stands before blocks and groups: headers, dimensions, the lengths of data. */
import { numberReader, numberWriter, type ReadNumber, type WriteNumber } from './scalar.js';
import type { AnyGroup, SbeData, SbeSchema, SbeSlot } from './schema.js';

/** A message header's numbers, each read by itself; `offset` is the header's. */
export interface HeaderReader {
  readonly size: number;
  readonly blockLength: ReadNumber;
  readonly templateId: ReadNumber;
  readonly schemaId: ReadNumber;
  readonly version: ReadNumber;
}

/** A group's dimensions; `at` is their first byte. */
export interface DimensionReader {
  readonly size: number;
  readonly blockLength: ReadNumber;
  readonly numInGroup: ReadNumber;
}

/** Readers of a schema's message header. */
export function headerReader({ header, byteOrder }: SbeSchema): HeaderReader {
  const little = byteOrder === 'littleEndian';
  return {
    size: header.size,
    blockLength: slotReader(header.blockLength, little),
    templateId: slotReader(header.templateId, little),
    schemaId: slotReader(header.schemaId, little),
    version: slotReader(header.version, little),
  };
}

/** Readers of a group's dimensions. */
export function dimensionReader({ dimension }: AnyGroup, little: boolean): DimensionReader {
  return {
    size: dimension.size,
    blockLength: slotReader(dimension.blockLength, little),
    numInGroup: slotReader(dimension.numInGroup, little),
  };
}

/** The reader of a data's length, from the first byte of its composite. */
export function lengthReader({ length }: SbeData, little: boolean): ReadNumber {
  return slotReader(length, little);
}

/** The reader of a number in a header or dimension, from its first byte. */
export function slotReader({ offset, primitive }: SbeSlot, little: boolean): ReadNumber {
  const read = numberReader(primitive, little);
  return offset === 0 ? read : (view, at) => read(view, at + offset);
}

/** The writer of a number in a header or dimension, from its first byte. */
export function slotWriter({ offset, primitive }: SbeSlot, little: boolean): WriteNumber {
  const write = numberWriter(primitive, little);
  return offset === 0 ? write : (view, at, value) => write(view, at + offset, value);
}
