/**
 * Emits the source of a decoder: one switch on the type byte, one call site per message type.
 *
 * A shared call site would see every flyweight class and turn megamorphic; with its own, each handler and the getters
 * it reads are inlined where they are hot.
 */
import type { Message, Protocol } from './table.js';

/**
 * Source of a function body that takes `classes`, `handlers` and `unknown`, and returns `{ decode, decodeBlocks }`.
 * Only messages named in `handled` are wrapped and handed over; the others are checked and passed over.
 */
export function dispatchSource(table: Protocol, handled: ReadonlySet<string>): string {
  const called = table.messages.filter(({ name }) => handled.has(name));
  return [
    "'use strict';",
    ...called.map(({ name }) => `const message${name} = new classes.${name}();`),
    '',
    'function decode(view, offset, length) {',
    '  if (length !== 0) {',
    '    switch (view.getUint8(offset)) {',
    ...table.messages.map((message) => caseSource(message, handled.has(message.name))),
    '    }',
    '  }',
    '  unknown(view, offset, length);',
    '  return false;',
    '}',
    '',
    'function decodeBlocks(view, offset, end) {',
    '  while (end - offset >= 2) {',
    '    const length = view.getUint16(offset);',
    '    if (length > end - offset - 2) break;',
    '    decode(view, offset + 2, length);',
    '    offset += 2 + length;',
    '  }',
    '  return offset;',
    '}',
    'return { decode, decodeBlocks };',
    `//# sourceURL=tickreel/${table.id}/decoder.js`,
    '',
  ].join('\n');
}

function caseSource({ typeCode, name, length }: Message, isHandled: boolean): string {
  const lines = [`      case ${typeCode}:`, `        if (length !== ${length}) break;`];
  if (isHandled) {
    lines.push(
      `        message${name}.view = view;`,
      `        message${name}.offset = offset;`,
      `        handlers.${name}(message${name});`,
    );
  }
  lines.push('        return true;');
  return lines.join('\n');
}
