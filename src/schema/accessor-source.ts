/**
 * Emits the source of the flyweight classes of a protocol: a pure function of the table, snapshot-tested.
 *
 * Names come from a checked table (`table.ts`), offsets are integers: nothing else of the table enters the source.
 */
import { type Field, wordLengths } from './field.js';
import type { Message, Protocol } from './table.js';

/** Source of a function body that takes `readText` and returns an object of classes by message name. */
export function accessorSource(table: Protocol): string {
  return [
    "'use strict';",
    'const nothing = new DataView(new ArrayBuffer(0));',
    ...table.messages.map(classSource),
    `return { ${table.messages.map(({ name }) => name).join(', ')} };`,
    `//# sourceURL=tickreel/${table.id}/accessors.js`,
    '',
  ].join('\n');
}

function classSource({ name, type, fields }: Message): string {
  return [
    `class ${name} {`,
    '  constructor() { this.view = nothing; this.offset = 0; }',
    '  wrap(view, offset) { this.view = view; this.offset = offset; return this; }',
    `  get type() { return ${JSON.stringify(type)}; }`,
    `  get name() { return '${name}'; }`,
    getter('messageTypeCode', integer(0, 1)),
    ...fields.flatMap(fieldSource),
    '}',
  ].join('\n');
}

function fieldSource(field: Field): string[] {
  const { name, kind, offset, length } = field;
  switch (kind) {
    case 'char':
      return [getter(name, `String.fromCharCode(${integer(offset, 1)})`), getter(`${name}Code`, integer(offset, 1))];
    case 'alpha':
      return [getter(name, `readText(this.view, ${at(offset)}, ${length})`), ...wordSource(field)];
    case 'u48':
      return [getter(name, integer(offset, 6)), ...halves(name, offset, 2)];
    case 'u64':
      return [getter(name, integer(offset, 8)), ...halves(name, offset, 4)];
    default:
      return [getter(name, integer(offset, length))];
  }
}

function wordSource({ name, offset, length }: Field): string[] {
  return wordLengths(length).map((bytes, index) => getter(`${name}Word${index}`, integer(offset + index * 4, bytes)));
}

function halves(name: string, offset: number, highLength: number): string[] {
  return [getter(`${name}High`, integer(offset, highLength)), getter(`${name}Low`, integer(offset + highLength, 4))];
}

/** An expression for an unsigned big-endian integer of `length` bytes, as `readNumber` reads it. */
function integer(offset: number, length: number): string {
  switch (length) {
    case 1:
      return `this.view.getUint8(${at(offset)})`;
    case 2:
      return `this.view.getUint16(${at(offset)})`;
    case 3:
      return `${integer(offset, 2)} * 0x100 + ${integer(offset + 2, 1)}`;
    case 4:
      return `this.view.getUint32(${at(offset)})`;
    default:
      return `${integer(offset, length - 4)} * 0x100000000 + ${integer(offset + length - 4, 4)}`;
  }
}

function at(offset: number): string {
  return offset === 0 ? 'this.offset' : `this.offset + ${offset}`;
}

function getter(name: string, expression: string): string {
  return `  get ${name}() { return ${expression}; }`;
}
