/** What the parser under test is and how it is reached: from the command line, or a YAML file that says more. */
import { basename, dirname, extname, resolve } from 'node:path';
import {
  holderOf,
  listOf,
  type Mapping,
  mappingKeys,
  mappingOf,
  plainMapping,
  refuseOtherKeys,
  textOf,
} from '../compare/mapping.js';
import { type RecordLayout, recordLayoutOf } from '../compare/records.js';
import { UsageError } from '../core/errors.js';
import { parseBytes, parseDuration } from '../core/time.js';
import { readTextFile } from '../io/text-input.js';

/** How a command gets the capture. */
export const parserFeeds = ['binaryfile', 'pcap', 'capture', 'file', 'udp'] as const;
export type ParserFeed = (typeof parserFeeds)[number];

export interface ParserSpec {
  /** For reports. */
  readonly name: string;
  readonly kind: 'module' | 'command';
  /** Of a module: its path. */
  readonly module: string | null;
  /** Program and arguments; empty of a module. */
  readonly command: readonly string[];
  readonly folder: string;
  readonly feed: ParserFeed;
  readonly records: RecordLayout | null;
  readonly mapping: Mapping;
  /** A parser may be silent for so long. */
  readonly silenceMs: number;
  readonly maxMemoryBytes: number;
  /** Of UDP: where it listens (port 0: a free one, told as {port}), how fast, and what it says when it is ready. */
  readonly address: string;
  readonly speed: string;
  readonly ready: string | null;
}

/** What the command line may say beside the parser itself. */
export interface ParserOverrides {
  feed?: ParserFeed | undefined;
  map?: string | undefined;
  timeoutNs?: number | undefined;
  maxMemoryBytes?: number | undefined;
}

const modulePattern = /\.(?:[cm]?js|[cm]?ts)$/;
const configPattern = /\.ya?ml$/;
const maxConfigBytes = 1 << 20;
const defaultSilenceMs = 10_000;
/** A paced replay that a plain parser keeps up with. */
const defaultSpeed = '20kpps';
const specKeys = [
  ...(['module', 'command', 'feed', 'records', 'timeout', 'max-memory', 'address', 'speed', 'ready'] as const),
  ...(['name', ...mappingKeys] as const),
];

/**
 * Reads `--parser`: a module's path, a YAML file's, or a command. Rejects with UsageError or CaptureError, which name
 * the file and key.
 */
export async function parserSpecOf(text: string, overrides: ParserOverrides = {}): Promise<ParserSpec> {
  const given = text.trim();
  if (given === '') throw new UsageError('parser', '--parser: name a module, a YAML file or a command');
  const isPath = !/\s/.test(given);
  const base = isPath && configPattern.test(given) ? await specFromFile(given) : plainSpec(given, isPath);
  const mapping = overrides.map === undefined ? base.mapping : await mappingFromFile(overrides.map);
  return {
    ...base,
    mapping,
    ...(overrides.feed === undefined ? {} : { feed: overrides.feed }),
    ...(overrides.timeoutNs === undefined ? {} : { silenceMs: overrides.timeoutNs / 1e6 }),
    ...(overrides.maxMemoryBytes === undefined ? {} : { maxMemoryBytes: overrides.maxMemoryBytes }),
  };
}

/** The spec of a parser that is described by plain data; relative paths are of `folder`. Throws UsageError. */
export function parserSpecFrom(given: unknown, path: string, folder: string): ParserSpec {
  const held = holderOf(given, path);
  refuseOtherKeys(held, specKeys, path);
  const module = textOf(held.module, `${path}: module`);
  const command = Array.isArray(held.command)
    ? listOf(held.command, `${path}: command`)
    : wordsOf(textOf(held.command, `${path}: command`) ?? '');
  if ((module === null) === (command.length === 0)) {
    throw new UsageError('parser-config', `${path}: say what the parser is by one of the keys module and command`);
  }
  const feed = (textOf(held.feed, `${path}: feed`) ?? 'binaryfile') as ParserFeed;
  if (!parserFeeds.includes(feed)) {
    throw new UsageError('parser-config', `${path}: feed: one of ${parserFeeds.join(', ')}`);
  }
  const timeout = textOf(held.timeout, `${path}: timeout`);
  const maxMemory = textOf(held['max-memory'], `${path}: max-memory`);
  return {
    name: textOf(held.name, `${path}: name`) ?? nameOf(module, command, path),
    kind: module === null ? 'command' : 'module',
    module: module === null ? null : resolve(folder, module),
    command,
    folder,
    feed,
    records: held.records === undefined ? null : recordLayoutOf(held.records, `${path}: records`),
    mapping: mappingOf(Object.fromEntries(Object.entries(held).filter(([key]) => isMappingKey(key))), path),
    silenceMs: timeout === null ? defaultSilenceMs : parseDuration(timeout) / 1e6,
    maxMemoryBytes: maxMemory === null ? Number.POSITIVE_INFINITY : bytesOf(maxMemory, `${path}: max-memory`),
    address: textOf(held.address, `${path}: address`) ?? 'udp://127.0.0.1:0',
    speed: textOf(held.speed, `${path}: speed`) ?? defaultSpeed,
    ready: patternOf(held.ready, `${path}: ready`),
  };
}

/** Words of a command as a shell would cut them: blanks part, quotes and backslashes hold together. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g)) {
    words.push(
      word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_all, double?: string, single?: string, one?: string) =>
        double === undefined ? (single ?? one ?? '') : double.replace(/\\(.)/g, '$1'),
      ),
    );
  }
  return words;
}

/** Reads a YAML file as plain data; rejects with UsageError, which tells the line, or CaptureError. */
export async function readYaml(path: string): Promise<unknown> {
  const text = readTextFile(path, maxConfigBytes);
  // Loaded for such a file alone.
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) {
    throw new UsageError('yaml', `${path}: ${error.message.split('\n')[0]?.replace(/:$/, '')}`);
  }
  return document.toJS({ maxAliasCount: 100 });
}

async function specFromFile(path: string): Promise<ParserSpec> {
  return parserSpecFrom(await readYaml(path), path, dirname(resolve(path)));
}

async function mappingFromFile(path: string): Promise<Mapping> {
  const held = holderOf(await readYaml(path), path);
  refuseOtherKeys(held, mappingKeys, path);
  return mappingOf(held, path);
}

function plainSpec(text: string, isPath: boolean): ParserSpec {
  const module = isPath && modulePattern.test(text) ? resolve(text) : null;
  const command = module === null ? wordsOf(text) : [];
  return {
    name: nameOf(module, command, text),
    kind: module === null ? 'command' : 'module',
    module,
    command,
    folder: process.cwd(),
    feed: 'binaryfile',
    records: null,
    mapping: plainMapping,
    silenceMs: defaultSilenceMs,
    maxMemoryBytes: Number.POSITIVE_INFINITY,
    address: 'udp://127.0.0.1:0',
    speed: defaultSpeed,
    ready: null,
  };
}

function nameOf(module: string | null, command: readonly string[], path: string): string {
  if (module !== null) return basename(module);
  return command.length > 0 ? command.join(' ') : basename(path, extname(path));
}

function isMappingKey(key: string): boolean {
  return (mappingKeys as readonly string[]).includes(key);
}

function patternOf(given: unknown, path: string): string | null {
  const text = textOf(given, path);
  try {
    new RegExp(text ?? '');
  } catch (error) {
    throw new UsageError('parser-config', `${path}: it is no regular expression: ${(error as Error).message}`);
  }
  return text;
}

function bytesOf(text: string, path: string): number {
  const bytes = parseBytes(text);
  if (bytes > 0) return bytes;
  throw new UsageError('parser-config', `${path}: a size, as in 256MiB`);
}
