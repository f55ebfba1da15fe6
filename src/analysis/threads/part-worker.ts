/** A thread that reads parts of a capture, one after the other as they are posted. */
import { type MessagePort, workerData } from 'node:worker_threads';
import type { PartAnswer, PartJob, PartSetup } from './part.js';
import { PartFront } from './part-front.js';

const { setup, port } = workerData as { setup: PartSetup; port: MessagePort };
const front = new PartFront(setup);

port.on('message', (job: PartJob) => {
  const result = front.read(job);
  const text = result?.judged?.written?.text.buffer;
  const rows = result === null ? [] : [result.rows.buffer, result.seconds.buffer];
  const transfer = text === undefined ? rows : [...rows, text];
  port.postMessage({ index: job.index, result } satisfies PartAnswer, transfer as ArrayBuffer[]);
});
