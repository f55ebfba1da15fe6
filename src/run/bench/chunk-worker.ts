/** One of the other threads of a stage by several: works in every run as soon as its number is told. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadProtocols } from '../../analysis/protocols.js';
import { type SharedJob, SharedRegions } from './shared-stage.js';

const job = workerData as SharedJob;
const shared = new SharedRegions(job, loadProtocols(job.input));
const run = new Int32Array(job.run);
parentPort?.postMessage('ready');
for (let number = 0; ; number++) {
  Atomics.wait(run, 0, number);
  shared.work();
}
