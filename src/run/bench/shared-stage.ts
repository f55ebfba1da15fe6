/** Stages by several threads: the messages in memory, chunk by chunk, each thread taking the next that nobody has. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { InputSpec } from '../../analysis/input.js';
import type { Protocols } from '../../analysis/protocols.js';
import { type ChunkReader, controlBytes, SharedChunks } from '../../core/shared-chunks.js';
import { itch50 } from '../../protocol/itch50/index.js';
import { regionReader } from './decode-stage.js';
import type { Region } from './sample.js';
import type { PreparedStage, StageContext } from './stages.js';

/** Long enough that taking one costs nothing, and short enough that threads end together. */
const chunkBytes = 1 << 18;

/** What threads over the same regions share; posted to them as it is. */
export interface SharedJob {
  readonly input: InputSpec;
  readonly regions: readonly Region[];
  /** Of each region, as `SharedChunks` has it. */
  readonly controls: readonly SharedArrayBuffer[];
  /** The number of the run, from 1 on. */
  readonly run: SharedArrayBuffer;
}

/** Every field by `threads` threads, this one among them; the others end with it. */
export async function sharedDecode(
  { input, sample, protocols }: StageContext,
  threads: number,
): Promise<PreparedStage> {
  const { regions } = sample;
  const controls = regions.map(({ byteCount }) => new SharedArrayBuffer(controlBytes(byteCount, chunkBytes)));
  const job: SharedJob = { input, regions, controls, run: new SharedArrayBuffer(4) };
  const others = Array.from({ length: threads - 1 }, () => {
    return new Worker(new URL('./chunk-worker.js', import.meta.url), { workerData: job });
  });
  await Promise.all(others.map((worker) => once(worker, 'message')));
  const shared = new SharedRegions(job, protocols);
  const run = new Int32Array(job.run);
  return {
    run() {
      shared.begin();
      Atomics.add(run, 0, 1);
      Atomics.notify(run, 0);
      shared.work();
      return shared.settle(threads);
    },
  };
}

/** The regions as one of the threads has them. */
export class SharedRegions {
  private readonly parts: { readonly chunks: SharedChunks; readonly reader: ChunkReader }[];

  constructor({ regions, controls }: SharedJob, protocols: Protocols) {
    this.parts = regions.map((region, index) => ({
      chunks: new SharedChunks(region.byteCount, chunkBytes, controls[index] as SharedArrayBuffer),
      reader: { ...regionReader(region, protocols), boundaryFrom: boundaries(region) },
    }));
  }

  begin(): void {
    for (const { chunks } of this.parts) chunks.begin();
  }

  /** Takes chunks of one region after the other until none is left. */
  work(): void {
    for (const { chunks, reader } of this.parts) chunks.work(reader);
  }

  /** Waits until all threads have, and proves what they took; returns the sum of every field. */
  settle(threads: number): number {
    let sum = 0;
    for (const { chunks, reader } of this.parts) {
      chunks.waitFor(threads);
      sum = (sum + chunks.settle(reader)) | 0;
    }
    return sum >>> 0;
  }
}

/** Of ITCH boundaries are guessed; packets of MDP say where their messages are, so those are known beforehand. */
function boundaries({ protocol, bytes, byteCount }: Region): ChunkReader['boundaryFrom'] {
  const view = new DataView(bytes, 0, byteCount);
  if (protocol === 'itch50') {
    const counter = itch50.createBlockCounter();
    return (from, end) => counter.boundaryFrom(view, from, end);
  }
  const starts: number[] = [];
  for (let at = 0; at < byteCount; at += view.getUint16(at, true)) {
    if (at >= starts.length * chunkBytes) starts[Math.floor(at / chunkBytes)] = at;
  }
  return (from) => starts[Math.floor(from / chunkBytes)] ?? -1;
}
