/**
 * Columns: fields of many messages of one type, one typed array a field.
 *
 * A column is a numeric accessor of the flyweight: integers of up to 32 bits by their field's name, 48 and 64-bit ones
 * as `…High` and `…Low` (or under their own name as doubles, exact below 2^53), characters as `…Code`, text as its
 * words. Unless told otherwise all fields are read, the wide ones as halves.
 */
import { UsageError } from '../core/errors.js';
import { columnsSource } from './batch-source.js';
import { type Engine, isCompiled } from './compile.js';
import { type Field, wordLengths } from './field.js';
import type { TypeBatch } from './partition.js';
import { readNumber } from './read.js';
import type { Message, Protocol } from './table.js';
import type { ColumnArrays, ColumnName } from './types.js';

/** Rows that columns begin with; a longer batch makes them grow. */
const FIRST_ROWS = 2048;

/** Where one column's values lie in a message. */
export interface ColumnSpec {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** What a typed array of a column may be. */
export type ColumnArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Which columns to read, and how. */
export interface ColumnsOptions<Name extends string = string> {
  /** Names of numeric accessors; all fields where it is left out. */
  readonly columns?: readonly Name[];
  readonly engine?: Engine;
}

/** Reads the messages of one type into columns. */
export interface Columns<M extends Message, Name extends string = ColumnName<M>> {
  readonly message: M;
  readonly names: readonly Name[];
  /** By name: row i is message i of the batch read last. Longer than `count`; replaced when a batch is longer still. */
  readonly arrays: Pick<ColumnArrays<M>, Name & keyof ColumnArrays<M>>;
  /** How many rows the batch read last has. */
  readonly count: number;
  /** Reads a batch of this message type over the one before; returns how many rows that are. */
  read(batch: TypeBatch): number;
}

type RowReader = (view: DataView, offsets: Int32Array, count: number, arrays: readonly ColumnArray[]) => void;

/** Builds the columns of one message of a table; `UsageError` where a name is none of its numeric accessors. */
export function buildColumns(table: Protocol, message: Message, options: ColumnsOptions = {}): Columns<Message> {
  const all = new Map(message.fields.flatMap(columnsOf).map((spec) => [spec.name, spec]));
  const names = options.columns ?? message.fields.flatMap(defaultNames);
  const specs = names.map((name) => all.get(name) ?? unknownColumn(message, name, [...all.keys()]));
  const isGenerated = isCompiled(options.engine ?? 'auto');
  const read = isGenerated ? compileRows(table, message, specs) : interpretRows(specs);
  return new TypedColumns(message, specs, read);
}

class TypedColumns implements Columns<Message> {
  readonly message: Message;
  readonly names: readonly string[];
  arrays: Record<string, never> = {};
  count = 0;
  private readonly specs: readonly ColumnSpec[];
  private readonly readRows: RowReader;
  private list: readonly ColumnArray[] = [];
  private rows = 0;

  constructor(message: Message, specs: readonly ColumnSpec[], readRows: RowReader) {
    this.message = message;
    this.specs = specs;
    this.names = specs.map(({ name }) => name);
    this.readRows = readRows;
    this.grow(FIRST_ROWS);
  }

  read(batch: TypeBatch): number {
    const { view, offsets, count, message } = batch;
    if (message?.name !== this.message.name) {
      const given = message?.name ?? 'unknown messages';
      throw new UsageError('columns-type', `columns of ${this.message.name} were given a batch of ${given}`);
    }
    if (count > this.rows) this.grow(Math.max(count, this.rows * 2));
    this.readRows(view, offsets, count, this.list);
    this.count = count;
    return count;
  }

  private grow(rows: number): void {
    this.rows = rows;
    this.list = this.specs.map(({ length }) => new (arrayOf(length))(rows));
    this.arrays = Object.fromEntries(this.specs.map(({ name }, index) => [name, this.list[index] as never]));
  }
}

/** All columns that a field can be read as. */
function columnsOf(field: Field): ColumnSpec[] {
  const { name, kind, offset, length } = field;
  if (kind === 'char') return [{ name: `${name}Code`, offset, length }];
  if (kind === 'alpha') {
    return wordLengths(length).map((bytes, index) => ({
      name: `${name}Word${index}`,
      offset: offset + index * 4,
      length: bytes,
    }));
  }
  if (kind !== 'u48' && kind !== 'u64') return [{ name, offset, length }];
  return [
    { name, offset, length },
    { name: `${name}High`, offset, length: length - 4 },
    { name: `${name}Low`, offset: offset + length - 4, length: 4 },
  ];
}

/** The columns that hold each bit of a field once. */
function defaultNames(field: Field): string[] {
  return columnsOf(field)
    .filter(({ length }) => length <= 4)
    .map(({ name }) => name);
}

function arrayOf(length: number): new (rows: number) => ColumnArray {
  if (length === 1) return Uint8Array;
  if (length === 2) return Uint16Array;
  return length <= 4 ? Uint32Array : Float64Array;
}

function compileRows(table: Protocol, message: Message, specs: readonly ColumnSpec[]): RowReader {
  const source = columnsSource(table, message.name, specs);
  return new Function('view', 'offsets', 'count', 'arrays', source) as RowReader;
}

function interpretRows(specs: readonly ColumnSpec[]): RowReader {
  return (view, offsets, count, arrays) => {
    for (const [index, { offset, length }] of specs.entries()) {
      const array = arrays[index] as ColumnArray;
      for (let row = 0; row < count; row++) array[row] = readNumber(view, (offsets[row] as number) + offset, length);
    }
  };
}

function unknownColumn(message: Message, name: string, names: readonly string[]): never {
  throw new UsageError('unknown-column', `${message.name} has no column "${name}": choose of ${names.join(' ')}`);
}
