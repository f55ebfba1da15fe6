/**
 * Emits the source of a decoder: one switch on the type byte, one call site per message type.
 *
 * A shared call site would see every flyweight class and turn megamorphic; with its own, each handler and the getters
 * it reads are inlined where they are hot. `decodeBlocks` repeats the switch inside its loop, which saves a call a
 * message, and advances by the type's own length, so that finding the next message does not wait for this one's bytes.
 */
import type { Message, Protocol } from './table.js';

/**
 * Source of a function body that takes `classes`, `handlers` and `unknown`, and returns `{ decode, decodeBlocks }`.
 * Only messages named in `handled` are wrapped and handed over; the others are checked and passed over.
 */
export function dispatchSource(table: Protocol, handled: ReadonlySet<string>): string {
  const called = table.messages.filter(({ name }) => handled.has(name));
  const longest = Math.max(...table.messages.map(({ length }) => length));
  return [
    "'use strict';",
    ...called.flatMap(({ name }) => [
      `const message${name} = new classes.${name}();`,
      `const on${name} = handlers.${name}.bind(handlers);`,
    ]),
    'function decode(view, offset, length) {',
    '  if (length !== 0) {',
    '    switch (view.getUint8(offset)) {',
    ...table.messages.map((message) => caseSource(message, 'offset', handled, 'return true;')),
    '    }',
    '  }',
    '  unknown(view, offset, length);',
    '  return false;',
    '}',
    'function decodeBlocks(view, offset, end) {',
    '  let at = offset + 2;',
    `  const last = end - ${longest};`,
    '  while (at <= last) {',
    '    const length = view.getUint16(at - 2);',
    '    switch (view.getUint8(at)) {',
    ...table.messages.map((message) => caseSource(message, 'at', handled, `at += ${message.length + 2}; continue;`)),
    '    }',
    '    if (length > end - at) return at - 2;',
    '    unknown(view, at, length);',
    '    at += length + 2;',
    '  }',
    '  while (at <= end) {',
    '    const length = view.getUint16(at - 2);',
    '    if (length > end - at) break;',
    '    decode(view, at, length);',
    '    at += length + 2;',
    '  }',
    '  return at - 2;',
    '}',
    'return { decode, decodeBlocks };',
    `//# sourceURL=tickreel/${table.id}/decoder.js`,
    '',
  ].join('\n');
}

/** One case: the exact length, the flyweight moved (its view only where it differs, which spares a write barrier). */
function caseSource(message: Message, at: string, handled: ReadonlySet<string>, leave: string): string {
  const { typeCode, name, length } = message;
  const lines = [`case ${typeCode}:`, `  if (length !== ${length}) break;`];
  if (handled.has(name)) {
    lines.push(
      `  if (message${name}.view !== view) message${name}.view = view;`,
      `  message${name}.offset = ${at};`,
      `  on${name}(message${name});`,
    );
  }
  lines.push(`  ${leave}`);
  return lines.map((line) => `      ${line}`).join('\n');
}
