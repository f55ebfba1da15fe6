/** `--threads`: how many threads read a capture, and what `--verbose` tells of them. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { CaptureInput } from '../analysis/capture-input.js';
import type { StageSpec } from '../analysis/threads/part.js';
import { maxThreads, type ThreadsOptions } from '../analysis/threads/threads.js';
import { UsageError } from '../core/errors.js';
import { formatCounted } from '../core/time.js';
import { count, type FilterFlags, type WindowFlags } from './options.js';
import { warn } from './summary.js';

export interface ThreadsFlags {
  threads?: number;
  verbose?: boolean;
}

const threadsHelp =
  'read a file of more than 16 MiB by so many threads (default: 2, of more than 64 MiB and with two processors)';
/** Unasked, a thread is started for more: what it takes to start is hardly seen then. */
const unaskedStartBytes = 33_554_432;

export function addThreadsOptions(command: Command): Command {
  return command
    .optionsGroup('Threads:')
    .option('--threads <N>', threadsHelp, threads)
    .option('--verbose', 'say on standard error how many threads took part, and why not more');
}

/** How the threads share the work. */
export function threadsOf(
  flags: ThreadsFlags,
  stage: StageSpec,
  options: Pick<ThreadsOptions, 'seed' | 'hindrance'> = {},
): ThreadsOptions {
  return { ...threadCount(flags), stage, ...options };
}

/** How many are asked for, else two for long files. */
export function threadCount({ threads: asked }: ThreadsFlags): Pick<ThreadsOptions, 'threads' | 'startBytes'> {
  if (asked !== undefined) return { threads: asked };
  return { threads: defaultThreads(), startBytes: unaskedStartBytes };
}

/** Two threads, as long as there is a processor for each. */
export function defaultThreads(): number {
  return Math.min(2, availableParallelism());
}

/**
 * Whether a message's part in the output hangs on all before it: a window ends where a stamp says, and the locate codes
 * of symbols are learned. Then other threads find datagrams, and this one judges their messages.
 */
export function needsAllBefore({ from, until, symbol }: WindowFlags & FilterFlags): boolean {
  return from !== undefined || until !== undefined || symbol !== undefined;
}

/** Says what became of them, where that is asked for. */
export function sayThreads({ verbose }: ThreadsFlags, input: CaptureInput): void {
  if (verbose !== true) return;
  const { threads, partsAhead, partsInTurn, reason } = input.threads;
  const shared = partsAhead > 0 ? `; ${partsAhead} of ${partsAhead + partsInTurn} parts were read ahead` : '';
  warn(`${input.name}: ${formatCounted(threads, 'thread')}${shared}${reason === null ? '' : `: ${reason}`}`);
}

/** Reads the option; throws UsageError for more than there may be. */
export function threads(text: string): number {
  const value = count(1)(text);
  if (value > maxThreads) throw new UsageError('threads', `--threads ${text}: ${maxThreads} are the most`);
  return value;
}
