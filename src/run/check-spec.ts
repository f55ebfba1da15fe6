/** What `check` is asked, and what it reports of one capture: stable keys, units in their names. */
import type { FileDamage } from '../analysis/damage-log.js';
import type { InputSpec } from '../analysis/input.js';
import type { ComparisonCounts } from '../compare/comparison.js';
import type { Divergence, DivergenceCause } from '../compare/divergence.js';
import type { ParserReports } from '../compare/reports.js';
import type { ParserVerdict } from './parser-outcome.js';

/**
 * `pass`; `skipped`: a file that is no capture, met in a folder, or what was stopped; `differs`: the parser says
 * otherwise than we do, or than the golden record; `short`: it says the same and ends early; `error`: the capture or
 * the golden record cannot be read; else what became of the parser.
 */
export type CheckVerdict = 'pass' | 'skipped' | 'differs' | 'short' | 'error' | Exclude<ParserVerdict, 'ok'>;

/** One count of a program that is only counted. */
export interface CountedPart {
  /** `messages`, `packets`, or a type and its name. */
  readonly name: string;
  readonly expected: number;
  readonly counted: number;
}

/** One capture, held against a parser or a golden record. */
export interface CheckReport {
  readonly name: string;
  readonly captures: readonly string[];
  /** What it was held against. */
  readonly against: string;
  readonly verdict: CheckVerdict;
  /** What there is to say in one line; '' where all is well. */
  readonly message: string;
  readonly counts: ComparisonCounts;
  /** Of a program that is only counted: its counts, none where they could not be read; `counts` are of this unit. */
  readonly counted: { readonly unit: 'messages' | 'packets'; readonly parts: readonly CountedPart[] } | null;
  /** Gaps and rejections that the parser reported; null of one that can report none. */
  readonly reports: ParserReports | null;
  readonly divergences: {
    /** Messages that diverge. */
    readonly total: number;
    /** Of causes that were accepted before. */
    readonly accepted: number;
    readonly causes: readonly DivergenceCause[];
    readonly first: Divergence | null;
    readonly kept: readonly Divergence[];
  };
  /** Messages before and behind the first divergence, in short; `-1` before the one at hand, which is 0. */
  readonly around: readonly { readonly distance: number; readonly text: string }[];
  /**
   * Damage of the capture itself, which is told and is no failure of the parser; `isMeant`: the capture is a saved case
   * of a mutation, which is damaged on purpose.
   */
  readonly damage: { readonly total: number; readonly kept: readonly FileDamage[]; readonly isMeant?: boolean };
  /** The last of the parser's standard error; '' where it wrote none. */
  readonly errorText: string;
  readonly peakMemoryBytes: number;
  readonly seconds: number;
}

export interface CheckOptions {
  input: InputSpec;
  name?: string;
  /** Divergences kept in full. */
  limit?: number;
  /** Causes that are known and accepted, as reports call them. */
  accepted?: ReadonlySet<string>;
  onProgress?: (messages: number) => void;
  /** Asked now and then: true leaves off, and what is then reported is of no use unless it is `skipped`. */
  isStopped?: () => boolean;
}

/** Damage that a report keeps. */
export const keptDamage = 20;

/** The report of what could not be held against anything. */
export function emptyReport(
  name: string,
  captures: readonly string[],
  against: string,
  verdict: CheckVerdict,
  message: string,
): CheckReport {
  return {
    name,
    captures,
    against,
    verdict,
    message,
    counts: { left: 0, right: 0, paired: 0, same: 0, missing: 0, extra: 0, duplicates: 0, reordered: 0, changed: 0 },
    counted: null,
    reports: null,
    divergences: { total: 0, accepted: 0, causes: [], first: null, kept: [] },
    around: [],
    damage: { total: 0, kept: [] },
    errorText: '',
    peakMemoryBytes: 0,
    seconds: 0,
  };
}

/** What of the causes was accepted before, and whether that is all of them. */
export function acceptedOf(causes: readonly DivergenceCause[], known: ReadonlySet<string> = new Set()) {
  const accepted = causes.filter(({ cause }) => known.has(cause));
  const count = accepted.reduce((sum, one) => sum + one.count, 0);
  return { accepted: count, isAccepted: accepted.length === causes.length };
}
