/**
 * Emits the source of a decoder: one switch on the template id, one flyweight per message, one call for all.
 *
 * Handlers are called out of a list, by `call`: neither a constant nor feedback tells the engine which function it is,
 * so that it inlines none of them here. With a call site each it sometimes did, and then had no budget left for the
 * getters in the handler's loops: 28 ns a group entry in one process of five, 17 in the others. A handler that is
 * compiled by itself spends its own budget on its own getters, and still sees one class of flyweight only.
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
    ...called.map(({ name }) => `const message$${name} = new classes.${name}();`),
    `const on = [${called.map(({ name }) => `handlers.${name}`).join(', ')}];`,
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

function caseSource({ id, name }: SbeMessage, index: number): string[] {
  return [
    `      case ${id}:`,
    `        if (!message$${name}.move$(view, offset, length)) break;`,
    `        on[${index}].call(handlers, message$${name});`,
    '        return true;',
  ];
}
