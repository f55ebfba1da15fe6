/** Many captures, several at a time: each held against the parser, its golden record, or both. */
import type { InputSpec } from '../analysis/input.js';
import { CaptureError, TickreelError } from '../core/errors.js';
import { type CheckOptions, type CheckReport, emptyReport } from './check-spec.js';
import { checkGolden } from './golden-check.js';
import { inTurn } from './in-turn.js';
import { checkSaved } from './mutations/case.js';
import { hasExpectation } from './mutations/expectation.js';
import { endIdleModules } from './parser-module.js';
import type { ParserSpec } from './parser-spec.js';

/** One capture and what it is held against: one report for each that is not null. */
export interface CheckCase {
  readonly name: string;
  readonly input: InputSpec;
  readonly parser: ParserSpec | null;
  /** Path of its golden record. */
  readonly golden: string | null;
  /** Causes that are accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Met in a folder: skipped where it is no capture. */
  readonly isOptional: boolean;
  /** Whether its golden record is yet to be made, so that it is no failure where there is none. */
  readonly isNew?: boolean;
}

export interface RunCasesOptions {
  jobs: number;
  limit?: number;
  /** Asked before each case and behind it: true begins no other, and leaves out what was under way. */
  isStopped?: () => boolean;
  /** Told of each report as it comes, in the order of the cases. */
  onReport?: (report: CheckReport) => void;
  onProgress?: (progress: { done: number; cases: number; messages: number }) => void;
}

/** Runs them all; resolves with the reports in the order of the cases, whatever became of any. */
export async function runCases(cases: readonly CheckCase[], options: RunCasesOptions): Promise<CheckReport[]> {
  const { jobs, limit, isStopped = () => false, onReport } = options;
  let done = 0;
  let messages = 0;
  const tell = (): void => options.onProgress?.({ done, cases: cases.length, messages });
  const work = async (one: CheckCase): Promise<CheckReport[]> => {
    let seen = 0;
    const onProgress = (count: number): void => {
      messages += count - seen;
      seen = count;
      tell();
    };
    const reports = await runCase(one, { onProgress, isStopped, ...(limit === undefined ? {} : { limit }) });
    // Its parser was ended with us, but for one that goes on running: what it counted until then is told.
    if (isStopped()) return reports.filter(({ verdict }) => verdict === 'skipped');
    done++;
    tell();
    return reports;
  };
  const onResult = (reports: CheckReport[]): void => {
    for (const report of reports) onReport?.(report);
  };
  try {
    const results = await inTurn(cases, jobs, work, { onResult, isStopped });
    return results.flat();
  } finally {
    await endIdleModules();
  }
}

async function runCase(
  { name, input, parser, golden, accepted, isOptional, isNew = false }: CheckCase,
  common: Pick<CheckOptions, 'limit' | 'onProgress' | 'isStopped'>,
): Promise<CheckReport[]> {
  const options = { input, name, accepted, ...common };
  const isSaved = input.paths.some(hasExpectation);
  const reports: CheckReport[] = [];
  const attempt = async (against: string, check: () => Promise<CheckReport>): Promise<void> => {
    try {
      const made = await check();
      const report = isSaved ? { ...made, damage: { ...made.damage, isMeant: true } } : made;
      // A saved case of no message has passed: its parser left it alone, as it is to.
      const isEmpty = isOptional && !isSaved && report.verdict === 'pass' && report.counts.left === 0;
      reports.push(isEmpty ? { ...report, verdict: 'skipped', message: 'no message that we can read' } : report);
    } catch (error) {
      reports.push(failedReport(error, name, input, against, isOptional));
    }
  };
  if (parser !== null) await attempt(parser.name, () => checkSaved(parser, options));
  if (golden !== null && isNew) {
    reports.push(emptyReport(name, input.paths, golden, 'skipped', 'there is no such record yet'));
  } else if (golden !== null && reports[0]?.verdict !== 'skipped') {
    await attempt(golden, () => checkGolden(golden, options));
  }
  return reports;
}

function failedReport(
  error: unknown,
  name: string,
  { paths }: InputSpec,
  against: string,
  isOptional: boolean,
): CheckReport {
  if (!(error instanceof TickreelError)) throw error;
  return emptyReport(name, paths, against, isOptional && isForeign(error) ? 'skipped' : 'error', error.message);
}

/** Whether an error says that a file is no capture. */
export function isForeign(error: unknown): boolean {
  return error instanceof CaptureError && foreign.has(error.code);
}

/** Codes of files that are no captures. */
const foreign = new Set(['unknown-format', 'empty', 'binaryfile-framing']);
