/** The house's rules as a test: who may import whom, how long files and functions may be, and that nothing lies idle. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');
const maxFileLines = 400;
const maxFunctionLines = 70;
const maxColumns = 120;

/** What each room may import, beside itself. */
const rooms: Record<string, readonly string[]> = {
  core: [],
  schema: ['core'],
  capture: ['core'],
  session: ['core'],
  protocol: ['core', 'schema'],
  compare: ['core', 'schema', 'protocol'],
  replay: ['core', 'schema', 'capture', 'session', 'protocol'],
  sim: ['core', 'schema', 'capture', 'session', 'protocol'],
  plot: ['core'],
  io: ['core', 'capture', 'session'],
  analysis: ['core', 'schema', 'capture', 'session', 'protocol', 'replay', 'plot', 'io'],
  run: ['core', 'schema', 'capture', 'session', 'protocol', 'compare', 'replay', 'sim', 'plot', 'io', 'analysis'],
  cli: [
    'core',
    'schema',
    'capture',
    'session',
    'protocol',
    'compare',
    'replay',
    'sim',
    'plot',
    'io',
    'analysis',
    'run',
  ],
};
/** Rooms that take bytes and give callbacks: no files, sockets, threads or streams. */
const pureRooms = ['core', 'schema', 'capture', 'session', 'protocol', 'compare', 'replay', 'sim', 'plot'];
const impureModules = /^node:(fs|net|dgram|http|https|zlib|stream|worker_threads|child_process|os|dns|tty)/;
/** What a run starts by file name, not by import. */
const entries = [
  'index.ts',
  'cli/main.ts',
  'analysis/threads/part-worker.ts',
  'run/convert-part-worker.ts',
  'run/replay-worker.ts',
  'run/ring-worker.ts',
  'run/parser-worker.ts',
  'run/bench/stage-worker.ts',
  'run/bench/chunk-worker.ts',
];

const files = listFiles(source).filter((path) => path.endsWith('.ts'));
const texts = new Map(files.map((path) => [relative(source, path), readFileSync(path, 'utf8')]));

describe('tidy', () => {
  it('imports go down only', () => {
    const wrong: string[] = [];
    for (const [file, text] of texts) {
      const room = file.split('/')[0];
      if (file === 'index.ts') continue;
      expect(rooms, `room of ${file}`).toHaveProperty(room);
      for (const target of ownImports(file, text)) {
        const other = target.split('/')[0];
        if (other !== room && !rooms[room].includes(other)) wrong.push(`${file} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('rooms from core to replay do no input or output', () => {
    const wrong: string[] = [];
    for (const [file, text] of texts) {
      if (!pureRooms.includes(file.split('/')[0])) continue;
      for (const [, module] of text.matchAll(/from '([^.][^']*)'/g)) {
        if (impureModules.test(module)) wrong.push(`${file} imports ${module}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('every source file is reached from the index or a command', () => {
    const reached = new Set<string>();
    const open = [...entries];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (reached.has(file)) continue;
      reached.add(file);
      open.push(...ownImports(file, texts.get(file) ?? ''));
    }
    expect([...texts.keys()].filter((file) => !reached.has(file))).toEqual([]);
  });

  it('files, functions and lines are short', () => {
    const wrong: string[] = [];
    for (const [file, text] of texts) {
      const lines = text.split('\n');
      if (lines.length > maxFileLines) wrong.push(`${file}: ${lines.length} lines`);
      for (const [index, line] of lines.entries()) {
        if (line.length > maxColumns) wrong.push(`${file}:${index + 1}: ${line.length} columns`);
      }
      for (const { name, length } of functionLengths(lines)) {
        if (length > maxFunctionLines) wrong.push(`${file}: ${name} has ${length} lines`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('every module begins with what it is', () => {
    const silent = [...texts].filter(([, text]) => !/^(#!.*\n)?\/\*\*/.test(text)).map(([file]) => file);
    expect(silent).toEqual([]);
  });
});

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

/** Files of ours that a file imports or re-exports, relative to `src`. */
function ownImports(file: string, text: string): string[] {
  return [...text.matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)].map(([, path]) => `${join(dirname(file), path)}.ts`);
}

/** Functions and methods as the formatter lays them out: a head that opens a brace, up to the brace at its indent. */
function functionLengths(lines: readonly string[]): { name: string; length: number }[] {
  const found: { name: string; length: number }[] = [];
  const head = /^\s*(?:(?:export|async|private|static|get|set|override) )*(?:function\*? )?(\*?[\w#]+)(?:<.*>)?\(/;
  const closesAt = (from: number, column: number): number =>
    lines.findIndex(
      (line, index) => index > from && line !== '' && indent(line) === column && /^[)}\]]/.test(line.trim()),
    );
  for (const [start, line] of lines.entries()) {
    const match = head.exec(line);
    if (!match || /^\s*(if|for|while|switch|catch|return|await)\b/.test(line)) continue;
    const column = indent(line);
    const open = line.endsWith('{') ? start : line.endsWith('(') ? closesAt(start, column) : -1;
    if (open < 0 || !lines[open].endsWith('{')) continue;
    found.push({ name: match[1], length: closesAt(open, column) - start + 1 });
  }
  return found;
}

function indent(line: string): number {
  return line.length - line.trimStart().length;
}
