/**
 * Emits the source of the writers of a protocol's messages as JSON and as CSV rows: pure functions of the table.
 *
 * One source a message, its constants folded into stores of eight bytes, its numbers written by `emit-digits.ts`, its
 * text by `text-bytes.ts`. Names and codes come from a checked table and enter the source only as numbers: the bytes of
 * their text.
 */
import { mostDigits } from '../core/digits.js';
import { digitLines, digitNames, tenThousandthLines } from './emit-digits.js';
import { stepsSource, type TextStep } from './emit-text.js';
import type { Field } from './field.js';
import { columnsOf, type JsonOptions, selection, type ValueOptions } from './json.js';
import type { Message, Protocol } from './table.js';
import { csvCell } from './text.js';
import { mostTextBytes } from './text-bytes.js';

/**
 * What the source calls and reads: it takes them in one object, `called`, for constants of its own are known to the
 * compiler where parameters are not.
 */
export const calledNames = [
  ...digitNames,
  ...(['placePoint', 'writeCsvCharacter', 'writeCsvEight', 'writeCsvText'] as const),
  ...(['writeJsonCharacter', 'writeJsonEight', 'writeJsonText'] as const),
] as const;

/** Source of a function body that takes `called` and returns a message's writer: `(text, view, offset) => void`. */
export function jsonSource(table: Protocol, message: Message, options: JsonOptions): string {
  return writerSource(table, message, 'json', jsonSteps(message, selection(table, options.fields), options));
}

/** The same for a row. */
export function rowSource(table: Protocol, message: Message, options: JsonOptions): string {
  return writerSource(table, message, 'row', rowSteps(message, options.fields ?? columnsOf(table), options));
}

function writerSource(table: Protocol, { name }: Message, form: string, steps: readonly TextStep[]): string {
  const { lines, most } = stepsSource(steps);
  return [
    "'use strict';",
    `const { ${calledNames.join(', ')} } = called;`,
    `return function write${name}(text, view, offset) {`,
    `  text.room(${most});`,
    '  const { view: out, bytes } = text;',
    '  let at = text.length;',
    ...lines.map((line) => `  ${line}`),
    '  text.length = at;',
    '};',
    `//# sourceURL=tickreel/${table.id}/${name}.${form}.js`,
    '',
  ].join('\n');
}

function jsonSteps(message: Message, selected: ReadonlySet<string>, options: ValueOptions): TextStep[] {
  const steps: TextStep[] = [];
  const constants: string[] = [];
  if (selected.has('type')) constants.push(`"type":${JSON.stringify(message.type)}`);
  if (selected.has('name')) constants.push(`"name":"${message.name}"`);
  steps.push(constants.join(','));
  for (const field of message.fields) {
    if (!selected.has(field.name)) continue;
    const separator = steps.length === 1 && constants.length === 0 ? '' : ',';
    steps.push(`${separator}"${field.name}":`, ...jsonValue(field, options));
  }
  return steps;
}

function jsonValue(field: Field, { decimal, int64 }: ValueOptions): TextStep[] {
  if (isText(field)) return [textStep('Json', field)];
  const isPointed = decimal === true && field.decimals !== undefined;
  const number = isPointed ? pointed(field) : digits(field);
  return isPointed || (field.kind === 'u64' && int64 !== 'number') ? ['"', number, '"'] : [number];
}

function rowSteps(message: Message, columns: readonly string[], { decimal }: ValueOptions): TextStep[] {
  const steps: TextStep[] = [];
  for (const [index, column] of columns.entries()) {
    if (index !== 0) steps.push(',');
    const field = message.fields.find(({ name }) => name === column);
    if (field !== undefined) {
      if (isText(field)) steps.push(textStep('Csv', field));
      else steps.push(decimal === true && field.decimals !== undefined ? pointed(field) : digits(field));
    } else if (column === 'type') steps.push(csvCell(message.type));
    else if (column === 'name') steps.push(message.name);
  }
  return steps;
}

function isText({ kind }: Field): boolean {
  return kind === 'char' || kind === 'alpha';
}

function textStep(form: 'Json' | 'Csv', { kind, offset, length }: Field): TextStep {
  const at = `offset + ${offset}`;
  const write = (place: string): string => {
    if (kind === 'char' || length === 1) return `write${form}Character(out, ${place}, view.getUint8(${at}))`;
    if (length === 8) return `write${form}Eight(out, bytes, ${place}, view, ${at})`;
    return `write${form}Text(out, bytes, ${place}, view, ${at}, ${length})`;
  };
  return { write, most: mostTextBytes(length) };
}

function digits(field: Field): TextStep {
  return { lines: digitLines(field), most: mostDigits };
}

function pointed(field: Field): TextStep {
  const { kind, decimals = 0 } = field;
  const most = mostDigits + decimals + 1;
  if (kind === 'u32' && decimals === 4) return { lines: tenThousandthLines(field), most };
  const lines = [
    '{',
    'const start = at;',
    ...digitLines(field),
    `at = placePoint(bytes, start, at, ${decimals});`,
    '}',
  ];
  return { lines, most };
}
