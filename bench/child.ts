/** The process that measures one case: builds the input, warms up, then answers each `run` with one timed run. */
import { performance } from 'node:perf_hooks';
import { benchCases } from './cases.js';
import { buildInput, type Input } from './corpus.js';

/** What the child says: once when it is ready, then once a run. */
export type ChildMessage =
  | { readonly kind: 'ready'; readonly input: Omit<Input, 'bytes'>; readonly bytes: number }
  | { readonly kind: 'run'; readonly ns: number; readonly checksum: number };

const warmUpRuns = 3;
const [caseName, messages] = process.argv.slice(2);
const benchCase = benchCases.find(({ name }) => name === caseName);
if (benchCase === undefined) throw new Error(`no case "${caseName}"`);

const { bytes, ...input } = buildInput(benchCase.input, Math.min(Number(messages), benchCase.messages));
const run = await benchCase.prepare({ ...input, bytes });
for (let warmUp = 0; warmUp < warmUpRuns; warmUp++) await run();

process.on('message', async () => {
  const start = performance.now();
  const answer = run();
  // Awaiting what is no promise would give the event loop a turn within the time.
  const checksum = typeof answer === 'number' ? answer : await answer;
  const ns = (performance.now() - start) * 1e6;
  send({ kind: 'run', ns, checksum });
});
process.on('disconnect', () => process.exit(0));
send({ kind: 'ready', input, bytes: bytes.length });

function send(message: ChildMessage): void {
  process.send?.(message);
}
