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
  'read a file of more than 16 MiB by so many threads (default, with two processors: 2 to convert more than 64 MiB, ' +
  'decode more than 256 MiB, inspect, count or look for a symbol or time in more than 2 GiB; compressed an eighth)';
/**
 * Unasked, a second thread is started where it saves time: what each compiles and loads for itself takes as long as
 * counting half a gigabyte. (Of the length of a file half, for as much has to follow.)
 */
const unaskedStartBytes: Readonly<Record<StageSpec['kind'], number>> = {
  copy: 2 ** 25,
  text: 2 ** 27,
  count: 2 ** 30,
  none: 2 ** 30,
};

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
  return { ...threadCount(flags, stage.kind), stage, ...options };
}

/** How many are asked for, else two for files that are long enough for what is done with them. */
export function threadCount(
  { threads: asked }: ThreadsFlags,
  kind: StageSpec['kind'],
): Pick<ThreadsOptions, 'threads' | 'startBytes'> {
  if (asked !== undefined) return { threads: asked };
  return { threads: defaultThreads(), startBytes: unaskedStartBytes[kind] };
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
