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

/** A message's row: its cells, each behind the commas and constants since the last one, and what ends the row. */
interface Row {
  readonly before: readonly string[];
  readonly cells: readonly Cell[];
  readonly end: string;
}

/** Builds a CSV writer; `fields` selects columns, in the order given. `UsageError` on a column that no message has. */
export function compileCsvWriter(table: Protocol, options: JsonOptions = {}): CsvWriter {
  selection(table, options.fields);
  const columns = options.fields ?? columnsOf(table);
  const byType = new Array<Row | undefined>(256).fill(undefined);
  for (const message of table.messages) byType[message.typeCode] = rowOf(message, columns, options);
  return {
    columns,
    row(view, offset) {
      const row = byType[view.getUint8(offset)];
      if (row === undefined) return '';
      let text = '';
      for (let index = 0; index < row.cells.length; index++) {
        text += row.before[index] as string;
        text += (row.cells[index] as Cell)(view, offset);
      }
      return text + row.end;
    },
  };
}

function rowOf(message: Message, columns: readonly string[], options: JsonOptions): Row {
  const before: string[] = [];
  const cells: Cell[] = [];
  let constant = '';
  for (const [index, column] of columns.entries()) {
    if (index !== 0) constant += ',';
    const field = message.fields.find(({ name }) => name === column);
    if (field !== undefined) {
      before.push(constant);
      cells.push(fieldCell(field, options));
      constant = '';
    } else if (column === 'type') constant += csvCell(message.type);
    else if (column === 'name') constant += message.name;
  }
  return { before, cells, end: constant };
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
