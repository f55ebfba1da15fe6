/**
 * Handlers that read every field of every message and add it up: what a measurement decodes with, since a sum that is
 * used cannot be left out by a compiler, and what two ways of decoding are compared by.
 *
 * The sum is modulo 2^32, of every field's 32-bit words: of fields of 1 to 4 bytes one, of 48 and 64-bit integers a
 * high and a low one, of text one for each four bytes, and of the type byte.
 */
import { canGenerateCode } from './compile.js';
import { type Field, wordLengths } from './field.js';
import type { Protocol } from './table.js';
import type { Handlers } from './types.js';

/** A sum that handlers add to. */
export interface FieldSum {
  sum: number;
}

/** Handlers for every message of the table; they add to `total.sum`, which stays a 32-bit integer. */
export function fieldSumHandlers<P extends Protocol>(table: P, total: FieldSum): Handlers<P> {
  if (canGenerateCode()) return new Function('total', fieldSumSource(table))(total) as Handlers<P>;
  const handlers = table.messages.map(({ name, fields }) => {
    const accessors = ['messageTypeCode', ...fields.flatMap(summedAccessors)];
    const add = (message: Record<string, number>): void => {
      for (const accessor of accessors) total.sum = (total.sum + message[accessor]) | 0;
    };
    return [name, add] as const;
  });
  return Object.fromEntries(handlers) as unknown as Handlers<P>;
}

/** Source of a function body that takes `total` and returns the handlers; names are those of a checked table. */
export function fieldSumSource(table: Protocol): string {
  return [
    "'use strict';",
    'return {',
    ...table.messages.flatMap(({ name, fields }) => [
      `  ${name}(message) {`,
      '    let sum = (total.sum + message.messageTypeCode) | 0;',
      ...fields.flatMap(summedAccessors).map((accessor) => `    sum = (sum + message.${accessor}) | 0;`),
      '    total.sum = sum;',
      '  },',
    ]),
    '};',
    `//# sourceURL=tickreel/${table.id}/field-sum.js`,
    '',
  ].join('\n');
}

/** The accessors that between them read each byte of the field once. */
function summedAccessors({ name, kind, length }: Field): string[] {
  switch (kind) {
    case 'char':
      return [`${name}Code`];
    case 'alpha':
      return wordLengths(length).map((_, index) => `${name}Word${index}`);
    case 'u48':
    case 'u64':
      return [`${name}High`, `${name}Low`];
    default:
      return [name];
  }
}
