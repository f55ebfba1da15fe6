/** What a start of the command loads: no chunk of the bundle, and no module of Node.js, that the input has no use for. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixture, projectRoot, startProgram, temporaryFolder } from '../support/cli.js';

const hook = join(temporaryFolder(), 'loaded.cjs');
const bundle = join(projectRoot, 'dist/cli');
const main = join(bundle, 'main.js');

beforeAll(() => {
  const text = 'JSON.stringify([...Object.keys(require.cache), ...process.moduleLoadList])';
  writeFileSync(hook, `process.on('exit', () => process.stderr.write(${text}));`);
});

interface Loaded {
  /** Chunks without the hash behind their names. */
  chunks: string[];
  modules: string[];
  stdout: string;
}

async function loadedBy(...args: string[]): Promise<Loaded> {
  const { code, stdout, stderr } = await startProgram(process.execPath, ['-r', hook, main, ...args]).finished;
  expect(code).toBe(0);
  const names = JSON.parse(stderr.slice(stderr.indexOf('["'))) as string[];
  const ours = names.filter((name) => name.startsWith(bundle));
  const chunks = ours.map((name) => basename(name).replace(/(?:-.{8})?\.js$/, ''));
  return { chunks, modules: names.map((name) => name.replace('NativeModule ', '')), stdout };
}

/** Whether Node.js takes a file for an ES module. */
function isEsModule(path: string): boolean {
  if (!path.endsWith('.js')) return path.endsWith('.mjs');
  let folder = dirname(path);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).type === 'module';
}

describe('what a start loads', () => {
  it('is one file for the version', async () => {
    expect((await loadedBy('--version')).chunks).toEqual(['main']);
  });

  it('is nothing of MDP, other framings or tools for a pcap of ITCH', async () => {
    const { chunks, modules, stdout } = await loadedBy('decode', fixture('itch50-session.pcap'), '--limit', '1');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(chunks).toEqual(expect.arrayContaining(['main', 'base', 'decode']));
    const cold = ['mdp3', 'mdp3-session', 'pcapng', 'binaryfile', 'inflate', 'index', 'codec', 'inspect'];
    expect(chunks.filter((name) => cold.includes(name))).toEqual([]);
    expect(modules.filter((name) => ['child_process', 'crypto', 'zlib', 'worker_threads'].includes(name))).toEqual([]);
  });

  it.each([
    ['mdp3', 'mdp3-session.pcap'],
    ['inflate', 'itch50-session.NASDAQ_ITCH50.gz'],
    ['binaryfile', 'itch50-session.NASDAQ_ITCH50.gz'],
  ])('is %s where the input is of it', async (chunk, file) => {
    expect((await loadedBy('decode', fixture(file), '--limit', '1')).chunks).toContain(chunk);
  });
});

describe('the bundle', () => {
  it('requires no package that is of ES modules alone, which not every Node.js 20 can', () => {
    const files = readdirSync(bundle).filter((name) => name.endsWith('.js'));
    const texts = files.map((name) => readFileSync(join(bundle, name), 'utf8'));
    const names = new Set(
      texts.flatMap((text) => [...text.matchAll(/require\("([^".:]+)"\)/g)].map(([, name]) => name)),
    );
    const { resolve } = createRequire(main);
    const places = [...names].map((name) => [name, resolve(name)] as const).filter(([name, place]) => place !== name);
    expect(places.length).toBeGreaterThan(0);
    expect(places.filter(([, place]) => isEsModule(place)).map(([name]) => name)).toEqual([]);
  });

  it('takes from its chunks only what they give', () => {
    const texts = new Map(
      readdirSync(bundle)
        .filter((name) => name.endsWith('.js'))
        .map((name) => [`./${name}`, readFileSync(join(bundle, name), 'utf8')]),
    );
    // At once `const{a:x}=require("./c.js")`, at the first use `(({a})=>({a}))(require("./c.js"))`.
    const takes = /\{([\w$:,]*)\}(?:=|\)=>\(\{[\w$:,]*\}\)\)\()require\("([^"]+)"\)/g;
    const wrong: string[] = [];
    let taken = 0;
    for (const [name, text] of texts) {
      for (const [, members, from] of text.matchAll(takes)) {
        for (const member of members.split(',').filter((one) => one !== '')) {
          taken++;
          const key = member.split(':')[0];
          const gives = [`defineProperty(exports,"${key}"`, `exports.${key}=`];
          if (!gives.some((one) => texts.get(from)?.includes(one))) wrong.push(`${name}: ${key} of ${from}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(taken).toBeGreaterThan(1000);
  });
});
