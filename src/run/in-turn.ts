/** Work on many things, several at a time, told of in their order. */

/** However many are asked for. */
const mostJobs = 256;

export interface InTurnOptions<R> {
  /** Told of each result, in the order of the things, as soon as those before it are there. */
  onResult?: (result: R) => void;
  /** Asked before each: true begins no other. */
  isStopped?: () => boolean;
}

/**
 * Resolves with a result for each thing that was begun, in their order; rejects with what the first piece of work that
 * fails does, once those under way have ended.
 */
export async function inTurn<T, R>(
  things: Iterable<T>,
  jobs: number,
  work: (thing: T, index: number) => Promise<R>,
  { onResult, isStopped }: InTurnOptions<R> = {},
): Promise<R[]> {
  const all = things[Symbol.iterator]();
  const results: { result: R }[] = [];
  let [begun, told] = [0, 0];
  let failure: { error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    while (failure === null && isStopped?.() !== true) {
      const { value, done } = all.next();
      if (done === true) return;
      const index = begun++;
      try {
        results[index] = { result: await work(value, index) };
        for (let ready = results[told]; ready !== undefined; ready = results[++told]) onResult?.(ready.result);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(mostJobs, Math.max(1, jobs)) }, worker));
  if (failure !== null) throw (failure as { error: unknown }).error;
  return results.slice(0, begun).map(({ result }) => result);
}
