/** The worker thread of a replay: runs it and posts the outcome, or the error as plain data. */
import { parentPort, workerData } from 'node:worker_threads';
import { TickreelError } from '../core/errors.js';
import { ReplayControl } from '../replay/control.js';
import { runReplay } from './replay.js';
import type { ReplaySpec } from './replay-spec.js';
import type { WorkerAnswer } from './replay-thread.js';

const { spec, control } = workerData as { spec: ReplaySpec; control: SharedArrayBuffer };

try {
  const outcome = await runReplay(spec, {
    control: new ReplayControl(control),
    say: (said) => parentPort?.postMessage({ said } satisfies WorkerAnswer),
  });
  parentPort?.postMessage({ outcome } satisfies WorkerAnswer);
} catch (error) {
  const { name, message, stack } = error as Error;
  const code = error instanceof TickreelError ? error.code : null;
  parentPort?.postMessage({ failure: { name, code, message: code === null ? (stack ?? message) : message } });
}
