import { MessageChannel, Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { MonotonicClock } from '../../src/core/clock.js';
import { createRing, RingWriter } from '../../src/core/ring.js';
import { openRingTarget } from '../../src/run/ring-target.js';
import { inputOf, makeFlow } from './support.js';

const payload = new DataView(new ArrayBuffer(60_000));
const more = 600;

/** A worker's script: says that it is ready, and does this once something is sent: before, opening would fail of it. */
function script(body: string): URL {
  const text = `import { parentPort, workerData } from 'node:worker_threads'; parentPort.postMessage('ready');
    await new Promise((resolve) => workerData.flows.once('message', resolve)); ${body}`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

test.each([
  ['throws', "throw new Error('a broken handler');", /^a broken handler$/],
  ['exits without a word', 'process.exit(7);', /ended early, with code 7$/],
])('a worker that %s: sends throw once that is known, and closing says why', async (_name, body, reason) => {
  const target = await openRingTarget(inputOf('-'), new MonotonicClock(), script(body));
  const sendUntilRefused = async () => {
    for (;;) {
      target.sink.send(payload, 0, 20, 0, makeFlow());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await expect(sendUntilRefused()).rejects.toThrow(reason);
  await expect(target.sink.close?.()).rejects.toThrow(reason);
});

test('a worker that dies before it is ready', async () => {
  const dead = new URL('data:text/javascript,process.exit(3)');
  await expect(openRingTarget(inputOf('-'), new MonotonicClock(), dead)).rejects.toThrow(/ended early, with code 3/);
});

test('the worker closes its ring when it fails, so that a writer who cannot see its error stops waiting', async () => {
  const memory = createRing(1 << 20);
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('../../dist/run/ring-worker.js', import.meta.url), {
    workerData: { memory, base: new MonotonicClock().base, input: inputOf('-'), flows: port2 },
    transferList: [port2],
  });
  const failed = new Promise((resolve) => worker.once('error', resolve));
  await new Promise((resolve) => worker.once('message', resolve));
  const writer = new RingWriter(memory, { full: 'wait', longestWaitMs: 5000 });
  // Of a flow that was never announced; no turn for the event loop until the ring refuses.
  let taken = 0;
  while (taken < more && writer.write(payload, 0, payload.byteLength, 0, 0, 0)) taken++;
  expect(taken).toBeLessThan(more);
  expect(await failed).toMatchObject({ message: expect.stringContaining('never announced') });
  port1.close();
});
