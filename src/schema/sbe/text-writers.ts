/**
 * Writes messages of a schema as bytes of JSON or of CSV into a buffer: compiled from the schema, or where code
 * generation is disallowed by way of the string writers, slower and equal.
 */
import { writeBillionths, writeI32, writeI64, writeU32, writeU64 } from '../../core/digits.js';
import { type TextBuffer, type TextPiece, textPiece } from '../../core/text-buffer.js';
import { type Engine, isCompiled } from '../compile.js';
import { jsonQuoted } from '../text.js';
import { writeCsvCharacters, writeJsonCharacters } from '../text-bytes.js';
import { compileMessageRow } from './csv.js';
import { compileMessageJson } from './json.js';
import type { SbeValueOptions, Selection } from './plain-values.js';
import { messageRowSource } from './row-source.js';
import type { SbeMessage, SbeSchema } from './schema.js';
import { readContext } from './slot.js';
import { symbolKey } from './tagged.js';
import { doubled } from './text-emitter.js';
import { messageTextSource, type TextSource } from './text-source.js';

/** Appends the message at `offset`; its layout must be known and must fit. */
export type WriteMessageText = (text: TextBuffer, view: DataView, offset: number) => void;

/** The most symbols whose texts are kept; more are made anew. */
const mostSymbols = 1 << 16;

/** Builds the writer of one message; see `compileMessageJson`. */
export function buildMessageText(
  schema: SbeSchema,
  message: SbeMessage,
  selection: Selection,
  options: SbeValueOptions = {},
  engine: Engine = 'auto',
): WriteMessageText {
  if (!isCompiled(engine)) {
    const write = compileMessageJson(schema, message, selection, options);
    return (text, view, offset) => text.text(write(view, offset));
  }
  return compileText(messageTextSource(schema, message, selection, readContext(schema, options)), options);
}

/** Builds the writer of one message's rows; see `compileMessageRow`. */
export function buildMessageRow(
  schema: SbeSchema,
  message: SbeMessage,
  columns: readonly string[],
  options: SbeValueOptions = {},
  engine: Engine = 'auto',
): WriteMessageText {
  if (!isCompiled(engine)) {
    const write = compileMessageRow(schema, message, columns, options);
    return (text, view, offset) => text.text(write(view, offset));
  }
  return compileText(messageRowSource(schema, message, columns, readContext(schema, options)), options);
}

function compileText(emitted: TextSource, options: SbeValueOptions): WriteMessageText {
  const called = {
    writeBillionths,
    writeCsvCharacters,
    writeI32,
    writeI64,
    writeJsonCharacters,
    writeU32,
    writeU64,
    values: emitted.values,
    data: emitted.data,
    bytePiece: bytePieces(emitted),
    symbolPiece: symbolPieces(options),
  };
  return new Function(...Object.keys(called), emitted.source)(...Object.values(called)) as WriteMessageText;
}

/** Texts of values of one byte, by number, byte and version: each is made when it first comes. */
function bytePieces({ bytes }: TextSource): (index: number, byte: number, version: number) => TextPiece {
  const view = new DataView(new ArrayBuffer(1));
  const versions = new Map<number, (TextPiece | undefined)[]>();
  let latest = -1;
  let pieces: (TextPiece | undefined)[] = [];
  return (index, byte, version) => {
    if (version !== latest) {
      latest = version;
      pieces = versions.get(version) ?? new Array<TextPiece | undefined>(bytes.length * 256).fill(undefined);
      // A header may tell any version.
      if (versions.size < 64) versions.set(version, pieces);
    }
    const key = index * 256 + byte;
    let piece = pieces[key];
    if (piece === undefined) {
      view.setUint8(0, byte);
      piece = textPiece((bytes[index] as (typeof bytes)[number])(view, 0, version));
      pieces[key] = piece;
    }
    return piece;
  };
}

/** The key and symbol of a SecurityID that has one, for so many quotes in the place of one, which are one writer's. */
function symbolPieces({ symbolOf }: SbeValueOptions): (securityId: number, marks: number) => TextPiece | undefined {
  const pieces = new Map<string, TextPiece>();
  return (securityId, marks) => {
    const symbol = symbolOf?.(securityId);
    if (symbol === undefined) return undefined;
    let piece = pieces.get(symbol);
    if (piece === undefined) {
      const json = `,"${symbolKey}":${jsonQuoted(symbol)}`;
      piece = textPiece(marks === 1 ? json : doubled(json));
      if (pieces.size < mostSymbols) pieces.set(symbol, piece);
    }
    return piece;
  };
}
