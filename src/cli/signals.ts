/** What the commands do on SIGINT, SIGTERM and SIGHUP: come to an end and report. */
import { exitCode } from '../core/exit-code.js';

/** A stop that takes longer ends the process without a report, unless it is given longer. */
const stopWithinMs = 5000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls `stop` on the first SIGINT, SIGTERM or SIGHUP; a second one ends the process. Returns how to let go. What is
 * written into a pipe waits for its reader and hears no signal meanwhile: then the first one is to end the process as
 * ever.
 */
export function stopOnSignal(stop: () => void, isPiping = false, withinMs = stopWithinMs): () => void {
  if (isPiping) return () => {};
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) process.exit(exitCode.interrupted);
    isStopping = true;
    // Input that does not come, such as a named pipe without a writer, cannot be interrupted: it stays open till then.
    if (Number.isFinite(withinMs)) setTimeout(() => process.exit(exitCode.interrupted), withinMs).unref();
    stop();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
    // A pipe that was being read holds the process until its writer ends.
    if (isStopping) process.stdin.destroy();
  };
}
