/** What the parser under test is and how it is reached: from the command line, or a YAML file that says more. */
import { basename, dirname, extname, resolve } from 'node:path';
import {
  booleanOf,
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
import { plainReports, type ReportSpec, reportSpecOf } from '../compare/reports.js';
import { UsageError } from '../core/errors.js';
import { parseBytes, parseDuration } from '../core/time.js';
import { readTextFile } from '../io/text-input.js';
import { type CountSpec, countSpecOf, keysNotOfCounted } from './counted/count-spec.js';

/** How a command gets the capture. */
export const parserFeeds = ['binaryfile', 'pcap', 'capture', 'file', 'udp'] as const;
export type ParserFeed = (typeof parserFeeds)[number];

export interface ParserSpec {
  /** For reports. */
  readonly name: string;
  /** `running`: a program that was started by somebody else, and is only counted. */
  readonly kind: 'module' | 'command' | 'running';
  /** Of a module: its path. */
  readonly module: string | null;
  /** Program and arguments; empty of a module. */
  readonly command: readonly string[];
  readonly folder: string;
  readonly feed: ParserFeed;
  readonly records: RecordLayout | null;
  readonly mapping: Mapping;
  /** Which gaps and rejections it reports, and how. */
  readonly reports: ReportSpec;
  /** A parser may be silent for so long. */
  readonly silenceMs: number;
  readonly maxMemoryBytes: number;
  /** Of UDP: where it listens (port 0: a free one, told as {port}), how fast, and what it says when it is ready. */
  readonly address: string;
  readonly speed: string;
  readonly ready: string | null;
  /** Of a program that is only counted: how it tells its counts; null of others. */
  readonly count: CountSpec | null;
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
  ...(['name', 'count', 'running', 'reports', ...mappingKeys] as const),
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
  if (base.count !== null && overrides.map !== undefined) {
    throw new UsageError('parser', `${given}: a program that is only counted writes no fields: leave out --map`);
  }
  if (base.count !== null && overrides.feed !== undefined) {
    refuseFeed(base.count, given, { ...base, feed: overrides.feed, isRunning: base.kind === 'running' });
  }
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
    : wordsOf(textOf(held.command, `${path}: command`) ?? '', `${path}: command`);
  const isRunning = booleanOf(held.running, `${path}: running`);
  if ([module !== null, command.length > 0, isRunning].filter(Boolean).length !== 1) {
    const text = 'say what the parser is by one of the keys module and command, or running: true';
    throw new UsageError('parser-config', `${path}: ${text}`);
  }
  const feed = (textOf(held.feed, `${path}: feed`) ?? (isRunning ? 'udp' : 'binaryfile')) as ParserFeed;
  if (!parserFeeds.includes(feed)) {
    throw new UsageError('parser-config', `${path}: feed: one of ${parserFeeds.join(', ')}`);
  }
  const timeout = textOf(held.timeout, `${path}: timeout`);
  const maxMemory = textOf(held['max-memory'], `${path}: max-memory`);
  const address = textOf(held.address, `${path}: address`) ?? 'udp://127.0.0.1:0';
  return {
    name: textOf(held.name, `${path}: name`) ?? nameOf(module, command, path),
    kind: isRunning ? 'running' : module === null ? 'command' : 'module',
    module: module === null ? null : resolve(folder, module),
    command,
    folder,
    feed,
    records: held.records === undefined ? null : recordLayoutOf(held.records, `${path}: records`),
    mapping: mappingOf(Object.fromEntries(Object.entries(held).filter(([key]) => isMappingKey(key))), path),
    reports: reportSpecOf(held.reports, `${path}: reports`),
    silenceMs: timeout === null ? defaultSilenceMs : parseDuration(timeout) / 1e6,
    maxMemoryBytes: maxMemory === null ? Number.POSITIVE_INFINITY : bytesOf(maxMemory, `${path}: max-memory`),
    address,
    speed: textOf(held.speed, `${path}: speed`) ?? defaultSpeed,
    ready: patternOf(held.ready, `${path}: ready`),
    count: countOf(held, path, folder, { feed, address, isModule: module !== null, isRunning }),
  };
}

/** How the program is counted; throws UsageError where what else is said of it does not go with that. */
function countOf(
  held: Readonly<Record<string, unknown>>,
  path: string,
  folder: string,
  { feed, address, isModule, isRunning }: { feed: string; address: string; isModule: boolean; isRunning: boolean },
): CountSpec | null {
  const refusal = (text: string): UsageError => new UsageError('parser-config', `${path}: ${text}`);
  if (held.count === undefined || held.count === null) {
    if (isRunning) throw refusal('running: a program that runs already can only be counted: say how at the key count');
    return null;
  }
  if (isModule) throw refusal('count: a module is called, and what it decodes compared: only a program is counted');
  const count = countSpecOf(held.count, `${path}: count`, folder);
  const other = ['records', 'reports', ...keysNotOfCounted].find((key) => held[key] !== undefined);
  if (other !== undefined) throw refusal(`count: a program that is only counted writes no fields: leave out ${other}`);
  refuseFeed(count, path, { feed, address, isRunning });
  return count;
}

/** Throws UsageError where a program cannot be counted that is fed so. */
function refuseFeed(
  { source, unit }: CountSpec,
  path: string,
  { feed, address, isRunning }: { feed: string; address: string; isRunning: boolean },
): void {
  const refusal = (text: string): UsageError => new UsageError('parser-config', `${path}: ${text}`);
  if (unit === 'packets' && feed === 'binaryfile') {
    throw refusal('count.unit: a BinaryFILE has no packets: count messages, or feed it otherwise');
  }
  if (!isRunning) return;
  if (feed !== 'udp' || /:0(?:\?|$)/.test(address)) {
    throw refusal('running: it is fed by UDP: say where it listens, as in address: udp://127.0.0.1:26477');
  }
  const isUnknown = source.kind === 'stdout' || (source.kind === 'http' && new URL(source.url).port === '0');
  if (isUnknown) throw refusal('count.from: of a program that runs already: an address with its port');
}

/**
 * Words of a command as a shell would cut them: blanks part, quotes and backslashes hold together. Throws UsageError,
 * which begins with `where`, for a quote that does not end.
 */
export function wordsOf(text: string, where: string): string[] {
  const words: string[] = [];
  const pattern = /(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/gs;
  const rest = text.replace(pattern, '').trim();
  if (rest !== '') {
    const what = rest.startsWith('\\') ? 'a backslash with nothing behind it' : `a quote ${rest[0]} that does not end`;
    throw new UsageError('parser', `${where}: ${what}: ${text}`);
  }
  for (const [word] of text.matchAll(pattern)) {
    words.push(
      word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs, (_all, double?: string, single?: string, one?: string) =>
        double === undefined ? (single ?? one ?? '') : double.replace(/\\(.)/gs, '$1'),
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
  const command = module === null ? wordsOf(text, '--parser') : [];
  return {
    name: nameOf(module, command, text),
    kind: module === null ? 'command' : 'module',
    module,
    command,
    folder: process.cwd(),
    feed: 'binaryfile',
    records: null,
    mapping: plainMapping,
    reports: plainReports,
    silenceMs: defaultSilenceMs,
    maxMemoryBytes: Number.POSITIVE_INFINITY,
    address: 'udp://127.0.0.1:0',
    speed: defaultSpeed,
    ready: null,
    count: null,
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
