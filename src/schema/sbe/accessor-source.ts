/**
 * Emits the source of a message's flyweight and of its groups' cursors: a pure function of the schema,
 * snapshot-tested.
 *
 * Names come from a checked schema and are held to plain identifiers once more, for XML is untrusted; all else that
 * enters the source is a number or a literal. What the classes keep for themselves has a `$` in its name, which no
 * schema's name has.
 */
import { accessorName, accessorsOf, type BlockLike, checkName, dataAccessorNames } from './accessor-plan.js';
import { type BlockContext, clearSource, countsEmpty, insideSource, isFixed, skipSource } from './block-source.js';
import { isUtf8 } from './read.js';
import type { AnyGroup, SbeMessage, SbeSchema, SbeSlot } from './schema.js';
import { accessorSource, fixedGetter, plus, readSource } from './value-source.js';

/**
 * Source of a function body that takes `nothing` (an empty view), `readCharacters`, `readString`, `readBytes` and
 * `refuse` (which throws), and returns the message's class.
 */
export function classSource(schema: SbeSchema, message: SbeMessage): string {
  const name = checkName(message.name);
  const context: BlockContext = {
    isLittle: schema.byteOrder === 'littleEndian',
    countsEmpty: countsEmpty(message),
  };
  return [
    "'use strict';",
    'const none = { number: NaN };',
    ...(context.countsEmpty ? ['let emptyEntries = 0;'] : []),
    ...message.groups.flatMap((group) => cursorSource(`${name}$${group.name}$`, group, context)),
    ...messageSource(name, schema, message, context),
    `return ${name}$;`,
    `//# sourceURL=tickreel/${sourceName(schema)}/${name}.js`,
    '',
  ].join('\n');
}

/** A schema's name in the URLs of its sources. */
export function sourceName(schema: SbeSchema): string {
  return `${schema.package.replace(/[^A-Za-z0-9_.-]/g, '_')}-${schema.id}-${schema.version}`;
}

function messageSource(name: string, schema: SbeSchema, message: SbeMessage, context: BlockContext): string[] {
  const { header } = schema;
  const { isLittle } = context;
  const slot = ({ offset, primitive }: SbeSlot) => readSource(primitive, 'view', plus('offset', offset), isLittle);
  const finding = { owner: 'this', fail: 'return false;' };
  const blockLength = header.blockLength.primitive.startsWith('int') ? 'blockLength < 0 || ' : '';
  const source = { isLittle, blockOffset: header.size, version: 'this.version', isNarrow: true };
  return [
    `class ${name}$ {`,
    '  constructor() {',
    '    this.view = nothing; this.offset = 0; this.version = 0; this.blockLength = 0;',
    ...keepSource(`${name}$`, message),
    '  }',
    fixedGetter('templateId', message.id),
    fixedGetter('schemaId', schema.id),
    fixedGetter('name', message.name),
    '  wrap(view, offset, length) {',
    `    const isThis = length >= ${header.size} && ${slot(header.schemaId)} === ${schema.id} &&`,
    `      ${slot(header.templateId)} === ${message.id};`,
    '    if (!isThis || !this.move$(view, offset, length)) { this.clear$(); refuse(this.name, view, offset, length); }',
    '    return this;',
    '  }',
    '  move$(view, offset, length) {',
    `    const blockLength = ${slot(header.blockLength)}, version = ${slot(header.version)};`,
    ...(message.untilVersion === null ? [] : [`    if (version > ${message.untilVersion}) return false;`]),
    `    if (${blockLength}blockLength > length - ${header.size}) return false;`,
    '    if (this.view !== view) this.view = view;',
    '    this.offset = offset; this.version = version; this.blockLength = blockLength;',
    ...(context.countsEmpty ? ['    emptyEntries = 0;'] : []),
    ...movement(message, `offset + ${header.size} + blockLength`, 'offset + length'),
    ...insideSource(`${name}$`, message, finding, context).map((line) => `    ${line}`),
    '    return true;',
    '  }',
    '  clear$() {',
    '    this.view = nothing; this.offset = 0; this.version = 0; this.blockLength = 0;',
    ...clearSource(message).map((line) => `    ${line}`),
    '  }',
    ...accessorsOf(message).map((accessor) => accessorSource(accessor, source)),
    ...insideGetters(message),
    '}',
  ];
}

function cursorSource(path: string, group: AnyGroup, context: BlockContext): string[] {
  if (isFixed(group)) return fixedCursor(path, group, context);
  const source = { isLittle: context.isLittle, blockOffset: 0, version: 'this.version$', isNarrow: true };
  return [
    ...group.groups.flatMap((inner) => cursorSource(`${path}${inner.name}$`, inner, context)),
    ...skipSource(path, group, context),
    `class ${path} {`,
    '  constructor() {',
    ...standSource(true),
    '    this.behind$ = 0;',
    ...keepSource(path, group),
    '  }',
    ...varyingSource(path, group, context),
    '  clear$() {',
    ...standSource(true),
    ...clearSource(group).map((line) => `    ${line}`),
    '  }',
    ...accessorsOf(group).map((accessor) => accessorSource(accessor, source)),
    ...insideGetters(group),
    '}',
  ];
}

/** A cursor on nothing. */
function standSource(hasVersion: boolean): string[] {
  return [
    '    this.view = nothing; this.offset = 0; this.blockLength = 0;',
    `    this.count = 0; this.index = -1; this.start$ = 0;${hasVersion ? ' this.version$ = 0;' : ''}`,
  ];
}

/**
 * A cursor over entries of one size. Whether a block is shorter than its fields is known once for the whole group:
 * there are two classes, and only the narrow one's getters look. The other's are so short that the engine inlines them
 * all (27 bytes of bytecode for most), 22 ns an entry with every field read against 29. They share `next`, so that a
 * loop over a group that is sometimes narrow or empty keeps one target.
 */
function fixedCursor(path: string, group: AnyGroup, context: BlockContext): string[] {
  const hasVersion = asksVersion(group);
  const accessors = accessorsOf(group);
  const source = { isLittle: context.isLittle, blockOffset: 0, version: 'this.version$' };
  return [
    `class ${path} {`,
    '  constructor() {',
    ...standSource(hasVersion),
    '  }',
    ...fixedSource(hasVersion),
    '  clear$() {',
    ...standSource(hasVersion),
    '  }',
    ...accessors.map((accessor) => accessorSource(accessor, { ...source, isNarrow: false })),
    '}',
    `class ${path}narrow$ extends ${path} {`,
    ...accessors
      .filter(({ end }) => end > 0)
      .map((accessor) => accessorSource(accessor, { ...source, isNarrow: true })),
    '}',
  ];
}

/** A cursor over entries of one size. */
function fixedSource(hasVersion: boolean): string[] {
  return [
    '  place$(view, at, version, count, stride) {',
    `    if (this.view !== view) this.view = view;`,
    `    this.start$ = at;${hasVersion ? ' this.version$ = version;' : ''}`,
    '    this.count = count; this.blockLength = count === 0 ? 0 : stride;',
    '  }',
    '  rewind$() { this.index = -1; this.offset = this.start$; return this; }',
    '  next() {',
    '    const index = this.index + 1;',
    '    if (index >= this.count) return false;',
    '    this.index = index; this.offset = this.start$ + index * this.blockLength;',
    '    return true;',
    '  }',
  ];
}

/** A cursor over entries that hold groups or data. */
function varyingSource(path: string, group: AnyGroup, context: BlockContext): string[] {
  const finding = { owner: 'this', fail: 'return at;' };
  return [
    '  place$(view, at, version, count, stride) {',
    '    this.view = view; this.start$ = at; this.version$ = version;',
    '    this.count = count; this.blockLength = count === 0 ? 0 : stride;',
    '  }',
    '  rewind$() {',
    '    this.index = -1; this.offset = this.start$;',
    '    if (this.count === 0) this.leave$();',
    '    else this.behind$ = this.settle$(this.start$ + this.blockLength);',
    '    return this;',
    '  }',
    '  next() {',
    '    const index = this.index + 1;',
    '    if (index >= this.count) return false;',
    '    if (index !== 0) {',
    '      this.offset = this.behind$;',
    '      this.behind$ = this.settle$(this.behind$ + this.blockLength);',
    '    }',
    '    this.index = index;',
    '    return true;',
    '  }',
    '  settle$(at) {',
    '    const { view, version$: version } = this, end = view.byteLength;',
    ...(context.countsEmpty ? ['    emptyEntries = 0;'] : []),
    ...insideSource(path, group, finding, context).map((line) => `    ${line}`),
    '    return at;',
    '  }',
    '  leave$() {',
    ...clearSource(group).map((line) => `    ${line}`),
    '  }',
  ];
}

/** `at` and `end`, where a block is followed by anything. */
function movement(block: BlockLike, at: string, end: string): string[] {
  return block.groups.length + block.data.length === 0 ? [] : [`    let at = ${at};`, `    const end = ${end};`];
}

/** Statements of a constructor: cursors and places of data. */
function keepSource(path: string, block: BlockLike): string[] {
  return [
    ...block.groups.flatMap((group) => {
      const { name } = group;
      if (!isFixed(group)) return [`    this.$${name} = new ${path}${name}$();`];
      return [
        `    this.$${name}$wide = new ${path}${name}$();`,
        `    this.$${name}$narrow = new ${path}${name}$narrow$();`,
        `    this.$${name}$isWide = false;`,
      ];
    }),
    ...block.data.map(({ name }) => `    this.$${name}$at = -1; this.$${name}$length = 0;`),
  ];
}

function insideGetters(block: BlockLike): string[] {
  return [
    ...block.groups.map((group) => {
      const keep = `this.$${group.name}`;
      const cursor = isFixed(group) ? `(${keep}$isWide ? ${keep}$wide : ${keep}$narrow)` : keep;
      return `  get ${accessorName(group.name)}() { return ${cursor}.rewind$(); }`;
    }),
    ...block.data.flatMap((data) => {
      const { name, characterEncoding } = data;
      const names = dataAccessorNames(block, data);
      const encoding = isUtf8(characterEncoding) ? 'UTF-8' : '';
      const bytes = `this.view, this.$${name}$at, this.$${name}$length`;
      const read =
        characterEncoding === ''
          ? `this.$${name}$at === -1 ? new Uint8Array(0) : readBytes(${bytes})`
          : `readString(${bytes}, '${encoding}')`;
      return [
        `  get ${accessorName(name)}() { return ${read}; }`,
        ...(names.offset === null ? [] : [`  get ${names.offset}() { return this.$${name}$at; }`]),
        ...(names.length === null ? [] : [`  get ${names.length}() { return this.$${name}$length; }`]),
      ];
    }),
  ];
}

/** Whether anything of an entry depends on the header's version. */
function asksVersion(group: AnyGroup): boolean {
  if (!isFixed(group)) return true;
  return accessorsOf(group).some(({ since, read }) => {
    if (since > 0) return true;
    if (read.kind === 'enum') return read.values.some(({ sinceVersion }) => sinceVersion > 0);
    return read.kind === 'choice' && read.since > 0;
  });
}
