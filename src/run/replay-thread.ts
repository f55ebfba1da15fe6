/** A replay on a thread of its own, so that the caller's stays live while packets are paced. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { isStandardInput } from '../analysis/input.js';
import * as errors from '../core/errors.js';
import { ReplayControl } from '../replay/control.js';
import { RemoteCommander } from './command-queue.js';
import type { ReplayOutcome, ReplaySpec } from './replay-spec.js';

/** What the worker is given; `port` brings it commands. */
export interface ReplayWorkerData {
  spec: ReplaySpec;
  memory: SharedArrayBuffer;
  port: MessagePort | null;
}

/** A commander of a run to come, and what the run is to be given. */
export interface SteeringPort {
  commander: RemoteCommander;
  far: MessagePort;
}

/** Makes what `runReplayThread` takes so that the run can be told what to do while it plays. */
export function steeringPort(control: ReplayControl): SteeringPort {
  const { port1, port2 } = new MessageChannel();
  return { commander: new RemoteCommander(port1, control), far: port2 };
}

/** What the worker posts: what it waits for, as text, and when it is done. */
export type WorkerAnswer =
  | { said: string }
  | { outcome: ReplayOutcome }
  | { failure: { name: string; code: string | null; message: string } };

/**
 * Runs the replay in a worker; watch and stop it through `control`. Rejects as `runReplay` does. `say` is told, as a
 * line of text, what the run waits for before it begins.
 */
export function runReplayThread(
  spec: ReplaySpec,
  control = new ReplayControl(),
  say: (text: string) => void = () => {},
  steering: SteeringPort | null = null,
): Promise<ReplayOutcome> {
  const port = steering?.far ?? null;
  const worker = new Worker(new URL('./replay-worker.js', import.meta.url), {
    workerData: { spec, memory: control.memory, port } satisfies ReplayWorkerData,
    transferList: port === null ? [] : [port],
    stdin: spec.input.paths.some(isStandardInput),
  });
  const { stdin } = worker;
  if (stdin !== null) {
    // A reader that has seen enough closes its end.
    stdin.on('error', () => {});
    process.stdin.pipe(stdin);
  }
  const answer = new Promise<ReplayOutcome>((resolve, reject) => {
    worker.on('message', (answer: WorkerAnswer) => {
      if ('said' in answer) say(answer.said);
      else if ('outcome' in answer) resolve(answer.outcome);
      else reject(revive(answer.failure));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the replay thread ended early, with code ${code}`)));
  });
  return answer.finally(() => {
    steering?.commander.end();
    if (stdin !== null) process.stdin.unpipe(stdin).destroy();
  });
}

function revive(failure: { name: string; code: string | null; message: string }): Error {
  if (failure.code === null) return new Error(failure.message);
  const known = (errors as Record<string, typeof errors.TickreelError>)[failure.name];
  return new (known ?? errors.TickreelError)(failure.code, failure.message);
}
