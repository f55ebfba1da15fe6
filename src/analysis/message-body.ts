/** The fields of a message as text, for writers of lines: what of each protocol comes behind the common keys. */
import type { TextBuffer } from '../core/text-buffer.js';
import { itch50 } from '../protocol/itch50/index.js';
import { hasPath } from '../schema/sbe/plain-values.js';
import type { SbeMessage } from '../schema/sbe/schema.js';
import type { Mdp3Application } from './mdp3-application.js';

export interface BodyOptions {
  readonly int64: 'string' | 'number';
  readonly decimal: boolean;
  readonly enums: 'object' | 'name';
  /** The chosen fields, of whatever protocol; null for all. */
  readonly own: readonly string[] | null;
}

/** `unknown`: a message of MDP for which no template is at hand. */
export type BodyVerdict = 'known' | 'unknown';

export interface MessageBody {
  /** Whether the protocol has a field of the name. */
  has(name: string): boolean;
  /** Whether any of the chosen fields, or all, are the protocol's. */
  readonly isChosen: boolean;
  /** Of a CSV. */
  readonly columns: readonly string[];
  /** Whether the message has any of the chosen fields; true where none was chosen, common keys alone included. */
  hasAny(view: DataView, offset: number, length: number, verdict: BodyVerdict): boolean;
  /** Appends the inside of a JSON object; may be nothing. */
  json(text: TextBuffer, view: DataView, offset: number, length: number, verdict: BodyVerdict): void;
  /** Appends a row of the columns, without its end. */
  row(text: TextBuffer, view: DataView, offset: number, length: number): void;
  /** For people: `A AddOrder stock=AAPL`. */
  readable(view: DataView, offset: number, length: number, verdict: BodyVerdict): string;
}

export function itchBody({ int64, decimal, own }: BodyOptions): MessageBody {
  const known = new Set(itch50.columns);
  const fields = own?.filter((name) => known.has(name));
  const options = { int64, decimal, ...(fields === undefined ? {} : { fields }) };
  const isChosen = fields === undefined || fields.length > 0;
  // Writers are made when they are first asked for: a run needs one.
  const write = lazily(() => itch50.jsonBytes(options));
  const row = lazily(() => itch50.rowBytes(options).row);
  // As strings, for numbers above 2^53 would be rounded on their way through JSON.
  const exact = lazily(() => itch50.jsonWriter({ ...options, int64: 'string' }));
  const wanted = typesWith(own ?? []);
  return {
    has: (name) => known.has(name),
    isChosen,
    columns: isChosen ? (fields ?? itch50.columns) : [],
    hasAny: (view, offset, _length, verdict) => verdict === 'known' && wanted[view.getUint8(offset)] === 1,
    json: (text, view, offset) => write()(text, view, offset),
    row: (text, view, offset) => row()(text, view, offset),
    readable: (view, offset) => readable(exact()(view, offset)),
  };
}

/** 1 for the types that have one of the fields, by type code; for all of them where no field is named. */
function typesWith(fields: readonly string[]): Uint8Array {
  const wanted = new Uint8Array(256);
  const ofAll = fields.length === 0 || fields.includes('type') || fields.includes('name');
  for (const message of itch50.messages) {
    if (ofAll || message.fields.some(({ name }) => fields.includes(name))) wanted[message.typeCode] = 1;
  }
  return wanted;
}

/** Messages of MDP: by the catalogue's templates, or as raw bytes where there is none; asks for it at the first one. */
export function mdp3Body({ int64, enums, own }: BodyOptions, application: Mdp3Application): MessageBody {
  const has = (name: string): boolean =>
    rawKeys.includes(name) ||
    application.catalogue.codecs.some(({ schema }) => schema.messages.some((one) => messageHas(one, name)));
  const fields = own?.filter(has);
  const isChosen = fields === undefined || fields.length > 0;
  const symbolOf = (securityId: number): string | undefined => application.symbolOf(securityId);
  const options = { int64, enums, symbolOf, ...(fields === undefined ? {} : { fields: fields.filter(isDecoded) }) };
  const write = lazily(() => application.catalogue.jsonBytes(options));
  const rows = lazily(() => application.catalogue.rowBytes(options));
  const exact = lazily(() => application.catalogue.jsonWriter({ ...options, int64: 'string', enums: 'name' }));
  const wanted = new Map<SbeMessage, boolean>();
  const isWanted = (message: SbeMessage): boolean => {
    let is = wanted.get(message);
    if (is === undefined) {
      is = fields?.some((name) => headerKeys.includes(name) || messageHas(message, name)) ?? true;
      wanted.set(message, is);
    }
    return is;
  };
  return {
    has,
    isChosen,
    get columns() {
      return isChosen ? rows().columns : [];
    },
    hasAny(view, offset, length, verdict) {
      if (own === null || own.length === 0) return true;
      if (verdict === 'unknown') return fields?.some((name) => rawKeys.includes(name)) === true;
      const message = application.catalogue.messageAt(view, offset, length);
      return message !== undefined && isWanted(message);
    },
    json(text, view, offset, length, verdict) {
      if (verdict === 'known') write()(text, view, offset, length);
      else text.text(rawJson(application, view, offset, length, fields));
    },
    row: (text, view, offset, length) => rows().row(text, view, offset, length),
    readable: (view, offset, length, verdict) =>
      readable(
        verdict === 'known' ? exact()(view, offset, length) : rawJson(application, view, offset, length, fields),
      ),
  };
}

/** What is made when it is first asked for. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function messageHas(message: SbeMessage, name: string): boolean {
  return hasPath(message, name.split('.'));
}

function isDecoded(name: string): boolean {
  return headerKeys.includes(name) || !rawKeys.includes(name);
}

/** What every message says of itself … */
const headerKeys = ['type', 'name', 'templateId', 'version'];
/** … and what one without a template does. */
const rawKeys = [...headerKeys, 'schemaId', 'blockLength', 'raw'];
const headerLength = 8;

function rawJson(
  application: Mdp3Application,
  view: DataView,
  offset: number,
  length: number,
  fields: readonly string[] | undefined,
): string {
  const { type, schemaId, version } = application.describeLayout(view, offset, length);
  if (schemaId === undefined) return '';
  const bytes = Buffer.from(view.buffer, view.byteOffset + offset + headerLength, length - headerLength);
  const values = {
    type,
    name: null,
    templateId: Number(type),
    schemaId,
    version,
    blockLength: view.getUint16(offset, true),
    raw: bytes.toString('hex'),
  };
  const chosen = Object.entries(values).filter(([key]) => fields?.includes(key) ?? true);
  return JSON.stringify(Object.fromEntries(chosen)).slice(1, -1);
}

/** `"type":"A","name":"AddOrder","stock":"AAPL"` as `A AddOrder stock=AAPL`. */
function readable(jsonFields: string): string {
  const values = JSON.parse(`{${jsonFields}}`) as Record<string, unknown>;
  return Object.entries(values)
    .map(([name, value]) => (name === 'type' || name === 'name' ? shown(value) : `${name}=${shown(value)}`))
    .join(' ');
}

/** Groups as `[{…} {…}]`, sets as `Buy|Sell`, nothing as `-`. */
function shown(value: unknown): string {
  if (value === null) return '-';
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (typeof value !== 'object') return printable(`${value}`);
  const { names, raw } = value as { names?: string[]; raw?: unknown };
  if (Array.isArray(names)) return names.length > 0 ? names.join('|') : `${raw}`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}=${shown(inner)}`)
    .join(' ')}}`;
}

/** Bytes of the wire never reach a terminal as control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
