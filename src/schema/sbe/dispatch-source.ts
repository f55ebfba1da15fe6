/**
 * Emits the source of a decoder: one switch on the template id, one call site per message.
 *
 * A shared call site would see every flyweight class and turn megamorphic; with its own, each handler and the getters
 * it reads are inlined where they are hot.
 */
import { checkName } from './accessor-plan.js';
import { sourceName } from './accessor-source.js';
import type { SbeMessage, SbeSchema, SbeSlot } from './schema.js';
import { plus, readSource } from './value-source.js';

/**
 * Source of a function body that takes `classes`, `handlers`, `extentOf` and `refuse`, and returns
 * `{ decode, decodePacket }`. Only messages named in `handled` are wrapped and handed over; the others are checked and
 * passed over.
 */
export function dispatchSource(schema: SbeSchema, handled: ReadonlySet<string>): string {
  const { header } = schema;
  const isLittle = schema.byteOrder === 'littleEndian';
  const called = schema.messages.filter(({ name }) => handled.has(name) && checkName(name) !== '');
  const slot = ({ offset, primitive }: SbeSlot) => readSource(primitive, 'view', plus('offset', offset), isLittle);
  return [
    "'use strict';",
    ...called.flatMap(({ name }) => [
      `const message$${name} = new classes.${name}();`,
      `const on$${name} = handlers.${name}.bind(handlers);`,
    ]),
    'function decode(view, offset, length) {',
    `  if (length >= ${header.size} && ${slot(header.schemaId)} === ${schema.id}) {`,
    `    switch (${slot(header.templateId)}) {`,
    ...called.flatMap(caseSource),
    '      default:',
    '        if (extentOf(view, offset, length) !== -1) return true;',
    '    }',
    '  }',
    '  return refuse(view, offset, length);',
    '}',
    'function decodePacket(view, offset, end) {',
    '  while (end - offset >= 2) {',
    '    const size = view.getUint16(offset, true);',
    '    if (size < 2 || size > end - offset) break;',
    '    decode(view, offset + 2, size - 2);',
    '    offset += size;',
    '  }',
    '  return offset;',
    '}',
    'return { decode, decodePacket };',
    `//# sourceURL=tickreel/${sourceName(schema)}/decoder.js`,
    '',
  ].join('\n');
}

function caseSource({ id, name }: SbeMessage): string[] {
  return [
    `      case ${id}:`,
    `        if (!message$${name}.move$(view, offset, length)) break;`,
    `        on$${name}(message$${name});`,
    '        return true;',
  ];
}
