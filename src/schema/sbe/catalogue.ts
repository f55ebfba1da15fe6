/** Several schemas at once: each message is read by the one that its header asks for. */
import { UsageError } from '../../core/errors.js';
import { type HeaderReader, headerReader } from './block.js';
import {
  rowBytesWriter,
  rowWriter,
  type SbeCodec,
  type SbeCsvWriter,
  type SbeJsonBytes,
  type SbeJsonWriter,
  type SbeRowBytes,
} from './codec.js';
import { hasField, type SbeSelectOptions } from './plain-values.js';
import type { SbeMessage } from './schema.js';
import type { SbeFault } from './walk.js';

/** Codecs behind one face; `offset` is that of the SBE header, `length` what the framing grants. */
export interface SbeCatalogue {
  readonly codecs: readonly SbeCodec[];
  /** All codecs' columns, each once. */
  readonly columns: readonly string[];
  /**
   * The codec for a message by its header's schema id and version: of that version exactly, else of the lowest above,
   * else of the highest below. Null where no schema has the id, or the header is cut short.
   */
  codecAt(view: DataView, offset: number, length: number): SbeCodec | null;
  /** True where the layout is known and fits. */
  isKnown(view: DataView, offset: number, length: number): boolean;
  messageAt(view: DataView, offset: number, length: number): SbeMessage | undefined;
  extentOf(view: DataView, offset: number, length: number): number;
  fault(view: DataView, offset: number, length: number): SbeFault | null;
  /** `UsageError` where a selected field is in none of the schemas. */
  jsonWriter(options?: SbeSelectOptions): SbeJsonWriter;
  jsonBytes(options?: SbeSelectOptions): SbeJsonBytes;
  csvWriter(options?: SbeSelectOptions): SbeCsvWriter;
  rowBytes(options?: SbeSelectOptions): SbeRowBytes;
}

/** Schemas whose headers are laid out alike, and their codecs by schema id, the lowest version first. */
interface Shelf {
  readonly header: HeaderReader;
  readonly byId: ReadonlyMap<number, readonly SbeCodec[]>;
}

/** A codec of any schema: handlers and flyweights are typed by their own schema, and a catalogue hands out any. */
export type AnySbeCodec = Omit<SbeCodec, 'createDecoder' | 'createFlyweight'>;

/** Builds a catalogue. `UsageError` where two of the schemas have the same id and version. */
export function createCatalogue(given: readonly AnySbeCodec[]): SbeCatalogue {
  const codecs = given as readonly SbeCodec[];
  const shelves = shelvesOf(codecs);

  function codecAt(view: DataView, offset: number, length: number): SbeCodec | null {
    for (let index = 0; index < shelves.length; index++) {
      const { header, byId } = shelves[index] as Shelf;
      if (length < header.size) continue;
      const versions = byId.get(header.schemaId(view, offset));
      if (versions !== undefined) return versionAt(versions, header.version(view, offset));
    }
    return null;
  }

  return {
    codecs,
    get columns() {
      return [...new Set(codecs.flatMap(({ columns }) => columns))];
    },
    codecAt,
    isKnown: (view, offset, length) => codecAt(view, offset, length)?.isKnown(view, offset, length) ?? false,
    messageAt: (view, offset, length) => codecAt(view, offset, length)?.messageAt(view, offset, length),
    extentOf: (view, offset, length) => codecAt(view, offset, length)?.extentOf(view, offset, length) ?? -1,
    fault: (view, offset, length) => codecAt(view, offset, length)?.fault(view, offset, length) ?? null,
    jsonWriter(options = {}) {
      const writers = new Map<SbeCodec, SbeJsonWriter>();
      for (const codec of codecs)
        writers.set(codec, codec.jsonWriter({ ...options, fields: ownFields(codec, options) }));
      checkFields(codecs, options);
      return (view, offset, length) => {
        const codec = codecAt(view, offset, length);
        return codec === null ? '' : (writers.get(codec)?.(view, offset, length) ?? '');
      };
    },
    jsonBytes(options = {}) {
      checkFields(codecs, options);
      const writers = new Map<SbeCodec, SbeJsonBytes>();
      for (const codec of codecs)
        writers.set(codec, codec.jsonBytes({ ...options, fields: ownFields(codec, options) }));
      return (text, view, offset, length) => {
        const codec = codecAt(view, offset, length);
        if (codec !== null) writers.get(codec)?.(text, view, offset, length);
      };
    },
    csvWriter(options = {}) {
      checkFields(codecs, options);
      const columns = options.fields ?? this.columns;
      const rows = new Map(codecs.map((codec) => [codec, rowWriter(codec.schema, codec, columns, options)]));
      return {
        columns,
        row(view, offset, length) {
          const codec = codecAt(view, offset, length);
          return codec === null ? '' : (rows.get(codec)?.(view, offset, length) ?? '');
        },
      };
    },
    rowBytes(options = {}) {
      checkFields(codecs, options);
      const columns = options.fields ?? this.columns;
      const rows = new Map(codecs.map((codec) => [codec, rowBytesWriter(codec.schema, codec, columns, options)]));
      return {
        columns,
        row(text, view, offset, length) {
          const codec = codecAt(view, offset, length);
          if (codec !== null) rows.get(codec)?.(text, view, offset, length);
        },
      };
    },
  };
}

/** The codec for a header's version among those of one schema id, the lowest first. */
function versionAt(codecs: readonly SbeCodec[], version: number): SbeCodec {
  for (let index = 0; index < codecs.length; index++) {
    const codec = codecs[index] as SbeCodec;
    if (codec.schema.version >= version) return codec;
  }
  return codecs[codecs.length - 1] as SbeCodec;
}

function shelvesOf(codecs: readonly SbeCodec[]): Shelf[] {
  const shelves = new Map<string, { header: HeaderReader; byId: Map<number, SbeCodec[]> }>();
  for (const codec of codecs) {
    const { id, version, byteOrder, header } = codec.schema;
    const key = JSON.stringify([byteOrder, header]);
    const shelf = shelves.get(key) ?? { header: headerReader(codec.schema), byId: new Map<number, SbeCodec[]>() };
    shelves.set(key, shelf);
    const versions = shelf.byId.get(id) ?? [];
    shelf.byId.set(id, versions);
    if (versions.some(({ schema }) => schema.version === version)) {
      throw new UsageError('same-schema', `two schemas have the id ${id} and version ${version}`);
    }
    versions.push(codec);
    versions.sort((a, b) => a.schema.version - b.schema.version);
  }
  return [...shelves.values()];
}

function ownFields(codec: SbeCodec, { fields }: SbeSelectOptions): readonly string[] | undefined {
  return fields?.filter((name) => hasField(codec.schema, name));
}

function checkFields(codecs: readonly SbeCodec[], { fields = [] }: SbeSelectOptions): void {
  for (const name of fields) {
    if (codecs.some(({ schema }) => hasField(schema, name))) continue;
    throw new UsageError('unknown-field', `no message has a field "${name}"`);
  }
}
