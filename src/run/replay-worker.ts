/** The worker thread of a replay: runs it and posts the outcome, or the error as plain data. */
import { parentPort, workerData } from 'node:worker_threads';
import { TickreelError } from '../core/errors.js';
import { ReplayControl } from '../replay/control.js';
import { PortCommands } from './command-queue.js';
import { runReplay } from './replay.js';
import type { ReplayWorkerData, WorkerAnswer } from './replay-thread.js';

const { spec, memory, port } = workerData as ReplayWorkerData;
const control = new ReplayControl(memory);

void run();

async function run(): Promise<void> {
  try {
    const outcome = await runReplay(spec, {
      control,
      ...(port === null ? {} : { commands: new PortCommands(port, control) }),
      say: (said) => parentPort?.postMessage({ said } satisfies WorkerAnswer),
    });
    parentPort?.postMessage({ outcome } satisfies WorkerAnswer);
  } catch (error) {
    const { name, message, stack } = error as Error;
    const code = error instanceof TickreelError ? error.code : null;
    parentPort?.postMessage({ failure: { name, code, message: code === null ? (stack ?? message) : message } });
  }
}
