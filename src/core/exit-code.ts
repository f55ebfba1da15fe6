/** Exit codes: stable, documented in the README, and which one wins where several apply. */

export const exitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Part of the input could not be read; the rest was delivered. */
  damaged: 3,
  /** Sequence gaps, with `--strict`. */
  gaps: 4,
  /** The rate or the lateness asked for was not kept. */
  rateMissed: 5,
  /** A measurement is slower than its baseline. */
  slower: 6,
  /** Two sides that were compared are not the same: a diff, a golden record, a parser under test. */
  differs: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The first that applies of failure, differs, damaged, rate missed, slower, gaps, interrupted. */
export function worstExitCode(applies: {
  failure?: boolean;
  differs?: boolean;
  damaged?: boolean;
  rateMissed?: boolean;
  slower?: boolean;
  gaps?: boolean;
  interrupted?: boolean;
}): ExitCode {
  if (applies.failure) return exitCode.failure;
  if (applies.differs) return exitCode.differs;
  if (applies.damaged) return exitCode.damaged;
  if (applies.rateMissed) return exitCode.rateMissed;
  if (applies.slower) return exitCode.slower;
  if (applies.gaps) return exitCode.gaps;
  return applies.interrupted ? exitCode.interrupted : exitCode.ok;
}
