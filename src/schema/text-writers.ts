/**
 * Writes messages as bytes of JSON or CSV into a buffer: compiled from the table, or where code generation is
 * disallowed by way of the string writers, slower and equal.
 */
import { heads, placePoint, quads, widths, writeU32, writeU64 } from '../core/digits.js';
import type { TextBuffer } from '../core/text-buffer.js';
import { type Engine, isCompiled } from './compile.js';
import { compileCsvWriter } from './csv.js';
import { columnsOf, compileJsonWriter, type JsonOptions, selection } from './json.js';
import type { Message, Protocol } from './table.js';
import * as textBytes from './text-bytes.js';
import { type calledNames, jsonSource, rowSource } from './text-source.js';

/** Appends the message at `offset`, its length already checked; nothing where its type is unknown. */
export type WriteText = (text: TextBuffer, view: DataView, offset: number) => void;

/** Appends rows; see `CsvWriter`. */
export interface RowBytesWriter {
  readonly columns: readonly string[];
  readonly row: WriteText;
}

/** Builds what appends the inside of a JSON object; see `JsonWriter`. */
export function buildJsonBytes(table: Protocol, options: JsonOptions = {}, engine: Engine = 'auto'): WriteText {
  if (isCompiled(engine)) {
    selection(table, options.fields);
    return byType(table, (message) => jsonSource(table, message, options));
  }
  const write = compileJsonWriter(table, options);
  return (text, view, offset) => text.text(write(view, offset));
}

/** Builds what appends rows. */
export function buildRowBytes(table: Protocol, options: JsonOptions = {}, engine: Engine = 'auto'): RowBytesWriter {
  if (isCompiled(engine)) {
    selection(table, options.fields);
    const row = byType(table, (message) => rowSource(table, message, options));
    return { columns: options.fields ?? columnsOf(table), row };
  }
  const { columns, row } = compileCsvWriter(table, options);
  return { columns, row: (text, view, offset) => text.text(row(view, offset)) };
}

const called: Readonly<Record<(typeof calledNames)[number], unknown>> = {
  heads,
  placePoint,
  quads,
  widths,
  writeU32,
  writeU64,
  ...textBytes,
};

let compiled = 0;

/** A writer for each type, compiled when the first message of it comes: a capture's beginning has few. */
function byType(table: Protocol, sourceOf: (message: Message) => string): WriteText {
  const writers = new Array<WriteText | undefined>(256).fill(undefined);
  for (const message of table.messages) {
    const { typeCode } = message;
    writers[typeCode] = (text, view, offset) => {
      const write = compile(sourceOf(message));
      writers[typeCode] = write;
      write(text, view, offset);
    };
  }
  return (text, view, offset) => {
    const write = writers[view.getUint8(offset)];
    if (write !== undefined) write(text, view, offset);
  };
}

/** Each writer is compiled by itself, numbered, so that its tables are constants of its code. */
function compile(source: string): WriteText {
  return new Function('called', `${source}// ${compiled++}\n`)(called) as WriteText;
}
