/** The Markdown reference and the TypeScript declarations of a schema, as text; the declarations compile. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mdp3 } from '../../../src/protocol/mdp3/index.js';
import { createSbeCodec } from '../../../src/schema/sbe/codec.js';
import * as sbe from '../../../src/schema/sbe/table.js';
import { everySchema } from './every.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

describe('reference', () => {
  it('tells every message, field, group, data, enum and set, with sizes, nulls and versions', () => {
    expect(createSbeCodec(everySchema()).reference()).toMatchSnapshot();
  });

  it('numbers types of one name that differ, tells former names and lengths, and cannot break its own tables', () => {
    const uint16 = sbe.encoding('uint16', 'uint16');
    const header = sbe.composite('h', { blockLength: uint16, templateId: uint16, schemaId: uint16, version: uint16 });
    const one = sbe.enumeration('Kind', 'uint8', { Up: sbe.renamed(1, { 2: 'Rise' }), Down: sbe.since(2, 2) });
    const other = sbe.enumeration('Kind', 'uint8', { Left: 1 });
    const fields = [
      sbe.field('A', 1, one, 0, { description: ' first | with\n a bar. ' }),
      sbe.field('B', 2, other, 1, { deprecated: 3 }),
      sbe.field('C', 3, one, 2, { sinceVersion: 2, deprecated: 3 }),
    ] as const;
    const parts = { formerLengths: { 1: 2 }, untilVersion: 3, description: 'Says it.', semanticType: 'X' };
    const messages = [sbe.message(1, 'Twice', 3, fields, parts)] as const;
    const schema = sbe.schema({ package: 'twice', id: 1, version: 3, byteOrder: 'bigEndian', header, messages });
    expect(createSbeCodec(schema).reference()).toMatchSnapshot();
  });

  it('has every message and field of MDP 3.0', () => {
    const text = mdp3.reference();
    for (const message of mdp3.schema.messages) {
      expect(text).toContain(`## ${message.name}\n`);
      for (const { name, id } of message.fields) expect(text).toContain(`| ${name} | ${id} |`);
    }
  });
});

describe('declarations', () => {
  const declared = createSbeCodec(everySchema()).declarations();

  it('are the accessors of every message', () => {
    expect(declared).toMatchSnapshot();
  });

  it('compile, for MDP 3.0 too, and are what a literal schema has', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tickreel-'));
    try {
      writeFileSync(join(folder, 'every.ts'), declared);
      writeFileSync(join(folder, 'mdp3.ts'), mdp3.declarations());
      writeFileSync(join(folder, 'use.ts'), use);
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      expect(compile(folder)).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Every declared message takes the flyweight whose type follows from the literal, but for words of text. */
const use = `
import type { Mdp3Table, SbeCursor, SbeFlyweight } from 'tickreel';
import type { Handlers, MDIncrementalRefreshBook46 as Book, MDIncrementalRefreshBook46_NoMDEntries as Entry } from './mdp3.js';
import type { Handlers as Others } from './every.js';
type Own = SbeFlyweight<Extract<Mdp3Table['messages'][number], { name: 'MDIncrementalRefreshBook46' }>>;
export const declared: Book = {} as Own;
export const own: Own = {} as Book;
export const entry: Entry = {} as Own['NoMDEntries'];
export const handlers: Handlers & { sum: number } = {
  sum: 0,
  MDIncrementalRefreshBook46(message) {
    const entries = message.NoMDEntries;
    while (entries.next()) if (entries.MDUpdateAction === 'New' && !entries.MDEntryPxIsNull) this.sum += entries.MDEntryPx;
  },
  onFault: ({ code }) => console.log(code),
};
// @ts-expect-error: a name, not a number.
export const wrong: number = ({} as Entry).MDEntryType;
// @ts-expect-error: no such message.
export const stray: Handlers = { Nobody: () => {} };
export const others: Others = { Nested: (message) => message.Outer.Inner.Deep.Leaf + message.BytesLength };
`;

const config = {
  compilerOptions: {
    ...{
      target: 'ES2022',
      lib: ['ES2023'],
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      strict: true,
      skipLibCheck: true,
    },
    ...{ noEmit: true, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
    paths: { tickreel: [join(root, 'src/index.ts')] },
  },
  files: ['use.ts', 'every.ts', 'mdp3.ts'],
};

/** What the compiler says. */
function compile(folder: string): string {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
