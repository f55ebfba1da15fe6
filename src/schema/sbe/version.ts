/**
 * A schema as one of its earlier versions had it.
 *
 * FIX Simple Binary Encoding 1.0, "Schema Extension Mechanism": what a version brought says so (`sinceVersion`). What
 * the standard does not foresee but exchanges do is told beside it: messages that went, blocks that grew, names that
 * changed.
 */
import type { AnyGroup, SbeField, SbeMessage, SbeNamed, SbeSchema, SbeType } from './schema.js';
import { formerIn } from './slot.js';

/** What `version` had of a schema: its messages, fields, groups, values, block lengths and names. */
export function schemaAt(schema: SbeSchema, version: number, description = schema.description): SbeSchema {
  const messages = schema.messages
    .filter((message) => isIn(message, version) && version <= (message.untilVersion ?? version))
    .map((message): SbeMessage => ({ ...blockAt(message, version), untilVersion: null }));
  return { ...schema, version, description, messages };
}

function blockAt<Block extends SbeMessage | AnyGroup>(block: Block, version: number): Block {
  const { formerLengths, ...rest } = block;
  return {
    ...(rest as Block),
    blockLength: formerIn(formerLengths, version) ?? block.blockLength,
    fields: block.fields.filter((field) => isIn(field, version)).map((field) => fieldAt(field, version)),
    groups: block.groups.filter((group) => isIn(group, version)).map((group) => blockAt(group, version)),
    data: block.data.filter((data) => isIn(data, version)),
  };
}

function fieldAt(field: SbeField, version: number): SbeField {
  const type = typeAt(field.type, version);
  return type === field.type ? field : { ...field, type };
}

function typeAt(type: SbeType, version: number): SbeType {
  if (type.kind === 'enum') return { ...type, values: namesAt(type.values, version) };
  if (type.kind === 'set') return { ...type, choices: namesAt(type.choices, version) };
  if (type.kind === 'encoding') return type;
  return { ...type, members: type.members.map((member) => ({ ...member, type: typeAt(member.type, version) })) };
}

function namesAt<Value extends SbeNamed & { readonly formerNames?: Readonly<Record<number, string>> }>(
  values: readonly Value[],
  version: number,
): Value[] {
  return values
    .filter((value) => isIn(value, version))
    .map(({ formerNames, ...value }) => ({ ...(value as Value), name: formerIn(formerNames, version) ?? value.name }));
}

function isIn({ sinceVersion }: SbeNamed, version: number): boolean {
  return sinceVersion <= version;
}
