/**
 * Emits the source of loops over the messages of one type: one that moves a flyweight from message to message and calls
 * its handler, and one that reads fields into columns.
 *
 * Each message type has loops of its own, so that its handler and the getters it reads are inlined there.
 */

import type { ColumnSpec } from './columns.js';
import { placeInteger } from './emit.js';
import type { Protocol } from './table.js';

/**
 * Source of a function body that takes `classes` and `handlers`, and returns by message name, for those in `handled`, a
 * function of view, offsets and count.
 */
export function batchSource(table: Protocol, handled: ReadonlySet<string>): string {
  const called = table.messages.filter(({ name }) => handled.has(name));
  return [
    "'use strict';",
    ...called.flatMap(({ name }) => [
      `const message${name} = new classes.${name}();`,
      `const on${name} = handlers.${name}.bind(handlers);`,
      `function each${name}(view, offsets, count) {`,
      '  for (let index = 0; index < count; index = (index + 1) | 0) {',
      `    message${name}.view = view;`,
      `    message${name}.offset = offsets[index];`,
      `    on${name}(message${name});`,
      '  }',
      '}',
    ]),
    `return { ${called.map(({ name }) => `${name}: each${name}`).join(', ')} };`,
    `//# sourceURL=tickreel/${table.id}/batches.js`,
    '',
  ].join('\n');
}

/** Source of a function body of `view, offsets, count, arrays`, which reads columns in their order. */
export function columnsSource(table: Protocol, messageName: string, columns: readonly ColumnSpec[]): string {
  return [
    "'use strict';",
    ...columns.map((_, index) => `const column${index} = arrays[${index}];`),
    'for (let index = 0; index < count; index = (index + 1) | 0) {',
    '  const at = offsets[index];',
    ...columns.map(({ offset, length }, index) => `  column${index}[index] = ${placeInteger(offset, length)};`),
    '}',
    `//# sourceURL=tickreel/${table.id}/columns-${messageName}.js`,
    '',
  ].join('\n');
}
