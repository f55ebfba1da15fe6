/**
 * Decoded messages as lines of text: NDJSON, CSV, or a table for reading.
 *
 * Every form begins with the same keys, `packet` to `session` (of several files: `file` before them), and goes on with
 * the message's fields. `timestampNs` is
 * the capture's stamp (a BinaryFILE's: the day's midnight plus the message's own), exact, as a decimal string.
 */
import { UsageError } from '../core/errors.js';
import { formatEpochNs } from '../core/halves.js';
import type { RecordReader, Stream } from '../core/seams.js';
import { itch50 } from '../protocol/itch50/index.js';

export const outputFormats = ['ndjson', 'csv', 'table'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface WriterFlags {
  format: OutputFormat;
  /** Keys to write; empty for all. */
  fields: readonly string[];
  int64: 'string' | 'number';
  decimal?: boolean;
  /** Names the file that the message at hand is of. */
  fileName?: () => string;
  /** Begin every line with the key `file`, chosen or not. */
  namesFile?: boolean;
}

export interface MessageWriter {
  /** What precedes the first line; empty where nothing does. */
  readonly header: string;
  /** The message at `offset` as a line with its end, or '' where it has none of the chosen fields. */
  line(reader: RecordReader, view: DataView, offset: number, sequence: number, stream: Stream): string;
}

const commonKeys = ['file', 'packet', 'timestampNs', 'sequence', 'protocol', 'session'] as const;
type CommonKey = (typeof commonKeys)[number];
type CommonWriter = (reader: RecordReader, sequence: number, stream: Stream) => string;
type TextWriters = Record<CommonKey, CommonWriter>;

/** Builds the writer; throws UsageError where a chosen field exists nowhere. */
export function messageWriter(flags: WriterFlags): MessageWriter {
  const chosen = flags.fields.length === 0 ? null : flags.fields;
  const { fileName = () => '', namesFile = false } = flags;
  const common = commonKeys.filter((key) => chosen?.includes(key) ?? (key !== 'file' || namesFile));
  const texts = { ...textCommon, file: fileName };
  const own = chosen?.filter((name) => !(commonKeys as readonly string[]).includes(name));
  const options = {
    int64: flags.int64,
    decimal: flags.decimal ?? false,
    ...(own === undefined ? {} : { fields: own }),
  };
  try {
    const { header, line } = linesOf[flags.format](common, texts, options);
    const wanted = typesWith(own ?? []);
    return {
      header,
      line: (reader, view, offset, sequence, stream) =>
        wanted[view.getUint8(offset)] === 1 ? line(reader, view, offset, sequence, stream) : '',
    };
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'unknown-field') throw error;
    throw new UsageError('unknown-field', `--fields: ${error.message}; the reference command lists them`);
  }
}

const linesOf = { ndjson: jsonLines, csv: csvLines, table: tableLines };

/** 1 for the types that have one of the fields, by type code; for all of them where no field is named. */
function typesWith(fields: readonly string[]): Uint8Array {
  const wanted = new Uint8Array(256);
  const ofAll = fields.length === 0 || fields.includes('type') || fields.includes('name');
  for (const message of itch50.messages) {
    if (ofAll || message.fields.some(({ name }) => fields.includes(name))) wanted[message.typeCode] = 1;
  }
  return wanted;
}

type BodyOptions = { int64: 'string' | 'number'; decimal: boolean; fields?: readonly string[] };

const jsonCommon: Record<Exclude<CommonKey, 'file'>, CommonWriter> = {
  packet: (reader) => `"packet":${reader.packetNumber}`,
  timestampNs: (reader) => `"timestampNs":"${formatEpochNs(reader.seconds, reader.nanoseconds)}"`,
  sequence: (_reader, sequence) => `"sequence":${sequence === 0 ? 'null' : sequence}`,
  protocol: () => `"protocol":"${itch50.id}"`,
  session: (_reader, _sequence, stream) => `"session":${JSON.stringify(stream.session)}`,
};

const textCommon: Record<Exclude<CommonKey, 'file'>, CommonWriter> = {
  packet: (reader) => `${reader.packetNumber}`,
  timestampNs: (reader) => formatEpochNs(reader.seconds, reader.nanoseconds),
  sequence: (_reader, sequence) => (sequence === 0 ? '' : `${sequence}`),
  protocol: () => itch50.id,
  session: (_reader, _sequence, stream) => stream.session ?? '',
};

function jsonLines(common: readonly CommonKey[], texts: TextWriters, options: BodyOptions): MessageWriter {
  const body = itch50.jsonWriter(options);
  const file: CommonWriter = (...record) => `"file":${JSON.stringify(texts.file(...record))}`;
  const writers = common.map((key) => (key === 'file' ? file : jsonCommon[key]));
  return {
    header: '',
    line(reader, view, offset, sequence, stream) {
      const fields = body(view, offset);
      let text = '{';
      for (const write of writers) text += `${write(reader, sequence, stream)},`;
      return fields === '' ? `${text.slice(0, -1)}}\n` : `${text}${fields}}\n`;
    },
  };
}

function csvLines(common: readonly CommonKey[], texts: TextWriters, options: BodyOptions): MessageWriter {
  const body = options.fields?.length === 0 ? null : itch50.csvWriter(options);
  const writers = common.map((key) => texts[key]);
  return {
    header: `${[...common, ...(body?.columns ?? [])].join(',')}\n`,
    line(reader, view, offset, sequence, stream) {
      const cells = writers.map((write) => csvSafe(write(reader, sequence, stream)));
      if (body !== null) cells.push(body.row(view, offset));
      return `${cells.join(',')}\n`;
    },
  };
}

function tableLines(common: readonly CommonKey[], texts: TextWriters, options: BodyOptions): MessageWriter {
  // As strings, for numbers above 2^53 would be rounded on their way through JSON.
  const body = itch50.jsonWriter({ ...options, int64: 'string' });
  const isMessageShown = options.fields?.length !== 0;
  return {
    header: rowOf([...common.map((key) => padded(key, key)), ...(isMessageShown ? ['message'] : [])]),
    line(reader, view, offset, sequence, stream) {
      const cells = common.map((key) => padded(key, texts[key](reader, sequence, stream) || '-'));
      if (isMessageShown) cells.push(readable(body(view, offset)));
      return rowOf(cells);
    },
  };
}

const tableWidths: Record<CommonKey, number> = {
  file: 16,
  packet: 8,
  timestampNs: 20,
  sequence: 10,
  protocol: 8,
  session: 10,
};

function padded(key: CommonKey, text: string): string {
  const isName = key === 'session' || key === 'file';
  return isName ? text.padEnd(tableWidths[key]) : text.padStart(tableWidths[key]);
}

function rowOf(cells: readonly string[]): string {
  return `${cells.join(' ').trimEnd()}\n`;
}

/** `"type":"A","name":"AddOrder","stock":"AAPL"` as `A AddOrder stock=AAPL`. */
function readable(jsonFields: string): string {
  const values = JSON.parse(`{${jsonFields}}`) as Record<string, string | number>;
  return Object.entries(values)
    .map(([name, value]) => (name === 'type' || name === 'name' ? `${value}` : `${name}=${printable(`${value}`)}`))
    .join(' ');
}

/** Bytes of the wire never reach a terminal as control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function csvSafe(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
