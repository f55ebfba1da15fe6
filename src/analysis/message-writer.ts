/**
 * Decoded messages as lines of text: NDJSON, CSV, or a table for reading.
 *
 * Every form begins with the same keys, `packet` to `session` (of several files: `file` before them), goes on with
 * `channel`, `feed` and `sendingTimeNs` where the message is of MDP, and then with the message's fields.
 * Times are exact decimal strings; `timestampNs` is the capture's stamp (a BinaryFILE's: the day's midnight plus the
 * message's own).
 */
import { UsageError } from '../core/errors.js';
import { formatEpochNs } from '../core/halves.js';
import type { RecordReader, Stream } from '../core/seams.js';
import { type BodyOptions, itchBody, type MessageBody, mdp3Body } from './message-body.js';
import { isMdp3, type Protocols } from './protocols.js';

export const outputFormats = ['ndjson', 'csv', 'table'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface WriterFlags {
  format: OutputFormat;
  /** Keys to write; empty for all. */
  fields: readonly string[];
  int64: 'string' | 'number';
  decimal?: boolean;
  /** Enumerations of MDP as `{value, name}`, or by name alone. */
  enums?: 'object' | 'name';
  /** Names the file that the message at hand is of. */
  fileName?: () => string;
  /** Begin every line with the key `file`, chosen or not. */
  namesFile?: boolean;
}

export interface MessageWriter {
  /** What precedes the first line; empty where nothing does. */
  readonly header: string;
  /** Messages that have no place in a CSV: of another protocol than its columns, or without a template. */
  readonly misplaced: number;
  /** The message at `offset` as a line with its end, or '' where it has none of the chosen fields. */
  line(
    reader: RecordReader,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    stream: Stream,
    verdict?: 'known' | 'unknown',
  ): string;
  /** What is left to write when no message comes any more: the header of a CSV without rows. */
  end(): string;
}

const commonKeys = [
  ...(['file', 'packet', 'timestampNs', 'sequence', 'protocol', 'session'] as const),
  ...(['channel', 'feed', 'sendingTimeNs'] as const),
] as const;
type CommonKey = (typeof commonKeys)[number];
/** Keys that only messages of MDP have. */
const lineKeys: readonly CommonKey[] = ['channel', 'feed', 'sendingTimeNs'];
type CommonWriter = (reader: RecordReader, sequence: number, stream: Stream) => string;
type TextWriters = Record<CommonKey, CommonWriter>;

/** What a line is made of: the common keys that apply, as texts, and the protocol's own fields. */
interface Parts {
  readonly common: readonly CommonKey[];
  readonly texts: TextWriters;
  readonly body: MessageBody;
}

/** Builds the writer, of ITCH alone where no `protocols` are given; throws UsageError where a field exists nowhere. */
export function messageWriter(flags: WriterFlags, protocols: Protocols | null = null): MessageWriter {
  const chosen = flags.fields.length === 0 ? null : flags.fields;
  const own = chosen?.filter((name) => !(commonKeys as readonly string[]).includes(name)) ?? null;
  const options: BodyOptions = {
    int64: flags.int64,
    decimal: flags.decimal ?? false,
    enums: flags.enums ?? 'object',
    own,
  };
  const itch = itchBody(options);
  const mdp3 = protocols === null ? null : mdp3Body(options, protocols.mdp3);
  const isFound = (name: string): boolean => itch.has(name) || mdp3?.has(name) === true;
  const lost = own?.find((name) => !isFound(name));
  if (lost !== undefined) {
    const text = `no message has a field "${lost}"; the reference command lists them`;
    throw new UsageError('unknown-field', `--fields: ${text}`);
  }
  const { fileName = () => '', namesFile = false } = flags;
  const texts = { ...textCommon, ...lineTexts(protocols), file: fileName };
  const isWritten = (key: CommonKey): boolean => chosen?.includes(key) ?? (key !== 'file' || namesFile);
  const common = commonKeys.filter(isWritten);
  const ofItch = { common: common.filter((key) => chosen !== null || !lineKeys.includes(key)), texts, body: itch };
  const ofMdp3 = mdp3 === null ? null : { common, texts, body: mdp3 };
  return linesOf[flags.format](ofItch, ofMdp3);
}

const linesOf = { ndjson: jsonLines, csv: csvLines, table: tableLines };

const textCommon: Record<Exclude<CommonKey, 'file' | 'channel' | 'feed'>, CommonWriter> = {
  sendingTimeNs: (_reader, _sequence, { sendingSeconds, sendingNanoseconds }) =>
    sendingSeconds === undefined ? '' : formatEpochNs(sendingSeconds, sendingNanoseconds ?? 0),
  packet: (reader) => `${reader.packetNumber}`,
  timestampNs: (reader) => formatEpochNs(reader.seconds, reader.nanoseconds),
  sequence: (_reader, sequence) => (sequence === 0 ? '' : `${sequence}`),
  protocol: (_reader, _sequence, stream) => (isMdp3(stream) ? 'mdp3' : 'itch50'),
  session: (_reader, _sequence, stream) => stream.session ?? '',
};

/** Channel and line of the stream's flow, where a configuration names them. */
function lineTexts(protocols: Protocols | null): Record<'channel' | 'feed', CommonWriter> {
  const lineOf = (stream: Stream) => (stream.flow === null ? null : (protocols?.lineOf(stream.flow) ?? null));
  return {
    channel: (_reader, _sequence, stream) => lineOf(stream)?.channel ?? '',
    feed: (_reader, _sequence, stream) => lineOf(stream)?.feed ?? '',
  };
}

/** Keys whose values are JSON numbers; the others are strings, and null where there is none. */
const numericKeys: readonly CommonKey[] = ['packet', 'sequence', 'channel'];
const isPlainNumber = /^(?:0|[1-9]\d*)$/;
/** Keys that are never null. */
const wholeKeys: readonly CommonKey[] = ['file', 'packet', 'timestampNs', 'protocol'];

function jsonCommon(key: CommonKey, texts: TextWriters): CommonWriter {
  const write = texts[key];
  const isNumeric = numericKeys.includes(key);
  const isWhole = wholeKeys.includes(key);
  const isPlain = key === 'timestampNs' || key === 'protocol';
  return (reader, sequence, stream) => {
    const text = write(reader, sequence, stream);
    if (isPlain) return `"${key}":"${text}"`;
    // A session's name may be empty; it is null only where the framing has none.
    if (!isWhole && text === '' && (key !== 'session' || stream.session === null)) return `"${key}":null`;
    // A configuration may name a channel by more than a number.
    return `"${key}":${isNumeric && isPlainNumber.test(text) ? text : JSON.stringify(text)}`;
  };
}

function jsonLines(ofItch: Parts, ofMdp3: Parts | null): MessageWriter {
  const writersOf = ({ common, texts }: Parts) => common.map((key) => jsonCommon(key, texts));
  const itchWriters = writersOf(ofItch);
  const mdp3Writers = ofMdp3 === null ? itchWriters : writersOf(ofMdp3);
  return {
    header: '',
    misplaced: 0,
    line(reader, view, offset, length, sequence, stream, verdict = 'known') {
      const isOfMdp3 = ofMdp3 !== null && isMdp3(stream);
      const { body } = isOfMdp3 ? ofMdp3 : ofItch;
      if (!body.hasAny(view, offset, length, verdict)) return '';
      const fields = body.json(view, offset, length, verdict);
      let text = '{';
      for (const write of isOfMdp3 ? mdp3Writers : itchWriters) text += `${write(reader, sequence, stream)},`;
      return fields === '' ? `${text.slice(0, -1)}}\n` : `${text}${fields}}\n`;
    },
    end: () => '',
  };
}

/** A CSV has the columns of one protocol: that of the first message. */
function csvLines(ofItch: Parts, ofMdp3: Parts | null): MessageWriter {
  let first: Parts | null = ofMdp3 === null ? ofItch : null;
  const headerOf = ({ common, body }: Parts): string => `${[...common, ...body.columns].join(',')}\n`;
  const writer = {
    header: first === null ? '' : headerOf(first),
    misplaced: 0,
    line(
      reader: RecordReader,
      view: DataView,
      offset: number,
      length: number,
      sequence: number,
      stream: Stream,
      verdict: 'known' | 'unknown' = 'known',
    ): string {
      const parts = ofMdp3 !== null && isMdp3(stream) ? ofMdp3 : ofItch;
      const { common, texts, body } = parts;
      if (!body.hasAny(view, offset, length, verdict)) return '';
      const header = first === null ? headerOf(parts) : '';
      first ??= parts;
      // Without a template there are no columns to fill.
      if (parts !== first || verdict === 'unknown') {
        writer.misplaced++;
        return header;
      }
      const cells = common.map((key) => csvSafe(texts[key](reader, sequence, stream)));
      if (body.columns.length > 0) cells.push(body.row(view, offset, length));
      return `${header}${cells.join(',')}\n`;
    },
    end: () => (first === null ? headerOf(ofItch) : ''),
  };
  return writer;
}

function tableLines(ofItch: Parts, ofMdp3: Parts | null): MessageWriter {
  const { common, texts } = ofMdp3?.body.isChosen ? ofMdp3 : ofItch;
  const isMessageShown = ofItch.body.isChosen || ofMdp3?.body.isChosen === true;
  return {
    header: rowOf([...common.map((key) => padded(key, key)), ...(isMessageShown ? ['message'] : [])]),
    misplaced: 0,
    line(reader, view, offset, length, sequence, stream, verdict = 'known') {
      const { body } = ofMdp3 !== null && isMdp3(stream) ? ofMdp3 : ofItch;
      if (!body.hasAny(view, offset, length, verdict)) return '';
      const cells = common.map((key) => padded(key, texts[key](reader, sequence, stream) || '-'));
      if (isMessageShown) cells.push(body.readable(view, offset, length, verdict));
      return rowOf(cells);
    },
    end: () => '',
  };
}

const tableWidths: Record<CommonKey, number> = {
  file: 16,
  packet: 8,
  timestampNs: 20,
  sequence: 10,
  protocol: 8,
  session: 10,
  channel: 7,
  feed: 4,
  sendingTimeNs: 20,
};

function padded(key: CommonKey, text: string): string {
  const isName = key === 'session' || key === 'file';
  return isName ? text.padEnd(tableWidths[key]) : text.padStart(tableWidths[key]);
}

function rowOf(cells: readonly string[]): string {
  return `${cells.join(' ').trimEnd()}\n`;
}

function csvSafe(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
