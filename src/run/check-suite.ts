/**
 * A suite of captures: a file that names them and what they are held against, or a folder with captures in it.
 *
 *     parser: ./parser.yml          # or a module, a command, or the keys of such a file
 *     captures:
 *       - captures/*.pcap           # patterns, of this file's folder
 *       - path: cme/day.pcap        # or a path with what it alone has
 *         templates: templates.xml
 *     goldens: goldens              # each capture's record is goldens/PATH.golden
 *     accepted: accepted.yml        # causes that are known, by capture
 *     jobs: 2
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type InputSpec, inputSpecOf, type ProtocolChoice } from '../analysis/input.js';
import { holderOf, listOf, refuseOtherKeys, textOf } from '../compare/mapping.js';
import { isHolder } from '../compare/values.js';
import { UsageError } from '../core/errors.js';
import { expandPaths } from '../io/expand-paths.js';
import { unwritable } from '../io/file-error.js';
import { type CheckCase, isForeign } from './check-cases.js';
import type { CheckReport } from './check-spec.js';
import { makeGolden } from './golden-make.js';
import { captureOf, isExpectation } from './mutations/expectation.js';
import { type ParserSpec, parserSpecFrom, parserSpecOf, readYaml } from './parser-spec.js';

/** The name of a suite's file in its folder. */
export const suiteName = 'tickreel.yml';

export interface Suite {
  readonly cases: readonly CheckCase[];
  /** Where accepted causes are kept; null: nowhere. */
  readonly acceptedPath: string | null;
  readonly jobs: number | null;
}

export interface SuiteOptions {
  /** In place of the suite's. */
  parser: ParserSpec | null;
  goldens: string | null;
  accepted: string | null;
  /** Golden records that are not there yet are about to be made. */
  isUpdate: boolean;
  /** How captures are read, where the suite says nothing else. */
  input: Omit<InputSpec, 'paths'>;
}

const topKeys = ['parser', 'captures', 'goldens', 'accepted', 'jobs'];
const inputKeys = ['protocol', 'date', 'templates', 'channels', 'recover', 'frame-by-type'];
const entryKeys = ['path', 'golden', ...inputKeys];
const mostFiles = 100_000;

/** Reads a suite's file; rejects with UsageError, which names the key, or CaptureError. */
export async function readSuite(path: string, options: SuiteOptions): Promise<Suite> {
  const held = holderOf(await readYaml(path), path);
  refuseOtherKeys(held, [...topKeys, ...inputKeys], path);
  const folder = dirname(resolve(path));
  // As reports name them: the same on every machine where the suite is run from its folder or above.
  const at = (text: string | null): string | null => (text === null ? null : shownPath(resolve(folder, text)));
  const parser = options.parser ?? (await parserOf(held.parser, path, folder));
  const goldens = options.goldens ?? at(textOf(held.goldens, `${path}: goldens`));
  const acceptedPath = options.accepted ?? at(textOf(held.accepted, `${path}: accepted`) ?? 'tickreel.accepted.yml');
  const own = inputOf(held, path, folder, options.input);
  const { captures } = held;
  if (!Array.isArray(captures) || captures.length === 0) {
    throw new UsageError('suite', `${path}: captures: a list of files or patterns`);
  }
  const accepted = await readAccepted(acceptedPath);
  const cases = captures.flatMap((entry: unknown): CheckCase[] => {
    const rule = isHolder(entry) ? entry : { path: entry };
    refuseOtherKeys(rule, entryKeys, `${path}: captures`);
    const pattern = textOf(rule.path, `${path}: captures: path`) ?? '';
    const input = inputOf(rule, path, folder, own);
    return captureFiles(expandPaths([resolve(folder, pattern)])).map((file) => {
      const name = relative(folder, file);
      const golden = at(textOf(rule.golden, `${path}: captures: golden`)) ?? goldenOf(goldens, name, options.isUpdate);
      const isNew = options.isUpdate && golden !== null && !existsSync(golden);
      return { ...caseOf(name, { ...input, paths: [file] }, parser, golden, accepted, false), isNew };
    });
  });
  const jobs = held.jobs === undefined ? null : Number(held.jobs);
  if (jobs !== null && !(Number.isInteger(jobs) && jobs > 0)) {
    throw new UsageError('suite', `${path}: jobs: a whole number of at least 1`);
  }
  return { cases: refuseIdle(cases, path), acceptedPath, jobs };
}

/** Every file below a folder, or each of the paths; what is no capture is skipped only where it was not named. */
export async function suiteOf(paths: readonly string[], options: SuiteOptions): Promise<Suite> {
  const accepted = await readAccepted(options.accepted);
  const cases = paths.flatMap((path) => {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const files = captureFiles(isFolder ? filesBelow(path) : [path]);
    return files.map((file) => {
      const name = isFolder ? relative(path, file) : file;
      const golden = goldenOf(options.goldens, name, options.isUpdate);
      const isNew = options.isUpdate && golden !== null && !existsSync(golden);
      return {
        ...caseOf(name, { ...options.input, paths: [file] }, options.parser, golden, accepted, isFolder),
        isNew,
      };
    });
  });
  const beside = paths.find(isExpectation);
  if (cases.length === 0 && beside !== undefined) {
    const text = 'says what is expected of a saved case: name the capture beside it:';
    throw new UsageError('suite', `${beside} ${text} ${captureOf(beside)}`);
  }
  return { cases: refuseIdle(cases, paths.join(', ')), acceptedPath: options.accepted, jobs: null };
}

/** What came of an update: in words, and the reports that are no failure any more. */
export interface SuiteUpdate {
  readonly done: readonly string[];
  readonly settled: ReadonlySet<CheckReport>;
}

/** That of nothing. */
export const noUpdate: SuiteUpdate = { done: [], settled: new Set() };

/** Makes golden records of what differs or is new, and accepts the causes of the rest. */
export async function updateSuite(
  { cases, acceptedPath }: Suite,
  reports: readonly CheckReport[],
): Promise<SuiteUpdate> {
  const done: string[] = [];
  const settled = new Set<CheckReport>();
  for (const { golden, input, name, isOptional } of cases) {
    const report = reports.find((one) => one.name === name && one.against === golden);
    if (golden === null || report === undefined || report.verdict === 'pass') continue;
    const isMissing = !existsSync(golden);
    if (report.verdict !== 'differs' && !isMissing) continue;
    // What its parser found no message in has no record either.
    const isEmpty = reports.some((one) => one.name === name && one.against !== golden && one.verdict === 'skipped');
    if (isOptional && isEmpty) continue;
    makeFolder(dirname(golden));
    try {
      const { messages } = await makeGolden(input, golden, { full: existsSync(`${golden}.ndjson.gz`) });
      done.push(`${golden}: ${isMissing ? 'made' : 'made again'}, ${messages} messages`);
      settled.add(report);
    } catch (error) {
      if (!isOptional || !isForeign(error)) throw error;
    }
  }
  const causes = await readAccepted(acceptedPath);
  let count = 0;
  for (const report of reports) {
    const { name, against, verdict, divergences } = report;
    if (cases.some(({ golden }) => golden === against) || (verdict !== 'differs' && verdict !== 'short')) continue;
    if (divergences.causes.length === 0) {
      done.push(`${name}: not accepted: wrong reports of a saved case are the parser’s to mend`);
      continue;
    }
    settled.add(report);
    const known = causes.get(name) ?? new Set<string>();
    for (const { cause } of divergences.causes) known.add(cause);
    causes.set(name, known);
    count += divergences.causes.length;
  }
  if (count === 0) return { done, settled };
  if (acceptedPath === null) throw new UsageError('update', '--update wants --accepted FILE, to keep what is accepted');
  const { stringify } = await import('yaml');
  const plain = Object.fromEntries([...causes].sort().map(([name, known]) => [name, [...known].sort()]));
  try {
    writeFileSync(acceptedPath, stringify(plain));
  } catch (error) {
    throw unwritable(acceptedPath, error);
  }
  return { done: [...done, `${acceptedPath}: ${count} causes accepted`], settled };
}

async function parserOf(given: unknown, path: string, folder: string): Promise<ParserSpec | null> {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'string') return parserSpecFrom(given, `${path}: parser`, folder);
  const isFile = !/\s/.test(given) && existsSync(resolve(folder, given));
  return { ...(await parserSpecOf(isFile ? resolve(folder, given) : given)), ...(isFile ? {} : { folder }) };
}

function inputOf(
  held: Readonly<Record<string, unknown>>,
  path: string,
  folder: string,
  base: Omit<InputSpec, 'paths'>,
): Omit<InputSpec, 'paths'> {
  const protocol = textOf(held.protocol, `${path}: protocol`);
  if (protocol !== null && !['itch50', 'mdp3', 'none'].includes(protocol)) {
    throw new UsageError('suite', `${path}: protocol: one of itch50, mdp3, none`);
  }
  const templates = listOf(held.templates, `${path}: templates`).map((text) => resolve(folder, text));
  const channels = textOf(held.channels, `${path}: channels`);
  const date = textOf(held.date, `${path}: date`);
  return {
    ...base,
    ...(protocol === null ? {} : { protocol: protocol as ProtocolChoice }),
    ...(date === null ? {} : { date }),
    ...(templates.length === 0 ? {} : { templates }),
    ...(channels === null ? {} : { channels: resolve(folder, channels) }),
    ...(held.recover === undefined ? {} : { recover: held.recover === true }),
    ...(held['frame-by-type'] === undefined ? {} : { frameByType: held['frame-by-type'] === true }),
  };
}

function caseOf(
  name: string,
  input: InputSpec,
  parser: ParserSpec | null,
  golden: string | null,
  accepted: ReadonlyMap<string, ReadonlySet<string>>,
  isOptional: boolean,
): CheckCase {
  const known = accepted.get(name) ?? new Set<string>();
  return { name, input: inputSpecOf(input), parser, golden, accepted: known, isOptional };
}

/** A capture's record; null where there is none, unless it is about to be made. */
function goldenOf(goldens: string | null, name: string, isUpdate: boolean): string | null {
  if (goldens === null) return null;
  const path = join(goldens, `${name}.golden`);
  return isUpdate || existsSync(path) ? path : null;
}

function refuseIdle(cases: readonly CheckCase[], path: string): readonly CheckCase[] {
  if (cases.length === 0) throw new UsageError('suite', `${path}: there is no capture`);
  if (cases.some(({ parser, golden }) => parser !== null || golden !== null)) return cases;
  const text = 'there is nothing to hold the captures against: name a parser, or a folder of golden records';
  throw new UsageError('suite', `${path}: ${text} (--update makes them)`);
}

async function readAccepted(path: string | null): Promise<Map<string, Set<string>>> {
  if (path === null || !existsSync(path)) return new Map();
  const held = holderOf(await readYaml(path), path);
  return new Map(Object.entries(held).map(([name, causes]) => [name, new Set(listOf(causes, `${path}: ${name}`))]));
}

/** Relative where it is below the working folder. */
function shownPath(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') || below === '' ? path : below;
}

/** All but what says how a saved mutation is to be judged, which is read with its capture. */
function captureFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => !isExpectation(path));
}

function filesBelow(folder: string): string[] {
  const found = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  if (found.length > mostFiles) throw new UsageError('suite', `${folder} has more than ${mostFiles} files`);
  return found.sort();
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw unwritable(folder, error);
  }
}
