/**
 * The reference decoder: the same schema decoded by `binary-parser`, an independent engine to check the others with.
 *
 * It shares nothing with the walker and the accessors but the schema, holds 64-bit integers as BigInt, and is slow; it
 * compiles with `new Function`, so it needs code generation. Parsers are built for each block, version and length met.
 */

import { DecodeError } from '../../core/errors.js';
import { newParser, type Parser } from '../binary-parser.js';
import { rootKey, type SbePlain, type SbeValues } from './plain-values.js';
import { addValue, type RawValue, rawPlain, textOf } from './reference-value.js';
import type { AnyGroup, SbeData, SbeField, SbeSchema, SbeSlot } from './schema.js';
import { mostEmptyEntries } from './walk.js';

/**
 * Decodes one message, header first, to plain values with their default forms; null where its schema or template is
 * unknown. `DecodeError` where it does not fit its bytes.
 */
export type SbeReferenceDecoder = (bytes: Uint8Array) => SbeValues | null;

/** Builds the reference decoder of a schema. */
export function buildSbeReferenceDecoder(schema: SbeSchema): SbeReferenceDecoder {
  const header = slotsParser(schema, schema.header.size, schema.header);
  const parsers = new Parsers(schema);
  return (bytes) => {
    if (bytes.length < schema.header.size) return null;
    const { blockLength, templateId, schemaId, version } = header(bytes) as Record<string, number>;
    const message = schema.messages.find(({ id }) => id === templateId);
    if (message === undefined || schemaId !== schema.id || (message.untilVersion ?? version) < version) return null;
    const reading: Reading = { bytes, at: schema.header.size, version, emptyEntries: 0, parsers };
    const values: Record<string, SbePlain> = { type: `${message.id}`, name: message.name, templateId, version };
    readBlock(reading, message, blockLength, values, rootKey);
    return values;
  };
}

/** A `binary-parser` parser of a block's fields that a version and a block length have, each under its name. */
export function buildBlockParser(
  schema: SbeSchema,
  fields: readonly SbeField[],
  version: number,
  blockLength: number,
): Parser {
  const parser = newParser().endianness(schema.byteOrder === 'littleEndian' ? 'little' : 'big');
  const present = fields.filter(
    ({ sinceVersion, offset, size }) => size > 0 && sinceVersion <= version && offset + size <= blockLength,
  );
  let at = 0;
  for (const { name, offset, size, type } of present.sort((a, b) => a.offset - b.offset)) {
    if (offset > at) parser.seek(offset - at);
    addValue(parser, name, type, schema.byteOrder);
    at = offset + size;
  }
  return parser;
}

type Block = Pick<AnyGroup, 'fields' | 'groups' | 'data'>;
type ParseNumbers = (bytes: Uint8Array) => Record<string, unknown>;

/** A message being read. */
interface Reading {
  readonly bytes: Uint8Array;
  at: number;
  readonly version: number;
  emptyEntries: number;
  readonly parsers: Parsers;
}

/** Parsers by what they parse, built once each. */
class Parsers {
  readonly schema: SbeSchema;
  private readonly blocks = new Map<Block, Map<string, Parser>>();
  private readonly dimensions = new Map<AnyGroup | SbeData, ParseNumbers>();

  constructor(schema: SbeSchema) {
    this.schema = schema;
  }

  block(block: Block, version: number, blockLength: number): Parser {
    const known = this.blocks.get(block) ?? new Map<string, Parser>();
    this.blocks.set(block, known);
    // Lengths beyond the last field parse alike.
    const end = Math.max(0, ...block.fields.map(({ offset, size }) => offset + size));
    const key = `${Math.min(version, this.schema.version)}/${Math.min(blockLength, end)}`;
    const parser = known.get(key) ?? buildBlockParser(this.schema, block.fields, version, blockLength);
    known.set(key, parser);
    return parser;
  }

  slots(of: AnyGroup | SbeData, size: number, slots: Readonly<Record<string, SbeSlot>>): ParseNumbers {
    const parse = this.dimensions.get(of) ?? slotsParser(this.schema, size, slots);
    this.dimensions.set(of, parse);
    return parse;
  }
}

/** Parses the numbers of a header or dimension. */
function slotsParser({ byteOrder }: SbeSchema, size: number, slots: object): ParseNumbers {
  const parsers = Object.entries(slots)
    .filter((entry): entry is [string, SbeSlot] => typeof entry[1] === 'object' && 'primitive' in entry[1])
    .map(([name, { offset, primitive }]) => {
      const parser = newParser()
        .endianness(byteOrder === 'littleEndian' ? 'little' : 'big')
        .seek(offset);
      return [name, addValue(parser, 'value', primitive, byteOrder)] as const;
    });
  return (bytes) => {
    const head = bytes.subarray(0, size);
    return Object.fromEntries(parsers.map(([name, parser]) => [name, Number(parser.parse(head).value)]));
  };
}

function readBlock(
  reading: Reading,
  block: Block,
  blockLength: number,
  values: Record<string, SbePlain>,
  keyOf: (name: string) => string,
): void {
  const { version, parsers } = reading;
  const raw: Readonly<Record<string, RawValue>> = parsers
    .block(block, version, blockLength)
    .parse(take(reading, blockLength));
  for (const field of block.fields) {
    const { name, sinceVersion, offset, size } = field;
    const isAbsent = sinceVersion > version || offset + size > blockLength;
    values[keyOf(name)] = isAbsent ? null : rawPlain(field, raw[name], version);
  }
  for (const group of block.groups) {
    values[keyOf(group.name)] = group.sinceVersion > version ? null : readGroup(reading, group);
  }
  for (const data of block.data) {
    values[keyOf(data.name)] = data.sinceVersion > version ? null : readData(reading, data);
  }
}

function readGroup(reading: Reading, group: AnyGroup): SbeValues[] {
  const { size, blockLength, numInGroup, maxEntries } = group.dimension;
  const parse = reading.parsers.slots(group, size, { blockLength, numInGroup });
  const told = parse(take(reading, size)) as Record<string, number>;
  if (told.numInGroup < 0 || told.numInGroup > maxEntries) throw misfit(reading, `${told.numInGroup} entries`);
  if (told.blockLength === 0) reading.emptyEntries += told.numInGroup;
  if (reading.emptyEntries > mostEmptyEntries) throw misfit(reading, `${reading.emptyEntries} entries without bytes`);
  const entries: SbeValues[] = [];
  for (let index = 0; index < told.numInGroup; index++) {
    const entry: Record<string, SbePlain> = {};
    readBlock(reading, group, told.blockLength, entry, (name) => name);
    entries.push(entry);
  }
  return entries;
}

function readData(reading: Reading, data: SbeData): string {
  const { headerSize, length, maxLength, characterEncoding } = data;
  const parse = reading.parsers.slots(data, headerSize, { length });
  const told = parse(take(reading, headerSize)).length as number;
  if (told > maxLength) throw misfit(reading, `${told} bytes of ${data.name}`);
  const bytes = take(reading, told);
  if (characterEncoding === '') return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return textOf(bytes, characterEncoding);
}

/** The next bytes. */
function take(reading: Reading, length: number): Uint8Array {
  const { bytes, at } = reading;
  if (!(length >= 0 && at + length <= bytes.length)) throw misfit(reading, `${length} bytes`);
  reading.at += length;
  return bytes.subarray(at, at + length);
}

function misfit({ at, bytes }: Reading, what: string): DecodeError {
  return new DecodeError('sbe-fit', `${what} at ${at} of ${bytes.length} bytes`);
}
