/**
 * Emits the source of the writers of a schema's messages as JSON, into a buffer: one function a message, which walks
 * its root, groups and data once.
 */
import { mostDigits } from '../../core/digits.js';
import { checkName } from './accessor-plan.js';
import { rootKey, type Selection, selectedOf } from './plain-values.js';
import type { SbeMessage, SbeSchema } from './schema.js';
import type { ReadContext } from './slot.js';
import { type CalledWriters, jsonForm, TextEmitter } from './text-emitter.js';
import { plus, readSource } from './value-source.js';

/** The source, and what it calls by number. */
export interface TextSource extends CalledWriters {
  readonly source: string;
}

/** Source of a function body that returns `(text, view, offset) => void`. */
export function messageTextSource(
  schema: SbeSchema,
  message: SbeMessage,
  selection: Selection,
  context: ReadContext,
): TextSource {
  const emitter = new TextEmitter(context, jsonForm);
  const constants = [`"type":"${message.id}"`, `"name":"${message.name}"`, `"templateId":${message.id}`].filter(
    (_, index) => selectedOf(selection, ['type', 'name', 'templateId'][index] as string) !== undefined,
  );
  const head = constants.join(',');
  const hasVersion = selectedOf(selection, 'version') !== undefined;
  emitter.constant(head);
  if (hasVersion) {
    emitter.constant(`${head === '' ? '' : ','}"version":`);
    emitter.add('at = writeU32(out, at, version);', mostDigits);
  }
  emitter.block(message, selection, rootKey, head === '' && !hasVersion, 'blockLength', 0);
  return functionSource(schema, `${checkName(message.name)}.json`, emitter, context);
}

/** The function around an emitter's statements, which begin with `place` at the root block. */
export function functionSource(
  { header }: SbeSchema,
  name: string,
  emitter: TextEmitter,
  { little }: ReadContext,
): TextSource {
  const read = (slot: typeof header.version): string =>
    readSource(slot.primitive, 'view', plus('offset', slot.offset), little);
  const source = [
    "'use strict';",
    'return function (text, view, offset) {',
    `  const version = ${read(header.version)};`,
    `  const blockLength = ${read(header.blockLength)};`,
    `  let place = ${plus('offset', header.size)};`,
    '  let out, bytes, at = text.length;',
    ...emitter.finish().map((line) => `  ${line}`),
    '  text.length = at;',
    '};',
    `//# sourceURL=tickreel/sbe/${name}.js`,
    '',
  ].join('\n');
  return { source, values: emitter.values, bytes: emitter.bytes, data: emitter.data };
}
