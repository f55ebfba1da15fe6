/** The worker of `inproc:ring`: polls, decodes, measures the hop and its own handler, posts its figures at the end. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { InputSpec } from '../analysis/input.js';
import { loadProtocols } from '../analysis/protocols.js';
import type { ClockBase } from '../core/clock.js';
import { type HistogramSummary, initHistograms } from '../core/histogram.js';
import { RingReader } from '../core/ring.js';
import type { Flow } from '../core/seams.js';
import { openClock } from '../io/native/native-clock.js';
import { waitedForCpuNs } from '../io/thread-time.js';
import { LatencyRecorder } from '../replay/latency.js';
import { FeedHandler } from './feed-handler.js';
import { warmUpRing } from './ring-warm-up.js';

export interface RingWorkerData {
  memory: SharedArrayBuffer;
  base: ClockBase;
  input: InputSpec;
  /** Brings each flow before its first record. */
  flows: MessagePort;
}

export interface RingWorkerResult {
  counters: Record<string, number>;
  histograms: Record<string, HistogramSummary>;
}

/** After so many empty polls in a row, about 10 ms of spinning, the worker sleeps until something comes. */
const pollsBeforeSleep = 200_000;
/** The longest single sleep, so that a wake-up that got lost costs no more. */
const longestSleepMs = 100;

const data = workerData as RingWorkerData;
const flows: Flow[] = [];

void run();

async function run(): Promise<void> {
  await initHistograms();
  const clock = openClock(data.base);
  const reader = new RingReader(data.memory);
  // However this thread ends, a writer must not wait for it.
  process.once('exit', () => reader.close());
  const protocols = loadProtocols(data.input);
  await warmUpRing(data.input, protocols);
  const handler = new FeedHandler(data.input, protocols);
  const recorder = new LatencyRecorder();
  const ringHop = recorder.add('ringHop');
  const handlerTime = recorder.add('handlerTime');
  const waitedBeforeNs = waitedForCpuNs();

  parentPort?.postMessage('ready');
  for (let idle = 0; !reader.done; ) {
    if (!reader.poll()) {
      if (++idle > pollsBeforeSleep) reader.sleep(longestSleepMs);
      continue;
    }
    idle = 0;
    const startNs = clock.nowNs();
    ringHop.record(startNs - reader.sentNs);
    handler.onDatagram(reader.view, reader.offset, reader.length, reader.scheduledNs, flowAt(reader.flowIndex));
    handlerTime.record(clock.nowNs() - startNs);
  }
  const waitedNs = waitedForCpuNs();
  const result: RingWorkerResult = {
    counters: {
      messagesDecoded: handler.messages - handler.unknown,
      messagesUnknown: handler.unknown,
      gaps: handler.gaps,
      ...(waitedNs === null || waitedBeforeNs === null ? {} : { ringWaitedForCpuNs: waitedNs - waitedBeforeNs }),
    },
    histograms: recorder.summaries(),
  };
  parentPort?.postMessage(result);
  data.flows.close();
}

function flowAt(index: number): Flow {
  while (flows[index] === undefined) {
    const flow = receiveMessageOnPort(data.flows)?.message as Flow | undefined;
    if (flow === undefined) throw new Error(`record of flow ${index}, which was never announced`);
    flows[flow.index] = flow;
  }
  return flows[index];
}
