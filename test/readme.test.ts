/**
 * The README, followed literally: every `console` block is typed into a shell and every `js` block is run, in a folder
 * with the fixtures; what a block prints must hold the lines that it shows.
 *
 * Lines of commands whose output is the same every time are compared as they are, those of measured runs with their
 * figures left out. Blocks of the project's own npm scripts are run by CI.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { projectRoot } from './support/cli.js';

const timeoutMs = 120_000;
const elision = '…';
/** Commands that print figures of the machine that they run on. */
const measured = /\btickreel (replay|listen|record|find-limit|verify-pacing|bench|generate|doctor|demo)\b/;

interface Block {
  /** Heading above it, and its number there. */
  name: string;
  language: string;
  lines: string[];
}

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
const blocks = blocksOf(readme);
const consoles = blocks.filter(({ language, lines }) => language === 'console' && !lines.some(isOwnScript));
const programs = blocks.filter(({ language }) => language === 'js');
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('the README has recipes to follow', () => {
  expect(consoles.length).toBeGreaterThan(5);
  expect(programs.length).toBeGreaterThan(2);
});

describe('recipes in a shell', () => {
  const folder = userFolder();
  test.sequential.each(consoles.map((block) => [block.name, block] as const))(
    '%s',
    async (_name, block) => {
      const commands = commandsOf(block.lines);
      const missing = toolsOf(commands).filter((tool) => spawnSync('which', [tool]).status !== 0);
      if (missing.length > 0) {
        console.log(`not followed, for want of ${missing.join(' and ')}: ${block.name}`);
        return;
      }
      const { code, output } = await shell(scriptOf(commands), folder);
      expect(code, output).toBe(0);
      const printed = new Set(output.split('\n').map(plain));
      const printedLoosely = new Set([...printed].map(withoutFigures));
      let isMeasured = false;
      for (const line of block.lines) {
        if (line.startsWith('> ') || line.startsWith(elision)) continue;
        if (line.startsWith('$ ')) isMeasured ||= measured.test(line);
        else if (isMeasured) expect(printedLoosely, output).toContain(withoutFigures(plain(line)));
        else expect(printed, output).toContain(plain(line));
      }
    },
    timeoutMs,
  );
});

describe('programs', () => {
  test.each(programs.map((block) => [block.name, block] as const))(
    '%s',
    async (_name, { lines }) => {
      const folder = userFolder();
      const files = filesOf(lines);
      for (const [name, text] of files) writeFileSync(join(folder, name), text);
      const { code, output } = await shell(`node ${files.keys().next().value}`, folder);
      expect(code, output).toBe(0);
    },
    timeoutMs,
  );
});

function blocksOf(text: string): Block[] {
  const found: Block[] = [];
  let heading = '';
  let count = 0;
  let open: Block | null = null;
  for (const line of text.split('\n')) {
    const fence = /^```(\w*)$/.exec(line);
    if (open !== null) {
      if (fence) open = null;
      else open.lines.push(line);
    } else if (fence) {
      open = { name: `${heading} ${++count}`, language: fence[1] as string, lines: [] };
      found.push(open);
    } else if (line.startsWith('#')) {
      heading = line.replace(/^#+ /, '');
      count = 0;
    }
  }
  return found;
}

/** What is typed at the prompts; `> ` is the shell's own for a command that goes on. */
function commandsOf(lines: readonly string[]): string[] {
  const commands: string[] = [];
  for (const line of lines) {
    if (line.startsWith('$ ')) commands.push(line.slice(2));
    else if (line.startsWith('> ')) commands.push(`${commands.pop()}\n${line.slice(2)}`);
  }
  return commands;
}

function isOwnScript(line: string): boolean {
  return /^\$ .*\bnpm (ci|run|test|install)\b/.test(line);
}

/** A folder as a user's: the fixtures in it, and the package installed. */
function userFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-readme-'));
  folders.push(folder);
  symlinkSync(join(projectRoot, 'fixtures'), join(folder, 'fixtures'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(projectRoot, join(folder, 'node_modules/tickreel'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  return folder;
}

/** One command after the other, and a wait for what runs behind at the end. */
function scriptOf(commands: readonly string[]): string {
  const main = join(projectRoot, 'dist/cli/main.js');
  return [`tickreel() { '${process.execPath}' '${main}' "$@"; }`, 'set -e', ...commands, 'wait'].join('\n');
}

function shell(script: string, folder: string): Promise<{ code: number | null; output: string }> {
  // Its own process group, so that what it leaves running ends with it.
  const child = spawn('bash', ['-c', script], { cwd: folder, detached: true });
  const endAll = (): void => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // Nothing was left.
    }
  };
  const timer = setTimeout(endAll, timeoutMs - 5000);
  child.on('exit', endAll);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) =>
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    }),
  );
}

/** Programs besides ours that a block needs. */
function toolsOf(commands: readonly string[]): string[] {
  return ['jq', 'zstd', 'python3'].filter((tool) => commands.some((text) => new RegExp(`\\b${tool}\\b`).test(text)));
}

function plain(line: string): string {
  return line.trim().replace(/\s+/g, ' ');
}

/** Numbers with their units, signs and separators as one mark each. */
function withoutFigures(line: string): string {
  return line
    .replace(/[-−]?\d[\d,.:]*(\s?(ns|us|ms|s|min|h|m|d|%|[kMG]?B|[kMG]?Bps|[kMG]?bps|[kMG]?pps))?(?![\w])/g, '#')
    .replace(/# (#( |$))+/g, '# ')
    .trim();
}

/** Files of a block that names them in comments of their own; else one program. */
function filesOf(lines: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  let name = 'main.js';
  for (const line of lines) {
    const named = /^\/\/ (\w+\.js)$/.exec(line);
    if (named) name = named[1] as string;
    else files.set(name, `${files.get(name) ?? ''}${line}\n`);
  }
  return files;
}
