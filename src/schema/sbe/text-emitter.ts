/**
 * Emits statements that write the values of a schema's messages, as JSON or as cells of a CSV, into a buffer.
 *
 * Integers, decimals of nine places, text and all that is one byte are written by what they are; the rest (floats,
 * arrays, wide sets, data) by the string writers of `json-value.ts` and `csv.ts`, which are handed in. Of the schema
 * only offsets, lengths and the bytes of names enter the source.
 */
import { mostDigits } from '../../core/digits.js';
import { stepsSource } from '../emit-text.js';
import { mostTextBytes } from '../text-bytes.js';
import { decimalOf } from './decimal.js';
import { dataJson, innerSelection, type Place, symbolOnly } from './json.js';
import { jsonValue, type WriteJson } from './json-value.js';
import { type Selection, selectedOf } from './plain-values.js';
import { isUtf8, isWide } from './read.js';
import { bitsOf, isFloat } from './scalar.js';
import {
  type AnyGroup,
  primitiveSizes,
  type SbeData,
  type SbeEncoding,
  type SbeField,
  type SbePrimitive,
} from './schema.js';
import { isConstant, type ReadContext } from './slot.js';
import { symbolField, symbolKey } from './tagged.js';
import { plus, readSource } from './value-source.js';

/** What the statements call by number. */
export interface CalledWriters {
  /** String writers of values, called with a view, a place and a version. */
  readonly values: WriteJson[];
  /** Those of values of one byte, of which each text is made once. */
  readonly bytes: WriteJson[];
  readonly data: ((place: Place) => string)[];
}

/** A block of fields, and the groups and data behind it. */
export type Block = Pick<AnyGroup, 'fields' | 'groups' | 'data'>;

/** How values are written. */
export interface TextForm {
  /** What stands for a quote: two of them inside a cell that is quoted, nothing around the value of a cell. */
  readonly quote: '"' | '""' | '';
  /** What stands for null. */
  readonly none: 'null' | '';
  /** The string writer of a value. */
  writer(field: SbeField, context: ReadContext): WriteJson;
}

/** JSON. */
export const jsonForm: TextForm = { quote: '"', none: 'null', writer: jsonValue };

/** JSON within a quoted cell. */
export const quotedForm: TextForm = {
  quote: '""',
  none: 'null',
  writer(field, context) {
    const write = jsonValue(field, context);
    return (view, at, version) => doubled(write(view, at, version));
  },
};

/** A text with its quotes doubled. */
export function doubled(text: string): string {
  return text.replaceAll('"', '""');
}

/** Stands for the bytes that a block writes at most, until they are known. */
const roomMark = '@room@';

/** Collects statements; they write at `at` into `out`, and read from `view`. */
export class TextEmitter implements CalledWriters {
  readonly values: WriteJson[] = [];
  readonly bytes: WriteJson[] = [];
  readonly data: ((place: Place) => string)[] = [];
  form: TextForm;
  readonly context: ReadContext;
  private lines: string[] = [refresh];
  private most = 0;

  constructor(context: ReadContext, form: TextForm) {
    this.context = context;
    this.form = form;
  }

  add(line: string, most = 0): void {
    this.lines.push(line);
    this.most += most;
  }

  /** Writes a text, its quotes as the form has them. */
  constant(text: string): void {
    this.verbatim(text.replaceAll('"', this.form.quote));
  }

  /** Writes a text as it stands. */
  verbatim(text: string): void {
    const { lines, most } = stepsSource([text]);
    this.lines.push(...lines);
    this.most += most;
  }

  /** The lines of the block at hand, with room for all that it writes by itself. */
  finish(): string[] {
    return this.lines.map((line) => line.replace(roomMark, String(this.most)));
  }

  /** A block whose first byte is at `place`, which goes behind it. */
  block(
    block: Block,
    selection: Selection,
    keyOf: (name: string) => string,
    isFirst: boolean,
    stride: string,
    depth: number,
  ): void {
    let separator = isFirst ? '' : ',';
    const prefixOf = (name: string): string => {
      if (selectedOf(selection, keyOf(name)) === undefined) return '';
      const prefix = `${separator}"${keyOf(name)}":`;
      separator = ',';
      return prefix;
    };
    const ofSymbol = this.context.options.symbolOf === undefined ? undefined : symbolField(block);
    for (const field of block.fields) {
      const prefix = prefixOf(field.name);
      if (prefix !== '') this.field(field, prefix, stride, field === ofSymbol);
      else if (field === ofSymbol) this.symbol(field, prefixOf(symbolKey), stride);
    }
    this.add(`place += ${stride};`);
    for (const group of block.groups) {
      const inner = innerSelection(group, selectedOf(selection, keyOf(group.name)));
      const prefix = inner === undefined ? '' : prefixOf(group.name);
      this.since(group.sinceVersion, prefix, () => this.group(group, inner, prefix !== '', depth));
    }
    for (const data of block.data) {
      const prefix = prefixOf(data.name);
      this.since(data.sinceVersion, prefix, () => this.variable(data, prefix !== ''));
    }
  }

  /** What is null before a version. */
  private since(version: number, prefix: string, present: () => void): void {
    if (prefix !== '') this.constant(prefix);
    if (version > 0) this.add(`if (version >= ${version}) {`);
    else this.add('{');
    present();
    if (version === 0 || prefix === '') this.add('}');
    else {
      this.add('} else {');
      this.constant(this.form.none);
      this.add('}');
    }
  }

  /** The value of a field that stands in the block at `place`, behind a prefix. */
  field(field: SbeField, prefix: string, stride: string, hasSymbol: boolean): void {
    this.constant(prefix);
    this.present(field, stride, () => {
      const place = plus('place', field.offset);
      this.value(field, place);
      if (!hasSymbol) return;
      const id = readSource('int32', 'view', place, this.context.little);
      this.add(`const symbol = symbolPiece(${id}, ${this.form.quote.length});`);
      this.add(`if (symbol !== undefined) { text.length = at; text.piece(symbol); ${refreshed} }`);
    });
  }

  private symbol(field: SbeField, prefix: string, stride: string): void {
    if (prefix === '') return;
    this.constant(prefix);
    const only = symbolOnly(this.context);
    const write: WriteJson = this.form.quote === '""' ? (view, at, version) => doubled(only(view, at, version)) : only;
    this.present(field, stride, () => this.slow(write, plus('place', field.offset)));
  }

  /** Writes a field's value where it is present, else what stands for null. */
  present(field: SbeField, stride: string, value: () => void): void {
    const { sinceVersion, offset, size } = field;
    const conditions = [
      ...(sinceVersion > 0 ? [`version >= ${sinceVersion}`] : []),
      ...(offset + size > 0 ? [`${stride} >= ${offset + size}`] : []),
    ];
    this.add(conditions.length === 0 ? '{' : `if (${conditions.join(' && ')}) {`);
    value();
    if (conditions.length > 0) {
      this.add('} else {');
      this.constant(this.form.none);
    }
    this.add('}');
  }

  private value(field: SbeField, place: string): void {
    const { type } = field;
    const { form } = this;
    const write = form.writer(field, this.context);
    if (isConstant(field)) this.slow(write, place);
    else if (type.kind !== 'composite' && primitiveSizes[type.primitive] === 1 && lengthOf(type) === 1) {
      const isNumber = type.kind === 'encoding' && type.primitive !== 'char';
      if (isNumber) this.number(type.primitive, field, place);
      else this.byte(write, place);
    } else if (type.kind === 'encoding' && type.length === 1 && isWide(type.primitive)) this.wide(type, field, place);
    else if (type.kind === 'encoding' && type.length === 1 && !isFloat(type.primitive)) {
      this.number(type.primitive, field, place);
    } else if (type.kind === 'encoding' && type.primitive === 'char' && !isUtf8(type.characterEncoding)) {
      const what = `view, ${place}, ${type.length}`;
      const quoted = `writeJsonCharacters(out, at, ${what}, ${form.quote.length})`;
      const end = form.quote === '' ? `writeCsvCharacters(out, at, ${what})` : quoted;
      this.add(`const end = ${end};`, mostTextBytes(type.length) + 2);
      this.orSlow('end !== -1', 'at = end;', write, place);
    } else if (type.kind === 'composite' && decimalOf(type)?.exponent === -9) this.decimal(field, write, place);
    else this.slow(write, place);
  }

  private number(primitive: SbePrimitive, { nullValue }: SbeField, place: string): void {
    const { little } = this.context;
    const digits = `at = write${primitive.startsWith('u') ? 'U32' : 'I32'}(out, at, value);`;
    this.add(`const value = ${readSource(primitive, 'view', place, little)};`, mostDigits);
    if (nullValue === null) this.add(digits);
    else {
      this.add(`if (value === ${Number(nullValue)}) {`);
      this.constant(this.form.none);
      this.add(`} else ${digits}`);
    }
  }

  private halves(place: string): void {
    const { little } = this.context;
    const [high, low] = little ? [`${place} + 4`, place] : [place, `${place} + 4`];
    this.add(`const high = view.getUint32(${high}, ${little}), low = view.getUint32(${low}, ${little});`);
  }

  private wide({ primitive }: SbeEncoding, { nullValue }: SbeField, place: string): void {
    this.halves(place);
    this.unlessNull(nullValue, () => {
      const quote = this.context.options.int64 === 'number' ? '' : '"';
      this.constant(quote);
      this.add(`at = write${primitive === 'int64' ? 'I64' : 'U64'}(out, at, high, low);`, mostDigits);
      this.constant(quote);
    });
  }

  private unlessNull(nullValue: SbeField['nullValue'], otherwise: () => void): void {
    if (nullValue !== null) {
      const none = bitsOf(nullValue);
      this.add(`if (low === ${none.low} && high === ${none.high}) {`);
      this.constant(this.form.none);
      this.add('} else {');
    } else this.add('{');
    otherwise();
    this.add('}');
  }

  private decimal({ type }: SbeField, write: WriteJson, place: string): void {
    const decimal = decimalOf(type);
    if (decimal?.mantissa.type.primitive !== 'int64') {
      this.slow(write, place);
      return;
    }
    this.halves(decimal.mantissa.offset === 0 ? place : `${place} + ${decimal.mantissa.offset}`);
    this.unlessNull(decimal.mantissa.type.nullValue, () => {
      const { length } = this.form.quote;
      this.add(`const end = writeBillionths(out, ${plus('at', length)}, high, low);`, mostDigits + 6);
      const mark = (at: string): string =>
        ['', `out.setUint8(${at}, 34); `, `out.setUint16(${at}, 8738); `][length] ?? '';
      this.orSlow('end !== -1', `${mark('at')}${mark('end')}at = ${plus('end', length)};`, write, place);
    });
  }

  private byte(write: WriteJson, place: string): void {
    const text = `text.piece(bytePiece(${this.bytes.push(write) - 1}, view.getUint8(${place}), version));`;
    this.add(`text.length = at; ${text} ${refreshed}`);
  }

  private orSlow(condition: string, quick: string, write: WriteJson, place: string): void {
    this.add(`if (${condition}) { ${quick} } else {`);
    this.slow(write, place);
    this.add('}');
  }

  /** Writes what a string writer gives for the value at a place. */
  slow(write: WriteJson, place: string): void {
    const index = this.values.push(write) - 1;
    this.add(`text.length = at; text.text(values[${index}](view, ${place}, version)); ${refreshed}`);
  }

  /** A group at `place`, which goes behind it, written as an array of objects where it is shown. */
  group(group: AnyGroup, selection: Selection | undefined, isShown: boolean, depth: number): void {
    const { size, blockLength, numInGroup } = group.dimension;
    const [stride, count, index] = [`stride${depth}`, `count${depth}`, `index${depth}`];
    const read = (slot: typeof blockLength): string =>
      readSource(slot.primitive, 'view', plus('place', slot.offset), this.context.little);
    this.add(`const ${stride} = ${read(blockLength)}, ${count} = ${read(numInGroup)};`);
    this.add(`place += ${size};`);
    if (!isShown && group.groups.length === 0 && group.data.length === 0) {
      this.add(`place += ${stride} * ${count};`);
      return;
    }
    if (isShown) this.constant('[');
    this.add(`for (let ${index} = 0; ${index} < ${count}; ${index}++) {`);
    const outer = { lines: this.lines, most: this.most };
    this.lines = isShown ? [`text.length = at; ${refresh}`] : [];
    this.most = 0;
    if (isShown) {
      this.add(`if (${index} > 0) {`);
      this.constant(',');
      this.add('}');
      this.constant('{');
    }
    this.block(group, selection ?? new Map(), (name) => name, true, stride, depth + 1);
    if (isShown) this.constant('}');
    const inner = this.finish();
    this.lines = [...outer.lines, ...inner, '}'];
    this.most = outer.most;
    if (!isShown) return;
    this.add(`text.length = at; ${refresh}`);
    this.constant(']');
  }

  private variable(data: SbeData, isShown: boolean): void {
    const write = dataJson(data, this.context);
    this.passed(this.form.quote === '""' ? (place) => doubled(write(place)) : write, isShown);
  }

  /** What a string writer reads at `place`, which goes behind it. */
  passed(write: (place: Place) => string, isShown: boolean): void {
    const index = this.data.push(write) - 1;
    this.add(`const step = { view, at: place, version }, value = data[${index}](step);`);
    if (isShown) this.add(`text.length = at; text.text(value); ${refreshed}`);
    this.add('place = step.at;');
  }
}

/** What a block begins with, and goes on with where the buffer may have become another. */
const refresh = `text.room(${roomMark}); out = text.view; bytes = text.bytes;`;
const refreshed = `${refresh} at = text.length;`;

function lengthOf(type: SbeField['type']): number {
  return type.kind === 'encoding' ? type.length : 1;
}
