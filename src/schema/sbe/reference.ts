/** Generates the Markdown reference of a schema: every message, field, group, enum and set, with sizes and versions. */
import { markdownTable } from '../reference.js';
import { decimalOf } from './decimal.js';
import type {
  AnyGroup,
  SbeComposite,
  SbeData,
  SbeEncoding,
  SbeEnum,
  SbeField,
  SbeMessage,
  SbeNamed,
  SbeNumber,
  SbeSchema,
  SbeSet,
  SbeType,
} from './schema.js';

/** The reference as Markdown, a pure function of the schema. */
export function sbeReferenceMarkdown(schema: SbeSchema): string {
  const { id, version, byteOrder, header, description } = schema;
  const order = byteOrder === 'littleEndian' ? 'little-endian' : 'big-endian';
  const types = new Map<string, SbeEnum | SbeSet>();
  const messages = schema.messages.flatMap((message) => messageBlocks(message, types));
  const text = description === '' ? '' : `: ${plain(description)}`;
  const blocks = [
    `# ${schema.package}`,
    `Simple Binary Encoding, schema ${id}, version ${version}${text}. Integers are ${order}; a header of ` +
      `${bytesText(header.size)} stands before every message.`,
    'Offsets count from the first byte of their block: a message’s root, or a group’s entry. A field is absent, and ' +
      'reads as null, where its version is later than the header’s, and where it lies beyond the block length on the ' +
      'wire.',
    contents(schema),
    ...messages,
    ...[...types].flatMap(([name, type]) => [`### ${name}`, type.kind === 'enum' ? enumTable(type) : setTable(type)]),
  ];
  return `${blocks.join('\n\n')}\n`;
}

type Types = Map<string, SbeEnum | SbeSet>;

function contents({ messages }: SbeSchema): string {
  const rows = messages.map((message) => [
    `${message.id}`,
    `[${message.name}](#${message.name.toLowerCase()})`,
    `${message.blockLength}`,
    span(message, message.untilVersion),
    plain(message.description),
  ]);
  return markdownTable(['Template', 'Message', 'Block length', 'Versions', 'Description'], rows);
}

function messageBlocks(message: SbeMessage, types: Types): string[] {
  const { id, name, blockLength, description, semanticType, sinceVersion, untilVersion } = message;
  const facts = [
    `Template ${id}, a block of ${bytesText(blockLength)}${formerText(message)}`,
    sinceVersion === 0 && untilVersion === null ? 'in all versions' : `in versions ${span(message, untilVersion)}`,
    ...(semanticType === '' ? [] : [`FIX message type ${code(semanticType)}`]),
  ];
  const about = plain(description);
  return [`## ${name}`, `${facts.join(', ')}${about === '' ? '' : `: ${about}`}.`, ...bodyBlocks(message, '', types)];
}

/** The tables of a root or an entry, then those of its groups. */
function bodyBlocks(block: SbeMessage | AnyGroup, path: string, types: Types): string[] {
  const rows = [...block.fields.map((field) => fieldRow(field, types)), ...block.data.map(dataRow)];
  const head = ['Offset', 'Size', 'Field', 'Tag', 'Type', 'Null', 'Since', 'Description'];
  const table = rows.length === 0 ? [] : [markdownTable(head, rows)];
  const groups = block.groups.flatMap((group) => {
    const name = path === '' ? group.name : `${path}.${group.name}`;
    const { dimension, blockLength, sinceVersion } = group;
    const since = sinceVersion === 0 ? '' : `, since version ${sinceVersion}`;
    const size = `${dimension.name} of ${bytesText(dimension.size)}, at most ${dimension.maxEntries} entries`;
    const about = group.description === '' ? '' : `. ${plain(group.description)}`;
    return [
      `**${name}** (group, tag ${group.id}${since}): ${size} of ${bytesText(blockLength)}${formerText(group)}${about}.`,
      ...bodyBlocks(group, name, types),
    ];
  });
  return [...table, ...groups];
}

function fieldRow(field: SbeField, types: Types): string[] {
  const { name, id, offset, size, type, constant, nullValue } = field;
  return [
    constant === null ? `${offset}` : '',
    `${size}`,
    name,
    `${id}`,
    constant === null ? typeText(type, types) : `constant ${valueText(constant, type)}`,
    constant === null ? nullText(type, nullValue) : '',
    versionText(field),
    plain(field.description),
  ];
}

function dataRow(data: SbeData): string[] {
  const type = data.characterEncoding === '' ? 'bytes' : `text in ${data.characterEncoding}`;
  const size = `${data.headerSize} + up to ${data.maxLength}`;
  return ['', size, data.name, `${data.id}`, type, '', versionText(data), plain(data.description)];
}

function typeText(type: SbeType, types: Types): string {
  if (type.kind === 'enum' || type.kind === 'set') {
    const name = typeName(type, types);
    return `[${name}](#${name.toLowerCase()}), ${type.kind} of ${type.primitive}`;
  }
  return type.kind === 'composite' ? compositeText(type, types) : encodingText(type);
}

function encodingText({ primitive, length }: SbeEncoding): string {
  return length === 1 ? primitive : `${primitive}[${length}]`;
}

function compositeText(type: SbeComposite, types: Types): string {
  const decimal = decimalOf(type);
  if (decimal !== null) return `${type.name}: ${decimal.mantissa.type.primitive} × 10^${decimal.exponent}`;
  const members = type.members.map(({ name, offset, type: inner }) => {
    const isConstant = inner.kind === 'encoding' && inner.constant !== null;
    const none = nullText(inner, inner.kind === 'encoding' || inner.kind === 'enum' ? inner.nullValue : null);
    const text = isConstant ? `constant ${valueText(inner.constant, inner)}` : `${typeText(inner, types)} at ${offset}`;
    return `${name} ${text}${none === '' ? '' : ` (null ${none})`}`;
  });
  return `${type.name}: ${members.join('; ')}`;
}

/** An enum's or set's name in the reference; types of one name that differ are numbered. */
function typeName(type: SbeEnum | SbeSet, types: Types): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? type.name : `${type.name}-${count}`;
    const known = types.get(name);
    if (known === undefined) types.set(name, type);
    if (known === undefined || known === type || describes(known, type)) return name;
  }
}

function describes(one: SbeType, other: SbeType): boolean {
  const text = (type: SbeType) => JSON.stringify(type, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
  return text(one) === text(other);
}

function enumTable(type: SbeEnum): string {
  const rows = type.values.map((value) => [
    valueText(value.value, type),
    namesText(value.name, value.formerNames),
    versionText(value),
    plain(value.description),
  ]);
  return markdownTable(['Value', 'Name', 'Since', 'Description'], rows);
}

function setTable(type: SbeSet): string {
  const rows = type.choices.map((choice) => [
    `${choice.bit}`,
    namesText(choice.name, choice.formerNames),
    versionText(choice),
    plain(choice.description),
  ]);
  return markdownTable(['Bit', 'Name', 'Since', 'Description'], rows);
}

function namesText(name: string, formerNames: Readonly<Record<number, string>> | undefined): string {
  const former = Object.entries(formerNames ?? {}).map(([version, old]) => `${old} up to version ${version}`);
  return former.length === 0 ? name : `${name} (${former.join(', ')})`;
}

function formerText({ formerLengths }: SbeMessage | AnyGroup): string {
  const former = Object.entries(formerLengths ?? {}).map(([version, length]) => `${length} up to version ${version}`);
  return former.length === 0 ? '' : ` (${former.join(', ')})`;
}

function nullText(type: SbeType, nullValue: SbeNumber | null): string {
  const decimal = decimalOf(type);
  if (decimal !== null) return nullText(decimal.mantissa.type, decimal.mantissa.type.nullValue);
  // Text is as short as it is: '' stands for none.
  if (nullValue === null || (type.kind === 'encoding' && type.primitive === 'char' && type.length !== 1)) return '';
  return valueText(nullValue, type);
}

function valueText(value: SbeNumber | string | null, type: SbeType): string {
  const isCharacter = type.kind !== 'composite' && type.primitive === 'char' && typeof value !== 'string';
  if (isCharacter && Number(value) >= 0x20) return code(String.fromCharCode(Number(value)));
  return typeof value === 'string' ? code(value) : `${value}`;
}

function span({ sinceVersion }: SbeNamed, untilVersion: number | null): string {
  if (sinceVersion === 0) return untilVersion === null ? 'all' : `up to ${untilVersion}`;
  if (untilVersion === null) return `${sinceVersion} and later`;
  return sinceVersion === untilVersion ? `${sinceVersion}` : `${sinceVersion} to ${untilVersion}`;
}

function versionText({ sinceVersion, deprecated }: SbeNamed): string {
  const since = sinceVersion === 0 ? '' : `${sinceVersion}`;
  return deprecated === null ? since : `${since}${since === '' ? '' : ', '}deprecated in ${deprecated}`;
}

/** A description as one line, without the stop that what follows adds. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

function code(text: string): string {
  return text.trim() === '' ? '(space)' : `\`${text}\``;
}

function bytesText(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`;
}
