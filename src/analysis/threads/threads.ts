/** Whether an input is read by several threads, and what is told of it. */
import type { CaptureFile } from '../../io/open-capture.js';
import type { InputSpec } from '../input.js';
import type { StageSeed, StageSpec } from './part.js';
import type { MakerOf } from './part-makers.js';

/** How an input is read by threads. */
export interface ThreadsOptions {
  /** In all, the one that asks among them. */
  readonly threads: number;
  readonly stage: StageSpec;
  /** What was learned so far that lines hang on, all symbols among it; absent where the stage needs nothing. */
  readonly seed?: () => StageSeed | null;
  /** What is asked of the run that only one thread can do, as it is told; null where nothing is. */
  readonly hindrance?: string | null;
  /** Who makes what the stage asks for, and the script of a thread that does; those of `decode` where absent. */
  readonly makers?: { readonly makerOf: MakerOf; readonly script: URL };
  /** Start other threads behind so many bytes, where as many follow or it is not known; `startBytes` where absent. */
  readonly startBytes?: number;
  /** Cut parts of so many bytes at least; by what is done with them where absent. */
  readonly partBytes?: number;
  /** Read parts ahead on this thread where no other has answered yet, even without any: for tests. */
  readonly readsAhead?: boolean;
}

/** What became of it. */
export interface ThreadsReport {
  /** Threads that took part. */
  threads: number;
  /** Parts that other threads, or this one ahead of time, had read when their turn came, and all others. */
  partsAhead: number;
  partsInTurn: number;
  /** Why there was one thread, or why there was one from some part on; null where nothing was in the way. */
  reason: string | null;
}

/** A file has to be twice as long as this for threads to be worth their start; a compressed one a fourth. */
export const startBytes = 8_388_608;

/** The most threads that are of use: one of them goes through all parts in order. */
export const maxThreads = 64;

/** What of an input keeps it with one thread; null where nothing does. */
export function hindranceOf(spec: InputSpec): string | null {
  if (spec.paths.length > 1) return 'several captures are merged by their stamps';
  if (spec.recover) return '--recover looks for packets behind damage';
  if (spec.frameByType) return '--frame-by-type frames by the types of messages';
  return null;
}

/** What of the file does. */
export function refusalOf(
  { kind, sizeBytes, compression }: Pick<CaptureFile, 'kind' | 'sizeBytes' | 'compression'>,
  { stage, startBytes: first = startBytes }: ThreadsOptions,
): string | null {
  const least = compression === 'none' ? 2 * first : first / 4;
  if (sizeBytes !== null && sizeBytes < least) return 'the file is too short to gain by more';
  if (kind === 'messages' && stage.kind === 'none') return 'the messages of a BinaryFILE are found at once';
  return null;
}
