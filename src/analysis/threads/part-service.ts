/** The loop of a thread that reads parts of a capture, one after the other as they are posted. */
import { type MessagePort, workerData } from 'node:worker_threads';
import type { PartAnswer, PartJob, PartResult, PartSetup } from './part.js';
import { PartFront } from './part-front.js';
import type { MakerOf } from './part-makers.js';

/** Answers every part that is posted; to be called once, by the script of a thread. */
export function serveParts(makerOf: MakerOf): void {
  const { setup, port } = workerData as { setup: PartSetup; port: MessagePort };
  const front = new PartFront(setup, makerOf);
  port.on('message', (job: PartJob) => {
    const result = front.read(job);
    port.postMessage({ index: job.index, result } satisfies PartAnswer, result === null ? [] : memoryOf(result));
  });
}

/** What goes over to the other thread and is not copied; texts and records are in memory that both have. */
function memoryOf({ rows, judged }: PartResult): ArrayBuffer[] {
  const arrays: (Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | undefined)[] = [rows?.values, rows?.seconds];
  const { counted } = judged ?? {};
  if (counted) {
    const { span, feedLatencies, transactLatencies } = counted;
    const sides = [feedLatencies, transactLatencies].flatMap(({ positive, negative }) => [positive, negative]);
    arrays.push(span.bursts, ...sides.map(({ classes }) => classes));
  }
  return arrays.flatMap((array) => (array === undefined ? [] : array.buffer));
}
