/** The target `inproc:ring`: a worker that polls a ring and decodes every message, as a user's own worker would. */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { InputSpec } from '../analysis/input.js';
import type { BasedClock } from '../core/clock.js';
import { SinkError } from '../core/errors.js';
import type { HistogramSummary } from '../core/histogram.js';
import { createRing, RingWriter } from '../core/ring.js';
import { RingSink } from '../replay/sinks.js';
import type { RingWorkerData, RingWorkerResult } from './ring-worker.js';
import type { OpenedTarget } from './sink-of.js';

const ringBytes = 16 << 20;
const workerScript = new URL('./ring-worker.js', import.meta.url);

/**
 * Starts the worker; the replay waits for it where the ring is full. A send to a worker that has died throws, and
 * `close` rejects with what it died of.
 */
export async function openRingTarget(
  input: InputSpec,
  clock: BasedClock,
  script = workerScript,
): Promise<OpenedTarget> {
  const memory = createRing(ringBytes);
  const { port1: flows, port2 } = new MessageChannel();
  const workerData: RingWorkerData = { memory, base: clock.base, input, flows: port2 };
  const worker = new Worker(script, { workerData, transferList: [port2] });
  let stall: unknown;
  let failure: unknown;
  const died = new Promise<never>((_, reject) => {
    const fail = (error: unknown): void => {
      failure ??= error;
      reject(error);
    };
    worker.once('error', fail);
    worker.once('exit', (code) => {
      fail(stall ?? new SinkError('ring-worker', `the worker behind the ring ended early, with code ${code}`));
    });
  });
  died.catch(() => {});
  const answer = <T>(): Promise<T> =>
    Promise.race([new Promise<T>((resolve) => worker.once('message', resolve)), died]);
  await answer<'ready'>();
  const finished = answer<RingWorkerResult>();
  finished.catch(() => {});
  const sink = new RingSink(new RingWriter(memory, { full: 'wait' }), clock, (flow) => flows.postMessage(flow));
  let result: RingWorkerResult | undefined;
  return {
    sink: {
      send(view, offset, length, scheduledNs, flow) {
        if (failure !== undefined) throw failure;
        try {
          sink.send(view, offset, length, scheduledNs, flow);
        } catch (error) {
          stall = error;
          throw error;
        }
        // A ring that is waited for drops only where its reader has closed.
        if (sink.dropped > 0) throw new SinkError('ring-closed', 'the worker behind the ring has stopped reading');
      },
      async close() {
        await sink.close();
        // A worker that hangs never answers; one that died has its own error on the way.
        if (stall !== undefined) await worker.terminate();
        try {
          result ??= await finished;
        } finally {
          flows.close();
        }
      },
    },
    counters: () => ({ ...result?.counters, ringDropped: sink.dropped }),
    histograms: (): Record<string, HistogramSummary> => result?.histograms ?? {},
    errors: () => ({}),
  };
}
