/** Everything that follows from one schema of Simple Binary Encoding, behind one object; compiled when asked for. */
import { DecodeError, UsageError } from '../../core/errors.js';
import type { TextBuffer } from '../../core/text-buffer.js';
import type { Engine } from '../compile.js';
import type { RandomSource } from '../generate.js';
import { buildSbeAccessors, buildSbeDecoder, type SbeAccessorClasses } from './compile.js';
import { compileMessageRow, csvColumns } from './csv.js';
import { sbeDeclarations } from './declarations.js';
import { checkMessage, type MessageEncoder, messageEncoder, type SbeEncodeOptions, versionOf } from './encode.js';
import type { SbeDecoder } from './flyweight.js';
import { drawMessage, generateMessage, type SbeGenerateOptions } from './generate.js';
import { compileMessageJson } from './json.js';
import { compileObjectReader, type ReadObject } from './object.js';
import {
  columnsOf,
  type SbeInput,
  type SbeObjectOptions,
  type SbeSelectOptions,
  type SbeValueOptions,
  type SbeValues,
  selectionOf,
} from './plain-values.js';
import { sbeReferenceMarkdown } from './reference.js';
import { buildSbeReferenceDecoder, type SbeReferenceDecoder } from './reference-decoder.js';
import { viewOf } from './scalar.js';
import type { SbeMessage, SbeSchema } from './schema.js';
import { compileSkipped, type SbeSkip, type TellSkipped } from './skipped.js';
import { buildMessageRow, buildMessageText } from './text-writers.js';
import type { SbeFlyweight, SbeHandlers, SbeMessageName } from './types.js';
import { createWalker, type SbeWalker } from './walk.js';

/** Writes a message as the inside of a JSON object; '' where it is unknown, does not fit, or nothing was selected. */
export type SbeJsonWriter = (view: DataView, offset: number, length: number) => string;

/** Appends what `SbeJsonWriter` gives. */
export type SbeJsonBytes = (text: TextBuffer, view: DataView, offset: number, length: number) => void;

/** Writes rows without line ends; the row is '' where the message is unknown or does not fit. */
export interface SbeCsvWriter {
  readonly columns: readonly string[];
  row(view: DataView, offset: number, length: number): string;
}

/** Appends rows; see `SbeCsvWriter`. */
export interface SbeRowBytes {
  readonly columns: readonly string[];
  row(text: TextBuffer, view: DataView, offset: number, length: number): void;
}

/** A schema with its readers and writers; `offset` is that of the SBE header, `length` what the framing grants. */
export interface SbeCodec<S extends SbeSchema = SbeSchema> extends SbeWalker {
  readonly schema: S;
  /** `type`, `name`, `templateId`, `version` and all root fields, groups and data, in order of first appearance. */
  readonly columns: readonly string[];
  messageOf(templateId: number): SbeMessage | undefined;
  /** True where the layout is known and fits. */
  isKnown(view: DataView, offset: number, length: number): boolean;
  /** A decoder that hands each message to the handler of its name. */
  createDecoder(handlers: SbeHandlers<S>, engine?: Engine): SbeDecoder;
  /** A flyweight of one message, to be moved with `wrap`. */
  createFlyweight<Name extends SbeMessageName<S>>(
    name: Name,
    engine?: Engine,
  ): SbeFlyweight<Extract<S['messages'][number], { name: Name }>>;
  /** The message as a plain object; null where it is unknown or does not fit. */
  toObject(view: DataView, offset: number, length: number, options?: SbeObjectOptions): SbeValues | null;
  /** The bytes of a message given as a plain object, header included; `DecodeError` where a value does not fit. */
  encode(values: SbeInput, options?: SbeEncodeOptions): Uint8Array;
  /** Writes a message given as a plain object into `view` at `offset`; returns its length. */
  encodeInto(values: SbeInput, view: DataView, offset: number, options?: SbeEncodeOptions): number;
  jsonWriter(options?: SbeSelectOptions): SbeJsonWriter;
  csvWriter(options?: SbeSelectOptions): SbeCsvWriter;
  /** The same as `jsonWriter`, as bytes appended to a buffer. */
  jsonBytes(options?: SbeSelectOptions, engine?: Engine): SbeJsonBytes;
  /** The same as `csvWriter`, as bytes appended to a buffer. */
  rowBytes(options?: SbeSelectOptions, engine?: Engine): SbeRowBytes;
  /** The Markdown reference. */
  reference(): string;
  /** TypeScript declarations of the schema's flyweights and handlers, as text. */
  declarations(): string;
  /** Decodes with `binary-parser`; slow, for checking. */
  referenceDecoder(): SbeReferenceDecoder;
  /** A random message of the given layout, or of a random one that the version has. */
  generate(random: RandomSource, message?: SbeMessage, options?: SbeGenerateOptions): Uint8Array;
  /** What of a message no field of this schema reads. */
  skipped(view: DataView, offset: number, length: number): SbeSkip[];
}

/** Builds the codec of a schema. */
export function createSbeCodec<const S extends SbeSchema>(schema: S): SbeCodec<S> {
  const byId = new Map<number, SbeMessage>(schema.messages.map((message) => [message.id, message]));
  const walker = createWalker(schema);
  let skipped: TellSkipped | undefined;
  return {
    schema,
    get columns() {
      return columnsOf(schema);
    },
    ...walker,
    messageOf: (templateId) => byId.get(templateId),
    isKnown: (view, offset, length) => walker.extentOf(view, offset, length) >= 0,
    ...accessors(schema),
    ...readers(schema, walker),
    ...encoders(schema, byId),
    reference: () => sbeReferenceMarkdown(schema),
    declarations: () => sbeDeclarations(schema),
    referenceDecoder: () => buildSbeReferenceDecoder(schema),
    generate: (random, message, options) =>
      generateMessage(schema, message ?? drawMessage(schema, random, options), random, options),
    skipped: (view, offset, length) => {
      skipped ??= compileSkipped(schema, walker);
      return skipped(view, offset, length);
    },
  };
}

/** Writes rows of any columns; cells of those that a message does not have are empty. */
export function rowWriter(
  schema: SbeSchema,
  walker: SbeWalker,
  columns: readonly string[],
  options: SbeValueOptions,
): SbeCsvWriter['row'] {
  const writerOf = lazily((message) => compileMessageRow(schema, message, columns, options));
  return (view, offset, length) => {
    const message = walker.extentOf(view, offset, length) < 0 ? undefined : walker.messageAt(view, offset, length);
    return message === undefined ? '' : writerOf(message)(view, offset);
  };
}

/** The same as bytes. */
export function rowBytesWriter(
  schema: SbeSchema,
  walker: SbeWalker,
  columns: readonly string[],
  options: SbeValueOptions,
  engine?: Engine,
): SbeRowBytes['row'] {
  const writerOf = lazily((message) => buildMessageRow(schema, message, columns, options, engine));
  return (text, view, offset, length) => {
    const message = walker.extentOf(view, offset, length) < 0 ? undefined : walker.messageAt(view, offset, length);
    if (message !== undefined) writerOf(message)(text, view, offset);
  };
}

/** What is made once for each message, when the first of its kind comes. */
function lazily<T>(make: (message: SbeMessage) => T): (message: SbeMessage) => T {
  const made = new Map<SbeMessage, T>();
  return (message) => {
    let found = made.get(message);
    if (found === undefined) {
      found = make(message);
      made.set(message, found);
    }
    return found;
  };
}

function accessors<S extends SbeSchema>(schema: S): Pick<SbeCodec<S>, 'createDecoder' | 'createFlyweight'> {
  const built = new Map<Engine, SbeAccessorClasses>();
  function classesOf(engine: Engine): SbeAccessorClasses {
    const classes = built.get(engine) ?? buildSbeAccessors(schema, engine);
    built.set(engine, classes);
    return classes;
  }
  return {
    createDecoder: (handlers, engine = 'auto') => buildSbeDecoder(schema, classesOf(engine), handlers, engine),
    createFlyweight(name, engine = 'auto') {
      const flyweightClass = classesOf(engine)[name];
      if (flyweightClass === undefined) throw new UsageError('unknown-message', `${schema.package} has no "${name}"`);
      return new flyweightClass() as never;
    },
  };
}

function readers(
  schema: SbeSchema,
  walker: SbeWalker,
): Pick<SbeCodec, 'toObject' | 'jsonWriter' | 'csvWriter' | 'jsonBytes' | 'rowBytes'> {
  const objectReaders = new Map<string, (message: SbeMessage) => ReadObject>();
  const known = (view: DataView, offset: number, length: number): SbeMessage | undefined =>
    walker.extentOf(view, offset, length) < 0 ? undefined : walker.messageAt(view, offset, length);
  return {
    toObject(view, offset, length, options = {}) {
      const message = known(view, offset, length);
      if (message === undefined) return null;
      const key = `${options.int64}/${options.enums}/${options.wire}`;
      let reader = objectReaders.get(key);
      if (reader === undefined) {
        reader = lazily((one) => compileObjectReader(schema, one, options));
        objectReaders.set(key, reader);
      }
      return reader(message)(view, offset, length);
    },
    jsonWriter(options = {}) {
      const selection = selectionOf(schema, options.fields);
      const writerOf = lazily((message) => compileMessageJson(schema, message, selection, options));
      return (view, offset, length) => {
        const message = known(view, offset, length);
        return message === undefined ? '' : writerOf(message)(view, offset);
      };
    },
    jsonBytes(options = {}, engine) {
      const selection = selectionOf(schema, options.fields);
      const writerOf = lazily((message) => buildMessageText(schema, message, selection, options, engine));
      return (text, view, offset, length) => {
        const message = known(view, offset, length);
        if (message !== undefined) writerOf(message)(text, view, offset);
      };
    },
    csvWriter(options = {}) {
      const columns = csvColumns(schema, options);
      return { columns, row: rowWriter(schema, walker, columns, options) };
    },
    rowBytes(options = {}, engine) {
      const columns = csvColumns(schema, options);
      return { columns, row: rowBytesWriter(schema, walker, columns, options, engine) };
    },
  };
}

function encoders(schema: SbeSchema, byId: ReadonlyMap<number, SbeMessage>): Pick<SbeCodec, 'encode' | 'encodeInto'> {
  const byName = new Map<string, SbeMessage>(schema.messages.map((message) => [message.name, message]));
  const encoderOf = lazily((message) => messageEncoder(schema, message));

  function layoutFor(values: SbeInput): SbeMessage {
    const { templateId, type, name } = values;
    const id = templateId ?? (type === undefined ? undefined : Number(type));
    const message = id === undefined ? byName.get(String(name)) : byId.get(id as number);
    if (message !== undefined) return message;
    throw new DecodeError('encode-type', `${JSON.stringify(id ?? name)} is not a message of ${schema.package}`);
  }

  function encoderFor(values: SbeInput, version: number): MessageEncoder {
    const message = layoutFor(values);
    checkMessage(message, values, version);
    return encoderOf(message);
  }

  return {
    encode(values, options = {}) {
      const version = versionOf(schema, values, options);
      const encoder = encoderFor(values, version);
      const bytes = new Uint8Array(encoder.sizeOf(values, version));
      encoder.write(values, version, viewOf(bytes), 0);
      return bytes;
    },
    encodeInto(values, view, offset, options = {}) {
      const version = versionOf(schema, values, options);
      const encoder = encoderFor(values, version);
      const size = encoder.sizeOf(values, version);
      if (offset + size > view.byteLength) {
        throw new UsageError('encode-space', `a message of ${size} bytes, ${view.byteLength - offset} are left`);
      }
      new Uint8Array(view.buffer, view.byteOffset + offset, size).fill(0);
      encoder.write(values, version, view, offset);
      return size;
    },
  };
}
