/**
 * TypeScript declarations of a schema's flyweights, cursors and handlers, as text: for schemas that are read from XML,
 * whose types no compiler sees. They say what `types.ts` infers from a literal, accessor by accessor.
 */
import { accessorName, accessorsOf, dataAccessorNames, type SbeAccessor, type SbeRead } from './accessor-plan.js';
import type { AnyGroup, SbeMessage, SbeNamed, SbeSchema } from './schema.js';

/** A module of declarations, a pure function of the schema. */
export function sbeDeclarations(schema: SbeSchema): string {
  const names = new Names();
  const messages = schema.messages.map((message) => [message, names.take(message.name)] as const);
  const handlers = messages.map(([{ name }, type]) => `  ${name}?: (message: ${type}) => void;\n`);
  const flyweights = messages.map(([{ name }, type]) => `  ${name}: ${type};\n`);
  return [
    `/** ${comment(schema.package)}, schema ${schema.id}, version ${schema.version}. */`,
    `import type { SbeCursorBase, SbeFlyweightBase, SbeRest } from 'tickreel';`,
    ...messages.flatMap(([message, type]) => interfaces(message, type, names)),
    '/** What to do with each message, by its name. */',
    `export interface Handlers extends SbeRest {\n${handlers.join('')}}`,
    '/** Flyweights by message name. */',
    `export interface Flyweights {\n${flyweights.join('')}}`,
  ]
    .join('\n\n')
    .concat('\n');
}

/** Names of types, each once. */
class Names {
  private readonly taken = new Set([
    'Handlers',
    'Flyweights',
    'SbeCursorBase',
    'SbeFlyweightBase',
    'SbeRest',
    ...keywords,
  ]);

  take(name: string): string {
    const own = this.taken.has(name) ? this.take(`${name}_`) : name;
    this.taken.add(own);
    return own;
  }
}

/** Names that no interface may have. */
const keywords = [
  ...'any unknown never object string number boolean bigint symbol void undefined null true false this'.split(' '),
  ...'break case catch class const continue debugger default delete do else enum export extends finally for'.split(' '),
  ...'function if import in instanceof new return super switch throw try typeof var while with'.split(' '),
  ...'implements interface let package private protected public static yield Uint8Array'.split(' '),
];

/** The interfaces of a message or group: those of its groups first. */
function interfaces(block: SbeMessage | AnyGroup, type: string, names: Names): string[] {
  const inner = block.groups.map((group) => [group, names.take(`${type}_${group.name}`)] as const);
  const base = 'dimension' in block ? 'SbeCursorBase' : `SbeFlyweightBase<'${block.name}'>`;
  const lines = [
    ...fieldLines(block),
    ...inner.flatMap(([group, name]) => [...about(group), `  readonly ${accessorName(group.name)}: ${name};`]),
    ...dataLines(block),
  ];
  const head = [...about(block).map((line) => line.trim()), `export interface ${type} extends ${base} {`];
  const own = [...head, ...lines, '}'].join('\n');
  return [...inner.flatMap(([group, name]) => interfaces(group, name, names)), own];
}

function fieldLines(block: SbeMessage | AnyGroup): string[] {
  const described = new Map(block.fields.map((field) => [accessorName(field.name), about(field)]));
  return accessorsOf(block).flatMap((accessor) => [
    ...(described.get(accessor.name) ?? []),
    `  readonly ${accessor.name}: ${accessorType(accessor)};`,
  ]);
}

function dataLines(block: SbeMessage | AnyGroup): string[] {
  return block.data.flatMap((data) => {
    const { offset, length } = dataAccessorNames(block, data);
    const type = data.characterEncoding === '' ? 'Uint8Array' : 'string';
    const numbers = [offset, length].filter((name) => name !== null);
    return [
      ...about(data),
      `  readonly ${accessorName(data.name)}: ${type};`,
      ...numbers.map((name) => `  readonly ${name}: number;`),
    ];
  });
}

function accessorType({ read }: SbeAccessor): string {
  switch (read.kind) {
    case 'isNull':
    case 'choice':
      return 'boolean';
    case 'character':
    case 'text':
      return 'string';
    case 'array':
      return 'readonly number[]';
    case 'element':
      return '(index: number) => number';
    case 'enum':
      return union(read.values.map(({ name }) => name));
    case 'constant':
      return constantType(read);
    default:
      return 'number';
  }
}

function constantType({ value, absent }: Extract<SbeRead, { kind: 'constant' }>): string {
  if (Array.isArray(value)) return 'readonly number[]';
  // Only enums are null where they are absent.
  return absent === null ? union(typeof value === 'string' ? [value] : []) : typeof value;
}

function union(names: readonly string[]): string {
  return [...names.map((name) => `'${name}'`), 'null'].join(' | ');
}

function about({ description }: SbeNamed): string[] {
  const text = comment(description);
  return text === '' ? [] : [`  /** ${text} */`];
}

/** Text that may stand in a comment. */
function comment(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('*/', '* /').trim();
}
