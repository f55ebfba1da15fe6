/** The other thread of `itch-workers`: works in every run as soon as its number is told. */
import { parentPort, workerData } from 'node:worker_threads';
import { chunkReader, sharedChunks, type WorkerMemory } from './workers.js';

const memory = workerData as WorkerMemory;
const chunks = sharedChunks(memory);
const reader = chunkReader(memory);
const run = new Int32Array(memory.run);
parentPort?.postMessage('ready');
for (let number = 0; ; number++) {
  Atomics.wait(run, 0, number);
  chunks.work(reader);
}
