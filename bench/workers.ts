/** Every field by two threads on one session in shared memory, each taking the next chunk that nobody has. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { controlBytes, itch50, SharedChunks } from 'tickreel';
import type { BenchCase, Run } from './cases.js';
import { checksum, checksumHandlers, resetChecksum } from './handlers.js';
import { sessionMessages } from './session.js';

/** How much of the file is a chunk: the library's own read size. */
const chunkBytes = 1_048_576;

/** The other thread's program, as it was built: tests run this file as it is written. */
const program = new URL('../dist/bench/decode-worker.js', import.meta.url.replace('/dist/bench/', '/bench/'));

/** What the other thread is given. */
export interface WorkerMemory {
  readonly bytes: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** The number of the run, from 1 on. */
  readonly run: SharedArrayBuffer;
}

export const workerCases: readonly BenchCase[] = [
  {
    name: 'itch-workers',
    about: 'the same as itch-decode-batch by two threads, chunks begun at guessed boundaries, each proven',
    input: 'session.NASDAQ_ITCH50',
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: async ({ bytes }) => {
      const memory: WorkerMemory = {
        bytes: new SharedArrayBuffer(bytes.length),
        control: new SharedArrayBuffer(controlBytes(bytes.length, chunkBytes)),
        run: new SharedArrayBuffer(4),
      };
      new Uint8Array(memory.bytes).set(bytes);
      const worker = new Worker(program, { workerData: memory });
      await once(worker, 'message');
      // It waits for runs for as long as the process is there.
      worker.unref();
      return twoThreads(memory);
    },
  },
];

function twoThreads(memory: WorkerMemory): Run {
  const chunks = sharedChunks(memory);
  const reader = chunkReader(memory);
  const run = new Int32Array(memory.run);
  return () => {
    // Another case's, where one process runs several.
    resetChecksum();
    chunks.begin();
    Atomics.add(run, 0, 1);
    Atomics.notify(run, 0);
    chunks.work(reader);
    chunks.waitFor(2);
    return chunks.settle(reader);
  };
}

/** The chunks as either thread sees them. */
export function sharedChunks({ bytes, control }: WorkerMemory): SharedChunks {
  return new SharedChunks(bytes.byteLength, chunkBytes, control);
}

/** Reads every field of a chunk in batches. */
export function chunkReader({ bytes }: WorkerMemory) {
  const view = new DataView(bytes);
  const counter = itch50.createBlockCounter();
  const decoder = itch50.createBatchDecoder({
    ...checksumHandlers,
    onUnknown: (_view, offset) => {
      throw new Error(`unknown message at ${offset}`);
    },
  });
  return {
    boundaryFrom: (from: number, end: number) => counter.boundaryFrom(view, from, end),
    read: (start: number, stop: number) => decoder.decodeBlocks(view, start, stop),
    takeSum() {
      const sum = checksum();
      resetChecksum();
      return sum;
    },
  };
}
