/**
 * Emits the source of the flyweight classes of a protocol: a pure function of the table, snapshot-tested.
 *
 * Names come from a checked table (`table.ts`), offsets are integers: nothing else of the table enters the source.
 */
import { getter, integer, placeAt } from './emit.js';
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
      return [getter(name, `readText(this.view, ${placeAt(offset)}, ${length})`), ...wordSource(field)];
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
