/** MDP's table as the plain text that the example parsers read, as they would read the exchange's XML. */
import { mdp3SchemaOf, mdp3Table, mdp3Versions } from '../../src/protocol/mdp3/index.js';
import { decimalOf } from '../../src/schema/sbe/decimal.js';
import type { AnyGroup, SbeEncoding, SbeField, SbeMessage } from '../../src/schema/sbe/schema.js';

/**
 * `M|id|name|last version|length|version:length,…`, then `F|name|since|offset|size|kind|null|exponent or constant|
 * member,offset,size,null;…` for each field, `G|name|since|dimension's size|place of its count|version:length,…` for each
 * group and its fields.
 */
export function layoutText(): string {
  return (mdp3Table.messages as readonly SbeMessage[]).flatMap(messageLines).join('\n');
}

function messageLines(message: SbeMessage): string[] {
  const { id, name, untilVersion, blockLength, fields, groups } = message;
  const versions = mdp3Versions.filter((version) => mdp3SchemaOf(version).messages.some((one) => one.id === id));
  const at = (version: number) => mdp3SchemaOf(version).messages.find((one) => one.id === id) as SbeMessage;
  const lengths = versions.map((version) => `${version}:${at(version).blockLength}`).join();
  return [
    `M|${id}|${name}|${untilVersion ?? 65_535}|${blockLength}|${lengths}`,
    ...fields.map(fieldLine),
    ...groups.flatMap((group) => groupLines(group, versions, at)),
  ];
}

function groupLines(group: AnyGroup, versions: readonly number[], at: (version: number) => SbeMessage): string[] {
  const lengths = versions.flatMap((version) => {
    const found = at(version).groups.find(({ name }) => name === group.name);
    return found === undefined ? [] : [`${version}:${found.blockLength}`];
  });
  const { size, numInGroup } = group.dimension;
  return [
    `G|${group.name}|${group.sinceVersion}|${size}|${numInGroup.offset}|${lengths.join()}`,
    ...group.fields.map(fieldLine),
  ];
}

function fieldLine(field: SbeField): string {
  const { name, sinceVersion, offset, size, type, nullValue, constant } = field;
  const head = `F|${name}|${sinceVersion}|${offset}|${size}`;
  if (field.presence === 'constant' && constant !== null) {
    const isText = type.kind !== 'composite' && type.primitive === 'char' && typeof constant === 'number';
    if (isText) return `${head}|letter||${String.fromCharCode(constant)}`;
    return `${head}|${typeof constant === 'string' ? 'letter' : 'constant'}||${constant}`;
  }
  if (type.kind === 'composite') {
    const decimal = decimalOf(type);
    if (decimal !== null) return `${head}|decimal|${decimal.mantissa.type.nullValue ?? ''}|${decimal.exponent}`;
    const members = type.members.map(
      (one) => `${one.name},${one.offset},${one.size},${noneOf(one.type as SbeEncoding)}`,
    );
    return `${head}|parts|||${members.join(';')}`;
  }
  const isText = type.primitive === 'char';
  const isLong = type.kind === 'encoding' && type.length > 1;
  const kind = isText ? (isLong ? 'text' : 'char') : type.primitive.startsWith('int') ? 'int' : 'uint';
  return `${head}|${kind}|${nullValue ?? ''}|`;
}

function noneOf({ nullValue }: SbeEncoding): string {
  return String(nullValue ?? '');
}
