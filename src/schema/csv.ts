/** Writes messages as CSV rows (RFC 4180) under one header: the union of all messages' columns. */
import type { Field } from './field.js';
import { columnsOf, type JsonOptions, selection } from './json.js';
import { readNumber, readText } from './read.js';
import type { Message, Protocol } from './table.js';
import { csvCell, decimal64, fixedPoint } from './text.js';

/** Writes rows; cells of columns that a message does not have are empty. No line ends: the caller adds them. */
export interface CsvWriter {
  readonly columns: readonly string[];
  /** The row of the message at `offset`; empty where its type is unknown. The length must have been checked. */
  row(view: DataView, offset: number): string;
}

type Cell = (view: DataView, offset: number) => string;

/** Builds a CSV writer; `fields` selects columns, in the order given. `UsageError` on a column that no message has. */
export function compileCsvWriter(table: Protocol, options: JsonOptions = {}): CsvWriter {
  selection(table, options.fields);
  const columns = options.fields ?? columnsOf(table);
  const byType = new Array<Cell[] | undefined>(256).fill(undefined);
  for (const message of table.messages) {
    byType[message.typeCode] = columns.map((column) => cellWriter(message, column, options));
  }
  return {
    columns,
    row(view, offset) {
      const cells = byType[view.getUint8(offset)];
      if (cells === undefined) return '';
      let text = '';
      for (let index = 0; index < cells.length; index++) {
        if (index !== 0) text += ',';
        text += (cells[index] as Cell)(view, offset);
      }
      return text;
    },
  };
}

function cellWriter(message: Message, column: string, options: JsonOptions): Cell {
  const field = message.fields.find(({ name }) => name === column);
  if (field !== undefined) return fieldCell(field, options);
  const constant = column === 'type' ? csvCell(message.type) : column === 'name' ? message.name : '';
  return () => constant;
}

function fieldCell({ kind, offset: at, length, decimals }: Field, options: JsonOptions): Cell {
  if (kind === 'char' || kind === 'alpha') return (view, offset) => csvCell(readText(view, offset + at, length));
  const digits: Cell =
    kind === 'u64'
      ? (view, offset) => decimal64(view, offset + at)
      : (view, offset) => `${readNumber(view, offset + at, length)}`;
  if (options.decimal !== true || decimals === undefined) return digits;
  return (view, offset) => fixedPoint(digits(view, offset), decimals);
}
