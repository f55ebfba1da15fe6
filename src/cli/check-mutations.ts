/** `tickreel check --mutations`: its options, and what it prints. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { InputSpec } from '../analysis/input.js';
import { junitXml, tap } from '../compare/junit.js';
import { UsageError } from '../core/errors.js';
import { formatCounted } from '../core/time.js';
import { caseLines, caseResult, isGood } from '../run/check-text.js';
import { checkMutations, type MutationResult } from '../run/mutations/check.js';
import { endAllParsers } from '../run/parser-feed.js';
import { endIdleModules } from '../run/parser-module.js';
import type { ParserSpec } from '../run/parser-spec.js';
import { kindsNamed } from '../sim/mutations/kinds.js';
import { parseSeed } from './generate-spec.js';
import { defaultMutationSeed } from './mutation-options.js';
import { collect, count } from './options.js';
import type { Output } from './output.js';
import { writeReportFile } from './report-file.js';
import { stopOnSignal } from './signals.js';
import { finish, warn } from './summary.js';

export interface MutationCheckFlags {
  parser?: string;
  /** Options that a command needs to repeat a case, as they are typed. */
  optionsText?: string;
  mutations?: boolean;
  seed?: number | string;
  kind?: string[];
  count?: number;
  save?: string;
  jobs?: number;
  junit?: string;
  tap?: boolean;
  json?: boolean;
}

export function addMutationOptions(command: Command): Command {
  return command
    .optionsGroup('Mutations:')
    .option('--mutations', 'run the parser through mutations of the capture, each in a small capture of its own')
    .option('--kind <names>', 'only these kinds or layers (tickreel mutate --list); may repeat', collect)
    .option('--count <N>', 'cases of each kind (default: 1)', count(1))
    .option('--seed <SEED>', `a number or a text (default: ${defaultMutationSeed})`, parseSeed)
    .option('--save <folder>', 'save cases that fail there, made as small as they go');
}

/** Throws where options of mutations are given without them. */
export function refuseMutationOptions(flags: MutationCheckFlags): void {
  const given = (['kind', 'count', 'seed', 'save'] as const).find((name) => flags[name] !== undefined);
  if (given !== undefined && flags.mutations !== true) {
    throw new UsageError('check-mutations', `--${given} is of mutations: give --mutations too`);
  }
}

/** Runs them, and prints each case that fails and a line for all. */
export async function runMutationChecks(
  parser: ParserSpec,
  input: InputSpec,
  flags: MutationCheckFlags,
  output: Output,
): Promise<void> {
  const isQuiet = flags.tap === true || flags.json === true;
  let isStopped = false;
  const letGo = stopOnSignal(() => {
    isStopped = true;
    endAllParsers();
  });
  const results = await checkMutations({
    ...{ parser, input, seed: flags.seed ?? defaultMutationSeed, kinds: kindsNamed(flags.kind ?? []) },
    ...{ count: flags.count ?? 1, save: flags.save ?? null, parserText: flags.parser ?? parser.name },
    jobs: flags.jobs ?? availableParallelism(),
    isStopped: () => isStopped,
    optionsText: flags.optionsText ?? '',
    onResult: ({ report }) => {
      if (!isQuiet && report.verdict !== 'pass') for (const line of caseLines(report)) output.writeLine(line);
    },
  });
  letGo();
  await endIdleModules();
  const cases = results.map(({ report }) => caseResult(report));
  if (flags.json) output.writeLine(JSON.stringify({ mutations: results }));
  else if (flags.tap) output.write(tap(cases));
  else for (const line of [...skippedLines(results), totalOf(results)]) output.writeLine(line);
  const isWritten = flags.junit === undefined || writeReportFile(flags.junit, junitXml('tickreel check', cases));
  await output.end();
  const isNone = results.every(({ report }) => report.verdict === 'skipped') && !isStopped;
  if (isNone) warn('nothing was run: no packet of the capture has a place for what was asked, or can be shown with it');
  finish({
    failure: !isWritten || isNone,
    differs: results.some(({ report }) => !isGood(report.verdict)),
    interrupted: isStopped,
  });
}

/** Kinds that could not be shown to the parser, by the reason. */
function skippedLines(results: readonly MutationResult[]): string[] {
  const kinds = new Map<string, string[]>();
  for (const { report, label } of results) {
    if (report.verdict !== 'skipped') continue;
    kinds.set(report.message, [...(kinds.get(report.message) ?? []), label.kind]);
  }
  return [...kinds].map(
    ([why, names]) => `skipped  ${formatCounted(names.length, 'kind')}: ${why}: ${names.join(', ')}`,
  );
}

/** Such as `84 mutations: 80 passed, 2 differs, 1 crash, 1 hang`. */
function totalOf(results: readonly MutationResult[]): string {
  const counts = new Map<string, number>();
  for (const { report } of results) counts.set(report.verdict, (counts.get(report.verdict) ?? 0) + 1);
  const passed = counts.get('pass') ?? 0;
  const rest = [...counts].filter(([verdict]) => verdict !== 'pass').map(([verdict, times]) => `, ${times} ${verdict}`);
  return `${formatCounted(results.length, 'mutation')}: ${passed} passed${rest.join('')}`;
}
