/** The target `inproc:ring`: a worker that polls a ring and decodes every message, as a user's own worker would. */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { InputSpec } from '../analysis/input.js';
import type { MonotonicClock } from '../core/clock.js';
import type { HistogramSummary } from '../core/histogram.js';
import { createRing, RingWriter } from '../core/ring.js';
import { RingSink } from '../replay/sinks.js';
import type { RingWorkerData, RingWorkerResult } from './ring-worker.js';
import type { OpenedTarget } from './sink-of.js';

const ringBytes = 16 << 20;

/** Starts the worker; the replay waits for it where the ring is full. */
export async function openRingTarget(input: InputSpec, clock: MonotonicClock): Promise<OpenedTarget> {
  const memory = createRing(ringBytes);
  const { port1: flows, port2 } = new MessageChannel();
  const workerData: RingWorkerData = { memory, base: clock.base, input, flows: port2 };
  const worker = new Worker(new URL('./ring-worker.js', import.meta.url), { workerData, transferList: [port2] });
  const answer = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
  await answer<'ready'>();
  const finished = answer<RingWorkerResult>();
  finished.catch(() => {});
  const sink = new RingSink(new RingWriter(memory, { full: 'wait' }), clock, (flow) => flows.postMessage(flow));
  let result: RingWorkerResult | undefined;
  return {
    sink: {
      send: (view, offset, length, scheduledNs, flow) => sink.send(view, offset, length, scheduledNs, flow),
      async close() {
        await sink.close();
        result ??= await finished;
        flows.close();
      },
    },
    counters: () => ({ ...result?.counters, ringDropped: sink.dropped }),
    histograms: (): Record<string, HistogramSummary> => result?.histograms ?? {},
    errors: () => ({}),
  };
}
