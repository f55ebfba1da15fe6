/** How a parser under test fared, beside what it said: ended well, crashed, hung, wrote rubbish or too much. */
import type { ChildResult } from '../io/child-process.js';

/**
 * `ok`: it came to its end. `crash`: it threw, ended with a code or by a signal. `hang`: it was silent for too long.
 * `memory`: it took more than it may. `rubbish`: part of what it wrote cannot be read. `flood`: it went on writing.
 */
export type ParserVerdict = 'ok' | 'crash' | 'hang' | 'memory' | 'rubbish' | 'flood' | 'not-started';

export interface ParserOutcome {
  readonly verdict: ParserVerdict;
  /** What happened; '' where all is well. */
  readonly message: string;
  /** The last of its standard error; '' where there is none. */
  readonly errorText: string;
  readonly peakMemoryBytes: number;
}

export const okOutcome: ParserOutcome = { verdict: 'ok', message: '', errorText: '', peakMemoryBytes: 0 };

/** What the end of a program says; `floodText` where it was ended for writing on and on. */
export function outcomeOf(result: ChildResult, silenceMs: number, floodText: string | null): ParserOutcome {
  const { code, signal, ending, failure, errorText, peakMemoryBytes } = result;
  const base = { errorText: errorText.trimEnd(), peakMemoryBytes };
  if (failure !== null) return { ...base, verdict: 'not-started', message: `could not be started: ${failure}` };
  if (floodText !== null) return { ...base, verdict: 'flood', message: floodText };
  if (ending === 'timeout') {
    return { ...base, verdict: 'hang', message: `neither read nor wrote for ${silenceMs} ms, and was ended` };
  }
  if (ending === 'memory')
    return { ...base, verdict: 'memory', message: 'took more memory than it may, and was ended' };
  if (ending === 'stopped') return { ...base, verdict: 'ok', message: '' };
  if (signal !== null) return { ...base, verdict: 'crash', message: `was ended by ${signal}` };
  return code === 0
    ? { ...base, verdict: 'ok', message: '' }
    : { ...base, verdict: 'crash', message: `ended with code ${code}` };
}
