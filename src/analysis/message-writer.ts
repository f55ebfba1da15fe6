/**
 * Decoded messages as lines of text: NDJSON, CSV, or a table for reading.
 *
 * Every form begins with the same keys, `packet` to `session` (of several files: `file` before them), goes on with
 * `channel`, `feed` and `sendingTimeNs` where the message is of MDP, and then with the message's fields.
 * Times are exact decimal strings; `timestampNs` is the capture's stamp (a BinaryFILE's: the day's midnight plus the
 * message's own).
 */
import { UsageError } from '../core/errors.js';
import type { RecordReader, Stream } from '../core/seams.js';
import { type TextBuffer, textPiece } from '../core/text-buffer.js';
import type { ProtocolId } from './application.js';
import { type CommonKey, type CommonTexts, commonKeys, commonTexts, LineHead, lineKeys } from './line-head.js';
import { type BodyOptions, type BodyVerdict, itchBody, type MessageBody, mdp3Body } from './message-body.js';
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
  misplaced: number;
  /** Whose columns a CSV has: those of the first message; null where none has come, or no columns are told by it. */
  columns: ProtocolId | null;
  /** Appends the message at `offset` as a line with its end; false where it has none of the chosen fields. */
  write(
    text: TextBuffer,
    reader: RecordReader,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    stream: Stream,
    verdict?: BodyVerdict,
  ): boolean;
  /** What is left to write when no message comes any more: the header of a CSV without rows. */
  end(): string;
}

/** What a line is made of: the common keys that apply, as texts, and the protocol's own fields. */
interface Parts {
  readonly common: readonly CommonKey[];
  readonly texts: CommonTexts;
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
  const texts = commonTexts(protocols, fileName);
  const isWritten = (key: CommonKey): boolean => chosen?.includes(key) ?? (key !== 'file' || namesFile);
  const common = commonKeys.filter(isWritten);
  const ofItch = { common: common.filter((key) => chosen !== null || !lineKeys.includes(key)), texts, body: itch };
  const ofMdp3 = mdp3 === null ? null : { common, texts, body: mdp3 };
  return linesOf[flags.format](ofItch, ofMdp3);
}

const linesOf = { ndjson: jsonLines, csv: csvLines, table: tableLines };

function jsonLines(ofItch: Parts, ofMdp3: Parts | null): MessageWriter {
  const headOf = ({ common, texts }: Parts) => new LineHead('ndjson', common, texts, '{');
  const itchHead = headOf(ofItch);
  const mdp3Head = ofMdp3 === null ? itchHead : headOf(ofMdp3);
  return {
    header: '',
    misplaced: 0,
    columns: null,
    write(text, reader, view, offset, length, sequence, stream, verdict = 'known') {
      const isOfMdp3 = ofMdp3 !== null && isMdp3(stream);
      const { body, common } = isOfMdp3 ? ofMdp3 : ofItch;
      if (!body.hasAny(view, offset, length, verdict)) return false;
      (isOfMdp3 ? mdp3Head : itchHead).write(text, reader, sequence, stream);
      const start = text.length;
      body.json(text, view, offset, length, verdict);
      // The comma behind the head, where nothing follows it.
      if (text.length === start && common.length > 0) text.length--;
      text.piece(closing);
      return true;
    },
    end: () => '',
  };
}

const closing = textPiece('}\n');
const lineEnd = 0x0a;

/** A CSV has the columns of one protocol: that of the first message. */
function csvLines(ofItch: Parts, ofMdp3: Parts | null): MessageWriter {
  let first: Parts | null = ofMdp3 === null ? ofItch : null;
  const headerOf = ({ common, body }: Parts): string => `${[...common, ...body.columns].join(',')}\n`;
  const heads = new Map([ofItch, ofMdp3 ?? ofItch].map((parts) => [parts, headOf(parts)]));
  let head = heads.get(ofItch) as LineHead;
  const writer = {
    header: first === null ? '' : headerOf(first),
    misplaced: 0,
    get columns(): ProtocolId | null {
      return ofMdp3 === null || first === null ? null : first === ofMdp3 ? 'mdp3' : 'itch50';
    },
    set columns(protocol: ProtocolId | null) {
      if (ofMdp3 === null) return;
      first = protocol === null ? null : protocol === 'mdp3' ? ofMdp3 : ofItch;
      if (first !== null) head = heads.get(first) as LineHead;
    },
    write(
      text: TextBuffer,
      reader: RecordReader,
      view: DataView,
      offset: number,
      length: number,
      sequence: number,
      stream: Stream,
      verdict: BodyVerdict = 'known',
    ): boolean {
      const parts = ofMdp3 !== null && isMdp3(stream) ? ofMdp3 : ofItch;
      const { body, common } = parts;
      if (!body.hasAny(view, offset, length, verdict)) return false;
      const isFirst = first === null;
      if (isFirst) {
        text.text(headerOf(parts));
        first = parts;
        head = heads.get(parts) as LineHead;
      }
      // Without a template there are no columns to fill.
      if (parts !== first || verdict === 'unknown') {
        writer.misplaced++;
        return isFirst;
      }
      head.write(text, reader, sequence, stream);
      if (body.isChosen) body.row(text, view, offset, length);
      else if (common.length > 0) text.length--;
      text.room(1);
      text.view.setUint8(text.length++, lineEnd);
      return true;
    },
    end: () => (first === null ? headerOf(ofItch) : ''),
  };
  return writer;
}

function headOf({ common, texts }: Parts): LineHead {
  return new LineHead('csv', common, texts);
}

function tableLines(ofItch: Parts, ofMdp3: Parts | null): MessageWriter {
  const { common, texts } = ofMdp3?.body.isChosen ? ofMdp3 : ofItch;
  const isMessageShown = ofItch.body.isChosen || ofMdp3?.body.isChosen === true;
  return {
    header: rowOf([...common.map((key) => padded(key, key)), ...(isMessageShown ? ['message'] : [])]),
    misplaced: 0,
    columns: null,
    write(text, reader, view, offset, length, sequence, stream, verdict = 'known') {
      const { body } = ofMdp3 !== null && isMdp3(stream) ? ofMdp3 : ofItch;
      if (!body.hasAny(view, offset, length, verdict)) return false;
      const cells = common.map((key) => padded(key, texts[key](reader, sequence, stream) || '-'));
      if (isMessageShown) cells.push(body.readable(view, offset, length, verdict));
      text.text(rowOf(cells));
      return true;
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
