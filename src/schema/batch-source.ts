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
 * Source of a function body that takes `classes`, `handlers` and a partition's `lists`, and returns by message name,
 * for those in `handled`, a function of the view. `starts` is where each slot's list begins, in slot 0 that of unknown
 * messages. As in `partition-source.ts` arrays are constants, and `serial` makes the source its own.
 */
export function batchSource(
  table: Protocol,
  handled: ReadonlySet<string>,
  starts: ArrayLike<number>,
  serial: number,
): string {
  const called = table.messages.map(({ name }, index) => ({ name, slot: index + 1 }));
  const loops = called.filter(({ name }) => handled.has(name));
  return [
    "'use strict';",
    'const { offsets, ends } = lists;',
    ...loops.flatMap(({ name, slot }) => [
      `const message${name} = new classes.${name}();`,
      `const on${name} = handlers.${name}.bind(handlers);`,
      `function each${name}(view) {`,
      `  const end = ends[${slot}];`,
      `  message${name}.view = view;`,
      `  for (let index = ${starts[slot]}; index < end; index = (index + 1) | 0) {`,
      `    message${name}.offset = offsets[index];`,
      `    on${name}(message${name});`,
      '  }',
      '}',
    ]),
    `return { ${loops.map(({ name }) => `${name}: each${name}`).join(', ')} };`,
    `//# sourceURL=tickreel/${table.id}/batches-${serial}.js`,
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
