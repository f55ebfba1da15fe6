/** Everything that follows from one message table, behind one object a protocol. */
import { DecodeError, UsageError } from '../core/errors.js';
import type { LengthOf, TimestampOf } from '../core/seams.js';
import { type BatchDecoder, type BatchHandlers, type BatchOptions, buildBatchDecoder } from './batch-decoder.js';
import { BlockCounter, type BlockCounterOptions } from './block-counter.js';
import { buildColumns, type Columns, type ColumnsOptions } from './columns.js';
import { type AccessorClasses, buildAccessors, buildDecoder, type Decoder, type Engine } from './compile.js';
import { type CsvWriter, compileCsvWriter } from './csv.js';
import { type EncodeOptions, encodeInto } from './encode.js';
import { generateInto, type RandomSource } from './generate.js';
import { columnsOf, compileJsonWriter, type JsonOptions, type JsonWriter, type ValueOptions } from './json.js';
import { toObject } from './object.js';
import { MessagePartition } from './partition.js';
import { referenceMarkdown } from './reference.js';
import { buildReferenceDecoder, type ReferenceDecoder } from './reference-decoder.js';
import { type Message, type Protocol, timestampOffset } from './table.js';
import { buildJsonBytes, buildRowBytes, type RowBytesWriter, type WriteText } from './text-writers.js';
import type { AnyValues, ColumnName, Flyweight, Handlers, MessageName, PlainValues } from './types.js';

/** A protocol's table with its readers and writers. */
export interface Codec<P extends Protocol> extends Protocol<P['messages']> {
  /** `type`, `name` and all field names, in order of first appearance. */
  readonly columns: readonly string[];
  /** The length that the type at `offset` prescribes; 0 where the type is unknown. */
  readonly lengthOf: LengthOf;
  /** Nanoseconds since midnight, from the place that all messages share; only called where the layout is known. */
  readonly timestampOf: TimestampOf;
  /** True where the type is known and `length` is exactly its own. */
  isKnown(view: DataView, offset: number, length: number): boolean;
  /** The message's name by its type byte; undefined where unknown. */
  nameOf(typeCode: number): string | undefined;
  /** The message's table by its type byte; undefined where unknown. */
  messageOf(typeCode: number): Message | undefined;
  /** A decoder that hands each message to the handler of its name. */
  createDecoder(handlers: Handlers<P>, engine?: Engine): Decoder;
  /** A decoder that sorts messages by type, a block at a time, and hands them over type by type. */
  createBatchDecoder(handlers: BatchHandlers<P>, options?: BatchOptions): BatchDecoder;
  /** Messages of a block by type, `capacityBytes` of them: what `createBatchDecoder` is built on. */
  createPartition(capacityBytes?: number, engine?: Engine): MessagePartition;
  /** Counts messages by type without handing them over, several cursors at a time. */
  createBlockCounter(options?: BlockCounterOptions): BlockCounter;
  /** Reads batches of one message type into typed arrays, one a field. */
  createColumns<Name extends MessageName<P>, Column extends ColumnName<Extract<P['messages'][number], { name: Name }>>>(
    name: Name,
    options?: ColumnsOptions<Column>,
  ): Columns<Extract<P['messages'][number], { name: Name }>, Column>;
  /** A flyweight of one message type, to be moved with `wrap`. */
  createFlyweight<Name extends MessageName<P>>(
    name: Name,
    engine?: Engine,
  ): Flyweight<Extract<P['messages'][number], { name: Name }>>;
  /** The message as a plain object; null where type or length is unknown. */
  toObject(view: DataView, offset: number, length: number, options?: ValueOptions): AnyValues<P> | null;
  /** The bytes of a message given as a plain object; `DecodeError` where a value does not fit its field. */
  encode(values: AnyValues<P> | PlainValues, options?: EncodeOptions): Uint8Array;
  /** Writes a message given as a plain object into `view` at `offset`; returns its length. */
  encodeInto(values: AnyValues<P> | PlainValues, view: DataView, offset: number, options?: EncodeOptions): number;
  jsonWriter(options?: JsonOptions): JsonWriter;
  csvWriter(options?: JsonOptions): CsvWriter;
  /** The same as `jsonWriter` and `csvWriter`, as bytes appended to a buffer. */
  jsonBytes(options?: JsonOptions, engine?: Engine): WriteText;
  rowBytes(options?: JsonOptions, engine?: Engine): RowBytesWriter;
  /** The Markdown reference. */
  reference(): string;
  /** Decodes with `binary-parser`; slow, for checking. */
  referenceDecoder(): ReferenceDecoder;
  /** A random message of the given layout, or of a random one. */
  generate(random: RandomSource, message?: Message): Uint8Array;
}

/** Builds the codec of a protocol; flyweight classes are compiled when first asked for. */
export function createCodec<const P extends Protocol>(table: P): Codec<P> {
  const byType = new Array<Message | undefined>(256).fill(undefined);
  for (const message of table.messages) byType[message.typeCode] = message;
  const messageOf = (typeCode: number) => byType[typeCode];
  return {
    ...(table as Protocol<P['messages']>),
    columns: columnsOf(table),
    messageOf,
    nameOf: (typeCode) => byType[typeCode]?.name,
    ...layoutReaders(table),
    ...accessors(table),
    ...encoders(table, messageOf),
    toObject(view, offset, length, options) {
      const message = length === 0 ? undefined : byType[view.getUint8(offset)];
      if (message === undefined || message.length !== length) return null;
      return toObject(message, view, offset, options) as AnyValues<P>;
    },
    jsonWriter: (options) => compileJsonWriter(table, options),
    csvWriter: (options) => compileCsvWriter(table, options),
    jsonBytes: (options, engine) => buildJsonBytes(table, options, engine),
    rowBytes: (options, engine) => buildRowBytes(table, options, engine),
    reference: () => referenceMarkdown(table),
    referenceDecoder: () => buildReferenceDecoder(table),
    generate(random, message) {
      const chosen = message ?? (table.messages[random.nextUint32() % table.messages.length] as Message);
      const bytes = new Uint8Array(chosen.length);
      generateInto(chosen, random, new DataView(bytes.buffer), 0);
      return bytes;
    },
  };
}

function layoutReaders(table: Protocol): Pick<Codec<Protocol>, 'lengthOf' | 'timestampOf' | 'isKnown'> {
  const lengths = new Uint16Array(256);
  for (const { typeCode, length } of table.messages) lengths[typeCode] = length;
  const timestampAt = timestampOffset(table);
  return {
    lengthOf: (view, offset) => lengths[view.getUint8(offset)] as number,
    timestampOf: (view, offset) =>
      view.getUint16(offset + timestampAt) * 0x100000000 + view.getUint32(offset + timestampAt + 2),
    isKnown: (view, offset, length) => length !== 0 && lengths[view.getUint8(offset)] === length,
  };
}

type Readers =
  | 'createDecoder'
  | 'createFlyweight'
  | 'createBatchDecoder'
  | 'createPartition'
  | 'createBlockCounter'
  | 'createColumns';

function accessors<P extends Protocol>(table: P): Pick<Codec<P>, Readers> {
  const built = new Map<Engine, AccessorClasses>();
  function classesOf(engine: Engine): AccessorClasses {
    const classes = built.get(engine) ?? buildAccessors(table, engine);
    built.set(engine, classes);
    return classes;
  }
  return {
    createDecoder: (handlers, engine = 'auto') => buildDecoder(table, classesOf(engine), handlers, engine),
    createBatchDecoder: (handlers, options) =>
      buildBatchDecoder(table, classesOf(options?.engine ?? 'auto'), handlers, options),
    createBlockCounter: (options) => new BlockCounter(table, options),
    createPartition: (capacityBytes, engine) => new MessagePartition(table, capacityBytes, engine),
    createColumns(name, options) {
      const message = table.messages.find((candidate) => candidate.name === name);
      if (message === undefined) throw new UsageError('unknown-message', `${table.name} has no "${name}"`);
      return buildColumns(table, message, options) as never;
    },
    createFlyweight(name, engine = 'auto') {
      const flyweightClass = classesOf(engine)[name];
      if (flyweightClass === undefined) throw new UsageError('unknown-message', `${table.name} has no "${name}"`);
      return new flyweightClass() as never;
    },
  };
}

function encoders<P extends Protocol>(
  table: P,
  messageOf: (typeCode: number) => Message | undefined,
): Pick<Codec<P>, 'encode' | 'encodeInto'> {
  function layoutFor(values: unknown): Message {
    const { type } = values as PlainValues;
    const message = typeof type === 'string' && type.length === 1 ? messageOf(type.charCodeAt(0)) : undefined;
    if (message !== undefined) return message;
    throw new DecodeError('encode-type', `${JSON.stringify(type)} is not a message type of ${table.name}`);
  }
  return {
    encode(values, options) {
      const message = layoutFor(values);
      const bytes = new Uint8Array(message.length);
      encodeInto(message, values as PlainValues, new DataView(bytes.buffer), 0, options);
      return bytes;
    },
    encodeInto(values, view, offset, options) {
      return encodeInto(layoutFor(values), values as PlainValues, view, offset, options);
    },
  };
}
